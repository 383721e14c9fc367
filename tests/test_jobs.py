"""One worker and a bounded queue: order, sharing, cancelling, failures, memory."""

import gc
import threading
import time
import weakref

import pytest

from cryptoforecast.errors import (
    Cancelled,
    CryptoForecastError,
    InvalidInput,
    NameTaken,
    NotAllowed,
    NotEnoughData,
    SeveralSeries,
    UnknownModel,
)
from cryptoforecast.jobs import MAX_FINISHED, Runner
from cryptoforecast.prices.live.breaker import RetryLater
from cryptoforecast.types import OWNER, Progress, User

SOON = 5.0


class Gate:
    """Work that reports its progress, and ends when it is opened or cancelled."""

    def __init__(self, result="done", done=0.5):
        self.result, self.done, self.runs = result, done, 0
        self.started, self.opened = threading.Event(), threading.Event()

    def __call__(self, monitor):
        self.runs += 1
        monitor.report(Progress(1, 2, self.done, 4.0))
        self.started.set()
        until = time.monotonic() + 60
        while not self.opened.wait(0.005):
            if monitor.cancelled():
                raise Cancelled("Training was cancelled.")
            assert time.monotonic() < until, "nobody opened the gate"
        return self.result


def at_once(result):
    return lambda monitor: result


@pytest.fixture
def runner():
    return Runner(limit=3)


@pytest.fixture
def busy(runner):
    """A gate that occupies the worker until the test ends."""
    gate = Gate()
    gate.job = runner.submit("busy", "Busy", gate, user=OWNER)
    assert gate.started.wait(SOON)
    yield gate
    gate.opened.set()


def test_a_job_runs_and_gives_its_result(runner):
    job = runner.submit("a", "A", at_once(42), user=OWNER)
    assert job.wait(SOON)
    assert (job.state, job.result, job.error, job.active) == ("done", 42, None, False)
    assert (job.key, job.title) == ("a", "A")
    assert runner.get("a") is job
    assert runner.get("b") is None


def test_jobs_run_one_at_a_time_in_the_order_they_came(runner, busy):
    seen, inside, most = [], [], []

    def work(name):
        def run(monitor):
            inside.append(name)
            most.append(len(inside))
            seen.append(name)
            time.sleep(0.01)
            inside.remove(name)
            return name

        return run

    jobs = [runner.submit(name, name, work(name), user=OWNER) for name in "abc"]
    assert [job.state for job in jobs] == ["queued"] * 3
    busy.opened.set()
    assert all(job.wait(SOON) for job in jobs)
    assert seen == ["a", "b", "c"]
    assert most == [1, 1, 1]


def test_place_in_the_queue(runner, busy):
    first, second = (runner.submit(name, name, at_once(1), user=OWNER) for name in "ab")
    assert [runner.queue_position(job) for job in (busy.job, first, second)] == [0, 1, 2]
    runner.cancel(first.key, user=OWNER)
    assert runner.queue_position(second) == 1
    busy.opened.set()
    assert second.wait(SOON)
    assert runner.queue_position(second) == 0


def test_the_same_key_joins_the_same_job(runner, busy):
    assert runner.submit("busy", "Busy", Gate(), user=OWNER) is busy.job
    waiting = runner.submit("a", "A", at_once(1), user=OWNER)
    assert runner.submit("a", "A", at_once(2), user=OWNER) is waiting
    busy.opened.set()
    assert waiting.wait(SOON)
    assert waiting.result == 1
    # Done is done: asking again gives the answer there is.
    assert runner.submit("a", "A", at_once(3), user=OWNER) is waiting
    assert busy.runs == 1


def test_the_time_left_is_told_once_it_is_steady(runner):
    """The first of 100 epochs takes 6 s, since the network is built in it; the others 0.2 s."""
    estimates, truth = [], []
    epochs, jobs = 100, []

    def work(monitor):
        for done in range(epochs + 1):
            seconds = 0.5 if not done else 6.0 + 0.2 * done
            monitor.report(Progress(done + 1, epochs, done / epochs, seconds))
            estimates.append(jobs[0].seconds_left)
            truth.append(6.0 + 0.2 * epochs - seconds)

    gate = Gate()
    runner.submit("gate", "Gate", gate, user=OWNER)
    jobs.append(runner.submit("a", "A", work, user=OWNER))
    gate.opened.set()
    assert jobs[0].wait(SOON)
    assert jobs[0].error is None
    first = next(i for i, seconds in enumerate(estimates) if seconds is not None)
    assert first == 11  # a tenth was timed, without the first epoch
    assert estimates[first:] == pytest.approx(truth[first:])
    assert all(seconds is None for seconds in estimates[:first])


def test_no_time_left_before_the_first_report(runner, busy):
    assert runner.submit("a", "A", at_once(1), user=OWNER).seconds_left is None


def test_cancelling_what_runs(runner, busy):
    after = runner.submit("a", "A", at_once(1), user=OWNER)
    runner.cancel(busy.job.key, user=OWNER)
    assert busy.job.state == "cancelled"
    assert busy.job.wait(1)
    assert (busy.job.state, busy.job.result) == ("cancelled", None)
    assert isinstance(busy.job.error, Cancelled)
    assert after.wait(SOON)
    assert after.result == 1


def test_cancelling_what_waits_never_runs_it(runner, busy):
    gate = Gate()
    job = runner.submit("a", "A", gate, user=OWNER)
    runner.cancel(job.key, user=OWNER)
    assert (job.state, job.active) == ("cancelled", False)
    busy.opened.set()
    assert job.wait(SOON)
    assert (job.state, gate.runs) == ("cancelled", 0)


def test_a_cancelled_job_makes_room_and_ends_for_those_who_wait(runner, busy):
    jobs = [runner.submit(str(i), "", at_once(i), user=OWNER) for i in range(runner.limit)]
    with pytest.raises(InvalidInput, match=r"At most 3 trainings may wait\. Received"):
        runner.submit("more", "", at_once(1), user=OWNER)
    runner.cancel(jobs[1].key, user=OWNER)
    more = runner.submit("more", "", at_once(1), user=OWNER)
    # The worker is still busy, yet nobody waits for ever on what was taken out of the queue.
    assert jobs[1].wait(SOON)
    assert jobs[1].state == "cancelled"
    assert [runner.queue_position(job) for job in (jobs[0], jobs[2], more)] == [1, 2, 3]


@pytest.mark.parametrize("end", ["cancelled", "failed"])
def test_a_job_without_a_result_can_be_submitted_again(runner, end):
    def fail(monitor):
        raise Cancelled("Stop.") if end == "cancelled" else NotEnoughData("Too short.")

    first = runner.submit("a", "A", fail, user=OWNER)
    assert first.wait(SOON)
    assert first.state == end
    again = runner.submit("a", "A", at_once(7), user=OWNER)
    assert again is not first
    assert again.wait(SOON)
    assert (again.result, runner.get("a")) == (7, again)


def test_a_key_can_be_submitted_while_its_cancelled_job_still_stops(runner):
    release = threading.Event()
    old = runner.submit("a", "A", lambda monitor: release.wait(SOON), user=OWNER)
    runner.cancel(old.key, user=OWNER)
    new = runner.submit("a", "A", at_once(7), user=OWNER)
    assert new is not old
    release.set()
    assert new.wait(SOON)
    assert new.result == 7


def test_our_errors_are_shown_as_they_are(runner):
    def fail(monitor):
        raise NotEnoughData("The history is too short.")

    job = runner.submit("a", "A", fail, user=OWNER)
    assert job.wait(SOON)
    assert (job.state, job.result) == ("failed", None)
    assert isinstance(job.error, NotEnoughData)
    assert str(job.error) == "The history is too short."


def test_a_surprise_is_logged_shown_as_failure_and_the_worker_goes_on(runner, caplog):
    def fail(monitor):
        raise ZeroDivisionError("by nought")

    job = runner.submit("a", "The title", fail, user=OWNER)
    after = runner.submit("b", "B", at_once(1), user=OWNER)
    assert after.wait(SOON)
    assert (job.state, after.state) == ("failed", "done")
    assert type(job.error) is CryptoForecastError
    assert "by nought" in str(job.error)
    assert "The title" in caplog.text
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("error", "attributes"),
    [
        (SeveralSeries("Two series.", ["a", "b"]), {"names": ("a", "b")}),
        (UnknownModel("None.", "mine"), {"name": "mine"}),
        (NameTaken("Taken.", "mine"), {"name": "mine"}),
        (RetryLater("Later.", 5.0), {"pause": 5.0}),
    ],
)
def test_an_error_keeps_what_it_says_and_none_of_its_frames(runner, error, attributes):
    def fail(monitor):
        raise error from ValueError("The cause has frames of its own.")

    job = runner.submit("a", "A", fail, user=OWNER)
    assert job.wait(SOON)
    assert (type(job.error), str(job.error)) == (type(error), str(error))
    assert vars(job.error) == attributes
    assert (job.error.__traceback__, job.error.__cause__, job.error.__context__) == (None,) * 3
    assert runner.submit("b", "B", at_once(1), user=OWNER).wait(SOON)  # the worker goes on


def test_a_failed_job_keeps_nothing_of_its_work_alive(runner):
    class Network:
        pass

    references = []

    def fail(monitor):
        network = Network()
        references.append(weakref.ref(network))
        raise Cancelled(f"Stopped with {type(network)}.")

    job = runner.submit("a", "A", fail, user=OWNER)
    assert job.wait(SOON)
    gc.collect()
    assert references[0]() is None


def test_only_the_latest_finished_jobs_are_remembered(runner):
    for i in range(24):
        assert runner.submit(str(i), "", at_once(i), user=OWNER).wait(SOON)
    # Eight that had finished when the last one was submitted, and this one.
    assert [i for i in range(24) if runner.get(str(i)) is not None] == list(range(15, 24))
    # What was forgotten is done anew, not lost.
    again = runner.submit("0", "", at_once("anew"), user=OWNER)
    assert again.wait(SOON)
    assert again.result == "anew"


def test_a_job_that_is_submitted_again_counts_as_the_latest(runner):
    def fail(monitor):
        raise NotEnoughData("Too short.")

    assert runner.submit("again", "", fail, user=OWNER).wait(SOON)
    for name in ("one", "two", "again", *map(str, range(MAX_FINISHED))):
        assert runner.submit(name, "", at_once(name), user=OWNER).wait(SOON)
    assert [name for name in ("one", "two", "again") if runner.get(name)] == ["again"]


def test_waiting_jobs_are_never_forgotten(busy, runner):
    jobs = [runner.submit(f"w{i}", "", at_once(i), user=OWNER) for i in range(3)]
    for _ in range(2 * MAX_FINISHED):
        runner.cancel(jobs[2].key, user=OWNER)
        jobs[2] = runner.submit("w2", "", at_once(2), user=OWNER)
    assert [runner.get(f"w{i}") for i in range(3)] == jobs
    assert runner.get("busy") is busy.job


def test_many_submitters_at_once():
    runner, runs, lock = Runner(limit=1000), [], threading.Lock()
    barrier = threading.Barrier(16)
    got: list[tuple[str, object]] = []

    def work(key):
        def run(monitor):
            with lock:
                runs.append(key)
            time.sleep(0.001)
            return key

        return run

    def submitter(seed):
        barrier.wait()
        for i in range(20):
            key = str((seed * 7 + i) % 5)
            job = runner.submit(key, key, work(key), user=OWNER)
            runner.queue_position(job)
            with lock:
                got.append((key, job))

    threads = [threading.Thread(target=submitter, args=(seed,)) for seed in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    assert len(got) == 320
    for key, job in got:
        assert job.wait(SOON)
        assert (job.state, job.result) == ("done", key)
    assert sorted(runs) == sorted(set(runs)) == list("01234")


def test_a_finished_job_can_be_forgotten_and_done_again_an_active_one_can_not(runner, busy):
    runner.forget("busy")
    assert runner.get("busy") is busy.job
    runner.forget("nobody")
    busy.opened.set()
    assert busy.job.wait(SOON)
    runner.forget("busy")
    assert runner.get("busy") is None
    again = runner.submit("busy", "Busy", at_once("again"), user=OWNER)
    assert again.wait(SOON)
    assert again.result == "again"


# ------------------------------------------------------------------ several users

ANN, BOB, EVE = (User(name, owner=False) for name in ("ann", "bob", "eve"))


def test_who_joins_a_training_can_not_end_it_for_those_who_wait(runner, busy):
    gate = Gate()
    job = runner.submit("a", "A", gate, user=ANN)
    assert runner.submit("a", "A", Gate(), user=EVE) is job
    assert job.has_others(EVE)
    runner.cancel("a", user=EVE)
    assert (job.state, job.has_user(EVE), job.has_others(ANN)) == ("queued", False, False)
    busy.opened.set()
    assert gate.started.wait(SOON)
    runner.join("a", user=EVE)
    for _ in range(3):
        runner.cancel("a", user=EVE)
    assert job.state == "running"
    gate.opened.set()
    assert job.wait(SOON)
    assert job.result == "done"


def test_who_has_only_the_link_can_not_cancel(runner, busy):
    job = runner.submit("a", "A", at_once(1), user=ANN)
    runner.cancel("a", user=EVE)
    assert job.state == "queued"
    with pytest.raises(NotAllowed, match="Only the owner of this server"):
        runner.cancel("a", user=EVE, for_all=True)
    with pytest.raises(NotAllowed):
        runner.cancel("a", user=ANN, for_all=True)
    assert job.state == "queued"


def test_a_training_ends_when_nobody_waits_for_it_any_more(runner, busy):
    job = runner.submit("a", "A", at_once(1), user=ANN)
    runner.join("a", user=BOB)
    runner.cancel("a", user=ANN)
    assert job.state == "queued"
    runner.cancel("a", user=BOB)
    assert job.state == "cancelled"
    # Whoever joins it now gets a new one: a cancelled job does not come back.
    runner.join("a", user=BOB)
    assert not job.users
    assert runner.submit("a", "A", at_once(2), user=BOB) is not job


def test_the_owner_ends_a_training_for_all(runner, busy):
    job = runner.submit("a", "A", at_once(1), user=ANN)
    runner.cancel("a", user=OWNER)
    assert job.state == "queued"
    runner.cancel("a", user=User("elsewhere", owner=True), for_all=True)
    assert job.state == "cancelled"


def test_the_owner_is_one_user_in_all_sessions(runner, busy):
    job = runner.submit("a", "A", at_once(1), user=User("before a reload", owner=True))
    runner.cancel("a", user=User("after it", owner=True))
    assert job.state == "cancelled"
    # Also with what they asked for before they gave the key.
    job = runner.submit("b", "B", at_once(1), user=ANN)
    runner.cancel("b", user=User("ann", owner=True))
    assert job.state == "cancelled"


def test_one_user_can_not_fill_the_queue():
    runner, gate = Runner(8, waiting=2), Gate()
    runner.submit("busy", "Busy", gate, user=ANN)
    try:
        assert gate.started.wait(SOON)
        jobs = [runner.submit(f"ann-{i}", "", at_once(i), user=ANN) for i in range(2)]
        with pytest.raises(InvalidInput, match=r"At most 2 trainings of one user may wait\."):
            runner.submit("ann-2", "", at_once(2), user=ANN)
        # Asking again for what waits takes no place, and others find theirs.
        assert runner.submit("ann-1", "", at_once(1), user=ANN) is jobs[1]
        theirs = [runner.submit(f"bob-{i}", "", at_once(i), user=BOB) for i in range(2)]
        assert runner.queue_position(theirs[0]) == 3
        runner.cancel("ann-0", user=ANN)
        jobs.append(runner.submit("ann-2", "", at_once(2), user=ANN))
        # The owner may fill the queue, and no more than that.
        for i in range(4):
            runner.submit(f"own-{i}", "", at_once(i), user=User(str(i), owner=True))
        with pytest.raises(InvalidInput, match="At most 8 trainings may wait"):
            runner.submit("own-4", "", at_once(4), user=OWNER)
    finally:
        gate.opened.set()
    assert all(job.wait(SOON) for job in (*jobs, *theirs))


def test_a_training_that_takes_too_long_is_ended_but_not_the_owners():
    runner = Runner(8, seconds=0.1)
    slow, own = Gate(), Gate()
    job = runner.submit("slow", "Slow", slow, user=ANN)
    assert job.wait(SOON)
    assert job.state == "failed"
    assert str(job.error).startswith("A training may take less than a minute on this server. Rece")
    assert "had done 50% of its work" in str(job.error)
    own_job = runner.submit("own", "Own", own, user=ANN)
    runner.join("own", user=OWNER)
    assert not own_job.wait(0.5)
    own.opened.set()
    assert own_job.wait(SOON)
    assert own_job.result == "done"


def test_many_who_come_and_go_lose_no_training():
    runner, lost = Runner(limit=1000), []

    def visitor(number):
        user = User(str(number), owner=False)
        for i in range(30):
            key, gone = str(i % 5), i % 3 == number % 3
            job = runner.submit(f"{key}-{i // 5}", key, at_once(key), user=user)
            if gone:
                runner.cancel(job.key, user=user)
            elif not job.wait(SOON) or job.result != key:
                lost.append((number, i, job.state))

    threads = [threading.Thread(target=visitor, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert lost == []
