"""The result of a test in a few facts, by the same numbers and rules as the verdict."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import numpy as np

from cryptoforecast.evaluation import comparison, losses
from cryptoforecast.evaluation.leaderboard import standing
from cryptoforecast.evaluation.scores import coverage
from cryptoforecast.evaluation.side_by_side import aligned
from cryptoforecast.types import (
    Array,
    Backtest,
    Comparison,
    Contest,
    Forecast,
    Judgement,
    Promise,
    Standing,
    outcome_of,
)

#: Share of right directions that a coin toss gives.
CHANCE = 0.5
#: Share of the forecasts that must name a direction; one that names none counts as wrong.
MIN_NAMED = 0.5


def judge(result: Backtest, predictor: str | None = None) -> Judgement:
    """Judge one predictor of a test at the last step.

    Args:
        result: The test.
        predictor: Name of the predictor; by default the one that is shown first.
    """
    name = predictor or result.predictor
    forecast, step = result.forecasts[name], result.spec.horizon
    own, last_price = (
        losses.of_metric(each, "mae", step) for each in (forecast, result.forecasts["naive"])
    )
    price = result.verdicts.get(name) or standing(result, name, "mae", step)
    return Judgement(
        outcome_of(price.low, price.high),
        len(own),
        _mean(own),
        _mean(last_price),
        _direction(result, name),
        _promise(standing(result, name, "coverage_80", step), 0.8),
        result.seen,
    )


def _direction(result: Backtest, name: str) -> Promise:
    """Judge the directions; a forecast that mostly names none has none to judge."""
    forecast, step = result.forecasts[name], result.spec.horizon
    named = forecast.predicted[:, step - 1] != forecast.close
    if named.mean() < MIN_NAMED:
        return Promise(math.nan, CHANCE, "unknown")
    return _promise(standing(result, name, "directional_accuracy", step), CHANCE)


def contest(forecasts: Mapping[str, Forecast], rivals: Collection[str]) -> Contest:
    """Compare the first of several forecasts with some others, on the origins that all have.

    Args:
        forecasts: Forecasts by name, of the same prices.
        rivals: Names of those that the first one is compared with.
    """
    together = aligned(forecasts)
    own, *_ = together.values()
    step = own.horizon
    outcomes = {name: each.at(step) for name, each in together.items()}
    return Contest(
        step,
        len(own),
        {name: _mean(losses.of_metric(each, "mae", step)) for name, each in together.items()},
        {
            name: coverage(each.actual_returns, each.quantiles, 80)
            for name, each in outcomes.items()
        },
        {name: compare(own, together[name]) for name in rivals},
    )


def compare(forecast: Forecast, other: Forecast) -> Comparison:
    """Compare two forecasts at the last step, by point and by range.

    Args:
        forecast: Forecasts of one predictor.
        other: Those of another one, from the same origins and for as many steps; see ``aligned``.
    """
    step = forecast.horizon
    own, base = (losses.of_metric(each, "mae", step) for each in (forecast, other))
    ranges = [losses.of_metric(each, "pinball", step) for each in (forecast, other)]
    price = comparison.compare({"": own}, base, step)[""]
    band = comparison.compare({"": ranges[0]}, ranges[1], step)[""]
    return Comparison(
        outcome_of(price.low, price.high),
        len(own),
        _mean(own),
        _mean(base),
        outcome_of(band.low, band.high),
        band.skill,
    )


def _promise(standing: Standing, level: float) -> Promise:
    return Promise(standing.value, level, outcome_of(standing.low, standing.high))


def _mean(values: Array) -> float:
    return float(np.mean(values)) if len(values) else math.nan
