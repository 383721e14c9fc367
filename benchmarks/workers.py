"""What several workers gain: trainings an hour, memory, and the cost of giving tasks to them.

    python -m benchmarks.workers [--rounds 3] [--rows 6000] [--epochs 3] [--dask] [--cancel 20]

Two workers with one thread each and this process with two threads do the same trainings, in turns,
so that a machine that is busy with other things is so to both. A worker has started, and has loaded
TensorFlow, before it is measured. Then many tasks without any work show what giving a task costs:
processor time here, and bytes. With ``--dask`` a cluster of two workers on this machine does them
too. With ``--cancel`` it measures one thing alone: both workers train, are cancelled at another
moment each time, and what counts is the time until both processes have ended.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks import measure
from cryptoforecast.errors import Cancelled
from cryptoforecast.evaluation import walk_forward
from cryptoforecast.learning import specs
from cryptoforecast.prices.simulation.market import DEFAULT, EPOCH, simulate
from cryptoforecast.types import Monitor, PriceHistory, Progress, WalkPlan
from cryptoforecast.workers.engine import Engine, Here, Pool
from cryptoforecast.workers.local import Processes
from cryptoforecast.workers.start import open_engine
from cryptoforecast.workers.task import Histories, name_of
from cryptoforecast.workers.tasks import FoldTask

WORKERS = 2
#: Trainings of a round, and tasks without work.
TRAININGS, EMPTY = 4, 400
#: Bytes a second that a network of 1 Gbit/s carries, about.
NETWORK = 100e6


@dataclass(frozen=True)
class Nothing:
    """A task without work, which reads prices."""

    prices: tuple[str, ...]
    effort: float = 1.0

    def run(self, histories: Histories, monitor: Monitor) -> int:
        """Look at the prices."""
        del monitor
        return sum(len(histories[name]) for name in self.prices)


def main() -> None:
    """Measure, and publish both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=6_000, help="hours of the market")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument(
        "--cancel", type=int, help="cancel so many trainings, and measure only that"
    )
    parser.add_argument("--dask", action="store_true", help="measure a cluster on this machine too")
    given = parser.parse_args()
    end = EPOCH + pd.Timedelta(hours=given.rows)
    history = simulate("BTC", end=end, now=end, parameters=DEFAULT, seed=0)
    if given.cancel is not None:
        row = _cancels(history, given.cancel)
        command = f"python -m benchmarks.workers --cancel {given.cancel} --rows {given.rows}"
        measure.publish("cancel", command, [_text(row)], {})
        return
    with Processes(WORKERS) as processes:
        speeds = _speeds(history, processes, given.rounds, given.epochs)
        costs = [_cost("processes", history, processes)]
    if given.dask:
        costs.append(_cost_of_dask(history))
    options = f"--rounds {given.rounds} --rows {given.rows} --epochs {given.epochs}"
    command = f"python -m benchmarks.workers {options}{' --dask' * given.dask}"
    reach = [_reach(count, speeds, costs[-1]) for count in (1, 10, 100, 1000)]
    measure.publish("workers", command, [_text(speeds)], {"costs": costs, "reach": reach})
    for rows in (costs, reach):
        print(measure.table([_text(row) for row in rows]))


def _text(row: dict[str, object]) -> dict[str, str]:
    return {name: f"{value}" for name, value in row.items()}


def _speeds(
    history: PriceHistory, processes: Processes, rounds: int, epochs: int
) -> dict[str, object]:
    """Train in turns: here with all threads, and by two workers with one thread each."""
    here = Here()
    for engine in (here, processes):
        _seconds(history, engine, WORKERS, 1)
    alone, together = [], []
    for _ in range(rounds):
        alone.append(_seconds(history, here, TRAININGS, epochs))
        together.append(_seconds(history, processes, TRAININGS, epochs))
    gains = [one / two for one, two in zip(alone, together, strict=True)]
    megabytes = max(_resident(pid) for pid in processes.pids)
    hour = 3600 * TRAININGS
    return {
        "trainings an hour, one process": round(hour / statistics.median(alone)),
        "two workers": round(hour / statistics.median(together)),
        "gain, median": round(statistics.median(gains), 2),
        "lowest": round(min(gains), 2),
        "highest": round(max(gains), 2),
        "MB a worker": round(megabytes),
    }


def _seconds(history: PriceHistory, engine: Engine, count: int, epochs: int) -> float:
    """Return the seconds of so many trainings, each with another seed."""
    name = name_of(history)
    tasks = []
    for seed in range(count):
        spec = specs.make(rows=len(history), epochs=epochs, seed=seed)
        (span,), _ = walk_forward.fold_spans(history, spec, WalkPlan(folds=1))
        tasks.append(FoldTask((name,), spec, span, ("naive", "cone")))
    began = time.perf_counter()
    for outcome in engine.outcomes(tasks, {name: history}):
        if outcome.error is not None:
            raise outcome.error
    return time.perf_counter() - began


def _cancels(history: PriceHistory, count: int) -> dict[str, object]:
    """Cancel two trainings that run, several times, and return how long that takes."""
    ended = []
    for number in range(count):
        with Processes(WORKERS) as processes:
            moment = [float("inf")]
            with contextlib.suppress(Cancelled):
                _train_until(history, processes, moment, 1 + 4 * number / count)
        ended.append(time.perf_counter() - moment[0])
    return {
        "cancels": count,
        "s until both processes have ended, median": round(statistics.median(ended), 2),
        "longest": round(max(ended), 2),
    }


def _train_until(
    history: PriceHistory, engine: Engine, moment: list[float], seconds: float
) -> None:
    """Train for long, and cancel so many seconds after both workers have begun.

    Raises:
        Cancelled: Always; ``moment`` then has the time of the cancel.
    """
    spec = specs.make(rows=len(history), epochs=500)
    (span,), _ = walk_forward.fold_spans(history, spec, WalkPlan(folds=1))
    name = name_of(history)
    begun: set[int] = set()
    due = [float("inf")]

    def watch(number: int) -> Monitor:
        def report(progress: Progress) -> None:
            del progress
            begun.add(number)
            if len(begun) == WORKERS:
                due[0] = min(due[0], time.perf_counter() + seconds)

        def cancelled() -> bool:
            if time.perf_counter() < due[0]:
                return False
            moment[0] = min(moment[0], time.perf_counter())
            raise Cancelled("enough")

        return Monitor(report, cancelled)

    tasks = [FoldTask((name,), spec, span, ("naive",)) for _ in range(WORKERS)]
    list(engine.outcomes(tasks, {name: history}, watch))


def _resident(pid: int) -> float:
    """Return the megabytes that a process holds, on Linux."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM"))


def _cost(name: str, history: PriceHistory, engine: Pool) -> dict[str, object]:
    """Give tasks without work, and return what one costs here."""
    from benchmarks import workers  # the workers know the class by this name, not as __main__

    key = name_of(history)
    tasks = [workers.Nothing((key,)) for _ in range(EMPTY)]
    list(engine.outcomes(tasks[: 4 * engine.size], {key: history}))  # prices are there now
    shipped, processor, began = engine.shipped, time.process_time(), time.perf_counter()
    list(engine.outcomes(tasks, {key: history}))
    return {
        "engine": name,
        "ms of processor a task": round(1e3 * (time.process_time() - processor) / EMPTY, 2),
        "ms a task and worker": round(1e3 * (time.perf_counter() - began) / EMPTY * engine.size, 1),
        "bytes a task": round((engine.shipped - shipped) / EMPTY),
        "bytes of prices a worker": len(engine.prices(key)),
    }


def _cost_of_dask(history: PriceHistory) -> dict[str, object]:
    from distributed import LocalCluster

    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=WORKERS, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        engine = open_engine(scheduler=cluster.scheduler_address)
        if not isinstance(engine, Pool):
            raise TypeError(type(engine))
        with engine:
            return _cost("Dask", history, engine)


def _reach(workers: int, speeds: dict[str, object], cost: dict[str, object]) -> dict[str, object]:
    """Say how long 1,000 trainings would take by so many workers, from what was measured."""
    training = 3600 * WORKERS / float(str(speeds["two workers"]))
    giving = float(str(cost["ms of processor a task"])) / 1e3
    waiting = float(str(cost["ms a task and worker"])) / 1e3
    prices = workers * float(str(cost["bytes of prices a worker"])) / NETWORK
    rounds = -(-1000 // workers)
    seconds = max(rounds * (training + waiting), 1000 * giving) + prices
    alone = 1000 * training
    return {
        "workers": workers,
        "minutes for 1,000 trainings": round(seconds / 60, 1),
        "times faster": round(alone / seconds, 1),
        "busy with giving": f"{min(1.0, 1000 * giving / seconds):.0%}",
    }


if __name__ == "__main__":
    main()
