"""Rescale each level of a band by how far past outcomes lay from the median.

``calibration`` measures a factor for each level of a network's own band. This is its quick form,
for a band whose shape hardly changes. The distance of each past outcome from the median is divided
by the width of its band, and these ratios are sorted once. The factor of a level is their quantile
at this level, divided by the mean ratio of the level itself in these bands. Few outcomes say
little, and those of far steps overlap, so the factors are drawn towards 1.
"""

from __future__ import annotations

import numpy as np

from cryptoforecast.forecasting import rolling_quantiles
from cryptoforecast.forecasting.calibration import (
    CALIBRATION_ROWS,
    FIRST_STEP_OUTCOMES,
    MIN_FACTOR,
    MIN_OUTCOMES,
    OUTCOMES_A_STEP,
    REFRESH_ROWS,
)
from cryptoforecast.types import MEDIAN, QUANTILES, Array, Forecast

#: Outcomes that move the logarithm of a small factor half way; those of step k count as one k-th
#: each. Of 300 to 3,000, the smallest gave the best coverage on validation rows, and bands as good.
SHRINKAGE = 300.0
#: A large factor is certain earlier: after this number divided by the square of its logarithm,
#: counted in outcomes. Of 16 and 160, the larger one was better for far steps.
LARGE_SHRINKAGE = 160.0
#: Smallest width of a band, log-return: the band of a flat market has none.
MIN_WIDTH = 1e-9
_LOW, _HIGH = QUANTILES.index(0.1), QUANTILES.index(0.9)


def factors(forecast: Forecast, burn_in: int) -> Array:
    """Measure the factors from the outcomes known at each origin.

    The outcome of step ``k`` is known ``k`` rows after its origin. The number of outcomes is that
    of ``calibration``.

    Args:
        forecast: Forecasts of one predictor from ``n`` consecutive rows.
        burn_in: Number of first rows that only give outcomes and get no factors.

    Returns:
        ``(blocks, horizon, 9)``, one block for every ``REFRESH_ROWS`` rows after the burn-in; 1 for
        the median, and at steps with fewer than ``MIN_OUTCOMES`` outcomes.
    """
    low, medians, high = (
        forecast.quantiles[..., level].astype(float) for level in (_LOW, MEDIAN, _HIGH)
    )
    widths = np.maximum(high - low, MIN_WIDTH)
    distances = ((forecast.actual_returns - medians) / widths).T.copy()
    starts = np.arange(burn_in, len(forecast), REFRESH_ROWS)
    shapes = _mean_shapes(forecast.quantiles, medians, widths, starts)
    result = np.ones((len(starts), forecast.horizon, len(QUANTILES)))
    for step in range(1, forecast.horizon + 1):
        past_outcomes = np.maximum(0, starts - step + 1)
        most = min(CALIBRATION_ROWS, FIRST_STEP_OUTCOMES + OUTCOMES_A_STEP * (step - 1))
        outcomes = np.minimum(past_outcomes, most)
        some = outcomes >= MIN_OUTCOMES
        if some.any():
            quantiles = rolling_quantiles.quantiles(
                distances[step - 1],
                (past_outcomes - outcomes)[some],
                past_outcomes[some],
                QUANTILES,
            )
            separate = outcomes[some, None] / step
            result[some, step - 1] = _shrunk(quantiles, shapes[some, step - 1], separate)
    return result


def _mean_shapes(quantiles: Array, medians: Array, widths: Array, starts: Array) -> Array:
    """Average the bands before each start, each around its middle and divided by its width.

    Args:
        quantiles: ``(n, horizon, 9)``.
        medians: ``(n, horizon)``.
        widths: ``(n, horizon)``.
        starts: ``(blocks,)`` rows, ``REFRESH_ROWS`` apart.

    Returns:
        ``(blocks, horizon, 9)``, over the last ``CALIBRATION_ROWS`` rows or a little more; NaN
        where there are none.
    """
    sums: list[Array] = []
    counts: list[int] = []
    for end in starts:
        begin = starts[len(sums) - 1] if sums else 0
        rows = slice(begin, end)
        shape = (quantiles[rows] - medians[rows, :, None]) / widths[rows, :, None]
        is_whole = np.isfinite(shape).all(axis=(1, 2))
        sums.append(shape[is_whole].sum(axis=0))
        counts.append(int(is_whole.sum()))
    totals, numbers = np.cumsum(sums, axis=0), np.cumsum(counts)
    first = np.searchsorted(starts, starts - CALIBRATION_ROWS, side="right") - 1
    earlier = np.where((first >= 0)[:, None, None], totals[first], 0)
    fewer = np.where(first >= 0, numbers[first], 0)
    with np.errstate(invalid="ignore"):
        means: Array = (totals - earlier) / (numbers - fewer)[:, None, None]
    return means


def _shrunk(quantiles: Array, shapes: Array, outcomes: Array) -> Array:
    """Divide quantiles of distances by the shape that was forecast, and draw the ratios towards 1.

    Args:
        quantiles: ``(blocks, 9)`` quantiles of distances from the middle, in widths.
        shapes: ``(blocks, 9)`` quantiles of the mean band, in the same way.
        outcomes: ``(blocks, 1)`` outcomes that do not overlap.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.maximum(quantiles / shapes, MIN_FACTOR))
        evidence = outcomes * (1 / SHRINKAGE + logs**2 / LARGE_SHRINKAGE)
        logs *= evidence / (1 + evidence)
    logs[:, MEDIAN] = 0
    return np.where(np.isfinite(logs), np.exp(logs), 1.0)
