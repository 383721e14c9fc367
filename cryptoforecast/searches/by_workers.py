"""The trainings of a search by several workers: each is one task.

The study is told of each trial when it is done, and proposes while others still run. So it knows
less when it proposes than it would one trial at a time, and a search by another number of workers
tries other settings.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cryptoforecast.errors import Cancelled, CryptoForecastError
from cryptoforecast.learning import samples, training
from cryptoforecast.searches import objective
from cryptoforecast.searches.in_turn import Stage
from cryptoforecast.searches.objective import Evaluation
from cryptoforecast.searches.space import Make
from cryptoforecast.searches.study import Proposal, Study
from cryptoforecast.searches.trials import Pruned, Unit, Watch
from cryptoforecast.types import (
    ModelSpec,
    Monitor,
    PriceHistory,
    Progress,
    SearchPlan,
    Split,
    TeamProgress,
    TrainedModel,
)
from cryptoforecast.workers.engine import Engine
from cryptoforecast.workers.progress import Whole
from cryptoforecast.workers.task import Histories, name_of

#: Trains networks on the history by workers, its test rows left aside.
FitAll = Callable[[Sequence[ModelSpec], Monitor], Sequence[TrainedModel]]


@dataclass(frozen=True, eq=False)
class TrialTask:
    """Train a network before the test span, and say what it is worth.

    Attributes:
        prices: Name of the prices, in a tuple.
        spec: Settings of the network.
        metric: The loss that measures it.
    """

    prices: tuple[str, ...]
    spec: ModelSpec
    metric: str

    @property
    def effort(self) -> float:
        """Epochs; all trials read the same prices."""
        return float(self.spec.epochs * self.spec.ensemble)

    def run(self, histories: Histories, monitor: Monitor) -> Evaluation:
        """Train and evaluate; see ``Task.run``."""
        before = objective.past(histories[self.prices[0]], self.spec)
        return objective.evaluate(before, self.spec, self.metric, _fit, monitor)


def _fit(before: PriceHistory, spec: ModelSpec, cut: Split, monitor: Monitor) -> TrainedModel:
    training.check(before, spec, cut)
    past = dataclasses.replace(before, candles=before.candles.iloc[: cut.fit_end])
    return training.fit(before, spec, cut, samples.raw_samples(past, spec), monitor)


class ByWorkers:
    """Does as many trainings at once as there are workers; see ``Trainings``.

    Args:
        history: The prices of the search. For trials and finalists a worker cuts the test span off
            before anything else.
        engine: Has the workers.
        fit_all: Trains networks on the history by these workers.
    """

    def __init__(self, history: PriceHistory, engine: Engine, fit_all: FitAll) -> None:
        self._name, self._histories = name_of(history), {name_of(history): history}
        self._engine, self._fit_all = engine, fit_all

    def trials(
        self,
        study: Study,
        make: Make,
        unit: Unit,
        plan: SearchPlan,
        monitor: Monitor,
        total: int,
    ) -> None:
        """Try settings, several at once, and record in the study what each was worth.

        Args:
            study: Proposes settings, and remembers them.
            make: Makes the spec of settings.
            unit: Returns the unit in which losses of epochs can be compared.
            plan: How many trials, and for how long.
            monitor: Follows the progress, and may stop the work.
            total: Trainings of the whole search, of which the trials are the first.

        Raises:
            InvalidInput: If the storage can't be used any more.
            Cancelled: If the monitor stopped the work. Trials that ran are repeated on resuming.
            WorkersUnavailable: If workers are lost or refused.
        """
        run = _Run(study, make, unit, plan, monitor, total, self._engine.size)
        for outcome in self._engine.outcomes(run.tasks(self._name), self._histories, run.watch):
            run.take(outcome.number, outcome.result, outcome.error)

    def evaluate(
        self, several: Sequence[ModelSpec], metric: str, stage: Stage
    ) -> list[Evaluation | CryptoForecastError]:
        """Say what trainings are worth on the validation rows; see ``Trainings.evaluate``."""
        tasks = [TrialTask((self._name,), spec, metric) for spec in several]
        efforts = [task.effort for task in tasks]
        whole = Whole(efforts, _within(stage, len(tasks)), self._engine.size)
        results: dict[int, Evaluation | CryptoForecastError] = {}
        for outcome in self._engine.outcomes(iter(tasks), self._histories, whole.of):
            if isinstance(outcome.error, Cancelled):
                raise outcome.error
            error = outcome.error or CryptoForecastError("A training gave no result.")
            results[outcome.number] = error if outcome.result is None else outcome.result
            whole.finish(outcome.number)
        return [results[number] for number in range(len(tasks))]

    def train(self, several: Sequence[ModelSpec], stage: Stage) -> list[TrainedModel]:
        """Train networks on the whole history; see ``Trainings.train``."""
        return list(self._fit_all(several, _within(stage, len(several))))


def _within(stage: Stage, count: int) -> Monitor:
    """Return the monitor of all trainings of a stage together, as a part of the search."""

    def report(progress: Progress) -> None:
        finished = progress.finished if isinstance(progress, TeamProgress) else 0
        workers = progress.workers if isinstance(progress, TeamProgress) else 1
        stage.monitor.report(
            TeamProgress(
                progress.epoch,
                progress.epochs,
                done=(stage.first + count * progress.done) / stage.total,
                seconds=time.perf_counter() - stage.began,
                fold=min(stage.first + finished + 1, stage.total),
                folds=stage.total,
                workers=workers,
                finished=stage.first + finished,
            )
        )

    return Monitor(report, stage.monitor.cancelled)


class _Run:
    """The trials that run, and what is known of each."""

    def __init__(
        self,
        study: Study,
        make: Make,
        unit: Unit,
        plan: SearchPlan,
        monitor: Monitor,
        total: int,
        workers: int,
    ) -> None:
        self._study, self._make, self._unit, self._plan = study, make, unit, plan
        self._monitor, self._total, self._workers = monitor, total, workers
        self._began = time.perf_counter()
        self._running: dict[int, tuple[Proposal, Watch, float]] = {}
        self._shares: dict[int, float] = {}
        self._given = 0
        self._hopeless: set[int] = set()

    def tasks(self, name: str) -> Iterator[TrialTask]:
        """Propose settings whenever a worker is free, up to the number and the time of the plan."""
        while len(self._study.trials()) + len(self._running) < self._plan.trials:
            seconds = time.perf_counter() - self._began
            if self._plan.seconds is not None and seconds >= self._plan.seconds:
                return
            proposal = self._study.ask()
            try:
                spec = self._make(proposal.values)
                unit = self._unit(spec)
            except CryptoForecastError as error:
                self._study.fail(proposal, str(error))
                continue
            report = functools.partial(self._report, self._given)
            watch = Watch(proposal, unit, Monitor(report, self._monitor.cancelled))
            self._running[self._given] = (proposal, watch, time.perf_counter())
            self._given += 1
            yield TrialTask((name,), spec, self._plan.metric)

    def watch(self, number: int) -> Monitor:
        """Return the monitor of a trial: the study may end this trial, the user all of them."""
        watch = self._running[number][1]

        def cancelled() -> bool:
            try:
                if watch.cancelled():
                    raise Cancelled("The search was cancelled.")
            except Pruned:
                self._hopeless.add(number)
            return number in self._hopeless

        return Monitor(watch.report, cancelled)

    def take(
        self, number: int, evaluation: Evaluation | None, error: CryptoForecastError | None
    ) -> None:
        """Record what became of a trial."""
        proposal, watch, began = self._running.pop(number)
        self._shares.pop(number, None)
        if evaluation is not None:
            self._study.tell(proposal, evaluation)
        elif number in self._hopeless:
            self._study.prune(proposal, watch.epochs, time.perf_counter() - began)
        elif isinstance(error, Cancelled):
            raise error
        else:
            self._study.fail(proposal, str(error))

    def _report(self, number: int, progress: Progress) -> None:
        self._shares[number] = progress.done
        finished = len(self._study.trials())
        self._monitor.report(
            TeamProgress(
                progress.epoch,
                progress.epochs,
                done=(finished + sum(self._shares.values())) / self._total,
                seconds=time.perf_counter() - self._began,
                fold=finished + 1,
                folds=self._total,
                workers=self._workers,
                finished=finished,
            )
        )
