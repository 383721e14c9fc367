"""Backtests of one fit: of networks, saved models and baselines, each computed once."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Hashable, Iterable, Mapping

import pandas as pd

from cryptoforecast.cache import LruCache, LruCaches
from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.evaluation import backtest, judgement
from cryptoforecast.evaluation.analyses import Analyses
from cryptoforecast.evaluation.diagnostics import why_no_free_run
from cryptoforecast.evaluation.judgement import contest
from cryptoforecast.evaluation.side_by_side import REFERENCE, on_coins, side_by_side
from cryptoforecast.forecasting.baselines import HEAVY, QUICK
from cryptoforecast.learning import samples, specs
from cryptoforecast.service import choices, effort, keys
from cryptoforecast.service.heavy import OneHeavyFit
from cryptoforecast.service.memory import Memory
from cryptoforecast.service.training import TrainingService
from cryptoforecast.types import (
    UNWATCHED,
    Backtest,
    CoinTest,
    Judgement,
    ModelSpec,
    Monitor,
    PriceHistory,
    TrainedModel,
    Verdict,
)

__all__ = [
    "BacktestService",
    "contest",
    "forecast_bytes",
    "judge",
    "missing_baselines",
    "why_no_free_run",
]

#: What the user can do about a test that needs too much memory.
REMEDY = "Choose fewer or longer candles, or a model with a shorter horizon."
#: Bytes of forecasts of backtests in memory.
MAX_BYTES = 64_000_000
#: Saved models, or coins, that are compared at once.
MIN_COMPARED, MAX_COMPARED = 2, 4
# A page judges the same tests again whenever it is drawn, and the bootstrap takes long.
_judgements: LruCaches[Judgement] = LruCaches(2)


class BacktestService:
    """Tests on the last share of a history, with the quick baselines beside.

    The heavy baselines, which take some seconds, are added by ``with_all_baselines``.

    Args:
        training: Trains the networks that are tested.
        one_heavy: Lets one heavy baseline be fitted at a time.
        memory: Into which every test must fit.
        max_bytes: Bytes of forecasts to hold in memory, and as many of heavy baselines that were
            added to tests. The last test, and the baselines that were added last, stay whatever
            their size.

    Attributes:
        analyses: Leaderboards and diagnostics of backtests.
    """

    def __init__(
        self,
        training: TrainingService,
        one_heavy: OneHeavyFit,
        memory: Memory,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.analyses = Analyses()
        self._memory = memory
        self._training = training
        self._one_heavy = one_heavy
        self._results: LruCache[Backtest] = LruCache(max_bytes, forecast_bytes)
        # Heavy baselines alone. Those that were added to one test stay, however long it is.
        self._added: LruCache[Backtest] = LruCache(max_bytes, forecast_bytes, len(HEAVY))

    def run(
        self,
        history: PriceHistory,
        spec: ModelSpec,
        monitor: Monitor = UNWATCHED,
        *,
        use_cache: bool = True,
    ) -> Backtest:
        """Test a network or a baseline on the last ``spec.test`` share of a history.

        Args:
            history: ``n`` candles.
            spec: Settings of a network, which is trained first, or a baseline.
            monitor: Follows the progress, and may stop the work.
            use_cache: Whether a cached network may be used.

        Raises:
            InvalidInput: If the settings or the prices are outside the rules.
            NotEnoughData: If a span of the split would be too short.
            Cancelled: If the monitor stopped the work.
        """
        if not specs.is_network(spec):
            return self._of_baseline(history, spec)
        run = self._training.train(history, spec, monitor, use_cache=use_cache)
        return self.of_trained(history, run.model, cached=run.cached)

    def of_baseline(self, history: PriceHistory, name: str, horizon: int) -> Backtest:
        """Test a baseline against the last price.

        Args:
            history: ``n`` candles.
            name: Name of the baseline.
            horizon: Steps to forecast.

        Raises:
            InvalidInput: If the horizon or the prices are outside the rules, the test can't fit
                into the memory, or too many heavy fits wait.
            NotEnoughData: If a span of the split would be too short.
        """
        return self._of_baseline(history, specs.make(network=name, horizon=horizon))

    def of_trained(
        self, history: PriceHistory, model: TrainedModel, *, cached: bool = False
    ) -> Backtest:
        """Test a network on the history that it was trained on.

        Args:
            history: The history that it was trained on.
            model: The network.
            cached: Whether it came from the training cache.

        Raises:
            InvalidInput: If the test can't fit into the memory.
        """
        key = (keys.of_prices(history), keys.of_model(model), "own")
        make = functools.partial(backtest.holdout, history, model.spec, model, baselines=QUICK)
        result = self._result(self._results, key, history, make, model.spec)
        return dataclasses.replace(result, cached=cached)

    def of_saved(
        self,
        history: PriceHistory,
        model: TrainedModel,
        test: float | None = None,
        validation: float | None = None,
        since: pd.Timestamp | None = None,
    ) -> Backtest:
        """Test a saved model on any history, with its weights as they are.

        Args:
            history: ``n`` candles.
            model: The saved model.
            test: Share of rows to test on, the last ones; 0.2 by default, at most 0.95.
            validation: Share of rows before those, on which the band is measured.
            since: Test on all rows from this time on, UTC, in place of ``test``; see
                ``choices.parse_since``.

        Raises:
            InvalidInput: If a share is outside the rules, both ``test`` and ``since`` are given, or
                the test can't fit into the memory.
            NotEnoughData: If a span of the split would be too short.
        """
        key = (keys.of_prices(history), keys.of_model(model), test, validation, since)
        make = functools.partial(
            backtest.saved, history, model, test, validation, since=since, baselines=QUICK
        )
        tested = backtest.DEFAULT_TEST if test is None else test
        if since is not None:
            tested = float((history.candles.index >= since).mean())
        spec = dataclasses.replace(model.spec, test=tested)
        return self._result(self._results, key, history, make, spec)

    def side_by_side(self, history: PriceHistory, models: Mapping[str, TrainedModel]) -> Backtest:
        """Compare saved models on the last fifth of a history, or on what is new to all of them.

        Args:
            history: ``n`` candles.
            models: Two to four networks by name.

        Returns:
            A test with the last price and the networks alone; see ``evaluation.side_by_side``.

        Raises:
            InvalidInput: If there are fewer than two or more than four, one is named as the last
                price is, or one reads candles of another length.
            NotEnoughData: If a span of the split would be too short.
        """
        if not MIN_COMPARED <= len(models) <= MAX_COMPARED or REFERENCE in models:
            raise InvalidInput(
                f"{MIN_COMPARED} to {MAX_COMPARED} saved models can be compared at once, none of "
                f"them named {REFERENCE}. Received: {', '.join(models) or 'none'}."
            )
        intervals = {model.card.interval for model in models.values()}
        if intervals != {history.interval}:
            raise InvalidInput(
                "Models are compared on the same prices, so all must read candles of one length. "
                f"Received: {', '.join(sorted(intervals))}. Choose others."
            )
        since = _since(history, models.values())

        def make() -> Backtest:
            return side_by_side(
                {name: self.of_saved(history, one, since=since) for name, one in models.items()}
            )

        named = tuple((name, keys.of_model(one)) for name, one in models.items())
        return self._results.get_or_make((keys.of_prices(history), named), make)

    def on_coins(self, model: TrainedModel, histories: Mapping[str, PriceHistory]) -> CoinTest:
        """Compare a saved model on several coins, on the last fifth or on what is new to it.

        Args:
            model: The network.
            histories: Prices of two to four coins, by coin.

        Returns:
            The network alone on all of them; see ``evaluation.side_by_side``.

        Raises:
            InvalidInput: If there are fewer than two or more than four coins, or candles of another
                length.
            NotEnoughData: If a span of the split would be too short.
        """
        if not MIN_COMPARED <= len(histories) <= MAX_COMPARED:
            raise InvalidInput(
                f"{MIN_COMPARED} to {MAX_COMPARED} coins can be compared at once. Received: "
                f"{', '.join(histories) or 'none'}."
            )
        intervals = {history.interval for history in histories.values()}
        if intervals != {model.card.interval}:
            raise InvalidInput(
                f"This model reads {model.card.interval} candles. Received: "
                f"{', '.join(sorted(intervals))}. Choose others."
            )
        starts = [_since(history, [model]) for history in histories.values()]
        since = max((start for start in starts if start is not None), default=None)
        return on_coins(
            {
                coin: self.of_saved(history, model, since=since)
                for coin, history in histories.items()
            }
        )

    def verdict(self, history: PriceHistory, model: TrainedModel, predictor: str) -> Verdict | None:
        """Return the verdict on a saved model's stack, or on one of its members, by its name.

        Returns:
            ``None`` where the prices are too few for a test.
        """
        result = self.last_test(history, model, predictor)
        return None if result is None else result.verdicts[predictor]

    def last_test(
        self, history: PriceHistory, model: TrainedModel, predictor: str
    ) -> Backtest | None:
        """Return the test of a saved model's stack, or of one of its members, on the last fifth.

        Returns:
            ``None`` where the prices are too few for a test.
        """
        try:
            result = self.of_saved(history, model)
            if predictor not in result.verdicts:
                result = self.of_baseline(history, predictor, model.spec.horizon)
        except NotEnoughData:
            return None
        return result

    def with_all_baselines(self, result: Backtest) -> Backtest:
        """Return a backtest with the heavy baselines added, which takes some seconds."""
        for spec in missing_baselines(result):
            result = backtest.with_baselines(result, self._alone(result.history, spec))
        return result

    def with_finished_baselines(self, result: Backtest) -> Backtest:
        """Return a backtest with those heavy baselines added that are in memory."""
        for spec in missing_baselines(result):
            key = keys.of_baseline(result.history, spec)
            other = self._added.get(key) or self._results.get(key)
            if other is not None:
                result = backtest.with_baselines(result, other)
        return result

    def _of_baseline(self, history: PriceHistory, spec: ModelSpec) -> Backtest:
        key = keys.of_baseline(history, spec)
        added = self._added.get(key)
        if added is None:
            make = functools.partial(backtest.holdout, history, spec, baselines=QUICK)
            result = self._result(self._results, key, history, make, spec)
        else:
            quick = dataclasses.replace(spec, network=QUICK[0])
            make = functools.partial(_beside, history, quick, added)
            result = self._result(self._results, key, history, make, quick)
        return dataclasses.replace(result, spec=spec)

    def _alone(self, history: PriceHistory, spec: ModelSpec) -> Backtest:
        """Return the test of a heavy baseline with its own forecast alone."""
        key = keys.of_baseline(history, spec)
        whole = self._results.get(key)
        if whole is not None:
            self._added.get_or_make(key, functools.partial(backtest.alone, whole))

        def make() -> Backtest:
            return backtest.alone(backtest.holdout(history, spec, baselines=()))

        return self._result(self._added, key, history, make, spec)

    def _result(
        self,
        results: LruCache[Backtest],
        key: Hashable,
        history: PriceHistory,
        make: Callable[[], Backtest],
        spec: ModelSpec,
    ) -> Backtest:
        """Return the backtest of a key, with the given prices in place of the cached ones.

        Raises:
            InvalidInput: If it can't fit into the memory, or too many heavy fits wait.
        """
        origins = round(len(history) * spec.test)
        megabytes = effort.megabytes_of_test(origins, spec.horizon, effort.predictors(spec))

        def within_bounds() -> Backtest:
            with (
                self._one_heavy.of(spec.network, len(history), spec.horizon),
                self._memory.reserved("A test", megabytes, REMEDY),
            ):
                return make()

        result = results.get_or_make(key, within_bounds)
        return dataclasses.replace(result, history=samples.in_one_unit(history))


def _beside(history: PriceHistory, quick: ModelSpec, added: Backtest) -> Backtest:
    """Test the quick baselines beside a heavy one whose forecasts are there already.

    Args:
        history: ``n`` candles.
        quick: Settings of a quick baseline.
        added: The test of the heavy baseline alone.
    """
    result = backtest.holdout(history, quick, baselines=QUICK)
    forecasts = {**result.forecasts, **added.forecasts}
    return backtest.evaluate(result.history, forecasts, result.split, added.spec)


def _since(history: PriceHistory, models: Iterable[TrainedModel]) -> pd.Timestamp | None:
    """Return the time from which models are compared; ``None`` if the last fifth is new to all."""
    unseen = max(choices.since_training(history, model) for model in models)
    fifth = history.candles.index[samples.first_of_test(len(history), backtest.DEFAULT_TEST)]
    return unseen if unseen > fifth else None


def judge(result: Backtest, predictor: str | None = None) -> Judgement:
    """Judge the forecasts of one predictor of a test once; see ``evaluation.judgement.judge``."""
    name = predictor or result.predictor
    make = functools.partial(judgement.judge, result, name)
    return _judgements.of(result.forecasts[name]).get_or_make(result.seen, make)


def missing_baselines(result: Backtest) -> list[ModelSpec]:
    """Return the settings that test the heavy baselines which a backtest lacks."""
    missing = [name for name in HEAVY if name not in result.forecasts]
    return [dataclasses.replace(result.spec, network=name) for name in missing]


def forecast_bytes(result: Backtest) -> int:
    """Estimate the memory that the forecasts of a backtest take, in bytes."""
    return sum(
        forecast.quantiles.size * 8 + forecast.predicted.size * 16
        for forecast in result.forecasts.values()
    )
