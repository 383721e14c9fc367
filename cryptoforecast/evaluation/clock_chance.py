"""How often chance alone makes errors differ as much by hour or by weekday.

The errors of each day are shifted around the clock, each day by another number of hours (those of a
week by another number of days). That keeps how errors follow each other, and takes away what
belongs to the hour. How often the mean errors then differ as much is the p-value of a permutation
test (Phipson and Smyth 2010, "Permutation p-values should never be zero"). Errors of overlapping
forecasts are about as large at the end of a day as at the beginning of the next one. Shifting the
days breaks this, so for overlapping forecasts the test finds a difference less often than it could.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pandas as pd

from cryptoforecast.evaluation import diagnostics
from cryptoforecast.types import Array, Forecast

#: Times that all days are shifted, and the seed of the shifts.
SHIFTS, SEED = 499, 0
#: Days, or weeks, that are needed.
MIN_BLOCKS = 5

Unit = Literal["hour", "weekday"]


def measure(forecast: Forecast, step: int, unit: Unit) -> float:
    """Measure how often shifted errors differ as much, between their smallest and largest mean.

    Args:
        forecast: Forecasts of one predictor.
        step: 1 to the horizon.
        unit: ``"hour"`` of the day or ``"weekday"`` of the week, UTC.

    Returns:
        A share above 0, at most 1; NaN with fewer than ``MIN_BLOCKS`` days or weeks, or with one
        hour or weekday alone.

    Raises:
        NotEnoughData: If fewer than ``diagnostics.MIN_OUTCOMES`` outcomes are known.
    """
    table = _table(diagnostics.residuals(forecast, step), unit)
    blocks, places = table.shape
    if blocks < MIN_BLOCKS or places < 2:
        return math.nan
    measured = _difference(table)
    rng = np.random.default_rng(SEED)
    as_large = 0
    for _ in range(SHIFTS):
        order = (np.arange(places) + rng.integers(places, size=(blocks, 1))) % places
        # Rounding makes equal means differ very slightly.
        as_large += _difference(np.take_along_axis(table, order, axis=1)) >= measured * (1 - 1e-9)
    return (1 + as_large) / (1 + SHIFTS)


def _table(frame: pd.DataFrame, unit: Unit) -> Array:
    """Average errors by day and hour, or by week and weekday; NaN where there is none."""
    times, errors = frame["time"].dt, frame["residual"].abs()
    days = times.floor("D")
    weeks = days - pd.to_timedelta(times.day_of_week, unit="D")
    by = [days, times.hour] if unit == "hour" else [weeks, times.day_of_week]
    table: Array = errors.groupby(by).mean().unstack().to_numpy()
    return table


def _difference(table: Array) -> float:
    """Return the largest mean of a column minus the smallest."""
    known = ~np.isnan(table)
    counts = known.sum(axis=0)
    sums = np.where(known, table, 0).sum(axis=0)
    means = sums[counts > 0] / counts[counts > 0]
    return float(means.max() - means.min())
