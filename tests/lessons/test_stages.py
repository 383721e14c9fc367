"""One forecast stage by stage, and how late forecasts are, against independent calculations."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.evaluation import backtest
from cryptoforecast.learning import specs
from cryptoforecast.lessons.delay import delay
from cryptoforecast.lessons.stages import stages
from cryptoforecast.types import QUANTILES, Backtest
from tests import synthetic

HORIZON = 6


@pytest.fixture(scope="module")
def result() -> Backtest:
    """A test of the cone; its settings are also those of a network that looks 60 candles back."""
    spec = specs.make(network="cone", horizon=HORIZON)
    return backtest.holdout(synthetic.history(1200), spec)


def test_stages_are_those_of_the_prices(result):
    closes = result.history.candles["close"]
    one = stages(result, back=10)
    origin = len(closes) - 1 - HORIZON - 10
    assert one.candles.index[one.origin] == closes.index[origin]
    assert one.close == closes.iloc[origin]
    assert one.origin - one.first + 1 == result.spec.lookback == len(one.changes)
    by_hand = [np.log(closes.iloc[i] / closes.iloc[i - 1]) for i in range(origin - 59, origin + 1)]
    np.testing.assert_allclose(one.changes, by_hand)
    later = [np.log(closes.iloc[origin + k] / closes.iloc[origin]) for k in range(1, HORIZON + 1)]
    np.testing.assert_allclose(one.actual, later)
    assert one.closes_at[-1] == closes.index[origin + HORIZON] + pd.Timedelta(hours=1)


def test_the_loss_is_the_mean_pinball_loss_of_the_last_step(result):
    one = stages(result, back=3)
    outcome = one.actual[-1]
    parts = [
        share * (outcome - value) if outcome > value else (1 - share) * (value - outcome)
        for share, value in zip(QUANTILES, one.quantiles[-1], strict=True)
    ]
    assert one.loss == pytest.approx(np.mean(parts))
    assert one.average_loss == pytest.approx(result.scores["cone"][-1].pinball)
    low, high = one.quantiles[-1][[2, 6]]
    assert one.inside == (low <= outcome <= high)


def test_candles_after_the_window_change_nothing_that_was_known(result):
    changed = result.history.candles.copy()
    rows = len(changed) - 1 - HORIZON
    changed.iloc[rows + 1 :] *= 1.5
    history = dataclasses.replace(result.history, candles=changed)
    other = stages(backtest.holdout(history, result.spec), back=0)
    one = stages(result, back=0)
    np.testing.assert_array_equal(other.changes, one.changes)
    np.testing.assert_array_equal(other.quantiles, one.quantiles)
    assert (other.actual != one.actual).all()


def test_the_last_price_fits_best_when_pulled_back_by_the_horizon(result):
    late = delay(result)
    assert late.best == HORIZON
    assert late.gaps[HORIZON] == pytest.approx(0, abs=1e-9)
    forecast = result.forecast
    by_hand = [
        abs(forecast.predicted[i, -1] - forecast.actual[i, -1])
        for i in range(HORIZON + 4 - 0, len(forecast))
        if np.isfinite(forecast.actual[i, -1])
    ]
    assert late.gaps[0] == pytest.approx(np.mean(by_hand), rel=0.02)


def test_a_forecast_that_knows_the_future_fits_best_where_it_stands(result):
    forecast = result.forecast
    knowing = dataclasses.replace(forecast, predicted=forecast.actual)
    late = delay(dataclasses.replace(result, forecasts={"cone": knowing}))
    assert late.best == 0
    assert late.gaps[0] == 0
