"""Sentences that go with a forecast: when the prices it reads are not what they seem."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.forecasting import warnings as cautions
from cryptoforecast.types import INTERVALS
from tests import synthetic

GAP = "This forecast reads across a gap of more than 6 candles."


def test_nothing_is_said_where_nothing_is_odd():
    assert cautions.of_forecast(synthetic.history(), synthetic.model()) == ()


def test_a_gap_is_named_while_the_forecast_reads_across_it():
    model = synthetic.model()
    needs, history = model.card.needs, synthetic.history(600)

    def found(row, absent=7):
        return cautions.of_forecast(synthetic.parted(history, {row: absent}), model)

    def late(row):
        """``parted`` makes the history end later than its prices were read."""
        return GAP in found(row)

    assert late(599)
    assert late(600 - needs + 1)
    assert not late(600 - needs)
    assert GAP not in found(599, absent=6)


@pytest.mark.parametrize("volume", [0.0, np.nan])
def test_a_dead_market_is_named(volume):
    found = cautions.of_prices(synthetic.dead(synthetic.history(600), 60, volume))
    assert found == (
        "The last 60 candles repeat one price without volume, from 2024-01-23 12:00 UTC on: "
        "the market seems dead.",
    )
    assert cautions.of_prices(synthetic.dead(synthetic.history(600), 40, volume)) == ()


@pytest.mark.parametrize(
    ("interval", "age", "words"),
    [("1m", "5min", "5 minutes"), ("1h", "3h", "3 hours"), ("1d", "5D", "5 days")],
)
def test_late_prices_are_said_to_be_late_in_words_that_fit(interval, age, words):
    history = synthetic.history(60)
    closed = history.end + INTERVALS[interval]
    late = dataclasses.replace(
        history, interval=interval, fetched_at=closed + pd.Timedelta(age), simulated=False
    )
    assert cautions.of_prices(late) == (
        f"The last candle closed {words} before the prices were read.",
    )
    assert cautions.of_prices(dataclasses.replace(late, fetched_at=closed)) == ()


def test_an_input_far_outside_of_what_was_learnt_is_named():
    history = synthetic.history(300)
    model = synthetic.model(synthetic.spec(features=("return", "hour")))
    assert not any("Far outside" in text for text in cautions.of_forecast(history, model))
    candles = history.candles.copy()
    candles.iloc[-3:] *= 1e9  # a return of 20, where the scaler knows of 1
    wild = dataclasses.replace(history, candles=candles)
    found = [text for text in cautions.of_forecast(wild, model) if "Far outside" in text]
    assert found == ["Far outside of what the model learnt from: return. Expect less of it."]
    # Out of its sight it no longer matters.
    candles.iloc[:-40] *= 1e9
    candles.iloc[-3:] /= 1e9
    past = dataclasses.replace(history, candles=candles)
    assert not any("Far outside" in text for text in cautions.of_forecast(past, model))


@pytest.mark.parametrize("factor", [1e9, 1e-9])
def test_a_jump_and_a_crash_are_both_far_outside(factor):
    history = synthetic.history(300)
    model = synthetic.model(synthetic.spec(features=("return", "hour")))
    candles = history.candles.copy()
    candles.iloc[-1] *= factor
    extreme = dataclasses.replace(history, candles=candles)
    assert [text for text in cautions.of_forecast(extreme, model) if "Far outside" in text] == [
        "Far outside of what the model learnt from: return. Expect less of it."
    ]


def test_a_model_past_its_date_says_so():
    history = synthetic.history(300)  # of January 2024
    old = synthetic.model(cutoff="2021-12-31T00:00:00+00:00")
    found = [text for text in cautions.of_forecast(history, old) if "up to 2021-12-31" in text]
    assert len(found) == 1
    assert "743 days before the last candle" in found[0]
    young = synthetic.model(cutoff="2022-02-01T00:00:00+00:00")
    assert not any("learnt from prices up to" in t for t in cautions.of_forecast(history, young))
    simulated = dataclasses.replace(history, simulated=True)
    assert not any("up to" in text for text in cautions.of_forecast(simulated, old))
