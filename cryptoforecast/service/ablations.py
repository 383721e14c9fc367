"""Ablations: trainings with and without some inputs, at once or in the background."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence

from cryptoforecast.cache import LruCache
from cryptoforecast.evaluation import ablation, parts
from cryptoforecast.evaluation.ablation import MAX_SEEDS, MIN_SEEDS, SEEDS, check
from cryptoforecast.jobs import Job
from cryptoforecast.learning import training, training_cache
from cryptoforecast.service import effort
from cryptoforecast.service.training import Run, TrainingService, title
from cryptoforecast.service.workers import Engine, WorkerService
from cryptoforecast.types import (
    UNWATCHED,
    Ablation,
    ModelSpec,
    Monitor,
    PriceHistory,
    TrainedModel,
    User,
)

__all__ = ["MAX_SEEDS", "MIN_SEEDS", "SEEDS", "AblationService", "check", "is_ablation"]

#: How the key of an ablation begins.
KEY_PREFIX = "ablation-"
#: Results in memory; each has a few numbers.
MAX_RESULTS = 200


class AblationService:
    """Tests of whether inputs help.

    Args:
        training: Trains the networks, each only once, and runs tests in the background.
        workers: Gives the trainings to workers.
    """

    def __init__(self, training: TrainingService, workers: WorkerService) -> None:
        self._training, self._workers = training, workers
        self._results: LruCache[Ablation] = LruCache(MAX_RESULTS)

    def run(
        self,
        history: PriceHistory,
        spec: ModelSpec,
        inputs: Collection[str],
        seeds: int = SEEDS,
        monitor: Monitor = UNWATCHED,
        *,
        use_cache: bool = True,
        engine: Engine | None = None,
    ) -> Ablation:
        """Compare a network with and without some of its inputs; see ``evaluation.ablation``.

        Args:
            history: ``n`` candles, with the signals that the network reads.
            spec: The network with the inputs.
            inputs: The inputs to leave out.
            seeds: Trainings of each model.
            monitor: Follows the progress, and may stop the work.
            use_cache: Whether cached networks may be used.
            engine: Has the workers; ``None`` to train one after the other, here.

        Raises:
            InvalidInput: If the settings, the inputs or the prices are outside the rules.
            NotEnoughData: If a span of the split would be too short.
            Cancelled: If the monitor stopped the work.
            WorkersUnavailable: If workers are lost or refused.
        """
        if engine is None:
            fit_all = parts.in_turn(functools.partial(self._fit, history, use_cache))
        else:
            fit_all = functools.partial(self._by_workers, history, use_cache, engine)
        return ablation.run(history, spec, inputs, fit_all, seeds, monitor)

    def submit(
        self, history: PriceHistory, spec: ModelSpec, inputs: Collection[str], *, user: User
    ) -> Job[Run]:
        """Compare in the background, with the usual number of seeds; see ``result``.

        Raises:
            InvalidInput: If the settings, the inputs or the prices are outside the rules, the
                trainings would take too long or too much memory, the queue is full, or too many
                trainings of this user wait.
            NotEnoughData: If a span of the split would be too short.
        """
        check(spec, inputs)
        training.check(history, spec)
        key = self.key(history, spec, inputs)
        one = effort.of_training(spec, len(history))
        whole = effort.Effort(2 * SEEDS * one.seconds, one.megabytes)
        self._training.check_effort(key, whole, user)
        if self.result(key) is None:
            self._training.jobs.forget(key)  # the finished test was dropped from memory

        def work(monitor: Monitor) -> Run:
            self._results.put(key, self.run(history, spec, inputs, monitor=monitor))
            return Run(key, history, self._fit(history, True, spec, monitor), True)

        name = f"{title(history, spec)}, with and without"
        return self._training.jobs.submit(key, name, work, user=user)

    def key(self, history: PriceHistory, spec: ModelSpec, inputs: Collection[str]) -> str:
        """Name an ablation by all that shapes it."""
        return KEY_PREFIX + training_cache.key(history, spec, sorted(inputs), SEEDS)

    def result(self, key: str) -> Ablation | None:
        """Return a finished ablation by its key, or ``None`` where it is not in memory."""
        return self._results.get(key)

    def _fit(
        self, history: PriceHistory, use_cache: bool, spec: ModelSpec, monitor: Monitor
    ) -> TrainedModel:
        return self._training.train(history, spec, monitor, use_cache=use_cache).model

    def _by_workers(
        self,
        history: PriceHistory,
        use_cache: bool,
        engine: Engine,
        several: Sequence[ModelSpec],
        monitor: Monitor,
    ) -> list[TrainedModel]:
        return self._workers.fit_all(history, several, engine, monitor, use_cache=use_cache)


def is_ablation(key: str) -> bool:
    """Return whether a key of background work names an ablation."""
    return key.startswith(KEY_PREFIX)
