"""Estimates of seconds and memory, and the refusals that rest on them."""

import dataclasses
import re
import threading
import time
from pathlib import Path

import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation import backtest
from cryptoforecast.forecasting.baselines import QUICK
from cryptoforecast.learning import specs
from cryptoforecast.service import Service, effort, memory
from cryptoforecast.service.heavy import OneHeavyFit
from cryptoforecast.service.memory import Memory
from cryptoforecast.settings import Settings
from cryptoforecast.types import OWNER, User, WalkPlan
from tests import synthetic

GUEST = User("guest", owner=False)
SPEC = synthetic.spec()
#: Seconds that trainings took on two busy cores: rows, preset, network, changes.
MEASURED = [
    (318, 8760, "classic", "lstm", {}),
    (13, 17500, "quick", "lstm", {"batch_size": 256}),
    (237, 17500, "quick", "lstm", {"training": "windows"}),
    (767, 17500, "quick", "lstm", {"training": "windows", "lookback": 200, "units": (64,)}),
    (29, 17500, "quick", "lstm", {"units": (256,)}),
    (99, 17500, "quick", "lstm", {"units": (256, 256), "batch_size": 256}),
    (23, 17500, "quick", "lstm", {"units": (16, 16, 16, 16)}),
    (33, 17500, "quick", "lstm", {"lookback": 400, "chunk": 200}),
    (215, 17500, "quick", "dense", {"units": (512, 512), "lookback": 500}),
    (179, 200_000, "quick", "lstm", {"horizon": 48}),
    (246, 1_000_000, "quick", "lstm", {}),
    (4320, 17500, "quick", "lstm", {"training": "windows", "batch_size": 1}),
]
#: Megabytes of some of them.
PEAKS = [
    (132, 17500, "quick", "lstm", {"training": "windows"}),
    (216, 17500, "quick", "lstm", {"training": "windows", "lookback": 200, "units": (64,)}),
    (523, 200_000, "quick", "lstm", {"horizon": 48}),
    (353, 1_000_000, "quick", "lstm", {}),
    (760, 1_000_000, "quick", "dense", {"horizon": 24}),
    (422, 17500, "quick", "lstm", {"training": "windows", "units": (512,)}),
]


@pytest.fixture
def make(home):
    return lambda **settings: Service(Settings(home, home / "none", live=False, **settings))


def expected(rows, preset, network, changes):
    return effort.of_training(specs.make(preset, network, rows=rows, **changes), rows)


@pytest.mark.parametrize(("seconds", "rows", "preset", "network", "changes"), MEASURED)
def test_the_seconds_are_those_that_were_measured(seconds, rows, preset, network, changes):
    assert 0.5 < expected(rows, preset, network, changes).seconds / seconds < 2


@pytest.mark.parametrize(("megabytes", "rows", "preset", "network", "changes"), PEAKS)
def test_the_memory_is_that_which_was_measured(megabytes, rows, preset, network, changes):
    assert 0.9 < expected(rows, preset, network, changes).megabytes / megabytes < 2


@pytest.mark.parametrize(
    "changes", [{"epochs": 30}, {"units": (128, 64)}, {"ensemble": 4}, {"horizon": 24}]
)
def test_more_work_takes_more(changes):
    usual = effort.of_training(specs.make(epochs=15), 20_000)
    more = effort.of_training(specs.make(**{"epochs": 15, **changes}), 20_000)
    assert more.seconds > usual.seconds


def test_the_pace_is_learnt_and_no_single_training_decides():
    pace = effort.Pace()
    assert pace.factor == 1
    pace.learn(0.1, 1)  # too short to tell
    assert pace.factor == 1
    for _ in range(3):
        pace.learn(10, 5)
    assert pace.factor == 0.5
    pace.learn(1, 1e6)
    assert pace.factor == 0.5
    for _ in range(2):
        pace.learn(1, 1e6)
    assert pace.factor == effort.Pace.HIGHEST
    for _ in range(3):
        pace.learn(1, 1e6)
    assert pace.factor == effort.Pace.HIGHEST
    for _ in range(3):  # of the latest five
        pace.learn(10, 5)
    assert pace.factor == 0.5


def test_a_training_of_hours_is_refused_before_it_starts(make):
    service, history = make(), synthetic.history(20_000)
    hours = specs.make("careful", epochs=500, units=(512, 512), training="windows", lookback=500)
    with pytest.raises(InvalidInput) as refusal:
        service.training.submit(history, hours, user=GUEST)
    message = str(refusal.value)
    assert message.startswith("A training may take 15 minutes on this server. Received: one that")
    assert re.search(r"would take about \d+ (hours|days)\. Choose fewer epochs", message)
    with pytest.raises(InvalidInput, match=r"would take about \d+ (hours|days)"):
        service.walk_forward.submit(history, hours, WalkPlan(folds=3), user=GUEST)
    assert service.training.jobs.get(service.walk_forward.key(history, hours, WalkPlan())) is None
    # The owner may, and others may then wait for it with them.
    gate = service.training.submit(history, hours, user=OWNER)
    assert service.training.submit(history, hours, user=GUEST) is gate
    service.training.cancel(gate.key, user=OWNER, for_all=True)
    assert gate.wait(60)


def test_folds_count(make):
    service, history = make(training_minutes=1), synthetic.history(3000)
    spec = specs.make("quick", epochs=60)
    long = WalkPlan(folds=12)
    with pytest.raises(InvalidInput, match="would take about"):
        service.walk_forward.submit(history, spec, long, user=GUEST)
    job = service.training.submit(history, spec, user=GUEST)
    service.training.cancel(job.key, user=GUEST)
    assert job.wait(60)


@pytest.mark.slow
@pytest.mark.parametrize("folds", [None, 3], ids=["training", "walk-forward"])
def test_what_outlasts_the_limit_ends_with_a_clear_message(make, folds):
    service, history = make(training_minutes=0.05), synthetic.history()
    service.training.pace.learn(1000, 10)  # as on a machine that was fast until now
    long = dataclasses.replace(SPEC, epochs=500, patience=0, ensemble=3)
    expected = effort.of_training(long, len(history)).seconds * (folds or 1)
    service.training._seconds = expected  # it is accepted, and still has three seconds
    if folds is None:
        job = service.training.submit(history, long, user=GUEST)
    else:
        job = service.walk_forward.submit(history, long, WalkPlan(folds=folds), user=GUEST)
    assert job.wait(120)
    assert job.state == "failed"
    assert "A training may take less than a minute on this server. Received:" in str(job.error)
    assert job.progress is None or job.progress.done < 1
    # The worker goes on with the next one.
    after = service.training.submit(history, SPEC, user=OWNER)
    assert after.wait(120)
    assert after.state == "done"


def test_a_training_that_can_not_fit_is_refused(make):
    history = synthetic.history()
    service = make(memory=memory.used() + 60)
    with pytest.raises(InvalidInput, match=r"A training must fit into the memory, of which \d+ MB"):
        service.training.submit(history, specs.make(rows=600, units=(512,) * 4), user=OWNER)
    with pytest.raises(InvalidInput, match="A training must fit"):
        service.training.train(history, specs.make(rows=600, units=(512,) * 4))


def test_a_test_that_can_not_fit_is_refused_also_of_a_baseline(make):
    history = synthetic.history(30_000)
    service = make(memory=memory.used() + 30)
    with pytest.raises(InvalidInput, match=r"A test must fit into the memory.* shorter horizon"):
        service.backtests.of_baseline(history, "cone", 24)
    spec = specs.make(network="cone", horizon=24)
    with pytest.raises(InvalidInput, match="A test must fit into the memory"):
        service.walk_forward.of_baseline(history, spec, WalkPlan(folds=2))
    assert service.backtests.of_baseline(synthetic.history(), "cone", 24).scores


def test_large_work_is_checked_one_after_the_other():
    large, begun = Memory(memory.used() + 300), threading.Event()

    def work():
        with large.reserved("A test", memory.LARGE + 1, "Wait."):
            begun.set()

    with large.reserved("A test", memory.LARGE + 1, "Wait."):
        with large.reserved("A test", memory.LARGE, "Wait."):
            pass
        waiting = threading.Thread(target=work, daemon=True)
        waiting.start()
        assert not begun.wait(0.5)
    waiting.join(20)
    assert begun.is_set()
    with pytest.raises(InvalidInput, match="A test must fit"), large.reserved("A test", 1e6, "No."):
        pass
    begun.clear()
    again = threading.Thread(target=work, daemon=True)
    again.start()
    again.join(20)
    assert begun.is_set()


@pytest.mark.parametrize(
    ("groups", "files", "megabytes"),
    [
        ("0::/", {"memory.max": "1073741824\n"}, 1073.741824),
        ("0::/a/b", {"memory.max": "max\n", "a/memory.max": "900000000"}, 900),
        ("0::/outside", {"memory.max": "500000000"}, 500),
        (
            "4:cpu:/x\n3:memory:/x\n0::/",
            {
                "memory/x/memory.limit_in_bytes": "700000000",
                "memory/memory.limit_in_bytes": "9" * 18,
            },
            700,
        ),
    ],
    ids=["container", "group above", "name outside", "version 1"],
)
def test_the_limit_of_the_container_is_found(tmp_path: Path, groups, files, megabytes):
    proc = tmp_path / "cgroup"
    proc.write_text(groups)
    for name, content in files.items():
        path = tmp_path / "fs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    assert memory.allowed(proc, tmp_path / "fs") == megabytes


def test_without_a_container_the_machine_is_the_limit(tmp_path: Path):
    limit = memory.allowed(tmp_path / "none", tmp_path)
    assert limit is None or limit > 500
    assert memory.used() > 20


def test_heavy_fits_wait_in_a_short_line():
    one = OneHeavyFit(Memory(), max_waiting=2)
    begun, release = threading.Event(), threading.Event()
    done: list[str] = []

    def fit(name):
        with one.of("boosting", 1000, 1):
            begun.set()
            release.wait(20)
            done.append(name)

    threads = [threading.Thread(target=fit, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    try:
        assert begun.wait(20)
        until = time.monotonic() + 20
        while one._present < 3 and time.monotonic() < until:
            time.sleep(0.01)
        with pytest.raises(InvalidInput, match="At most 2 fits of regressions and boosted trees"):
            fit("d")
        with one.of("cone", 1000, 1):  # quick ones do not wait
            pass
    finally:
        release.set()
    for thread in threads:
        thread.join(20)
    assert sorted(done) == ["a", "b", "c"]
    with one.of("boosting", 1000, 1):
        pass


def test_heavy_fits_on_a_large_file_are_refused_in_a_small_container(make):
    service = make(memory=memory.used() + 40)
    with pytest.raises(InvalidInput, match="boosted trees must fit into the memory"):
        service.backtests.of_baseline(synthetic.history(30_000), "boosting", 1)
    with pytest.raises(InvalidInput, match="boosted trees must fit into the memory"):
        service.forecasts.of_baseline(synthetic.history(30_000), "linear", 1)


@pytest.mark.parametrize("name", ["dense", "cone", "linear"])
def test_all_forecasts_of_a_test_are_counted(name):
    history = synthetic.history()
    network = specs.is_network(specs.make(network=name))
    spec = synthetic.spec(network=name) if network else specs.make(network=name)
    model = synthetic.model(spec) if network else None
    result = backtest.holdout(history, spec, model, baselines=QUICK)
    assert effort.predictors(spec) == len(result.forecasts)


#: What trainings of very different shapes are estimated to take: seconds, megabytes.
ESTIMATES = [
    (1, "quick", "lstm", {}, 5.5241163158, 40.512364),
    (3, "quick", "dense", {}, 5.0717079153648, 40.7468016),
    (40, "quick", "lstm", {"chunk": 90}, 5.9001583712, 40.714048),
    (700, "quick", "lstm", {"ensemble": 2}, 9.281344910905807, 41.85093333333333),
    (17500, "quick", "lstm", {}, 21.28011715922581, 55.64392),
    (17500, "classic", "lstm", {}, 850.5413120000001, 133.65529333333333),
    (17500, "careful", "lstm", {}, 23.089019065806454, 55.64392),
    (17500, "quick", "lstm", {"training": "windows", "lookback": 100, "units": (32, 16)},
     205.06181535999997, 148.1945629090909),
    (17500, "quick", "dense", {"units": (64, 32), "lookback": 50},
     11.984144816, 55.88064872727273),
    (100_000, "quick", "dense", {"horizon": 24}, 69.81120800000001, 140.57855999999998),
    (100_000, "quick", "lstm", {"horizon": 48, "batch_size": 7}, 157.6173415019355, 358.036992),
    (2000, "quick", "lstm", {"training": "windows", "batch_size": 700}, 38.890096768, 326.19072),
    (50_000, "quick", "lstm", {"units": (16, 16, 16, 16), "test": 0.1, "validation": 0.3},
     55.14774535703226, 93.362232),
    # Just as much as two batches of validation hold, and a little more.
    (6400, "quick", "dense", {"batch_size": 8, "units": (512,)}, 133.18173784064, 66.11456),
    (6406, "quick", "dense", {"batch_size": 8, "units": (512,)},
     133.41352692706562, 59.64961418666667),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "preset", "network", "changes", "seconds", "megabytes"), ESTIMATES
)
def test_the_estimates_are_those_on_record(rows, preset, network, changes, seconds, megabytes):
    """The bounds above are wide; what the constants mean may not change unseen within them."""
    spec = specs.make(preset, network, rows=17_500, **changes)
    estimate = effort.of_training(spec, rows)
    assert estimate.seconds == pytest.approx(seconds, rel=1e-9)
    assert estimate.megabytes == pytest.approx(megabytes, rel=1e-9)


def test_the_memory_of_tests_and_of_heavy_fits_by_hand():
    assert effort.megabytes_of_test(14_000, 24, 7) == pytest.approx(235.2, rel=1e-9)
    # 1,500 bytes a candle, and 80 for each step.
    assert effort.megabytes_of_heavy(10_000, 24) == pytest.approx(34.2, rel=1e-9)
    assert effort.megabytes_of_heavy(10_000, 1) == pytest.approx(15.8, rel=1e-9)


def test_the_pace_has_bounds_and_is_the_middle_one_of_the_latest_five():
    pace = effort.Pace()
    pace.learn(1, 1.99)  # too short to tell
    pace.learn(0, 100)  # nothing was estimated
    assert pace.factor == 1
    pace.learn(1, 2)  # just long enough
    assert pace.factor == 2
    pace.learn(1000, 2)
    assert pace.factor == 2  # of two the larger one
    pace.learn(1000, 2)
    assert pace.factor == effort.Pace.LOWEST == 0.2
    for measured in (4, 5, 6):
        pace.learn(4, measured)
    assert pace.factor == 1  # of 0.2, 0.2, 1, 1.25 and 1.5
    for _ in range(3):
        pace.learn(2, 100)
    assert pace.factor == effort.Pace.HIGHEST == 3
