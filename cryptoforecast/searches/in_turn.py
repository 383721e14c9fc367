"""The trainings of a search: those of one stage do not depend on each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptoforecast.errors import Cancelled, CryptoForecastError
from cryptoforecast.evaluation.parts import Fit as Train
from cryptoforecast.evaluation.parts import part
from cryptoforecast.searches import objective, trials
from cryptoforecast.searches.objective import Evaluation, Fit
from cryptoforecast.searches.space import Make
from cryptoforecast.searches.study import Study
from cryptoforecast.searches.trials import Unit
from cryptoforecast.types import ModelSpec, Monitor, PriceHistory, SearchPlan, TrainedModel


@dataclass(frozen=True)
class Stage:
    """A part of a search, whose trainings are numbered on from those of the parts before.

    Attributes:
        monitor: Follows the whole search, and may stop it.
        first: Trainings before this stage.
        total: Trainings of the whole search, at most.
        began: When the search began, by ``time.perf_counter``.
    """

    monitor: Monitor
    first: int
    total: int
    began: float

    def training(self, number: int) -> Monitor:
        """Return the monitor of one training, by its number in the stage, from 0."""
        return part(self.monitor, min(self.first + number, self.total - 1), self.total, self.began)


class Trainings(Protocol):
    """How the trainings of a search are done: one after the other, or by workers."""

    def trials(
        self,
        study: Study,
        make: Make,
        unit: Unit,
        plan: SearchPlan,
        monitor: Monitor,
        total: int,
    ) -> None:
        """Try settings; see ``trials.run``."""
        ...

    def evaluate(
        self, several: Sequence[ModelSpec], metric: str, stage: Stage
    ) -> list[Evaluation | CryptoForecastError]:
        """Say what trainings are worth on the validation rows, or why they failed.

        Args:
            several: Settings of each training.
            metric: The loss that measures a training.
            stage: The part of the search.

        Raises:
            Cancelled: If the monitor stopped the work.
            WorkersUnavailable: If workers are lost or refused.
        """
        ...

    def train(self, several: Sequence[ModelSpec], stage: Stage) -> list[TrainedModel]:
        """Train networks on the whole history, its test rows left aside.

        Args:
            several: Settings of each network.
            stage: The part of the search.

        Raises:
            CryptoForecastError: If one can't be trained, or the monitor stopped the work.
        """
        ...


class InTurn:
    """Trains one network after the other, in this process; see ``Trainings``.

    Args:
        history: ``n`` candles. Trials and finalists see no row of the test span.
        fit: Trains a network on a split of its own.
        train: Trains a network on the history, its test rows left aside.
    """

    def __init__(self, history: PriceHistory, fit: Fit, train: Train) -> None:
        self._history, self._fit, self._train = history, fit, train

    def trials(
        self,
        study: Study,
        make: Make,
        unit: Unit,
        plan: SearchPlan,
        monitor: Monitor,
        total: int,
    ) -> None:
        """Try settings one after another; see ``trials.run``."""

        def evaluate(spec: ModelSpec, watched: Monitor) -> Evaluation:
            return self._evaluate(spec, plan.metric, watched)

        trials.run(study, make, evaluate, unit, plan, monitor, total)

    def evaluate(
        self, several: Sequence[ModelSpec], metric: str, stage: Stage
    ) -> list[Evaluation | CryptoForecastError]:
        """Say what trainings are worth on the validation rows; see ``Trainings.evaluate``."""
        results: list[Evaluation | CryptoForecastError] = []
        for number, spec in enumerate(several):
            try:
                results.append(self._evaluate(spec, metric, stage.training(number)))
            except Cancelled:
                raise
            except CryptoForecastError as error:
                results.append(error)
        return results

    def train(self, several: Sequence[ModelSpec], stage: Stage) -> list[TrainedModel]:
        """Train networks on the whole history; see ``Trainings.train``."""
        return [self._train(spec, stage.training(i)) for i, spec in enumerate(several)]

    def _evaluate(self, spec: ModelSpec, metric: str, monitor: Monitor) -> Evaluation:
        before = objective.past(self._history, spec)
        return objective.evaluate(before, spec, metric, self._fit, monitor)
