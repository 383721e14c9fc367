"""What a test comes to in a few facts: the same numbers and rules as the verdict's."""

from __future__ import annotations

import math

import numpy as np

from cryptoforecast.evaluation import losses
from cryptoforecast.evaluation.significance import diebold_mariano, skill_interval
from cryptoforecast.evaluation.verdict import SIGNIFICANCE, min_origins
from cryptoforecast.types import Array, Backtest, Comparison, Forecast, Judgement, Outcome, Promise

#: What a coin that is tossed gives.
CHANCE = 0.5


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
    verdict = result.verdicts.get(name)
    if verdict is None:
        outcome = compare(forecast, result.forecasts["naive"]).outcome
    elif math.isnan(verdict.ci_low):
        outcome = "unknown"
    elif verdict.beats_baseline:
        outcome = "better"
    else:
        worse = verdict.ci_high < 0 and verdict.p_value < SIGNIFICANCE
        outcome = "worse" if worse else "tie"
    right = 1 - losses.of_metric(forecast, "directional_accuracy", step)
    return Judgement(
        outcome,
        len(own),
        _mean(own),
        _mean(last_price),
        _promise(right, CHANCE, step),
        _promise(losses.of_metric(forecast, "coverage_80", step), 0.8, step),
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
    range_own, range_base = ranges[0][rows], ranges[1][others]
    return Comparison(
        _outcome(own, base, step),
        len(own),
        _mean(own),
        _mean(base),
        _outcome(range_own, range_base, step),
        skill_interval(range_own, range_base, step)[0],
    )


def _outcome(own: Array, base: Array, step: int) -> Outcome:
    skill, low, high = skill_interval(own, base, step)
    if len(own) < min_origins(step) or math.isnan(low):
        return "unknown"
    if diebold_mariano(own, base, step) < SIGNIFICANCE and low * high > 0:
        return "better" if skill > 0 else "worse"
    return "tie"


def _promise(kept: Array, promised: float, step: int) -> Promise:
    """Compare a share with what was promised, allowing for the overlap of targets."""
    share = _mean(kept)
    p_value = diebold_mariano(kept, np.full(len(kept), promised), step)
    if len(kept) < min_origins(step) or math.isnan(share):
        return Promise(share, promised, "unknown")
    if p_value < SIGNIFICANCE:
        return Promise(share, promised, "better" if share > promised else "worse")
    return Promise(share, promised, "tie")


def _mean(values: Array) -> float:
    return float(np.mean(values)) if len(values) else math.nan
