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

from cryptoforecast.forecasting import rolling_quantiles
from cryptoforecast.forecasting.baselines.common import REFRESH, WINDOW
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
# All but the median, and of each the share of its ratios that are at most its factor.
_ENDS = [i for i in range(len(QUANTILES)) if i != MEDIAN]
_OUTWARD = np.array([max(QUANTILES[i], 1 - QUANTILES[i]) for i in _ENDS])
# Targets of long steps overlap: this many in the length of one are looked at.
_PARTS = 8


def rolling(forecast: Forecast, warm_up: int) -> Forecast:
    """Rescale each band by what the forecasts before it called for.

    At every origin each quantile's distance from the median is multiplied by the factor that
    ``latest`` finds in the forecasts whose outcome was known by then: a target ``k`` rows ahead
    counts from ``k`` rows later on. A factor is measured anew every ``REFRESH`` rows.

    Args:
        forecast: forecasts of one predictor from consecutive rows.
        warm_up: how many of the first are only looked back on.

    Returns:
        The forecasts after the warm-up, median and points unchanged.
    """
    residual = forecast.actual_returns - forecast.quantiles[..., MEDIAN]
    quantiles, changed = forecast.quantiles[warm_up:].copy(), False
    starts = np.arange(0, len(quantiles), REFRESH)
    # Step by step: of a long history all of them at once would take many times its memory.
    for step in range(1, forecast.horizon + 1):
        known = np.maximum(0, warm_up + starts - step + 1)
        by = _factors(residual[:, step - 1], forecast.quantiles[:, step - 1], known, step)
        by = np.repeat(by, REFRESH, axis=0)
        changed = changed or bool((by != 1).any())
        quantiles[:, step - 1] = _rescaled(quantiles[:, step - 1], by[: len(quantiles)])
    after = forecast[warm_up:]
    return dataclasses.replace(after, quantiles=quantiles) if changed else after


def latest(forecast: Forecast) -> Array:
    """Find the factors that the last forecasts whose outcome is known call for.

    For each level this is the quantile of residual over predicted distance in the last
    ``NEAR`` to ``WINDOW`` outcomes, drawn towards 1 where it is uncertain (see ``DOUBT``).

    Args:
        forecast: forecasts of one predictor from consecutive rows; an outcome that is not known yet
            is NaN.

    Returns:
        ``(horizon, 9)``; 1 for the median, and at steps with fewer than ``FEWEST`` outcomes.
    """
    residual = forecast.actual_returns - forecast.quantiles[..., MEDIAN]
    known = np.isfinite(residual).sum(axis=0)
    return np.concatenate(
        [
            _factors(residual[:, i], forecast.quantiles[:, i], known[i : i + 1], i + 1)
            for i in range(forecast.horizon)
        ]
    )


def _factors(residual: Array, quantiles: Array, known: Array, step: int) -> Array:
    """Find the nine factors that outcomes call for, at each of several moments.

    Args:
        residual: ``(n,)`` how far outcomes lay from the median, the newest last.
        quantiles: ``(n, 9)`` that were predicted.
        known: ``(moments,)`` how many outcomes are known by then; never falls.
        step: how far ahead.

    Returns:
        ``(moments, 9)``; 1 where fewer than ``FEWEST`` are known.
    """
    factors = np.ones((len(known), len(QUANTILES)))
    outcomes = np.minimum(known, min(WINDOW, NEAR + MORE * (step - 1)))
    enough = outcomes >= FEWEST
    apart = max(1, step // _PARTS)
    # Counted back from the newest, so that it does not matter where the forecasts begin.
    newest, counts = known - 1, (outcomes - 1) // apart + 1
    for offset in set(newest[enough] % apart):
        some = np.flatnonzero(enough & (newest % apart == offset))
        ends = newest[some] // apart + 1
        begins = ends - counts[some]
        rows = slice(offset + begins[0] * apart, newest[some[-1]] + 1, apart)
        levels = np.ascontiguousarray(quantiles[rows].T)
        away = levels - levels[MEDIAN]
        # Below the median both are negative, so that the larger ratio is the lower price.
        ratios = np.divide(residual[rows], away, out=np.zeros_like(away), where=away != 0)
        low, high, share = rolling_quantiles.ranks(_OUTWARD, counts[some])
        asked = np.stack([low, high], axis=-1)
        begins, ends = begins - begins[0], ends - begins[0]
        found = [
            rolling_quantiles.at_ranks(ratios[i], begins, ends, asked[:, j])
            for j, i in enumerate(_ENDS)
        ]
        below, above = np.transpose(found, (2, 1, 0))
        factors[some[:, None], _ENDS] = rolling_quantiles.between(below, above, share)
    logs = np.log(np.maximum(factors, SMALLEST))
    # Outcomes of a step overlap, unless they lie a step apart.
    doubt = DOUBT * step / np.maximum(outcomes, 1)[:, None]
    return np.where(enough[:, None], np.exp(logs**3 / (logs**2 + doubt)), 1.0)


def rescaled(forecast: Forecast, by: Array) -> Forecast:
    """Return forecasts with the band rescaled around an unchanged median.

    Args:
        forecast: any forecasts of the same predictor.
        by: ``(n, horizon, 9)`` factors.
    """
    if (by == 1).all():
        return forecast
    return dataclasses.replace(forecast, quantiles=_rescaled(forecast.quantiles, by))


def _rescaled(quantiles: Array, by: Array) -> Array:
    """Rescale ``(..., 9)`` quantiles around their median, and keep them in order."""
    middle = quantiles[..., MEDIAN : MEDIAN + 1]
    quantiles = middle + (quantiles - middle) * by
    # Factors of neighbouring levels may differ enough to cross; the wider one then counts.
    up = np.maximum.accumulate(quantiles[..., MEDIAN:], axis=-1)
    down = np.minimum.accumulate(quantiles[..., MEDIAN::-1], axis=-1)[..., ::-1]
    return np.concatenate([down[..., :-1], up], axis=-1)
