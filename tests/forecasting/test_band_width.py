"""Widths follow the hour and the market, by what is known at each origin and by nothing later."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.evaluation import scores
from cryptoforecast.forecasting import band_width
from cryptoforecast.learning import ranges
from cryptoforecast.types import INTERVALS, MEDIAN, QUANTILES, Array, Forecast, PriceHistory

ROWS, FIRST, HORIZON = 6_000, 600, 3
#: Quantiles of a normal distribution at ``QUANTILES``.
NORMAL = np.array([-1.96, -1.645, -1.282, -0.674, 0, 0.674, 1.282, 1.645, 1.96])


def adapted(forecast, history):
    """Rescale each band by the factor of its width."""
    return band_width.rescaled(forecast, band_width.factors(forecast, history))


def market(sigma: Array, interval: str = "1h", seed: int = 0) -> PriceHistory:
    """Walk with a standard deviation of its own for each candle, in 60 moves a candle."""
    rng = np.random.default_rng(seed)
    moves = rng.normal(0, 1, (len(sigma), 60)) * sigma[:, None] / np.sqrt(60)
    path = 100 * np.exp(np.cumsum(moves.ravel()).reshape(moves.shape))
    close = path[:, -1]
    opened = np.append(100.0, close[:-1])
    frame = pd.DataFrame(
        {
            "open": opened,
            "high": np.maximum(path.max(axis=1), opened),
            "low": np.minimum(path.min(axis=1), opened),
            "close": close,
            "volume": 1.0,
        },
        index=pd.date_range("2021-01-01", periods=len(sigma), freq=INTERVALS[interval], tz="UTC"),
    )
    return PriceHistory("BTC", interval, frame, "test", frame.index[-1], True, "coins")


def constant(history: PriceHistory, sigma: float = 0.01, horizon: int = HORIZON) -> Forecast:
    """Say the same band from every row."""
    rows = np.arange(FIRST, len(history))
    close = history.candles["close"].to_numpy()
    ahead = rows[:, None] + np.arange(1, horizon + 1)
    actual = np.append(close, np.full(horizon, np.nan))[np.minimum(ahead, len(close))]
    band = sigma * np.sqrt(np.arange(1, horizon + 1))[:, None] * NORMAL
    return Forecast(
        predictor="lstm",
        interval=history.interval,
        origins=history.candles.index[rows],
        close=close[rows],
        predicted=np.repeat(close[rows, None], horizon, axis=1),
        quantiles=np.broadcast_to(band, (len(rows), horizon, len(QUANTILES))).astype(np.float32),
        actual=actual,
    )


def restless_hour(rows: int = ROWS, hour: int = 14) -> PriceHistory:
    hours = np.arange(rows) % 24
    return market(np.where(hours == hour, 0.03, 0.01))


def test_the_band_of_a_restless_hour_widens_in_time():
    history = restless_hour()
    forecast = constant(history)
    found = band_width.factors(forecast, history)
    late = slice(3_000, None)
    before = forecast.origins[late].hour == 13  # the next candle is the restless one
    assert np.median(found[late][before, 0]) > 2 * np.median(found[late][~before, 0])
    mended = adapted(forecast, history)
    known = np.isfinite(forecast.actual_returns[late, 0])
    own, better = (
        scores.pinball(each.actual_returns[late, 0][known], each.quantiles[late, 0][known])
        for each in (forecast, mended)
    )
    assert better < 0.97 * own


def test_a_calm_spell_is_believed_in_where_spells_last():
    spells = np.repeat(np.random.default_rng(5).choice([0.004, 0.016], ROWS // 100), 100)
    history = market(spells)
    found = band_width.factors(constant(history), history)[3_000:, 0]
    now = spells[FIRST + 3_000 :]
    assert np.median(found[now > 0.01]) > 1.5 * np.median(found[now < 0.01])


def test_of_a_market_without_a_pattern_widths_hardly_change():
    history = market(np.full(ROWS, 0.01))
    found = np.log(band_width.factors(constant(history), history))
    assert np.abs(found).mean() < 0.03


def test_median_and_points_stay_and_levels_keep_their_order():
    history = restless_hour()
    forecast = constant(history)
    shifted = dataclasses.replace(forecast, quantiles=forecast.quantiles + np.float32(0.001))
    mended = adapted(shifted, history)
    assert mended.quantiles.dtype == np.float32
    assert (mended.quantiles != shifted.quantiles).any()
    np.testing.assert_array_equal(mended.quantiles[..., MEDIAN], shifted.quantiles[..., MEDIAN])
    np.testing.assert_array_equal(mended.predicted, shifted.predicted)
    assert (np.diff(mended.quantiles, axis=-1) > 0).all()


def test_nothing_later_is_used():
    history = restless_hour()
    cut = 4_000
    wild = history.candles.copy()
    later = slice(FIRST + cut + 1, None)
    for column, by in (("open", 3), ("high", 9), ("low", 0.2), ("close", 4)):
        wild.iloc[later, wild.columns.get_loc(column)] *= by
    altered = dataclasses.replace(history, candles=wild)
    one, other = (band_width.factors(constant(each), each) for each in (history, altered))
    np.testing.assert_array_equal(one[: cut + 1], other[: cut + 1])
    assert (one[cut + 1 :] != other[cut + 1 :]).any()


def test_candles_before_those_it_looks_at_change_nothing():
    history = restless_hour()
    forecast = constant(history)[200:]
    shorter = dataclasses.replace(history, candles=history.candles.iloc[150:])
    one, other = (band_width.factors(forecast, each) for each in (history, shorter))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("step", [1, HORIZON])
def test_a_fit_is_the_ridge_regression_it_is_said_to_be(step):
    history = restless_hour()
    forecast = constant(history)
    known, log_ratios = band_width._regression_data(forecast, history)
    start = 20 * band_width.REFRESH_ROWS
    rows = slice(0, start - HORIZON + 1)
    spread = known[rows].std(axis=0)
    scale = np.where(spread > 1e-9, spread, np.inf)
    regressors = (known[rows] - known[rows].mean(axis=0)) / scale
    target = log_ratios[rows, step - 1] - log_ratios[rows, step - 1].mean()
    square = regressors.T @ regressors + step * band_width.PENALTY * np.eye(regressors.shape[1])
    weights = np.linalg.solve(square, regressors.T @ target) / scale
    expected = np.exp((known[start] - known[rows].mean(axis=0)) @ weights)
    assert band_width.factors(forecast, history)[start, step - 1] == pytest.approx(
        expected, rel=1e-6
    )


def test_what_is_missed_is_the_range_that_followed_over_the_width():
    history = restless_hour(1_000)
    forecast = constant(history)
    _, log_ratios = band_width._regression_data(forecast, history)
    moved = ranges.true_ranges(history.candles)
    row = 50
    width = forecast.quantiles[row, 2, 6] - forecast.quantiles[row, 2, 2]
    floor = band_width.EPSILON_RANGE * ranges.unit(history.candles)[FIRST + row]
    expected = np.log(moved[FIRST + row + 1 : FIRST + row + 4].mean() + floor) - np.log(width)
    assert log_ratios[row, 2] == pytest.approx(expected, rel=1e-6)
    assert np.isnan(log_ratios[-1]).all()
    np.testing.assert_array_equal(np.isnan(log_ratios[-2]), [False, True, True])


def test_few_outcomes_change_nothing():
    history = restless_hour(FIRST + 900)
    forecast = constant(history)
    assert adapted(forecast, history) is forecast


@pytest.mark.parametrize("interval", ["15m", "4h", "1d", "1w"])
def test_any_length_of_candle_has_its_clock(interval):
    forecast = constant(market(np.full(4_000, 0.01), interval))
    marks = band_width._clock(forecast.origins, interval)
    assert (marks.sum(axis=1) == 1).all()
    assert marks.shape[1] == (48 if INTERVALS[interval] < INTERVALS["1d"] else 7)


@pytest.mark.parametrize("horizon", [1, 12])
def test_a_market_that_stands_still_or_jumps_keeps_factors_in_bounds(horizon):
    sigma = np.full(ROWS, 0.01)
    sigma[2_000:3_000] = 0
    sigma[4_000::97] = 1.0
    history = market(sigma)
    forecast = constant(history, horizon=horizon)
    flat = dataclasses.replace(forecast, quantiles=forecast.quantiles * np.float32(0))
    for one in (forecast, flat):
        found = band_width.factors(one, history)
        assert np.isfinite(found).all()
        assert found.min() >= 1 / band_width.MAX_FACTOR - 1e-12
        assert found.max() <= band_width.MAX_FACTOR + 1e-12
    assert adapted(flat, history) is flat
