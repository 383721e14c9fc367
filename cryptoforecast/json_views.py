"""Values as dictionaries for JSON, the same for the command line and the HTTP API.

An undefined figure is ``None``. A time is ISO 8601 in UTC, ``2026-01-31T12:00:00+00:00``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cryptoforecast.types import (
    MEDIAN,
    QUANTILES,
    AlarmRate,
    Anomalies,
    Array,
    Backtest,
    Calibration,
    Extremes,
    Fold,
    Leaderboard,
    ModelSpec,
    ModelSummary,
    NextSteps,
    PriceHistory,
    Probability,
    QualityReport,
    Scores,
    Spread,
    Touch,
    TrainingRecord,
    Verdict,
    WalkForward,
)

if TYPE_CHECKING:
    from cryptoforecast.types.diagnosis import Agreement, Diagnosis, SourceCheck

Json = dict[str, object]
#: JSON figures of one step.
Figures = dict[str, float | None]


def backtest_json(result: Backtest, saved: str | None = None) -> Json:
    """Describe a backtest: data, spec, split, training, scores, verdict.

    Args:
        result: A backtest.
        saved: Name of the saved model in the backtest, whose training is not part of the answer:
            ``training`` is then ``None``. ``None`` for a model that was trained for the backtest.
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
        "verdicts": {name: verdict_json(each) for name, each in result.verdicts.items()},
        "notes": list(result.notes),
    }


def walk_forward_json(walk_forward: WalkForward) -> Json:
    """Describe a walk-forward test: a backtest with its plan and its folds.

    ``training`` has the sums over all fits. ``best_epoch`` is ``None`` for several fits.

    Args:
        walk_forward: A walk-forward test.
    """
    records = [fold.model.record for fold in walk_forward.folds if fold.model is not None]
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
        **backtest_json(walk_forward.backtest),
        "training": training,
        "walk_forward": {
            **dataclasses.asdict(walk_forward.plan),
            # The last candles have no target in the data, so they are no origins.
            "without_target": walk_forward.backtest.spec.horizon,
        },
        "folds": [_fold_json(fold, walk_forward.backtest.history) for fold in walk_forward.folds],
    }


def leaderboard_json(board: Leaderboard) -> Json:
    """Describe a leaderboard: one entry for each predictor, the best first."""
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


def forecast_json(
    next_steps: NextSteps,
    loss: str,
    probabilities: Sequence[Probability] = (),
    touches: Sequence[Touch] = (),
    extremes: Extremes | None = None,
    verdict: Verdict | None = None,
) -> Json:
    """Describe a forecast: one entry for each step, prices in the quote currency.

    ``time`` is the open of the candle whose close is predicted, and ``closes_at`` is when that
    close is known; ``origin`` and ``origin_closes_at`` are the same of the last candle.
    ``quantiles`` are prices, and ``median`` is the quantile 0.5. ``mean`` is the point forecast of
    a model that was trained with squared error; otherwise it is ``mean_of_quantiles``.
    ``calibration`` is ``None`` if the band was not rescaled. ``ensemble`` is ``None`` for a single
    network. The probabilities of ``touch`` and the weights of ``members`` go from step 1 to the
    horizon.

    Args:
        next_steps: A forecast from one origin.
        loss: The loss of the predictor, ``"quantile"`` or ``"mse"``.
        probabilities: Probabilities of this forecast.
        touches: Probabilities of touching a price.
        extremes: How far the price may go; ``None`` if it is not wanted.
        verdict: Of a test of the predictor on these prices; ``None`` where they are too few.
    """
    forecast = next_steps.forecast
    prices = forecast.quantile_prices[0]
    means = forecast.predicted[0] if loss == "mse" else mean_of_quantiles(prices)
    times = _step_times(next_steps)
    return {
        "model": next_steps.model,
        "predictor": forecast.predictor,
        "members": [
            {"name": each.name, "weight": [finite(value) for value in each.weights]}
            for each in next_steps.members
        ],
        "verdict": None if verdict is None else verdict_json(verdict),
        "data": data_json(next_steps.history),
        "origin": time_json(forecast.origins[0]),
        "origin_closes_at": time_json(forecast.closes_at(0)[0]),
        "last_close": float(forecast.close[0]),
        "steps": [
            {
                "step": step,
                **times[step - 1],
                "median": finite(prices[step - 1, MEDIAN]),
                "mean": finite(means[step - 1]),
                "quantiles": _quantiles_json(prices[step - 1]),
            }
            for step in range(1, forecast.horizon + 1)
        ],
        "calibration": _calibration_json(next_steps.calibration),
        "ensemble": _spread_json(next_steps.spread),
        "odds": [_probability_json(one, times) for one in probabilities],
        "touch": [
            {"price": one.price, "probability": [finite(value) for value in one.by_step]}
            for one in touches
        ],
        "extremes": None if extremes is None else _extremes_json(extremes, times),
        "warnings": list(next_steps.warnings),
    }


def mean_of_quantiles(prices: Array) -> Array:
    """Compute the mean of the distribution that nine quantiles describe.

    The mean is the integral of the quantile function over 0 to 1. The function is linear between
    the nine levels, and constant beyond the outermost two, because nothing is known there.

    Args:
        prices: ``(horizon, 9)`` prices, by rising quantile.

    Returns:
        ``(horizon,)`` prices.
    """
    levels = np.array([0.0, *QUANTILES, 1.0])
    flat = np.concatenate([prices[:, :1], prices, prices[:, -1:]], axis=1)
    means: Array = np.trapezoid(flat, levels, axis=1)
    return means


def model_json(saved: ModelSummary) -> Json:
    """Describe a saved model: its card, its inputs and its scores."""
    spec, card = saved.spec, saved.card
    return {
        "name": saved.name,
        "network": spec.network,
        "interval": card.interval,
        "coin": card.coin,
        "quote": card.quote,
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
            "quote": card.quote,
            "interval": card.interval,
            "source": card.source,
            "simulated": card.simulated,
            "age_seconds": None,
            "rows": card.rows,
            "start": card.start,
            "end": card.end,
            "fingerprint": card.fingerprint,
        },
        "spec": _spec_json(spec),
        "parameters": saved.parameters,
        "training": _training_json(saved.record),
        "libraries": dict(card.libraries),
        "guest": card.guest,
    }


def anomalies_json(found: Anomalies, model: str | None) -> Json:
    """Describe anomalies, the newest first, with the threshold and how well it was kept.

    Args:
        found: The candles that raise an alarm.
        model: Name of the saved model that forecast; ``None`` for a baseline.
    """
    surprises = found.surprises
    history = surprises.history
    rows = found.frame().iloc[::-1].to_dict("records")
    return {
        "model": model,
        "predictor": surprises.predictor,
        "data": data_json(history),
        "threshold": {
            "alarms_a_month": found.alarms_a_month,
            "one_in": found.threshold,
            "spike_deviations": found.spike_limit,
        },
        "rate": _rate_json(found.rate),
        "measured": {
            kind: {"prices": rate.prices, **_rate_json(rate)}
            for kind, rate in found.measured.items()
        },
        "anomalies": [
            {
                "time": time_json(row["closes_at"] - history.candle_length),
                "closes_at": time_json(row["closes_at"]),
                "close": row["close"],
                "move": row["move"],
                "expected": {"level": 95, "low": row["expected_low"], "high": row["expected_high"]},
                "one_in": finite(row["rarity"]),
                "together": {
                    "candles": surprises.together,
                    "one_in": finite(row["rarity_together"]),
                },
                "deviations": finite(row["deviations"]),
                "spike_rule": row["spike_rule"],
            }
            for row in rows
        ],
        "notes": list(surprises.notes),
    }


def _rate_json(rate: AlarmRate) -> Json:
    return {name: value for name, value in dataclasses.asdict(rate).items() if name != "prices"}


def inspect_json(history: PriceHistory) -> Json:
    """Describe a price file that could be read, and its quality."""
    return {
        "readable": True,
        "coin": history.coin,
        "quote": history.quote,
        "source": history.source,
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
    """Describe a price file that was refused: the same keys, and the reason."""
    keys = ("coin", "quote", "source", "interval", "rows", "start", "end", "first", "last")
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
    """Describe the prices behind an answer.

    ``age_seconds`` counts from the time at which the source was last asked: cached prices that
    could not be brought up to date are older than a few minutes. It is ``None`` for a file.
    """
    age = pd.Timestamp.now("UTC") - history.fetched_at
    return {
        "coin": history.coin,
        "quote": history.quote,
        "interval": history.interval,
        "source": history.source,
        "simulated": history.simulated,
        "age_seconds": None if history.of_file else max(0, round(age.total_seconds())),
        "rows": len(history),
        "start": time_json(history.start),
        "end": time_json(history.end),
        "fingerprint": history.fingerprint,
        "fetched_at": time_json(history.fetched_at),
        "notes": list(history.notes),
    }


def time_json(time: pd.Timestamp) -> str:
    """Write a time as ISO 8601 in UTC, in whole seconds."""
    text: str = time.tz_convert("UTC").floor("s").isoformat()
    return text


def step_json(scores: Scores) -> Figures:
    """Convert to JSON figures in the contract's order; ``None`` where undefined."""
    return {name: finite(value) for name, value in dataclasses.asdict(scores).items()}


def scores_json(scores: Sequence[Scores]) -> dict[str, object]:
    """Convert to JSON: the last step's figures at the top, all of them in ``by_step``."""
    by_step = [{"step": step, **step_json(s)} for step, s in enumerate(scores, start=1)]
    return {**step_json(scores[-1]), "by_step": by_step}


def finite(value: float) -> float | None:
    """Return the value as a plain float, or ``None`` if it is NaN or infinite."""
    return float(value) if math.isfinite(value) else None


def verdict_json(verdict: Verdict) -> dict[str, str | bool | float | None]:
    """Convert to JSON in the contract's order; ``None`` where undefined."""
    return {
        k: finite(v) if isinstance(v, float) else v for k, v in dataclasses.asdict(verdict).items()
    }


def _step_times(next_steps: NextSteps) -> list[dict[str, str]]:
    """Return the open and the close of the candle of each step."""
    forecast = next_steps.forecast
    return [
        {
            "time": time_json(forecast.times(step)[0]),
            "closes_at": time_json(forecast.closes_at(step)[0]),
        }
        for step in range(1, forecast.horizon + 1)
    ]


def _probability_json(one: Probability, times: Sequence[dict[str, str]]) -> Json:
    return {
        "level": one.level,
        "direction": one.direction,
        "steps": [
            {"step": step, **time, "probability": finite(value)}
            for step, (time, value) in enumerate(zip(times, one.by_step, strict=True), start=1)
        ],
    }


def _extremes_json(extremes: Extremes, times: Sequence[dict[str, str]]) -> list[Json]:
    """Describe the quantiles of the highest and lowest price and the largest fall by each step."""
    return [
        {
            "step": step + 1,
            **time,
            "high": _quantiles_json(extremes.high[step]),
            "low": _quantiles_json(extremes.low[step]),
            "largest_fall": _quantiles_json(extremes.largest_fall[step]),
        }
        for step, time in enumerate(times)
    ]


def _quantiles_json(values: Array) -> Json:
    """Write nine values by their level."""
    return {str(level): finite(value) for level, value in zip(QUANTILES, values, strict=True)}


def _spread_json(spread: Spread | None) -> Json | None:
    """Describe the spread of the networks of an ensemble, from step 1 to the horizon."""
    if spread is None:
        return None
    return {
        "networks": spread.networks,
        "point_spread": [finite(value) for value in spread.point],
        "width_spread": [finite(value) for value in spread.width],
    }


def _calibration_json(calibration: Calibration | None) -> Json | None:
    """Describe the rescaling of a band: factors by quantile, from step 1 to the horizon."""
    if calibration is None:
        return None
    return {
        "window": calibration.window,
        "outcomes": calibration.outcomes,
        "since": time_json(calibration.since),
        "factors": {
            str(level): [finite(factor) for factor in calibration.factors[:, i]]
            for i, level in enumerate(QUANTILES)
        },
    }


def _spec_json(spec: ModelSpec) -> Json:
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(spec).items()
    }


def _split_json(result: Backtest) -> Json:
    """Describe the spans of a split: rows, and the first and last candle of the test."""
    cut, index = result.split, result.history.candles.index
    return {
        "train_rows": cut.train_end,
        "validation_rows": cut.test_start - cut.train_end,
        "test_origins": len(cut.test_origins()),
        "test_start": time_json(index[cut.test_start]),
        "test_end": time_json(index[-1]),
    }


def _fold_json(fold: Fold, history: PriceHistory) -> Json:
    """Describe a fold, and each of its spans by its first and its last candle."""
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


def diagnosis_json(diagnosis: Diagnosis) -> Json:
    """Return what the doctor found."""
    return {
        "coin": diagnosis.coin,
        "quote": diagnosis.quote,
        "interval": diagnosis.interval,
        "time": diagnosis.time.isoformat(),
        "seconds": round(diagnosis.seconds, 3),
        "usable": diagnosis.usable,
        "sources": [_source_check_json(check) for check in diagnosis.sources],
        "agreement": _agreement_json(diagnosis.agreement),
        "winner": _winner_json(diagnosis),
        "coins": [dataclasses.asdict(coin) for coin in diagnosis.coins],
        "recorded": list(diagnosis.recorded),
    }


def _source_check_json(check: SourceCheck) -> Json:
    year = {
        "rows": check.year_rows,
        "requests": check.year_requests,
        "seconds": check.year_seconds,
    }
    return {
        "source": check.source,
        "symbol": check.symbol,
        "usable": check.usable,
        "problem": check.problem or None,
        "warnings": list(check.warnings),
        "host": check.host,
        "addresses": list(check.addresses),
        "resolve_seconds": check.resolve_seconds,
        "connect_seconds": check.connect_seconds,
        "clock_ahead_seconds": check.clock_ahead,
        "status": check.status,
        "first_bytes": check.first_bytes or None,
        "seconds": check.seconds,
        "rows": check.rows,
        "order": check.order or None,
        "start": None if check.start is None else check.start.isoformat(),
        "end": None if check.end is None else check.end.isoformat(),
        "last_close": check.last_close,
        "price_step": check.price_step,
        "year": year if check.usable else None,
    }


def _agreement_json(agreement: Agreement | None) -> Json | None:
    if agreement is None:
        return None
    return dataclasses.asdict(agreement) | {"time": agreement.time.isoformat()}


def _winner_json(diagnosis: Diagnosis) -> Json | None:
    for check in diagnosis.sources:
        if check.source == diagnosis.winner:
            year = {"rows": check.year_rows, "seconds": check.year_seconds}
            return {"source": check.source, **year}
    return None
