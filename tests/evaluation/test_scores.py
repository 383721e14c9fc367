"""Each metric equals a loop written by hand; what is undefined is NaN."""

import math
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cryptoforecast.evaluation import losses as origin_losses
from cryptoforecast.evaluation import scores as metrics
from cryptoforecast.types import QUANTILES, Forecast, Scores

prices = arrays(float, 12, elements=st.floats(0.01, 1e6))
EMPTY = np.array([])


def forecast(n=40, horizon=3, seed=0, unknown=0) -> Forecast:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, n)))
    actual = close[:, None] * np.exp(rng.normal(0, 0.02, (n, horizon)))
    if unknown:
        actual[-unknown:] = np.nan
    return Forecast(
        predictor="any",
        interval="1h",
        origins=pd.date_range("2024-01-01", periods=n, freq="h", tz="UTC", name="time"),
        close=close,
        predicted=close[:, None] * np.exp(rng.normal(0, 0.01, (n, horizon))),
        quantiles=np.sort(rng.normal(0, 0.02, (n, horizon, 9)), axis=2),
        actual=actual,
    )


@given(actual=prices, predicted=prices, close=prices)
@settings(max_examples=50, deadline=None)
def test_point_metrics_equal_a_hand_loop(actual, predicted, close):
    absolute = squared = relative = symmetric = 0.0
    moved = right = 0
    for a, p, c in zip(actual.tolist(), predicted.tolist(), close.tolist(), strict=True):
        absolute += abs(a - p)
        squared += (a - p) * (a - p)
        relative += abs(a - p) / a
        symmetric += abs(a - p) / ((a + p) / 2)
        if a != c:
            moved += 1
            right += (a > c and p > c) or (a < c and p < c)
    n = len(actual)
    assert metrics.mae(actual, predicted) == pytest.approx(absolute / n)
    assert metrics.rmse(actual, predicted) == pytest.approx(math.sqrt(squared / n))
    assert metrics.mape(actual, predicted) == pytest.approx(relative / n)
    assert metrics.smape(actual, predicted) == pytest.approx(symmetric / n)
    for scale in (7.0, 0.5, 1e-9):
        assert metrics.mase(actual, predicted, scale) == pytest.approx(absolute / n / scale)
    accuracy = metrics.directional_accuracy(close, actual, predicted)
    if moved and (predicted != close).any():
        assert accuracy == pytest.approx(right / moved)
    else:
        assert math.isnan(accuracy)


def test_band_metrics_equal_a_hand_loop():
    rng = np.random.default_rng(1)
    returns, quantiles = rng.normal(0, 1, 50), np.sort(rng.normal(0, 1, (50, 9)), axis=1)
    loss, inside = 0.0, {50: 0, 80: 0, 90: 0, 95: 0}
    for y, row in zip(returns, quantiles, strict=True):
        for q, f in zip(QUANTILES, row, strict=True):
            loss += q * (y - f) if y >= f else (1 - q) * (f - y)
        for level in inside:
            low = row[QUANTILES.index(round(0.5 - level / 200, 3))]
            high = row[QUANTILES.index(round(0.5 + level / 200, 3))]
            inside[level] += low <= y <= high
    assert metrics.pinball(returns, quantiles) == pytest.approx(loss / 450)
    for level, count in inside.items():
        assert metrics.coverage(returns, quantiles, level) == count / 50


def test_coverage_counts_the_bounds_as_inside_and_refuses_other_levels():
    quantiles = np.tile(np.arange(9.0), (2, 1))
    assert metrics.coverage(np.array([2.0, 6.0]), quantiles, 80) == 1
    assert metrics.coverage(np.array([1.9, 6.1]), quantiles, 80) == 0
    with pytest.raises(ValueError, match=r"must be 50, 80, 90 or 95 .*Received: 70"):
        metrics.coverage(np.array([0.0, 0.0]), quantiles, 70)


def test_an_origin_without_both_bounds_is_neither_inside_nor_outside():
    quantiles = np.tile(np.arange(9.0), (4, 1))
    low, high = origin_losses.band(80)
    quantiles[1, low] = quantiles[2, high] = quantiles[3, 0] = np.nan
    hits = origin_losses.inside(np.full(4, 4.0), quantiles, 80)
    np.testing.assert_array_equal(hits, [1, np.nan, np.nan, 1])


def test_the_pinball_loss_of_each_origin_equals_a_hand_loop():
    rng = np.random.default_rng(5)
    returns, quantiles = rng.normal(0, 1, 30), np.sort(rng.normal(0, 1, (30, 9)), axis=1)
    result = origin_losses.pinball_of_origins(returns, quantiles)
    for i in range(30):
        losses = [
            max(q * (returns[i] - f), (q - 1) * (returns[i] - f))
            for q, f in zip(QUANTILES, quantiles[i], strict=True)
        ]
        assert result[i] == pytest.approx(sum(losses) / 9)
    assert metrics.pinball(returns, quantiles) == pytest.approx(result.mean())


def test_pinball_is_least_at_the_true_quantiles():
    returns = np.random.default_rng(2).normal(0, 1, 20_000)
    true = np.tile(np.quantile(returns, QUANTILES), (len(returns), 1))
    best = metrics.pinball(returns, true)
    assert best < metrics.pinball(returns, true * 0.8)
    assert best < metrics.pinball(returns, true * 1.2)
    assert best < metrics.pinball(returns, true + 0.2)


ONE, TWO, NAN = np.array([1.0]), np.array([2.0]), np.array([math.nan])


@pytest.mark.parametrize(
    ("metric", "arguments"),
    [
        (metrics.mae, (EMPTY, EMPTY)),
        (metrics.rmse, (EMPTY, EMPTY)),
        (metrics.mape, (EMPTY, EMPTY)),
        (metrics.mape, (np.array([0.0, 1.0]), np.ones(2))),
        (metrics.smape, (np.zeros(1), np.zeros(1))),
        (metrics.mase, (ONE, TWO, 0.0)),
        (metrics.mase, (ONE, TWO, math.nan)),
        (metrics.mae, (ONE, NAN)),
        (metrics.directional_accuracy, (np.ones(3), np.ones(3), np.full(3, 2.0))),
        (metrics.directional_accuracy, (np.ones(2), np.array([2.0, 0.5]), np.ones(2))),
        (metrics.directional_accuracy, (np.ones(2), np.array([2.0, 0.5]), np.append(TWO, NAN))),
        (metrics.pinball, (EMPTY, np.empty((0, 9)))),
        (metrics.coverage, (EMPTY, np.empty((0, 9)), 80)),
        (metrics.coverage, (np.zeros(2), np.full((2, 9), math.nan), 80)),
        (metrics.naive_scale, (TWO, 1)),
        (metrics.naive_scale, (np.array([1.0, 2.0]), 1)),
    ],
)
def test_undefined_is_nan(metric, arguments):
    assert math.isnan(metric(*arguments))


def test_no_predicted_move_counts_as_wrong_if_others_were_predicted():
    close, actual = np.ones(4), np.array([2.0, 2.0, 0.5, 1.0])
    assert metrics.directional_accuracy(close, actual, np.array([3.0, 1.0, 0.9, 5.0])) == 2 / 3


def test_naive_scale_looks_at_training_rows_only():
    close = np.array([1.0, 3.0, 2.0, 50.0, 900.0])
    assert metrics.naive_scale(close, 3) == 1.5


def test_score_takes_each_step_by_itself():
    whole = forecast()
    scores = metrics.score(whole, naive_scale=2.0)
    assert len(scores) == 3
    for k, step in enumerate(scores):
        actual, predicted = whole.actual[:, k], whole.predicted[:, k]
        returns = np.log(actual / whole.close)
        assert step.mae == metrics.mae(actual, predicted)
        assert step.mase == step.mae / 2
        assert step.pinball == pytest.approx(metrics.pinball(returns, whole.quantiles[:, k]))
        assert step.coverage_95 >= step.coverage_80


def test_score_leaves_out_origins_whose_outcome_is_unknown():
    whole = forecast(unknown=10)
    part = Forecast(
        "any", "1h", whole.origins[:30], whole.close[:30], whole.predicted[:30],
        whole.quantiles[:30], whole.actual[:30],
    )  # fmt: skip
    assert metrics.score(whole, 1.0) == metrics.score(part, 1.0)
    nothing = metrics.score(forecast(unknown=40), 1.0)
    assert all(math.isnan(getattr(nothing[0], f.name)) for f in fields(Scores))
