"""The folds of a walk-forward test: what each gives, and all of them as one test."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from cryptoforecast.evaluation import backtest
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.learning import samples
from cryptoforecast.types import (
    Fold,
    Forecast,
    ModelSpec,
    PriceHistory,
    Split,
    TrainedModel,
    WalkForward,
    WalkPlan,
)


@dataclass(frozen=True)
class FoldSpan:
    """Where a fold is fitted and tested.

    Attributes:
        split: The spans of its fit, and its test origins.
        end: First row after the fold's span.
    """

    split: Split
    end: int


@dataclass(frozen=True, eq=False)
class FoldForecasts:
    """What the test of a fold gives.

    Attributes:
        forecasts: Forecasts of its span by predictor.
        model: The network that was fitted for it; ``None`` for a baseline.
        cached: Whether the network came from a cache.
    """

    forecasts: Mapping[str, Forecast]
    model: TrainedModel | None
    cached: bool = False


def forecasts(
    history: PriceHistory,
    spec: ModelSpec,
    span: FoldSpan,
    model: TrainedModel | None,
    baselines: Collection[str] = tuple(BASELINES),
) -> dict[str, Forecast]:
    """Fit the baselines of a fold, and return the forecasts of all predictors on its span.

    Args:
        history: ``n`` candles in one unit.
        spec: Settings of the tested network or baseline.
        span: The fold.
        model: The network that was fitted for it; ``None`` where ``spec`` names a baseline.
        baselines: Names of the baselines to compare with; see ``backtest.predictors``.
    """
    predictors = backtest.predictors(history, spec, span.split, model, baselines)
    return backtest.forecasts(history, predictors, span.split)


def combined(
    history: PriceHistory,
    spec: ModelSpec,
    plan: WalkPlan,
    spans: Sequence[FoldSpan],
    parts: Sequence[FoldForecasts],
) -> WalkForward:
    """Score each fold, and the forecasts of all folds as one test.

    Args:
        history: ``n`` candles.
        spec: Settings of the tested network or baseline.
        plan: The plan that ``walk_forward.fold_spans`` returned.
        spans: The spans that it returned.
        parts: The forecasts of each span.
    """
    history = samples.in_one_unit(history)
    tested = tuple(
        Fold(
            span.split,
            span.end,
            backtest.score(history, span.split, part.forecasts),
            part.model,
            part.cached,
            plan.warm_start and number > 0,
        )
        for number, (span, part) in enumerate(zip(spans, parts, strict=True))
    )
    all_folds = {
        name: Forecast.concat([part.forecasts[name] for part in parts])
        for name in parts[0].forecasts
    }
    holdout = samples.split(history, spec)
    result = dataclasses.replace(
        backtest.evaluate(history, all_folds, holdout, spec),
        model=tested[0].model if len(tested) == 1 else None,
        cached=all(fold.cached for fold in tested),
    )
    return WalkForward(plan, tested, result)
