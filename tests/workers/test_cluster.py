"""A real cluster of Dask: the same figures, a kill in mid-training, cancel, refusals."""

import signal
import time

import numpy as np
import pytest

from cryptoforecast.errors import Cancelled, InvalidInput, WorkersUnavailable
from cryptoforecast.evaluation import walk_forward
from cryptoforecast.types import Monitor, WalkPlan
from cryptoforecast.workers.engine import Here
from cryptoforecast.workers.process import MAX_HISTORIES
from cryptoforecast.workers.start import open_engine
from cryptoforecast.workers.task import name_of
from cryptoforecast.workers.tasks import FoldTask
from tests import synthetic
from tests.workers import processes
from tests.workers.small_tasks import Linger, Refuse, Sum

# With Dask's own threads and sockets, its last ones end after the test that used them.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with processes.cluster(tmp_path_factory.mktemp("cluster"), 2) as started:
        yield started


def workers_of(engine):
    processes.wait(lambda: engine.size == 2)
    return engine


def test_a_worker_is_killed_in_mid_training_and_no_figure_changes(cluster):
    history = synthetic.history(800)
    spec = synthetic.spec(horizon=2, features=("return", "range"), lookback=5, epochs=8)
    (span,), _ = walk_forward.fold_spans(history, spec, WalkPlan(folds=1))
    names = (name_of(history),)
    task = FoldTask(names, spec, span, ("naive", "har"))
    killed = []

    def report(progress):
        if not killed:
            (worker,) = (one for one in cluster.workers if processes.worker_processes(one.pid))
            killed.extend([worker, *processes.worker_processes(worker.pid)])
            worker.send_signal(signal.SIGKILL)

    with workers_of(open_engine(scheduler=cluster.address)) as engine:
        (outcome,) = engine.outcomes([task], {names[0]: history}, lambda _: Monitor(report))
    worker, child = killed
    cluster.workers.remove(worker)
    cluster.add_worker()
    processes.wait(lambda: not processes.is_alive(child))  # it ends with its worker
    (expected,) = Here().outcomes([task], {names[0]: history})
    own, other = outcome.result, expected.result
    for mine, theirs in zip(own.model.weights, other.model.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert list(own.forecasts) == list(other.forecasts)
    for name, forecast in own.forecasts.items():
        np.testing.assert_array_equal(forecast.quantiles, other.forecasts[name].quantiles)


def test_prices_travel_once_to_each_worker_and_errors_come_back(cluster):
    history = synthetic.history(5_000)
    with workers_of(open_engine(scheduler=cluster.address)) as engine:
        tasks = [Sum((name_of(history),), number) for number in range(6)]
        outcomes = list(engine.outcomes(tasks, {name_of(history): history}))
        (refused,) = engine.outcomes([Refuse(expected=True)], {})
        shipped = engine.shipped
    assert sorted(one.number for one in outcomes) == list(range(6))
    total = history.candles["close"].sum()
    for outcome in outcomes:
        assert outcome.result[0] == pytest.approx(total + outcome.number, rel=1e-12)
    assert 240_000 < shipped < 2 * 240_000 * 1.2  # to each of the two workers at most once
    assert isinstance(refused.error, InvalidInput)


def test_a_task_reads_more_prices_than_a_worker_remembers(cluster):
    histories = {
        name_of(history): history
        for history in (synthetic.history(20, seed=seed) for seed in range(3 * (MAX_HISTORIES + 1)))
    }
    names, share = tuple(histories), MAX_HISTORIES + 1
    tasks = [Sum(names[at : at + share], 0) for at in range(0, len(names), share)]
    until = time.monotonic() + processes.PATIENCE

    def too_late():
        assert time.monotonic() < until, "a task did not end in time"
        return False

    with workers_of(open_engine(scheduler=cluster.address)) as engine:
        outcomes = list(engine.outcomes(tasks, histories, lambda _: Monitor(cancelled=too_late)))
    for outcome in outcomes:
        total = sum(histories[name].candles["close"].sum() for name in outcome.task.prices)
        assert outcome.result[0] == pytest.approx(total, rel=1e-12)
    assert sorted(outcome.number for outcome in outcomes) == [0, 1, 2]


def test_cancel_stops_what_runs_on_the_cluster(cluster, tmp_path):
    deaf, polite = tmp_path / "deaf", tmp_path / "polite"
    deaf.mkdir()
    polite.mkdir()

    def cancelled():
        if any(deaf.iterdir()) and any(polite.iterdir()):
            raise Cancelled("enough")
        return False

    history = synthetic.history(50)
    prices = {name_of(history): history}
    with workers_of(open_engine(scheduler=cluster.address)) as engine:
        tasks = [Linger(deaf, deaf=True), Linger(polite)]
        with pytest.raises(Cancelled, match="enough"):
            list(engine.outcomes(tasks, {}, lambda _: Monitor(cancelled=cancelled)))
        (path,) = deaf.iterdir()
        processes.wait(lambda: not processes.is_alive(int(path.name)))
        # Both workers are free again, and the one that stopped by itself goes on in its process.
        sums = [Sum((name_of(history),), number) for number in range(8)]
        used = {outcome.result[1] for outcome in engine.outcomes(sums, prices)}
        assert int(next(polite.iterdir()).name) in used


def test_a_worker_with_other_code_is_refused(cluster, tmp_path):
    cluster.add_worker(processes.other_version(tmp_path))

    def refused():
        try:
            open_engine(scheduler=cluster.address).close()
        except WorkersUnavailable as error:
            return str(error)
        return ""

    processes.wait(refused)
    assert "same code and libraries" in refused()
    assert "in place of" in refused()
    cluster.workers.pop().kill()


def test_a_scheduler_that_goes_away_is_named(cluster, tmp_path):
    def report_none():
        if any(tmp_path.iterdir()) and cluster.scheduler.poll() is None:
            cluster.scheduler.send_signal(signal.SIGKILL)
            cluster.scheduler.wait()
        return False

    processes.wait(lambda: cluster.workers[-1].poll() is None)
    with (
        open_engine(scheduler=cluster.address) as engine,
        pytest.raises(WorkersUnavailable, match=r"which no longer answers\. .* goes on"),
    ):
        list(engine.outcomes([Linger(tmp_path)], {}, lambda _: Monitor(cancelled=report_none)))
    with pytest.raises(InvalidInput, match="does not answer"):
        open_engine(scheduler=cluster.address)
