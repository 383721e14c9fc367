"""The findings of the quality report: how many candles have an irregularity, where, how bad.

Nothing here changes a price. ``lines`` is everywhere ``(n,)``: the line of each candle in its file,
or ``None`` where the candles are not from a file.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cryptoforecast.prices.candles import level_shifts, ticks
from cryptoforecast.prices.candles.resample import nanoseconds, step_of
from cryptoforecast.types import Array, Problem

#: Level shifts that the report describes one by one.
MAX_LISTED_SHIFTS = 3
#: Candles at one price in a row that make a flat stretch, at least.
MIN_FLAT_CANDLES = 24
# The same candle under another label is at most 48 hours away, in ns.
_HOUR = 3_600_000_000_000
_MAX_DISTANCE = 48 * _HOUR
# Among so many candles one equals another by chance.
_ROWS_PER_CHANCE = 10_000

_PRICES = ["open", "high", "low", "close"]


def gaps(
    candles: pd.DataFrame, interval: str, on_grid: Array, lines: Array | None
) -> list[Problem]:
    """Describe the candles that are missing between the first and the last one.

    Args:
        candles: Canonical frame.
        interval: Its interval.
        on_grid: ``(n,)`` bool, candles that open at the usual minute. Others fill no gap.
        lines: See the module.
    """
    rows = np.flatnonzero(on_grid)
    times = candles.index.asi8[rows]
    absent = np.diff(times) // nanoseconds(step_of(interval)) - 1
    blocks = np.flatnonzero(absent > 0)
    if not len(blocks):
        return []
    longest = int(np.argmax(absent))
    detail = (
        f"{len(blocks)} block{'s' * (len(blocks) > 1)}, the longest of {absent[longest]} after "
        f"{_time(candles, int(rows[longest]))}"
    )
    line = _line(lines, rows[blocks + 1])
    return [Problem("missing", int(absent.sum()), line, "none", detail)]


def problem_of(kind: str, mask: Array, candles: pd.DataFrame, lines: Array | None) -> Problem:
    """Describe the candles that a mask marks; the count may be 0."""
    rows = np.flatnonzero(mask)
    detail = f"the earliest at {_time(candles, int(rows[0]))}" if len(rows) else ""
    return Problem(kind, len(rows), _line(lines, rows), "none", detail)


def stale(candles: pd.DataFrame, tail: int, lines: Array | None) -> list[Problem]:
    """Describe a constant end, other stretches of one price, and candles without volume.

    Args:
        candles: Canonical frame.
        tail: Candles at the end that repeat one price without volume.
        lines: See the module.
    """
    size = len(candles)
    problems = []
    if tail:
        share = f"{tail / size:.0%} of all, from {_time(candles, size - tail)}"
        line = _line(lines, np.arange(size - tail, size))
        problems.append(Problem("flat_tail", tail, line, "none", share))
    prices = candles[_PRICES].to_numpy()
    if size:
        same = np.r_[False, (prices[1:] == prices[:-1, [3]]).all(axis=1)]
        same[size - tail :] = False
        starts, lengths = runs(same)
        long = lengths >= MIN_FLAT_CANDLES
        if long.any():
            longest = int(np.argmax(lengths))
            detail = (
                f"{long.sum()} stretches of at least {MIN_FLAT_CANDLES} candles at one price, the "
                f"longest of {lengths[longest]} from {_time(candles, int(starts[longest]))}"
            )
            line = _line(lines, starts[long])
            problems.append(Problem("flat", int(lengths[long].sum()), line, "none", detail))
    idle = np.flatnonzero(candles["volume"].to_numpy() == 0)
    if len(idle):
        share = f"{len(idle) / size:.1%} of all"
        problems.append(Problem("zero_volume", len(idle), _line(lines, idle), "none", share))
    return problems


def find_copies(values: Mapping[str, Array], times: Array) -> tuple[Array, Array]:
    """Find candles that occur a second time, equal to the last digit, some hours later.

    Only candles with volume or with four different prices count, because others may be equal by
    chance. Only pairs with the most frequent distance in time count.

    Args:
        values: ``(n,)`` each of ``open high low close volume``.
        times: ``(n,)`` ns, rising.

    Returns:
        Rows of the first and of the second occurrences, both rising.
    """
    nothing = np.zeros(0, dtype=int)
    open_, high, low, close = (values[name] for name in _PRICES)
    rows = np.flatnonzero(high > low)
    columns = [column[rows] for column in (open_, high, low, close, values["volume"])]
    four = (columns[0] != columns[3]) & (columns[0] < columns[1]) & (columns[3] < columns[1])
    four &= (columns[0] > columns[2]) & (columns[3] > columns[2])
    distinctive = four | (columns[4] > 0)
    rows, columns = rows[distinctive], [column[distinctive] for column in columns]
    keys = np.zeros(len(rows), dtype=np.uint64)
    for column in columns:
        keys = (keys ^ column.view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(29)
    order = np.argsort(keys, kind="stable")
    apart = np.diff(times[rows][order])
    again = (np.diff(keys[order]) == 0) & (apart <= _MAX_DISTANCE) & (apart >= _HOUR)
    if not again.any():
        return nothing, nothing
    lengths, counts = np.unique(apart[again], return_counts=True)
    if counts.max() * _ROWS_PER_CHANCE < len(times):
        return nothing, nothing
    again &= apart == lengths[np.argmax(counts)]
    return np.sort(rows[order][:-1][again]), np.sort(rows[order][1:][again])


def two_labels(candles: pd.DataFrame, lines: Array | None) -> list[Problem]:
    """Describe candles that occur again under another time within two days."""
    values = {name: candles[name].to_numpy() for name in candles.columns}
    earlier, later = find_copies(values, candles.index.asi8)
    if not len(later):
        return []
    hours = (candles.index.asi8[later[0]] - candles.index.asi8[earlier[0]]) / _HOUR
    detail = (
        f"the same candle again {hours:g} hours later, the earliest at {_time(candles, later[0])}"
    )
    return [Problem("two_labels", len(later), _line(lines, later), "none", detail)]


def joins(candles: pd.DataFrame, splices: Array | None, lines: Array | None) -> list[Problem]:
    """Describe the rows where another source begins, and the largest change of price there.

    Args:
        candles: Canonical frame.
        splices: ``(n,)`` bool, candles that are the first of another source, where known.
        lines: See the module.
    """
    if splices is None or not splices.any():
        return []
    rows = np.flatnonzero(splices)
    times = candles.index.asi8
    # Across a gap the price changes for other reasons.
    near = rows[times[rows] - times[rows - 1] <= np.median(np.diff(times))]
    detail = "another source begins"
    if len(near):
        close = candles["close"].to_numpy()
        step = np.abs(close[near] / close[near - 1] - 1)
        worst = int(np.argmax(step))
        when = _time(candles, int(near[worst]))
        detail += f"; the largest step between closes is {step[worst]:.1%} at {when}"
    return [Problem("splices", len(rows), _line(lines, rows), "none", detail)]


def unit_changes(candles: pd.DataFrame, lines: Array | None) -> list[Problem]:
    """Describe where the unit of the prices changes, as when a coin is redenominated."""
    shifts = level_shifts.find(candles)
    if not shifts:
        return []
    ratios = "; ".join(
        f"from {_time(candles, shift.first)} on prices are {level_shifts.ratio_text(shift.ratio)}"
        for shift in shifts[:MAX_LISTED_SHIFTS]
    )
    more = f"; and {len(shifts) - MAX_LISTED_SHIFTS:,} more" * (len(shifts) > MAX_LISTED_SHIFTS)
    line = _line(lines, np.array([shift.first for shift in shifts]))
    return [Problem("level_shift", len(shifts), line, "none", ratios + more)]


def coarse_tick(candles: pd.DataFrame) -> list[Problem]:
    """Describe a market in which the smallest step of the price is a large part of it."""
    tick = ticks.coarse_tick(candles)
    if tick is None:
        return []
    return [Problem("coarse_tick", len(candles), None, "none", ticks.tick_text(tick))]


def runs(mask: Array) -> tuple[Array, Array]:
    """Return the starts and lengths of the runs of true values.

    Args:
        mask: ``(n,)`` bool.

    Returns:
        ``(runs,)`` each; a single run of length 0 at row 0 if no value is true.
    """
    edges = np.diff(np.r_[0, mask.astype(np.int8), 0])
    starts = np.flatnonzero(edges == 1)
    lengths = np.flatnonzero(edges == -1) - starts
    return (starts, lengths) if len(starts) else (np.zeros(1, int), np.zeros(1, int))


def _time(candles: pd.DataFrame, row: int) -> str:
    """Write the open of a candle down."""
    return f"{candles.index[row]:%Y-%m-%d %H:%M}"


def _line(lines: Array | None, rows: Array) -> int | None:
    """Return the smallest line of the rows; ``None`` where lines are unknown."""
    return int(lines[rows].min()) if lines is not None and len(rows) else None
