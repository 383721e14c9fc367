"""Regressions of the return itself: by least squares, and by boosted trees.

Both forecast where the price goes, and start from the volatility that ``Har`` expects.
scikit-learn is imported inside a function, so that a process that only uses saved models never
loads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cryptoforecast.forecasting.baselines.common import (
    candles_until,
    fitting_rows,
    forecast,
    last_row,
    ridge,
    trailing_quantiles,
)
from cryptoforecast.forecasting.baselines.har import Har, log_averages, next_log_volatility
from cryptoforecast.learning import features
from cryptoforecast.learning.columns import log_returns
from cryptoforecast.learning.targets import cumulative_returns
from cryptoforecast.types import Array, Forecast, PriceHistory

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor

#: Number of last returns among the inputs, and lengths of the sums of returns, in candles.
LAGS, SUMS = 4, (6, 24, 168)
#: Penalty of the linear regression, as a share of the rows.
PENALTY = 0.2
#: A target is cut at so many standard deviations, so that a few crashes do not decide a slope.
CUT = 1.0
#: Settings of the boosted trees that predict the scale.
SCALE = {"max_iter": 50, "max_leaf_nodes": 15, "learning_rate": 0.1, "min_samples_leaf": 200}
#: Settings of the boosted trees that predict the location. They have fewer leaves, because there is
#: hardly anything to learn, and each leaf has at least so many rows times the step, because targets
#: of neighbouring rows overlap.
LOCATION = {"max_iter": 50, "max_leaf_nodes": 7, "learning_rate": 0.03}
LOCATION_ROWS = 1000
#: Features that both regressions read, whatever networks read by default.
INPUTS = (
    "scaled_return", "scaled_move", "scaled_range", "short_range", "hour", "half_day", "week",
)  # fmt: skip
#: Number of values of an input that the trees distinguish.
BINS = 63


@dataclass(frozen=True, eq=False)
class Linear:
    """A ridge regression of the return on causal inputs, with a band of ``Har``'s width.

    The target is the cumulative log-return over ``Har``'s sigma, cut at one standard deviation. The
    inputs are ``INPUTS``, the last returns and sums of returns, each divided by the sigma that was
    expected for it. The band is sigma times the quantiles of past ``return / sigma - predicted``;
    see ``trailing_quantiles``.

    Attributes:
        har: The regression whose sigma scales the returns.
        weights: ``(inputs, horizon)``.
        intercepts: ``(horizon,)``.
    """

    har: Har
    weights: Array
    intercepts: Array

    @property
    def name(self) -> str:
        return "linear"

    @classmethod
    def fit(cls, history: PriceHistory, before: int, horizon: int) -> Linear:
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
        har = Har.fit(history, before, horizon)
        sigma = har.in_sample_sigma(history, before)
        inputs = _inputs(candles, sigma)[: before - horizon]
        targets = (_returns(candles, horizon) / sigma)[: before - horizon]
        cut = CUT * targets.std(axis=0)
        return cls(har, *ridge(inputs, np.clip(targets, -cut, cut), PENALTY * len(inputs)))

    def forecast(self, history: PriceHistory, rows: range) -> Forecast:
        """Forecast from each of ``rows``; row *t* looks at candles up to *t*."""
        candles = candles_until(history, rows)
        sigma = self.har.sigma(history, range(len(candles)))
        centre = sigma * (_inputs(candles, sigma) @ self.weights + self.intercepts)
        return _around(self.name, history, rows, centre, sigma, self.har.end)


@dataclass(frozen=True, eq=False)
class Boosting:
    """Boosted trees (scikit-learn) of where the price goes and of how far, on one thread.

    One set of trees corrects the logarithm of ``Har``'s sigma (squared error), another predicts the
    median of ``return / sigma`` (absolute error). Each is fitted for the first and for the last
    step; between them the prediction is linear in the logarithm of the step. So a horizon of 48
    costs no more than a horizon of 2. The band is made as in ``Linear``.

    Attributes:
        har: The regression whose sigma scales the returns.
        scales: Trees of the scale, for the first and the last step; one if these are the same.
        locations: Trees of the location, in the same way.
    """

    har: Har
    scales: tuple[HistGradientBoostingRegressor, ...]
    locations: tuple[HistGradientBoostingRegressor, ...]

    @property
    def name(self) -> str:
        return "boosting"

    @classmethod
    def fit(cls, history: PriceHistory, before: int, horizon: int) -> Boosting:
        """Grow trees on origins whose targets all lie before the test span.

        Args:
            history: Closed candles.
            before: First row of the test span; no candle in it or after it is used.
            horizon: Steps, at least 1.

        Raises:
            InvalidInput: If ``before`` or ``horizon`` is outside the history.
            NotEnoughData: If too few returns end before the test span.
        """
        candles = fitting_rows(history, before, horizon)
        har = Har.fit(history, before, horizon)
        sigma = har.in_sample_sigma(history, before)
        inputs = _tree_inputs(candles, history.candle_length, sigma)[: before - horizon]
        surprises = next_log_volatility(candles, horizon)
        surprises -= np.log(sigma[: before - horizon])
        returns = (_returns(candles, horizon) / sigma)[: before - horizon]
        ends = sorted({0, horizon - 1})
        return cls(
            har,
            tuple(_grow(inputs, surprises[:, k], loss="squared_error", **SCALE) for k in ends),
            tuple(
                _grow(
                    inputs,
                    returns[:, k],
                    loss="absolute_error",
                    min_samples_leaf=LOCATION_ROWS * (k + 1),
                    **LOCATION,
                )
                for k in ends
            ),
        )

    def forecast(self, history: PriceHistory, rows: range) -> Forecast:
        """Forecast from each of ``rows``; row *t* looks at candles up to *t*."""
        candles = candles_until(history, rows)
        sigma = self.har.sigma(history, range(len(candles)))
        inputs = _tree_inputs(candles, history.candle_length, sigma)
        centre = sigma * _predict(self.locations, inputs, sigma.shape[1])
        sigma = sigma * np.exp(_predict(self.scales, inputs, sigma.shape[1]))
        return _around(self.name, history, rows, centre, sigma, self.har.end)


def _returns(candles: pd.DataFrame, horizon: int) -> Array:
    return cumulative_returns(candles["close"].to_numpy(float), horizon)


def _inputs(candles: pd.DataFrame, sigma: Array) -> Array:
    """Stack ``INPUTS``, and returns divided by the sigma that was expected for them.

    Returns:
        ``(n, inputs)``, 0 where nothing is known yet; row *t* looks at candles up to *t*.
    """
    move = np.zeros(len(candles))
    move[1:] = log_returns(candles["close"].to_numpy(float))[1:] / sigma[:-1, 0]
    lagged = [np.concatenate([np.zeros(lag), move])[: len(move)] for lag in range(LAGS)]
    series = pd.Series(move)
    sums = [series.rolling(n, min_periods=1).sum().to_numpy() / np.sqrt(n) for n in SUMS]
    raw = features.matrix(candles, INPUTS)
    inputs: Array = np.nan_to_num(np.column_stack([raw, *lagged, *sums]))
    return inputs


def _tree_inputs(candles: pd.DataFrame, candle_length: pd.Timedelta, sigma: Array) -> Array:
    return np.hstack([_inputs(candles, sigma), log_averages(candles, candle_length)])


def _grow(inputs: Array, targets: Array, **settings: float | str) -> HistGradientBoostingRegressor:
    """Fit boosted trees on one thread: on a busy machine several threads wait for each other."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    trees = HistGradientBoostingRegressor(
        max_bins=BINS, early_stopping=False, random_state=0, **settings
    )
    with threadpool_limits(limits=1, user_api="openmp"):
        return trees.fit(inputs, targets)


def _predict(ends: tuple[HistGradientBoostingRegressor, ...], inputs: Array, horizon: int) -> Array:
    """Predict the first and the last step, and interpolate between them: ``(n, horizon)``."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="openmp"):
        first, last = (trees.predict(inputs)[:, None] for trees in (ends[0], ends[-1]))
    share = np.log(np.arange(1, horizon + 1)) / np.log(max(horizon, 2))
    values: Array = first + (last - first) * share
    return values


def _around(
    name: str, history: PriceHistory, rows: range, centre: Array, sigma: Array, end: pd.Timestamp
) -> Forecast:
    """Draw a band of past residuals around a predicted return.

    Args:
        name: Name of the baseline.
        history: The prices it forecasts.
        rows: The origins.
        centre: ``(n, horizon)`` predicted log-return at each row up to the last origin.
        sigma: ``(n, horizon)`` expected volatility at the same rows.
        end: Open of the last candle the baseline was fitted on, UTC.
    """
    returns = _returns(candles_until(history, rows), sigma.shape[1])
    band = trailing_quantiles((returns - centre) / sigma, rows, last_row(history, end))
    origins = np.asarray(rows, dtype=np.intp)
    quantiles = centre[origins, :, None] + sigma[origins, :, None] * band
    return forecast(name, history, rows, quantiles, centre[origins])
