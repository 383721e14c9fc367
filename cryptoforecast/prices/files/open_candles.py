"""Candles that had not closed: a live price at a file's end, and what closes after now."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from cryptoforecast.errors import NotEnoughData, UnreadableFile
from cryptoforecast.prices.candles.quality import closed_only
from cryptoforecast.prices.candles.resample import nanoseconds, step_of
from cryptoforecast.prices.files.table import Reading, Table
from cryptoforecast.types import Array, Problem

# Rows at the end that show on which grid candles open, and the share of them that must be on it.
_LAST_ROWS = 50
_MIN_REGULAR = 0.6
# Rows after the last candle that may be live prices.
_MAX_LIVE = 10
# What a column says of a candle that had closed, and of one that had not.
_YES, _NO = {"true", "1", "yes", "t", "y"}, {"false", "0", "no", "f", "n"}
# By how much clocks change, in ns; after a change, candles that are longer may open off the grid.
_CLOCK_CHANGES = (1_800_000_000_000, 3_600_000_000_000)


def count_closed(stamps: Array, opens: Array, spacing: pd.Timedelta) -> int:
    """Count the candles before the live prices that sources add at the end.

    A live price has the time at which it was asked for, so that it is off the grid. The candle that
    was open then had not closed either.

    Args:
        stamps: `(n,)` ns, rising, the times as the file has them.
        opens: `(n,)` ns, rising, the opens of the candles.
        spacing: The candles' length.

    Returns:
        How many of the first rows are closed candles: all ``n`` where the last is no live price.
    """
    length, size = nanoseconds(spacing), len(opens)
    phases = opens[-_LAST_ROWS:] % length
    values, counts = np.unique(phases, return_counts=True)
    usual = int(values[np.argmax(counts)])
    if phases[-1] == usual or counts.max() < max(2, _MIN_REGULAR * len(phases)):
        return size
    count = size
    while count > max(size - _MAX_LIVE, 2) and _is_live(opens, count - 1, usual, length):
        count -= 1
    if count == size:
        return size
    request_time = stamps[count]
    while count > 2 and opens[count - 1] + length > request_time:
        count -= 1
    return count


def _is_live(opens: Array, row: int, usual: int, length: int) -> bool:
    """Tell whether a row is off the grid, by more than a change of the clock explains."""
    off = int((opens[row] - usual) % length)
    if length > max(_CLOCK_CHANGES) and min(off, length - off) in _CLOCK_CHANGES:
        return bool(opens[row] - opens[row - 1] < length - max(_CLOCK_CHANGES))
    return off != 0


def without_open(table: Table) -> tuple[Table, tuple[Problem, ...]]:
    """Leave out the rows whose candle had not closed, as a column says, and report them.

    A column that has other words than yes and no is not used.

    Raises:
        UnreadableFile: If the column says so of every row.
    """
    if "closed" not in table.roles:
        return table, ()
    flags = table.column("closed")
    words = flags.astype("str").str.strip().str.lower().str.removesuffix(".0")
    is_open = (words.isin(_NO) & flags.notna()).to_numpy()
    if not is_open.any() or not words[flags.notna()].isin(_NO | _YES).all():
        return table, ()
    name, first = table.roles["closed"], table.where(int(np.argmax(is_open)))
    if is_open[flags.notna().to_numpy()].all():
        raise UnreadableFile(
            f"Closed candles are needed. Received: column {name[:40]!r}, which says of every row "
            f"that its candle had not closed ({first} is the first). Use a file with closed "
            "candles, or remove the column if it means something else."
        )
    count, line = int(is_open.sum()), table.line(int(np.argmax(is_open)))
    problem = Problem("open", count, line, "left out", f"column {name[:40]!r} says so")
    return table.take(~is_open), (problem,)


def live_rows(stamps: Array, lines: Array) -> Problem:
    """Report rows that were left out because they are live prices, or were open then.

    Args:
        stamps: `(k,)` ns, rising, times of the rows.
        lines: `(k,)` their places in the file.
    """
    time = pd.Timestamp(int(stamps[-1]), tz="UTC")
    detail = f"a live price of {time:%Y-%m-%d %H:%M:%S}"
    if len(stamps) > 1:
        detail += ", and what was open then"
    return Problem("live_price", len(stamps), int(lines.min()), "left out", detail)


def closed_reading(
    reading: Reading, now: pd.Timestamp, source: str
) -> tuple[Reading, tuple[str, ...]]:
    """Leave out the candles that close after now, as the last row of a live source's answer does.

    Args:
        reading: Candles as they were read.
        now: UTC.
        source: What was read, ``"file"`` or ``"DataFrame"``, for the note.

    Returns:
        The closed candles, and a note for the user if there are fewer; the left-out candles are
        among the problems.

    Raises:
        NotEnoughData: If no candle has closed.
    """
    if reading.candles.index[-1] + step_of(reading.interval) <= now:
        return reading, ()  # without a copy of millions of candles
    whole = len(closed_only(reading.candles, reading.interval, now))
    count = len(reading.candles) - whole
    if not whole:
        raise NotEnoughData(
            f"Closed candles are needed. Received: {count} that close after {now:%Y-%m-%d %H:%M} "
            "UTC. Check the times and their zone, or use a longer history."
        )
    future = int((reading.candles.index > now).sum())
    rows = slice(whole)
    shorter = dataclasses.replace(
        reading,
        candles=reading.candles.iloc[rows],
        lines=reading.lines[rows],
        splices=None if reading.splices is None else reading.splices[rows],
        problems=(*reading.problems, *_not_closed(reading, whole, future)),
    )
    return shorter, (_note(count, future, now, source),)


def _note(count: int, future: int, now: pd.Timestamp, source: str) -> str:
    """Say how many candles were left out, and how many of them open after now."""
    text = f"The last {'candle was' if count == 1 else f'{count:,} candles were'} left out"
    if not future:
        return f"{text}, still open when the {source} was read."
    if future == count:
        text += f" because {'it opens' if count == 1 else 'they open'}"
    else:
        text += f": {future:,} of them open{'s' * (future == 1)}"
    text += f" after {now:%Y-%m-%d %H:%M} UTC, when the {source} was read"
    if rest := count - future:
        text += f", and {rest:,} {'was' if rest == 1 else 'were'} still open then"
    return f"{text}. Perhaps the times are of another zone: choose it."


def _not_closed(reading: Reading, whole: int, future: int) -> list[Problem]:
    """Report the candles that are open now, and those that open later."""
    size = len(reading.candles)
    problems = []
    if size - whole - future:
        line = int(reading.lines[whole : size - future].min())
        detail_of_open = f"opened at {reading.candles.index[whole]:%Y-%m-%d %H:%M}"
        problems.append(Problem("open", size - whole - future, line, "left out", detail_of_open))
    if future:
        line = int(reading.lines[size - future :].min())
        detail = (
            f"the last opens at {reading.candles.index[-1]:%Y-%m-%d %H:%M} UTC; "
            "perhaps the times are of another zone: choose it"
        )
        problems.append(Problem("future", future, line, "left out", detail))
    return problems
