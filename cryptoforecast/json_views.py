"""Values as JSON-able dicts, the same for the command line and the HTTP API.

An undefined figure is ``None``; a time is ISO 8601 in UTC, ``2026-01-31T12:00:00+00:00``.
Imports no service and prints nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from cryptoforecast.evaluation.scores import finite, scores_json
from cryptoforecast.evaluation.verdict import verdict_json
from cryptoforecast.learning import bundles
from cryptoforecast.types import (
    INTERVALS,
    MEDIAN,
    QUANTILES,
    Array,
    Backtest,
    Calibration,
    Fold,
    Leaderboard,
    ModelSpec,
    NextSteps,
    PriceHistory,
    Probability,
    QualityReport,
    SavedModel,
    Spread,
    TrainingRecord,
    WalkForward,
)

Json = dict[str, object]


def backtest_json(result: Backtest, saved: str | None = None) -> Json:
    """Describe a backtest: data, spec, split, training, scores, verdict.

    Args:
        result: what came out.
        saved: name of the saved model that was judged; its training is then not part of this
            answer, so ``training`` is ``None``.
    """
    record = result.model.record if result.model is not None and saved is None else None
    return {
        "model": saved,
        "data": data_json(result.history),
        "spec": _spec_json(result.spec),
        "split": _split_json(result),
        "training": None if record is None else _training_json(record),
        "cached": result.cached,
        "scores": {name: scores_json(steps) for name, steps in result.scores.items()},
        "verdict": verdict_json(result.verdict),
        "notes": list(result.notes),
    }


def walk_forward_json(tested: WalkForward) -> Json:
    """Describe a walk-forward test: as a backtest, with how it refitted and each fold.

    ``training`` adds the folds' fits up; where there is more than one, no epoch was the best.
    """
    records = [fold.model.record for fold in tested.folds if fold.model is not None]
    training = None if not records else _training_json(records[0])
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
        **backtest_json(tested.backtest),
        "training": training,
        "walk_forward": {
            **dataclasses.asdict(tested.plan),
            "without_target": tested.backtest.spec.horizon,  # last candles, so no origins
        },
        "folds": [_fold_json(fold, tested.backtest.history) for fold in tested.folds],
    }


def leaderboard_json(board: Leaderboard) -> Json:
    """Describe a leaderboard: one entry a predictor, the best first."""
    return {
        "metric": board.metric,
        "step": board.step,
        "reference": board.reference,
        "origins": board.origins,
        "standings": [
            {
                name: finite(value) if isinstance(value, float) else value
                for name, value in dataclasses.asdict(standing).items()
            }
            for standing in board.standings
        ],
    }


def forecast_json(future: NextSteps, loss: str, asked: Sequence[Probability] = ()) -> Json:
    """Describe a forecast: one entry a step, prices in USD.

    ``time`` is the open of the candle whose close is predicted. ``quantiles`` are prices;
    ``median`` is the one at 0.5. ``mean`` is the point forecast of a model trained with squared
    error, else that of ``mean_of_quantiles``. ``calibration`` is ``None`` where the band is the
    model's own, ``ensemble`` of a single network.

    Args:
        future: of one origin.
        loss: the model's, ``"quantile"`` or ``"mse"``.
        asked: chances of this forecast.
    """
    forecast = future.forecast
    prices = forecast.quantile_prices[0]
    means = forecast.predicted[0] if loss == "mse" else mean_of_quantiles(prices)
    times = _times_ahead(future)
    return {
        "model": future.model,
        "data": data_json(future.history),
        "origin": time_json(forecast.origins[0]),
        "last_close": float(forecast.close[0]),
        "steps": [
            {
                "step": step,
                "time": times[step - 1],
                "median": finite(prices[step - 1, MEDIAN]),
                "mean": finite(means[step - 1]),
                "quantiles": {
                    str(level): finite(price)
                    for level, price in zip(QUANTILES, prices[step - 1], strict=True)
                },
            }
            for step in range(1, forecast.horizon + 1)
        ],
        "calibration": _calibration_json(future.calibration),
        "ensemble": _spread_json(future.spread),
        "odds": [_odds_json(one, times) for one in asked],
        "warnings": list(future.warnings),
    }


def mean_of_quantiles(prices: Array) -> Array:
    """Compute the mean of the distribution that nine quantiles outline.

    The quantile function is taken as straight between the nine levels and flat beyond the
    outermost two, because nothing is known there; its mean is the integral over 0 to 1.

    Args:
        prices: ``(horizon, 9)`` USD.

    Returns:
        ``(horizon,)`` USD.
    """
    levels = np.array([0.0, *QUANTILES, 1.0])
    flat = np.concatenate([prices[:, :1], prices, prices[:, -1:]], axis=1)
    means: Array = np.trapezoid(flat, levels, axis=1)
    return means


def model_json(saved: SavedModel) -> Json:
    """Describe a saved model: its card, what it needs and how it scored."""
    spec, card = saved.model.spec, saved.model.card
    return {
        "name": saved.name,
        "network": spec.network,
        "interval": card.interval,
        "coin": card.coin,
        "scope": card.scope,
        "features": list(spec.features),
        "lookback": spec.lookback,
        "horizon": spec.horizon,
        "needs": card.needs,
        "cutoff": card.cutoff,
        "created": card.created,
        "shipped": saved.shipped,
        "simulated": card.simulated,
        "scores": {
            name: {key: None if value is None else finite(value) for key, value in figures.items()}
            for name, figures in card.scores.items()
        },
        "verdict": card.verdict or None,
        "data": {
            "coin": card.coin,
            "interval": card.interval,
            "source": card.source,
            "simulated": card.simulated,
            "rows": card.rows,
            "start": card.start,
            "end": card.end,
            "fingerprint": card.fingerprint,
        },
        "spec": _spec_json(spec),
        "parameters": bundles.parameters(spec),
        "training": _training_json(saved.model.record),
        "libraries": dict(card.libraries),
    }


def inspect_json(history: PriceHistory) -> Json:
    """Describe a price file that could be read, and what was found in it."""
    return {
        "readable": True,
        "interval": history.interval,
        "rows": len(history),
        "start": time_json(history.start),
        "end": time_json(history.end),
        "first": _candle_json(history, 0),
        "last": _candle_json(history, -1),
        **_quality_json(history.quality),
        "volume_unit": history.volume_unit,
        "fingerprint": history.fingerprint,
        "notes": list(history.notes),
        "reason": None,
    }


def unreadable_json(reason: str) -> Json:
    """Describe a price file that was refused, with the same keys and the reason."""
    keys = ("interval", "rows", "start", "end", "first", "last")
    counts = ("missing", "duplicates", "flat_tail", "ohlc_violations", "outliers")
    return {
        "readable": False,
        **dict.fromkeys((*keys, *counts)),
        "decisions": {},
        "problems": [],
        "volume_unit": None,
        "fingerprint": None,
        "notes": [],
        "reason": reason,
    }


def data_json(history: PriceHistory) -> Json:
    """Describe which prices an answer is built from."""
    return {
        "coin": history.coin,
        "interval": history.interval,
        "source": history.source,
        "simulated": history.simulated,
        "rows": len(history),
        "start": time_json(history.start),
        "end": time_json(history.end),
        "fingerprint": history.fingerprint,
        "fetched_at": time_json(history.fetched_at),
        "notes": list(history.notes),
    }


def time_json(time: pd.Timestamp) -> str:
    """Write a time as ISO 8601 in UTC, whole seconds."""
    text: str = time.tz_convert("UTC").floor("s").isoformat()
    return text


def _times_ahead(future: NextSteps) -> list[str]:
    """Write the open of the candle of each step."""
    forecast = future.forecast
    length = INTERVALS[forecast.interval]
    return [
        time_json(forecast.origins[0] + step * length) for step in range(1, forecast.horizon + 1)
    ]


def _odds_json(one: Probability, times: Sequence[str]) -> Json:
    return {
        "level": one.level,
        "direction": one.direction,
        "steps": [
            {"step": step, "time": time, "probability": finite(chance)}
            for step, (time, chance) in enumerate(zip(times, one.by_step, strict=True), start=1)
        ],
    }


def _spread_json(found: Spread | None) -> Json | None:
    """Describe how far the networks of an ensemble lie apart, from step 1 to the horizon."""
    if found is None:
        return None
    return {
        "networks": found.networks,
        "point_spread": [finite(value) for value in found.point],
        "width_spread": [finite(value) for value in found.width],
    }


def _calibration_json(found: Calibration | None) -> Json | None:
    """Describe how a band was rescaled; the factors by quantile, from step 1 to the horizon."""
    if found is None:
        return None
    return {
        "window": found.window,
        "outcomes": found.outcomes,
        "since": time_json(found.since),
        "factors": {
            str(level): [finite(factor) for factor in found.factors[:, i]]
            for i, level in enumerate(QUANTILES)
        },
    }


def _spec_json(spec: ModelSpec) -> Json:
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(spec).items()
    }


def _split_json(result: Backtest) -> Json:
    """Count the rows of each span; the test span runs from its first to its last candle."""
    cut, index = result.split, result.history.candles.index
    return {
        "train_rows": cut.train_end,
        "validation_rows": cut.test_start - cut.train_end,
        "test_origins": len(cut.test_origins()),
        "test_start": time_json(index[cut.test_start]),
        "test_end": time_json(index[-1]),
    }


def _fold_json(fold: Fold, history: PriceHistory) -> Json:
    """Describe a fold; each span by its first and its last candle."""
    cut, index = fold.split, history.candles.index
    return {
        "train_start": time_json(index[cut.first]),
        "train_end": time_json(index[cut.train_end - 1]),
        "validation_end": time_json(index[cut.fit_end - 1]),
        "test_start": time_json(index[cut.test_start]),
        "test_end": time_json(index[fold.end - 1]),
        "train_rows": cut.train_end - cut.first,
        "validation_rows": cut.fit_end - cut.train_end,
        "origins": len(cut.test_origins()),
        "training": None if fold.model is None else _training_json(fold.model.record),
        "cached": fold.cached,
        "warm_start": fold.warm,
        "scores": {name: scores_json(steps) for name, steps in fold.scores.items()},
    }


def _training_json(record: TrainingRecord) -> Json:
    return {
        "epochs": record.epochs,
        "seconds": finite(record.seconds),
        "targets_per_second": finite(record.targets_per_second),
        "best_epoch": record.best_epoch,
    }


def _candle_json(history: PriceHistory, row: int) -> Json:
    candle = history.candles.iloc[row]
    figures = {name: finite(candle[name]) for name in ("open", "high", "low", "close", "volume")}
    return {"time": time_json(history.candles.index[row]), **figures}


def _quality_json(quality: QualityReport) -> Json:
    return {
        "missing": quality.missing,
        "duplicates": quality.duplicates,
        "flat_tail": quality.flat_tail,
        "ohlc_violations": quality.ohlc_violations,
        "outliers": quality.outliers,
        "decisions": dict(quality.decisions),
        "problems": [dataclasses.asdict(problem) for problem in quality.problems],
    }
