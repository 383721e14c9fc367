"""Where a price ends, and how far it has come, are told by the numbers themselves."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.forecasting import next_steps
from cryptoforecast.types import QUANTILES
from tests import synthetic

HOUR = pd.Timedelta(hours=1)


@pytest.mark.parametrize(
    ("level", "low", "high"), [(50, 0.25, 0.75), (80, 0.1, 0.9), (95, 0.025, 0.975)]
)
def test_a_likely_range_has_the_quantiles_of_the_last_step(level, low, high):
    future = next_steps.of_baseline(synthetic.history(300), "har", 3)
    prices = dict(zip(QUANTILES, future.forecast.quantile_prices[0, -1], strict=True))
    assert future.likely(level) == (prices[low], prices[0.5], prices[high])
    assert future.likely(level)[0] < future.likely(level)[1] < future.likely(level)[2]
    first = future.forecast.quantile_prices[0, 0]
    assert future.likely(level)[2] != first[QUANTILES.index(high)]


def test_a_range_beyond_all_numbers_is_infinite_and_no_error():
    forecast = next_steps.of_baseline(synthetic.history(300), "har", 3).forecast
    wild = dataclasses.replace(forecast, quantiles=np.full_like(forecast.quantiles, 800.0))
    assert np.isinf(wild.quantile_prices).all()


def test_a_change_is_from_the_close_a_span_before():
    history = synthetic.history(100)
    close = history.candles["close"]
    assert history.change(24 * HOUR) == (close.iloc[-1] / close.iloc[-25] - 1, 24 * HOUR)
    assert history.change(99 * HOUR) == (close.iloc[-1] / close.iloc[0] - 1, 99 * HOUR)
    assert history.change(100 * HOUR) is None


def test_a_change_over_a_gap_says_which_span_it_took():
    history = synthetic.parted(synthetic.history(100), {90: 20})  # absent before row 90
    close = history.candles["close"]
    share, span = history.change(24 * HOUR)
    assert span == 30 * HOUR  # the last candle before the gap closed so long ago
    assert share == close.iloc[-1] / close.iloc[89] - 1


def test_candles_longer_than_the_span_give_the_candle_before():
    weekly = synthetic.lasting(synthetic.history(50), "1w")
    share, span = weekly.change(pd.Timedelta(days=1))
    assert span == pd.Timedelta(days=7)
    assert share == weekly.candles["close"].iloc[-1] / weekly.candles["close"].iloc[-2] - 1
