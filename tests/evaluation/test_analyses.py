"""An analysis is computed once, and is dropped together with its forecasts."""

from __future__ import annotations

import dataclasses
import gc
import weakref

import pytest

from cryptoforecast.evaluation import backtest, diagnostics, leaderboard, reliability
from cryptoforecast.evaluation.analyses import FRAMES, Analyses
from cryptoforecast.learning import specs
from cryptoforecast.types import Backtest
from tests import synthetic


def judge() -> Backtest:
    spec = specs.make(network="har", horizon=2)
    return backtest.holdout(synthetic.history(700), spec, baselines=("naive", "cone", "har"))


@pytest.fixture(scope="module")
def result() -> Backtest:
    return judge()


def test_analyses_equal_those_of_the_library(result):
    analyses = Analyses()
    assert analyses.board(result, "mae", 1, "cone") == leaderboard.leaderboard(
        result, "mae", 1, "cone"
    )
    for name, make in FRAMES.items():
        assert analyses.frame(result, name, 2).equals(make(result.forecast, 2))
    assert analyses.coverage(result).steps == reliability.by_step(result).steps
    analysis, expected = analyses.reliability(result, 1), reliability.measure(result, 1)
    assert (analysis.observed, analysis.pit) == (expected.observed, expected.pit)
    assert analysis.backtest is result
    assert list(analyses.by_regime(result, 1)["regime"]) == list(diagnostics.REGIMES)


def test_an_analysis_is_computed_once(result, monkeypatch):
    analyses = Analyses()
    first = (
        analyses.board(result, "mae", 1, "naive"), analyses.frame(result, "delays", 1),
        analyses.by_regime(result, 2),
    )  # fmt: skip
    analyses.reliability(result, 1)
    for module in (leaderboard, reliability):
        monkeypatch.setattr(module, "leaderboard", None, raising=False)
        monkeypatch.setattr(module, "measure", None, raising=False)
    monkeypatch.setattr(diagnostics, "by_regime", None)
    monkeypatch.setitem(FRAMES, "delays", None)
    # A rerun asks about the same forecasts with prices of another age around them.
    again = dataclasses.replace(result, cached=True)
    assert analyses.board(again, "mae", 1, "naive") is first[0]
    assert analyses.frame(again, "delays", 1) is first[1]
    assert analyses.by_regime(again, 2) is first[2]
    assert analyses.reliability(again, 1).backtest is again
    with pytest.raises(TypeError):
        analyses.board(result, "mae", 2, "naive")


def test_another_set_of_predictors_has_a_leaderboard_of_its_own(result):
    analyses = Analyses()
    fewer = {name: forecast for name, forecast in result.forecasts.items() if name != "cone"}
    smaller = dataclasses.replace(result, forecasts=fewer)
    assert len(analyses.board(smaller, "mae", 1, "naive").standings) == 2
    assert len(analyses.board(result, "mae", 1, "naive").standings) == 3


def test_cached_analyses_are_dropped_with_their_forecasts():
    analyses, mine = Analyses(), judge()
    analyses.board(mine, "pinball", 1, "naive")
    analyses.reliability(mine, 1)
    analyses.coverage(mine)
    analyses.frame(mine, "residuals", 1)
    gone = [weakref.ref(forecast) for forecast in mine.forecasts.values()]
    del mine
    gc.collect()
    assert [each() for each in gone] == [None] * 3


def test_sixty_analyses_of_a_backtest_stay_cached(result):
    """The least recently used is dropped first."""
    analyses, calls = Analyses(), []
    for i in range(60):
        analyses.of(result, i, lambda i=i: [calls.append(i)])
    analyses.of(result, 0, lambda: [calls.append("again")])
    assert calls == list(range(60))
    analyses.of(result, 60, lambda: [calls.append(60)])
    analyses.of(result, 0, lambda: [calls.append("again")])
    analyses.of(result, 2, lambda: [calls.append("again")])
    analyses.of(result, 1, lambda: [calls.append("dropped")])
    assert calls == [*range(61), "dropped"]


def test_a_free_run_is_cached_after_it_ran():
    model = synthetic.model(synthetic.spec(features=("return",)))
    tested = backtest.holdout(synthetic.history(400), model.spec, model, baselines=("naive",))
    analyses = Analyses()
    assert not analyses.free_run_known(tested)
    frame = analyses.free_run(tested)
    assert analyses.free_run_known(tested)
    assert analyses.free_run(tested) is frame
