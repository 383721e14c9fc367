"""The leaderboard: predictors by one metric at one step, and whether a lead is more than chance.

If several predictors are compared, one of them looks good by luck. So each p-value is also given
corrected for the number of comparisons on the board (Holm 1979, "A simple sequentially rejective
multiple test procedure"). Nothing can correct for settings that were tried before.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation import losses
from cryptoforecast.evaluation.significance import diebold_mariano, skill_interval
from cryptoforecast.evaluation.verdict import min_origins
from cryptoforecast.types import Array, Backtest, Leaderboard, Scores, Standing

#: What a board can be ordered by: the fields of ``Scores``.
METRICS: tuple[str, ...] = tuple(field.name for field in dataclasses.fields(Scores))
DIRECTION = "directional_accuracy"


def leaderboard(
    result: Backtest, metric: str = "pinball", step: int | None = None, reference: str = "naive"
) -> Leaderboard:
    """Order the predictors of a backtest, and compare each with a reference.

    All are compared on the same origins. A coverage is compared with the level of the band. If the
    reference never predicts a direction, directions are compared with a coin toss.

    Args:
        result: A backtest of several predictors.
        metric: Metric that orders the board, one of ``METRICS``.
        step: 1 to the horizon; the last by default.
        reference: Name of the predictor that the others are compared with.

    Raises:
        InvalidInput: If the backtest has no such metric, step or reference.
    """
    step = result.spec.horizon if step is None else step
    _check(result, metric, step, reference)
    own = {
        name: losses.of_metric(forecast, metric, step)
        for name, forecast in result.forecasts.items()
    }
    base = _base(own[reference], metric)
    standings = [
        _standing(name, getattr(result.scores[name][step - 1], metric), each, base, metric, step)
        if metric in losses.COVERAGE_LEVELS or name != reference
        else _itself(name, getattr(result.scores[name][step - 1], metric))
        for name, each in own.items()
    ]
    corrected = holm([each.p_value for each in standings])
    standings = [
        dataclasses.replace(each, p_holm=p) for each, p in zip(standings, corrected, strict=True)
    ]
    ordered = tuple(sorted(standings, key=lambda each: _rank(each.value, metric)))
    return Leaderboard(metric, step, reference, len(base), ordered)


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number, so that a false finding among them stays rare.

    The i-th smallest of m is multiplied by m - i + 1, never below the one before and at most 1.

    Args:
        p_values: NaN where there was no comparison; these stay NaN and are not counted.
    """
    known = sorted((p, i) for i, p in enumerate(p_values) if not math.isnan(p))
    corrected, least = [math.nan] * len(p_values), 0.0
    for rank, (p, i) in enumerate(known):
        least = max(least, min(1.0, p * (len(known) - rank)))
        corrected[i] = least
    return corrected


def _base(reference: Array, metric: str) -> Array:
    """Return the losses that the others are compared with."""
    if metric in losses.COVERAGE_LEVELS:
        return np.full(len(reference), losses.COVERAGE_LEVELS[metric] / 100)
    if metric == DIRECTION and np.isnan(reference).all():
        return np.full(len(reference), 0.5)
    return reference


def _standing(name: str, value: float, own: Array, base: Array, metric: str, step: int) -> Standing:
    skill, low, high = skill_interval(own, base, step) if len(own) else (math.nan,) * 3
    p_value = diebold_mariano(own, base, step)
    if len(own) < min_origins(step):
        low = high = p_value = math.nan
    if metric == "rmse":  # these are skills of squared errors; the root does not change their order
        skill, low, high = (1 - math.sqrt(1 - each) for each in (skill, low, high))
    if metric in losses.COVERAGE_LEVELS:
        share = losses.COVERAGE_LEVELS[metric] / 100
        skill, low, high = -share * skill, -share * high, -share * low
    return Standing(name, value, skill, low, high, p_value, math.nan)


def _itself(name: str, value: float) -> Standing:
    return Standing(name, value, 0.0, math.nan, math.nan, math.nan, math.nan)


def _rank(value: float, metric: str) -> float:
    """Return the key of the order: the best first, the undefined last."""
    if math.isnan(value):
        return math.inf
    if metric in losses.COVERAGE_LEVELS:
        return abs(value - losses.COVERAGE_LEVELS[metric] / 100)
    return -value if metric == DIRECTION else value


def check_metric(metric: str) -> None:
    """Raise ``InvalidInput`` unless this is one of ``METRICS``."""
    if metric not in METRICS:
        raise InvalidInput(f"`metric` must be one of {', '.join(METRICS)}. Received: {metric!r}.")


def _check(result: Backtest, metric: str, step: int, reference: str) -> None:
    check_metric(metric)
    if not 1 <= step <= result.spec.horizon:
        raise InvalidInput(
            f"`step` must be 1 to the horizon, {result.spec.horizon}. Received: {step}."
        )
    if reference not in result.forecasts:
        raise InvalidInput(
            f"`reference` must be one of {', '.join(result.forecasts)}. Received: {reference!r}."
        )
