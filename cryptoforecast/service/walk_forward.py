"""Walk-forward tests: a new fit for each of several spans, at once or in the background."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection

from cryptoforecast.cache import LruCache
from cryptoforecast.evaluation import backtest, walk_forward
from cryptoforecast.forecasting.baselines import BASELINES, HEAVY, QUICK
from cryptoforecast.jobs import Job
from cryptoforecast.learning import specs, training, training_cache
from cryptoforecast.service import effort
from cryptoforecast.service.backtests import REMEDY, forecast_bytes, missing_baselines
from cryptoforecast.service.heavy import OneHeavyFit
from cryptoforecast.service.memory import Memory
from cryptoforecast.service.training import Run, TrainingService, title
from cryptoforecast.types import (
    UNWATCHED,
    Backtest,
    ModelSpec,
    Monitor,
    PriceHistory,
    User,
    WalkForward,
    WalkPlan,
)

#: How the key of a walk-forward test begins.
KEY_PREFIX = "walk-"
#: Bytes of forecasts of walk-forward tests in memory.
MAX_BYTES = 64_000_000


class WalkForwardService:
    """Walk-forward tests of this process.

    Args:
        training: Trains the networks, and runs tests in the background.
        one_heavy: Lets one heavy baseline be fitted at a time.
        memory: Into which every test must fit.
        max_bytes: Bytes of forecasts to hold in memory, and as many of heavy baselines that were
            added to tests. The last test, and the baselines that were added last, stay whatever
            their size.
    """

    def __init__(
        self,
        training: TrainingService,
        one_heavy: OneHeavyFit,
        memory: Memory,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._training = training
        self._memory = memory
        self._one_heavy = one_heavy
        self._results: LruCache[WalkForward] = LruCache(
            max_bytes, lambda tested: forecast_bytes(tested.backtest)
        )
        # Heavy baselines alone. Those that were added to one test stay, however long it is.
        self._added: LruCache[Backtest] = LruCache(max_bytes, forecast_bytes, len(HEAVY))

    def run(
        self,
        history: PriceHistory,
        spec: ModelSpec,
        plan: WalkPlan,
        monitor: Monitor = UNWATCHED,
        *,
        use_cache: bool = True,
        baselines: Collection[str] = tuple(BASELINES),
    ) -> WalkForward:
        """Test on the last ``spec.test`` share, with a new fit for each fold.

        Args:
            history: ``n`` candles.
            spec: Settings of a network, or a baseline.
            plan: The folds.
            monitor: Follows the progress, and may stop the work.
            use_cache: Whether cached networks may be used.
            baselines: Names of the baselines to compare with.

        Raises:
            InvalidInput: If the settings, the plan or the prices are outside the rules, or the test
                can't fit into the memory.
            NotEnoughData: If a span of a fold would be too short.
            Cancelled: If the monitor stopped the work.
        """
        megabytes = _effort(history, spec, plan).megabytes
        self._memory.check("A test", megabytes, REMEDY)
        model_of = functools.partial(self._training.model_of, use_cache=use_cache)
        return walk_forward.run(history, spec, plan, monitor, model_of, baselines=baselines)

    def submit(
        self, history: PriceHistory, spec: ModelSpec, plan: WalkPlan, *, user: User
    ) -> Job[Run]:
        """Test a network in the background, compared with the quick baselines.

        ``result`` returns the finished test. The job's own result holds the last fold's network.

        Args:
            history: ``n`` candles.
            spec: Settings of the network.
            plan: The folds.
            user: Who waits for the test.

        Raises:
            InvalidInput: If the settings, the plan or the prices are outside the rules, the test
                would take too long or too much memory, the queue is full, or too many trainings
                of this user wait.
            NotEnoughData: If a span of a fold would be too short.
        """
        walk_forward.check_all(history, spec, plan)
        training.check(history, spec)
        key = self.key(history, spec, plan)
        self._training.check_effort(key, _effort(history, spec, plan), user)
        if self.result(key) is None:
            self._training.jobs.forget(key)  # the finished test was dropped from memory

        def work(monitor: Monitor) -> Run:
            tested = self.run(history, spec, plan, monitor, baselines=QUICK)
            self._results.put(key, tested)
            models = [fold.model for fold in tested.folds if fold.model is not None]
            return Run(key, history, models[-1], tested.backtest.cached)

        name = f"{title(history, spec)} in {plan.folds} folds"
        return self._training.jobs.submit(key, name, work, user=user)

    def expected(self, history: PriceHistory, spec: ModelSpec, plan: WalkPlan) -> effort.Effort:
        """Estimate what a test of a network takes on this machine, if no fold is in the cache.

        Args:
            history: ``n`` candles.
            spec: Settings of the network.
            plan: The folds.
        """
        whole = _effort(history, spec, plan)
        return dataclasses.replace(whole, seconds=whole.seconds * self._training.pace.factor)

    def key(self, history: PriceHistory, spec: ModelSpec, plan: WalkPlan) -> str:
        """Name a walk-forward test by all that shapes it."""
        return KEY_PREFIX + training_cache.key(history, spec, dataclasses.asdict(plan))

    def result(self, key: str) -> WalkForward | None:
        """Return a finished test by its key, or ``None`` where it is not in memory."""
        return self._results.get(key)

    def of_baseline(self, history: PriceHistory, spec: ModelSpec, plan: WalkPlan) -> WalkForward:
        """Test a baseline, compared with the quick baselines.

        Raises:
            InvalidInput: If the settings or the plan are outside the rules, the test can't fit into
                the memory, or too many heavy fits wait.
            NotEnoughData: If a span of a fold would be too short.
        """
        key = self.key(history, spec, plan)
        return self._results.get_or_make(
            key, lambda: self._fit_baseline(history, spec, plan, QUICK)
        )

    def with_all_baselines(self, tested: WalkForward) -> WalkForward:
        """Return a test with the heavy baselines added, which takes some seconds."""
        result = tested.backtest
        for key, spec, plan in self._missing(tested):
            make = functools.partial(self._alone, result.history, spec, plan)
            other = self._finished(key) or self._added.get_or_make(key, make)
            result = backtest.with_baselines(result, other)
        return dataclasses.replace(tested, backtest=result)

    def with_finished_baselines(self, tested: WalkForward) -> WalkForward:
        """Return a test with those heavy baselines added that are in memory."""
        result = tested.backtest
        for key, _, _ in self._missing(tested):
            other = self._finished(key)
            if other is not None:
                result = backtest.with_baselines(result, other)
        return dataclasses.replace(tested, backtest=result)

    def _finished(self, key: str) -> Backtest | None:
        """Return the test of a heavy baseline if it is in memory, alone or beside others."""
        alone, whole = self._added.get(key), self._results.get(key)
        return alone or (None if whole is None else whole.backtest)

    def _alone(self, history: PriceHistory, spec: ModelSpec, plan: WalkPlan) -> Backtest:
        """Return the test of a heavy baseline with its own forecast alone."""
        return backtest.alone(self._fit_baseline(history, spec, plan, ()).backtest)

    def _fit_baseline(
        self, history: PriceHistory, spec: ModelSpec, plan: WalkPlan, baselines: Collection[str]
    ) -> WalkForward:
        """Test a baseline beside others; one heavy one at a time."""
        with self._one_heavy.of(spec.network, len(history), spec.horizon):
            return self.run(history, spec, plan, baselines=baselines)

    def _missing(self, tested: WalkForward) -> list[tuple[str, ModelSpec, WalkPlan]]:
        """Return key, settings and plan of the heavy baselines that a test lacks."""
        plan = dataclasses.replace(tested.plan, warm_start=False)
        history = tested.backtest.history
        return [
            (self.key(history, spec, plan), spec, plan)
            for spec in missing_baselines(tested.backtest)
        ]


def _effort(history: PriceHistory, spec: ModelSpec, plan: WalkPlan) -> effort.Effort:
    """Estimate what a test takes: the fits of a network, and the forecasts of all folds."""
    one = effort.Effort(0, 0)
    if specs.is_network(spec):
        one = effort.of_training(spec, len(history))
    fits = 1 + (plan.folds - 1) * (walk_forward.WARM_SHARE if plan.warm_start else 1)
    origins = round(len(history) * spec.test)
    forecasts = effort.megabytes_of_test(origins, spec.horizon, effort.predictors(spec))
    return effort.Effort(one.seconds * fits, one.megabytes + forecasts)


def is_walk_forward(key: str) -> bool:
    """Return whether a key of background work names a walk-forward test."""
    return key.startswith(KEY_PREFIX)
