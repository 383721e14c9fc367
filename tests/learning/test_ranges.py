"""Average true ranges are what a plain loop finds, and look at a fixed number of candles."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoforecast.learning import ranges
from tests import synthetic


def test_values_equal_a_plain_loop():
    candles = synthetic.history(600).candles
    close, high, low = (candles[name].to_numpy() for name in ("close", "high", "low"))
    plain = [
        np.log(max(high[t], close[t - 1]) / min(low[t], close[t - 1])) / np.sqrt(8 / np.pi)
        for t in range(1, 600)
    ]
    for value, count in zip(
        ranges.averages(ranges.true_ranges(candles)),
        (ranges.SHORT, ranges.USUAL, ranges.LONG),
        strict=True,
    ):
        assert np.isnan(value[:count]).all()
        for t in (count, 550, 599):
            assert value[t] == pytest.approx(np.mean(plain[t - count : t]))


@pytest.mark.parametrize("rows", [1, 2, 23, 24, 25, 144, 145, 167, 168, 169, 503, 504, 505])
def test_an_average_is_known_from_the_row_that_has_its_candles(rows):
    candles = synthetic.history(505).candles
    whole = ranges.averages(ranges.true_ranges(candles))
    for value, expected, count in zip(
        ranges.averages(ranges.true_ranges(candles.iloc[:rows])),
        whole,
        (ranges.SHORT, ranges.USUAL, ranges.LONG),
        strict=True,
    ):
        assert len(value) == rows
        assert np.isnan(value[:count]).all()
        np.testing.assert_array_equal(value[count:], expected[count:rows])
        assert np.isfinite(value[count:]).all()


def test_the_unit_is_the_usual_average():
    candles = synthetic.history(600).candles
    _, usual, _ = ranges.averages(ranges.true_ranges(candles))
    np.testing.assert_array_equal(ranges.unit(candles), usual)


def test_it_estimates_the_standard_deviation_of_a_random_walk():
    rng = np.random.default_rng(0)
    path = np.exp(np.cumsum(rng.normal(0, 0.01 / np.sqrt(500), 500 * 600)).reshape(600, 500))
    candles = synthetic.history(600).candles.assign(
        open=path[:, 0], high=path.max(axis=1), low=path.min(axis=1), close=path[:, -1]
    )
    assert ranges.unit(candles)[-1] == pytest.approx(0.01, rel=0.1)


@given(start=st.integers(0, 90), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_a_row_is_the_same_wherever_the_history_starts(start, seed):
    candles = synthetic.history(600, seed).candles
    cut = candles.iloc[start:]
    for value, whole in zip(
        ranges.averages(ranges.true_ranges(cut)),
        ranges.averages(ranges.true_ranges(candles)),
        strict=True,
    ):
        has_value = np.isfinite(value)
        assert has_value.any()
        np.testing.assert_array_equal(value[has_value], whole[start:][has_value])


def test_a_market_that_stands_still_has_a_unit():
    history = synthetic.history(200)
    still = dataclasses.replace(history, candles=history.candles * 0 + 5.0)
    assert ranges.unit(still.candles)[-1] == ranges.MIN_RANGE == 1e-5
    assert len(ranges.unit(still.candles.iloc[:1])) == 1
