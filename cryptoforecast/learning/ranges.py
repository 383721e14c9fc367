"""Average true ranges: the unit of inputs and targets that do not depend on a coin's scale.

All figures are log-returns, so that 0.01 is about 1 %. An average is a sum over lags with equal
weights and not a running sum, so that a row's value is the same to the last bit wherever the
history starts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.prices.candles.ranges import true_log_ranges
from cryptoforecast.types import Array

#: Candles in the short, the usual and the long average: one day, one week and three weeks of hours.
SHORT, USUAL, LONG = 24, 168, 504
#: Lowest average, log-return: 0.1 basis points, so that a market that stands still has a unit too.
MIN_RANGE = 1e-5
#: Expected range of a random walk over the standard deviation of its end. Source: Feller (1951),
#: "The asymptotic distribution of the range of sums of independent random variables".
_RANGE_OF_SIGMA = np.sqrt(8 / np.pi)


def true_ranges(candles: pd.DataFrame) -> Array:
    """Estimate the standard deviation of each candle's log-return from its true range.

    The true range reaches from the lowest to the highest of the candle and the close before it.
    Here it is a logarithm, divided by the expected range of a random walk of standard deviation
    1. Source: Wilder (1978), "New concepts in technical trading systems".

    Args:
        candles: ``n`` rows, see ``PriceHistory.candles``.

    Returns:
        ``(n,)`` in log-return; NaN in the first row, which has no close before it.
    """
    ranges: Array = true_log_ranges(candles) / _RANGE_OF_SIGMA
    ranges[:1] = np.nan
    return ranges


def averages(ranges: Array) -> tuple[Array, Array, Array]:
    """Average true ranges over the last ``SHORT``, ``USUAL`` and ``LONG`` candles.

    Args:
        ranges: ``(n,)`` true ranges, see ``true_ranges``.

    Returns:
        Three arrays ``(n,)`` in log-return, at least ``MIN_RANGE``. The first rows, as many as
        the average has candles, are NaN.
    """
    short = _mean(ranges, SHORT, 1)
    usual = _mean(short, USUAL // SHORT, SHORT)
    long = _mean(usual, LONG // USUAL, USUAL)
    return np.maximum(short, MIN_RANGE), np.maximum(usual, MIN_RANGE), np.maximum(long, MIN_RANGE)


def unit(candles: pd.DataFrame) -> Array:
    """Average the true ranges over ``USUAL`` candles, ``(n,)`` log-return: the unit of a return."""
    return averages(true_ranges(candles))[1]


def _mean(values: Array, count: int, apart: int) -> Array:
    """Average ``count`` values that end at each row and lie ``apart`` rows from one another."""
    result = np.full(len(values), np.nan)
    size = len(values) - (count - 1) * apart
    if size > 0:
        total = np.zeros(size)
        for i in range(count):
            total += values[i * apart : i * apart + size]
        result[-size:] = total / count
    return result
