"""Scores and verdicts as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Annotated, cast

from typing_extensions import TypedDict

from cryptoforecast.json_views.values import Figure, Figures, Json, Says, finite
from cryptoforecast.types import Leaderboard, Scores, Verdict


class FiguresJson(TypedDict, total=False):
    """The scores of one predictor at one step; null where one is undefined."""

    mae: Annotated[Figure, Says("mean absolute error, quote currency", 212.4)]
    rmse: Annotated[Figure, Says("root of the mean squared error, quote currency", 331.9)]
    mape: Annotated[Figure, Says("mean absolute percentage error, a fraction", 0.0035)]
    smape: Annotated[Figure, Says("symmetric percentage error, a fraction", 0.0035)]
    mase: Annotated[Figure, Says("error over the mean move of the training rows", 0.98)]
    directional_accuracy: Annotated[
        Figure, Says("share of moves whose direction was right; null for naive", 0.51)
    ]
    pinball: Annotated[Figure, Says("mean pinball loss of nine quantiles, log-return", 0.0011)]
    coverage_80: Annotated[Figure, Says("share of prices inside the 80 % range", 0.79)]
    coverage_95: Annotated[Figure, Says("share of prices inside the 95 % range", 0.94)]


class StepScoresJson(FiguresJson):
    """The scores at one step."""

    step: Annotated[int, Says("step of the horizon", 1)]


class ScoresJson(FiguresJson):
    """The scores of the last step, and those of each."""

    by_step: list[StepScoresJson]


class VerdictJson(TypedDict):
    """Whether a forecaster beats assuming that the price stays put, by more than chance."""

    baseline: Annotated[str, Says("what it is compared with", "naive")]
    metric: Annotated[str, Says("what is compared", "mae")]
    skill: Annotated[Figure, Says("1 - error / error of the baseline, a fraction", 0.004)]
    ci_low: Annotated[Figure, Says("lower end of its 95 % bootstrap interval", -0.002)]
    ci_high: Annotated[Figure, Says("upper end of it", 0.010)]
    p_value: Annotated[Figure, Says("of the Diebold-Mariano test", 0.31)]
    beats_baseline: Annotated[bool, Says("whether it is better by more than chance", False)]
    sentence: Annotated[
        str, Says("the verdict in words", "No better than the last price: that may be chance.")
    ]
    band_skill: Annotated[Figure, Says("1 - pinball loss / that of the cone, a fraction", 0.06)]
    band_ci_low: Annotated[Figure, Says("lower end of its 95 % bootstrap interval", 0.05)]
    band_ci_high: Annotated[Figure, Says("upper end of it", 0.07)]
    low: Annotated[Figure, Says("lower end of the interval of skill that decides", -0.003)]
    high: Annotated[Figure, Says("upper end of it", 0.011)]
    band_low: Annotated[Figure, Says("lower end of the interval of band_skill that decides", 0.04)]
    band_high: Annotated[Figure, Says("upper end of it", 0.08)]


def step_json(scores: Scores) -> Figures:
    """Convert to JSON figures in the contract's order; ``None`` where undefined."""
    return {name: finite(value) for name, value in dataclasses.asdict(scores).items()}


def scores_json(scores: Sequence[Scores]) -> ScoresJson:
    """Convert to JSON: the last step's figures at the top, all of them in ``by_step``."""
    by_step = [{"step": step, **step_json(s)} for step, s in enumerate(scores, start=1)]
    return cast(ScoresJson, {**step_json(scores[-1]), "by_step": by_step})


def verdict_json(verdict: Verdict) -> VerdictJson:
    """Convert to JSON in the contract's order; ``None`` where undefined."""
    values = {
        k: finite(v) if isinstance(v, float) else v for k, v in dataclasses.asdict(verdict).items()
    }
    return cast(VerdictJson, values)


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
