"""Error metrics: the losses of many origins in one figure, and all figures of one forecast.

A figure that is undefined is NaN, never 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cryptoforecast.evaluation import losses
from cryptoforecast.types import QUANTILES, Array, Forecast, Scores, StepForecast


def mae(actual: Array, predicted: Array) -> float:
    """Compute the mean absolute error, mean |actual - predicted|.

    Args:
        actual: ``(n,)`` what happened.
        predicted: ``(n,)`` point forecasts, in the same unit.

    Returns:
        In the unit of ``actual``; NaN if there is nothing to average.
    """
    return _mean(losses.absolute(actual, predicted))


def rmse(actual: Array, predicted: Array) -> float:
    """Compute the root mean squared error, sqrt(mean (actual - predicted)^2).

    Args:
        actual: ``(n,)`` what happened.
        predicted: ``(n,)`` point forecasts, in the same unit.

    Returns:
        In the unit of ``actual``; NaN if there is nothing to average.
    """
    return math.sqrt(_mean(losses.squared(actual, predicted)))


def mape(actual: Array, predicted: Array) -> float:
    """Compute the mean absolute percentage error, mean |actual - predicted| / |actual|.

    Args:
        actual: ``(n,)`` what happened.
        predicted: ``(n,)`` point forecasts, in the same unit.

    Returns:
        A fraction (0.01 = 1 %); NaN if any actual is 0.
    """
    return _mean(losses.relative(actual, predicted))


def smape(actual: Array, predicted: Array) -> float:
    """Compute the symmetric MAPE, mean 2 |actual - predicted| / (|actual| + |predicted|).

    Source: Makridakis (1993), "Accuracy measures: theoretical and practical concerns".

    Args:
        actual: ``(n,)`` what happened.
        predicted: ``(n,)`` point forecasts, in the same unit.

    Returns:
        A fraction between 0 and 2; NaN if an actual and its prediction are both 0.
    """
    return _mean(losses.symmetric(actual, predicted))


def mase(actual: Array, predicted: Array, scale: float) -> float:
    """Compute the mean absolute scaled error, MAE / scale.

    Source: Hyndman and Koehler (2006), "Another look at measures of forecast accuracy".

    Args:
        actual: ``(n,)`` what happened, quote currency.
        predicted: ``(n,)`` point forecasts, quote currency.
        scale: Mean one-step move of the training rows, quote currency; see ``naive_scale``.

    Returns:
        A ratio; NaN if the scale is 0 or undefined.
    """
    return mae(actual, predicted) / scale if scale > 0 else math.nan


def naive_scale(close: Array, train_rows: int) -> float:
    """Compute MASE's scale, mean |close[t+1] - close[t]| over the training rows.

    Args:
        close: ``(n,)`` closes of the whole history, quote currency.
        train_rows: Number of training rows, which are the first ones.

    Returns:
        In the quote currency; NaN with fewer than two training rows.
    """
    return _mean(np.abs(np.diff(close[:train_rows])))


def directional_accuracy(close: Array, actual: Array, predicted: Array) -> float:
    """Compute the share of origins whose direction was right, where the price moved.

    mean [sign(predicted - close) = sign(actual - close)] over origins with actual != close. An
    origin for which no move was predicted counts as wrong.

    Args:
        close: ``(n,)`` close at the origin, quote currency.
        actual: ``(n,)`` close ``step`` rows later, quote currency.
        predicted: ``(n,)`` point forecast of it, quote currency.

    Returns:
        A fraction; NaN if the price never moved, a forecast is missing, or no move was ever
        predicted (naive).
    """
    return _mean(1 - losses.wrong_direction(close, actual, predicted))


def pinball(actual_returns: Array, quantiles: Array, levels: Sequence[float] = QUANTILES) -> float:
    """Compute the mean pinball loss over origins and quantiles.

    mean max(q (y - f), (q - 1) (y - f)) for return y and its forecast f of quantile q.
    Source: Koenker and Bassett (1978), "Regression quantiles".

    Args:
        actual_returns: ``(n,)`` cumulative log-return that happened.
        quantiles: ``(n, 9)`` forecast quantiles of it.
        levels: ``(9,)`` the probabilities they belong to.

    Returns:
        In log-return; NaN if there is nothing to average.
    """
    return _mean(losses.pinball(actual_returns, quantiles, levels))


def coverage(actual_returns: Array, quantiles: Array, level: int) -> float:
    """Compute the share of actuals inside the central band, bounds included.

    Args:
        actual_returns: ``(n,)`` cumulative log-return that happened.
        quantiles: ``(n, 9)`` forecast quantiles of it.
        level: 50, 80, 90 or 95 (%).

    Returns:
        A fraction, ideally ``level / 100``; NaN if a bound is undefined or there are no origins.

    Raises:
        ValueError: If no pair of the nine quantiles bounds such a band.
    """
    return _mean(losses.inside(actual_returns, quantiles, level))


def score(forecast: Forecast, naive_scale: float) -> tuple[Scores, ...]:
    """Score a forecast, step by step, on the origins whose outcome is known.

    Args:
        forecast: Forecast of one predictor.
        naive_scale: Scale of MASE, quote currency; see the function ``naive_scale``.

    Returns:
        One ``Scores`` for each step, 1 to the horizon.
    """
    steps = range(1, forecast.horizon + 1)
    return tuple(_score_step(forecast.at(step), naive_scale) for step in steps)


def _score_step(forecast: StepForecast, scale: float) -> Scores:
    actual, predicted = forecast.actual, forecast.predicted
    returns, quantiles = forecast.actual_returns, forecast.quantiles
    return Scores(
        mae=mae(actual, predicted),
        rmse=rmse(actual, predicted),
        mape=mape(actual, predicted),
        smape=smape(actual, predicted),
        mase=mase(actual, predicted, scale),
        directional_accuracy=directional_accuracy(forecast.close, actual, predicted),
        pinball=pinball(returns, quantiles),
        coverage_80=coverage(returns, quantiles, 80),
        coverage_95=coverage(returns, quantiles, 95),
    )


def _mean(values: Array) -> float:
    """Average; the one ``math.nan`` where undefined, so that equal scores compare as equal."""
    mean = float(np.mean(values)) if values.size else math.nan
    return math.nan if math.isnan(mean) else mean
