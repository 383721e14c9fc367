"""Processes of this machine: each task once, whatever happens to the process that does it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cryptoforecast.errors import Cancelled, InvalidInput, WorkersUnavailable
from cryptoforecast.types import Monitor
from cryptoforecast.workers import child
from cryptoforecast.workers import engine as engines
from cryptoforecast.workers.child import TaskFailed
from cryptoforecast.workers.local import Processes
from cryptoforecast.workers.start import check, open_engine
from cryptoforecast.workers.task import name_of
from tests import synthetic
from tests.workers import processes
from tests.workers.small_tasks import Deadly, Linger, Refuse, Sum


@pytest.fixture(scope="module")
def engine():
    with Processes(2) as started:
        yield started


def pids(folder):
    return {int(path.name) for path in folder.iterdir() if path.name.isdigit()}


def test_each_task_is_done_once_and_prices_travel_once_to_each_worker(engine):
    histories = {name_of(one): one for one in (synthetic.history(5_000, s) for s in (0, 1))}
    tasks = [Sum(tuple(histories), number) for number in range(8)]
    before = engine.shipped
    outcomes = list(engine.outcomes(tasks, histories))
    total = sum(one.candles["close"].sum() for one in histories.values())
    assert sorted(one.number for one in outcomes) == list(range(8))
    for outcome in outcomes:
        assert outcome.error is None
        assert outcome.result[0] == pytest.approx(total + outcome.number, rel=1e-12)
    workers = {outcome.result[1] for outcome in outcomes}
    assert workers == set(engine.pids)
    assert os.getpid() not in workers
    # Five columns and the times of 5,000 candles, of two histories, for each worker.
    prices = 2 * 5_000 * 6 * 8 * len(workers)
    assert prices < engine.shipped - before < 1.2 * prices


def test_a_task_is_taken_when_a_worker_is_free(engine):
    taken, ended = [], []

    def tasks():
        for number in range(5):
            taken.append(len(ended))
            yield Sum((), number)

    ended.extend(outcome.number for outcome in engine.outcomes(tasks(), {}))
    assert taken[:2] == [0, 0]
    assert all(before >= number - 1 for number, before in enumerate(taken))


def test_errors_meant_for_users_are_outcomes_and_others_end_the_run(engine):
    (refused,) = engine.outcomes([Refuse(expected=True)], {})
    assert isinstance(refused.error, InvalidInput)
    assert str(refused.error) == "the reason"
    with pytest.raises(TaskFailed, match="ValueError: the reason"):
        list(engine.outcomes([Refuse(expected=False)], {}))


def test_a_task_whose_worker_is_killed_is_done_again(engine, tmp_path):
    tasks = [Sum((), 1), Deadly(tmp_path, once=True), Sum((), 2)]
    results = {one.number: one.result for one in engine.outcomes(tasks, {})}
    assert sorted(results) == [0, 1, 2]
    assert (results[0][0], results[1], results[2][0]) == (1.0, "survived", 2.0)


def test_a_task_that_kills_every_worker_is_given_up(engine, tmp_path):
    with pytest.raises(WorkersUnavailable, match=r"3 workers ended while .* status was -9"):
        list(engine.outcomes([Deadly(tmp_path)], {}))


def test_one_task_is_cancelled_and_the_other_goes_on(engine, tmp_path):
    def watch(number):
        return Monitor(cancelled=lambda: number < 2 and len(pids(tmp_path)) == 2)

    tasks = [Linger(tmp_path), Linger(tmp_path, deaf=True), Sum((), 3)]
    outcomes = {one.number: one for one in engine.outcomes(tasks, {}, watch)}
    assert outcomes[0].result == "stopped by itself"
    assert isinstance(outcomes[1].error, Cancelled)  # its process was killed
    assert outcomes[2].result[0] == 3.0


def test_a_task_that_does_not_listen_is_killed_two_seconds_after_a_cancel():
    assert engines.LOOK + child.LOOK + child.GRACE + child.LOOK < 2


def test_cancelling_all_ends_every_worker(tmp_path):
    def cancelled():
        if len(pids(tmp_path)) == 2:
            raise Cancelled("enough")
        return False

    with Processes(2) as engine:
        tasks = [Linger(tmp_path, deaf=True) for _ in range(4)]
        with pytest.raises(Cancelled, match="enough"):
            list(engine.outcomes(tasks, {}, lambda _: Monitor(cancelled=cancelled)))
        started = pids(tmp_path)
    assert len(started) == 2
    assert not any(map(processes.is_alive, started))


def test_no_worker_outlives_the_process_that_started_it(tmp_path):
    script = (
        "import sys, pathlib\n"
        "from cryptoforecast.workers.local import Processes\n"
        "from tests.workers.small_tasks import Linger\n"
        "list(Processes(1).outcomes([Linger(pathlib.Path(sys.argv[1]), deaf=True)], {}))\n"
    )
    root = Path(__file__).parents[2]
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=root)
    processes.wait(lambda: pids(tmp_path))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    (worker,) = pids(tmp_path)
    processes.wait(lambda: not processes.is_alive(worker))


def test_a_process_with_other_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(processes.other_version(tmp_path)))
    with (
        Processes(1) as engine,
        pytest.raises(WorkersUnavailable, match=r"same code and libraries .* in place of"),
    ):
        list(engine.outcomes([Sum((), 1)], {}))


@pytest.mark.parametrize(
    ("workers", "scheduler", "reason"),
    [
        (0, None, "between 1 and 64"),
        (65, None, "between 1 and 64"),
        (2, "tcp://host:8786", "both"),
        (None, "host:8786", "tcp://host:8786"),
        (None, "http://host", "tcp://host:8786"),
    ],
)
def test_workers_that_cannot_be_had_are_refused(workers, scheduler, reason):
    with pytest.raises(InvalidInput, match=reason):
        check(workers, scheduler)


def test_dask_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InvalidInput, match=r'pip install "cryptoforecast\[cluster\]"'):
        open_engine(scheduler="tcp://host:8786")
