"""How the values of each feature are computed: row *t* reads rows up to *t* alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from cryptoforecast.learning.columns import Columns, log_returns
from cryptoforecast.prices.candles.ranges import log_ranges
from cryptoforecast.types import Array

#: Added to a return or range before its logarithm, so that 0 stays finite: 1 basis point.
EPSILON_MOVE = 1e-4
#: The same for a return or range in units of the average true range.
EPSILON_SCALED_MOVE = 0.05
#: Rows in the average that volume is compared with.
VOLUME_ROWS = 24


def _close(close: Array) -> Array:
    return close


def _abs_return(close: Array) -> Array:
    returns: Array = np.log(np.abs(log_returns(close)) + EPSILON_MOVE)
    return returns


#: Features of the close alone: ``(n,)`` closes -> ``(n,)``.
CLOSE_FEATURES: dict[str, Callable[[Array], Array]] = {
    "close": _close,
    "return": log_returns,
    "abs_return": _abs_return,
}


def of_close(name: str) -> Callable[[Columns], Array]:
    """Make the function that computes a feature of the close, ``(n, 1)``."""
    return lambda columns: CLOSE_FEATURES[name](columns.close)[:, None]


def of_candles(compute: Callable[[pd.DataFrame], Array]) -> Callable[[Columns], Array]:
    """Make the function that computes an indicator of the candles."""
    return lambda columns: compute(columns.candles)


def candle_range(columns: Columns) -> Array:
    """Compute the log of each candle's log-range, ``(n, 1)``."""
    # An imported candle may have its high below its low.
    span = np.maximum(log_ranges(columns.candles), 0.0)
    ranges: Array = np.log(span + EPSILON_MOVE)[:, None]
    return ranges


def scaled_return(columns: Columns) -> Array:
    """Compute the return in average true ranges, ``(n, 1)``."""
    return columns.scaled_return[:, None]


def scaled_move(columns: Columns) -> Array:
    """Compute the log of the size of that return, ``(n, 1)``."""
    moves: Array = np.log(np.abs(columns.scaled_return) + EPSILON_SCALED_MOVE)[:, None]
    return moves


def scaled_range(columns: Columns) -> Array:
    """Compute the log of the true range over its usual average, ``(n, 1)``."""
    ranges: Array = np.log(columns.true_ranges / columns.ranges[1] + EPSILON_SCALED_MOVE)[:, None]
    return ranges


def short_range(columns: Columns) -> Array:
    """Compute the log of the short average range over the usual one, ``(n, 1)``."""
    short, usual, _ = columns.ranges
    ratios: Array = np.log(short / usual)[:, None]
    return ratios


def long_range(columns: Columns) -> Array:
    """Compute the log of the long average range over the usual one, ``(n, 1)``."""
    _, usual, long = columns.ranges
    ratios: Array = np.log(long / usual)[:, None]
    return ratios


def volume(columns: Columns) -> Array:
    """Compute the log of volume over its mean of ``VOLUME_ROWS``, ``(n, 1)``.

    The formula is ``ln((volume / mean + 0.01) / 1.01)``. The value is 0 where the volume of all
    these rows is unknown or 0. A candle of unknown volume among others counts as a candle without
    volume. The mean is a sum over lags and not a running mean, so that a row's value is the same to
    the last bit wherever the history starts.
    """
    volumes = np.nan_to_num(columns.candles["volume"].to_numpy(float), nan=0.0, posinf=0.0)
    n, rows = len(volumes), VOLUME_ROWS
    result = np.full((n, 1), np.nan)
    if n < rows:
        return result
    mean = np.zeros(n - rows + 1)
    for lag in range(rows):
        mean += volumes[lag : n - rows + 1 + lag]
    mean /= rows
    traded = mean > 0
    ratio = np.divide(volumes[rows - 1 :], mean, out=np.ones_like(mean), where=traded)
    result[rows - 1 :, 0] = np.log((ratio + 0.01) / 1.01)
    return result


def hour(columns: Columns) -> Array:
    """Compute the hour of the day as a point on a circle, ``(n, 2)``."""
    return _on_circle(columns.hour, 24)


def half_day(columns: Columns) -> Array:
    """Compute the hour of the half day as a point on a circle, ``(n, 2)``."""
    # Twice the angle of the hour, by the double-angle formulas.
    sine, cosine = hour(columns).T
    return np.column_stack([2 * sine * cosine, cosine**2 - sine**2])


def week(columns: Columns) -> Array:
    """Compute the moment of the week as a point on a circle, ``(n, 2)``."""
    return _on_circle(columns.day + np.floor(columns.hour) / 24, 7)


def weekend(columns: Columns) -> Array:
    """Return 1 on Saturdays and Sundays and 0 on other days, ``(n, 1)``."""
    return (columns.day >= 5).astype(float)[:, None]


def _on_circle(time: Array, period: int) -> Array:
    """Compute sine and cosine of a time within its period, ``(n, 2)``: its ends are neighbours."""
    angle = 2 * np.pi * time / period
    return np.column_stack([np.sin(angle), np.cos(angle)])
