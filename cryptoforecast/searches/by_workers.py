"""The trials of a search by several workers: each is one task, and each is told when it is done.

The study proposes while others still run, so it knows less when it proposes than it would one trial
at a time. So a search by another number of workers tries other settings.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass

from cryptoforecast.errors import Cancelled, CryptoForecastError
from cryptoforecast.learning import samples, training
from cryptoforecast.searches import objective
from cryptoforecast.searches.objective import Evaluation
from cryptoforecast.searches.space import Make
from cryptoforecast.searches.study import Proposal, Study
from cryptoforecast.searches.trials import Evaluate, Pruned, Unit, Watch
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
from cryptoforecast.workers.task import Histories, name_of


@dataclass(frozen=True, eq=False)
class TrialTask:
    """Train a network before the test span, and say what it is worth.

    Attributes:
        prices: Name of the prices, in a tuple.
        spec: Settings of the network.
        metric: What it is worth by.
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


class WorkerTrials:
    """A loop over trials; see ``trials.run``, in whose place it is used.

    Args:
        history: The prices of the search. A worker cuts the test span off before anything else.
        engine: Has the workers.
    """

    def __init__(self, history: PriceHistory, engine: Engine) -> None:
        self._history, self._engine = history, engine

    def __call__(
        self,
        study: Study,
        make: Make,
        evaluate: Evaluate,
        unit: Unit,
        plan: SearchPlan,
        monitor: Monitor,
        total: int,
    ) -> None:
        """Try settings, several at once, and record in the study what each was worth.

        Args:
            study: Proposes settings, and remembers them.
            make: Makes the spec of settings.
            evaluate: Not used: the workers do the same.
            unit: Returns the unit in which losses of epochs can be compared.
            plan: How many trials, and for how long.
            monitor: Follows the progress, and may stop the work.
            total: Trainings of the whole search, of which the trials are the first.

        Raises:
            InvalidInput: If the storage can't be used any more.
            Cancelled: If the monitor stopped the work. Trials that ran are repeated on resuming.
            WorkersUnavailable: If workers are lost or refused.
        """
        del evaluate
        run = _Run(study, make, unit, plan, monitor, total, self._engine.size)
        name = name_of(self._history)
        for outcome in self._engine.outcomes(run.tasks(name), {name: self._history}, run.watch):
            run.take(outcome.number, outcome.result, outcome.error)


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
        self._given = 0
        self._hopeless: set[int] = set()

    def tasks(self, name: str) -> Iterator[TrialTask]:
        """Propose settings whenever a worker is free, until there are as many as planned."""
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
            watch = Watch(proposal, unit, Monitor(self._report, self._monitor.cancelled))
            self._running[self._given] = (proposal, watch, time.perf_counter())
            self._given += 1
            yield TrialTask((name,), spec, self._plan.metric)

    def watch(self, number: int) -> Monitor:
        """Return the monitor of a trial: it ends where its study says so, and all by the user."""
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
        if evaluation is not None:
            self._study.tell(proposal, evaluation)
        elif number in self._hopeless:
            self._study.prune(proposal, watch.epochs, time.perf_counter() - began)
        elif isinstance(error, Cancelled):
            raise error
        else:
            self._study.fail(proposal, str(error))

    def _report(self, progress: Progress) -> None:
        finished = len(self._study.trials())
        self._monitor.report(
            TeamProgress(
                progress.epoch,
                progress.epochs,
                done=finished / self._total,
                seconds=time.perf_counter() - self._began,
                fold=finished + 1,
                folds=self._total,
                workers=self._workers,
                finished=finished,
            )
        )
