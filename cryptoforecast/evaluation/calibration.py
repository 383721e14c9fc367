"""Rescale a band so that it covers what it promises.

A network brings the band of the market it learnt from; a calmer or wilder one needs another.
Each quantile's distance from the median is multiplied by the factor that would have been right
for the forecasts before (conformal prediction with the ratio of residual and predicted distance
as score: Lei et al. 2018, "Distribution-free predictive inference for regression"; over a rolling
window, because markets change). Median and point forecast stay untouched.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from cryptoforecast.learning.baselines.common import REFRESH, WINDOW
from cryptoforecast.types import MEDIAN, QUANTILES, Array, Forecast

__all__ = ["FEWEST", "REFRESH", "WINDOW", "latest", "rescaled", "rolling"]

#: Outcomes that are looked back on one step ahead, and how many more for each further step, up
#: to ``WINDOW``: the farther, the less they tell one by one. On the validation rows of 71,228
#: hours of BTC/USDT 4,000 covered best an hour ahead, and 8,000 were sharpest a day ahead.
NEAR, MORE = 4000, 200
#: Outcomes below which a 95 % band can't be measured well enough to correct it.
FEWEST = 200
#: Variance of the logarithm of a factor, times the outcomes it rests on: what differs from 1 by
#: less than that is drawn towards 1. Of 0 to 8, 4 and more served the validation rows of 71,228
#: hours of BTC/USDT best a day ahead; an hour ahead there are thousands, and it hardly matters.
DOUBT = 4.0
#: A factor never folds a band away.
SMALLEST = 0.05
# Targets of long steps overlap: this many in the length of one are looked at.
_PARTS = 8


def rolling(said: Forecast, warm_up: int) -> Forecast:
    """Rescale each band by what the forecasts before it called for.

    At every origin each quantile's distance from the median is multiplied by the factor that
    ``latest`` finds in the forecasts whose outcome was known by then: a target ``k`` rows ahead
    counts from ``k`` rows later on. A factor is measured anew every ``REFRESH`` rows.

    Args:
        said: forecasts of one predictor from consecutive rows.
        warm_up: how many of the first are only looked back on.

    Returns:
        The forecasts after the warm-up, median and points unchanged.
    """
    middle = said.quantiles[..., MEDIAN]
    residual = said.actual_returns - middle
    quantiles, changed = said.quantiles[warm_up:].copy(), False
    # Step by step: of a long history all of them at once would take many times its memory.
    for step in range(1, said.horizon + 1):
        looked = residual[:, step - 1]
        away = said.quantiles[:, step - 1] - middle[:, step - 1, None]
        by = np.ones((len(quantiles), len(QUANTILES)))
        for first in range(0, len(by), REFRESH):
            known = max(0, warm_up + first - step + 1)
            by[first : first + REFRESH] = _factors(looked[:known], away[:known], step)
        changed = changed or bool((by != 1).any())
        quantiles[:, step - 1] = _rescaled(quantiles[:, step - 1], by)
    after = said[warm_up:]
    return dataclasses.replace(after, quantiles=quantiles) if changed else after


def latest(said: Forecast) -> Array:
    """Find the factors that the last forecasts whose outcome is known call for.

    For each level this is the quantile of residual over predicted distance in the last
    ``NEAR`` to ``WINDOW`` outcomes, drawn towards 1 where it is uncertain (see ``DOUBT``).

    Args:
        said: forecasts of one predictor from consecutive rows; an outcome that is not known yet
            is NaN.

    Returns:
        ``(horizon, 9)``; 1 for the median, and at steps with fewer than ``FEWEST`` outcomes.
    """
    residual, distance = _errors(said)
    known = np.isfinite(residual).sum(axis=0)
    return np.array(
        [
            _factors(residual[: known[i], i], distance[: known[i], i], i + 1)
            for i in range(said.horizon)
        ]
    )


def _errors(said: Forecast) -> tuple[Array, Array]:
    """Measure residuals ``(n, horizon)`` and quantiles ``(n, horizon, 9)`` from the median."""
    middle = said.quantiles[..., MEDIAN]
    return said.actual_returns - middle, said.quantiles - middle[..., None]


def _factors(residual: Array, distance: Array, step: int) -> Array:
    """Find the nine factors that outcomes call for.

    Args:
        residual: ``(n,)`` of known outcomes, the newest last.
        distance: ``(n, 9)`` that was predicted.
        step: how far ahead.
    """
    factors = np.ones(len(QUANTILES))
    outcomes = min(len(residual), WINDOW, NEAR + MORE * (step - 1))
    if outcomes < FEWEST:
        return factors
    # Counted back from the newest, so that it does not matter where the forecasts begin.
    rows = slice(-1, -outcomes - 1, -max(1, step // _PARTS))
    looked, away = residual[rows], np.ascontiguousarray(distance[rows].T)
    # Below the median both are negative, so that the larger ratio is the lower price.
    ratios = np.divide(looked, away, out=np.zeros_like(away), where=away != 0)
    for i, level in enumerate(QUANTILES):
        if i != MEDIAN:
            place = max(level, 1 - level) * (len(looked) - 1)
            below, share = int(place), place % 1
            above = min(below + 1, len(looked) - 1)
            ratios[i].partition((below, above))  # all that matters of their order
            factors[i] = (1 - share) * ratios[i, below] + share * ratios[i, above]
    logs = np.log(np.maximum(factors, SMALLEST))
    # Outcomes of a step overlap, unless they lie a step apart.
    return np.exp(logs**3 / (logs**2 + DOUBT * step / outcomes))


def rescaled(said: Forecast, by: Array) -> Forecast:
    """Return forecasts with the band rescaled around an unchanged median.

    Args:
        said: any forecasts of the same predictor.
        by: ``(n, horizon, 9)`` factors.
    """
    if (by == 1).all():
        return said
    return dataclasses.replace(said, quantiles=_rescaled(said.quantiles, by))


def _rescaled(quantiles: Array, by: Array) -> Array:
    """Rescale ``(..., 9)`` quantiles around their median, and keep them in order."""
    middle = quantiles[..., MEDIAN : MEDIAN + 1]
    quantiles = middle + (quantiles - middle) * by
    # Factors of neighbouring levels may differ enough to cross; the wider one then counts.
    up = np.maximum.accumulate(quantiles[..., MEDIAN:], axis=-1)
    down = np.minimum.accumulate(quantiles[..., MEDIAN::-1], axis=-1)[..., ::-1]
    return np.concatenate([down[..., :-1], up], axis=-1)
