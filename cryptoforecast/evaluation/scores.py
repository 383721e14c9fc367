"""Error metrics as plain functions on arrays, and the scores of one forecast.

A figure that is undefined is NaN, never 0; in JSON it is ``None``. Imports NumPy only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from cryptoforecast.types import QUANTILES, Array, Forecast, Scores

#: JSON figures of one step.
Figures = dict[str, float | None]


def mae(actual: Array, predicted: Array) -> float:
    """Compute the mean absolute error, mean |actual - predicted|.

    Args:
        actual: ``(n,)`` what happened.
        predicted: ``(n,)`` point forecasts, in the same unit.

    Returns:
        In the unit of ``actual``; NaN if there is nothing to average.
    """
    return _mean(np.abs(actual - predicted))


def rmse(actual: Array, predicted: Array) -> float:
    """Compute the root mean squared error, sqrt(mean (actual - predicted)^2).

    Args:
        actual: ``(n,)`` what happened.
        predicted: ``(n,)`` point forecasts, in the same unit.

    Returns:
        In the unit of ``actual``; NaN if there is nothing to average.
    """
    return math.sqrt(_mean((actual - predicted) ** 2))


def mape(actual: Array, predicted: Array) -> float:
    """Compute the mean absolute percentage error, mean |actual - predicted| / |actual|.

    Args:
        actual: ``(n,)`` what happened.
        predicted: ``(n,)`` point forecasts, in the same unit.

    Returns:
        A fraction (0.01 = 1 %); NaN if any actual is 0.
    """
    return _mean(_ratio(np.abs(actual - predicted), np.abs(actual)))


def smape(actual: Array, predicted: Array) -> float:
    """Compute the symmetric MAPE, mean 2 |actual - predicted| / (|actual| + |predicted|).

    Source: Makridakis (1993), "Accuracy measures: theoretical and practical concerns".

    Args:
        actual: ``(n,)`` what happened.
        predicted: ``(n,)`` point forecasts, in the same unit.

    Returns:
        A fraction between 0 and 2; NaN if an actual and its prediction are both 0.
    """
    return _mean(_ratio(2 * np.abs(actual - predicted), np.abs(actual) + np.abs(predicted)))


def mase(actual: Array, predicted: Array, scale: float) -> float:
    """Compute the mean absolute scaled error, MAE / scale.

    Source: Hyndman and Koehler (2006), "Another look at measures of forecast accuracy".

    Args:
        actual: ``(n,)`` what happened, USD.
        predicted: ``(n,)`` point forecasts, USD.
        scale: mean one-step move of the training rows, USD; see ``naive_scale``.

    Returns:
        A ratio; NaN if the scale is 0 or undefined.
    """
    return mae(actual, predicted) / scale if scale > 0 else math.nan


def naive_scale(close: Array, train_rows: int) -> float:
    """Compute MASE's scale, mean |close[t+1] - close[t]| over the training rows.

    Args:
        close: ``(n,)`` closes of the whole history, USD.
        train_rows: the first so many rows are the training rows.

    Returns:
        In USD; NaN with fewer than two training rows.
    """
    return _mean(np.abs(np.diff(close[:train_rows])))


def directional_accuracy(close: Array, actual: Array, predicted: Array) -> float:
    """Compute the share of origins whose direction was right, where the price moved.

    mean [sign(predicted - close) = sign(actual - close)] over origins with actual != close. An
    origin for which no move was predicted counts as wrong.

    Args:
        close: ``(n,)`` close at the origin, USD.
        actual: ``(n,)`` close ``step`` rows later, USD.
        predicted: ``(n,)`` point forecast of it, USD.

    Returns:
        A fraction; NaN if the price never moved, a forecast is missing, or no move was ever
        predicted (naive).
    """
    called = np.sign(predicted - close)
    if np.isnan(called).any() or not called.any():
        return math.nan
    went = np.sign(actual - close)
    return _mean((called == went)[went != 0])


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
    return _mean(_losses(actual_returns, quantiles, levels))


def pinball_losses(
    actual_returns: Array, quantiles: Array, levels: Sequence[float] = QUANTILES
) -> Array:
    """Compute the pinball loss of each origin, ``(n,)``, as ``pinball`` averages it."""
    losses: Array = _losses(actual_returns, quantiles, levels).mean(axis=1)
    return losses


def coverage(actual_returns: Array, quantiles: Array, level: int) -> float:
    """Compute the share of actuals inside the central band, bounds included.

    Args:
        actual_returns: ``(n,)`` cumulative log-return that happened.
        quantiles: ``(n, 9)`` forecast quantiles of it.
        level: 50, 80, 90 or 95 (%).

    Returns:
        A fraction, ideally ``level / 100``; NaN if a bound is undefined or there are no origins.

    Raises:
        ValueError: if no pair of the nine quantiles bounds such a band.
    """
    low, high = (quantiles[:, column] for column in band(level))
    if np.isnan(low).any() or np.isnan(high).any():
        return math.nan
    return _mean((low <= actual_returns) & (actual_returns <= high))


def band(level: int) -> tuple[int, int]:
    """Find the columns of the two quantiles that bound the central ``level`` % band.

    Raises:
        ValueError: if no pair of the nine quantiles bounds such a band.
    """
    for column, share in enumerate(QUANTILES):
        if math.isclose(1 - 2 * share, level / 100):
            return column, len(QUANTILES) - 1 - column
    raise ValueError(f"`level` must be 50, 80, 90 or 95 (%). Received: {level!r}.")


def score(forecast: Forecast, naive_scale: float) -> tuple[Scores, ...]:
    """Score a forecast, step by step, on the origins whose outcome is known.

    Args:
        forecast: of one predictor.
        naive_scale: MASE's scale, USD; see ``naive_scale``.

    Returns:
        One ``Scores`` for each step, 1 to the horizon.
    """
    returns = forecast.actual_returns
    return tuple(
        _score_step(forecast, returns[:, column], column, naive_scale)
        for column in range(forecast.horizon)
    )


def as_json(scores: Scores) -> Figures:
    """Convert to JSON figures in the contract's order; ``None`` where undefined."""
    return {name: finite(value) for name, value in asdict(scores).items()}


def scores_json(scores: Sequence[Scores]) -> dict[str, object]:
    """Convert to JSON: the last step's figures at the top, all of them in ``by_step``."""
    by_step = [{"step": step, **as_json(s)} for step, s in enumerate(scores, start=1)]
    return {**as_json(scores[-1]), "by_step": by_step}


def finite(value: float) -> float | None:
    """Return the value as a plain float, or ``None`` if it is NaN or infinite."""
    return float(value) if math.isfinite(value) else None


def _score_step(forecast: Forecast, returns: Array, column: int, scale: float) -> Scores:
    known = np.isfinite(forecast.actual[:, column])
    rows = slice(None) if known.all() else known  # the first spares copies
    close, returns = forecast.close[rows], returns[rows]
    actual, predicted = forecast.actual[rows, column], forecast.predicted[rows, column]
    quantiles = forecast.quantiles[rows, column]
    return Scores(
        mae=mae(actual, predicted),
        rmse=rmse(actual, predicted),
        mape=mape(actual, predicted),
        smape=smape(actual, predicted),
        mase=mase(actual, predicted, scale),
        directional_accuracy=directional_accuracy(close, actual, predicted),
        pinball=pinball(returns, quantiles),
        coverage_80=coverage(returns, quantiles, 80),
        coverage_95=coverage(returns, quantiles, 95),
    )


def _losses(actual_returns: Array, quantiles: Array, levels: Sequence[float]) -> Array:
    error = actual_returns[:, None] - quantiles
    share = np.asarray(levels)
    losses: Array = np.maximum(share * error, (share - 1) * error)
    return losses


def _mean(values: Array) -> float:
    return float(np.mean(values)) if values.size else math.nan


def _ratio(numerator: Array, denominator: Array) -> Array:
    ratios: Array = np.divide(
        numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator != 0
    )
    return ratios
