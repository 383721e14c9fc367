"""Paths of the next steps: margins, dependence, highs and lows, and the chance of touching."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from cryptoforecast.errors import InvalidInput
from cryptoforecast.forecasting import next_steps, paths, probability
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.learning.targets import actual_prices
from cryptoforecast.types import QUANTILES, Forecast, Paths, PriceHistory
from tests import synthetic

LEVELS = np.array(QUANTILES)
HORIZON = 24
SIGMA = 0.01
#: Points of a simulated market inside a candle.
POINTS = 100


def market(returns: np.ndarray) -> PriceHistory:
    """A market whose candles have these log-returns inside, ``(candles, points)``."""
    logs = np.cumsum(returns).reshape(returns.shape)
    opened = np.append(0.0, logs[:-1, -1])
    candles = pd.DataFrame(
        {
            "open": opened,
            "high": np.maximum(opened, logs.max(axis=1)),
            "low": np.minimum(opened, logs.min(axis=1)),
            "close": logs[:, -1],
        },
        index=pd.date_range(
            "2024-01-01", periods=len(logs), freq="h", tz="UTC", name="time", unit="ns"
        ),
    )
    candles = 100 * np.exp(candles)
    candles["volume"] = 1.0
    return PriceHistory("BTC", "1h", candles, "test", candles.index[-1])


def walk(candles: int, seed: int = 0) -> PriceHistory:
    """A random walk that is watched ``POINTS`` times a candle."""
    rng = np.random.default_rng(seed)
    return market(rng.normal(0, SIGMA / math.sqrt(POINTS), (candles, POINTS)))


def forecasts(history: PriceHistory, rows: range, quantiles: np.ndarray) -> Forecast:
    """The same ``(horizon, 9)`` quantiles from each of the rows."""
    close = history.candles["close"].to_numpy(float)
    horizon = len(quantiles)
    last = close[rows.start : rows.stop]
    return Forecast(
        predictor="cone",
        interval=history.interval,
        origins=history.candles.index[rows.start : rows.stop],
        close=last,
        predicted=np.repeat(last[:, None], horizon, axis=1),
        quantiles=np.broadcast_to(quantiles, (len(rows), *quantiles.shape)),
        actual=actual_prices(close, rows, horizon),
        candles=history.candles.index,
    )


def normal(horizon: int = HORIZON, sigma: float = SIGMA) -> np.ndarray:
    """The exact quantiles of a random walk."""
    return sigma * np.sqrt(np.arange(1, horizon + 1))[:, None] * ndtri(LEVELS)


def drawn(history: PriceHistory, quantiles: np.ndarray, **options: int) -> tuple[Forecast, Paths]:
    """The forecast from the last candle and its paths, from forecasts of all rows."""
    every = forecasts(history, range(len(history)), quantiles)
    now = every[len(history) - 1 :]
    return now, paths.sample(now, every, history.candles, **options)


@pytest.fixture(scope="module")
def walked() -> tuple[Forecast, Paths]:
    return drawn(walk(4100), normal())


# ---------------------------------------------------------------------------- the paths


def test_the_closes_of_every_step_have_the_quantiles_of_the_forecast(walked):
    now, sample_paths = walked
    assert sample_paths.closes.shape == (1000, HORIZON)
    shares = (np.arange(1000) + 0.5) / 1000
    for step in range(HORIZON):
        expected = probability.quantile(shares, now.quantiles[0, step])
        np.testing.assert_allclose(np.sort(sample_paths.closes[:, step]), expected, rtol=1e-12)
    np.testing.assert_allclose(
        np.quantile(sample_paths.closes, LEVELS, axis=0).T, now.quantiles[0], atol=0.1 * SIGMA
    )


def test_the_dependence_is_that_of_the_past():
    """Prices that return to a level at once: any two steps have a correlation of 1/2."""
    rng = np.random.default_rng(0)
    levels = rng.normal(0, SIGMA, 3000)
    history = market(np.diff(levels, prepend=0.0)[:, None])
    quantiles = np.broadcast_to(math.sqrt(2) * SIGMA * ndtri(LEVELS), (HORIZON, 9))
    now, sample_paths = drawn(history, quantiles)
    assert sample_paths.past == 1000
    for one, other in ((0, 1), (0, HORIZON - 1), (10, 20)):
        correlation = np.corrcoef(sample_paths.closes[:, one], sample_paths.closes[:, other])[0, 1]
        assert correlation == pytest.approx(0.5, abs=0.08)
    # Without a past, it would be a random walk's.
    alone = paths.sample(now, None, history.candles)
    assert alone.past == 0
    correlation = np.corrcoef(alone.closes[:, 0], alone.closes[:, HORIZON - 1])[0, 1]
    assert correlation == pytest.approx(math.sqrt(1 / HORIZON), abs=0.08)


def test_a_path_is_what_followed_one_past_origin():
    """One path only: its closes, highs and lows are those of the past, in the band of now."""
    history = walk(200, seed=4)
    _, sample_paths = drawn(history, normal(3), count=200)
    close, high, low = (
        np.log(history.candles[name]).to_numpy() for name in ("close", "high", "low")
    )
    past = np.array(
        [
            [high[t + k] - max(close[t + k - 1], close[t + k]) for k in (1, 2, 3)]
            + [min(close[t + k - 1], close[t + k]) - low[t + k] for k in (1, 2, 3)]
            for t in range(197)
        ]
    )
    before = np.hstack([np.zeros((200, 1)), sample_paths.closes[:, :-1]])
    up = sample_paths.highs - np.maximum(before, sample_paths.closes)
    down = np.minimum(before, sample_paths.closes) - sample_paths.lows
    distances = np.array([np.abs(past - one).max(axis=1) for one in np.hstack([up, down])])
    assert distances.min(axis=1).max() < 1e-12
    assert sample_paths.past == 197
    assert set(distances.argmin(axis=1)) == set(range(197))  # of each origin there is one


def test_half_the_width_has_half_the_moves_inside_a_candle():
    history = walk(1100, seed=5)
    every = forecasts(history, range(1100), normal())
    now = dataclasses.replace(every[1099:], quantiles=every.quantiles[1099:] / 2)
    half, whole = (paths.sample(one, every, history.candles) for one in (now, every[1099:]))
    assert half.past == whole.past == 1000
    for name in ("closes", "highs", "lows"):
        np.testing.assert_allclose(getattr(half, name), getattr(whole, name) / 2, atol=1e-9)


def test_nothing_after_the_origin_is_read():
    history, row = walk(1300, seed=6), 1000
    for whole in (history, synthetic.altered(history, row + 1)):
        every = forecasts(whole, range(1300), normal())
        sample_paths = paths.sample(every[row : row + 1], every, whole.candles)
        assert sample_paths.past == row - HORIZON + 1 == 977
        past = forecasts(whole, range(row + 1), normal())
        cut = whole.candles.iloc[: row + 1]
        alone = paths.sample(every[row : row + 1], past, cut)
        for name in ("closes", "highs", "lows"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(sample_paths, name))


@pytest.mark.parametrize("name", ["naive", "cone", "har", "linear"])
def test_any_predictor_has_paths(name):
    steps = next_steps.of_baseline(synthetic.history(900), name, 12)
    sample_paths = paths.of_next_steps(steps)
    assert sample_paths.past > 500
    assert (sample_paths.lows <= sample_paths.closes).all()
    assert (sample_paths.closes <= sample_paths.highs).all()
    past = steps.earlier(steps.history)
    assert np.isfinite(past.actual).all()
    assert len(past) == 900 - 12


def test_the_same_seed_gives_the_same_paths():
    history = walk(2500, seed=7)
    one, other = (drawn(history, normal(), seed=seed)[1] for seed in (0, 1))
    again = drawn(history, normal())[1]
    np.testing.assert_array_equal(one.closes, again.closes)
    np.testing.assert_array_equal(one.highs, again.highs)
    assert (one.closes != other.closes).any()


@pytest.mark.parametrize(
    ("rows", "past"),
    [(1, 0), (20, 0), (41 * HORIZON - 1, 0), (41 * HORIZON, 40 * HORIZON), (2000, 1000)],
)
def test_a_short_past_is_replaced_by_a_random_walk(rows, past):
    now, sample_paths = drawn(walk(rows, seed=8), normal())
    assert sample_paths.past == past
    assert np.isfinite(sample_paths.closes).all()
    assert len(sample_paths.closes) == 1000
    reached = paths.touch(now, sample_paths, [float(now.close[0]) * 1.02])[0].by_step
    assert 0 < reached[5] < 1


def test_origins_without_a_band_or_a_whole_path_are_left_out():
    history = walk(1010, seed=9)
    every = forecasts(history, range(1010), normal())
    quantiles, actual = every.quantiles.copy(), every.actual.copy()
    quantiles[10:20, 3, 2] = np.nan
    actual[100:110, 7] = np.nan
    holed = dataclasses.replace(every, quantiles=quantiles, actual=actual)
    assert paths.sample(every[1009:], holed, history.candles).past == 1010 - HORIZON - 20


@pytest.mark.parametrize("row", [0, HORIZON - 2, HORIZON - 1, HORIZON])
def test_an_early_origin_has_no_past_though_candles_follow(row):
    history = walk(1100, seed=13)
    every = forecasts(history, range(1100), normal())
    sample_paths = paths.sample(every[row : row + 1], every, history.candles)
    alone = paths.sample(every[row : row + 1], None, history.candles)
    assert sample_paths.past == 0
    np.testing.assert_array_equal(sample_paths.closes, alone.closes)


def test_the_last_4_000_origins_count():
    history = synthetic.history(4_120)
    every = forecasts(history, range(4_120), normal(2))
    now = every[4_119:]
    whole = paths.sample(now, every, history.candles, count=4_100)
    last = paths.sample(now, every[118:], history.candles, count=4_100)
    fewer = paths.sample(now, every[119:], history.candles, count=4_100)
    assert (whole.past, last.past, fewer.past) == (4_000, 4_000, 3_999)
    for name in ("closes", "highs", "lows"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(last, name))


def test_earlier_forecasts_are_from_the_last_4_000_origins_with_a_whole_path():
    naive = BASELINES["naive"].fit(synthetic.history(100), 100, 3)
    history = synthetic.history(4_010)
    assert list(paths.earlier(naive, 3)(history).origins) == list(history.candles.index[7:-3])
    shorter = synthetic.history(50)
    assert list(paths.earlier(naive, 3)(shorter).origins) == list(shorter.candles.index[:-3])
    assert list(paths.earlier(naive, 3, 20)(shorter).origins) == list(shorter.candles.index[20:-3])
    assert len(paths.earlier(naive, 3)(synthetic.history(4))) == 1
    for count in (1, 3):
        assert len(paths.earlier(naive, 3)(synthetic.history(count))) == 0
    assert len(paths.earlier(naive, 3, 47)(shorter)) == 0


@pytest.mark.parametrize("name", ["stack", "dense"])
def test_a_network_with_no_earlier_origin_has_the_paths_of_a_random_walk(name):
    model = synthetic.model(synthetic.spec(horizon=3))
    history = synthetic.history(model.card.needs + 2)
    steps = next_steps.of_model(history, model, name)
    assert len(steps.earlier(history)) == 0
    assert paths.of_next_steps(steps, count=20).past == 0
    assert len(steps.earlier(synthetic.history(model.card.needs + 3))) == 1


def test_paths_of_the_next_steps_are_those_of_its_earlier_forecasts():
    steps = next_steps.of_baseline(synthetic.history(300), "cone", 2)
    one = paths.of_next_steps(steps)
    other = paths.sample(
        steps.forecast, steps.earlier(steps.history), steps.history.candles, 1000, 0
    )
    assert one.past == other.past == 298
    np.testing.assert_array_equal(one.closes, other.closes)
    np.testing.assert_array_equal(one.highs, other.highs)
    alone = paths.of_next_steps(dataclasses.replace(steps, earlier=None), count=7)
    assert (alone.past, len(alone.closes)) == (0, 7)


def test_a_candle_that_opens_far_from_the_last_close_goes_no_less_than_to_its_own():
    """Without wicks, highs and lows are the closes on either side, and never between them."""
    history = walk(300, seed=14)
    candles = history.candles.assign(
        **dict.fromkeys(("open", "high", "low"), history.candles["close"])
    )
    _, sample_paths = drawn(dataclasses.replace(history, candles=candles), normal(3))
    assert sample_paths.past == 297
    before = np.hstack([np.zeros((1000, 1)), sample_paths.closes[:, :-1]])
    np.testing.assert_array_equal(sample_paths.highs, np.maximum(sample_paths.closes, before))
    np.testing.assert_array_equal(sample_paths.lows, np.minimum(sample_paths.closes, before))


def test_one_step_needs_no_dependence():
    now, sample_paths = drawn(walk(500), normal(1))
    assert sample_paths.closes.shape == (1000, 1)
    assert sample_paths.past == 499
    (one,) = paths.touch(now, sample_paths, [float(now.close[0]) * 1.01])
    assert one.by_step.shape == (1,)


def test_candles_without_highs_and_a_flat_market():
    flat = market(np.zeros((1100, 1)))
    steps = next_steps.of_baseline(flat, "naive", HORIZON)
    sample_paths = paths.of_next_steps(steps)
    assert np.abs(sample_paths.closes).max() < 1e-6
    prices = [50.0, 100.0, 200.0]
    chances = [each.by_step[-1] for each in paths.touch(steps.forecast, sample_paths, prices)]
    assert chances == pytest.approx([0, 1, 0], abs=1e-6)
    closes_alone = market(np.random.default_rng(1).normal(0, SIGMA, (1100, 1)))
    _, sample_paths = drawn(closes_alone, normal())
    before = np.hstack([np.zeros((1000, 1)), sample_paths.closes[:, :-1]])
    np.testing.assert_allclose(sample_paths.highs, np.maximum(sample_paths.closes, before))


def test_an_undefined_band_has_undefined_paths():
    history = walk(1100)
    every = forecasts(history, range(1100), normal())
    now = dataclasses.replace(every[1099:], quantiles=np.full((1, HORIZON, 9), np.nan))
    sample_paths = paths.sample(now, every, history.candles)
    assert np.isnan(sample_paths.closes).all()
    close = float(now.close[0])
    above, same = paths.touch(now, sample_paths, [close * 1.1, close])
    assert np.isnan(above.by_step).all()
    assert (same.by_step == 1).all()
    assert np.isnan(paths.extremes(now, sample_paths).largest_fall).all()


# ---------------------------------------------------------------------------- touching


def exact(distance: float) -> np.ndarray:
    """Reflection principle: a random walk touches a level twice as often as it ends beyond."""
    return 2 * ndtr(-abs(distance) / np.sqrt(np.arange(1, HORIZON + 1)))


@pytest.mark.parametrize("distance", [-6.0, -3.0, -1.0, 1.0, 3.0, 6.0])
@pytest.mark.parametrize("past", [True, False])
def test_a_random_walk_touches_as_often_as_the_reflection_principle_says(distance, past, walked):
    now, sample_paths = walked
    if not past:
        sample_paths = paths.sample(now, None, pd.DataFrame(), count=4000)
    price = float(now.close[0]) * math.exp(distance * SIGMA)
    (one,) = paths.touch(now, sample_paths, [price])
    # The past's few independent days, and the 100 points at which its market is watched.
    np.testing.assert_allclose(one.by_step, exact(distance), atol=0.05 if past else 0.02)


def test_closes_alone_would_touch_too_seldom(walked):
    now, sample_paths = walked
    blind = Paths(sample_paths.closes, sample_paths.closes, sample_paths.closes, sample_paths.past)
    price = float(now.close[0]) * math.exp(SIGMA)
    (one,) = paths.touch(now, blind, [price])
    assert (exact(1)[:3] - one.by_step[:3] > 0.1).all()


@given(st.lists(st.floats(-0.2, 0.2), min_size=2, max_size=12, unique=True).map(sorted))
@settings(max_examples=50)
def test_farther_is_rarer_later_is_likelier_and_ending_is_touching(walked, distances):
    now, sample_paths = walked
    prices = [float(now.close[0]) * math.exp(each) for each in distances]
    chances = np.array([each.by_step for each in paths.touch(now, sample_paths, prices)])
    assert (np.diff(chances, axis=1) >= 0).all()
    assert ((chances >= 0) & (chances <= 1)).all()
    up = chances[np.array(distances) > 0]
    down = chances[np.array(distances) < 0]
    assert (np.diff(up, axis=0) <= 0).all()
    assert (np.diff(down, axis=0) >= 0).all()
    for price, chance in zip(prices, chances, strict=True):
        if price > now.close[0]:
            assert (chance >= probability.above_price(now, price)[0]).all()
        elif price < now.close[0]:
            assert (chance >= probability.below_price(now, price)[0]).all()


@pytest.mark.parametrize("times", [1.25, 0.8])
def test_a_price_that_is_just_reached_is_touched(times):
    history = walk(100)
    now = forecasts(history, range(99, 100), normal(1))
    price = float(now.close[0]) * times
    reached = math.log(price) - math.log(float(now.close[0]))
    highs, lows = np.full((4, 1), max(reached, 0)), np.full((4, 1), min(reached, 0))
    highs[:2] = lows[:2] = 0
    (one,) = paths.touch(now, Paths(np.zeros((4, 1)), highs, lows, 0), [price])
    assert one.by_step.tolist() == [0.5]


def test_the_last_close_is_touched_from_the_start(walked):
    now, sample_paths = walked
    (one,) = paths.touch(now, sample_paths, [float(now.close[0])])
    assert (one.by_step == 1).all()


def test_very_far_prices_stay_possible(walked):
    for one in paths.touch(*walked, [1e15, 1e-300]):
        assert (one.by_step > 0).all()
        assert one.by_step[-1] < 1e-6


@pytest.mark.parametrize("price", [math.nan, math.inf, -math.inf, 0.0, -5.0, 1e300])
def test_a_price_that_none_can_be_is_refused(walked, price):
    with pytest.raises(InvalidInput, match="A price level must be above 0"):
        paths.touch(*walked, [100.0, price])


def test_more_prices_than_a_table_holds_are_refused(walked):
    with pytest.raises(InvalidInput, match="At most 40 price levels"):
        paths.touch(*walked, [100.0] * 41)


# ---------------------------------------------------------------------------- extremes


def test_extremes_equal_a_hand_loop():
    now, sample_paths = drawn(walk(300, seed=12), normal(6), count=100)
    close = float(now.close[0])
    highs, lows, falls = (np.empty((100, 6)) for _ in range(3))
    for path in range(100):
        top, bottom, fall = close, math.inf, 0.0
        for step in range(6):
            ends, high, low = (
                close * math.exp(each[path, step])
                for each in (sample_paths.closes, sample_paths.highs, sample_paths.lows)
            )
            fall = max(fall, 1 - low / top)
            top = max(top, high)
            fall = max(fall, 1 - ends / top)
            bottom = min(bottom, low)
            highs[path, step] = max(close * math.exp(sample_paths.highs[path, : step + 1].max()), 0)
            lows[path, step], falls[path, step] = bottom, fall
    extremes = paths.extremes(now, sample_paths)
    for values, result in (
        (highs, extremes.high),
        (lows, extremes.low),
        (falls, extremes.largest_fall),
    ):
        np.testing.assert_allclose(result, np.quantile(values, LEVELS, axis=0).T, rtol=1e-9)
    assert (np.diff(extremes.high, axis=0) >= 0).all()
    assert (np.diff(extremes.largest_fall, axis=0) >= 0).all()


def test_the_highest_price_of_a_random_walk(walked):
    """Its distribution is that of the absolute value of a normal one."""
    now, sample_paths = walked
    expected = now.close[0] * np.exp(SIGMA * math.sqrt(HORIZON) * ndtri((1 + LEVELS) / 2))
    np.testing.assert_allclose(paths.extremes(now, sample_paths).high[-1], expected, rtol=0.01)


def test_the_table_of_paths():
    steps = next_steps.of_baseline(synthetic.history(400), "cone", 5)
    sample_paths = paths.of_next_steps(steps)
    table = paths.frame(steps, sample_paths)
    assert list(table) == ["path", "step", "time", "closes_at", "close", "high", "low"]
    assert len(table) == 5000
    seventh = table[table["path"] == 7]
    assert seventh["step"].tolist() == [1, 2, 3, 4, 5]
    close = float(steps.forecast.close[0])
    np.testing.assert_allclose(np.log(seventh["close"] / close), sample_paths.closes[6])
    assert seventh["closes_at"].tolist() == list(steps.closing_times)
    assert seventh["time"].tolist() == [steps.forecast.times(step)[0] for step in range(1, 6)]
