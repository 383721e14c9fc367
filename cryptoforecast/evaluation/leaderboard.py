"""The leaderboard: predictors by one metric at one step, and whether a lead is more than chance.

Comparisons are corrected for their number (``comparison``). The predictors that the test was made
for are one group, and all others are another. So a leaderboard says the same as the verdict,
however many others it lists.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation import losses
from cryptoforecast.evaluation.comparison import Difference, compare
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
    standings = [
        each
        for names in _groups(result)
        for each in _standings(result, names, metric, step, reference)
    ]
    by_rank = tuple(sorted(standings, key=lambda each: _rank(each.value, metric)))
    origins = len(_base(result, metric, step, reference))
    return Leaderboard(metric, step, reference, origins, by_rank)


def standing(
    result: Backtest, predictor: str, metric: str, step: int, reference: str = "naive"
) -> Standing:
    """Return one row of a leaderboard, without the work for the others.

    Args:
        result: A backtest of several predictors.
        predictor: Name of the predictor whose row it is.
        metric: One of ``METRICS``.
        step: 1 to the horizon.
        reference: Name of the predictor that it is compared with.

    Raises:
        InvalidInput: If the backtest has no such metric, step or reference.
    """
    _check(result, metric, step, reference)
    group = next(names for names in _groups(result) if predictor in names)
    rows = _standings(result, group, metric, step, reference)
    return next(each for each in rows if each.predictor == predictor)


def _groups(result: Backtest) -> tuple[list[str], list[str]]:
    """Divide predictors into those that the test was made for, and the others beside them."""
    networks = [name for name in result.forecasts if name in result.verdicts]
    return networks, [name for name in result.forecasts if name not in result.verdicts]


def _standings(
    result: Backtest, names: Sequence[str], metric: str, step: int, reference: str
) -> list[Standing]:
    """Compare one group of predictors with the reference."""
    base = _base(result, metric, step, reference)
    losses_of = {
        name: losses.of_metric(result.forecasts[name], metric, step)
        for name in names
        if name != reference or metric in losses.COVERAGE_LEVELS
    }
    differences = compare(losses_of, base, step)
    return [
        _standing(
            name, getattr(result.scores[name][step - 1], metric), metric, differences.get(name)
        )
        for name in names
    ]


def _base(result: Backtest, metric: str, step: int, reference: str) -> Array:
    """Return the losses that the others are compared with."""
    base = losses.of_metric(result.forecasts[reference], metric, step)
    if metric in losses.COVERAGE_LEVELS:
        return np.full(len(base), losses.COVERAGE_LEVELS[metric] / 100)
    if metric == DIRECTION and np.isnan(base).all():
        return np.full(len(base), 0.5)
    return base


def _standing(name: str, value: float, metric: str, difference: Difference | None) -> Standing:
    if difference is None:  # the reference itself
        return Standing(name, value, 0.0, math.nan, math.nan, math.nan, math.nan)
    ends = difference.skill, difference.low, difference.high
    if metric == "rmse":  # these are skills of squared errors; the root does not change their order
        ends = _each(lambda skill: 1 - math.sqrt(1 - skill), ends)
    if metric in losses.COVERAGE_LEVELS:
        share = losses.COVERAGE_LEVELS[metric] / 100
        ends = _each(
            lambda skill: -share * skill, (difference.skill, difference.high, difference.low)
        )
    return Standing(name, value, *ends, difference.p_value, difference.p_holm)


def _each(
    change: Callable[[float], float], ends: tuple[float, float, float]
) -> tuple[float, float, float]:
    skill, low, high = ends
    return change(skill), change(low), change(high)


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
