"""What a test comes to in a few facts: the same numbers and rules as the verdict's."""

from __future__ import annotations

import math

import numpy as np

from cryptoforecast.evaluation import comparison, losses
from cryptoforecast.evaluation.leaderboard import standing
from cryptoforecast.types import (
    Array,
    Backtest,
    Comparison,
    Forecast,
    Judgement,
    Outcome,
    Promise,
    Standing,
)

#: What a coin that is tossed gives.
CHANCE = 0.5
#: How the sentence of a verdict begins, by what it says of the price.
_OPENINGS: tuple[tuple[str, Outcome], ...] = (
    ("Beats ", "better"), ("Loses ", "worse"), ("Does not beat ", "tie"),
)  # fmt: skip


def outcome_of(sentence: str) -> Outcome:
    """Return what the sentence of a verdict says; a saved model has no more of its test."""
    return next((outcome for text, outcome in _OPENINGS if sentence.startswith(text)), "unknown")


def judge(result: Backtest, predictor: str | None = None) -> Judgement:
    """Judge one predictor of a test at the last step.

    Args:
        result: The test.
        predictor: Its name; by default the one that is shown first.
    """
    name = predictor or result.predictor
    forecast, step = result.forecasts[name], result.spec.horizon
    own, last_price = (
        losses.of_metric(each, "mae", step) for each in (forecast, result.forecasts["naive"])
    )
    price = result.verdicts.get(name) or standing(result, name, "mae", step)
    return Judgement(
        _outcome(price.low, price.high),
        len(own),
        _mean(own),
        _mean(last_price),
        _promise(standing(result, name, "directional_accuracy", step), CHANCE),
        _promise(standing(result, name, "coverage_80", step), 0.8),
        result.seen,
    )


def compare(forecast: Forecast, other: Forecast) -> Comparison:
    """Compare two forecasts at the last step, on the origins of both, by point and by range.

    Args:
        forecast: Forecasts of one predictor.
        other: Those of another one on the same prices, for as many steps.
    """
    step = forecast.horizon
    if other.horizon != step:
        return Comparison("unknown", 0, math.nan, math.nan)
    one, two = forecast.at(step), other.at(step)
    _, rows, others = np.intersect1d(one.origins.asi8, two.origins.asi8, return_indices=True)
    own = losses.absolute(one.actual, one.predicted)[rows]
    base = losses.absolute(two.actual, two.predicted)[others]
    ranges = [losses.of_metric(each, "pinball", step) for each in (forecast, other)]
    price = comparison.compare({"": own}, base, step)[""]
    band = comparison.compare({"": ranges[0][rows]}, ranges[1][others], step)[""]
    return Comparison(
        _outcome(price.low, price.high),
        len(own),
        _mean(own),
        _mean(base),
        _outcome(band.low, band.high),
        band.skill,
    )


def _outcome(low: float, high: float) -> Outcome:
    """Say what the interval of a skill means."""
    if math.isnan(low):
        return "unknown"
    return "better" if low > 0 else "worse" if high < 0 else "tie"


def _promise(found: Standing, promised: float) -> Promise:
    return Promise(found.value, promised, _outcome(found.low, found.high))


def _mean(values: Array) -> float:
    return float(np.mean(values)) if len(values) else math.nan
