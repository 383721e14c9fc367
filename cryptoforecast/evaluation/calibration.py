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
import pandas as pd

from cryptoforecast.types import MEDIAN, QUANTILES, Array, Forecast

#: Outcomes below which a 95 % band can't be measured well enough to correct it.
FEWEST = 200
#: A factor never folds a band away.
SMALLEST = 0.05
#: Forecasts that a calibration looks back on.
WINDOW = 4000
# A target is a third of its step or less from the next one that is looked at: they overlap.
_PARTS = 3


def rolling(said: Forecast, warm_up: int) -> Forecast:
    """Rescale each band by what the forecasts before it called for.

    At every origin each quantile's distance from the median is multiplied by the factor that
    would have been right for the last ``WINDOW`` forecasts whose outcome was known by then: a
    target ``k`` rows ahead counts from ``k`` rows later on. Targets of long steps overlap, so
    that only every third part of a step is looked at. Where fewer than ``FEWEST`` outcomes were
    known the band stays as it is.

    Args:
        said: forecasts of one predictor from consecutive rows.
        warm_up: how many of the first are only looked back on.

    Returns:
        The forecasts after the warm-up, median and points unchanged.
    """
    residual = said.actual_returns - said.quantiles[..., MEDIAN]
    distance = said.quantiles - said.quantiles[..., MEDIAN : MEDIAN + 1]
    origins = np.arange(warm_up, len(said))
    by = np.ones((len(origins), *said.quantiles.shape[1:]))
    for step in range(1, said.horizon + 1):
        stride = max(1, step // _PARTS)
        known = (origins - step) // stride
        looked = residual[::stride, step - 1]
        for i, level in enumerate(QUANTILES):
            away = distance[::stride, step - 1, i]
            if i == MEDIAN:
                continue
            ratio = pd.Series(_ratio(looked, away))
            factor = ratio.rolling(WINDOW // stride, min_periods=-(-FEWEST // stride))
            factors = factor.quantile(max(level, 1 - level)).to_numpy()
            by[:, step - 1, i] = np.where(known >= 0, factors[known], np.nan)
    by = np.maximum(np.where(np.isnan(by), 1.0, by), SMALLEST)
    return rescaled(said[warm_up:], by)


def latest(said: Forecast) -> Array:
    """Find the factors that the last forecasts whose outcome is known call for.

    Those of ``rolling`` at an origin right after the last row; of long steps, the parts that are
    looked at are counted back from the newest outcome, so that they don't depend on where the
    forecasts begin.

    Args:
        said: forecasts of one predictor from consecutive rows; an outcome that is not known yet
            is NaN.

    Returns:
        ``(horizon, 9)``; 1 for the median, and at steps with fewer than ``FEWEST`` outcomes.
    """
    residual = said.actual_returns - said.quantiles[..., MEDIAN]
    distance = said.quantiles - said.quantiles[..., MEDIAN : MEDIAN + 1]
    factors = np.ones(said.quantiles.shape[1:])
    for step in range(1, said.horizon + 1):
        stride = max(1, step // _PARTS)
        known = np.flatnonzero(np.isfinite(residual[:, step - 1]))
        rows = known[::-stride][: WINDOW // stride]
        if len(rows) < -(-FEWEST // stride):
            continue
        looked, away = residual[rows, step - 1], distance[rows, step - 1]
        for i, level in enumerate(QUANTILES):
            if i != MEDIAN:
                ratio = _ratio(looked, away[:, i])
                factors[step - 1, i] = np.quantile(ratio, max(level, 1 - level))
    return np.maximum(factors, SMALLEST)


def _ratio(looked: Array, away: Array) -> Array:
    """Divide residuals by predicted distances; 0 where a band has no width.

    Below the median both are negative, so that the larger ratio is the lower price.
    """
    return np.divide(looked, away, out=np.zeros_like(away), where=away != 0)


def rescaled(said: Forecast, by: Array) -> Forecast:
    """Return forecasts with the band rescaled around an unchanged median.

    Args:
        said: any forecasts of the same predictor.
        by: ``(n, horizon, 9)`` factors.
    """
    if (by == 1).all():
        return said
    middle = said.quantiles[..., MEDIAN : MEDIAN + 1]
    quantiles = middle + (said.quantiles - middle) * by
    # Factors of neighbouring levels may differ enough to cross; the wider one then counts.
    up = np.maximum.accumulate(quantiles[..., MEDIAN:], axis=-1)
    down = np.minimum.accumulate(quantiles[..., MEDIAN::-1], axis=-1)[..., ::-1]
    return dataclasses.replace(said, quantiles=np.concatenate([down[..., :-1], up], axis=-1))
