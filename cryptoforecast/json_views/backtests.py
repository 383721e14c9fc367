"""Tests as JSON: of one fit, and walk-forward."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import numpy as np
from typing_extensions import TypedDict

from cryptoforecast.json_views.models import SpecJson, TrainingJson, spec_json, training_json
from cryptoforecast.json_views.prices import FetchedDataJson, data_json
from cryptoforecast.json_views.scores import ScoresJson, VerdictJson, scores_json, verdict_json
from cryptoforecast.json_views.values import Json, Names, Says, Time, finite, time_json
from cryptoforecast.types import Backtest, Fold, WalkForward


class SplitJson(TypedDict):
    """The spans of a test."""

    train_rows: Annotated[int, Says("rows that the fit read", 11_212)]
    validation_rows: Annotated[int, Says("rows between them and the test", 2_803)]
    test_origins: Annotated[int, Says("forecasts that were tested", 3_480)]
    test_start: Annotated[Time, Says("open of the first candle of the test")]
    test_end: Annotated[Time, Says("open of the last candle of the test")]


class BacktestJson(TypedDict):
    """A test: past forecasts on the same origins, scored."""

    model: Annotated[
        str | None,
        Says(
            "the saved model that is tested; null for a network that was trained, and for a "
            "baseline",
            "global-1h-lstm",
        ),
    ]
    data: FetchedDataJson
    spec: SpecJson
    split: SplitJson
    training: Annotated[TrainingJson | None, Says("null for a saved model, and for a baseline")]
    cached: Annotated[bool, Says("whether the network had been trained before", False)]
    scores: Annotated[dict[str, ScoresJson], Says("scores by forecaster")]
    verdict: Annotated[VerdictJson, Says("of the forecaster that is shown first")]
    verdicts: Annotated[dict[str, VerdictJson], Says("by forecaster")]
    notes: Annotated[Names, Says("sentences to read before the scores", [])]


class FoldJson(TypedDict):
    """One span of a walk-forward test, and its fit."""

    train_start: Time
    train_end: Time
    validation_end: Time
    test_start: Time
    test_end: Time
    train_rows: Annotated[int, Says("rows that the fit read", 9_000)]
    validation_rows: Annotated[int, Says("rows between them and the test", 2_000)]
    origins: Annotated[int, Says("forecasts that were tested", 870)]
    training: TrainingJson | None
    cached: bool
    warm_start: bool
    scores: dict[str, ScoresJson]


def backtest_json(result: Backtest, saved: str | None = None) -> Json:
    """Describe a backtest: data, spec, split, training, scores, verdict.

    Args:
        result: A backtest.
        saved: Name of the saved model in the backtest, whose training is not part of the answer:
            ``training`` is then ``None``. ``None`` for a model that was trained for the backtest.
    """
    record = result.model.record if result.model is not None and saved is None else None
    view: BacktestJson = {
        "model": saved,
        "data": data_json(result.history),
        "spec": spec_json(result.spec),
        "split": _split_json(result),
        "training": None if record is None else training_json(record),
        "cached": result.cached,
        "scores": {name: scores_json(steps) for name, steps in result.scores.items()},
        "verdict": verdict_json(result.verdict),
        "verdicts": {name: verdict_json(each) for name, each in result.verdicts.items()},
        "notes": list(result.notes),
    }
    return {**view}


def walk_forward_json(walk_forward: WalkForward) -> Json:
    """Describe a walk-forward test: a backtest with its plan and its folds.

    ``training`` has the sums of ``epochs`` and ``seconds`` over all fits, and the median of
    ``targets_per_second``. ``best_epoch`` is ``None`` for several fits.

    Args:
        walk_forward: A walk-forward test.
    """
    records = [fold.model.record for fold in walk_forward.folds if fold.model is not None]
    training = None if not records else training_json(records[0])
    if len(records) > 1:
        training = {
            "epochs": sum(record.epochs for record in records),
            "seconds": finite(sum(record.seconds for record in records)),
            "targets_per_second": finite(
                float(np.median([record.targets_per_second for record in records]))
            ),
            "best_epoch": None,
        }
    return {
        **backtest_json(walk_forward.backtest),
        "training": training,
        "walk_forward": {
            **dataclasses.asdict(walk_forward.plan),
            # The last candles have no target in the data, so they are no origins.
            "without_target": walk_forward.backtest.spec.horizon,
        },
        "folds": [_fold_json(fold, walk_forward.backtest) for fold in walk_forward.folds],
    }


def _split_json(result: Backtest) -> SplitJson:
    """Describe the spans of a split: rows, and the first and last candle of the test."""
    cut, index = result.split, result.history.candles.index
    return {
        "train_rows": cut.train_end,
        "validation_rows": cut.test_start - cut.train_end,
        "test_origins": len(cut.test_origins()),
        "test_start": time_json(index[cut.test_start]),
        "test_end": time_json(index[-1]),
    }


def _fold_json(fold: Fold, result: Backtest) -> FoldJson:
    """Describe a fold, and each of its spans by its first and its last candle."""
    cut, index = fold.split, result.history.candles.index
    return {
        "train_start": time_json(index[cut.first]),
        "train_end": time_json(index[cut.train_end - 1]),
        "validation_end": time_json(index[cut.fit_end - 1]),
        "test_start": time_json(index[cut.test_start]),
        "test_end": time_json(index[fold.end - 1]),
        "train_rows": cut.train_end - cut.first,
        "validation_rows": cut.fit_end - cut.train_end,
        "origins": len(cut.test_origins()),
        "training": None if fold.model is None else training_json(fold.model.record),
        "cached": fold.cached,
        "warm_start": fold.warm,
        "scores": {name: scores_json(steps) for name, steps in fold.scores.items()},
    }
