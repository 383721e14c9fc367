"""Ranges of candles against a loop over their prices."""

import math

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.prices.candles import ranges
from tests import synthetic


def test_a_range_is_the_log_of_high_over_low():
    candles = synthetic.history(30).candles
    expected = [math.log(row.high / row.low) for row in candles.itertuples()]
    assert ranges.log_ranges(candles) == pytest.approx(expected)


def test_a_true_range_reaches_to_the_close_before():
    candles = synthetic.history(30).candles.copy()
    candles.iloc[10:] *= 1.2  # a jump between two candles, and one back below
    candles.iloc[20:] /= 1.3
    rows = list(candles.itertuples())
    expected = [
        math.log(max(row.high, last) / min(row.low, last))
        for row, last in zip(rows, [rows[0].open, *(row.close for row in rows)], strict=False)
    ]
    averages = ranges.true_log_ranges(candles)
    assert averages == pytest.approx(expected)
    assert averages[10] > 0.15
    assert averages[20] > 0.15


def test_a_row_does_not_depend_on_later_ones():
    candles = synthetic.history(30).candles
    np.testing.assert_array_equal(
        ranges.true_log_ranges(candles)[:12], ranges.true_log_ranges(candles.iloc[:12])
    )


def test_the_squared_range_of_a_random_walk_estimates_its_variance():
    steps = np.random.default_rng(0).normal(0, 0.01 / math.sqrt(2000), (500, 2000))
    walk = np.exp(np.cumsum(steps, axis=1))
    candles = pd.DataFrame({"high": walk.max(axis=1), "low": walk.min(axis=1)})
    variance = (ranges.log_ranges(candles) ** 2).mean() / ranges.PARKINSON
    assert variance == pytest.approx(0.01**2, rel=0.1)
