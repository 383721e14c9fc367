"""The outcome of a forecast equals a loop by hand, or is void with its reason."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.ledger import grading
from cryptoforecast.types import QUANTILES
from cryptoforecast.types.ledger import CANDLE_REVISED, GRADED, SIMULATED, SOURCE_GONE, VOID
from tests import synthetic
from tests.ledger import making

FORECAST = making.forecast()
CLOSES = making.HISTORY.candles["close"].to_numpy()


def pinball(actual, prices):
    losses = []
    for level, price in zip(QUANTILES, prices, strict=True):
        error = math.log(actual / FORECAST.last_close) - math.log(price / FORECAST.last_close)
        losses.append(level * error if error > 0 else (level - 1) * error)
    return sum(losses) / len(losses)


def test_a_graded_forecast_equals_a_loop_by_hand():
    result = making.outcome(5, FORECAST)
    assert (result.forecast, result.state, result.reason) == (5, GRADED, "")
    assert result.fingerprint == making.HISTORY.fingerprint
    for step in range(3):
        actual, prices = CLOSES[101 + step], FORECAST.quantiles[step]
        assert result.actual[step] == actual
        assert result.inside[50][step] == (prices[3] <= actual <= prices[5])
        assert result.inside[80][step] == (prices[2] <= actual <= prices[6])
        assert result.inside[95][step] == (prices[0] <= actual <= prices[8])
        assert result.pinball[step] == pytest.approx(pinball(actual, prices))
        assert result.pinball_naive[step] == pytest.approx(pinball(actual, FORECAST.naive[step]))
        assert result.pinball_cone[step] == pytest.approx(pinball(actual, FORECAST.cone[step]))
        below = [level for level, price in zip(QUANTILES, prices, strict=True) if price <= actual]
        above = [level for level, price in zip(QUANTILES, prices, strict=True) if price >= actual]
        low, high = below[-1] if below else 0, above[0] if above else 1
        assert low <= result.transform[step] <= high


def test_candles_outside_its_span_change_nothing():
    altered = synthetic.altered(making.HISTORY, 104)
    before = dataclasses.replace(altered, candles=altered.candles.iloc[100:])
    one, other = making.outcome(1, FORECAST), making.outcome(1, FORECAST, before)
    np.testing.assert_array_equal(one.pinball, other.pinball)
    np.testing.assert_array_equal(one.transform, other.transform)


def test_it_waits_until_its_last_candle_has_closed():
    early = FORECAST.due_at - pd.Timedelta(seconds=1)
    assert grading.grade(1, FORECAST, making.HISTORY, early) is None
    assert grading.grade(1, FORECAST, making.HISTORY, FORECAST.due_at) is not None


@pytest.mark.parametrize("absent", [100, 101, 103, None])
def test_it_waits_a_week_for_a_candle_and_is_then_void(absent):
    history = None
    if absent is not None:
        candles = making.HISTORY.candles.drop(making.HISTORY.candles.index[absent])
        history = dataclasses.replace(making.HISTORY, candles=candles)
    end = FORECAST.due_at + grading.MAX_WAIT
    assert grading.grade(1, FORECAST, history, end - pd.Timedelta(seconds=1)) is None
    result = grading.grade(1, FORECAST, history, end)
    assert (result.state, result.reason) == (VOID, SOURCE_GONE)
    assert not result.has_candles


@pytest.mark.parametrize(("change", "reason"), [(0.99e-4, ""), (1.01e-4, CANDLE_REVISED)])
def test_a_last_close_that_its_source_changed_makes_it_void(change, reason):
    candles = making.HISTORY.candles.copy()
    candles.iloc[100, candles.columns.get_loc("close")] *= 1 + change
    result = making.outcome(1, FORECAST, dataclasses.replace(making.HISTORY, candles=candles))
    assert result.reason == reason
    assert result.has_candles == (not reason)


def test_simulated_prices_make_it_void_and_keep_what_came():
    series = dataclasses.replace(making.SERIES, simulated=True)
    result = making.outcome(1, dataclasses.replace(FORECAST, series=series))
    assert (result.state, result.reason) == (VOID, SIMULATED)
    np.testing.assert_array_equal(result.actual, CLOSES[101:104])
