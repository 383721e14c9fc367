"""How far prices range: the unit of inputs and targets that know no coin's scale.

All figures are log-returns, so that 0.01 is about 1 %. Averages are sums over lags of equal
weight, not running sums: each row's value is the same to the last bit whichever row the history
starts at.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.prices.candles.ranges import true_log_ranges
from cryptoforecast.types import Array

#: Candles in the short, the usual and the long average: a day, a week and three weeks of hours.
SHORT, USUAL, LONG = 24, 168, 504
#: Lowest average: 0.1 basis points, so that a market that stands still has a unit too.
FLOOR = 1e-5
#: The range of a random walk in a candle, over the standard deviation of its end (Feller 1951).
_OF_SIGMA = np.sqrt(8 / np.pi)


def true_ranges(candles: pd.DataFrame) -> Array:
    """Estimate each candle's standard deviation from how far it ranged.

    The range reaches from the lowest to the highest of the candle and the close before it
    (Wilder 1978, "true range"), here as a logarithm and divided by what a random walk of
    standard deviation 1 ranges on average.

    Returns:
        ``(n,)`` in log-return; NaN in the first row, which has no close before it.
    """
    ranges: Array = true_log_ranges(candles) / _OF_SIGMA
    ranges[:1] = np.nan
    return ranges


def averages(ranges: Array) -> tuple[Array, Array, Array]:
    """Average true ranges over the last ``SHORT``, ``USUAL`` and ``LONG`` candles.

    Args:
        ranges: ``(n,)`` from ``true_ranges``.

    Returns:
        Three times ``(n,)`` in log-return, at least ``FLOOR``; NaN in as many first rows as the
        average has candles.
    """
    short = _mean(ranges, SHORT, 1)
    usual = _mean(short, USUAL // SHORT, SHORT)
    long = _mean(usual, LONG // USUAL, USUAL)
    return np.maximum(short, FLOOR), np.maximum(usual, FLOOR), np.maximum(long, FLOOR)


def unit(candles: pd.DataFrame) -> Array:
    """Average the true ranges over ``USUAL`` candles: the unit of scaled figures."""
    return averages(true_ranges(candles))[1]


def _mean(values: Array, count: int, apart: int) -> Array:
    """Average each value with the ``count - 1`` that lie ``apart`` rows before one another."""
    result = np.full(len(values), np.nan)
    known = len(values) - (count - 1) * apart
    if known > 0:
        total = np.zeros(known)
        for i in range(count):
            total += values[i * apart : i * apart + known]
        result[-known:] = total / count
    return result
