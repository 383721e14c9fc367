"""Widths follow the hour and the market, and depend on nothing after the origin."""

import dataclasses
import math

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


def constant(
    history: PriceHistory, sigma: float = 0.01, horizon: int = HORIZON, first: int = FIRST
) -> Forecast:
    """Forecast the same band from every row."""
    rows = np.arange(first, len(history))
    close = history.candles["close"].to_numpy()
    targets = rows[:, None] + np.arange(1, horizon + 1)
    actual = np.append(close, np.full(horizon, np.nan))[np.minimum(targets, len(close))]
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
    factors = band_width.factors(forecast, history)
    late = slice(3_000, None)
    before = forecast.origins[late].hour == 13  # the next candle is the restless one
    assert np.median(factors[late][before, 0]) > 2 * np.median(factors[late][~before, 0])
    mended = adapted(forecast, history)
    has_value = np.isfinite(forecast.actual_returns[late, 0])
    own, better = (
        scores.pinball(each.actual_returns[late, 0][has_value], each.quantiles[late, 0][has_value])
        for each in (forecast, mended)
    )
    assert better < 0.97 * own


def test_the_band_narrows_in_calm_spells_where_spells_last():
    spells = np.repeat(np.random.default_rng(5).choice([0.004, 0.016], ROWS // 100), 100)
    history = market(spells)
    factors = band_width.factors(constant(history), history)[3_000:, 0]
    now = spells[FIRST + 3_000 :]
    assert np.median(factors[now > 0.01]) > 1.5 * np.median(factors[now < 0.01])


def test_widths_of_a_market_without_a_pattern_hardly_change():
    history = market(np.full(ROWS, 0.01))
    factors = np.log(band_width.factors(constant(history), history))
    assert np.abs(factors).mean() < 0.03


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


def test_no_later_candle_changes_a_factor():
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


def test_candles_further_back_than_the_averages_change_nothing():
    history = restless_hour()
    forecast = constant(history)[200:]
    shorter = dataclasses.replace(history, candles=history.candles.iloc[150:])
    one, other = (band_width.factors(forecast, each) for each in (history, shorter))
    np.testing.assert_array_equal(one, other)


def regressors_by_hand(forecast: Forecast, history: PriceHistory) -> Array:
    """Compute what was known at each origin, origin by origin."""
    moved = ranges.true_ranges(history.candles)
    rows_by_hand = []
    for i, origin in enumerate(forecast.origins):
        row = history.candles.index.get_loc(origin)
        opens = origin + INTERVALS[history.interval]
        if INTERVALS[history.interval] < INTERVALS["1d"]:
            clock = np.zeros(48)
            clock[opens.hour + (24 if opens.day_name() in ("Saturday", "Sunday") else 0)] = 1
        else:
            clock = np.zeros(7)
            clock[opens.day_of_week] = 1
        average = {n: moved[row - n + 1 : row + 1].mean() for n in (1, 2, 4, 8, 24, 72, 168, 504)}
        usual = average.pop(ranges.USUAL)
        recent = [math.log((each + 0.05 * usual) / usual) for each in average.values()]
        bands = forecast.quantiles[i, [0, -1]].astype(float)
        widths = np.log((bands[:, 6] - bands[:, 2]) / usual)
        rows_by_hand.append([*clock, *recent, *widths])
    return np.array(rows_by_hand)


def log_ratios_by_hand(forecast: Forecast, history: PriceHistory, step: int) -> Array:
    """Compute the logarithm of the range that followed each origin over the width forecast."""
    moved, unit = ranges.true_ranges(history.candles), ranges.unit(history.candles)
    ratios = []
    for i, origin in enumerate(forecast.origins[: -HORIZON or None]):
        row = history.candles.index.get_loc(origin)
        band = forecast.quantiles[i, step - 1].astype(float)
        followed = moved[row + 1 : row + 1 + step].mean() + 0.05 * unit[row]
        ratios.append(math.log(followed / (band[6] - band[2])))
    return np.array(ratios)


@pytest.mark.parametrize("interval", ["15m", "1h", "1d", "1w"])
def test_factors_are_those_of_a_ridge_regression_on_the_last_known_outcomes(interval, monkeypatch):
    blocks = 9
    monkeypatch.setattr(band_width, "CALIBRATION_ROWS", blocks * band_width.REFRESH_ROWS)
    sigma = np.exp(np.random.default_rng(3).normal(-4.6, 0.5, FIRST + 2_030))
    history = market(sigma, interval)
    forecast = constant(history)
    waves = np.sin(np.arange(len(forecast)))[:, None, None]
    widths = 1 + waves * [[0.1], [0.2], [0.3]]
    forecast = dataclasses.replace(forecast, quantiles=forecast.quantiles * widths)
    inputs = regressors_by_hand(forecast, history)
    factors = band_width.factors(forecast, history)
    start = 11 * band_width.REFRESH_ROWS
    stop = start - HORIZON + 1
    rows = slice(stop - blocks * band_width.REFRESH_ROWS, stop)
    centre, spread = inputs[rows].mean(axis=0), inputs[rows].std(axis=0)
    scale = np.where(spread > 1e-9, spread, np.inf)
    regressors = (inputs[rows] - centre) / scale
    for step in range(1, HORIZON + 1):
        log_ratios = log_ratios_by_hand(forecast, history, step)[rows]
        square = regressors.T @ regressors + step * 100 * np.eye(regressors.shape[1])
        weights = np.linalg.solve(square, regressors.T @ (log_ratios - log_ratios.mean())) / scale
        for row in (start, start + band_width.REFRESH_ROWS - 1):
            expected = np.exp((inputs[row] - centre) @ weights)
            assert abs(math.log(expected)) > 1e-3
            assert factors[row, step - 1] == pytest.approx(expected, rel=1e-6)


def ridge_by_hand(inputs: Array, log_ratios: Array, penalties: Array) -> tuple[Array, Array]:
    """Solve a ridge regression whose penalties are of regressors in units of their spread."""
    centre, spread = inputs.mean(axis=0), inputs.std(axis=0)
    scale = np.where(spread > 1e-9, spread, np.inf)
    regressors = (inputs - centre) / scale
    square = regressors.T @ regressors + np.diag(penalties)
    weights = np.linalg.solve(square, regressors.T @ (log_ratios - log_ratios.mean())) / scale
    return weights, centre


def of_random_widths(rows: int = FIRST + 560) -> tuple[PriceHistory, Forecast]:
    """Make weeks, each as wild as chance has it, and forecasts whose widths vary as well."""
    history = market(np.exp(np.random.default_rng(7).normal(-4.6, 0.5, rows)), "1w")
    forecast = constant(history)
    widths = 1 + np.sin(np.arange(len(forecast)))[:, None, None] * [[0.1], [0.2], [0.3]]
    return history, dataclasses.replace(forecast, quantiles=forecast.quantiles * widths)


def test_further_regressors_have_a_penalty_and_weights_of_their_own():
    history, forecast = of_random_widths()
    inputs, count = regressors_by_hand(forecast, history), len(forecast)
    ahead = np.append(ranges.true_ranges(history.candles)[FIRST + 1 :], 0.0)
    rng = np.random.default_rng(8)
    more = np.column_stack([np.log(ahead + 0.001), rng.normal(0, 5, count)])
    more += rng.normal(0, 0.3, more.shape)
    # What is not known at an origin leaves its width as it is, and teaches nothing.
    absent = [50, 400, count - 2]
    more[absent] = np.nan
    factors, weights = band_width.fit(forecast, history, more, (50.0, 6.0))
    assert weights.shape == (2, HORIZON)
    start = (count - 1) // band_width.REFRESH_ROWS * band_width.REFRESH_ROWS
    known = np.setdiff1d(np.arange(start - HORIZON + 1), absent)
    whole = np.hstack([inputs, more])
    penalties = np.append(np.full(inputs.shape[1], 50.0), [6.0, 6.0])
    for step in range(1, HORIZON + 1):
        log_ratios = log_ratios_by_hand(forecast, history, step)
        expected, centre = ridge_by_hand(whole[known], log_ratios[known], step * penalties)
        np.testing.assert_allclose(weights[:, step - 1], expected[-2:], rtol=1e-6)
        assert abs(expected[-2]) > 0.1
        for row in (start, start + 40):
            factor = np.exp((whole[row] - centre) @ expected)
            assert factors[row, step - 1] == pytest.approx(factor, rel=1e-6)
    assert (factors[absent] == 1).all()
    few, none = band_width.fit(forecast[:300], history, more[:300])
    assert (few == 1).all()
    np.testing.assert_array_equal(none, np.zeros((2, HORIZON)))
    assert band_width.fit(forecast, history)[1].shape == (0, HORIZON)


def test_the_first_window_that_is_full_has_the_first_outcome_as_well(monkeypatch):
    """From the next one on, outcomes of the first origins no longer count."""
    blocks = 2
    monkeypatch.setattr(band_width, "CALIBRATION_ROWS", blocks * band_width.REFRESH_ROWS)
    history, forecast = of_random_widths()
    inputs = regressors_by_hand(forecast, history)
    factors = band_width.factors(forecast, history)
    for block in (blocks, blocks + 1):
        start = block * band_width.REFRESH_ROWS
        stop = start - HORIZON + 1
        first = 0 if block == blocks else band_width.REFRESH_ROWS - HORIZON + 1
        for step in (1, HORIZON):
            log_ratios = log_ratios_by_hand(forecast, history, step)[first:stop]
            penalties = np.full(inputs.shape[1], step * 100.0)
            weights, centre = ridge_by_hand(inputs[first:stop], log_ratios, penalties)
            expected = np.exp((inputs[start] - centre) @ weights)
            assert factors[start, step - 1] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("first", "adapted"), [(355, False), (356, True)])
def test_eighteen_outcomes_for_each_regressor_are_enough(first, adapted):
    """The averages of 504 candles leave out 148 or 149 of the 1,174 outcomes of seven blocks."""
    history = restless_hour(3_000)
    factors = band_width.factors(constant(history, first=first), history)
    eighth = 7 * band_width.REFRESH_ROWS
    assert (factors[:eighth] == 1).all()
    assert (factors[eighth : eighth + band_width.REFRESH_ROWS] != 1).any() == adapted


@pytest.mark.parametrize(("first", "adapted"), [(457, False), (458, True)])
def test_eighteen_outcomes_for_each_day_of_the_week_are_enough_for_days(first, adapted):
    """The averages of 504 candles leave out 46 or 47 of the 334 outcomes of two blocks."""
    history = market(np.exp(np.random.default_rng(7).normal(-4.6, 0.5, 900)), "1d")
    factors = band_width.factors(constant(history, first=first), history)
    third = 2 * band_width.REFRESH_ROWS
    assert (factors[:third] == 1).all()
    assert (factors[third] != 1).any() == adapted


def test_candles_after_the_last_origin_are_not_needed():
    history, forecast = of_random_widths()
    count = len(forecast) - 40
    shorter = dataclasses.replace(history, candles=history.candles.iloc[: FIRST + count])
    some = forecast[:count]
    one, other = (band_width.factors(some, each) for each in (history, shorter))
    assert (one[-1] != 1).all()
    np.testing.assert_array_equal(one, other)


def test_a_market_that_never_moves_teaches_nothing():
    history = market(np.zeros(FIRST + 560), "1w")
    np.testing.assert_allclose(band_width.factors(constant(history), history), 1, rtol=1e-6)


def test_no_width_is_multiplied_or_divided_by_more_than_three():
    spells = np.repeat(np.random.default_rng(5).choice([0.0001, 0.1], ROWS // 100), 100)
    history = market(spells)
    factors = band_width.factors(constant(history), history)
    assert factors.max() == pytest.approx(3)
    assert factors.min() == pytest.approx(1 / 3)


def test_few_outcomes_change_nothing():
    history = restless_hour(FIRST + 900)
    forecast = constant(history)
    assert adapted(forecast, history) is forecast


def test_an_hour_at_the_weekend_is_another_hour():
    rows = np.arange(ROWS)
    weekend = (rows // 24 + 4) % 7 >= 5  # 1 January 2021 is a Friday
    history = market(np.where((rows % 24 == 14) & weekend, 0.05, 0.01))
    forecast = constant(history)
    factors = band_width.factors(forecast, history)[3_000:, 0]
    opens = forecast.origins[3_000:] + pd.Timedelta("1h")
    restless, saturday = opens.hour == 14, opens.day_of_week >= 5
    assert np.median(factors[restless & saturday]) > 1.5 * np.median(factors[restless & ~saturday])


@pytest.mark.parametrize("horizon", [1, 12])
def test_a_market_that_stands_still_or_jumps_keeps_factors_in_bounds(horizon):
    sigma = np.full(ROWS, 0.01)
    sigma[2_000:3_000] = 0
    sigma[4_000::97] = 1.0
    history = market(sigma)
    forecast = constant(history, horizon=horizon)
    flat = dataclasses.replace(forecast, quantiles=forecast.quantiles * np.float32(0))
    for one in (forecast, flat):
        factors = band_width.factors(one, history)
        assert np.isfinite(factors).all()
        assert factors.min() >= 1 / band_width.MAX_FACTOR - 1e-12
        assert factors.max() <= band_width.MAX_FACTOR + 1e-12
    assert adapted(flat, history) is flat
