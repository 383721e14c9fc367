"""Searches for settings: at once or in the background, and resumed after a kill."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cryptoforecast.cache import LruCache
from cryptoforecast.errors import InvalidInput
from cryptoforecast.jobs import Job
from cryptoforecast.learning import features, specs, training, training_cache
from cryptoforecast.searches import finals, space
from cryptoforecast.searches.by_workers import ByWorkers
from cryptoforecast.searches.in_turn import InTurn, Stage, Trainings
from cryptoforecast.searches.run import MAX_TRIALS, METRICS, check
from cryptoforecast.searches.run import run as run_search
from cryptoforecast.searches.space import SEARCHABLE, Space, parse, read
from cryptoforecast.searches.study import check_installed, open_study
from cryptoforecast.service import effort
from cryptoforecast.service.training import Run, TrainingService
from cryptoforecast.service.workers import Engine, WorkerService, open_engine
from cryptoforecast.settings import Settings
from cryptoforecast.types import (
    UNWATCHED,
    ModelSpec,
    Monitor,
    PriceHistory,
    Search,
    SearchPlan,
    TrainedModel,
    User,
)

__all__ = [
    "MAX_TRIALS",
    "METRICS",
    "SEARCHABLE",
    "Order",
    "SearchService",
    "Space",
    "check",
    "check_fixed",
    "check_installed",
    "is_search",
    "options",
    "parse",
    "read",
    "value_text",
]

#: How the key of a search begins.
KEY_PREFIX = "search-"
#: Results in memory; each has its trials and a few numbers.
MAX_RESULTS = 50
#: Trainings an hour that each further worker adds, as a share of those of one process;
#: ``benchmarks/workers.py`` measures it.
GAIN = 0.85
_EMPTY: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True)
class Order:
    """What a user wants to have searched.

    Attributes:
        plan: How long to look, and for what.
        preset: The preset whose settings are not searched.
        networks: Kinds of networks to choose among; none for those of the space.
        changes: Settings that the user has fixed, by name.
        signals: Inputs of signals, which every trial has.
        space: What to choose among; ``None`` for the default.
        storage: URL of a database; ``None`` for a file in the home folder.
        resume: Whether to go on with the latest search of the same prices and settings.
    """

    plan: SearchPlan = field(default_factory=SearchPlan)
    preset: str = "quick"
    networks: tuple[str, ...] = ()
    changes: Mapping[str, object] = field(default_factory=lambda: _EMPTY)
    signals: tuple[str, ...] = ()
    space: Space | None = None
    storage: str | None = None
    resume: bool = False


class SearchService:
    """Searches for settings of networks.

    Args:
        settings: Where studies are kept.
        training: Trains the networks, and runs searches in the background.
        workers: Gives the trainings to workers.
    """

    def __init__(
        self, settings: Settings, training: TrainingService, workers: WorkerService
    ) -> None:
        self._folder = settings.home / "searches"
        self._training, self._workers = training, workers
        self._results: LruCache[Search] = LruCache(MAX_RESULTS)

    def run(
        self,
        history: PriceHistory,
        order: Order,
        monitor: Monitor = UNWATCHED,
        *,
        engine: Engine | None = None,
        use_cache: bool = True,
    ) -> Search:
        """Search for settings; see ``searches.run.run``.

        Args:
            history: ``n`` candles, with the signals that the networks read.
            order: What is wanted.
            monitor: Follows the progress, and may stop the work.
            engine: Has the workers; ``None`` to train one network after the other, here.
            use_cache: Whether cached networks may be used in the test. Trials are always trained.

        Raises:
            InvalidInput: If Optuna is not installed, the order or the prices are outside the rules,
                or the storage can't be used.
            NotEnoughData: If a span of the split would be too short.
            Cancelled: If the monitor stopped the work.
            WorkersUnavailable: If workers are lost or refused.
        """
        check_installed()
        default, dimensions = self._checked(history, order)
        if engine is not None:
            self._workers.check_engine(history, default, engine)
        storage: Path | str = order.storage or self._folder
        key = training_cache.key(history, default, *_facts(order, dimensions))
        make = functools.partial(spec_of, history, order)
        trainings = self._trainings(history, engine, use_cache=use_cache)
        study_of_key = open_study(storage, key, dimensions, seed=default.seed, resume=order.resume)
        with contextlib.closing(study_of_key) as study:
            return run_search(history, default, study, make, order.plan, trainings, monitor)

    def _trainings(
        self, history: PriceHistory, engine: Engine | None, *, use_cache: bool
    ) -> Trainings:
        if engine is None:
            train = functools.partial(self._train, history, use_cache)
            return InTurn(history, self._training.fit, train)

        def fit_all(several: Sequence[ModelSpec], monitor: Monitor) -> list[TrainedModel]:
            return self._workers.fit_all(history, several, engine, monitor, use_cache=use_cache)

        return ByWorkers(history, engine, fit_all)

    def submit(
        self, history: PriceHistory, order: Order, *, user: User, workers: int = 1
    ) -> Job[Run]:
        """Search in the background; see ``result``.

        Args:
            history: ``n`` candles, with the signals that the networks read.
            order: What is wanted.
            user: Who waits for it.
            workers: Processes that train at once; with one, this process trains itself.

        Raises:
            InvalidInput: If Optuna is not installed, the order or the prices are outside the rules,
                the search would take too long or too much memory, the queue is full, or too many
                trainings of this user wait.
            NotAllowed: If someone else than the owner wants several workers.
            NotEnoughData: If a span of the split would be too short.
        """
        check_installed()
        default, _ = self._checked(history, order)
        key = self.key(history, order)
        if workers > 1:
            self._workers.check_owner(user)
            self._workers.check_room(history, default, workers)
        else:
            self._training.check_effort(key, _effort(history, default, order.plan), user)
        if self.result(key) is None:
            self._training.jobs.forget(key)  # the finished search was dropped from memory

        def work(monitor: Monitor) -> Run:
            with open_engine(workers) if workers > 1 else contextlib.nullcontext() as engine:
                result = self.run(history, order, monitor, engine=engine)
                # The test has trained the winner, unless that is the default preset.
                rest = Stage(Monitor(cancelled=monitor.cancelled), 0, 1, 0.0)
                trainings = self._trainings(history, engine, use_cache=True)
                (model,) = trainings.train([result.winner], rest)
            self._results.put(key, result)
            return Run(key, history, model, True)

        name = f"settings for {history.market} {history.interval}"
        return self._training.jobs.submit(key, name, work, user=user)

    def key(self, history: PriceHistory, order: Order) -> str:
        """Name a search by all that shapes it.

        Raises:
            InvalidInput: If the order or the prices are outside the rules.
            NotEnoughData: If a span of the split would be too short.
        """
        default, dimensions = self._checked(history, order)
        facts = (*_facts(order, dimensions), dataclasses.asdict(order.plan))
        return KEY_PREFIX + training_cache.key(history, default, *facts)

    def result(self, key: str) -> Search | None:
        """Return a finished search by its key, or ``None`` where it is not in memory."""
        return self._results.get(key)

    def offered(self, history: PriceHistory, order: Order, user: User) -> int:
        """Return how many workers a page offers for a search; 1 if none."""
        return self._workers.offered(history, spec_of(history, order, {}), user)

    def expected(self, history: PriceHistory, order: Order, workers: int = 1) -> effort.Effort:
        """Estimate what a search takes on this machine, if no trial is ended early.

        Args:
            history: ``n`` candles.
            order: What is wanted.
            workers: Processes that train at once.

        Raises:
            InvalidInput: If the order or the prices are outside the rules.
            NotEnoughData: If a span of the split would be too short.
        """
        default, _ = self._checked(history, order)
        whole = _effort(history, default, order.plan, workers)
        return dataclasses.replace(whole, seconds=whole.seconds * self._training.pace.factor)

    def _checked(self, history: PriceHistory, order: Order) -> tuple[ModelSpec, Space]:
        """Return the settings of the default preset, and the space.

        Raises:
            InvalidInput: If the order or the prices are outside the rules.
            NotEnoughData: If a span of the split would be too short.
        """
        check(order.plan)
        dimensions = space_of(history, order)
        default = spec_of(history, order, {})
        training.check(history, default)
        return default, dimensions

    def _train(
        self, history: PriceHistory, use_cache: bool, spec: ModelSpec, monitor: Monitor
    ) -> TrainedModel:
        return self._training.train(history, spec, monitor, use_cache=use_cache).model


def check_fixed(order: Order) -> None:
    """Refuse settings that break a rule, before prices are fetched.

    Raises:
        InvalidInput: If one does, or a network is unknown.
    """
    for name in order.networks:
        specs.check_network(name)
    settings: dict[str, Any] = {**order.changes}
    specs.make(order.preset, (*order.networks, *specs.NETWORKS)[0], **settings)


def space_of(history: PriceHistory, order: Order) -> Space:
    """Return what a search chooses among.

    Raises:
        InvalidInput: If nothing is left to choose, a setting is both fixed and in the space, or
            one breaks a rule.
    """
    check_fixed(order)
    fixed = {*order.changes, *(("network",) if order.networks else ())}
    if order.space is not None:
        twice = sorted({*order.space} & fixed)
        if twice:
            raise InvalidInput(
                f"A setting is fixed or searched. Received: `{twice[0]}`, which is both given and "
                "in the space. Leave one out."
            )
        dimensions = dict(order.space)
    else:
        if {"training", "chunk"} & {*order.changes}:
            fixed.add("network")  # a Dense network has neither
        volume = features.has_volume(history.candles)
        default = spec_of(history, order, {})
        dimensions = dict(space.default(default, volume=volume, fixed=fixed))
    if len(order.networks) > 1:
        dimensions = {"network": space.Choice(order.networks), **dimensions}
    return MappingProxyType(dimensions)


def spec_of(history: PriceHistory, order: Order, values: Mapping[str, object]) -> ModelSpec:
    """Make the settings of a trial; without ``values``, those of the default preset.

    Raises:
        InvalidInput: If they break a rule.
    """
    settings = {**order.changes, **values}
    kind = settings.pop("network", order.networks[0] if order.networks else specs.NETWORKS[0])
    volume = features.has_volume(history.candles)
    spec = specs.make(order.preset, str(kind), rows=len(history), volume=volume, **settings)
    return specs.with_inputs(spec, order.signals)


def is_search(key: str) -> bool:
    """Return whether a key of background work names a search."""
    return key.startswith(KEY_PREFIX)


def _facts(order: Order, dimensions: Space) -> tuple[object, ...]:
    """Return what a study is about beside its prices and the default preset."""
    plan = order.plan
    fixed = hashlib.sha256(repr(sorted(order.changes.items())).encode()).hexdigest()
    return (order.preset, fixed, list(order.signals), space.plain(dimensions), plan.metric)


def _effort(
    history: PriceHistory, default: ModelSpec, plan: SearchPlan, workers: int = 1
) -> effort.Effort:
    one = effort.of_training(default, len(history))
    each = one.seconds / (1 + GAIN * (workers - 1))
    seconds = plan.trials * each
    if plan.seconds is not None:
        seconds = min(seconds, plan.seconds)
    return effort.Effort(seconds + finals.trainings(plan) * each, one.megabytes)


def options(history: PriceHistory, spec: ModelSpec) -> list[str]:
    """Write settings as options of the command line, those of the preset left out.

    Args:
        history: The prices that they are used with.
        spec: The settings of a network.
    """
    volume = features.has_volume(history.candles)
    fields = [field.name for field in dataclasses.fields(spec) if field.name != "network"]
    changes: dict[str, Any] = {}
    for _ in range(2):  # the number of epochs follows from other settings
        made = specs.make("quick", spec.network, rows=len(history), volume=volume, **changes)
        changes |= {
            name: getattr(spec, name)
            for name in fields
            if getattr(made, name) != getattr(spec, name)
        }
    words = ["--network", spec.network]
    for name, value in changes.items():
        words += [f"--{name.replace('_', '-')}", value_text(value)]
    return words


def value_text(value: object) -> str:
    """Write the value of a setting as its option has it."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
