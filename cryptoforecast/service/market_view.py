"""What a chart of a market shows: which part of a history, its finding, and its indicators."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.learning.indicator_lines import DRAWABLE, lines, warmup
from cryptoforecast.prices.candles import level_shifts
from cryptoforecast.types import Array, Indicator, PriceHistory

__all__ = [
    "DRAWABLE",
    "MIN_CANDLES",
    "Finding",
    "Gap",
    "finding",
    "gaps",
    "indicators",
    "part",
    "ranges",
    "reaches",
    "shown",
]

#: A range is offered if it has at least this many candles, and a part that is chosen by hand needs
#: as many to be shown.
MIN_CANDLES = 12
#: Ranges of a file, by name.
_RANGES = {
    "6 hours": 0.25, "1 day": 1, "3 days": 3, "2 weeks": 14, "2 months": 61, "6 months": 182,
    "1 year": 365, "2 years": 730, "5 years": 1826, "10 years": 3652,
}  # fmt: skip
#: Most ranges of a file: one row of buttons.
_MAX_RANGES = 5


@dataclass(frozen=True)
class Finding:
    """What prices did in the part that is shown.

    Attributes:
        change: From the first open to the last close, a fraction; ``None`` if the unit of the coin
            changes between these two.
        close: The last close.
        low: The lowest price.
        high: The highest price.
        low_at: Open of the candle with the lowest price, UTC.
        high_at: Open of the candle with the highest price, UTC.
    """

    change: float | None
    close: float
    low: float
    high: float
    low_at: pd.Timestamp
    high_at: pd.Timestamp


@dataclass(frozen=True)
class Gap:
    """Candles that are missing in a row.

    Attributes:
        start: Where the first missing one would open, UTC.
        end: Open of the next candle that exists, UTC.
        candles: How many are missing.
    """

    start: pd.Timestamp
    end: pd.Timestamp
    candles: int


def ranges(history: PriceHistory) -> dict[str, pd.Timedelta | None]:
    """Return the ranges that a history has more than enough candles for; ``None`` is all of it."""
    span = history.closes_at - history.start
    fit = {
        name: pd.Timedelta(days=days)
        for name, days in _RANGES.items()
        if MIN_CANDLES * history.candle_length <= pd.Timedelta(days=days) < span
    }
    return {**dict(list(fit.items())[-_MAX_RANGES:]), "All": None}


def reaches(history: PriceHistory, span: pd.Timedelta | None) -> bool:
    """Return whether a history begins early enough for a range that ends with it."""
    return span is not None and history.start <= history.closes_at - span


def part(
    history: PriceHistory,
    span: pd.Timedelta | None,
    chosen: tuple[pd.Timestamp, pd.Timestamp] | None = None,
) -> slice:
    """Return the rows of a part of a history.

    Args:
        history: The prices.
        span: A range that counts back from the last close; ``None`` for everything.
        chosen: Two times in any order, UTC. The part is between them where it has at least
            ``MIN_CANDLES``.
    """
    index = pd.DatetimeIndex(history.candles.index)
    if chosen is not None:
        first = int(index.searchsorted(min(chosen), side="left"))
        stop = int(index.searchsorted(max(chosen), side="right"))
        if stop - first >= MIN_CANDLES:
            return slice(first, stop)
    if span is None:
        return slice(0, len(index))
    begin = int(index.searchsorted(history.closes_at - span, side="left"))
    return slice(min(begin, len(index) - 1), len(index))


def finding(shown: PriceHistory) -> Finding:
    """Say what the prices did.

    Args:
        shown: The part of a history that is shown.
    """
    candles = shown.candles
    close, low, high = (candles[name].to_numpy(float) for name in ("close", "low", "high"))
    shifts = any(problem.kind == "level_shift" for problem in shown.quality.problems)
    in_one_unit = bool(shown.unit_changes) or not shifts
    lowest, highest = int(np.argmin(low)), int(np.argmax(high))
    return Finding(
        change=float(close[-1] / candles["open"].to_numpy(float)[0] - 1) if in_one_unit else None,
        close=float(close[-1]),
        low=float(low[lowest]),
        high=float(high[highest]),
        low_at=candles.index[lowest],
        high_at=candles.index[highest],
    )


def shown(history: PriceHistory, rows: slice) -> PriceHistory:
    """Return a part of a history; a change of unit elsewhere is no problem of the part."""
    quality = history.quality
    others = tuple(each for each in quality.problems if each.kind != "level_shift")
    if len(others) < len(quality.problems) and not _changes_unit(history, rows):
        quality = dataclasses.replace(quality, problems=others)
    return dataclasses.replace(history, candles=history.candles.iloc[rows], quality=quality)


def _changes_unit(history: PriceHistory, rows: slice) -> bool:
    """Return whether the unit of the coin changes between the ends of a part."""
    shifts = level_shifts.find(history.candles)
    return any(rows.start < each.row and each.first < rows.stop for each in shifts)


def indicators(history: PriceHistory, names: Sequence[str], rows: slice) -> tuple[Indicator, ...]:
    """Compute indicators of a part of a history; the candles before it are read as well.

    Args:
        history: The prices.
        names: Names of ``DRAWABLE``.
        rows: The part.

    Raises:
        InvalidInput: If a name is unknown.
    """
    first = max(0, rows.start - warmup(names))
    read = lines(history.candles.iloc[first : rows.stop], names)
    return tuple(
        dataclasses.replace(
            one, lines={name: values[rows.start - first :] for name, values in one.lines.items()}
        )
        for one in read
    )


def gaps(history: PriceHistory) -> list[Gap]:
    """Return where candles are missing, the longest gaps first."""
    index = pd.DatetimeIndex(history.candles.index)
    length = history.candle_length
    absent: Array = np.diff(index.asi8) // length.as_unit("ns").value - 1
    rows = np.flatnonzero(absent > 0)
    longest = rows[np.argsort(-absent[rows], kind="stable")]
    return [Gap(index[row] + length, index[row + 1], int(absent[row])) for row in longest.tolist()]
