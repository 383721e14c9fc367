"""What was worked out once is not worked out again, and goes with its forecasts."""

from __future__ import annotations

import dataclasses
import gc
import weakref

import pytest

from cryptoforecast.evaluation import backtest, diagnostics, leaderboard, reliability
from cryptoforecast.evaluation.analyses import FRAMES, KEPT, Looks
from cryptoforecast.learning import specs
from cryptoforecast.types import Backtest
from tests import synthetic


def judge() -> Backtest:
    spec = specs.make(network="har", horizon=2)
    return backtest.holdout(synthetic.history(700), spec, baselines=("naive", "cone", "har"))


@pytest.fixture(scope="module")
def judged() -> Backtest:
    return judge()


def test_answers_are_the_librarys_own(judged):
    looks = Looks()
    assert looks.board(judged, "mae", 1, "cone") == leaderboard.leaderboard(
        judged, "mae", 1, "cone"
    )
    for name, make in FRAMES.items():
        assert looks.frame(judged, name, 2).equals(make(judged.judged, 2))
    assert looks.coverage(judged).steps == reliability.by_step(judged).steps
    found, expected = looks.reliability(judged, 1), reliability.measure(judged, 1)
    assert (found.observed, found.pit) == (expected.observed, expected.pit)
    assert found.judged is judged
    assert list(looks.by_regime(judged, 1)["regime"]) == list(diagnostics.REGIMES)


def test_the_same_question_is_answered_once(judged, monkeypatch):
    looks = Looks()
    first = (
        looks.board(judged, "mae", 1, "naive"), looks.frame(judged, "delays", 1),
        looks.by_regime(judged, 2),
    )  # fmt: skip
    looks.reliability(judged, 1)
    for module in (leaderboard, reliability):
        monkeypatch.setattr(module, "leaderboard", None, raising=False)
        monkeypatch.setattr(module, "measure", None, raising=False)
    monkeypatch.setattr(diagnostics, "by_regime", None)
    monkeypatch.setitem(FRAMES, "delays", None)
    # A rerun asks about the same forecasts with prices of another age around them.
    again = dataclasses.replace(judged, cached=True)
    assert looks.board(again, "mae", 1, "naive") is first[0]
    assert looks.frame(again, "delays", 1) is first[1]
    assert looks.by_regime(again, 2) is first[2]
    assert looks.reliability(again, 1).judged is again
    with pytest.raises(TypeError):
        looks.board(judged, "mae", 2, "naive")


def test_one_more_predictor_makes_another_board(judged):
    looks = Looks()
    fewer = {name: said for name, said in judged.forecasts.items() if name != "cone"}
    smaller = dataclasses.replace(judged, forecasts=fewer)
    assert len(looks.board(smaller, "mae", 1, "naive").standings) == 2
    assert len(looks.board(judged, "mae", 1, "naive").standings) == 3


def test_what_is_kept_goes_with_the_forecasts():
    looks, mine = Looks(), judge()
    looks.board(mine, "pinball", 1, "naive")
    looks.reliability(mine, 1)
    looks.coverage(mine)
    looks.frame(mine, "residuals", 1)
    gone = [weakref.ref(said) for said in mine.forecasts.values()]
    del mine
    gc.collect()
    assert [each() for each in gone] == [None] * 3


def test_what_is_kept_of_one_test_is_bounded(judged):
    looks, made = Looks(), []
    for i in range(KEPT + 1):
        looks.of(judged, i, lambda i=i: [made.append(i)])
        looks.of(judged, 0, lambda: [made.append("again")])
    looks.of(judged, KEPT, lambda: [made.append("last")])
    looks.of(judged, 1, lambda: [made.append("dropped")])
    assert made == [*range(KEPT + 1), "dropped"]


def test_a_free_run_is_known_once_it_ran():
    model = synthetic.model(synthetic.spec(features=("return",)))
    tested = backtest.holdout(synthetic.history(400), model.spec, model, baselines=("naive",))
    looks = Looks()
    assert not looks.free_run_known(tested)
    frame = looks.free_run(tested)
    assert looks.free_run_known(tested)
    assert looks.free_run(tested) is frame
