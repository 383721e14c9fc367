"""Kill and disturb everything that writes files, and count what was lost.

A child process is killed before and after each call that touches files (found by tracing), each
call is made to fail as on a full disk, the child is stopped at each call while another process
works, a working process is killed at random moments, and several processes work on one home at
once. After each disturbance a start of the app looks at what is there: each saved model, cached
training, cached price and written file has to be the old one or the new one, whole, and nothing
else may be left. Exits with 1 if anything was lost.

    python -m benchmarks.crashes
    python -m benchmarks.crashes --short
"""

from __future__ import annotations

import argparse
import errno
import functools
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

# Threads of a library would not survive a fork. Read when NumPy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from benchmarks.crash_acts import ACTS, LONG_ACTS, SHORT_ACTS, Act, overwrite_again
from benchmarks.crash_disk import on_a_full_disk
from benchmarks.crash_home import (
    KEYS,
    Snapshot,
    cache_of,
    entry,
    leftovers,
    model,
    models_of,
    prepare,
    price_key,
    prices_of,
    snapshot,
    start,
    write_prices,
)
from benchmarks.crash_moments import Tally, at_random
from benchmarks.crash_rivals import compete
from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.learning import bundles

#: Modules whose functions touch files.
FILE_MODULES = frozenset({"posix", "nt", "_io", "io", "fcntl"})
#: Those that change what is on the disk: between two others a kill finds nothing new.
CHANGES = frozenset({
    "open", "write", "writelines", "flush", "close", "truncate", "fsync", "link", "symlink",
    "rename", "replace", "unlink", "remove", "mkdir", "rmdir", "chmod", "utime",
})  # fmt: skip
#: Exit statuses of a child that reached the end, was refused, and raised a foreign error.
DONE, REFUSED, FOREIGN = 0, 2, 3


@dataclass
class Tracer:
    """Counts the calls that touch files, and disturbs one of them.

    Args:
        number: Which moment to disturb, from 1.
        events: Which moments count: before a call, after it, or both.
        disturb: Is called at this moment.
        only_changes: Whether calls that change nothing on the disk are passed over.
    """

    number: int
    events: frozenset[str]
    disturb: Callable[[], None]
    only_changes: bool = False

    def __call__(self, frame: FrameType, event: str, function: object) -> None:  # noqa: ARG002
        """Take a call of Python's profiler."""
        if self.only_changes and getattr(function, "__name__", "") not in CHANGES:
            return
        if event in self.events and _touches_files(function):
            self.number -= 1
            if self.number == 0:
                self.disturb()


def _touches_files(function: object) -> bool:
    module = getattr(function, "__module__", None)
    if module is None:  # a method
        owner = type(getattr(function, "__self__", None))
        return owner.__module__ in FILE_MODULES and "Bytes" not in owner.__name__
    return module in FILE_MODULES and getattr(function, "__name__", "") != "fspath"


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _fail(number: int) -> None:
    raise OSError(number, os.strerror(number))


KILLS = frozenset({"c_call", "c_return", "c_exception"})
FAULTS = frozenset({"c_call"})


UNDISTURBED = Tracer(2**62, FAULTS, _stop)


def child(act: Act, home: Path, tracer: Tracer) -> int:
    """Do something in a process of its own; return its exit status, or minus its signal."""
    return os.waitstatus_to_exitcode(os.waitpid(fork(act, home, tracer), 0)[1])


def fork(act: Act, home: Path, tracer: Tracer) -> int:
    """Start a process that does something, and return its number."""
    number = os.fork()
    if number == 0:
        status = FOREIGN
        try:
            sys.setprofile(tracer)
            act(home)
            sys.setprofile(None)
            status = DONE if tracer.number > 0 else REFUSED
        except CryptoForecastError:
            status = REFUSED
        except BaseException as error:  # each one is a finding
            print(f"  foreign error: {type(error).__name__}: {error}", flush=True)
        finally:
            os._exit(status)
    return number


def losses(before: Snapshot, after: Snapshot, home: Path) -> Iterator[str]:
    """Start the app, and name what is neither the old nor the new thing, and every leftover."""
    seen = snapshot(home)  # what another process sees at once
    start(home)
    for state in (seen, snapshot(home)):
        for key in before.keys() | after.keys() | state.keys():
            if state.get(key) not in (before.get(key), after.get(key)):
                yield f"{key}: {state.get(key)}, not {before.get(key)} or {after.get(key)}"
    yield from (f"left: {name}" for name in leftovers(home))


def at_every_call(
    act: Act,
    folder: Path,
    tally: Tally,
    error: int | None = None,
    *,
    only_changes: bool = False,
    stride: int = 1,
) -> int:
    """Disturb each call of an act in turn.

    Args:
        act: What the child does.
        folder: An empty folder.
        tally: Where to count.
        error: The error that each call fails with; ``None``: the process is killed.
        only_changes: Whether calls that change nothing on the disk are passed over.
        stride: One of so many moments is disturbed.

    Returns:
        How many moments there are.
    """
    template = folder / "template"
    prepare(template)
    before = snapshot(template)
    shutil.copytree(template, folder / "after")
    act(folder / "after")
    after = snapshot(folder / "after")
    number = 1 - stride
    while True:
        number += stride
        home = folder / str(number)
        shutil.copytree(template, home)
        disturb = _die if error is None else lambda: _fail(error or 0)
        tracer = Tracer(number, KILLS if error is None else FAULTS, disturb, only_changes)
        status = child(act, home, tracer)
        problems = list(losses(before, after, home))
        if status == FOREIGN:
            problems.append("foreign error")
        if status == DONE:
            break
        what = "killed" if error is None else errno.errorcode[error]
        tally.add(f"{act.__name__}, {what} at {number}", problems)
        shutil.rmtree(home)
    shutil.rmtree(folder)
    return number - 1


def stopped_at_every_call(act: Act, folder: Path, tally: Tally) -> tuple[int, float]:
    """Stop a child at each call of an act, work on the same home, and let the child go on.

    Returns:
        How many moments there are, and the longest that this process worked, in seconds.
    """
    template = folder / "template"
    prepare(template)
    number, slowest = 0, 0.0
    while True:
        number += 1
        home = folder / str(number)
        shutil.copytree(template, home)
        tracer = Tracer(number, FAULTS, _stop, only_changes=True)
        process = fork(act, home, tracer)
        if not os.WIFSTOPPED(os.waitpid(process, os.WUNTRACED)[1]):
            break
        began = time.monotonic()
        start(home)
        problems = _work_beside(home)
        slowest = max(slowest, time.monotonic() - began)
        os.kill(process, signal.SIGCONT)
        if os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == FOREIGN:
            problems.append("foreign error")
        start(home)
        problems += [f"left: {name}" for name in leftovers(home)]
        problems += [f"{key}: {value}" for key, value in snapshot(home).items()
                     if type(value) is str]  # fmt: skip
        tally.add(f"{act.__name__}, stopped at {number}", problems)
        shutil.rmtree(home)
    shutil.rmtree(folder)
    return number - 1, slowest


def _work_beside(home: Path) -> list[str]:
    """Save, read and cache while another process stands still in the middle of a write."""
    bundles.save(model(9), models_of(home), "twice", force=True)
    cache_of(home, 9).put(KEYS[1], model(9))
    prices_of(home, 9).store(price_key("B"), entry(9))
    write_prices(home, "a.csv", 9)
    after = snapshot(home)
    things = ("model", "twice"), ("training", KEYS[1]), ("price", "B-USD"), ("file", "a.csv")
    return [f"{thing} is {after.get(thing)}, not 9" for thing in things if after.get(thing) != 9]


def main() -> int:
    """Disturb everything; return 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--short", action="store_true", help="a few of each, in some 20 seconds")
    parser.add_argument("--moments", type=int, help="random kills (200)")
    parser.add_argument("--operations", type=int, help="operations of each process (25000)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where the homes are made")
    args = parser.parse_args()
    moments = args.moments if args.moments is not None else (20 if args.short else 200)
    operations = args.operations if args.operations is not None else 1000 if args.short else 25_000
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        tallies = list(_every_call(Path(name) / "every", short=args.short))
        tally = Tally()
        at_random(moments, args.seed, Path(name) / "random", tally)
        print(f"{'everything':22} killed     {moments:4} random moments, {tally.lost} lost")
        failures = compete(Path(name) / "rivals", args.processes, operations, args.seed)
        print(f"{args.processes} processes, {operations} operations each: {len(failures)} failures")
        for failure in failures[:10]:
            print(f"  {failure}")
    tallies.append(tally)
    disturbances, lost = (
        sum(tally.disturbances for tally in tallies), sum(tally.lost for tally in tallies)
    )  # fmt: skip
    print(f"{disturbances} disturbances, {lost} with a loss; seed {args.seed}")
    return 1 if lost or failures else 0


def _every_call(folder: Path, *, short: bool) -> Iterator[Tally]:
    """Kill, and simulate a full disk, at every call of every act."""
    for act in SHORT_ACTS if short else ACTS:
        for error in (None, errno.ENOSPC):
            if short and error and act is not overwrite_again:
                continue
            tally = Tally()
            stride = 3 if short and act in LONG_ACTS else 1
            count = at_every_call(act, folder, tally, error, only_changes=short, stride=stride)
            what = "killed" if error is None else "full disk"
            print(f"{act.__name__:22} {what:10} {count:4} moments, {tally.lost} lost", flush=True)
            yield tally
        if short and act is not overwrite_again:
            continue
        run = functools.partial(child, act, tracer=UNDISTURBED)
        full = None if short else on_a_full_disk(act.__name__, folder, run, (DONE, REFUSED))
        if full is not None:
            print(f"{act.__name__:22} really full {full.disturbances:3} times, {full.lost} lost")
            yield full
        tally = Tally()
        count, seconds = stopped_at_every_call(act, folder, tally)
        others = f"others worked for at most {seconds:.1f} s"
        print(f"{act.__name__:22} stopped    {count:4} moments, {tally.lost} lost; {others}")
        yield tally


if __name__ == "__main__":
    sys.exit(main())
