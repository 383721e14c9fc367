"""Rescale a band so that it covers the share of prices that it promises.

A network has learnt the band of its training prices; a calmer or wilder market needs another band.
Each quantile's distance from the median is multiplied by the factor that would have been right for
the forecasts before it. This is conformal prediction with the ratio of residual to
predicted distance as its score (Lei et al. 2018, "Distribution-free predictive inference for
regression"), over the last outcomes only, because markets change. The median and the point
forecast are not changed.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from cryptoforecast.forecasting import rolling_quantiles
from cryptoforecast.forecasting.baselines.common import CALIBRATION_ROWS, REFRESH_ROWS
from cryptoforecast.types import MEDIAN, QUANTILES, Array, Forecast

__all__ = [
    "CALIBRATION_ROWS", "MIN_OUTCOMES", "REFRESH_ROWS", "calibrated", "factors", "rescaled",
]  # fmt: skip

#: Outcomes that a factor is measured on at step 1, and how many more for each further step, up to
#: ``CALIBRATION_ROWS``: outcomes of far steps overlap, so more of them are needed. On the
#: validation rows of 71,228 hours of BTC/USDT, 4,000 gave the best coverage an hour ahead, and
#: 8,000 the smallest band error a day ahead.
FIRST_STEP_OUTCOMES, OUTCOMES_A_STEP = 4000, 200
#: With fewer outcomes a 95 % band can't be measured well enough to correct it.
MIN_OUTCOMES = 200
#: Shrinkage: the variance v of the logarithm l of a factor, times the outcomes that it is measured
#: on. The factor becomes ``exp(l^3 / (l^2 + v))``, which is near 1 where l is uncertain. Of 0 to 8,
#: values from 4 on were best on the validation rows of 71,228 hours of BTC/USDT a day ahead. An
#: hour ahead there are thousands of outcomes, and it hardly matters.
SHRINKAGE = 4.0
#: Smallest factor, so that a band never vanishes.
MIN_FACTOR = 0.05
# All levels but the median, and of each the share of its ratios that are at most its factor.
_LEVELS = [i for i in range(len(QUANTILES)) if i != MEDIAN]
_SHARES = np.array([max(QUANTILES[i], 1 - QUANTILES[i]) for i in _LEVELS])
# Outcomes of a far step overlap: within the length of one step so many are used.
_OUTCOMES_A_LENGTH = 8


def factors(forecast: Forecast, burn_in: int) -> Array:
    """Measure the factors from the outcomes known at each origin.

    For each level, the factor is a quantile of residual over predicted distance in the last
    outcomes known at the origin. It is drawn towards 1 where it is uncertain (see ``SHRINKAGE``).
    The outcome of step ``k`` is known ``k`` rows after its origin. Factors are measured again
    every ``REFRESH_ROWS`` rows and hold until then.

    Args:
        forecast: Forecasts of one predictor from consecutive rows.
        burn_in: Number of first rows that only give outcomes and get no factors.

    Returns:
        ``(blocks, horizon, 9)``, one block for every ``REFRESH_ROWS`` rows after the burn-in; 1 for
        the median, and at steps with fewer than ``MIN_OUTCOMES`` outcomes.
    """
    residual = forecast.actual_returns - forecast.quantiles[..., MEDIAN]
    starts = np.arange(0, len(forecast) - burn_in, REFRESH_ROWS)
    result = np.ones((len(starts), forecast.horizon, len(QUANTILES)))
    # Step by step: of a long history all of them at once would take many times its memory.
    for step in range(1, forecast.horizon + 1):
        past_outcomes = np.maximum(0, burn_in + starts - step + 1)
        quantiles = forecast.quantiles[:, step - 1]
        result[:, step - 1] = _step_factors(residual[:, step - 1], quantiles, past_outcomes, step)
    return result


def calibrated(forecast: Forecast, burn_in: int, by: Array) -> Forecast:
    """Rescale the bands after the burn-in by the factors of their blocks.

    Args:
        forecast: Forecasts of one predictor from consecutive rows.
        burn_in: Number of first rows to leave out.
        by: ``(blocks, horizon, 9)`` factors; see ``factors``.

    Returns:
        The forecasts after the burn-in, with the same medians and points.
    """
    after = forecast[burn_in:]
    if (by == 1).all():
        return after
    quantiles = np.empty_like(after.quantiles)
    for block, factor in enumerate(by):
        rows = slice(block * REFRESH_ROWS, (block + 1) * REFRESH_ROWS)
        quantiles[rows] = _rescaled(after.quantiles[rows], factor)
    return dataclasses.replace(after, quantiles=quantiles)


def _step_factors(residual: Array, quantiles: Array, past_outcomes: Array, step: int) -> Array:
    """Measure the nine factors of one step, at each of several moments.

    Args:
        residual: ``(n,)`` log-return from the median to the outcome, the newest last.
        quantiles: ``(n, 9)`` of the forecasts, log-return.
        past_outcomes: ``(moments,)``, number of outcomes known at each moment; never falls.
        step: 1 to the horizon.

    Returns:
        ``(moments, 9)``; 1 where fewer than ``MIN_OUTCOMES`` are known.
    """
    result = np.ones((len(past_outcomes), len(QUANTILES)))
    most = min(CALIBRATION_ROWS, FIRST_STEP_OUTCOMES + OUTCOMES_A_STEP * (step - 1))
    outcomes = np.minimum(past_outcomes, most)
    enough = outcomes >= MIN_OUTCOMES
    spacing = max(1, step // _OUTCOMES_A_LENGTH)
    # Counted back from the newest, so that it does not matter where the forecasts begin.
    newest, counts = past_outcomes - 1, (outcomes - 1) // spacing + 1
    for offset in set(newest[enough] % spacing):
        some = np.flatnonzero(enough & (newest % spacing == offset))
        ends = newest[some] // spacing + 1
        begins = ends - counts[some]
        rows = slice(offset + begins[0] * spacing, newest[some[-1]] + 1, spacing)
        levels = np.ascontiguousarray(quantiles[rows].T)
        distance = levels - levels[MEDIAN]
        # Below the median both are negative, so that the larger ratio is the lower price.
        ratios = np.divide(
            residual[rows], distance, out=np.zeros_like(distance), where=distance != 0
        )
        low, high, share = rolling_quantiles.ranks(_SHARES, counts[some])
        ranks = np.stack([low, high], axis=-1)
        begins, ends = begins - begins[0], ends - begins[0]
        values = [
            rolling_quantiles.at_ranks(ratios[i], begins, ends, ranks[:, j])
            for j, i in enumerate(_LEVELS)
        ]
        below, above = np.transpose(values, (2, 1, 0))
        result[some[:, None], _LEVELS] = rolling_quantiles.between(below, above, share)
    logs = np.log(np.maximum(result, MIN_FACTOR))
    # Outcomes of a step overlap, unless they lie a step apart.
    variance = SHRINKAGE * step / np.maximum(outcomes, MIN_OUTCOMES)[:, None]
    return np.where(enough[:, None], np.exp(logs**3 / (logs**2 + variance)), 1.0)


def rescaled(forecast: Forecast, by: Array) -> Forecast:
    """Rescale each band around its median, which is not changed.

    Args:
        forecast: ``n`` forecasts of one predictor.
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
