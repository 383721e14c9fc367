"""Trainings and tests by several workers, of this machine or of a cluster."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from cryptoforecast.errors import Cancelled, CryptoForecastError, InvalidInput, NotAllowed
from cryptoforecast.evaluation import walk_folds, walk_forward
from cryptoforecast.evaluation.walk_folds import FoldForecasts, FoldSpan
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.learning import samples, specs, training_cache
from cryptoforecast.service import effort
from cryptoforecast.service.memory import Memory
from cryptoforecast.service.training import TrainingService
from cryptoforecast.types import (
    UNWATCHED,
    ModelSpec,
    Monitor,
    PriceHistory,
    TrainedModel,
    User,
    WalkForward,
    WalkPlan,
)
from cryptoforecast.workers.engine import Engine
from cryptoforecast.workers.local import Processes
from cryptoforecast.workers.progress import Whole
from cryptoforecast.workers.start import check, open_engine
from cryptoforecast.workers.task import Outcome, name_of
from cryptoforecast.workers.tasks import FoldTask, NetworkTask

__all__ = ["Case", "Engine", "WorkerService", "check", "check_plan", "open_engine"]

#: Workers that a page offers, at most.
MAX_OFFERED = 8
_REMEDY = "Choose fewer workers, fewer candles or a smaller network."


@dataclass(frozen=True, eq=False)
class Case:
    """One test of several.

    Attributes:
        history: ``n`` candles.
        spec: Settings of a network, or a baseline.
        plan: The folds.
    """

    history: PriceHistory
    spec: ModelSpec
    plan: WalkPlan


def check_plan(plan: WalkPlan) -> None:
    """Refuse folds that must be fitted one after the other.

    Raises:
        InvalidInput: If each starts from the weights of the one before.
    """
    if plan.warm_start:
        raise InvalidInput(
            "Several workers fit the folds at once, so none can start from the weights of the "
            "fold before. Received: `warm_start`. Leave it out, or leave out the workers."
        )


class WorkerService:
    """Gives work to workers, and puts the networks that they train into the training cache.

    Args:
        training: Has the cache.
        memory: Into which the processes of this machine must fit.
    """

    def __init__(self, training: TrainingService, memory: Memory) -> None:
        self._training, self._memory = training, memory

    def offered(self, history: PriceHistory, spec: ModelSpec, user: User) -> int:
        """Return how many workers a page offers: one for each core, as far as memory allows.

        Args:
            history: ``n`` candles.
            spec: Settings of the largest network.
            user: Who asks. Only the owner gets more than one: the others share the machine.
        """
        if not user.owner:
            return 1
        free = self._memory.free
        room = int(free // _megabytes(history, spec)) if math.isfinite(free) else 1
        return max(1, min(cores(), MAX_OFFERED, room))

    def check_owner(self, user: User) -> None:
        """Refuse several workers to others than the owner: they share the machine.

        Raises:
            NotAllowed: If it is someone else.
        """
        if not user.owner:
            raise NotAllowed(
                "Only the owner of this server may train with several workers. Received: a "
                "request of someone else. Train without them."
            )

    def check_room(self, history: PriceHistory, spec: ModelSpec, workers: int) -> None:
        """Refuse more workers of this machine than fit into its memory.

        Args:
            history: ``n`` candles.
            spec: Settings of the largest network.
            workers: Trainings at once.

        Raises:
            InvalidInput: If they do not fit.
        """
        needed = workers * _megabytes(history, spec)
        self._memory.check(f"The training of {workers} workers", needed, _REMEDY)

    def check_engine(self, history: PriceHistory, spec: ModelSpec, engine: Engine) -> None:
        """Refuse processes of this machine that do not fit into its memory; see ``check_room``."""
        if isinstance(engine, Processes):
            self.check_room(history, spec, engine.size)

    def fit_all(
        self,
        history: PriceHistory,
        several: Sequence[ModelSpec],
        engine: Engine,
        monitor: Monitor = UNWATCHED,
        *,
        use_cache: bool = True,
    ) -> list[TrainedModel]:
        """Train several networks on the same prices, as many at once as there are workers.

        Args:
            history: ``n`` candles, with the signals that the networks read.
            several: Settings of each network.
            engine: Has the workers.
            monitor: Follows the progress of all together, and may stop them.
            use_cache: Whether cached networks may be used.

        Returns:
            The networks, in the order of their settings.

        Raises:
            Cancelled: If the monitor stopped the work.
            CryptoForecastError: If one can't be trained, or workers are lost or refused. The
                networks that were trained before are in the cache.
        """
        if several:
            largest = max(several, key=lambda one: effort.of_training(one, len(history)).megabytes)
            self.check_engine(history, largest, engine)
        cache, name = self._training.cache, name_of(history)
        keys = [training_cache.key(history, spec) for spec in several]
        models = {key: cache.get(key) if use_cache else None for key in keys}
        missing = {key: spec for key, spec in zip(keys, several, strict=True) if not models[key]}
        tasks = [NetworkTask((name,), spec) for spec in missing.values()]
        whole = Whole([task.effort for task in tasks], monitor, engine.size)
        for outcome in engine.outcomes(iter(tasks), {name: history}, whole.of):
            if outcome.result is None:
                raise outcome.error or Cancelled("The work was cancelled.")
            key = list(missing)[outcome.number]
            models[key] = outcome.result
            cache.put(key, outcome.result)
            whole.finish(outcome.number)
        return [model for key in keys if (model := models[key]) is not None]

    def walk_forward(
        self,
        cases: Sequence[Case],
        engine: Engine,
        monitor: Monitor = UNWATCHED,
        *,
        use_cache: bool = True,
        baselines: Collection[str] = tuple(BASELINES),
    ) -> list[WalkForward | CryptoForecastError]:
        """Test fold by fold, several folds at once; see ``WalkForwardService.run``.

        Args:
            cases: The tests.
            engine: Has the workers.
            monitor: Follows the progress of all tests together, and may stop them.
            use_cache: Whether cached networks may be used.
            baselines: Names of the baselines to compare with.

        Returns:
            The result of each test, or why there is none.

        Raises:
            Cancelled: If the monitor stopped the work.
            CryptoForecastError: If workers are lost or refused. The networks that were trained
                before are in the cache.
        """
        progress = [self._begin(case, engine, use_cache, baselines) for case in cases]
        work = [(one, i) for one in progress for i in range(len(one.tasks))]
        tasks = [one.tasks[i] for one, i in work]
        histories = {name_of(case.history): case.history for case in cases}
        whole = Whole([task.effort for task in tasks], monitor, engine.size)
        for outcome in engine.outcomes(iter(tasks), histories, whole.of):
            one, i = work[outcome.number]
            self._take(one, i, outcome)
            whole.finish(outcome.number)
        return [one.result() for one in progress]

    def test(
        self,
        case: Case,
        workers: int | None = None,
        scheduler: str | None = None,
        monitor: Monitor = UNWATCHED,
        *,
        use_cache: bool = True,
    ) -> WalkForward:
        """Start workers, test fold by fold with them, and end them.

        Args:
            case: The test.
            workers: Processes of this machine.
            scheduler: Address of a Dask scheduler, in place of ``workers``.
            monitor: Follows the progress, and may stop the work.
            use_cache: Whether cached networks may be used.

        Raises:
            CryptoForecastError: See ``walk_forward`` and ``workers.start.open_engine``.
        """
        with open_engine(workers, scheduler) as engine:
            (result,) = self.walk_forward([case], engine, monitor, use_cache=use_cache)
        if isinstance(result, CryptoForecastError):
            raise result
        return result

    def _begin(
        self, case: Case, engine: Engine, use_cache: bool, baselines: Collection[str]
    ) -> _Tested:
        """Check a test, and make its tasks; a test that is refused has none."""
        tested = _Tested(case)
        try:
            self._check(case, engine)
            history = samples.in_one_unit(case.history)
            tested.spans, tested.plan = walk_forward.fold_spans(history, case.spec, case.plan)
        except CryptoForecastError as error:
            tested.error = error
            return tested
        names = (name_of(case.history),)
        for span in tested.spans:
            key = ""
            if specs.is_network(case.spec):
                key = walk_forward.fold_key(history, case.spec, span.split)
            model = self._training.cache.get(key) if key and use_cache else None
            tested.keys.append(key)
            tested.tasks.append(FoldTask(names, case.spec, span, tuple(baselines), model))
        tested.parts = [None] * len(tested.tasks)
        return tested

    def _check(self, case: Case, engine: Engine) -> None:
        check_plan(case.plan)
        if specs.is_network(case.spec):
            self.check_engine(case.history, case.spec, engine)

    def _take(self, tested: _Tested, number: int, outcome: Outcome[FoldForecasts]) -> None:
        """Keep the outcome of a task: its network in the cache, the rest for the result."""
        if isinstance(outcome.error, Cancelled):
            raise outcome.error
        if outcome.result is None:
            tested.error = tested.error or outcome.error
            return
        part = outcome.result
        if part.model is not None and not part.cached:
            self._training.cache.put(tested.keys[number], part.model)
        tested.parts[number] = part


@dataclass(eq=False)
class _Tested:
    """A test that is under way: its tasks, and what they have given so far."""

    case: Case
    plan: WalkPlan = field(default_factory=WalkPlan)
    spans: tuple[FoldSpan, ...] = ()
    tasks: list[FoldTask] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    parts: list[FoldForecasts | None] = field(default_factory=list)
    error: CryptoForecastError | None = None

    def result(self) -> WalkForward | CryptoForecastError:
        """Return the result, or why there is none."""
        if self.error is not None:
            return self.error
        parts = [part for part in self.parts if part is not None]
        return walk_folds.combined(self.case.history, self.case.spec, self.plan, self.spans, parts)


def cores() -> int:
    """Count the processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _megabytes(history: PriceHistory, spec: ModelSpec) -> float:
    """Return what one worker takes for a training."""
    return effort.of_training(spec, len(history)).megabytes + effort.TENSORFLOW
