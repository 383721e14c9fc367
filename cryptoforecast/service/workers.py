"""Tests of many coins and folds by several workers, of this machine or of a cluster."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from cryptoforecast.errors import Cancelled, CryptoForecastError, InvalidInput
from cryptoforecast.evaluation import walk_folds, walk_forward
from cryptoforecast.evaluation.walk_folds import FoldForecasts, FoldSpan
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.learning import samples, specs
from cryptoforecast.service import effort
from cryptoforecast.service.memory import Memory
from cryptoforecast.service.training import TrainingService
from cryptoforecast.types import UNWATCHED, ModelSpec, Monitor, PriceHistory, WalkForward, WalkPlan
from cryptoforecast.workers.engine import Engine
from cryptoforecast.workers.local import Processes
from cryptoforecast.workers.progress import Whole
from cryptoforecast.workers.start import check, open_engine
from cryptoforecast.workers.task import Outcome, name_of
from cryptoforecast.workers.tasks import FoldTask

__all__ = ["Case", "Engine", "WorkerService", "check", "check_plan", "open_engine"]


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
        if isinstance(engine, Processes) and specs.is_network(case.spec):
            one = effort.of_training(case.spec, len(case.history)).megabytes
            self._memory.check(
                f"The training of {engine.size} workers",
                engine.size * (one + effort.TENSORFLOW),
                "Choose fewer workers, fewer candles or a smaller network.",
            )

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
