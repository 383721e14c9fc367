"""The quality of candles: their canonical shape, and a report of every irregularity.

Nothing here changes a price.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cryptoforecast.prices.candles import findings, ticks
from cryptoforecast.prices.candles.resample import COLUMNS, nanoseconds, step_of
from cryptoforecast.types import Problem, QualityReport

# A close is an outlier if it is this many typical moves away from both neighbours, on the same
# side, and at least this far in log-return. After a real crash prices stay low; after a wrong tick
# they come back.
OUTLIER_MOVES = 25.0
MIN_OUTLIER_MOVE = 0.05
# An open, high or low is an outlier if it is beyond every close nearby by at least this factor.
OUTLIER_FACTOR = 2.0


def empty() -> pd.DataFrame:
    """Make a canonical frame without rows."""
    index = pd.DatetimeIndex([], dtype="datetime64[ns, UTC]", name="time")
    return pd.DataFrame({name: np.empty(0) for name in COLUMNS}, index=index)


def normalise(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Bring candles into the canonical frame: sorted, one row for each time, UTC, float64.

    Args:
        frame: A tz-aware ``DatetimeIndex`` and the columns ``open high low close``, rows and
            columns in any order; ``volume`` where known. Where a time comes twice, the last row
            counts.

    Returns:
        Canonical frame (see ``PriceHistory``), and the number of duplicate rows dropped.
    """
    index = pd.DatetimeIndex(frame.index).tz_convert("UTC").as_unit("ns").rename("time")
    missing = np.full(len(frame), np.nan)
    columns = {
        name: frame[name].to_numpy(dtype=float) if name in frame else missing for name in COLUMNS
    }
    candles = pd.DataFrame(columns, index=index)
    if not index.is_monotonic_increasing:
        candles = candles.sort_index(kind="stable")
    copies = candles.index.duplicated(keep="last")
    count = int(copies.sum())
    return (candles[~copies] if count else candles), count


def closed_only(candles: pd.DataFrame, interval: str, now: pd.Timestamp) -> pd.DataFrame:
    """Drop the candles that are still open at ``now``, UTC."""
    return candles[candles.index <= now - step_of(interval)]


def report(
    candles: pd.DataFrame,
    interval: str,
    *,
    duplicates: int = 0,
    decisions: Mapping[str, str] | None = None,
    problems: tuple[Problem, ...] = (),
    lines: np.ndarray | None = None,
    splices: np.ndarray | None = None,
) -> QualityReport:
    """Report every irregularity of canonical candles.

    Args:
        candles: Canonical frame.
        interval: Its interval.
        duplicates: Rows that ``normalise`` dropped.
        decisions: How the file was read, by subject.
        problems: Irregularities that the reader of the file found already.
        lines: ``(n,)``, line of each candle in its file, where there is one.
        splices: ``(n,)`` bool, candles that are the first of another source.
    """
    masks = {
        "ohlc_violations": ohlc_violations(candles),
        "outliers": outliers(candles),
        "off_grid": off_grid(candles, interval),
    }
    tail = flat_tail(candles)
    every = [*problems]
    if not any(problem.kind == "duplicates" for problem in every):
        every.append(Problem("duplicates", duplicates, None, "the last of each was kept"))
    every += findings.gaps(candles, interval, ~masks["off_grid"], lines)
    every += [findings.problem_of(kind, mask, candles, lines) for kind, mask in masks.items()]
    every += findings.stale(candles, tail, lines)
    every += findings.two_labels(candles, lines)
    every += findings.joins(candles, splices, lines)
    every += findings.unit_changes(candles, lines)
    every += findings.coarse_tick(candles)
    return QualityReport(
        missing=missing(candles, interval),
        duplicates=duplicates,
        flat_tail=tail,
        ohlc_violations=int(masks["ohlc_violations"].sum()),
        outliers=int(masks["outliers"].sum()),
        decisions=dict(decisions or {}),
        problems=tuple(problem for problem in every if problem.count),
    )


def missing(candles: pd.DataFrame, interval: str) -> int:
    """Count the missing candles between the first and the last one on the grid."""
    on_grid = candles.index.asi8[~off_grid(candles, interval)]
    if not len(on_grid):
        return 0
    return int((on_grid[-1] - on_grid[0]) // nanoseconds(step_of(interval))) + 1 - len(on_grid)


def off_grid(candles: pd.DataFrame, interval: str) -> np.ndarray:
    """Mark the candles that open at another time than most within their interval, ``(n,)`` bool."""
    phase = candles.index.asi8 % nanoseconds(step_of(interval))
    if not len(phase) or (phase == phase[0]).all():
        return np.zeros(len(phase), dtype=bool)
    values, counts = np.unique(phase, return_counts=True)
    off: np.ndarray = phase != values[np.argmax(counts)]
    return off


def ohlc_violations(candles: pd.DataFrame) -> np.ndarray:
    """Mark the candles whose open or close lies outside low to high, ``(n,)`` bool."""
    return outside({name: candles[name].to_numpy() for name in COLUMNS})


def outside(values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Mark the rows whose open or close lies outside low to high, ``(n,)`` bool.

    Args:
        values: ``(n,)`` each of ``open high low close``.
    """
    open_, high, low, close = (values[name] for name in ("open", "high", "low", "close"))
    return (open_ < low) | (close < low) | (open_ > high) | (close > high)


def flat_tail(candles: pd.DataFrame) -> int:
    """Count the candles at the end that repeat one price without volume, as in a dead market.

    Where every candle holds its close alone, the first candle at this price is not counted: it
    repeats nothing.
    """
    prices = candles[["open", "high", "low", "close"]].to_numpy()
    if not len(prices):
        return 0
    traded = np.nan_to_num(candles["volume"].to_numpy()) > 0
    alive = np.flatnonzero((prices != prices[-1, 3]).any(axis=1) | traded)
    if not len(alive):
        return len(prices)
    tail = len(prices) - 1 - int(alive[-1])
    came_there = tail > 0 and bool((prices == prices[:, [3]]).all())
    return tail - came_there


def outliers(candles: pd.DataFrame) -> np.ndarray:
    """Mark the candles with a price far from all prices around it, ``(n,)`` bool.

    A candle is marked if its close is far from both neighbours, on the same side. The first and
    the last candle have one neighbour only; they are marked if they differ from it by a factor of
    two. A candle is also marked if its open, high or low is beyond its own close and the closes
    of both neighbours by that factor, or by ``OUTLIER_MOVES`` typical moves if that is more. Where
    one tick is a large part of the price, a price is not far unless it is more than
    ``ticks.MAX_TICKS`` ticks away.
    """
    distance = _outlying(candles)
    rows = np.flatnonzero(distance)
    mask = distance > 0
    for block in np.unique(rows // ticks.BLOCK_CANDLES):
        some = slice(block * ticks.BLOCK_CANDLES, (block + 1) * ticks.BLOCK_CANDLES)
        tick = ticks.coarse_tick(candles.iloc[some])
        if tick is not None:
            mask[some] = distance[some] > (ticks.MAX_TICKS + 0.5) * tick.size
    return mask


def _outlying(candles: pd.DataFrame) -> np.ndarray:
    """Measure how far outliers are from the prices around them; see ``outliers``.

    Returns:
        ``(n,)`` in the unit of the prices, 0 where a candle is none.
    """
    prices = {name: candles[name].to_numpy() for name in COLUMNS}
    close = np.log(prices["close"])
    distance = np.zeros(len(close))
    if len(close) < 3:
        return distance
    move, jump = np.diff(close), np.abs(np.diff(prices["close"]))
    usual = OUTLIER_MOVES * float(np.median(np.abs(move)))
    large = np.abs(move) > max(usual, MIN_OUTLIER_MOVE)
    alone = large[:-1] & large[1:] & (np.sign(move[:-1]) != np.sign(move[1:]))
    distance[1:-1] = np.where(alone, np.minimum(jump[:-1], jump[1:]), 0)
    for end in (0, -1):
        distance[end] = jump[end] if abs(move[end]) > np.log(2) else 0
    far = max(usual, np.log(OUTLIER_FACTOR))
    before, after = np.r_[close[0], close[:-1]], np.r_[close[1:], close[-1]]
    highest = np.maximum(np.maximum(before, close), after)
    lowest = np.minimum(np.minimum(before, close), after)
    for name in ("open", "high", "low"):
        price = np.log(prices[name])
        beyond = np.flatnonzero((price > highest + far) | (price < lowest - far))
        over, under = np.exp(highest[beyond]), np.exp(lowest[beyond])
        there = prices[name][beyond]
        away = np.maximum(there - over, under - there)
        distance[beyond] = np.maximum(distance[beyond], away)
    return distance
