"""The losses of single origins; each loss is defined here once.

Scores, leaderboard, diagnostics, reliability and verdict average these losses. A loss that is
undefined is NaN, never 0. Smaller is better, except for ``inside``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cryptoforecast.types import QUANTILES, Array, Forecast

#: Level of the band (%) by the metric that is its coverage.
COVERAGE_LEVELS = {"coverage_80": 80, "coverage_95": 95}


def of_metric(forecast: Forecast, metric: str, step: int) -> Array:
    """Compute the loss of each origin with a known outcome, for one metric.

    Args:
        forecast: Forecast of one predictor.
        metric: A field of ``Scores``.
        step: 1 to the horizon.

    Returns:
        ``(m,)``: absolute errors of the price (``mae``, ``mase``), squared ones (``rmse``),
        relative ones (``mape``, ``smape``), pinball losses; 1 for a wrong direction and 0 for a
        right one, of the origins after which the price moved; of a coverage 1 inside the band and
        0 outside.
    """
    outcomes = forecast.at(step)
    if metric == "pinball":
        return pinball_of_origins(outcomes.actual_returns, outcomes.quantiles)
    if metric in COVERAGE_LEVELS:
        return inside(outcomes.actual_returns, outcomes.quantiles, COVERAGE_LEVELS[metric])
    if metric == "directional_accuracy":
        return wrong_direction(outcomes.close, outcomes.actual, outcomes.predicted)
    loss = {"rmse": squared, "mape": relative, "smape": symmetric}.get(metric, absolute)
    return loss(outcomes.actual, outcomes.predicted)


def absolute(actual: Array, predicted: Array) -> Array:
    """Compute |actual - predicted|, ``(n,)`` in the unit of both."""
    error: Array = np.abs(actual - predicted)
    return error


def squared(actual: Array, predicted: Array) -> Array:
    """Compute (actual - predicted)^2, ``(n,)`` in the squared unit of both."""
    error: Array = (actual - predicted) ** 2
    return error


def relative(actual: Array, predicted: Array) -> Array:
    """Compute |actual - predicted| / |actual|, ``(n,)`` fractions; NaN where actual is 0."""
    return _ratio(np.abs(actual - predicted), np.abs(actual))


def symmetric(actual: Array, predicted: Array) -> Array:
    """Compute 2 |actual - predicted| / (|actual| + |predicted|), ``(n,)``; NaN where both are 0.

    Source: Makridakis (1993), "Accuracy measures: theoretical and practical concerns".
    """
    return _ratio(2 * np.abs(actual - predicted), np.abs(actual) + np.abs(predicted))


def wrong_direction(close: Array, actual: Array, predicted: Array) -> Array:
    """Mark origins whose predicted move had another sign than the actual one.

    A forecast of no move counts as wrong. Origins after which the price did not move are left out.

    Args:
        close: ``(n,)`` close at the origin, quote currency.
        actual: ``(n,)`` close some steps later, quote currency.
        predicted: ``(n,)`` point forecast of it, quote currency.

    Returns:
        ``(m,)`` 1 where wrong, 0 where right; NaN everywhere if a forecast is missing, or if no
        move was ever predicted (naive).
    """
    forecast, outcome = np.sign(predicted - close), np.sign(actual - close)
    wrong: Array = (forecast != outcome)[outcome != 0].astype(float)
    if np.isnan(forecast).any() or not forecast.any():
        return np.full(len(wrong), math.nan)
    return wrong


def pinball(actual_returns: Array, quantiles: Array, levels: Sequence[float] = QUANTILES) -> Array:
    """Compute the pinball loss of each origin and quantile.

    max(q (y - f), (q - 1) (y - f)) for return y and its forecast f of quantile q.
    Source: Koenker and Bassett (1978), "Regression quantiles".

    Args:
        actual_returns: ``(n,)`` cumulative log-return that happened.
        quantiles: ``(n, 9)`` forecast quantiles of it.
        levels: ``(9,)`` the probabilities that they belong to.

    Returns:
        ``(n, 9)`` in log-return.
    """
    # One row of quantiles, broadcast to all origins, would be summed in another order than a copy.
    error = actual_returns[:, None] - np.ascontiguousarray(quantiles)
    share = np.asarray(levels)
    loss: Array = np.maximum(share * error, (share - 1) * error)
    return loss


def pinball_of_origins(actual_returns: Array, quantiles: Array) -> Array:
    """Average the pinball loss of each origin over its nine quantiles, ``(n,)`` in log-return."""
    loss: Array = pinball(actual_returns, quantiles).mean(axis=1)
    return loss


def inside(actual_returns: Array, quantiles: Array, level: int) -> Array:
    """Mark actuals that lie inside the central band, bounds included.

    Args:
        actual_returns: ``(n,)`` cumulative log-return that happened.
        quantiles: ``(n, 9)`` forecast quantiles of it.
        level: 50, 80, 90 or 95 (%).

    Returns:
        ``(n,)`` 1 inside, 0 outside, NaN where a bound is undefined.

    Raises:
        ValueError: If no pair of the nine quantiles bounds such a band.
    """
    low, high = (quantiles[:, column] for column in band(level))
    hits: Array = ((low <= actual_returns) & (actual_returns <= high)).astype(float)
    hits[np.isnan(low) | np.isnan(high)] = math.nan
    return hits


def band(level: int) -> tuple[int, int]:
    """Find the columns of the two quantiles that bound the central ``level`` % band.

    Raises:
        ValueError: If no pair of the nine quantiles bounds such a band.
    """
    for column, share in enumerate(QUANTILES):
        if math.isclose(1 - 2 * share, level / 100):
            return column, len(QUANTILES) - 1 - column
    raise ValueError(f"`level` must be 50, 80, 90 or 95 (%). Received: {level!r}.")


def _ratio(numerator: Array, denominator: Array) -> Array:
    ratio = np.full(len(numerator), np.nan)
    np.divide(numerator, denominator, out=ratio, where=denominator != 0)
    return ratio
