"""Long files of plain, orderly numbers made into longer candles without holding their rows.

Each block is merged by itself and the results are joined, so memory does not grow with the
file. Anything out of the ordinary (an odd number, a time out of order, twice or off the grid)
gives up; the file is then read whole, where such things are dealt with. Imports ``types`` and
its neighbours.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import numpy as np
import pandas as pd

from cryptoforecast.prices.candles.quality import outside
from cryptoforecast.prices.candles.resample import Merged, merge, nanoseconds, step_of
from cryptoforecast.prices.files.candles import MAX_VIOLATIONS
from cryptoforecast.prices.files.columns.roles import is_closing, is_foreign, is_yahoo, volume_unit
from cryptoforecast.prices.files.copies import commonest_spacing
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.merging import partial_candles, settle_interval
from cryptoforecast.prices.files.opening import MAX_ROWS, too_large
from cryptoforecast.prices.files.readers import blocks
from cryptoforecast.prices.files.readers.blocks import NotPlain
from cryptoforecast.prices.files.readers.layout import HEAD_BYTES, Layout, find_layout
from cryptoforecast.prices.files.table import PRICES, Reading
from cryptoforecast.prices.files.values.times import describe_texts, read_epochs
from cryptoforecast.prices.files.values.zones import FIRST, LAST, zone_of_column
from cryptoforecast.types import Array, Problem

if TYPE_CHECKING:
    import pyarrow as pa


def read_and_merge(
    fresh: Callable[[], IO[bytes]], corrections: Corrections, interval: str
) -> Reading | None:
    """Read a long file of plain candles into longer ones.

    Args:
        fresh: opens the unpacked file at its start.
        corrections: what the person says.
        interval: candles to make.

    Returns:
        What ``interpret`` would return for it; ``None`` if the file is short, or needs more care.

    Raises:
        UnreadableFile: if it is damaged, too large or no table of prices.
        InvalidInput: if ``interval`` is no multiple of the file's.
    """
    if len(fresh().read(blocks.BLOCK_BYTES + 1)) <= blocks.BLOCK_BYTES:
        return None
    found = find_layout(fresh().read(HEAD_BYTES), corrections)
    if corrections.zone or corrections.label or corrections.decimal == "," or not _usual(found):
        return None
    folder = _Folder(found, interval)
    parts: list[_Part] = []
    size = 0
    try:
        for part in blocks.map_blocks(fresh(), found, folder, dates=True):
            parts.append(part)
            size += part.size
            if size > MAX_ROWS:
                raise too_large()
        return _joined(parts, folder)
    except NotPlain:
        return None


def _usual(found: Layout) -> bool:
    """Whether the columns are those of candles labelled by their opening time."""
    special = {"clock", "source"} & found.roles.keys()
    unusual = is_foreign(found.names) or is_closing(found.roles)
    unusual |= bool(zone_of_column(found.roles["time"], None).doubt)
    return set(PRICES) <= found.roles.keys() and not special and not unusual


@dataclass(frozen=True, eq=False)
class _Part:
    """What remains of one block.

    Attributes:
        size: its rows.
        ends: times of its first and last row in the file's order, ns.
        how: how times were understood.
        regular: distances between neighbours that equal the file's spacing.
        merged: its candles; ``first`` counts rows of the block, in the file's order.
        lost: rows without a price.
        odd: rows whose volume can't be.
        violations: rows whose open or close lies outside high/low.
        symbols: what the coin is called.
        blanks: rows without a value in the last column.
    """

    size: int
    ends: tuple[int, int]
    how: str
    regular: int
    merged: Merged
    lost: Array
    odd: Array
    violations: int
    symbols: frozenset[str]
    blanks: Array


class _Folder:
    """Merges the rows of a block; the first block settles the spacing for all."""

    def __init__(self, found: Layout, interval: str) -> None:
        self.found = found
        self.interval = interval
        self.grid = pd.Timedelta(0)
        self.rising = True
        self.amount = found.roles.get("volume", found.roles.get("turnover"))

    def __call__(self, block: pa.Table) -> _Part:
        stamps, how = _times(block.column(self.found.roles["time"]))
        if not self.grid:
            self._settle(stamps)
        steps = np.diff(stamps) if self.rising else -np.diff(stamps)
        if not (steps > 0).all():
            raise NotPlain("times that come twice or change direction")
        grid = nanoseconds(self.grid)
        if (stamps % grid).any():
            raise NotPlain("times off the grid")
        values, complete = self._prices(block)
        values["volume"], odd = self._volume(block)
        order = np.flatnonzero(complete)[:: 1 if self.rising else -1]
        opens = stamps
        if not (self.rising and complete.all()):
            opens = stamps[order]
            values = {name: column[order] for name, column in values.items()}
        merged = merge(opens, values, step_of(self.interval))
        return _Part(
            size=len(stamps),
            ends=(int(stamps[0]), int(stamps[-1])),
            how=how,
            regular=int(np.count_nonzero(steps == grid)),
            merged=dataclasses.replace(merged, first=order[merged.first]),
            lost=np.flatnonzero(~complete),
            odd=np.flatnonzero(odd),
            violations=int(np.count_nonzero(outside(values))),
            symbols=self._symbols(block),
            blanks=np.flatnonzero(block.column(self.found.names[-1]).is_null().to_numpy()),
        )

    def _settle(self, stamps: Array) -> None:
        """Find direction and spacing; a wrong interval is refused before the rest is read."""
        if len(stamps) < 2 or stamps[0] == stamps[-1]:
            raise NotPlain("a first block without an order")
        self.rising = bool(stamps[-1] > stamps[0])
        grid = commonest_spacing(stamps)
        settle_interval(grid, self.interval)
        self.grid = grid

    def _prices(self, block: pa.Table) -> tuple[dict[str, Array], Array]:
        """Return the prices by role, and which rows have all four."""
        values = {name: block.column(self.found.roles[name]).to_numpy() for name in PRICES}
        complete = ~np.logical_or.reduce([np.isnan(column) for column in values.values()])
        for column in values.values():
            if (column <= 0).any() or np.isinf(column).any():
                raise NotPlain("prices that can't be")
        return values, complete

    def _volume(self, block: pa.Table) -> tuple[Array, Array]:
        """Return the volume, NaN where unknown, and which values can't be one."""
        if self.amount is None:
            return np.full(block.num_rows, np.nan), np.zeros(block.num_rows, dtype=bool)
        volume = block.column(self.amount).to_numpy()
        odd = (volume < 0) | np.isinf(volume)
        return (np.where(odd, np.nan, volume) if odd.any() else volume), odd

    def _symbols(self, block: pa.Table) -> frozenset[str]:
        if "symbol" not in self.found.roles:
            return frozenset()
        names = block.column(self.found.roles["symbol"]).unique().to_pylist()
        return frozenset(name for name in names if name is not None)


def _times(column: pa.ChunkedArray) -> tuple[Array, str]:
    """Read a block's times, ``(n,)`` ns; every row must have one."""
    import pyarrow as pa

    if pa.types.is_timestamp(column.type):
        stamps, how = column.cast(pa.int64()), describe_texts("ISO 8601", Corrections())
        values = stamps.to_numpy()
    elif pa.types.is_string(column.type):
        raise NotPlain("times in words")
    else:
        times = read_epochs(pd.Series(column.to_numpy(), copy=False))
        values, how = times.index.asi8, times.how
    if column.null_count or ((values < FIRST.value) | (values >= LAST.value)).any():
        raise NotPlain("times that are absent or can't be")
    return values, how


def _joined(parts: Sequence[_Part], folder: _Folder) -> Reading:
    """Join the blocks' candles; those that a border cut in two become one."""
    found, size = folder.found, sum(part.size for part in parts)
    _check(parts, size, rising=folder.rising)
    placed = list(zip(parts, _lines(parts, found.skip + 1), strict=True))
    lost, odd = (
        np.concatenate([getattr(part, rows) + line for part, line in placed])
        for rows in ("lost", "odd")
    )
    ordered = placed if folder.rising else placed[::-1]
    opens = np.concatenate([part.merged.opens for part, _ in ordered])
    values = {
        name: np.concatenate([part.merged.values[name] for part, _ in ordered])
        for name in parts[0].merged.values
    }
    merged = merge(opens, values, step_of(folder.interval))
    rows = np.concatenate([part.merged.rows for part, _ in ordered])
    lines = np.concatenate([part.merged.first + line for part, line in ordered])[merged.first]
    whole = dataclasses.replace(merged, rows=np.add.reduceat(rows, merged.first))
    end = max(*parts[0].ends, *parts[-1].ends) + nanoseconds(folder.grid)
    whole = whole.until(end)
    lines = lines[: len(whole.opens)]
    if len(whole.opens) < 2:
        raise NotPlain("hardly a candle")
    problems = [
        *(Problem("without a price", len(lost), int(lost[0]), "left out") for _ in lost[:1]),
        *(Problem("volume", len(odd), int(odd[0]), "taken as unknown") for _ in odd[:1]),
        *partial_candles(whole, folder.grid, lines),
    ]
    symbols = [symbol for part in parts for symbol in part.symbols]
    _, settled = settle_interval(folder.grid, folder.interval)
    shown = {role: found.roles[role] for role in ("time", *PRICES)}
    if folder.amount:
        shown["volume" if "volume" in found.roles else "turnover"] = folder.amount
    columns = {"columns": ", ".join(f"{role}={name}" for role, name in shown.items())}
    order = {} if folder.rising else {"order": "newest first, turned round"}
    return Reading(
        candles=whole.candles(),
        interval=folder.interval,
        lines=lines,
        duplicates=0,
        simulated=False,
        volume_unit=volume_unit(found.roles, is_yahoo(found.names)),
        symbol=symbols[0] if symbols else "",
        splices=None,
        decisions={**found.decisions, **columns, "time": parts[0].how, **order, **settled},
        problems=tuple(problems),
    )


def _check(parts: Sequence[_Part], size: int, *, rising: bool) -> None:
    """Give up on what only the whole file shows.

    Raises:
        NotPlain: if blocks are out of order or do not agree, or too much is odd.
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


def _lines(parts: Sequence[_Part], first: int) -> list[int]:
    """Line of each block's first row."""
    return [first + int(size) for size in np.cumsum([0, *(part.size for part in parts[:-1])])]
