"""The ranges of candles as log-returns: 0.01 is about 1 %."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.types import Array

#: Expected square of the log range of a random walk, over its variance (Parkinson 1980, "The
#: extreme value method for estimating the variance of the rate of return").
PARKINSON = 4 * np.log(2)


def log_ranges(candles: pd.DataFrame) -> Array:
    """Compute ln(high / low) of each candle, ``(n,)``."""
    ranges: Array = np.log(candles["high"].to_numpy(float) / candles["low"].to_numpy(float))
    return ranges


def true_log_ranges(candles: pd.DataFrame) -> Array:
    """Compute the log range of each candle together with the close before it.

    The formula is ln(max(high, last close) / min(low, last close)), so that a jump between two
    candles counts. The first candle has no close before it; its open is used instead. Source:
    Wilder (1978), "New concepts in technical trading systems" ("true range").

    Args:
        candles: Frame with ``open``, ``high``, ``low`` and ``close``, in any currency.

    Returns:
        ``(n,)``; row *t* reads candles up to *t*.
    """
    close = candles["close"].to_numpy(float)
    last = np.append(candles["open"].to_numpy(float)[:1], close[:-1])
    high = np.maximum(candles["high"].to_numpy(float), last)
    low = np.minimum(candles["low"].to_numpy(float), last)
    ranges: Array = np.log(high / low)
    return ranges
