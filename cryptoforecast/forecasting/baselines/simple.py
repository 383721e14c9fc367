"""The simplest baselines: the last price with a constant or a moving band, and the drift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.forecasting.baselines.common import fitting_rows, forecast, quantiles_by_step
from cryptoforecast.learning.targets import cumulative_returns
from cryptoforecast.prices.candles import ranges
from cryptoforecast.types import Array, Forecast, PriceHistory

#: Weight of the newest candle in the cone's variance (RiskMetrics-style smoothing of 0.9).
CONE_ALPHA = 0.1


@dataclass(frozen=True, eq=False)
class Naive:
    """The last price, with a band of constant width.

    Attributes:
        quantiles: ``(horizon, 9)`` of the cumulative log-return.
    """

    quantiles: Array

    @property
    def name(self) -> str:
        return "naive"

    @classmethod
    def fit(cls, history: PriceHistory, before: int, horizon: int) -> Naive:
        """Take the empirical quantiles of every return that ended before the test span.

        Args:
            history: Closed candles.
            before: First row of the test span; no target in it or after it is used.
            horizon: Steps, at least 1.

        Raises:
            InvalidInput: If ``before`` or ``horizon`` is outside the history.
            NotEnoughData: If too few returns end before the test span.
        """
        return cls(quantiles_by_step(_returns(history, before, horizon)))

    def forecast(self, history: PriceHistory, rows: range) -> Forecast:
        """Forecast from each of ``rows``; row *t* looks at its own close alone."""
        shape = (len(rows), *self.quantiles.shape)
        return forecast(self.name, history, rows, np.broadcast_to(self.quantiles, shape))


@dataclass(frozen=True, eq=False)
class Cone:
    """The last price, with a band whose width follows the volatility of the last candles.

    ``sigma[t]`` is the square root of an exponentially weighted mean of Parkinson's (1980)
    variance, ``ln(high/low)^2 / (4 ln 2)``. The band is ``sigma[t]`` times the empirical
    quantiles of ``cumulative log-return / sigma`` before the test span.

    As long as all candles since the first were flat (high = low), ``sigma`` is 0. Such rows have no
    ratio and are left out of the fit, and a forecast from one of them has a band without width. If
    all rows are flat, the ratios and the band are undefined: NaN.

    Attributes:
        ratios: ``(horizon, 9)`` quantiles of the cumulative log-return over sigma.
    """

    ratios: Array

    @property
    def name(self) -> str:
        return "cone"

    @classmethod
    def fit(cls, history: PriceHistory, before: int, horizon: int) -> Cone:
        """Take the quantiles of return / sigma over returns that ended before the test span.

        Args and errors as of ``Naive.fit``; no candle from ``before`` on is used.
        """
        returns = _returns(history, before, horizon)
        sigma = volatility(history.candles.iloc[:before])
        moving = sigma > 0
        return cls(quantiles_by_step(returns[moving] / sigma[moving, None]))

    def forecast(self, history: PriceHistory, rows: range) -> Forecast:
        """Forecast from each of ``rows``; row *t* looks at candles up to *t*."""
        sigma = volatility(history.candles)[rows.start : rows.stop : rows.step]
        return forecast(self.name, history, rows, sigma[:, None, None] * self.ratios)


@dataclass(frozen=True, eq=False)
class Drift:
    """The last price, continued with the mean return of the past: close times ``exp(k mean)``.

    The band is constant: the empirical quantiles of the cumulative log-return around the drift.
    Adding the drift back gives those of the return itself, so it is the band of ``Naive``.

    Attributes:
        mean: Log-return of a candle.
        quantiles: ``(horizon, 9)`` of the cumulative log-return.
    """

    mean: float
    quantiles: Array

    @property
    def name(self) -> str:
        return "drift"

    @classmethod
    def fit(cls, history: PriceHistory, before: int, horizon: int) -> Drift:
        """Take the mean and the quantiles of every return that ended before the test span.

        Args and errors as of ``Naive.fit``.
        """
        returns = _returns(history, before, horizon)
        return cls(float(np.nanmean(returns[:, 0])), quantiles_by_step(returns))

    def forecast(self, history: PriceHistory, rows: range) -> Forecast:
        """Forecast from each of ``rows``; row *t* looks at its own close alone."""
        shape = (len(rows), *self.quantiles.shape)
        centre = self.mean * np.arange(1, shape[1] + 1)
        quantiles = np.broadcast_to(self.quantiles, shape)
        return forecast(self.name, history, rows, quantiles, np.broadcast_to(centre, shape[:2]))


def volatility(candles: pd.DataFrame, alpha: float = CONE_ALPHA) -> Array:
    """Smooth Parkinson's variance exponentially and take the square root.

    ``s[t] = (1 - alpha) s[t-1] + alpha ln(high/low)^2 / (4 ln 2)``, ``s[0]`` the first variance.
    Source: Parkinson (1980), "The extreme value method for estimating the variance of the rate
    of return".

    Args:
        candles: Frame with ``high`` and ``low``, quote currency.
        alpha: Weight of the newest candle.

    Returns:
        ``(n,)`` sigma in log-return a candle; row *t* looks at candles up to *t*.
    """
    variance = pd.Series(ranges.log_ranges(candles) ** 2 / ranges.PARKINSON)
    sigma: Array = np.sqrt(variance.ewm(alpha=alpha, adjust=False).mean().to_numpy())
    return sigma


def _returns(history: PriceHistory, before: int, horizon: int) -> Array:
    close = fitting_rows(history, before, horizon)["close"].to_numpy(float)
    return cumulative_returns(close, horizon)
