"""The judge on many small markets whose truth is known: few claims where there is nothing to find.

``python -m benchmarks.judge`` asks the same of hundreds of long ones.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.evaluation import significance
from cryptoforecast.evaluation.scores import coverage
from cryptoforecast.evaluation.verdict import judge
from cryptoforecast.forecasting.baselines import Cone, Drift, Naive
from cryptoforecast.prices import constant_volatility, simulate
from cryptoforecast.prices.simulation.market import EPOCH
from cryptoforecast.types import QUANTILES
from cryptoforecast.types.confidence import beyond_chance

FITTED, ORIGINS, HORIZON = 700, 480, 24
MARKETS = range(100)
HOUR = pd.Timedelta(hours=1)


def market(seed, rows=FITTED + ORIGINS + HORIZON, **truth):
    end = EPOCH + rows * HOUR
    return simulate("BTC", end=end, now=end, seed=seed, **truth)


def forecasts(history, horizon, *kinds):
    rows = range(FITTED, len(history) - HORIZON)
    return [kind.fit(history, FITTED, horizon).forecast(history, rows) for kind in kinds]


def opposites(history, horizon, seed):
    """Two forecasts that are exactly as good as each other.

    One goes with the last move and the other against it; a coin says whose band is wider.
    """
    (cone,) = forecasts(history, horizon, Cone)
    close = history.candles["close"].to_numpy()
    moved = close[FITTED : FITTED + len(cone)] / close[FITTED - horizon :][: len(cone)]
    turns = np.random.default_rng(seed).random(len(cone)) < 1 / 48
    coin = 1 - 2 * (np.cumsum(turns) % 2)
    return [
        replace(
            cone,
            predictor="lstm",
            predicted=cone.predicted * moved[:, None] ** (side * 0.05),
            quantiles=cone.quantiles * np.exp(side * 0.1 * coin)[:, None, None],
        )
        for side in (1, -1)
    ]


def claims(horizon):
    """Count how often one of two equals is called better than the other: price, band."""
    price = band = 0
    for seed in MARKETS:
        one, other = opposites(market(seed), horizon, seed)
        forecast = judge(one, other, other)
        price += beyond_chance(forecast.low, forecast.high)
        band += beyond_chance(forecast.band_low, forecast.band_high)
    return price, band


@pytest.mark.parametrize("horizon", [1, HORIZON])
def test_equals_are_seldom_told_apart(horizon):
    """Two-sided, so 5 of 100 would be perfect; one side of it is a claim of skill."""
    price, band = claims(horizon)
    assert price <= 8
    assert band <= 8


def test_a_judge_that_forgets_how_origins_are_related_claims_too_often(monkeypatch):
    """The test above could pass on a judge that never claims anything, or on equals too equal."""
    monkeypatch.setattr(significance, "block_length", lambda n, horizon: 1)
    monkeypatch.setattr(significance, "lags", lambda n, horizon: 0)
    assert min(claims(HORIZON)) > 25


def test_a_fitted_drift_is_no_skill():
    beats = 0
    for seed in MARKETS:
        drift, naive, cone = forecasts(market(seed), HORIZON, Drift, Naive, Cone)
        beats += judge(drift, naive, cone).beats_baseline
    assert beats <= 5


def test_a_planted_slope_is_found():
    result = dict.fromkeys((0.0, 0.3), 0)
    for signal in result:
        for seed in range(30):
            history = market(seed, signal=signal)
            naive, cone = forecasts(history, 1, Naive, Cone)
            last = np.log(history.candles["close"] / history.candles["open"]).to_numpy()
            factor = np.exp(0.3 * last[FITTED : FITTED + len(naive)])
            forecast = replace(naive, predictor="lstm", predicted=naive.predicted * factor[:, None])
            result[signal] += judge(forecast, naive, cone).beats_baseline
    assert result[0.0] == 0
    assert result[0.3] >= 25


def test_true_quantiles_cover_what_they_promise_and_the_judge_prefers_them():
    flat = constant_volatility()
    many = [market(seed, 5000, parameters=flat).candles["close"] for seed in range(200, 220)]
    truth = np.quantile([np.diff(np.log(close)) for close in many], QUANTILES)
    covered, better = [], 0
    for seed in range(100, 130):
        naive, cone = forecasts(market(seed, parameters=flat), 1, Naive, Cone)
        forecast = replace(naive, predictor="lstm", quantiles=np.tile(truth, (len(naive), 1, 1)))
        returns, quantiles = forecast.actual_returns[:, 0], forecast.quantiles[:, 0]
        covered.append([coverage(returns, quantiles, level) for level in (80, 95)])
        better += judge(forecast, naive, cone).band_low > 0
    assert np.mean(covered, axis=0) == pytest.approx([0.8, 0.95], abs=0.01)
    assert better >= 15
