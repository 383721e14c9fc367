"""Linear and boosted regressions find a planted signal, and claim nothing without one."""

import dataclasses
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_limits

from cryptoforecast.evaluation import backtest
from cryptoforecast.forecasting.baselines import Boosting, Har, Linear
from cryptoforecast.forecasting.baselines.common import ridge, trailing_quantiles
from cryptoforecast.forecasting.baselines.har import log_averages, next_log_volatility
from cryptoforecast.learning import features, specs
from cryptoforecast.prices import constant_volatility, simulate
from tests import synthetic

ROOT = Path(__file__).resolve().parent.parent.parent
END = pd.Timestamp("2023-06-01", tz="UTC")
NAMES = ["linear", "boosting"]


def holdout(name, horizon=1, **market):
    """Judge a baseline on the last fifth of 17 months of simulated hours."""
    history = simulate("BTC", "1h", end=END, now=END, **market)
    return backtest.holdout(history, specs.make(network=name, horizon=horizon), baselines=["har"])


def pinball(result, name):
    return result.scores[name][-1].pinball / result.scores["naive"][-1].pinball


@pytest.mark.parametrize("name", NAMES)
def test_a_planted_signal_is_found(name):
    """The next return is 0.3 times the last: worth about 4 % of the absolute error."""
    result = holdout(name, signal=0.3)
    assert result.verdict.beats_baseline
    assert result.verdict.skill > 0.02
    assert result.scores[name][0].directional_accuracy > 0.55
    assert pinball(result, name) < 0.98 * pinball(result, "har")


@pytest.mark.parametrize(("kind", "fitted"), [(Linear, 2000), (Boosting, 12_000)])
def test_a_signal_at_a_later_lag_is_found(kind, fitted):
    """The next return is half of the one three candles before it."""
    rng, rows, lag = np.random.default_rng(5), fitted + 500, 3
    returns = rng.normal(0, 0.01, rows)
    for row in range(lag, rows):
        returns[row] += 0.5 * returns[row - lag]
    history = synthetic.history(rows)
    close = 100 * np.exp(np.cumsum(returns))
    opened = np.append(100.0, close[:-1])
    candles = history.candles.assign(
        open=opened, close=close, high=np.maximum(opened, close), low=np.minimum(opened, close)
    )
    history, origins = dataclasses.replace(history, candles=candles), range(fitted, rows - 1)
    forecast = kind.fit(history, fitted, 1).forecast(history, origins)
    predicted = np.log(forecast.predicted[:, 0] / forecast.close)
    expected = 0.5 * returns[np.array(origins) + 1 - lag]
    assert np.corrcoef(predicted, expected)[0, 1] > 0.85


def inputs_by_hand(candles, sigma):
    """Stack what ``linear`` reads: features, the last four returns and three sums of them."""
    closes = candles["close"].to_numpy()
    moves = [0.0, *(np.log(closes[1:] / closes[:-1]) / sigma[:-1, 0])]
    names = (
        "scaled_return", "scaled_move", "scaled_range", "short_range", "hour", "half_day", "week",
    )  # fmt: skip
    inputs = np.nan_to_num(features.matrix(candles, names))
    rows = []
    for row in range(len(closes)):
        lagged = [moves[row - lag] if row >= lag else 0.0 for lag in range(4)]
        sums = [sum(moves[max(0, row - n + 1) : row + 1]) / math.sqrt(n) for n in (6, 24, 168)]
        rows.append([*inputs[row], *lagged, *sums])
    return np.array(rows)


def returns_by_hand(candles, horizon):
    closes = candles["close"].to_numpy()
    returns = np.full((len(closes), horizon), np.nan)
    for step in range(1, horizon + 1):
        returns[:-step, step - 1] = np.log(closes[step:] / closes[:-step])
    return returns


def check(values, rows, candles, centre, sigma, fitted):
    """Compare a forecast with the point and the band of a predicted return and a volatility."""
    residuals = (returns_by_hand(candles, sigma.shape[1]) - centre) / sigma
    band = trailing_quantiles(residuals, rows, fitted - 1)
    at = slice(rows.start, rows.stop)
    expected = centre[at, :, None] + sigma[at, :, None] * band
    np.testing.assert_allclose(values.quantiles, expected, rtol=1e-6, atol=1e-9)
    points = candles["close"].to_numpy()[at, None] * np.exp(centre[at])
    np.testing.assert_allclose(values.predicted, points)


def test_linear_is_a_ridge_regression_of_cut_returns():
    history, before, horizon, rows = synthetic.history(800), 700, 3, range(700, 760)
    candles, past = history.candles[:before], history.candles[: rows.stop]
    har = Har.fit(history, before, horizon)
    # Fitted to the errors of one fit on all candles before the test span ...
    sigma = har.in_sample_sigma(history, before)
    inputs = inputs_by_hand(candles, sigma)[: before - horizon]
    targets = (returns_by_hand(candles, horizon) / sigma)[: before - horizon]
    cut = targets.std(axis=0)
    varies = inputs.std(axis=0) > 1e-9
    spread = inputs.std(axis=0)[varies]
    regression = Ridge(alpha=0.2 * len(inputs))
    regression.fit(inputs[:, varies] / spread, np.clip(targets, -cut, cut))
    # ... and used with the volatility of the moving fits.
    sigma = har.sigma(history, range(rows.stop))
    centre = sigma * regression.predict(inputs_by_hand(past, sigma)[:, varies] / spread)
    forecast = Linear.fit(history, before, horizon).forecast(history, rows)
    check(forecast, rows, past, centre, sigma, before)


@threadpool_limits.wrap(limits=1)
@pytest.mark.parametrize(("before", "horizon"), [(8_500, 3), (14_000, 2)])
def test_boosting_is_two_pairs_of_forests(before, horizon):
    history, rows = synthetic.history(before + 100), range(before, before + 60)
    candles, earlier = history.candles[:before], history.candles[: rows.stop]
    har = Har.fit(history, before, horizon)
    averages = log_averages(earlier, history.candle_length)
    past, sigma = har.in_sample_sigma(history, before), har.sigma(history, range(rows.stop))
    design = np.hstack([inputs_by_hand(candles, past), averages[:before]])[: before - horizon]
    inputs = np.hstack([inputs_by_hand(earlier, sigma), averages])
    surprises = next_log_volatility(candles, horizon) - np.log(past[: before - horizon])
    returns = (returns_by_hand(candles, horizon) / past)[: before - horizon]
    shared = {"max_bins": 63, "early_stopping": False, "random_state": 0, "max_iter": 50}
    wider, moved = [], []
    for step in (0, horizon - 1):
        scale = HistGradientBoostingRegressor(
            loss="squared_error", max_leaf_nodes=15, learning_rate=0.1, min_samples_leaf=200,
            **shared,
        )  # fmt: skip
        wider.append(scale.fit(design, surprises[:, step]).predict(inputs))
        location = HistGradientBoostingRegressor(
            loss="absolute_error", max_leaf_nodes=7, learning_rate=0.03,
            min_samples_leaf=1000 * (step + 1), **shared,
        )  # fmt: skip
        moved.append(location.fit(design, returns[:, step]).predict(inputs))
    # A step between lies on a straight line in the logarithm of the step.
    share = np.array([0, math.log(2) / math.log(3), 1] if horizon == 3 else [0, 1])
    wider, moved = (
        first[:, None] + (last - first)[:, None] * share for first, last in (wider, moved)
    )
    centre = sigma * moved
    forecast = Boosting.fit(history, before, horizon).forecast(history, rows)
    check(forecast, rows, earlier, centre, sigma * np.exp(wider), before)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("horizon", [1, 12])
def test_without_a_signal_nothing_is_claimed(name, horizon):
    result = holdout(name, horizon)
    assert not result.verdict.beats_baseline
    assert abs(result.verdict.skill) < 0.01
    assert pinball(result, name) < 1.02 * pinball(result, "har") < 1


@pytest.mark.parametrize("name", NAMES)
def test_constant_volatility_leaves_nothing_to_find(name):
    result = holdout(name, parameters=constant_volatility())
    assert not result.verdict.beats_baseline
    assert 0.99 < pinball(result, name) < 1.02
    assert result.scores[name][0].coverage_80 == pytest.approx(0.8, abs=0.03)


def test_trees_between_the_first_and_the_last_step_run_straight_in_log_step():
    history = synthetic.history(900)
    fitted = Boosting.fit(history, 700, 8)
    assert len(fitted.scales) == len(fitted.locations) == 2
    assert len(Boosting.fit(history, 700, 1).scales) == 1
    rows = range(700, 705)
    forecast = fitted.forecast(history, rows)
    sigma = fitted.har.sigma(history, rows)
    moved = np.log(forecast.predicted / forecast.close[:, None]) / sigma
    third = moved[:, 0] + (moved[:, -1] - moved[:, 0]) * np.log(3) / np.log(8)
    np.testing.assert_allclose(moved[:, 2], third, atol=1e-9)


@pytest.mark.parametrize("kind", [Linear, Boosting])
def test_the_same_history_gives_the_same_forecasts(kind):
    history, rows = synthetic.history(700), range(500, 600)
    one, other = (kind.fit(history, 500, 3).forecast(history, rows) for _ in range(2))
    np.testing.assert_array_equal(one.quantiles, other.quantiles)


def test_only_the_trees_load_scikit_learn():
    code = """
import sys
from cryptoforecast.forecasting.baselines import BASELINES
from tests import synthetic
given = synthetic.history(300)
for name in BASELINES:
    if name != "boosting":
        BASELINES[name].fit(given, 200, 2).forecast(given, range(200, 298))
print("sklearn" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("unit", [1e-12, 1e12])
def test_the_unit_of_an_input_does_not_matter(unit):
    rng = np.random.default_rng(5)
    inputs = rng.normal(size=(200, 3))
    targets = inputs @ rng.normal(size=(3, 2)) + rng.normal(size=(200, 2))
    weights, intercepts = ridge(inputs, targets, 10.0)
    others, same = ridge(inputs * unit, targets, 10.0)
    np.testing.assert_allclose(others * unit, weights)
    np.testing.assert_allclose(same, intercepts)
