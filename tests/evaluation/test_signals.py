"""The simulated market knows the truth: no signal, no verdict of skill; a planted one is found.

Each network is small and trained in two seconds, so the margins are wide on purpose.
"""

import pandas as pd
import pytest

from cryptoforecast.evaluation import backtest
from cryptoforecast.learning import specs, training
from cryptoforecast.prices import constant_volatility, simulate

END = pd.Timestamp("2023-06-01", tz="UTC")


def holdout(features, lookback, **market):
    """Train a small Dense network on 17 months of simulated hours and judge it."""
    history = simulate("BTC", "1h", end=END, now=END, **market)
    spec = specs.make(
        network="dense", features=features, lookback=lookback, units=(16,), dropout=0.0,
        epochs=6, batch_size=128, learning_rate=5e-3,
    )  # fmt: skip
    return backtest.holdout(history, spec, training.train(history, spec))


def pinball(result, name):
    """Pinball loss relative to the constant band of the last price."""
    return result.scores[name][0].pinball / result.scores["naive"][0].pinball


@pytest.fixture(scope="module")
def constant():
    return holdout(("abs_return", "range", "hour"), 24, parameters=constant_volatility())


def test_a_market_without_a_signal_is_not_beaten(constant):
    for result in (holdout(("return",), 4), constant):
        assert not result.verdict.beats_baseline
        assert result.verdict.skill < 0.005
        assert result.history.simulated


def test_a_planted_signal_is_found():
    """The next return is 0.3 times the last: worth about 4 % of the absolute error."""
    result = holdout(("return",), 4, signal=0.3)
    assert result.verdict.beats_baseline
    assert result.verdict.skill > 0.02
    assert result.verdict.ci_low > 0
    assert result.scores["dense"][0].directional_accuracy > 0.55
    assert result.verdict.sentence.startswith("Beats the last price")


def test_clustering_volatility_is_found_by_network_and_cone():
    result = holdout(("abs_return", "range", "hour"), 24)
    assert pinball(result, "dense") < 0.96
    assert pinball(result, "cone") < 0.96
    assert not result.verdict.beats_baseline


def test_constant_volatility_leaves_nothing_to_find(constant):
    assert pinball(constant, "dense") > 0.995
    assert pinball(constant, "cone") > 0.995
