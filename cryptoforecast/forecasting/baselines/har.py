"""HAR, a heterogeneous autoregression: future volatility from past volatility."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.forecasting.baselines.common import (
    fitting_rows,
    forecast,
    last_row,
    ridge,
    seen_from,
    trailing_quantiles,
)
from cryptoforecast.learning.targets import cumulative_returns
from cryptoforecast.prices.candles import ranges
from cryptoforecast.types import Array, Forecast, PriceHistory

#: Volatility is averaged over these spans, and over the candle itself. Spans that are not longer
#: than a candle are left out.
SPANS = tuple(pd.Timedelta(text) for text in ("1h", "1D", "7D", "28D"))
#: Added to each variance, as a share of their mean, so that a flat candle has a logarithm.
EPSILON_VARIANCE = 0.01
#: Penalty of ``ridge``: it hardly matters with thousands of rows, and holds the weights where there
#: are only some dozens.
PENALTY = 10.0


@dataclass(frozen=True, eq=False)
class Har:
    """The last price, with a band whose width follows the expected volatility.

    For each step k, the logarithm of the volatility of the next k candles (the root of their mean
    variance) is regressed on its averages over a candle, an hour, a day, a week and four weeks, on
    the hour of the day and on the day of the week. The variance of a candle is Parkinson's (1980)
    of its true range: ``ln(max(high, last close) / min(low, last close))^2 / (4 ln 2)``. The band
    is the expected volatility times the quantiles of ``cumulative log-return / expected
    volatility`` over past origins whose outcome was known at the origin (see
    ``trailing_quantiles``). Source: Corsi (2009), "A simple approximate long-memory model of
    realized volatility".

    Attributes:
        epsilon: Added to each variance before its logarithm is taken, squared log-return.
        weights: ``(inputs, horizon)`` of the regression.
        intercepts: ``(horizon,)`` of the regression.
        end: Open of the last candle it was fitted on, UTC.
    """

    epsilon: float
    weights: Array
    intercepts: Array
    end: pd.Timestamp

    @property
    def name(self) -> str:
        return "har"

    @classmethod
    def fit(cls, history: PriceHistory, before: int, horizon: int) -> Har:
        """Regress on origins whose targets all lie before the test span.

        Args:
            history: Closed candles.
            before: First row of the test span; no candle in it or after it is used.
            horizon: Steps, at least 1.

        Raises:
            InvalidInput: If ``before`` or ``horizon`` is outside the history.
            NotEnoughData: If too few returns end before the test span.
        """
        candles = fitting_rows(history, before, horizon)
        epsilon = max(EPSILON_VARIANCE * float(variances(candles).mean()), np.finfo(float).tiny)
        targets = next_log_volatility(candles, horizon, epsilon)
        inputs = _inputs(candles, history.candle_length, epsilon)[: len(targets)]
        return cls(epsilon, *ridge(inputs, targets, PENALTY), candles.index[-1])

    def sigma(self, candles: pd.DataFrame, candle_length: pd.Timedelta) -> Array:
        """Estimate the volatility of the next candles.

        Args:
            candles: ``n`` candles.
            candle_length: Length of one candle.

        Returns:
            ``(n, horizon)`` in log-return a candle. Row *t* looks at candles up to *t*; column
            k - 1 is of the next k candles.
        """
        sigma: Array = np.exp(
            _inputs(candles, candle_length, self.epsilon) @ self.weights + self.intercepts
        )
        return sigma

    def forecast(self, history: PriceHistory, rows: range) -> Forecast:
        """Forecast from each of ``rows``; row *t* looks at candles up to *t*."""
        candles = seen_from(history, rows)
        sigma = self.sigma(candles, history.candle_length)
        returns = cumulative_returns(candles["close"].to_numpy(float), sigma.shape[1])
        band = trailing_quantiles(returns / sigma, rows, last_row(history, self.end))
        band *= sigma[np.asarray(rows, int), :, None]  # in place: of a long history it is large
        return forecast(self.name, history, rows, band)


def variances(candles: pd.DataFrame) -> Array:
    """Compute Parkinson's variance of each candle's true range, ``(n,)`` in squared log-return."""
    variances: Array = ranges.true_log_ranges(candles) ** 2 / ranges.PARKINSON
    return variances


def log_averages(candles: pd.DataFrame, candle_length: pd.Timedelta, epsilon: float) -> Array:
    """Average the logarithm of the candles' volatility, over one candle and over ``SPANS``.

    Returns:
        ``(n, averages)``; the first rows average the candles that there are.
    """
    log = pd.Series(np.log(variances(candles) + epsilon) / 2)
    lengths = [1, *(round(span / candle_length) for span in SPANS if span > candle_length)]
    return np.column_stack([log.rolling(n, min_periods=1).mean().to_numpy() for n in lengths])


def next_log_volatility(candles: pd.DataFrame, horizon: int, epsilon: float) -> Array:
    """Compute the logarithm of the root of the mean variance of the next k candles.

    Row *t* looks ahead to row *t + horizon*: these are targets, never inputs.

    Returns:
        ``(n - horizon, horizon)``.
    """
    total = np.cumsum(variances(candles))
    first = total[:-horizon]
    next_candles = [(total[k : len(first) + k] - first) / k for k in range(1, horizon + 1)]
    logs: Array = np.log(np.column_stack(next_candles) + epsilon) / 2
    return logs


def _inputs(candles: pd.DataFrame, candle_length: pd.Timedelta, epsilon: float) -> Array:
    """Stack averages, hours and days; ``ridge`` leaves out those that do not vary."""
    index = pd.DatetimeIndex(candles.index)
    hour = index.hour.to_numpy()[:, None] == np.arange(1, 24)
    day = index.day_of_week.to_numpy()[:, None] == np.arange(1, 7)
    return np.hstack([log_averages(candles, candle_length, epsilon), hour, day])
