"""Linear and boosted regressions find what is planted, and claim nothing where nothing is."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.evaluation import backtest
from cryptoforecast.forecasting.baselines import Boosting, Linear
from cryptoforecast.learning import specs
from cryptoforecast.prices import constant_volatility, simulate
from tests import synthetic

ROOT = Path(__file__).resolve().parent.parent.parent
END = pd.Timestamp("2023-06-01", tz="UTC")
NAMES = ["linear", "boosting"]


def judged(name, horizon=1, **market):
    """Judge a baseline on the last fifth of 17 months of simulated hours."""
    history = simulate("BTC", "1h", end=END, now=END, **market)
    return backtest.holdout(history, specs.make(network=name, horizon=horizon), baselines=["har"])


def pinball(result, name):
    return result.scores[name][-1].pinball / result.scores["naive"][-1].pinball


@pytest.mark.parametrize("name", NAMES)
def test_a_planted_signal_is_found(name):
    """The next return is 0.3 times the last: worth about 4 % of the absolute error."""
    result = judged(name, signal=0.3)
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
    given = synthetic.history(rows)
    close = 100 * np.exp(np.cumsum(returns))
    opened = np.append(100.0, close[:-1])
    candles = given.candles.assign(
        open=opened, close=close, high=np.maximum(opened, close), low=np.minimum(opened, close)
    )
    given, origins = dataclasses.replace(given, candles=candles), range(fitted, rows - 1)
    forecast = kind.fit(given, fitted, 1).forecast(given, origins)
    predicted = np.log(forecast.predicted[:, 0] / forecast.close)
    expected = 0.5 * returns[np.array(origins) + 1 - lag]
    assert np.corrcoef(predicted, expected)[0, 1] > 0.85


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("horizon", [1, 12])
def test_nothing_is_claimed_where_nothing_is_planted(name, horizon):
    result = judged(name, horizon)
    assert not result.verdict.beats_baseline
    assert abs(result.verdict.skill) < 0.01
    assert pinball(result, name) < 1.02 * pinball(result, "har") < 1


@pytest.mark.parametrize("name", NAMES)
def test_constant_volatility_leaves_nothing_to_find(name):
    result = judged(name, parameters=constant_volatility())
    assert not result.verdict.beats_baseline
    assert 0.99 < pinball(result, name) < 1.02
    assert result.scores[name][0].coverage_80 == pytest.approx(0.8, abs=0.03)


def test_trees_between_the_first_and_the_last_step_run_straight_in_log_step():
    given = synthetic.history(900)
    fitted = Boosting.fit(given, 700, 8)
    assert len(fitted.scales) == len(fitted.locations) == 2
    assert len(Boosting.fit(given, 700, 1).scales) == 1
    rows = range(700, 705)
    forecast = fitted.forecast(given, rows)
    sigma = fitted.har.sigma(given.candles, given.candle_length)[700:705]
    moved = np.log(forecast.predicted / forecast.close[:, None]) / sigma
    third = moved[:, 0] + (moved[:, -1] - moved[:, 0]) * np.log(3) / np.log(8)
    np.testing.assert_allclose(moved[:, 2], third, atol=1e-9)


@pytest.mark.parametrize("kind", [Linear, Boosting])
def test_the_same_history_gives_the_same_forecasts(kind):
    given, rows = synthetic.history(700), range(500, 600)
    one, other = (kind.fit(given, 500, 3).forecast(given, rows) for _ in range(2))
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
