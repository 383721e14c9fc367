"""Whether candles can be trusted: one canonical shape, and a report of what is odd.

Imports only ``types``, ``errors`` and its neighbours ``findings``, ``resample``. Nothing here
changes a price.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cryptoforecast.prices.candles import findings
from cryptoforecast.prices.candles.resample import COLUMNS, nanoseconds, step_of
from cryptoforecast.types import Problem, QualityReport

# A close is an outlier if it lies this many typical moves (and at least this far) from both
# neighbours, on the same side. Real crashes stay down, wrong ticks come back.
OUTLIER_MOVES = 25.0
OUTLIER_LEAST = 0.05
# An open, high or low is one if it is beyond every close nearby by this factor at least.
OUTLIER_FACTOR = 2.0


def empty() -> pd.DataFrame:
    """Make canonical candles without a row."""
    index = pd.DatetimeIndex([], dtype="datetime64[ns, UTC]", name="time")
    return pd.DataFrame({name: np.empty(0) for name in COLUMNS}, index=index)


def normalise(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Bring candles into the canonical shape.

    Sorted by time, one row a time (the last given wins), float64 prices, UTC index in ns.

    Args:
        frame: tz-aware ``DatetimeIndex`` and columns ``open high low close``, in any order;
            ``volume`` where known.

    Returns:
        Canonical frame (see ``PriceHistory``), and the number of duplicated rows dropped.
    """
    index = pd.DatetimeIndex(frame.index).tz_convert("UTC").as_unit("ns").rename("time")
    missing = np.full(len(frame), np.nan)
    columns = {
        name: frame[name].to_numpy(dtype=float) if name in frame else missing for name in COLUMNS
    }
    candles = pd.DataFrame(columns, index=index)
    if not index.is_monotonic_increasing:
        candles = candles.sort_index(kind="stable")
    repeated = candles.index.duplicated(keep="last")
    count = int(repeated.sum())
    return (candles[~repeated] if count else candles), count


def closed_only(candles: pd.DataFrame, interval: str, now: pd.Timestamp) -> pd.DataFrame:
    """Drop the candles that are still open at ``now``."""
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
    """Count what is odd in canonical candles.

    Args:
        candles: canonical frame.
        interval: its interval.
        duplicates: rows dropped by ``normalise``.
        decisions: what the reader settled by itself.
        problems: what the reader found before these counts.
        lines: `(n,)` where each candle lies in its file, if it comes from one.
        splices: `(n,)` bool, candles that are the first of another source.
    """
    masks = {
        "ohlc_violations": ohlc_violations(candles),
        "outliers": outliers(candles),
        "off_grid": off_grid(candles, interval),
    }
    tail = flat_tail(candles)
    found = [*problems]
    if duplicates and not any(problem.kind == "duplicates" for problem in found):
        found.append(Problem("duplicates", duplicates, None, "the last of each was kept"))
    found += findings.gaps(candles, interval, ~masks["off_grid"], lines)
    found += [findings.marked(kind, mask, candles, lines) for kind, mask in masks.items()]
    found += findings.stale(candles, tail, lines)
    found += findings.two_labels(candles, lines)
    found += findings.joins(candles, splices, lines)
    return QualityReport(
        missing=missing(candles, interval),
        duplicates=duplicates,
        flat_tail=tail,
        ohlc_violations=int(masks["ohlc_violations"].sum()),
        outliers=int(masks["outliers"].sum()),
        decisions=dict(decisions or {}),
        problems=tuple(problem for problem in found if problem.count),
    )


def missing(candles: pd.DataFrame, interval: str) -> int:
    """Count the grid's times without a candle, between the first and the last on it."""
    on_grid = candles.index.asi8[~off_grid(candles, interval)]
    if not len(on_grid):
        return 0
    return int((on_grid[-1] - on_grid[0]) // nanoseconds(step_of(interval))) + 1 - len(on_grid)


def off_grid(candles: pd.DataFrame, interval: str) -> np.ndarray:
    """Mark candles that open at another minute than most; shape `(n,)`, bool."""
    phase = candles.index.asi8 % nanoseconds(step_of(interval))
    if not len(phase) or (phase == phase[0]).all():
        return np.zeros(len(phase), dtype=bool)
    values, counts = np.unique(phase, return_counts=True)
    off: np.ndarray = phase != values[np.argmax(counts)]
    return off


def ohlc_violations(candles: pd.DataFrame) -> np.ndarray:
    """Mark candles whose open or close lies outside high/low; shape `(n,)`, bool."""
    return outside({name: candles[name].to_numpy() for name in COLUMNS})


def outside(values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Mark rows whose open or close lies outside high/low; `(n,)` each, by name."""
    open_, high, low, close = (values[name] for name in ("open", "high", "low", "close"))
    return (open_ < low) | (close < low) | (open_ > high) | (close > high)


def flat_tail(candles: pd.DataFrame) -> int:
    """Count the last candles that repeat one price without volume (a dead market)."""
    prices = candles[["open", "high", "low", "close"]].to_numpy()
    if not len(prices):
        return 0
    traded = np.nan_to_num(candles["volume"].to_numpy()) > 0
    alive = np.flatnonzero((prices != prices[-1, 3]).any(axis=1) | traded)
    return len(prices) - 1 - int(alive[-1]) if len(alive) else len(prices)


def outliers(candles: pd.DataFrame) -> np.ndarray:
    """Mark candles with a price far from all prices around it; shape `(n,)`, bool.

    A close far from both neighbours, on the same side; the first and the last have one neighbour
    only and are marked if they differ from it by a factor of two. Or an open, high or low beyond
    the closes of this candle and both neighbours by that factor.
    """
    close = np.log(candles["close"].to_numpy())
    found = np.zeros(len(close), dtype=bool)
    if len(close) < 3:
        return found
    move = np.diff(close)
    usual = OUTLIER_MOVES * float(np.median(np.abs(move)))
    limit = max(usual, OUTLIER_LEAST)
    found[1:-1] = (np.abs(move) > limit)[:-1] & (np.abs(move) > limit)[1:]
    found[1:-1] &= np.sign(move[:-1]) != np.sign(move[1:])
    found[0], found[-1] = abs(move[0]) > np.log(2), abs(move[-1]) > np.log(2)
    far = max(usual, np.log(OUTLIER_FACTOR))
    before, after = np.r_[close[0], close[:-1]], np.r_[close[1:], close[-1]]
    top = np.maximum(np.maximum(before, close), after) + far
    bottom = np.minimum(np.minimum(before, close), after) - far
    for name in ("open", "high", "low"):
        price = np.log(candles[name].to_numpy())
        found |= (price > top) | (price < bottom)
    return found
