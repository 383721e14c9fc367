"""Networks: trained at once or in the background, and each only once."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pandas as pd

from cryptoforecast.errors import CryptoForecastError, InvalidInput
from cryptoforecast.jobs import Job, Runner
from cryptoforecast.learning import global_training, networks, samples, training, training_cache
from cryptoforecast.service import effort
from cryptoforecast.service.memory import Memory
from cryptoforecast.settings import Settings
from cryptoforecast.types import (
    UNWATCHED,
    ModelSpec,
    Monitor,
    PriceHistory,
    Progress,
    Split,
    TrainedModel,
    User,
)
from cryptoforecast.types.durations import span_text

#: A training is refused if it is estimated to take more than so many times as long as it may. Below
#: that it may succeed, and is ended when its time is over.
CLEARLY = 1.5
_REMEDY = "Choose fewer candles, a smaller batch, lookback or horizon, or a smaller network."


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """A finished training.

    Attributes:
        key: Names the training by its prices and settings.
        history: The prices that it was requested for.
        model: The trained network.
        cached: Whether the network came from the training cache.
    """

    key: str
    history: PriceHistory
    model: TrainedModel
    cached: bool


class TrainingService:
    """Trainings of this process, one at a time in the background.

    Args:
        settings: Where trained networks are cached, how many trainings may wait in the queue, and
            how long one may take.
        memory: Into which every training must fit.

    Attributes:
        jobs: Background work: trainings, tests, ablations, searches and renewals.
        pace: How fast this machine trains.
    """

    def __init__(self, settings: Settings, memory: Memory) -> None:
        self.pace = effort.Pace()
        self._memory = memory
        self._preloading = False
        self._seconds = 60 * settings.training_minutes
        self.jobs: Runner[Run] = Runner(
            settings.jobs, waiting=settings.waiting, seconds=self._seconds
        )
        self.cache = training_cache.TrainingCache(
            settings.home / "results", settings.cached_trainings
        )

    def train(
        self,
        history: PriceHistory,
        spec: ModelSpec,
        monitor: Monitor = UNWATCHED,
        *,
        use_cache: bool = True,
    ) -> Run:
        """Train a network, or return the one that was trained before on the same prices.

        Args:
            history: ``n`` candles.
            spec: Settings of the network.
            monitor: Follows the progress, and may stop the work.
            use_cache: Whether a cached network may be returned.

        Raises:
            InvalidInput: If the settings or the prices are outside the rules.
            NotEnoughData: If a span of the split would be too short.
            Cancelled: If the monitor stopped the work.
        """
        key = training_cache.key(history, spec)
        make = functools.partial(self._train, history, spec, monitor)
        model, cached = self.model_of(key, make, use_cache=use_cache)
        return Run(key, history, model, cached)

    def _train(self, history: PriceHistory, spec: ModelSpec, monitor: Monitor) -> TrainedModel:
        training.check(history, spec)
        expected = effort.of_training(spec, len(history))
        self._check_memory(expected.megabytes)
        with self._measured(expected.seconds, monitor) as measured:
            return training.train(history, spec, measured)

    def fit(
        self,
        history: PriceHistory,
        spec: ModelSpec,
        cut: Split,
        monitor: Monitor = UNWATCHED,
        initial: TrainedModel | None = None,
    ) -> TrainedModel:
        """Train a network on a split of its own; nothing is cached.

        Args:
            history: ``n`` candles in one unit.
            spec: Settings of the network.
            cut: The split, whose spans are long enough.
            monitor: Follows the progress, and may stop the work.
            initial: A model of the same shape, from whose weights the training starts.

        Raises:
            InvalidInput: If the settings or the prices are outside the rules.
            Cancelled: If the monitor stopped the work.
        """
        training.check(history, spec, cut)
        expected = effort.of_training(spec, len(history))
        self._check_memory(expected.megabytes)
        past = dataclasses.replace(history, candles=history.candles.iloc[: cut.fit_end])
        raw = samples.raw_samples(past, spec)
        with self._measured(expected.seconds, monitor) as measured:
            return training.fit(history, spec, cut, raw, measured, initial)

    def fit_global(
        self,
        histories: Sequence[PriceHistory],
        spec: ModelSpec,
        until: pd.Timestamp,
        monitor: Monitor = UNWATCHED,
        initial: TrainedModel | None = None,
    ) -> TrainedModel:
        """Train one network on several coins; see ``global_training.train``. Nothing is cached.

        Raises:
            InvalidInput: If the settings or the prices are outside the rules.
            NotEnoughData: If there are too few candles.
            Cancelled: If the monitor stopped the work.
        """
        global_training.check(histories, spec)
        expected = effort.of_training(spec, sum(map(len, histories)))
        self._check_memory(expected.megabytes)
        with self._measured(expected.seconds, monitor) as measured:
            return global_training.train(histories, spec, until, measured, initial)

    def submit(self, history: PriceHistory, spec: ModelSpec, *, user: User) -> Job[Run]:
        """Train in the background; a second request for the same training joins the same job.

        Args:
            history: ``n`` candles.
            spec: Settings of the network.
            user: Who waits for the network.

        Raises:
            InvalidInput: If the settings or the prices are outside the rules, the training would
                take too long or too much memory, the queue is full, or too many trainings of this
                user wait.
            NotEnoughData: If a span of the split would be too short.
        """
        training.check(history, spec)

        def work(monitor: Monitor) -> Run:
            return self.train(history, spec, monitor)

        key = training_cache.key(history, spec)
        if self.cache.get(key) is None:
            self.check_effort(key, effort.of_training(spec, len(history)), user)
        return self.jobs.submit(key, title(history, spec), work, user=user)

    def check_effort(self, key: str, expected: effort.Effort, user: User) -> None:
        """Refuse background work that would take too long or too much memory.

        Work that waits, runs or is done already is never refused.

        Args:
            key: Names the work.
            expected: What it takes, on a machine as fast as that of the constants.
            user: Who waits for it. The limit of time does not bind the owner.

        Raises:
            InvalidInput: If it would.
        """
        job = self.job(key)
        if job is not None and (job.active or job.state == "done"):
            return
        self._check_memory(expected.megabytes)
        seconds = expected.seconds * self.pace.factor
        if not user.owner and seconds > CLEARLY * self._seconds:
            raise InvalidInput(
                f"A training may take {_in_words(self._seconds)} on this server. Received: one "
                f"that would take about {_in_words(seconds)}. Choose fewer epochs, fewer candles, "
                "larger batches or a smaller network, or train on your own machine."
            )

    def _check_memory(self, megabytes: float) -> None:
        """Refuse a training that can't fit; the first one also loads TensorFlow."""
        loading = 0 if "tensorflow" in sys.modules else effort.TENSORFLOW
        self._memory.check("A training", megabytes + loading, _REMEDY)

    @contextmanager
    def _measured(self, seconds: float, monitor: Monitor) -> Iterator[Monitor]:
        """Give a monitor that follows a training, and learn from it how fast this machine is.

        Args:
            seconds: What the whole training was estimated to take.
            monitor: To which the progress is passed on.
        """
        first: Progress | None = None
        last: Progress | None = None

        def report(progress: Progress) -> None:
            nonlocal first, last
            first, last = first or progress, progress
            monitor.report(progress)

        try:
            yield Monitor(report, monitor.cancelled)
        finally:
            if first is not None and last is not None:
                done = last.done - first.done
                self.pace.learn(seconds * done, last.seconds - first.seconds)

    def expected(self, history: PriceHistory, spec: ModelSpec) -> effort.Effort:
        """Estimate what a training takes on this machine.

        Args:
            history: ``n`` candles.
            spec: Settings of the network.
        """
        expected = effort.of_training(spec, len(history))
        return dataclasses.replace(expected, seconds=expected.seconds * self.pace.factor)

    def preload(self) -> None:
        """Begin to load TensorFlow in the background, where it fits into memory."""
        if "tensorflow" in sys.modules or self._preloading:
            return
        with contextlib.suppress(CryptoForecastError):
            self._check_memory(0.0)
            self._preloading = True
            threading.Thread(target=networks.load, name="preload-tensorflow", daemon=True).start()

    def join(self, key: str, *, user: User) -> None:
        """Let a user wait for background work that someone else has started."""
        self.jobs.join(key, user=user)

    def cancel(self, key: str, *, user: User, for_all: bool = False) -> None:
        """Let a user no longer wait for background work; see ``Runner.cancel``.

        Raises:
            NotAllowed: If someone else than the owner wants to end it for all.
        """
        self.jobs.cancel(key, user=user, for_all=for_all)

    def job(self, key: str) -> Job[Run] | None:
        """Return background work by its key, or ``None`` once it is forgotten."""
        return self.jobs.get(key)

    def queue_position(self, job: Job[Run]) -> int:
        """Count the jobs that run or wait before this one."""
        return self.jobs.queue_position(job)

    def model(self, key: str) -> TrainedModel | None:
        """Return a trained network by the key of its training, or ``None`` if it is gone."""
        job = self.job(key)
        if job is not None and job.result is not None:
            return job.result.model
        return self.cache.get(key) if training_cache.is_key(key) else None

    def model_of(
        self, key: str, make: Callable[[], TrainedModel], *, use_cache: bool = True
    ) -> tuple[TrainedModel, bool]:
        """Return the cached network of a key, or make one and cache it.

        Args:
            key: Names the training.
            make: Trains the network.
            use_cache: Whether a cached network may be returned.

        Returns:
            The network, and whether it came from the cache.
        """
        cached = self.cache.get(key) if use_cache else None
        if cached is not None:
            return cached, True
        model = make()
        self.cache.put(key, model)
        return model, False


def title(history: PriceHistory, spec: ModelSpec) -> str:
    """Describe a training in a few words, such as "LSTM for BTC 1h"."""
    kind = "LSTM" if spec.network == "lstm" else "Dense network"
    return f"{kind} for {history.coin} {history.interval}"


def _in_words(seconds: float) -> str:
    return span_text(pd.Timedelta(seconds, "s"), close=True)
