"""Quantiles of many windows equal those that NumPy computes of each window."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoforecast.forecasting import rolling_quantiles
from cryptoforecast.types import QUANTILES


def alone(values, begins, ends, levels):
    return np.array(
        [np.quantile(values[b:e], levels) for b, e in zip(begins, ends, strict=True)]
    ).reshape(len(begins), len(levels))


@given(st.data())
def test_quantiles_equal_those_of_each_window_to_the_last_digit(data):
    count = data.draw(st.integers(1, 300))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    values = np.round(rng.standard_normal(count), data.draw(st.sampled_from([0, 1, 9])))
    ends = np.sort(rng.integers(1, count + 1, data.draw(st.integers(0, 30))))
    begins = np.minimum(np.sort(rng.integers(0, count, len(ends))), ends - 1)
    levels = data.draw(st.lists(st.floats(0, 1), max_size=9))
    result = rolling_quantiles.quantiles(values, begins, ends, levels)
    np.testing.assert_array_equal(result, alone(values, begins, ends, levels))


def test_windows_of_a_long_series_that_hardly_overlap_are_found_too():
    values = np.random.default_rng(0).standard_normal(20_000)
    ends = np.arange(500, 20_001, 390)
    begins = np.maximum(0, ends - 1_000)
    result = rolling_quantiles.quantiles(values, begins, ends, QUANTILES)
    np.testing.assert_array_equal(result, alone(values, begins, ends, QUANTILES))


@pytest.mark.parametrize("hole", [0, 150, 299])
def test_a_window_with_a_hole_has_no_quantiles_and_its_neighbours_have(hole):
    values = np.random.default_rng(0).standard_normal(300)
    values[hole] = np.nan
    begins, ends = np.arange(0, 200, 20), np.arange(100, 300, 20)
    result = rolling_quantiles.quantiles(values, begins, ends, QUANTILES)
    expected = alone(values, begins, ends, QUANTILES)
    np.testing.assert_array_equal(result, expected)
    assert np.isnan(result).any() == (hole != 299)
    assert np.isfinite(result).any()


def test_ranks_are_those_of_each_window_and_the_values_stay_as_they_are():
    values = np.array([5, 1, 4, 2, 3], np.float32)
    result = rolling_quantiles.at_ranks(
        values, np.array([0, 1]), np.array([4, 5]), np.array([[0, 3]] * 2)
    )
    np.testing.assert_array_equal(result, [[1, 5], [1, 4]])
    assert result.dtype == np.float32
    np.testing.assert_array_equal(values, [5, 1, 4, 2, 3])
