"""Indicators of chart readers as network inputs: without a unit, and finite on flat candles.

Row *t* looks at a fixed number of rows up to *t*, its warm-up. Exponential averages never end by
their definition; here they are cut off after ``REACH`` spans, where 0.25 % of the weight is left,
and what remains is scaled to a sum of 1. Sums go lag by lag, so that a row's value is the same to
the last bit whichever row the history starts at.

Imports nothing but NumPy, pandas and our types.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.types import Array

#: Spans after which an exponential average is cut off.
REACH = 3
#: Added before a logarithm of a share of the price, so that 0 stays finite: 1 basis point.
FLOOR = 1e-4

#: Candles that Wilder's averages of RSI and ATR are named by. A Wilder average of n candles is an
#: exponential one with a span of 2 n - 1.
WILDER = 14
WILDER_ROWS = REACH * (2 * WILDER - 1)
#: Spans of MACD: the fast and the slow average, and the average of their distance.
FAST, SLOW, SIGNAL = 12, 26, 9
MACD_ROWS = REACH * (SLOW + SIGNAL) - 1
#: Candles of the Bollinger band, and its standard deviations to each side.
BOLLINGER, DEVIATIONS = 20, 2
#: Candles of the moving averages that the close is compared with.
AVERAGES = (10, 50, 100)


def rsi(candles: pd.DataFrame) -> Array:
    """Compute the relative strength index of 14 candles as a fraction, ``(n, 1)``.

    ``up / (up + down)`` with Wilder's averages of rises and falls of the close; 0.5 where the
    close did not move. Source: Wilder (1978), "New concepts in technical trading systems".
    """
    move = np.diff(candles["close"].to_numpy(float), prepend=np.nan)
    weights = exponential(2 * WILDER - 1)
    up, total = weighted(np.maximum(move, 0.0), weights), weighted(np.abs(move), weights)
    return _ratio(up, total, otherwise=0.5)[:, None]


def macd(candles: pd.DataFrame) -> Array:
    """Compute moving average convergence divergence as shares of the close, ``(n, 2)``.

    First the exponential average of 12 closes less that of 26, then what this exceeds its own
    average of 9 by (the histogram). Source: Appel (2005), "Technical analysis: power tools for
    active investors".
    """
    close = candles["close"].to_numpy(float)
    line = -exponential(SLOW)
    line[: REACH * FAST] += exponential(FAST)
    # An average of averages is one longer average.
    above = -np.convolve(line, exponential(SIGNAL))
    above[: len(line)] += line
    result = np.column_stack([_mean_apart(close, line), _mean_apart(close, above)])
    result[: MACD_ROWS - 1] = np.nan
    return result


def bollinger(candles: pd.DataFrame) -> Array:
    """Compute where the close lies in the Bollinger band, and the band's width, ``(n, 2)``.

    The position is 0 at the mean of 20 closes and -1 and 1 at two standard deviations from it; 0
    where all are equal. The width is from end to end, as a share of the mean, as a logarithm.
    Source: Bollinger (2001), "Bollinger on Bollinger bands".
    """
    close = candles["close"].to_numpy(float)
    mean = _mean_apart(close, np.full(BOLLINGER, 1 / BOLLINGER))
    variance = np.zeros(len(close))
    for lag in range(BOLLINGER):
        variance += (_apart(close, lag) - mean) ** 2 / BOLLINGER
    half = DEVIATIONS * np.sqrt(variance)
    return np.column_stack([_ratio(-mean, half), np.log(2 * half / (1 + mean) + FLOOR)])


def atr(candles: pd.DataFrame) -> Array:
    """Compute the average true range of 14 candles as a share of the close, logarithm, ``(n, 1)``.

    Wilder's average of the distance between the highest and the lowest of high, low and the
    close before. Source: as of ``rsi``.
    """
    close = candles["close"].to_numpy(float)
    before = _lagged(close, 1)
    top = np.maximum(candles["high"].to_numpy(float), before)
    bottom = np.minimum(candles["low"].to_numpy(float), before)
    average = weighted(top - bottom, exponential(2 * WILDER - 1))
    ratios: Array = np.log(average / close + FLOOR)[:, None]
    return ratios


def averages(candles: pd.DataFrame) -> Array:
    """Compare the close with its mean over 10, 50 and 100 candles, ``(n, 3)`` logarithms.

    Above 0 where the close is above the mean; NaN until the longest mean is known.
    """
    close = candles["close"].to_numpy(float)
    means = [_mean_apart(close, np.full(rows, 1 / rows)) for rows in AVERAGES]
    result: Array = -np.log1p(np.column_stack(means))
    result[: max(AVERAGES) - 1] = np.nan
    return result


def exponential(span: int) -> Array:
    """Weigh ``REACH`` spans of rows exponentially, newest first; the sum is 1.

    ``(1 - a)^k`` for the row *k* back, with ``a = 2 / (span + 1)``.
    """
    weights = (1 - 2 / (span + 1)) ** np.arange(REACH * span)
    shares: Array = weights / weights.sum()
    return shares


def weighted(values: Array, weights: Array) -> Array:
    """Add up the last rows, weighted.

    Args:
        values: ``(n,)``.
        weights: of row *t*, of the one before it and so on.

    Returns:
        ``(n,)``; NaN where a row that has a weight is absent or NaN.
    """
    result = np.zeros(len(values))
    for lag, weight in enumerate(weights):
        result += weight * _lagged(values, lag)
    return result


def _mean_apart(close: Array, weights: Array) -> Array:
    """Add up how far the last closes lie from each row's own, weighted, ``(n,)`` shares of it.

    With weights that sum to 1 this is how far their mean lies from the close; exactly 0 where
    the close did not move.
    """
    result = np.zeros(len(close))
    for lag, weight in enumerate(weights):
        result += weight * _apart(close, lag)
    return result


def _apart(close: Array, lag: int) -> Array:
    changes: Array = _lagged(close, lag) / close - 1
    return changes


def _lagged(values: Array, lag: int) -> Array:
    """Return the value ``lag`` rows before each row, ``(n,)``; NaN where there is none."""
    result = np.full(len(values), np.nan)
    result[lag:] = values[: max(len(values) - lag, 0)]
    return result


def _ratio(part: Array, whole: Array, otherwise: float = 0.0) -> Array:
    """Divide; ``otherwise`` where the whole is 0, NaN where it is NaN."""
    result = np.where(np.isnan(whole), np.nan, otherwise)
    np.divide(part, whole, out=result, where=whole > 0)
    return result
