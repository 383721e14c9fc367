"""Several processes that work on one home at once, for ``benchmarks.crashes``."""

from __future__ import annotations

import contextlib
import os
import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import TextIO

from benchmarks.crash_home import (
    cache_of,
    entry,
    leftovers,
    model,
    models_of,
    price_key,
    prices_of,
    snapshot,
    version_of,
)
from cryptoforecast.errors import AlreadyExists, UnknownModel
from cryptoforecast.learning import bundles
from cryptoforecast.service.saved_models import SavedModelService
from cryptoforecast.settings import Settings

#: Models that are replaced and never deleted, and models that come and go.
LASTING, PASSING = ("mine", "other"), ("one", "two", "three")
KEYS = [f"{number:032x}" for number in range(6)]
#: Different versions of a thing.
VERSIONS = 100


def compete(home: Path, processes: int, operations: int, seed: int) -> list[str]:
    """Let processes save, load, delete, list and cache in one home.

    Args:
        home: A folder that does not exist.
        processes: How many work at once.
        operations: How many operations each does.
        seed: Makes the order of the operations.

    Returns:
        What went wrong: false damage, failed loads, foreign errors, folders left.
    """
    (home / "exports").mkdir(parents=True)
    for name in LASTING:
        bundles.save(model(0), models_of(home), name)
    prices_of(home, 9).store(price_key("A"), entry(0))
    with tempfile.TemporaryFile("w+") as failures:
        children = [
            _fork(Rival(home, seed + number, failures), operations) for number in range(processes)
        ]
        for child in children:
            if os.waitpid(child, 0)[1]:
                failures.write("a process failed\n")
        failures.seek(0)
        result = failures.read().splitlines()
    winners = Counter(line.split()[1] for line in result if line.startswith("won "))
    result = [line for line in result if not line.startswith("won ")]
    result += [f"{name} was saved by {count} processes" for name, count in winners.items()
               if count > 1]  # fmt: skip
    result += [f"{key}: {value}" for key, value in snapshot(home).items() if type(value) is str]
    return result + [f"left: {name}" for name in leftovers(home)]


def _fork(rival: Rival, operations: int) -> int:
    child = os.fork()
    if child == 0:
        try:
            rival.work(operations)
            os._exit(0)
        finally:
            os._exit(1)
    return child


class Rival:
    """One of the processes.

    Args:
        home: The home of all.
        seed: Makes the order of its operations.
        failures: Where to say what went wrong.
    """

    def __init__(self, home: Path, seed: int, failures: TextIO) -> None:
        self.home, self.models = home, models_of(home)
        self.chance, self.failures = random.Random(seed), failures
        self.trainings, self.prices = cache_of(home, 3), prices_of(home, 9)
        self.few_prices = type(self.prices)(home.with_name("few"), 2)
        self.service = SavedModelService(Settings(home=home))
        self.exclusive = 0

    def work(self, operations: int) -> None:
        """Do operations of all kinds at random."""
        kinds = (
            self.replace, self.save, self.load, self.load, self.load_passing, self.delete,
            self.list, self.list, self.put, self.get, self.store, self.read, self.read_few,
            self.start,
        )  # fmt: skip
        for _ in range(operations):
            kind = self.chance.choice(kinds)
            try:
                kind()
            except Exception as error:  # each one is a finding
                self._say(f"{kind.__name__}: {type(error).__name__}: {error}")

    def replace(self) -> None:
        """Replace a model that is always there."""
        version, name = self.chance.randrange(VERSIONS), self.chance.choice(LASTING)
        bundles.save(model(version), self.models, name, force=True)

    def save(self) -> None:
        """Save a model that may be there, and one that nobody may save twice."""
        name = self.chance.choice(PASSING)
        with contextlib.suppress(AlreadyExists):
            bundles.save(model(self.chance.randrange(VERSIONS)), self.models, name)
        self.exclusive += 1
        name = f"x{self.exclusive // 20}"  # both processes try each name at about the same time
        try:
            bundles.save(model(1), self.models, name)
            self._say(f"won {name}")
        except AlreadyExists:
            pass

    def load(self) -> None:
        """Load a model that is always there."""
        self._check(version_of(bundles.load(self.models / self.chance.choice(LASTING))))

    def load_passing(self) -> None:
        """Load a model that may be there."""
        with contextlib.suppress(UnknownModel):
            self._check(version_of(bundles.load(self.models / self.chance.choice(PASSING))))

    def delete(self) -> None:
        """Delete a model that may be there."""
        with contextlib.suppress(UnknownModel):
            bundles.delete(self.models, self.chance.choice(PASSING))

    def list(self) -> None:
        """List the models: those that are never deleted must be among them, and none damaged."""
        for names in (bundles.names(self.models), [saved.name for saved in self.service.all()]):
            missing = {*LASTING} - {*names}
            if missing:
                self._say(f"not listed: {missing}")
        if damaged := self.service.damaged():
            self._say(f"damaged: {damaged}")

    def put(self) -> None:
        """Put a training into the cache, which drops others."""
        self.trainings.put(self.chance.choice(KEYS), model(self.chance.randrange(VERSIONS)))

    def get(self) -> None:
        """Get a training that may be in the cache."""
        model = self.trainings.get(self.chance.choice(KEYS))
        if model is not None:
            self._check(version_of(model))

    def store(self) -> None:
        """Store prices in a large cache and in a small one, which drops others."""
        prices = entry(self.chance.randrange(VERSIONS))
        self.prices.store(price_key("A"), prices)
        self.few_prices.store(price_key(self.chance.choice("ABC")), prices)

    def read(self) -> None:
        """Read prices that are always there, from the disk."""
        if self.chance.random() < 0.5:
            self.prices = prices_of(self.home, 9)
        if self.prices.load(price_key("A")) is None:
            self._say("damaged prices")

    def read_few(self) -> None:
        """Read prices that may be there."""
        self.few_prices.load(price_key(self.chance.choice("ABC")))

    def start(self) -> None:
        """Start the app again, once in a while."""
        if self.chance.random() < 0.1:
            self.trainings, self.prices = cache_of(self.home, 3), prices_of(self.home, 9)

    def _check(self, version: int | str) -> None:
        if type(version) is str:
            self._say(f"{version} model")

    def _say(self, line: str) -> None:
        os.write(self.failures.fileno(), f"{line}\n".encode())
