"""Whether bands hold what they promise: by level, by step and by volatility."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation import losses, scores
from cryptoforecast.evaluation.significance import block_length
from cryptoforecast.forecasting import probability
from cryptoforecast.forecasting.baselines.simple import volatility
from cryptoforecast.types import (
    QUANTILES,
    Array,
    Backtest,
    CoverageBySteps,
    Forecast,
    Regime,
    Reliability,
    Share,
)

#: Levels of the bands that are counted, in %.
LEVELS = (50, 80, 90, 95)
#: Equal parts of the forecast distribution.
BINS = 20
#: Thirds of the origins, from the lowest volatility to the highest.
REGIMES = ("calm", "usual", "restless")
#: Two-sided 95 % of a normal distribution.
_NORMAL = 1.959964


def measure(result: Backtest, step: int) -> Reliability:
    """Measure how well the band of the tested model held at one step.

    Origins whose outcome or band is unknown are left out. The regimes are thirds of the origins by
    the volatility that the cone measures from candles up to the origin.

    Args:
        result: A backtest.
        step: 1 to the horizon.

    Raises:
        InvalidInput: If ``step`` is not 1 to the horizon.
    """
    forecast = result.forecast
    if not 1 <= step <= forecast.horizon:
        raise InvalidInput(
            f"`step` must be 1 to the horizon, {forecast.horizon}. Received: {step}."
        )
    origins, actual, quantiles = _outcomes(forecast, step)
    parts = (probability.below(actual, quantiles) * BINS).astype(int).clip(max=BINS - 1)
    candles = result.history.candles
    sigma = volatility(candles)[candles.index.get_indexer(origins)]
    return Reliability(
        backtest=result,
        step=step,
        origins=len(actual),
        observed=shares(actual[:, None] <= quantiles, step),
        pit=shares(parts[:, None] == np.arange(BINS), step),
        coverage=_coverage(actual, quantiles, step),
        regimes=_regimes(actual, quantiles, sigma, step),
    )


def by_step(result: Backtest) -> CoverageBySteps:
    """Measure the coverage of the tested model's band at every step; see ``measure``."""
    forecast = result.forecast
    coverage = []
    for step in range(1, forecast.horizon + 1):
        _, actual, quantiles = _outcomes(forecast, step)
        coverage.append(_coverage(actual, quantiles, step))
    return CoverageBySteps(result, tuple(coverage))


def shares(hits: Array, step: int) -> tuple[Share, ...]:
    """Compute shares of origins that depend on each other, each with a 95 % interval.

    It is Wilson's (1927) interval. The number of origins in it is replaced by the number of
    independent origins that would make the share as uncertain. The uncertainty comes from a
    circular moving-block bootstrap (Politis and Romano 1992), whose variance has a closed form:
    the variance of the block means over the number of blocks. See ``significance.block_length``.

    Args:
        hits: ``(n, m)`` 1 where an origin counts, else 0, in time order.
        step: Step of the forecasts; their outcomes overlap.

    Returns:
        ``m`` shares; NaN without origins.
    """
    n = len(hits)
    if n == 0:
        undefined: tuple[Share, ...] = (Share(math.nan, math.nan, math.nan),) * hits.shape[1]
        return undefined
    share, independent = hits.mean(axis=0), _independent(hits.astype(float), step)
    square = _NORMAL**2 / independent
    centre = (share + square / 2) / (1 + square)
    reach = np.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    return tuple(
        Share(float(value), max(0.0, float(middle - away)), min(1.0, float(middle + away)))
        for value, middle, away in zip(share, centre, reach, strict=True)
    )


def _independent(hits: Array, step: int) -> Array:
    """Count the independent origins that would make each share as uncertain, ``(m,)``, 1 to n."""
    n, share = len(hits), hits.mean(axis=0)
    length = block_length(n, step)
    wrapped = np.concatenate([np.zeros((1, hits.shape[1])), hits, hits[: length - 1]])
    sums = np.cumsum(wrapped, axis=0)
    means = (sums[length:] - sums[:-length]) / length
    variance = means.var(axis=0) * length / n
    # A share of 0 or 1 shows no variance; then only the overlap of the targets counts.
    count = np.full(len(share), n / step)
    np.divide(share * (1 - share), variance, out=count, where=variance > 0)
    limited: Array = np.clip(count, 1, n)
    return limited


def _outcomes(forecast: Forecast, step: int) -> tuple[pd.DatetimeIndex, Array, Array]:
    """Take origins, log-returns and quantiles where the outcome and the band are known."""
    outcomes = forecast.at(step)
    defined = np.isfinite(outcomes.quantiles).all(axis=-1)
    return outcomes.origins[defined], outcomes.actual_returns[defined], outcomes.quantiles[defined]


def _coverage(actual: Array, quantiles: Array, step: int) -> Mapping[int, Share]:
    inside = np.stack([losses.inside(actual, quantiles, level) for level in LEVELS], axis=1)
    return dict(zip(LEVELS, shares(inside, step), strict=True))


def _regimes(actual: Array, quantiles: Array, sigma: Array, step: int) -> tuple[Regime, ...]:
    """Divide the origins into thirds by volatility, each in time order."""
    order = np.argsort(sigma, kind="stable")
    regimes = []
    for name, rows in zip(REGIMES, np.array_split(order, len(REGIMES)), strict=True):
        rows = np.sort(rows)
        regimes.append(
            Regime(
                name=name,
                origins=len(rows),
                low=float(sigma[rows].min()) if len(rows) else math.nan,
                high=float(sigma[rows].max()) if len(rows) else math.nan,
                coverage=_coverage(actual[rows], quantiles[rows], step),
                pinball=scores.pinball(actual[rows], quantiles[rows], QUANTILES),
            )
        )
    return tuple(regimes)
