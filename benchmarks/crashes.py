"""Kill and disturb everything that writes files, and count what was lost.

A child process is killed before and after each call that touches files (found by tracing), each
call is made to fail as on a full disk, a working process is killed at random moments, and several
processes work on one home at once. After each disturbance a start of the app looks at what is
there: each saved model, cached training, cached price and written file has to be the old one or
the new one, whole, and nothing else may be left. Exits with 1 if anything was lost.

    python -m benchmarks.crashes
    python -m benchmarks.crashes --short
"""

from __future__ import annotations

import argparse
import errno
import os
import random
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

from benchmarks.crash_home import (
    Snapshot,
    cache_of,
    entry,
    leftovers,
    model,
    models_of,
    price_key,
    prices_of,
    snapshot,
    start,
    write_prices,
    write_text,
)
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
KEYS = [f"{number:032x}" for number in range(4)]
FILES = ["a.csv", "a.csv.gz", "a.parquet"]
#: Problems that are printed of each kind of disturbance.
MAX_PRINTED = 5

Act = Callable[[Path], None]


def save_new(home: Path) -> None:
    """Save a model under a new name."""
    bundles.save(model(1), models_of(home), "new")


def overwrite(home: Path) -> None:
    """Replace a saved model."""
    bundles.save(model(1), models_of(home), "mine", force=True)


def overwrite_again(home: Path) -> None:
    """Replace a saved model that was replaced before."""
    bundles.save(model(2), models_of(home), "twice", force=True)


def delete(home: Path) -> None:
    """Delete a saved model."""
    bundles.delete(models_of(home), "mine")


def cache_training(home: Path) -> None:
    """Put a training into the full cache, which drops another one."""
    cache_of(home).put(KEYS[2], model(1))


def cache_training_again(home: Path) -> None:
    """Put a training into the cache that is in it."""
    cache_of(home).put(KEYS[1], model(1))


def cache_prices(home: Path) -> None:
    """Replace cached prices."""
    prices_of(home).store(price_key("B"), entry(5))


def cache_more_prices(home: Path) -> None:
    """Put prices into the full cache, which drops others."""
    prices_of(home).store(price_key("C"), entry(5))


def convert(home: Path) -> None:
    """Write prices to files that exist, in the three formats."""
    for name in FILES:
        write_prices(home, name, 5)


def report(home: Path) -> None:
    """Write a document to a file that exists, and to a new one."""
    for name in ("a.html", "b.html"):
        write_text(home, name, 5)


ACTS: tuple[Act, ...] = (
    save_new, overwrite, overwrite_again, delete, cache_training, cache_training_again,
    cache_prices, cache_more_prices, convert, report,
)  # fmt: skip
SHORT_ACTS = (save_new, overwrite_again, delete, cache_prices)


def prepare(home: Path) -> None:
    """Make a home in which everything is there once."""
    (home / "exports").mkdir(parents=True)
    for name, versions in (("mine", [0]), ("other", [7]), ("twice", [0, 1])):
        for version in versions:
            bundles.save(model(version), models_of(home), name, force=True)
    for name in ("A", "B"):
        prices_of(home).store(price_key(name), entry(1))
    for key in KEYS[:2]:
        cache_of(home).put(key, model(0))
    for name in FILES:
        write_prices(home, name, 1)
    write_text(home, "a.html", 1)


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


def _fail(number: int) -> None:
    raise OSError(number, os.strerror(number))


KILLS = frozenset({"c_call", "c_return", "c_exception"})
FAULTS = frozenset({"c_call"})


def child(act: Act, home: Path, tracer: Tracer | None = None) -> int:
    """Do something in a process of its own; return its exit status, or minus its signal."""
    number = os.fork()
    if number == 0:
        status = FOREIGN
        try:
            sys.setprofile(tracer)
            act(home)
            sys.setprofile(None)
            status = DONE if tracer is None or tracer.number > 0 else REFUSED
        except CryptoForecastError:
            status = REFUSED
        except BaseException as error:  # each one is a finding
            print(f"  foreign error: {type(error).__name__}: {error}", flush=True)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


def losses(before: Snapshot, after: Snapshot, home: Path) -> Iterator[str]:
    """Start the app, and name everything that is neither the old nor the new, or too much."""
    seen = snapshot(home)  # what another process sees at once
    start(home)
    for found in (seen, snapshot(home)):
        for key in before.keys() | after.keys() | found.keys():
            if found.get(key) not in (before.get(key), after.get(key)):
                yield f"{key}: {found.get(key)}, not {before.get(key)} or {after.get(key)}"
    yield from (f"left: {name}" for name in leftovers(home))


@dataclass
class Tally:
    """What was done and what was lost."""

    disturbances: int = 0
    lost: int = 0

    def add(self, name: str, problems: list[str]) -> None:
        """Count one disturbance."""
        self.disturbances += 1
        self.lost += bool(problems)
        if problems and self.lost <= MAX_PRINTED:
            print(f"  {name}: {'; '.join(problems[:3])}")


def at_every_call(
    act: Act, folder: Path, tally: Tally, error: int | None = None, *, only_changes: bool = False
) -> int:
    """Disturb each call of an act in turn.

    Args:
        act: What the child does.
        folder: An empty folder.
        tally: Where to count.
        error: The error that each call fails with; ``None``: the process is killed.
        only_changes: Whether calls that change nothing on the disk are passed over.

    Returns:
        How many moments there are.
    """
    template = folder / "template"
    prepare(template)
    before = snapshot(template)
    shutil.copytree(template, folder / "after")
    act(folder / "after")
    after = snapshot(folder / "after")
    number = 0
    while True:
        number += 1
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


def at_random(kills: int, seed: int, home: Path, tally: Tally) -> None:
    """Kill a process that does everything in turn, at random moments."""
    chance = random.Random(seed)
    prepare(home)
    kept = snapshot(home)
    allowed: dict[tuple[str, str], set[int | str | None]] = {
        key: {value} for key, value in kept.items()
    }
    for kill in range(kills):
        told, telling = os.pipe()
        number = os.fork()
        if number == 0:
            os.close(told)
            try:
                _work_for_ever(home, chance.randrange(2**32), telling)
            finally:
                os._exit(FOREIGN)
        os.close(telling)
        chance.random()
        os.read(told, 1)
        time.sleep(chance.uniform(0, 0.15))
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)
        with os.fdopen(told) as lines:
            _note(allowed, lines)
        found = snapshot(home)
        problems = _forbidden(allowed, found)
        start(home)
        found = snapshot(home)
        problems += _forbidden(allowed, found) + [f"left: {name}" for name in leftovers(home)]
        tally.add(f"random kill {kill}", problems)
        allowed = {key: {found.get(key)} for key in allowed.keys() | found.keys()}


def _work_for_ever(home: Path, seed: int, telling: int) -> None:
    """Save, delete, cache and write in turn, and tell before and after each."""
    chance = random.Random(seed)
    os.write(telling, b"\n")
    while True:
        kind, name, version, act = _anything(home, chance)
        if version is None and name not in bundles.names(models_of(home)):
            continue
        os.write(telling, f"begin {kind} {name} {version}\n".encode())
        act()
        os.write(telling, f"end {kind} {name} {version}\n".encode())


def _anything(
    home: Path, chance: random.Random
) -> tuple[str, str, int | None, Callable[[], object]]:
    """Return what to do next: the kind and the name of a thing, its next version, the act."""
    folder, version = models_of(home), chance.randrange(100)
    name, key, symbol, file = map(chance.choice, (["mine", "new"], KEYS, "ABC", FILES))
    return chance.choice([
        ("model", name, version,
         lambda: bundles.save(model(version), folder, name, force=True)),
        ("model", "new", None, lambda: bundles.delete(folder, "new")),
        ("training", key, version, lambda: cache_of(home, 9).put(key, model(version))),
        ("price", f"{symbol}-USD", version,
         lambda: prices_of(home, 9).store(price_key(symbol), entry(version))),
        ("file", file, version, lambda: write_prices(home, file, version)),
        ("file", "a.html", version, lambda: write_text(home, "a.html", version)),
    ])  # fmt: skip


def _note(allowed: dict[tuple[str, str], set[int | str | None]], lines: Iterator[str]) -> None:
    """Note what each thing may be, from what the killed process told."""
    for line in lines:
        when, kind, name, value = line.split()
        version = None if value == "None" else int(value)
        if when == "end":
            allowed[kind, name] = {version}
        else:
            allowed.setdefault((kind, name), {None}).add(version)


def _forbidden(allowed: dict[tuple[str, str], set[int | str | None]], found: Snapshot) -> list[str]:
    return [
        f"{key}: {found.get(key)}, not one of {allowed.get(key)}"
        for key in allowed.keys() | found.keys()
        if found.get(key) not in allowed.get(key, {None})
    ]


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
            count = at_every_call(act, folder, tally, error, only_changes=short)
            what = "killed" if error is None else "full disk"
            print(f"{act.__name__:22} {what:10} {count:4} moments, {tally.lost} lost", flush=True)
            yield tally


if __name__ == "__main__":
    sys.exit(main())
