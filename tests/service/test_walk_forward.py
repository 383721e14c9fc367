"""Walk-forward tests of the service: cached, in the background, bounded in memory."""

import dataclasses
import shutil

import pytest

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.evaluation import walk_forward
from cryptoforecast.forecasting.baselines import BASELINES, QUICK
from cryptoforecast.jobs import Runner
from cryptoforecast.learning import specs, training, training_cache
from cryptoforecast.service import Service, WalkForwardService
from cryptoforecast.service.heavy import OneHeavyFit
from cryptoforecast.service.memory import Memory
from cryptoforecast.settings import Settings
from cryptoforecast.types import OWNER, WalkPlan
from tests import synthetic
from tests.service.answers import SPEC, assert_same_weights, figures, wait_for


def test_each_fold_is_answered_from_the_cache(trained, monkeypatch, tmp_path):
    """The first is the holdout's own question; the second is trained once."""
    home = tmp_path / "copy"
    shutil.copytree(trained[0], home)
    service = Service(Settings(home, shipped=home / "none", live=False))
    history, plan = synthetic.history(), WalkPlan(folds=2)
    first = service.walk_forward.run(history, SPEC, plan)
    assert [fold.cached for fold in first.folds] == [True, False]
    assert_same_weights(first.folds[0].model, trained[1].model)
    monkeypatch.setattr(training, "fit", None)
    again = service.walk_forward.run(history, SPEC, plan)
    assert [fold.cached for fold in again.folds] == [True, True]
    assert figures(again.backtest) == figures(first.backtest)
    assert again.backtest.verdict == first.backtest.verdict


def test_bypassing_the_cache_asks_it_for_no_fold(trained, monkeypatch):
    home, first = trained
    service = Service(Settings(home, shipped=home / "none", live=False))
    fitted = []

    def fit(history, spec, cut, *args):
        fitted.append(cut)
        return first.model

    monkeypatch.setattr(training, "fit", fit)
    monkeypatch.setattr(service.training.cache, "put", lambda *_: None)
    walk = service.walk_forward.run(synthetic.history(), SPEC, WalkPlan(folds=2), use_cache=False)
    assert fitted == [fold.split for fold in walk.folds]
    assert not any(fold.cached for fold in walk.folds)


def test_a_walk_forward_test_runs_as_a_job_and_can_be_cancelled(service):
    history, plan = synthetic.history(), WalkPlan(folds=2)
    long = dataclasses.replace(SPEC, epochs=500)
    runner = Runner(2)
    job = runner.submit(
        "a",
        "Walk",
        lambda *args: service.walk_forward.run(history, long, plan, *args),
        user=OWNER,
    )
    try:
        assert wait_for(lambda: job.progress is not None)
        assert (job.progress.fold, job.progress.folds) == (1, 2)
    finally:
        runner.cancel("a", user=OWNER)
    assert job.wait(20)
    assert job.state == "cancelled"
    assert service.training.cache.get(training_cache.key(history, long)) is None


def test_a_network_walks_forward_in_the_background_and_is_remembered(service, monkeypatch):
    history, plan = synthetic.history(), WalkPlan(folds=2)
    key = service.walk_forward.key(history, SPEC, plan)
    assert service.walk_forward.result(key) is None
    job = service.walk_forward.submit(history, SPEC, plan, user=OWNER)
    assert (job.key, job.title) == (key, "Dense network for BTC 1h in 2 folds")
    assert job.wait(60)
    tested = service.walk_forward.result(key)
    assert [fold.cached for fold in tested.folds] == [False, False]
    assert list(tested.backtest.scores) == [*QUICK, "dense", "stack"]
    assert job.result.model is tested.folds[-1].model
    assert (job.progress.fold, job.progress.folds, job.progress.done) == (2, 2, 1.0)
    assert service.walk_forward.submit(history, SPEC, plan, user=OWNER) is job

    # No longer remembered: worked out again, from the folds' own cached results.
    monkeypatch.setattr(training, "fit", None)
    forgetful = WalkForwardService(service.training, OneHeavyFit(Memory()), Memory())
    again = forgetful.submit(history, SPEC, plan, user=OWNER)
    assert again is not job
    assert again.wait(60)
    assert figures(forgetful.result(key).backtest) == figures(tested.backtest)
    assert all(fold.cached for fold in forgetful.result(key).folds)


@pytest.mark.parametrize(
    ("history", "plan", "error"),
    [
        (synthetic.history(), WalkPlan(folds=0), InvalidInput),
        (synthetic.history(), WalkPlan(folds=40), NotEnoughData),
        (synthetic.dead(synthetic.history(), 100), WalkPlan(), InvalidInput),
    ],
    ids=["folds", "short", "dead"],
)
def test_what_can_not_walk_forward_is_refused_before_it_queues(service, history, plan, error):
    with pytest.raises(error):
        service.walk_forward.submit(history, SPEC, plan, user=OWNER)
    assert service.training.job(service.walk_forward.key(history, SPEC, plan)) is None


def test_every_choice_of_a_walk_names_another_test(service):
    history = synthetic.history()
    plans = (
        WalkPlan(), WalkPlan(folds=5), WalkPlan(window="sliding"), WalkPlan(gap=9),
        WalkPlan(warm_start=True), WalkPlan(window="sliding", window_rows=100),
    )  # fmt: skip
    keys = {service.walk_forward.key(history, SPEC, plan) for plan in plans}
    keys.add(service.walk_forward.key(history, dataclasses.replace(SPEC, seed=1), plans[0]))
    keys.add(service.walk_forward.key(synthetic.history(seed=1), SPEC, plans[0]))
    assert len(keys) == len(plans) + 2


def test_a_baseline_walks_forward_at_once_and_once(service, monkeypatch):
    history, plan = synthetic.history(), WalkPlan(folds=2)
    spec = specs.make(network="cone", horizon=2)
    first = service.walk_forward.of_baseline(history, spec, plan)
    assert list(first.backtest.scores) == list(QUICK)
    monkeypatch.setattr(walk_forward, "run", None)
    assert service.walk_forward.of_baseline(history, spec, plan) is first


def test_heavy_baselines_are_added_to_a_walk_forward_test_on_request(service, monkeypatch):
    history, plan = synthetic.history(), WalkPlan(folds=2)
    first = service.walk_forward.of_baseline(history, specs.make(network="cone", horizon=2), plan)
    assert list(service.walk_forward.with_finished_baselines(first).backtest.scores) == list(QUICK)
    whole = service.walk_forward.with_all_baselines(first)
    assert list(whole.backtest.scores) == list(BASELINES)
    monkeypatch.setattr(walk_forward, "run", None)
    assert figures(service.walk_forward.with_finished_baselines(first).backtest) == figures(
        whole.backtest
    )
    direct = Service(service.settings)
    monkeypatch.undo()
    expected = direct.walk_forward.run(history, first.backtest.spec, plan)
    assert figures(whole.backtest) == figures(expected.backtest)


def test_heavy_baselines_of_one_walk_stay_in_memory_however_long_it_is(service, monkeypatch):
    small = WalkForwardService(service.training, OneHeavyFit(Memory()), Memory(), max_bytes=1)
    history, plan = synthetic.history(), WalkPlan(folds=2)
    spec = specs.make(network="cone", horizon=2)
    first = small.of_baseline(history, spec, plan)
    whole = small.with_all_baselines(first)
    assert list(whole.backtest.scores) == list(BASELINES)
    monkeypatch.setattr(walk_forward, "run", None)
    assert small.of_baseline(history, spec, plan) is first  # the heavy ones have not driven it out
    again = small.with_finished_baselines(first)
    assert figures(again.backtest) == figures(whole.backtest)


def test_walk_forward_tests_in_memory_are_bounded(service):
    history, spec = synthetic.history(), specs.make(network="naive", horizon=2)
    small = WalkForwardService(service.training, OneHeavyFit(Memory()), Memory(), max_bytes=1)
    for folds in (1, 2):
        small.of_baseline(history, spec, WalkPlan(folds=folds))
    keys = [small.key(history, spec, WalkPlan(folds=folds)) for folds in (1, 2)]
    assert [small.result(key) is None for key in keys] == [True, False]
