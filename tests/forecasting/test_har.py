"""HAR equals loops, follows a known volatility, and takes its bands from past residuals alone."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from cryptoforecast.evaluation import scores as metrics
from cryptoforecast.forecasting.baselines import BASELINES, Cone, Har, Naive, common
from cryptoforecast.forecasting.baselines.common import last_row, ridge, trailing_quantiles
from cryptoforecast.forecasting.baselines.har import (
    epsilons,
    log_averages,
    next_log_volatility,
    scaled_moves,
    variances,
)
from cryptoforecast.types import INTERVALS, MEDIAN, QUANTILES, PriceHistory
from tests import synthetic

HOUR = pd.Timedelta(hours=1)


def market(rows=6000, seed=0) -> tuple[PriceHistory, np.ndarray]:
    """Candles of a random walk with autoregressive log volatility and restless afternoons.

    Returns the history and the volatility of each candle, which an oracle would know.
    """
    rng = np.random.default_rng(seed)
    index = pd.date_range("2024-01-01", periods=rows, freq="h", tz="UTC", name="time", unit="ns")
    level = np.zeros(rows)
    for t in range(1, rows):
        level[t] = 0.99 * level[t - 1] + rng.normal(0, 0.08)
    sigma = 0.005 * np.exp(level) * np.where((index.hour >= 12) & (index.hour < 18), 2.0, 1.0)
    path = np.cumsum(sigma[:, None] * rng.normal(0, 1, (rows, 20)) / math.sqrt(20), axis=1)
    walk = np.concatenate([[0.0], np.cumsum(path[:, -1])])
    inside = walk[:-1, None] + path
    high, low = np.maximum(inside.max(axis=1), walk[:-1]), np.minimum(inside.min(axis=1), walk[:-1])
    prices = 100 * np.exp(np.column_stack([walk[:-1], high, low, walk[1:]]))
    candles = pd.DataFrame(prices, index, ["open", "high", "low", "close"]).assign(volume=1.0)
    return PriceHistory("BTC", "1h", candles, "test", index[-1] + HOUR), sigma


@pytest.fixture(scope="module")
def long_market():
    return market()


def pinball(predictor, history, before, horizon):
    rows = range(before, len(history) - horizon)
    forecast = predictor.fit(history, before, horizon).forecast(history, rows)
    return metrics.score(forecast, 1.0)[-1].pinball


@pytest.mark.parametrize("horizon", [1, 6])
def test_it_beats_the_cone_and_the_constant_band_in_a_clustered_market(long_market, horizon):
    history, _ = long_market
    har, cone, naive = (pinball(kind, history, 4800, horizon) for kind in (Har, Cone, Naive))
    assert har < 0.98 * cone
    assert har < 0.93 * naive


def test_the_volatility_it_expects_follows_the_true_one(long_market):
    history, sigma = long_market
    fitted = Har.fit(history, 4800, 1)
    expected = np.log(fitted.sigma(history, range(4800, len(history) - 1))[:, 0])
    assert np.corrcoef(expected, np.log(sigma[4801:]))[0, 1] > 0.9


def test_its_bands_cover_what_they_promise(long_market):
    history, _ = long_market
    rows = range(4800, len(history) - 1)
    (scores,) = metrics.score(Har.fit(history, 4800, 1).forecast(history, rows), 1.0)
    assert scores.coverage_80 == pytest.approx(0.80, abs=0.03)
    assert scores.coverage_95 == pytest.approx(0.95, abs=0.02)


def test_variances_are_of_the_true_range():
    candles = synthetic.history(50).candles
    variance = variances(candles)
    for t in range(50):
        last = candles["close"].iloc[t - 1] if t else candles["open"].iloc[0]
        high, low = max(candles["high"].iloc[t], last), min(candles["low"].iloc[t], last)
        assert variance[t] == pytest.approx(math.log(high / low) ** 2 / (4 * math.log(2)))


def test_closes_alone_have_a_variance():
    """A file of closes has candles without a range; what lies between two closes is one."""
    candles = synthetic.history(50).candles
    for name in ("open", "high", "low"):
        candles[name] = candles["close"]
    returns = np.diff(np.log(candles["close"]))
    np.testing.assert_allclose(variances(candles)[1:], returns**2 / (4 * math.log(2)))


def test_what_is_added_to_a_variance_is_a_share_of_the_mean_so_far():
    variances = np.random.default_rng(0).exponential(1e-4, 30)
    for t in (0, 7, 29):
        assert epsilons(variances)[t] == pytest.approx(0.003 * variances[: t + 1].mean())
    np.testing.assert_array_equal(epsilons(np.zeros(3)), 1e-12)


@pytest.mark.parametrize(
    ("interval", "lengths"),
    [
        ("1m", [1, 60, 180, 480, 1440, 10080, 40320]), ("1h", [1, 3, 8, 24, 168, 672]),
        ("4h", [1, 2, 6, 42, 168]), ("1d", [1, 7, 28]), ("1w", [1, 4]),
    ],
)  # fmt: skip
def test_averages_and_moves_are_over_whole_spans_of_the_interval(interval, lengths):
    candles, length = synthetic.history(300).candles, INTERVALS[interval]
    candles.iloc[299] *= 2
    averages = log_averages(candles, length)
    moves = scaled_moves(candles, length, averages)
    variance = variances(candles)
    logs = np.log(variance + epsilons(variance)) / 2
    close = np.log(candles["close"].to_numpy())
    assert averages.shape == moves.shape == (300, len(lengths))
    for column, span in enumerate(lengths):
        for t in (0, 5, 170, 299):
            mean = logs[max(0, t - span + 1) : t + 1].mean()
            assert averages[t, column] == pytest.approx(mean)
            move = (close[t] - close[max(0, t - span)]) / math.sqrt(span) / math.exp(mean)
            assert moves[t, column] == pytest.approx(max(-3, min(3, move)))
    assert np.abs(moves).max() == 3


def test_targets_are_of_the_candles_ahead_alone():
    candles = synthetic.history(40).candles
    volatility, variance = next_log_volatility(candles, 3), variances(candles)
    assert volatility.shape == (37, 3)
    for t in (0, 20, 36):
        for k in (1, 2, 3):
            mean = sum(variance[t + j] for j in range(1, k + 1)) / k
            expected = math.log(mean + epsilons(variance)[t]) / 2
            assert volatility[t, k - 1] == pytest.approx(expected)


def test_ridge_equals_scikit_learns_on_standardised_inputs():
    rng = np.random.default_rng(0)
    inputs = np.column_stack([rng.normal(3, s, 200) for s in (0.1, 1, 50)] + [np.full(200, 7.0)])
    targets = inputs[:, :3] @ rng.normal(0, 1, (3, 2)) + rng.normal(0, 1, (200, 2)) + 5
    scaled = (inputs - inputs.mean(axis=0))[:, :3] / inputs.std(axis=0)[:3]
    for penalty in (0.5, 100.0):
        weights, intercepts = ridge(inputs, targets, penalty)
        expected = Ridge(alpha=penalty).fit(scaled, targets).predict(scaled)
        np.testing.assert_allclose(inputs @ weights + intercepts, expected, rtol=1e-9)
        assert (weights[3] == 0).all()
    nearly, _ = ridge(inputs, targets, 1e-9)
    plain = LinearRegression().fit(inputs[:, :3], targets).coef_.T
    np.testing.assert_allclose(nearly[:3], plain, rtol=1e-6)


# ---------------------------------------------------------------------------- trailing bands


def test_a_trailing_band_is_of_the_last_outcomes_known_when_it_was_measured(monkeypatch):
    monkeypatch.setattr(common, "CALIBRATION_ROWS", 50)
    residuals = np.random.default_rng(0).normal(0, 1, (300, 3))
    rows, anchor = range(90, 290, 3), 99
    bands = trailing_quantiles(residuals, rows, anchor, refresh=7)
    assert bands.shape == (len(rows), 3, 9)
    for i, t in enumerate(rows):
        measured = max(u for u in range(t + 1) if (u - anchor) % 7 == 0)
        assert t - 7 < measured <= t
        for k in (1, 2, 3):
            past = [residuals[s, k - 1] for s in range(len(residuals)) if s + k <= measured][-50:]
            expected = np.quantile(past, QUANTILES)
            expected[MEDIAN] = 0
            np.testing.assert_allclose(bands[i, k - 1], expected)


def test_a_trailing_band_is_of_eight_thousand_outcomes_and_measured_every_week():
    residuals = np.random.default_rng(0).normal(0, 1, (8_700, 2))
    anchor = 8_300
    rows = range(anchor - 1, anchor + 170)
    bands = trailing_quantiles(residuals, rows, anchor)
    for row, measured in (
        (anchor - 1, anchor - 168), (anchor, anchor), (anchor + 167, anchor),
        (anchor + 168, anchor + 168),
    ):  # fmt: skip
        for step in (1, 2):
            stop = measured - step + 1
            expected = np.quantile(residuals[stop - 8_000 : stop, step - 1], QUANTILES)
            expected[MEDIAN] = 0
            np.testing.assert_allclose(bands[row - rows.start, step - 1], expected)


def test_the_first_outcome_is_enough_for_a_trailing_band():
    residuals = np.full((5, 2), 3.0)
    bands = trailing_quantiles(residuals, range(5), 1)
    assert np.isnan(bands[0]).all()
    np.testing.assert_array_equal(bands[1, 0], [0] * 5 + [3] * 4)
    assert np.isnan(bands[1, 1]).all()
    two = trailing_quantiles(residuals, range(5), 2)
    np.testing.assert_array_equal(two[2, 1], [0] * 5 + [3] * 4)


def test_a_trailing_band_has_the_point_forecast_inside_and_nothing_where_nothing_is_known():
    risen = np.random.default_rng(0).uniform(1, 2, (200, 2))
    bands = trailing_quantiles(risen, range(0, 200), 0)
    assert np.isnan(bands[0]).all()
    assert (bands[170, :, : MEDIAN + 1] == 0).all()
    assert (np.diff(bands[170], axis=-1) >= 0).all()
    fallen = trailing_quantiles(-risen, range(0, 200), 0)
    assert (fallen[170, :, MEDIAN:] == 0).all()
    assert (fallen[170, :, :MEDIAN] < 0).all()


def test_the_last_row_fitted_on_is_found_by_its_time():
    history = synthetic.history(100)
    assert last_row(history, history.candles.index[40]) == 40
    assert last_row(history, history.candles.index[40] + HOUR / 2) == 40
    assert last_row(history, history.start - HOUR) == -1


# ---------------------------------------------------------------------------- any history


LEARNT = ["har", "linear", "boosting"]


def changed(history: PriceHistory, **columns: object) -> PriceHistory:
    return dataclasses.replace(history, candles=history.candles.assign(**columns))


@pytest.mark.parametrize("name", LEARNT)
@pytest.mark.parametrize("interval", ["1m", "15m", "4h", "1d", "1w"])
def test_every_interval_gives_a_rising_band(name, interval):
    history = synthetic.history(400)
    index = pd.date_range("2018-01-01", periods=400, freq=INTERVALS[interval], tz="UTC")
    candles = history.candles.set_axis(index.rename("time"))
    history = dataclasses.replace(history, interval=interval, candles=candles)
    forecast = BASELINES[name].fit(history, 300, 5).forecast(history, range(300, 400))
    assert forecast.quantiles.shape == (100, 5, 9)
    assert np.isfinite(forecast.quantiles).all()
    assert (np.diff(forecast.quantiles, axis=-1) >= 0).all()
    centre = np.log(forecast.predicted / forecast.close[:, None])
    np.testing.assert_allclose(forecast.quantiles[..., MEDIAN], centre, atol=1e-12)


@pytest.mark.parametrize("name", LEARNT)
@pytest.mark.parametrize("volume", [math.nan, 0.0])
def test_volume_may_be_absent_or_zero(name, volume):
    history = changed(synthetic.history(400), volume=volume)
    forecast = BASELINES[name].fit(history, 300, 2).forecast(history, range(300, 398))
    assert np.isfinite(forecast.quantiles).all()
    assert np.isfinite(forecast.predicted).all()


@pytest.mark.parametrize("name", LEARNT)
def test_a_fit_is_as_good_in_any_unit(name):
    history = synthetic.history(400)
    prices = {column: 1e-6 * history.candles[column] for column in ("open", "high", "low", "close")}
    one, other = (
        BASELINES[name].fit(each, 300, 2).forecast(each, range(300, 398))
        for each in (history, changed(history, **prices))
    )
    np.testing.assert_allclose(one.quantiles, other.quantiles, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("name", LEARNT)
def test_a_market_that_never_moved_has_a_band_of_no_width(name):
    flat = dict.fromkeys(("open", "high", "low", "close"), 100.0)
    history = changed(synthetic.history(400), **flat, volume=0.0)
    forecast = BASELINES[name].fit(history, 300, 2).forecast(history, range(300, 398))
    assert (forecast.predicted == 100).all()
    assert (forecast.quantiles == 0).all()


@pytest.mark.parametrize("name", LEARNT)
def test_a_dead_stretch_leaves_the_rest_defined(name):
    history = synthetic.dead(synthetic.history(400), 150)
    forecast = BASELINES[name].fit(history, 300, 2).forecast(history, range(200, 398))
    assert np.isfinite(forecast.quantiles).all()


@pytest.mark.parametrize("name", LEARNT)
def test_one_origin_alone_has_the_forecast_that_it_has_among_many(name):
    """A forecast does not depend on which other origins are forecast."""
    history = synthetic.history(900)
    predictor = BASELINES[name].fit(history, 600, 3)
    many = predictor.forecast(history, range(600, 897))
    for row in (600, 700, 896):
        one = predictor.forecast(history, range(row, row + 1))
        np.testing.assert_allclose(one.quantiles[0], many.quantiles[row - 600], atol=1e-12)
        np.testing.assert_allclose(one.predicted[0], many.predicted[row - 600])


@pytest.mark.parametrize("name", LEARNT)
def test_no_forecast_of_a_test_span_sees_what_comes_after_it(name):
    history = synthetic.history(900)
    predictor = BASELINES[name].fit(history, 500, 3)
    whole = predictor.forecast(history, range(500, 897))
    for row in (500, 667, 668, 800):
        other = predictor.forecast(synthetic.altered(history, row + 1), range(500, 897))
        np.testing.assert_array_equal(
            other.quantiles[: row - 499], whole.quantiles[: row - 499], str(row)
        )
        np.testing.assert_array_equal(
            other.predicted[: row - 499], whole.predicted[: row - 499], str(row)
        )
        assert not np.array_equal(other.quantiles[row - 499 :], whole.quantiles[row - 499 :])


@pytest.mark.parametrize("name", LEARNT)
def test_the_first_test_row_need_not_wait_for_a_band_in_a_sliding_window(name):
    """Fitted on rows 400 to 800 of a history, forecasting that history's later rows."""
    history = synthetic.history(900)
    window = dataclasses.replace(history, candles=history.candles.iloc[400:])
    predictor = BASELINES[name].fit(window, 400, 2)
    residual = predictor.forecast(history, range(800, 802)).quantiles
    later = synthetic.altered(history, 800)
    assert not np.array_equal(predictor.forecast(later, range(800, 802)).quantiles, residual)
    earlier = changed(history, close=history.candles["close"].where(np.arange(900) != 790, 120.0))
    assert not np.array_equal(predictor.forecast(earlier, range(800, 801)).quantiles, residual[:1])
