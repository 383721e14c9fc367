"""The tasks: one fold of a walk-forward test, with the fit of its network."""

from __future__ import annotations

from dataclasses import dataclass

from cryptoforecast.evaluation import walk_folds
from cryptoforecast.evaluation.walk_folds import FoldForecasts, FoldSpan
from cryptoforecast.learning import samples, specs, training
from cryptoforecast.types import ModelSpec, Monitor, TrainedModel
from cryptoforecast.workers.task import Histories


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
