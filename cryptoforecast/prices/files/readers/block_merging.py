"""Blocks of regular candles merged into longer ones, each by itself, and joined at the end.

Where anything is irregular (a number, or a time that is out of order, repeated or off the grid),
this way gives up. The whole file is then read by the careful way, ``candles``.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cryptoforecast.prices.candles.quality import outside
from cryptoforecast.prices.candles.resample import LongerCandles, merge, nanoseconds, step_of
from cryptoforecast.prices.files.candles import MAX_VIOLATIONS
from cryptoforecast.prices.files.columns.quote import find_quote
from cryptoforecast.prices.files.columns.roles import is_closing, is_foreign, is_yahoo, volume_unit
from cryptoforecast.prices.files.columns.symbols import may_be_mixed
from cryptoforecast.prices.files.copies import commonest_spacing
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.lengths import find_lengths
from cryptoforecast.prices.files.merging import partial_candles, settle_interval
from cryptoforecast.prices.files.readers.blocks import NotPlain
from cryptoforecast.prices.files.readers.layout import Layout
from cryptoforecast.prices.files.table import PRICES, Reading, Table
from cryptoforecast.prices.files.values.times import (
    describe_datetimes,
    describe_texts,
    read_epochs,
)
from cryptoforecast.prices.files.values.zone_changes import is_change
from cryptoforecast.prices.files.values.zones import FIRST, LAST, zone_of_column
from cryptoforecast.types import Array, Problem

if TYPE_CHECKING:
    import pyarrow as pa


def is_usual(layout: Layout, corrections: Corrections) -> bool:
    """Tell whether the columns are those of candles labelled by their opening time, in UTC.

    Args:
        layout: The columns and their roles.
        corrections: What the user says about the file.
    """
    settings = corrections.zone or corrections.label or corrections.only
    if settings or corrections.decimal == ",":
        return False
    usual = {"time", *PRICES, "volume", "turnover", "symbol"}
    special = layout.roles.keys() - usual
    unusual = is_foreign(layout.names) or is_closing(layout.roles, layout.names)
    unusual |= bool(zone_of_column(layout.roles["time"], None).doubt)
    unusual |= bool(layout.symbol)
    return set(PRICES) <= layout.roles.keys() and not special and not unusual


@dataclass(frozen=True, eq=False)
class Part:
    """What is left of one block after it was merged.

    Attributes:
        size: Number of its rows.
        ends: Times of its first and last row in the file's order, ns.
        how: How the times are written.
        regular: Number of distances between neighbours that equal the file's spacing.
        candles: Its candles; ``first`` counts the block's rows, in the file's order.
        unpriced: `(k,)` rows without a price.
        odd: `(k,)` rows whose volume is negative or infinite.
        violations: Number of rows whose open or close is outside high/low.
        symbols: Symbols of the coin in the block.
        blanks: `(k,)` rows without a value in the last column.
    """

    size: int
    ends: tuple[int, int]
    how: str
    regular: int
    candles: LongerCandles
    unpriced: Array
    odd: Array
    violations: int
    symbols: frozenset[str]
    blanks: Array


class Merger:
    """Merges the rows of a block; the first block settles the spacing and order for all.

    Args:
        layout: The columns and their roles.
        interval: Length of the candles to make.
        in_text: Whether the file has text, out of which the timestamps were parsed.
    """

    def __init__(self, layout: Layout, interval: str, *, in_text: bool = True) -> None:
        self.layout = layout
        self.interval = interval
        self._in_text = in_text
        self.spacing = pd.Timedelta(0)
        self.rising = True
        self.amount = layout.roles.get("volume", layout.roles.get("turnover"))

    def __call__(self, block: pa.Table) -> Part:
        """Merge one block.

        Raises:
            NotPlain: If the rows are irregular.
            InvalidInput: If the interval is no multiple of the spacing.
            UnreadableFile: If no interval is a multiple of the spacing.
        """
        stamps, how, local = _stamps(block.column(self.layout.roles["time"]), in_text=self._in_text)
        if not self.spacing:
            self._settle(stamps)
        rising = stamps if self.rising else stamps[::-1]
        steps = np.diff(rising)
        if not (steps > 0).all():
            raise NotPlain("times that come twice or change direction")
        length = nanoseconds(self.spacing)
        regular = steps == length
        if not regular.all():
            self._check_gaps(rising, regular, local=local)
        if (stamps % length).any():
            raise NotPlain("times off the grid")
        values, complete = self._prices(block)
        values["volume"], odd = self._volume(block)
        order = np.flatnonzero(complete)[:: 1 if self.rising else -1]
        opens = stamps
        if not (self.rising and complete.all()):
            opens = stamps[order]
            values = {name: column[order] for name, column in values.items()}
        longer = merge(opens, values, step_of(self.interval))
        return Part(
            size=len(stamps),
            ends=(int(stamps[0]), int(stamps[-1])),
            how=how,
            regular=int(np.count_nonzero(regular)),
            candles=dataclasses.replace(longer, first=order[longer.first]),
            unpriced=np.flatnonzero(~complete),
            odd=np.flatnonzero(odd),
            violations=int(np.count_nonzero(outside(values))),
            symbols=self._symbols(block),
            blanks=np.flatnonzero(block.column(self.layout.names[-1]).is_null().to_numpy()),
        )

    def _settle(self, stamps: Array) -> None:
        """Find order and spacing; a wrong interval is refused before more is read."""
        if len(stamps) < 2 or stamps[0] == stamps[-1]:
            raise NotPlain("a first block without an order")
        self.rising = bool(stamps[-1] > stamps[0])
        spacing = commonest_spacing(stamps)
        settle_interval(spacing, self.interval)
        self.spacing = spacing

    def _check_gaps(self, times: Array, regular: Array, *, local: bool) -> None:
        """Give up where gaps may have another reason than missing candles."""
        gaps = np.flatnonzero(~regular)
        if local and is_change(times[gaps], times[gaps + 1], self.spacing):
            raise NotPlain("times that look local")
        if find_lengths(times, self.spacing):
            raise NotPlain("candles of two lengths")

    def _prices(self, block: pa.Table) -> tuple[dict[str, Array], Array]:
        """Return the prices by role, and which rows have all four, `(n,)` bool."""
        values = {name: block.column(self.layout.roles[name]).to_numpy() for name in PRICES}
        complete = ~np.logical_or.reduce([np.isnan(column) for column in values.values()])
        for column in values.values():
            if (column <= 0).any() or np.isinf(column).any():
                raise NotPlain("prices that can't be")
        if self.layout.others and may_be_mixed(values["close"]):
            raise NotPlain("prices that may be of two series")
        return values, complete

    def _volume(self, block: pa.Table) -> tuple[Array, Array]:
        """Return the volume, NaN where unknown, and where it is negative or infinite."""
        if self.amount is None:
            return np.full(block.num_rows, np.nan), np.zeros(block.num_rows, dtype=bool)
        volume = block.column(self.amount).to_numpy()
        odd = (volume < 0) | np.isinf(volume)
        return (np.where(odd, np.nan, volume) if odd.any() else volume), odd

    def _symbols(self, block: pa.Table) -> frozenset[str]:
        """Return the symbol of the block, if it has one.

        Raises:
            NotPlain: If it has several.
        """
        if "symbol" not in self.layout.roles:
            return frozenset()
        names = block.column(self.layout.roles["symbol"]).unique().drop_null()
        if len(names) > 1:
            raise NotPlain("several symbols")
        return frozenset(names.to_pylist())


def _stamps(column: pa.ChunkedArray, *, in_text: bool) -> tuple[Array, str, bool]:
    """Read a block's times; every row must have one.

    Args:
        column: Timestamps in ns, or numbers.
        in_text: Whether timestamps were text in the file.

    Returns:
        `(n,)` ns; how they are written; and whether they have no zone.

    Raises:
        NotPlain: If a row has no time, or one that can't be.
    """
    import pyarrow as pa

    local = False
    if pa.types.is_timestamp(column.type):
        local = column.type.tz is None
        how = (
            describe_texts("ISO 8601", Corrections())
            if in_text
            else describe_datetimes(local=local)
        )
        stamps = column.cast(pa.int64())
        values = stamps.to_numpy()
    elif pa.types.is_string(column.type):
        raise NotPlain("times in words")
    else:
        times = read_epochs(pd.Series(column.to_numpy(), copy=False))
        values, how, local = times.index.asi8, times.how, times.local
    if column.null_count or ((values < FIRST.value) | (values >= LAST.value)).any():
        raise NotPlain("times that are absent or can't be")
    return values, how, local


def join_parts(parts: Sequence[Part], merger: Merger, corrections: Corrections) -> Reading:
    """Join the blocks' candles; a candle in two blocks becomes one again.

    Args:
        parts: What is left of the blocks, in the file's order.
        merger: Has merged them.
        corrections: What the user says about the file.

    Raises:
        NotPlain: If the blocks together are irregular.
    """
    layout, size = merger.layout, sum(part.size for part in parts)
    _check(parts, size, rising=merger.rising)
    lined = list(zip(parts, _lines(parts, layout.skip + 1), strict=True))
    unpriced, odd = (
        np.concatenate([getattr(part, rows) + line for part, line in lined])
        for rows in ("unpriced", "odd")
    )
    by_time = lined if merger.rising else lined[::-1]
    opens = np.concatenate([part.candles.opens for part, _ in by_time])
    values = {
        name: np.concatenate([part.candles.values[name] for part, _ in by_time])
        for name in parts[0].candles.values
    }
    joined_candles = merge(opens, values, step_of(merger.interval))
    rows = np.concatenate([part.candles.rows for part, _ in by_time])
    lines = np.concatenate([part.candles.first + line for part, line in by_time])[
        joined_candles.first
    ]
    candles = dataclasses.replace(joined_candles, rows=np.add.reduceat(rows, joined_candles.first))
    end = max(*parts[0].ends, *parts[-1].ends) + nanoseconds(merger.spacing)
    candles = candles.until(end)
    lines = lines[: len(candles.opens)]
    if len(candles.opens) < 2:
        raise NotPlain("hardly a candle")
    problems = [
        *(
            Problem("without a price", len(unpriced), int(unpriced[0]), "left out")
            for _ in unpriced[:1]
        ),
        *(Problem("volume", len(odd), int(odd[0]), "taken as unknown") for _ in odd[:1]),
        *partial_candles(candles, merger.spacing, lines),
    ]
    symbols = [symbol for part in parts for symbol in part.symbols]
    _, settled = settle_interval(merger.spacing, merger.interval)
    columns_of = {role: layout.roles[role] for role in ("time", *PRICES)}
    if merger.amount:
        columns_of["volume" if "volume" in layout.roles else "turnover"] = merger.amount
    columns = {"columns": ", ".join(f"{role}={name}" for role, name in columns_of.items())}
    symbol = symbols[0] if symbols else ""
    quote, evidence = find_quote(_without_rows(layout), symbol, corrections)
    if quote:
        columns["currency"] = f"{quote} ({evidence})"
    order = {} if merger.rising else {"order": "newest first, turned round"}
    return Reading(
        candles=candles.candles(),
        interval=merger.interval,
        lines=lines,
        duplicates=0,
        simulated=False,
        volume_unit=volume_unit(layout.roles, is_yahoo(layout.names)),
        symbol=symbol,
        splices=None,
        decisions={**layout.decisions, **columns, "time": parts[0].how, **order, **settled},
        problems=tuple(problems),
        quote=quote,
    )


def _without_rows(layout: Layout) -> Table:
    """Return a table with the layout's columns and no rows."""
    frame = pd.DataFrame(columns=list(dict.fromkeys(layout.roles.values())), dtype=float)
    return Table(frame, layout.roles, "line", layout.skip + 1)


def _check(parts: Sequence[Part], size: int, *, rising: bool) -> None:
    """Give up where the blocks together are irregular.

    Raises:
        NotPlain: If the blocks are out of order or differ in kind, or too much is odd.
    """
    borders = ((one.ends[1], other.ends[0]) for one, other in itertools.pairwise(parts))
    if any(before == after or (before < after) != rising for before, after in borders):
        raise NotPlain("times that come twice or change direction")
    if len({part.how for part in parts}) > 1:
        raise NotPlain("times of several kinds")
    if len(frozenset().union(*(part.symbols for part in parts))) > 1:
        raise NotPlain("several symbols")
    if sum(part.regular for part in parts) <= size / 2:
        raise NotPlain("no usual spacing")
    if sum(part.violations for part in parts) > MAX_VIOLATIONS * size / 2:
        raise NotPlain("prices outside high and low")
    blank = sum(len(part.blanks) for part in parts)
    if blank == 1 and parts[-1].size - 1 in parts[-1].blanks:
        raise NotPlain("a last line that is cut off")


def _lines(parts: Sequence[Part], first: int) -> list[int]:
    """Return the line of each block's first row."""
    return [first + int(size) for size in np.cumsum([0, *(part.size for part in parts[:-1])])]
