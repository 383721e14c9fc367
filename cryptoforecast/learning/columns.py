"""Candles as columns, and the intermediate results that several features share."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from cryptoforecast.learning import ranges
from cryptoforecast.types import Array


class Columns:
    """Candles as arrays, and intermediate results that several features share.

    Each array is computed once, when it is first used.

    Args:
        candles: ``n`` rows, see ``PriceHistory.candles``.
    """

    def __init__(self, candles: pd.DataFrame) -> None:
        self.candles = candles

    @cached_property
    def close(self) -> Array:
        """Closes, ``(n,)``, quote currency."""
        closes: Array = self.candles["close"].to_numpy(float)
        return closes

    @cached_property
    def true_ranges(self) -> Array:
        """True ranges, ``(n,)`` log-return; see ``ranges.true_ranges``."""
        return ranges.true_ranges(self.candles)

    @cached_property
    def ranges(self) -> tuple[Array, Array, Array]:
        """Averages of the true ranges, ``(n,)`` log-return each; see ``ranges.averages``."""
        return ranges.averages(self.true_ranges)

    @cached_property
    def scaled_return(self) -> Array:
        """Log-returns in units of the usual average true range, ``(n,)``."""
        returns: Array = log_returns(self.close) / self.ranges[1]
        return returns

    @cached_property
    def hour(self) -> Array:
        """Hour of the day with its fraction, UTC, ``(n,)``."""
        hours: Array = self._index.hour.to_numpy() + self._index.minute.to_numpy() / 60
        return hours

    @cached_property
    def day(self) -> Array:
        """Day of the week, 0 on Mondays, ``(n,)``."""
        days: Array = self._index.day_of_week.to_numpy()
        return days

    @property
    def _index(self) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(self.candles.index)


def log_returns(close: Array) -> Array:
    """Compute ln(close[t] / close[t-1]), shape ``(n,)``; NaN in the first row."""
    result = np.full(len(close), np.nan)
    result[1:] = np.log(close[1:] / close[:-1])
    return result
