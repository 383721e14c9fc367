"""The tasks: a training, a fold of a test, a global model, its test on a coin left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptoforecast.evaluation import left_out, walk_folds
from cryptoforecast.evaluation.coin_board import CoinLosses
from cryptoforecast.evaluation.walk_folds import FoldForecasts, FoldSpan
from cryptoforecast.learning import global_training, samples, specs, training
from cryptoforecast.types import ModelSpec, Monitor, Scores, TrainedModel
from cryptoforecast.workers.task import Histories


@dataclass(frozen=True, eq=False)
class NetworkTask:
    """Train a network on a history, its test rows left aside.

    Attributes:
        prices: Name of the prices, in a tuple.
        spec: Settings of the network.
    """

    prices: tuple[str, ...]
    spec: ModelSpec

    @property
    def effort(self) -> float:
        """Epochs; all networks of a run learn from the same prices."""
        return float(self.spec.epochs * self.spec.ensemble)

    def run(self, histories: Histories, monitor: Monitor) -> TrainedModel:
        """Train; see ``Task.run``."""
        history = histories[self.prices[0]]
        training.check(history, self.spec)
        return training.train(history, self.spec, monitor)


@dataclass(frozen=True, eq=False)
class FoldTask:
    """Fit a network on the rows before a span, and test it and the baselines on the span.

    Attributes:
        prices: Name of the prices, in a tuple.
        spec: Settings of the network or baseline.
        span: The fold.
        baselines: Names of the baselines to compare with.
        model: The network, if it was fitted before; ``None`` to fit it, or for a baseline.
    """

    prices: tuple[str, ...]
    spec: ModelSpec
    span: FoldSpan
    baselines: tuple[str, ...]
    model: TrainedModel | None = None

    @property
    def effort(self) -> float:
        """Epochs times the rows of an epoch, or the rows alone where nothing is fitted."""
        rows = self.span.split.fit_end - self.span.split.first
        fit = specs.is_network(self.spec) and self.model is None
        return float(rows * (self.spec.epochs * self.spec.ensemble if fit else 1))

    def run(self, histories: Histories, monitor: Monitor) -> FoldForecasts:
        """Fit and test; see ``Task.run``."""
        history = samples.in_one_unit(histories[self.prices[0]])
        model, cached = self.model, self.model is not None
        if model is None and specs.is_network(self.spec):
            raw = samples.raw_samples(history, self.spec)
            model = training.fit(history, self.spec, self.span.split, raw, monitor)
        forecasts = walk_folds.forecasts(history, self.spec, self.span, model, self.baselines)
        return FoldForecasts(forecasts, model, cached)


@dataclass(frozen=True, eq=False)
class GlobalTask:
    """Train one network on several coins.

    Attributes:
        prices: Names of their prices.
        spec: Settings of the network.
        rows: Candles of all of them together.
    """

    prices: tuple[str, ...]
    spec: ModelSpec
    rows: int

    @property
    def effort(self) -> float:
        """Epochs times the rows of an epoch."""
        return float(self.rows * self.spec.epochs * self.spec.ensemble)

    def run(self, histories: Histories, monitor: Monitor) -> TrainedModel:
        """Train; see ``Task.run``."""
        given = [histories[name] for name in self.prices]
        return global_training.train(given, self.spec, monitor=monitor)


@dataclass(frozen=True, eq=False)
class LeftOut:
    """What the test of a coin that was left out gives.

    Attributes:
        coin: The coin.
        model: The network that has learnt from the others.
        scores: Scores of the last step, by forecaster.
        verdict: The verdict on the stack, a sentence.
        losses: Losses at each origin, for the table of all coins.
    """

    coin: str
    model: TrainedModel
    scores: Mapping[str, Scores]
    verdict: str
    losses: CoinLosses


@dataclass(frozen=True, eq=False)
class LeftOutTask:
    """Train one network on all coins but one, and test it on this one.

    Attributes:
        prices: Names of the prices, those of the coin that is left out first.
        spec: Settings of the network.
        rows: Candles of the others together.
        model: The network, if it was trained before; ``None`` to train it.
    """

    prices: tuple[str, ...]
    spec: ModelSpec
    rows: int
    model: TrainedModel | None = None

    @property
    def effort(self) -> float:
        """Epochs times the rows of an epoch, or the rows alone where nothing is trained."""
        epochs = self.spec.epochs * self.spec.ensemble if self.model is None else 1
        return float(self.rows * epochs)

    def run(self, histories: Histories, monitor: Monitor) -> LeftOut:
        """Train and test; see ``Task.run``."""
        history, *others = (histories[name] for name in self.prices)
        model = self.model
        if model is None:
            model = left_out.trained_without(history, others, self.spec, monitor)
        result = left_out.test(history, model)
        return LeftOut(
            history.coin,
            model,
            {name: steps[-1] for name, steps in result.scores.items()},
            result.verdict.sentence,
            CoinLosses.of(result),
        )
