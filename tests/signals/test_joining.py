"""A candle gets what was known when it closed, and nothing that was known later."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning import features, inference, samples
from cryptoforecast.signals.joining import known_at, with_signals
from cryptoforecast.signals.series import from_series
from cryptoforecast.types import PriceHistory, Signal
from tests import synthetic

INPUTS = ("return", "signal:mood")
HOUR, DAY = pd.Timedelta(hours=1), pd.Timedelta(days=1)


def mood(
    history: PriceHistory, seed: int = 0, step: pd.Timedelta = DAY, **changes: object
) -> Signal:
    """A signal, by default a daily one, that begins five days before the prices."""
    times = pd.date_range(
        history.start.floor("D") - 5 * DAY, history.end, freq=step, tz="UTC", unit="ns"
    )
    values = np.random.default_rng(seed).normal(50, 20, len(times))
    return from_series("mood", pd.Series(values, times), "a test", **changes)


def test_a_daily_value_counts_from_when_it_was_known() -> None:
    """A value of the day that begins at its time is known when the day has ended."""
    history = synthetic.history(100)
    signal = mood(history)
    joined = with_signals(history, [signal])
    column = joined.candles["signal:mood"]
    first = signal.values.iloc[4]  # of the day before the prices begin
    assert (column.iloc[:23] == first).all()
    # The candle of 23:00 closes at midnight, when the value of its own day is known.
    assert column.index[23].hour == 23
    assert (column.iloc[23:47] == signal.values.iloc[5]).all()
    later = with_signals(history, [mood(history, lag=DAY + HOUR)]).candles["signal:mood"]
    assert (later.iloc[:24] == first).all()
    assert later.iloc[24] == signal.values.iloc[5]


@given(row=st.integers(60, 598), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_values_that_were_known_later_change_nothing(row: int, seed: int) -> None:
    history = synthetic.history(600)
    signal = mood(history, step=HOUR, lag=HOUR / 2)
    origin = history.candles.index[row] + HOUR
    values = signal.values.copy()
    after = values.index > origin
    values[after] = np.random.default_rng(seed).normal(0, 1e6, int(after.sum()))
    dropped = values[~after | (np.arange(len(values)) % 2 == 0)]
    changed = Signal("mood", dropped, signal.max_age, signal.about)
    spec = synthetic.spec(features=INPUTS)
    model = synthetic.model(spec)
    results = []
    for each in (signal, changed):
        joined = with_signals(history, [each])
        inputs = features.matrix(joined.candles, INPUTS)[: row + 1]
        forecast = inference.forecast(model, joined, range(row, row + 1))
        results.append((inputs, forecast.predicted, forecast.quantiles))
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)
    # What was known at the origin changes the forecast: the test could find a difference.
    at_origin = signal.values.mask(signal.values.index <= origin, 1e3)
    joined = with_signals(history, [Signal("mood", at_origin, signal.max_age, "")])
    forecast = inference.forecast(model, joined, range(row, row + 1))
    assert (forecast.predicted != results[0][1]).all()


def test_a_value_is_used_up_to_its_age_and_then_missing() -> None:
    releases = pd.DatetimeIndex(["2024-01-02", "2024-01-06"], tz="UTC").as_unit("ns")
    signal = Signal("mood", pd.Series([1.0, 2.0], releases), 2 * DAY, "")
    times = pd.date_range("2024-01-01", "2024-01-09", freq="D", tz="UTC")
    expected = [np.nan, 1, 1, 1, np.nan, 2, 2, 2, np.nan]
    np.testing.assert_array_equal(known_at(signal, times), expected)


def test_a_missing_signal_is_marked_and_shapes_no_mean() -> None:
    history = synthetic.history(600)
    joined = with_signals(history, [mood(history)])
    column = joined.candles["signal:mood"].copy()
    column.iloc[100:300] = np.nan
    holed = joined.candles.assign(**{"signal:mood": column})
    inputs = features.matrix(holed, INPUTS)
    np.testing.assert_array_equal(inputs[:, 2], column.isna())
    spec = synthetic.spec(features=INPUTS)
    history = PriceHistory("BTC", "1h", holed, "test", history.fetched_at)
    prepared, scaler = samples.prepare(history, spec, samples.split(history, spec))
    train = column.iloc[1 : samples.split(history, spec).train_end]
    assert scaler.offset[1] == pytest.approx(train.mean())
    assert np.isfinite(prepared.inputs).all()
    assert (prepared.inputs[100:300, 1] == 0).all()
    assert (prepared.inputs[100:300, 2] > 0).all()


def test_signals_are_part_of_the_fingerprint_and_prices_without_them_keep_theirs() -> None:
    history = synthetic.history(100)
    one, other = (with_signals(history, [mood(history, seed)]) for seed in (0, 1))
    assert len({history.fingerprint, one.fingerprint, other.fingerprint}) == 3
    assert with_signals(history, []) is history


def test_notes_say_what_is_missing_or_simulated() -> None:
    history = synthetic.history(100)
    values = mood(history).values
    old = Signal("old", values.iloc[:3], DAY, "a test")
    assert "no value in the time of these prices" in with_signals(history, [old]).notes[0]
    ends = Signal("ends", values.iloc[:7], DAY, "a test")
    assert "is missing at the last candle" in with_signals(history, [ends]).notes[0]
    dice = from_series("dice", values, "dice", simulated=True)
    assert with_signals(history, [dice]).notes == (
        "The signal dice is simulated: dice, known 1d after its time, used for up to 3d.",
    )


def test_candles_without_the_signal_are_refused_with_a_remedy() -> None:
    with pytest.raises(InvalidInput, match=r"reads the signal mood .* --signal mood=FILE"):
        features.matrix(synthetic.history(50).candles, INPUTS)
