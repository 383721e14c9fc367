"""A search and an ablation by workers: each training is worth what it is worth in one process."""

import dataclasses
import time
from pathlib import Path

import pytest

from cryptoforecast.errors import InvalidInput, NotAllowed
from cryptoforecast.evaluation import ablation
from cryptoforecast.learning import training
from cryptoforecast.searches import finals, objective
from cryptoforecast.searches.by_workers import ByWorkers
from cryptoforecast.searches.in_turn import InTurn, Stage
from cryptoforecast.service import Service, shared
from cryptoforecast.service.searches import Order, spec_of
from cryptoforecast.settings import Settings
from cryptoforecast.types import OWNER, UNWATCHED, Monitor, SearchPlan, TeamProgress, User
from cryptoforecast.workers.local import Processes
from tests import synthetic
from tests.searches import making

HISTORY = synthetic.history(700)
PLAN = SearchPlan(trials=4, finalists=1, seeds=2)
ORDER = Order(
    plan=PLAN,
    networks=("dense",),
    changes={"epochs": 2, "unit": "fixed", "features": ("return", "volume"), "units": (4,)},
    space=making.space.parse({"dropout": [0.0, 0.4], "lookback": [4, 8, 400]}),
)


@pytest.fixture(scope="module")
def engine():
    with Processes(2) as started:
        yield started


def test_each_trial_and_finalist_is_worth_what_it_is_worth_in_one_process(engine):
    reports = []
    result = shared().searches.run(HISTORY, ORDER, Monitor(reports.append), engine=engine)
    assert [one.number for one in result.trials] == [1, 2, 3, 4]
    complete = [one for one in result.trials if one.state == "complete"]
    assert complete
    for one in result.trials:
        if one.state == "failed":
            assert one.values["lookback"] == 400
            assert "at least 200 training origins" in one.reason
    before = objective.past(HISTORY, result.default)

    def loss(spec):
        return objective.evaluate(before, spec, "pinball", making.fit).loss

    for one in complete:
        assert loss(spec_of(HISTORY, ORDER, one.values)) == one.loss
    assert len(result.finalists) == 2
    for one in result.finalists:
        _, *seeds = ablation.seeds_of(one.spec, PLAN.seeds + 1)
        expected = [loss(dataclasses.replace(one.spec, seed=seed)) for seed in seeds]
        assert [*one.losses] == expected
    # All that is trained is trained by the worker, and counted through in one line.
    assert all(isinstance(one, TeamProgress) and one.workers == 2 for one in reports)
    done = [one.done for one in reports]
    assert done == sorted(done)
    assert max(one.finished for one in reports) >= PLAN.trials + 2 * PLAN.seeds
    assert {one.folds for one in reports} == {PLAN.trials + finals.trainings(PLAN)}


def test_the_test_of_a_search_is_that_of_one_process(engine):
    winner, default = (synthetic.spec(lookback=lookback, seed=7) for lookback in (4, 6))

    def fit_all(several, monitor):
        return shared().workers.fit_all(HISTORY, several, engine, monitor, use_cache=False)

    def train(spec, monitor):
        return training.train(HISTORY, spec, monitor)

    stage = Stage(UNWATCHED, 0, 4, time.perf_counter())
    own, other = (
        finals.test(HISTORY, winner, default, trainings, PLAN, stage)
        for trainings in (
            ByWorkers(HISTORY, engine, fit_all),
            InTurn(HISTORY, making.fit, train),
        )
    )
    assert own == other
    assert own.seeds == (7, 8)


def test_an_ablation_is_that_of_one_process_and_uses_the_cache(engine, tmp_path):
    service = Service(Settings(tmp_path, live=False))
    spec = synthetic.spec(features=("return", "abs_return"), lookback=4)
    args, reports = (HISTORY, spec, ["abs_return"], 2), []
    own = service.ablations.run(*args, Monitor(reports.append), engine=engine)
    assert {one.folds for one in reports} == {4}
    assert max(one.finished for one in reports) == 4
    from_cache = service.ablations.run(*args, Monitor(reports.clear), engine=engine)
    assert from_cache == own
    assert reports  # nothing was trained again, so nothing was reported
    alone = service.ablations.run(*args, use_cache=False)
    assert own == alone


def test_networks_come_back_in_the_order_of_their_settings(engine):
    several = [synthetic.spec(seed=seed, epochs=epochs) for seed, epochs in ((0, 6), (1, 1))]
    networks = shared().workers.fit_all(HISTORY, several, engine, use_cache=False)
    assert [one.spec for one in networks] == several


def test_workers_are_offered_to_the_owner_as_far_as_they_fit(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("cryptoforecast.service.workers.cores", lambda: 4)
    monkeypatch.setattr("cryptoforecast.service.memory.used", lambda: 1_000.0)
    guest = User("guest", owner=False)
    for memory, offered in ((2_000, 1), (3_000, 3), (100_000, 4)):
        service = Service(Settings(tmp_path, live=False, memory=memory))
        assert service.searches.offered(HISTORY, ORDER, OWNER) == offered
        assert service.searches.offered(HISTORY, ORDER, guest) == 1
    with pytest.raises(NotAllowed, match="Only the owner"):
        service.searches.submit(HISTORY, ORDER, user=guest, workers=2)
    small = Service(Settings(tmp_path, live=False, memory=2_000))
    with pytest.raises(InvalidInput, match="The training of 2 workers must fit into the memory"):
        small.searches.submit(HISTORY, ORDER, user=OWNER, workers=2)
    one, two = (service.searches.expected(HISTORY, ORDER, count).seconds for count in (1, 2))
    assert two == pytest.approx(one / 1.85)


def test_a_search_in_the_background_trains_with_workers_and_cancel_ends_it(tmp_path: Path):
    service = Service(Settings(tmp_path, live=False, memory=100_000))
    long = dataclasses.replace(ORDER, changes={**ORDER.changes, "epochs": 500, "patience": 100})
    job = service.searches.submit(HISTORY, long, user=OWNER, workers=2)
    while job.progress is None:
        assert not job.wait(0.05), job.error
    assert isinstance(job.progress, TeamProgress)
    assert job.progress.workers == 2
    service.training.cancel(job.key, user=OWNER)
    assert job.wait(60)
    assert job.state == "cancelled"
    assert job.result is None
