"""Comparisons of several predictors with a reference, each corrected for their number.

If several predictors are compared, one of them looks good by luck. So each gets one statement of
confidence that allows for this: an interval at the level that Holm's correction leaves to it (Holm
1979, "A simple sequentially rejective multiple test procedure"). The interval covers that of the
bootstrap and that of the Diebold-Mariano test, so that it leaves out 0 only if both find more than
chance. Nothing can correct for settings that were tried before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cryptoforecast.evaluation.significance import (
    diebold_mariano,
    difference_interval,
    skill_interval,
)
from cryptoforecast.types import Array

#: A p-value at or above this is within chance; intervals are at 95 %.
SIGNIFICANCE = 0.05
#: Origins below which nothing is claimed, and origins for each step of the horizon: targets of
#: neighbouring origins overlap, so only so many of them are separate observations.
MIN_ORIGINS = 30
ORIGINS_A_STEP = 20


@dataclass(frozen=True)
class Difference:
    """How a predictor's losses compare with those of a reference.

    Attributes:
        skill: 1 - mean loss / the reference's mean loss, a fraction.
        low: Lower end of the corrected interval of the skill; NaN where nothing can be claimed.
        high: Upper end of that interval.
        p_value: Two-sided p-value of the Diebold-Mariano test; NaN where it is undefined.
        p_holm: The p-value after Holm's correction.
    """

    skill: float
    low: float
    high: float
    p_value: float
    p_holm: float


def min_origins(horizon: int) -> int:
    """Count the origins below which nothing is claimed."""
    return max(MIN_ORIGINS, ORIGINS_A_STEP * horizon)


def compare(losses: Mapping[str, Array], reference: Array, step: int) -> dict[str, Difference]:
    """Compare the losses of predictors with those of a reference.

    Args:
        losses: ``(n,)`` loss at each origin, in time order, by predictor. The predictors are
            those between which the claims are divided.
        reference: ``(n,)`` loss of the reference at the same origins.
        step: Step of the forecasts that the losses belong to.
    """
    return compare_pairs({name: (own, reference) for name, own in losses.items()}, step)


def compare_pairs(pairs: Mapping[str, tuple[Array, Array]], step: int) -> dict[str, Difference]:
    """Compare the losses of predictors, each with those of its own reference; see ``compare``.

    Args:
        pairs: ``(n,)`` loss at each origin and that of the reference, by name. The claims are
            divided between all of them.
        step: Step of the forecasts that the losses belong to.

    Returns:
        The differences by name. If any pair has fewer origins than ``min_origins``, all have their
        skill alone, and NaN for the rest.
    """
    if any(len(reference) < min_origins(step) for _, reference in pairs.values()):
        skills = {name: skill_interval(*pair, step)[0] for name, pair in pairs.items()}
        return {name: Difference(skill, *(math.nan,) * 4) for name, skill in skills.items()}
    p_values = {name: diebold_mariano(*pair, step) for name, pair in pairs.items()}
    p_holm = dict(zip(pairs, holm([*p_values.values()]), strict=True))
    return {
        name: Difference(
            *_interval(*pair, step, _level(p_values, name, p_holm[name])),
            p_values[name],
            p_holm[name],
        )
        for name, pair in pairs.items()
    }


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number, so that a false finding among them stays rare.

    The i-th smallest of m is multiplied by m - i + 1, never below the one before and at most 1.

    Args:
        p_values: NaN where there was no comparison; these stay NaN and are not counted.
    """
    ascending = sorted((p, i) for i, p in enumerate(p_values) if not math.isnan(p))
    result, least = [math.nan] * len(p_values), 0.0
    for rank, (p, i) in enumerate(ascending):
        least = max(least, min(1.0, p * (len(ascending) - rank)))
        result[i] = least
    return result


def _level(p_values: Mapping[str, float], name: str, p_holm: float) -> float:
    """Return the level of an interval that leaves out 0 if the corrected p-value is significant."""
    if math.isnan(p_holm):
        return 1 - SIGNIFICANCE
    if p_holm == 0:  # the p-value is too small for a number
        return 1 - SIGNIFICANCE / sum(not math.isnan(p) for p in p_values.values())
    return 1 - SIGNIFICANCE * p_values[name] / p_holm


def _interval(own: Array, reference: Array, step: int, level: float) -> tuple[float, float, float]:
    """Return a skill and the interval that covers those of both methods."""
    skill, *bootstrap = skill_interval(own, reference, step, level=level)
    ends = [*bootstrap, *difference_interval(own, reference, step, level)]
    if np.isnan(ends).all():
        return skill, math.nan, math.nan
    return skill, float(np.nanmin(ends)), min(float(np.nanmax(ends)), 1.0)
