"""Kill a working process at random moments, for ``benchmarks.crashes``."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.crash_home import (
    FILES,
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
    write_text,
)
from cryptoforecast.learning import bundles

#: Problems that are printed of each kind of disturbance.
MAX_PRINTED = 5


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


def at_random(kills: int, seed: int, home: Path, tally: Tally) -> None:
    """Kill a process that does everything in turn, at random moments."""
    chance = random.Random(seed)
    prepare(home)
    before = _things(home)
    allowed: dict[tuple[str, str], set[int | str | None]] = {
        key: {value} for key, value in before.items()
    }
    for kill in range(kills):
        reader, telling = os.pipe()
        number = os.fork()
        if number == 0:
            os.close(reader)
            try:
                _work_for_ever(home, chance.randrange(2**32), telling)
            finally:
                os._exit(1)
        os.close(telling)
        chance.random()
        os.read(reader, 1)
        time.sleep(chance.uniform(0, 0.15))
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)
        with os.fdopen(reader) as lines:
            _note(allowed, lines)
        after = _things(home)
        problems = _forbidden(allowed, after)
        start(home)
        after = _things(home)
        problems += _forbidden(allowed, after) + [f"left: {name}" for name in leftovers(home)]
        tally.add(f"random kill {kill}", problems)
        allowed = {key: {after.get(key)} for key in allowed.keys() | after.keys()}


def _things(home: Path) -> Snapshot:
    """Look at a home without the versions of its models: a save stores none."""
    return {key: value for key, value in snapshot(home).items() if key[0] != "version"}


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


def _note(allowed: dict[tuple[str, str], set[int | str | None]], lines: Iterable[str]) -> None:
    """Note what each thing may be, from what the killed process told."""
    for line in lines:
        when, kind, name, value = line.split()
        version = None if value == "None" else int(value)
        if when == "end":
            allowed[kind, name] = {version}
        else:
            allowed.setdefault((kind, name), {None}).add(version)


def _forbidden(allowed: dict[tuple[str, str], set[int | str | None]], now: Snapshot) -> list[str]:
    return [
        f"{key}: {now.get(key)}, not one of {allowed.get(key)}"
        for key in allowed.keys() | now.keys()
        if now.get(key) not in allowed.get(key, {None})
    ]
