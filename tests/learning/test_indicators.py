"""Indicators against plain loops, at any start and whatever comes later, on dead markets too."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoforecast.learning import features, indicators
from tests import synthetic

NAMES = ("rsi", "macd", "bollinger", "atr", "averages")
WARM_UP = features.warmup(NAMES)


def average(values, span):
    """A plain exponential average of the last three spans, newest value last."""
    total = weights = 0.0
    for k in range(3 * span):
        weight = (1 - 2 / (span + 1)) ** k
        total += weight * values[-1 - k]
        weights += weight
    return total / weights


def rsi(candles):
    close = list(candles["close"])
    moves = [b - a for a, b in pairwise(close)]
    up = average([max(m, 0) for m in moves], 27)
    down = average([max(-m, 0) for m in moves], 27)
    return [1 - 1 / (1 + up / down)]


def macd(candles):
    close = list(candles["close"])
    ends = range(len(close) - 26, len(close) + 1)
    lines = [average(close[:end], 12) - average(close[:end], 26) for end in ends]
    return [lines[-1] / close[-1], (lines[-1] - average(lines, 9)) / close[-1]]


def bollinger(candles):
    close = list(candles["close"])[-20:]
    middle = sum(close) / 20
    deviation = math.sqrt(sum((c - middle) ** 2 for c in close) / 20)
    width = (middle + 2 * deviation) - (middle - 2 * deviation)
    return [(close[-1] - middle) / (2 * deviation), math.log(width / middle + 1e-4)]


def atr(candles):
    ranges = []
    for row in range(1, len(candles)):
        high, low = candles["high"].iloc[row], candles["low"].iloc[row]
        before = candles["close"].iloc[row - 1]
        ranges.append(max(high - low, abs(high - before), abs(low - before)))
    return [math.log(average(ranges, 27) / candles["close"].iloc[-1] + 1e-4)]


def averages(candles):
    close = list(candles["close"])
    return [math.log(close[-1] / (sum(close[-rows:]) / rows)) for rows in (10, 50, 100)]


@pytest.mark.parametrize("by_hand", [rsi, macd, bollinger, atr, averages])
def test_values_equal_a_hand_computation(by_hand):
    candles = synthetic.history(200).candles
    inputs = features.matrix(candles, (by_hand.__name__,))
    for row in (WARM_UP, 150, 199):
        assert inputs[row] == pytest.approx(by_hand(candles.iloc[: row + 1]), rel=1e-9), row


def test_cutting_an_average_off_changes_hardly_anything():
    """The same indicators with the averages of pandas, which reach back to the first row."""
    candles = synthetic.history(2000).candles
    close = candles["close"]
    inputs = features.matrix(candles, ("rsi", "macd"))[500:]
    move = close.diff()
    up, size = (part.ewm(alpha=1 / 14).mean() for part in (move.clip(lower=0), move.abs()))
    line = close.ewm(span=12).mean() - close.ewm(span=26).mean()
    endless = np.column_stack([up / size, line / close])[500:]
    apart = np.abs(inputs[:, :2] - endless).max(axis=0) / endless.std(axis=0)
    assert (apart < 0.05).all()
    assert (apart > 0).all()


@given(row=st.integers(WARM_UP, 179), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_altering_later_candles_changes_nothing_at_or_before_a_row(row, seed):
    history = synthetic.history(180, seed)
    before = features.matrix(history.candles, NAMES)
    after = features.matrix(synthetic.altered(history, row + 1).candles, NAMES)
    np.testing.assert_array_equal(before[: row + 1], after[: row + 1])
    changed = features.matrix(synthetic.altered(history, row).candles, NAMES)
    assert (before[row] != changed[row]).all()


@pytest.mark.parametrize("name", NAMES)
@given(start=st.integers(0, 150), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_the_last_candles_give_what_the_whole_history_gives(name, start, seed):
    candles = synthetic.history(260, seed).candles
    warm_up = features.FEATURES[name].warmup
    whole = features.matrix(candles, (name,))
    cut = features.matrix(candles.iloc[start:], (name,))
    np.testing.assert_array_equal(cut[warm_up:], whole[start + warm_up :])
    one = features.matrix(candles.iloc[start : start + warm_up + 1], (name,))
    np.testing.assert_array_equal(one[-1], whole[start + warm_up])


@pytest.mark.parametrize("name", NAMES)
def test_the_warm_up_is_neither_shorter_nor_longer_than_declared(name):
    feature = features.FEATURES[name]
    inputs = features.matrix(synthetic.history(140).candles, (name,))
    assert inputs.shape == (140, feature.columns)
    assert np.isnan(inputs[: feature.warmup]).all()
    assert np.isfinite(inputs[feature.warmup :]).all()
    for rows in (0, 1, 3, feature.warmup):
        few = features.matrix(synthetic.history(140).candles.iloc[:rows], (name,))
        assert few.shape == (rows, feature.columns)
        assert np.isnan(few).all()


def test_the_unit_of_the_price_does_not_matter():
    candles = synthetic.history(200).candles
    dearer = candles.assign(**{side: candles[side] * 3e7 for side in ("high", "low", "close")})
    one, other = (features.matrix(each, NAMES)[WARM_UP:] for each in (candles, dearer))
    np.testing.assert_allclose(other, one, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("price", [0.1, 30_000.1])
def test_a_dead_market_is_neutral(price):
    sides = dict.fromkeys(("open", "high", "low", "close"), price)
    candles = synthetic.history(200).candles.assign(**sides, volume=0.0)
    inputs = features.matrix(candles, NAMES)[WARM_UP:]
    floor = math.log(1e-4)
    expected = np.tile([0.5, 0.0, 0.0, 0.0, floor, floor, 0.0, 0.0, 0.0], (len(inputs), 1))
    np.testing.assert_array_equal(inputs, expected)


def test_a_market_that_dies_and_wakes_stays_finite():
    history = synthetic.dead(synthetic.history(500), 150)
    awake = synthetic.history(300, 1).candles
    after = awake.set_axis(history.candles.index[-1] + pd.to_timedelta(range(1, 301), "h"))
    inputs = features.matrix(pd.concat([history.candles, after]), NAMES)[WARM_UP:]
    assert np.isfinite(inputs).all()
    assert (np.abs(inputs[:, 3]) <= math.sqrt(19) / 2 + 1e-9).all()


def test_the_ends_of_what_an_indicator_can_say():
    rising = synthetic.history(200).candles.assign(close=np.linspace(100.0, 200.0, 200))
    falling = rising.assign(close=np.linspace(200.0, 100.0, 200))
    up, down = (features.matrix(each, ("rsi", "macd", "averages")) for each in (rising, falling))
    assert (up[WARM_UP:, 0] == 1).all()
    assert (down[WARM_UP:, 0] == 0).all()
    for column in (1, 3, 4, 5):
        assert (up[WARM_UP:, column] > 0).all()
        assert (down[WARM_UP:, column] < 0).all()


@pytest.mark.parametrize("span", [9, 12, 26, 27])
def test_what_is_cut_off_an_average_is_a_quarter_of_a_percent(span):
    weights = indicators.exponential(span)
    assert weights.sum() == pytest.approx(1)
    assert weights[0] / (2 / (span + 1)) - 1 == pytest.approx(0.0025, abs=0.0004)


@pytest.mark.parametrize("name", NAMES)
def test_an_indicator_is_known_as_soon_as_all_its_rows_are_and_reads_every_one(name):
    """One row more of warm-up than is read would go unnoticed by all other tests."""
    warmup = features.FEATURES[name].warmup
    candles = synthetic.history(warmup + 5).candles
    inputs = features.matrix(candles, (name,))
    assert np.isnan(inputs[:warmup]).all()
    assert np.isfinite(inputs[warmup:]).all()
    other = candles.copy()
    other.iloc[0, :4] *= 1.5
    changed = features.matrix(other, (name,)) != inputs
    assert changed[warmup].any()
    assert not changed[warmup + 1 :].any()
