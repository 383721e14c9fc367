"""Baselines: forecasters that cost nothing, which a network has to beat.

All say that the price stays where it is; they differ in how wide they draw the band. Each is
fitted on the rows before the test span and imports nothing but NumPy, pandas and our types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.learning.targets import actual_prices, cumulative_returns
from cryptoforecast.types import QUANTILES, Array, Forecast, Predictor, PriceHistory

#: Weight of the newest candle in the cone's variance (RiskMetrics-style smoothing of 0.9).
CONE_ALPHA = 0.1

#: Returns a band must rest on: the outermost quantile (2.5 %) then has one of them beyond it.
FEWEST_RETURNS = round(1 / min(QUANTILES))


class Baseline(Predictor, Protocol):
    """A predictor that is fitted in one pass over the rows before the test span."""

    @classmethod
    def fit(cls, history: PriceHistory, before: int, horizon: int) -> Self:
        """Fit on targets in rows ``[0, before)`` alone."""
        ...


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
            history: closed candles.
            before: first row of the test span; no target in it or after it is used.
            horizon: steps, at least 1.

        Raises:
            InvalidInput: if ``before`` or ``horizon`` is outside the history.
            NotEnoughData: if too few returns end before the test span.
        """
        close = _fitting_rows(history, before, horizon)["close"].to_numpy(float)
        return cls(_quantiles_by_step(cumulative_returns(close, horizon)))

    def forecast(self, history: PriceHistory, rows: range) -> Forecast:
        """Forecast from each of ``rows``; row *t* looks at its own close alone."""
        shape = (len(rows), *self.quantiles.shape)
        return _at_last_price(self.name, history, rows, np.broadcast_to(self.quantiles, shape))


@dataclass(frozen=True, eq=False)
class Cone:
    """The last price, with a band as wide as the market has lately been restless.

    ``sigma[t]`` is the square root of an exponentially weighted mean of Parkinson's (1980)
    variance, ``ln(high/low)^2 / (4 ln 2)``. The band is ``sigma[t]`` times the empirical
    quantiles of ``cumulative log-return / sigma`` before the test span.

    While every candle since the first was flat (high = low) sigma is 0: such rows have no ratio
    and are left out of the fit, and a forecast from one has a band of no width. If all rows are
    flat the ratios, and with them the band, are undefined: NaN.

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

        Args:
            history: closed candles.
            before: first row of the test span; no candle in it or after it is used.
            horizon: steps, at least 1.

        Raises:
            InvalidInput: if ``before`` or ``horizon`` is outside the history.
            NotEnoughData: if too few returns end before the test span.
        """
        candles = _fitting_rows(history, before, horizon)
        returns = cumulative_returns(candles["close"].to_numpy(float), horizon)
        sigma = volatility(candles)
        moving = sigma > 0
        return cls(_quantiles_by_step(returns[moving] / sigma[moving, None]))

    def forecast(self, history: PriceHistory, rows: range) -> Forecast:
        """Forecast from each of ``rows``; row *t* looks at candles up to *t*."""
        sigma = volatility(history.candles)[rows.start : rows.stop : rows.step]
        return _at_last_price(self.name, history, rows, sigma[:, None, None] * self.ratios)


#: Every baseline by its name; a new one is a class with ``fit``, added here.
BASELINES: Mapping[str, type[Baseline]] = {"naive": Naive, "cone": Cone}


def volatility(candles: pd.DataFrame, alpha: float = CONE_ALPHA) -> Array:
    """Smooth Parkinson's variance exponentially and take the square root.

    ``s[t] = (1 - alpha) s[t-1] + alpha ln(high/low)^2 / (4 ln 2)``, ``s[0]`` the first variance.
    Source: Parkinson (1980), "The extreme value method for estimating the variance of the rate
    of return".

    Args:
        candles: frame with ``high`` and ``low``, USD.
        alpha: weight of the newest candle.

    Returns:
        ``(n,)`` sigma in log-return a candle; row *t* looks at candles up to *t*.
    """
    spread = np.log(candles["high"].to_numpy(float) / candles["low"].to_numpy(float))
    variance = pd.Series(spread**2 / (4 * np.log(2)))
    return np.sqrt(variance.ewm(alpha=alpha, adjust=False).mean().to_numpy())


def _fitting_rows(history: PriceHistory, before: int, horizon: int) -> pd.DataFrame:
    if horizon < 1:
        raise InvalidInput(f"`horizon` must be at least 1 step. Received: {horizon}.")
    if not 0 <= before <= len(history):
        raise InvalidInput(
            f"`before` must be a row of the history or its end, 0 to {len(history)}. "
            f"Received: {before}."
        )
    if before - horizon < FEWEST_RETURNS:
        raise NotEnoughData(
            f"A baseline needs at least {FEWEST_RETURNS} candles plus the horizon before the test "
            f"span. Received {before} candles and a horizon of {horizon}. Choose a longer history "
            "or a shorter horizon."
        )
    return history.candles.iloc[:before]


def _quantiles_by_step(values: Array) -> Array:
    """Reduce ``(n, horizon)`` values, NaN where unknown, to ``(horizon, 9)`` quantiles."""
    known = [column[np.isfinite(column)] for column in values.T]
    undefined = np.full(len(QUANTILES), np.nan)
    return np.array([np.quantile(v, QUANTILES) if len(v) else undefined for v in known])


def _at_last_price(name: str, history: PriceHistory, rows: range, quantiles: Array) -> Forecast:
    close = history.candles["close"].to_numpy(float)
    horizon = quantiles.shape[1]
    last = close[rows.start : rows.stop : rows.step]
    return Forecast(
        predictor=name,
        interval=history.interval,
        origins=history.candles.index[rows.start : rows.stop : rows.step],
        close=last,
        predicted=np.repeat(last[:, None], horizon, axis=1),
        quantiles=quantiles,
        actual=actual_prices(close, rows, horizon),
    )
