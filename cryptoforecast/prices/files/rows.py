"""The rows of a table that are candles: in the order of time, each time once."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.candles.resample import nanoseconds
from cryptoforecast.prices.files.copies import rows_without_copies
from cryptoforecast.prices.files.lengths import Lengths
from cryptoforecast.prices.files.open_candles import count_closed, live_rows
from cryptoforecast.prices.files.table import Table
from cryptoforecast.types import Array, Problem

# Two closes of one time that differ by more than this (log) are of two coins.
_MAX_REVISION = 0.2


@dataclasses.dataclass(frozen=True, eq=False)
class Rows:
    """Rows that are candles of the file's own length.

    Attributes:
        stamps: `(n,)` ns, their times as the file has them.
        opens: `(n,)` ns, rising, the opens of the candles.
        rows: `(n,)` their rows in the table.
    """

    stamps: Array
    opens: Array
    rows: Array

    def take(self, which: Array | slice) -> Rows:
        """Take some of the rows, or put them in another order."""
        return Rows(self.stamps[which], self.opens[which], self.rows[which])


def without_repeats(
    own: Rows, values: dict[str, Array], table: Table
) -> tuple[Rows, tuple[Problem, ...]]:
    """Leave out all rows of one time but the last, and report them; the rows may be unordered.

    Raises:
        UnreadableFile: If rows of one time are of two coins, or are different candles.
    """
    if (np.diff(own.opens) > 0).all():
        return own, ()
    own = own.take(np.lexsort((own.rows, own.opens)))
    last_of_time, repeats = _last_of_each_time(own.opens, own.rows, values, table)
    return own.take(last_of_time), repeats


def without_copies(
    own: Rows, values: dict[str, Array], table: Table
) -> tuple[Rows, tuple[Problem, ...]]:
    """Leave out candles that are there again under a time off the grid, and report them."""
    columns = take_rows(values, own.rows)
    keep, copies = rows_without_copies(own.stamps, own.rows, columns, table)
    return (own.take(keep) if copies else own), copies


def end_of(own: Rows, all_stamps: Array, spacing: pd.Timedelta, lengths: Lengths | None) -> int:
    """Return until when the rows are complete, ns.

    Args:
        own: The candles.
        all_stamps: Times of all rows, ns. A row without a trade is no candle, but shows that time
            went on.
        spacing: The candles' length.
        lengths: The two lengths that they have, if they have two.
    """
    end = int(all_stamps.max()) - int(own.stamps[-1] - own.opens[-1]) + nanoseconds(spacing)
    return max(end, int(own.opens[-1]) + nanoseconds(lengths.last_length)) if lengths else end


def without_live_rows(
    own: Rows, spacing: pd.Timedelta, table: Table
) -> tuple[Rows, tuple[Problem, ...]]:
    """Leave out the live prices at the end and the candle that was open then, and report them."""
    count = count_closed(own.stamps, own.opens, spacing)
    if count == len(own.rows):
        return own, ()
    problem = live_rows(own.stamps[count:], table.lines(own.rows[count:]))
    return own.take(slice(count)), (problem,)


def rows_by_time(
    stamps: Array, usable: Array, values: dict[str, Array], decisions: dict[str, str]
) -> tuple[Array, Array]:
    """Put the usable rows in the order of time; those of one time keep the file's order.

    Trades of one time are turned round in a file that has the newest first.

    Args:
        stamps: `(m,)` ns, times of the usable rows in the file's order.
        usable: `(n,)` bool, the rows with a time and every price, `m` of them.
        values: `(n,)` each, prices and volume by role.
        decisions: Gains the order, where the newest row is first.

    Returns:
        `(m,)` ns, rising, and `(m,)` their rows in the table.

    Raises:
        UnreadableFile: If there are fewer than two different times.
    """
    rows = np.flatnonzero(usable)
    if len(stamps) < 2 or (stamps == stamps[0]).all():
        raise UnreadableFile(
            f"Prices need at least 2 candles. Received: {rows_text(len(stamps))} with a price."
        )
    if stamps[0] > stamps[-1]:
        decisions["order"] = "newest first, turned round"
        if "price" in values:
            stamps, rows = stamps[::-1], rows[::-1]
    order = np.argsort(stamps, kind="stable") if (np.diff(stamps) < 0).any() else slice(None)
    return stamps[order], rows[order]


def _last_of_each_time(
    stamps: Array, rows: Array, values: dict[str, Array], table: Table
) -> tuple[Array, tuple[Problem, ...]]:
    """Choose the last row of each time, and report the others.

    Args:
        stamps: `(n,)` ns, rising.
        rows: `(n,)` row of each in the table.
        values: Prices and volume by role, for all rows of the table.
        table: For the place of the rows in the file.

    Returns:
        `(n,)` bool, the rows to keep, and the problem to report.

    Raises:
        UnreadableFile: If most rows of one time have quite different prices, as two coins have.
    """
    last = np.r_[stamps[1:] != stamps[:-1], True]
    again = np.flatnonzero(~last)
    if not len(again):
        return last, ()
    one, other = rows[again], rows[again + 1]
    apart = np.abs(np.log(values["close"][other] / values["close"][one]))
    far = apart > _MAX_REVISION
    if far.mean() > 0.5 and len(again) > 2:
        first_far = int(again[np.argmax(far)])
        lines = sorted((int(rows[first_far]), int(rows[first_far + 1])))
        raise UnreadableFile(
            "A file must hold one coin. Received: the same time with quite different prices "
            f"({table.where(lines[0])} and {table.where(lines[1])}; {len(again)} times in all). "
            "Save one coin a file."
        )
    _check_repeats(len(stamps), one, other, values, table)
    different = [(column[one] != column[other]) & ~np.isnan(column[one] + column[other])
                 for column in values.values()]  # fmt: skip
    differing = int(np.logical_or.reduce(different).sum())
    first = table.line(int(min(rows[again].min(), rows[again + 1].min())))
    detail = f"{differing} of them with other values"
    return last, (Problem("duplicates", len(again), first, "the last of each was kept", detail),)


def _check_repeats(
    count: int, one: Array, other: Array, values: dict[str, Array], table: Table
) -> None:
    """Refuse rows that often share a time but are different candles, with opens of their own.

    Args:
        count: Number of rows.
        one: `(k,)` rows whose time is there again.
        other: `(k,)` the next row of the same time.
        values: Prices by role.
        table: For the place of the rows in the file.

    Raises:
        UnreadableFile: If a third of the rows or more would be lost.
    """
    apart = values["open"][other] != values["open"][one]
    if len(one) * 3 < count or apart.sum() * 2 <= len(one) or len(one) < 3:
        return
    first = int(np.argmax(apart))
    lines = sorted((int(one[first]), int(other[first])))
    raise UnreadableFile(
        "Each candle must have a time of its own. Received: the same time with another open price "
        f"({table.where(lines[0])} and {table.where(lines[1])}; {len(one):,} of {count:,} rows). "
        "The time of day is missing or was rounded, or there are several series in the file. Use "
        "a file with whole times and one series."
    )


def take_rows(values: dict[str, Array], rows: Array) -> dict[str, Array]:
    """Take rows of every column; all rows in order are not copied, to save the memory."""
    if len(rows) == len(values["close"]) and (rows[1:] > rows[:-1]).all():
        return values
    return {name: column[rows] for name, column in values.items()}


def rows_text(count: int) -> str:
    """Write a number of rows: "1 row", "1,204 rows"."""
    return f"{count:,} row{'' if count == 1 else 's'}"
