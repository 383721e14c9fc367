"""Technical indicators as network inputs: without a unit, and finite on flat candles.

Row *t* reads a fixed number of rows up to *t*, its warm-up. An exponential average has no end by
definition. Here it is cut off after ``MAX_SPANS`` spans, where 0.25 % of the weight is left, and
the weights are scaled to a sum of 1. Sums go lag by lag, so that a row's value is the same to the
last bit wherever the history starts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.types import Array

#: Spans after which an exponential average is cut off.
MAX_SPANS = 3
#: Added before a logarithm of a share of the price, so that 0 stays finite: 1 basis point.
EPSILON_SHARE = 1e-4

#: Period of Wilder's averages in RSI and ATR, candles. A Wilder average of period n is an
#: exponential average with a span of 2 n - 1.
WILDER_PERIOD = 14
WILDER_ROWS = MAX_SPANS * (2 * WILDER_PERIOD - 1)
#: Spans of MACD: of the fast and of the slow average, and of the average of their difference.
MACD_FAST, MACD_SLOW, MACD_SIGNAL = 12, 26, 9
MACD_ROWS = MAX_SPANS * (MACD_SLOW + MACD_SIGNAL) - 1
#: Candles of the Bollinger band, and its half width in standard deviations.
BOLLINGER_ROWS, BOLLINGER_DEVIATIONS = 20, 2
#: Candles of the moving averages that the close is compared with.
AVERAGE_ROWS = (10, 50, 100)


def rsi(candles: pd.DataFrame) -> Array:
    """Compute the relative strength index of 14 candles as a fraction, ``(n, 1)``.

    ``up / (up + down)`` with Wilder's averages of the rises and the falls of the close; 0.5
    where the close did not move. Source: Wilder (1978), "New concepts in technical trading
    systems".
    """
    move = np.diff(candles["close"].to_numpy(float), prepend=np.nan)
    weights = exponential(2 * WILDER_PERIOD - 1)
    up, total = weighted(np.maximum(move, 0.0), weights), weighted(np.abs(move), weights)
    return _ratio(up, total, otherwise=0.5)[:, None]


def macd(candles: pd.DataFrame) -> Array:
    """Compute moving average convergence divergence as shares of the close, ``(n, 2)``.

    The first column is the exponential average of 12 closes minus that of 26. The second column,
    the histogram, is the first one minus its own average of 9. Source: Appel (2005), "Technical
    analysis: power tools for active investors".
    """
    close = candles["close"].to_numpy(float)
    line = -exponential(MACD_SLOW)
    line[: MAX_SPANS * MACD_FAST] += exponential(MACD_FAST)
    # An average of averages is one longer average.
    above = -np.convolve(line, exponential(MACD_SIGNAL))
    above[: len(line)] += line
    result = np.column_stack([_weighted_distance(close, line), _weighted_distance(close, above)])
    result[: MACD_ROWS - 1] = np.nan
    return result


def bollinger(candles: pd.DataFrame) -> Array:
    """Compute where the close lies in the Bollinger band, and the band's width, ``(n, 2)``.

    The position is 0 at the mean of 20 closes, and -1 and 1 at two standard deviations from it;
    0 where all closes are equal. The width is the logarithm of the whole band as a share of the
    mean. Source: Bollinger (2001), "Bollinger on Bollinger bands".
    """
    close = candles["close"].to_numpy(float)
    mean = _weighted_distance(close, np.full(BOLLINGER_ROWS, 1 / BOLLINGER_ROWS))
    variance = np.zeros(len(close))
    for lag in range(BOLLINGER_ROWS):
        variance += (_distance(close, lag) - mean) ** 2 / BOLLINGER_ROWS
    half = BOLLINGER_DEVIATIONS * np.sqrt(variance)
    return np.column_stack([_ratio(-mean, half), np.log(2 * half / (1 + mean) + EPSILON_SHARE)])


def atr(candles: pd.DataFrame) -> Array:
    """Compute the log of the average true range of 14 candles over the close, ``(n, 1)``.

    The true range is the distance between the highest and the lowest of the candle and the close
    before it; the average is Wilder's. Source: as for ``rsi``.
    """
    close = candles["close"].to_numpy(float)
    before = _lagged(close, 1)
    top = np.maximum(candles["high"].to_numpy(float), before)
    bottom = np.minimum(candles["low"].to_numpy(float), before)
    average = weighted(top - bottom, exponential(2 * WILDER_PERIOD - 1))
    ratios: Array = np.log(average / close + EPSILON_SHARE)[:, None]
    return ratios


def averages(candles: pd.DataFrame) -> Array:
    """Compute the log of the close over its mean of 10, 50 and 100 candles, ``(n, 3)``.

    A value is above 0 where the close is above the mean. Rows before the longest mean is known
    are NaN.
    """
    close = candles["close"].to_numpy(float)
    means = [_weighted_distance(close, np.full(rows, 1 / rows)) for rows in AVERAGE_ROWS]
    result: Array = -np.log1p(np.column_stack(means))
    result[: max(AVERAGE_ROWS) - 1] = np.nan
    return result


def exponential(span: int) -> Array:
    """Compute exponential weights of ``MAX_SPANS`` spans of rows, newest first, that sum to 1.

    The weight of the row *k* rows back is proportional to ``(1 - a)^k`` with
    ``a = 2 / (span + 1)``.
    """
    weights = (1 - 2 / (span + 1)) ** np.arange(MAX_SPANS * span)
    shares: Array = weights / weights.sum()
    return shares


def weighted(values: Array, weights: Array) -> Array:
    """Compute the weighted sum of the last values at each row.

    Args:
        values: ``(n,)``.
        weights: Weight of row *t*, of row *t - 1* and so on.

    Returns:
        ``(n,)``; NaN where a row with a weight does not exist or is NaN.
    """
    result = np.zeros(len(values))
    for lag, weight in enumerate(weights):
        result += weight * _lagged(values, lag)
    return result


def _weighted_distance(close: Array, weights: Array) -> Array:
    """Compute the weighted sum of the last closes' distances from the close of each row, ``(n,)``.

    A distance is a share of the row's close. With weights that sum to 1 the result is the
    distance of the weighted mean from the close: exactly 0 where the close did not move.
    """
    result = np.zeros(len(close))
    for lag, weight in enumerate(weights):
        result += weight * _distance(close, lag)
    return result


def _distance(close: Array, lag: int) -> Array:
    """Compute how far the close ``lag`` rows back lies from each close, ``(n,)`` share of it."""
    changes: Array = _lagged(close, lag) / close - 1
    return changes


def _lagged(values: Array, lag: int) -> Array:
    """Return the value ``lag`` rows before each row, ``(n,)``; NaN where there is none."""
    result = np.full(len(values), np.nan)
    result[lag:] = values[: max(len(values) - lag, 0)]
    return result


def _ratio(part: Array, whole: Array, otherwise: float = 0.0) -> Array:
    """Divide; give ``otherwise`` where the whole is 0, and NaN where it is NaN."""
    result = np.where(np.isnan(whole), np.nan, otherwise)
    np.divide(part, whole, out=result, where=whole > 0)
    return result
