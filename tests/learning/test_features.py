"""Features look at no later row, read only their warm-up, and are what their names say."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning import feature_values, features
from tests import synthetic

ALL = tuple(features.FEATURES)
CALENDAR = {"hour", "half_day", "week", "weekend"}
#: Enough for every warm-up.
ROWS = features.warmup(ALL) + 100


@given(row=st.integers(0, ROWS - 1), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_altering_later_candles_changes_nothing_at_or_before_a_row(row, seed):
    history = synthetic.history(ROWS, seed)
    before = features.matrix(history.candles, ALL)
    after = features.matrix(synthetic.altered(history, row + 1).candles, ALL)
    np.testing.assert_array_equal(before[: row + 1], after[: row + 1])


def test_every_feature_but_the_calendar_reacts_to_its_own_candle():
    """The test above could pass on features that read nothing."""
    history, row = synthetic.history(ROWS), ROWS - 30
    for name in set(ALL) - CALENDAR:
        before = features.matrix(history.candles, (name,))
        after = features.matrix(synthetic.altered(history, row).candles, (name,))
        assert np.isfinite(before[row]).all(), name
        assert not np.array_equal(before[row], after[row]), name


@pytest.mark.parametrize("name", ALL)
@given(start=st.integers(0, 60), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_a_row_is_the_same_wherever_the_history_starts(name, start, seed):
    candles = synthetic.history(ROWS, seed).candles
    warmup = features.FEATURES[name].warmup
    whole = features.matrix(candles, (name,))
    cut = features.matrix(candles.iloc[start:], (name,))
    assert len(cut[warmup:]) >= 40
    np.testing.assert_array_equal(cut[warmup:], whole[start + warmup :])


@pytest.mark.parametrize("name", ALL)
def test_warm_up_and_columns_are_as_declared(name):
    feature = features.FEATURES[name]
    matrix = features.matrix(synthetic.history(ROWS).candles, (name,))
    assert matrix.shape == (ROWS, feature.columns) == (ROWS, features.width((name,)))
    assert np.isnan(matrix[: feature.warmup]).all()
    assert np.isfinite(matrix[feature.warmup :]).all()
    assert features.matrix(synthetic.history(3).candles, (name,)).shape == (3, feature.columns)


def test_values_equal_a_hand_computation():
    candles = synthetic.history(60).candles
    row, close = candles.iloc[40], candles["close"]
    volume = candles["volume"]
    moved = math.log(close.iloc[40] / close.iloc[39])
    share = volume.iloc[40] / np.mean([volume.iloc[i] for i in range(17, 41)])
    hour = candles.index[40].hour
    expected = {
        "close": [row["close"]],
        "return": [moved],
        "abs_return": [math.log(abs(moved) + 1e-4)],
        "range": [math.log(math.log(row["high"] / row["low"]) + 1e-4)],
        "volume": [math.log((share + 0.01) / 1.01)],
        "hour": [math.sin(2 * math.pi * hour / 24), math.cos(2 * math.pi * hour / 24)],
        "weekend": [0.0],
    }
    assert hour == 16
    matrix = features.matrix(candles, tuple(expected))
    assert matrix[40] == pytest.approx([v for values in expected.values() for v in values])


def test_values_in_units_of_the_range_equal_a_hand_computation():
    candles = synthetic.history(700).candles
    close, high, low = (candles[name].to_numpy() for name in ("close", "high", "low"))
    true = [
        math.log(max(high[t], close[t - 1]) / min(low[t], close[t - 1])) / math.sqrt(8 / math.pi)
        for t in range(1, 700)
    ]
    row = 650
    # `true` starts at row 1, so its first `row` values end at this row.
    short, usual, long = (np.mean(true[row - count : row]) for count in (24, 168, 504))
    moved = math.log(close[row] / close[row - 1]) / usual
    time = candles.index[row]
    day, week = time.hour / 12, (time.day_of_week + time.hour / 24) / 7
    expected = {
        "scaled_return": [moved],
        "scaled_move": [math.log(abs(moved) + 0.05)],
        "scaled_range": [math.log(true[row - 1] / usual + 0.05)],
        "short_range": [math.log(short / usual)],
        "long_range": [math.log(long / usual)],
        "half_day": [math.sin(2 * math.pi * day), math.cos(2 * math.pi * day)],
        "week": [math.sin(2 * math.pi * week), math.cos(2 * math.pi * week)],
    }
    matrix = features.matrix(candles, tuple(expected))
    assert matrix[row] == pytest.approx([v for values in expected.values() for v in values])


def test_a_candle_with_its_high_below_its_low_has_no_range():
    candles = synthetic.history(3).candles
    candles.loc[candles.index[1], ["high", "low"]] = [90.0, 110.0]
    assert features.matrix(candles, ("range",))[1, 0] == pytest.approx(math.log(1e-4))


@pytest.mark.parametrize("rows", [23, 24, 25])
def test_volume_is_known_from_the_row_that_has_its_candles(rows):
    candles = synthetic.history(40).candles
    whole = features.matrix(candles, ("volume",))
    cut = features.matrix(candles.iloc[:rows], ("volume",))
    assert np.isfinite(cut[:, 0]).tolist() == [row >= 23 for row in range(rows)]
    np.testing.assert_array_equal(cut, whole[:rows])


def test_one_unknown_volume_among_others_counts_as_none():
    candles = synthetic.history(60).candles
    candles.loc[candles.index[30], "volume"] = np.nan
    without = candles.assign(volume=candles["volume"].fillna(0.0))
    np.testing.assert_array_equal(
        features.matrix(candles, ("volume",)), features.matrix(without, ("volume",))
    )


def test_weekend_is_saturday_and_sunday_utc():
    candles = synthetic.history(24 * 14).candles
    weekend = features.matrix(candles, ("weekend",))[:, 0]
    for time, value in zip(candles.index, weekend, strict=True):
        assert value == (time.day_name() in ("Saturday", "Sunday"))


@pytest.mark.parametrize("volume", [np.nan, 0.0])
def test_unknown_volume_is_neutral(volume):
    candles = synthetic.history(60).candles.assign(volume=volume)
    assert (features.matrix(candles, ("volume",))[23:] == 0).all()


def test_flat_candles_stay_finite():
    candles = synthetic.history(60).candles.assign(open=5.0, high=5.0, low=5.0, close=5.0)
    matrix = features.matrix(candles, ("return", "abs_return", "range"))[1:]
    assert np.isfinite(matrix).all()
    assert (matrix[:, 0] == 0).all()


def test_half_hours_lie_between_hours():
    candles = synthetic.history(48).candles
    candles.index = pd.date_range("2024-01-01", periods=48, freq="30min", tz="UTC", name="time")
    sine = features.matrix(candles, ("hour",))[:, 0]
    assert sine[3] == pytest.approx(math.sin(2 * math.pi * 1.5 / 24))


def test_needs_of_several_features_is_the_largest_warm_up():
    assert features.warmup(("close", "hour")) == 0
    assert features.warmup(("return", "volume")) == feature_values.VOLUME_ROWS - 1
    assert features.width(("return", "hour")) == 3


@pytest.mark.parametrize("names", [(), ("return", "return"), ("retrun",)])
def test_refuses_unknown_doubled_and_no_names(names):
    with pytest.raises(InvalidInput, match="`features` must be different names out of close, ret"):
        features.matrix(synthetic.history(30).candles, names)


@pytest.mark.parametrize("name", ALL)
def test_scale_free_are_those_that_know_neither_price_nor_restlessness(name):
    candles = synthetic.history(ROWS).candles
    wild = candles.copy()
    wild[["open", "high", "low", "close"]] **= 2
    wild["volume"] *= 1000
    inputs, other = (features.matrix(each, (name,)) for each in (candles, wild))
    same = np.allclose(inputs, other, rtol=1e-7, atol=1e-9, equal_nan=True)
    assert same == features.FEATURES[name].scale_free


@pytest.mark.parametrize("name", ["range", "abs_return", "atr", "close"])
def test_what_is_not_scale_free_does(name):
    assert not features.FEATURES[name].scale_free
    candles = synthetic.history(ROWS).candles
    wild = candles.copy()
    wild[["open", "high", "low", "close"]] **= 2
    inputs, other = (features.matrix(each, (name,)) for each in (candles, wild))
    assert np.nanmax(np.abs(inputs - other)) > 0.1


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([[0, 1, 2], [5, 5, 5]], ("volume",)),
        ([[0, 1, 2], [5, np.nan, 6]], ()),
        ([[0, 1], [5, 5]], ("volume",)),
        ([[7, 7, 7], [0.1, 0.1, 0.1]], ("return", "volume")),
        ([[1e9, 1e9 + 1e-4, 1e9], [0, 0, 1e-12]], ("return",)),
    ],
)
def test_constant_is_what_does_not_vary(columns, expected):
    raw = np.array(columns, dtype=float).T
    assert features.constant(raw, ("return", "volume")) == expected


def test_one_row_says_nothing():
    assert features.constant(np.zeros((1, 2)), ("return", "volume")) == ()


@pytest.mark.parametrize("rows", [30, 200])
def test_there_is_volume_where_it_varies_in_the_first_half_or_in_24_candles(rows):
    candles = synthetic.history(rows).candles
    early = max(rows // 2, 24)
    assert features.has_volume(candles)
    for volume in (0.0, 5.0, np.nan):
        assert not features.has_volume(candles.assign(volume=volume))
    for first, has in ((early, False), (early - 1, True)):
        late = np.where(np.arange(rows) < first, np.nan, candles["volume"])
        assert features.has_volume(candles.assign(volume=late)) is has
    assert not features.has_volume(candles.iloc[:0])


def test_a_signal_that_the_prices_do_not_have_is_named():
    with pytest.raises(InvalidInput, match="reads the signal fear_greed beside the prices"):
        features.matrix(synthetic.history(100).candles, ("return", "signal:fear_greed"))


def test_a_signal_is_its_value_and_whether_it_is_missing():
    name = "signal:fear_greed"
    candles = synthetic.history(40).candles.assign(**{name: np.arange(40.0)})
    candles.iloc[7, -1] = np.nan
    inputs = features.matrix(candles, (name, "return"))
    np.testing.assert_array_equal(inputs[:, 0], candles[name])
    assert inputs[:, 1].tolist() == [float(row == 7) for row in range(40)]
    feature = features.of(name)
    assert (feature.warmup, feature.columns, feature.scale_free) == (0, 2, False)
    assert features.signals((name, "return")) == (name,)
    assert features.owners((name, "return")) == [name, name, "return"]


@pytest.mark.parametrize("name", ["signal:", "signal:Fear", "signal:fear greed", "fear_greed"])
def test_refuses_names_of_no_signal(name):
    with pytest.raises(InvalidInput, match="`features` must be different names"):
        features.check(("return", name))
    features.check(("return", "signal:fear_greed"))


def test_inputs_of_closes_alone_are_those_of_the_candles():
    candles = synthetic.history(40).candles
    names = tuple(feature_values.CLOSE_FEATURES)
    close = candles["close"].to_numpy()
    np.testing.assert_array_equal(
        features.matrix_of_closes(close, names), features.matrix(candles, names)
    )


@pytest.mark.parametrize(("spread", "expected"), [(0.9e-9, ("return",)), (1.1e-9, ())])
@pytest.mark.parametrize("level", [1.0, -1.0])
def test_a_spread_of_a_billionth_is_a_rounding(level, spread, expected):
    raw = np.array([[level, 0], [level + spread, 1], [level, 2]], dtype=float)
    assert features.constant(raw, ("return", "volume")) == expected


def test_a_column_of_zeros_or_below_zero_is_constant_too():
    raw = np.array([[0, -7], [0, -7], [0, -7]], dtype=float)
    assert features.constant(raw, ("return", "volume")) == ("return", "volume")


@pytest.mark.parametrize(
    ("values", "missing", "expected"),
    [
        ([np.nan, np.nan, np.nan], [1, 1, 1], ("signal:x",)),
        ([np.nan, 5, 6], [1, 0, 0], ()),
        ([np.nan, 5, 5], [1, 0, 0], ()),  # whether it is missing varies
        ([5, 5, 5], [0, 0, 0], ("signal:x",)),
        ([4, 5, 5], [0, 0, 0], ()),
    ],
)
def test_a_signal_is_constant_where_neither_value_nor_gap_varies(values, missing, expected):
    raw = np.column_stack([values, missing, [1.0, 2.0, 3.0]])
    assert features.constant(raw, ("signal:x", "return")) == expected


def test_volumes_below_one_are_volumes():
    candles = synthetic.history(60).candles
    assert features.has_volume(candles.assign(volume=np.linspace(0.1, 0.5, 60)))
