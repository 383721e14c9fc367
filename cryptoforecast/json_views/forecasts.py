"""Forecasts as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from typing_extensions import TypedDict

from cryptoforecast.json_views.prices import FetchedDataJson, data_json
from cryptoforecast.json_views.scores import VerdictJson, verdict_json
from cryptoforecast.json_views.values import (
    QUANTILE_EXAMPLE,
    Figure,
    Names,
    Quantiles,
    Says,
    Time,
    finite,
    probability_json,
    quantiles_json,
    time_json,
)
from cryptoforecast.types import (
    MEDIAN,
    QUANTILES,
    Array,
    Calibration,
    Extremes,
    Member,
    NextSteps,
    Probability,
    Scores,
    Spread,
    Touch,
    Verdict,
)

_ByStep = list[Figure]


class MemberJson(TypedDict):
    """One of the forecasters that a stack combines."""

    name: Annotated[str, Says("its name", "har")]
    weight: Annotated[_ByStep, Says("fractions from step 1 to the last", [0.41, 0.43])]


class StepJson(TypedDict):
    """The forecast of one close, prices in the quote currency."""

    step: Annotated[int, Says("1 to the horizon", 1)]
    time: Annotated[Time, Says("open of the candle")]
    closes_at: Annotated[Time, Says("when its close is known")]
    median: Annotated[Figure, Says("the quantile 0.5", 61_250.0)]
    mean: Annotated[Figure, Says("mean of the distribution", 61_248.5)]
    quantiles: Annotated[Quantiles, Says("prices by their level", QUANTILE_EXAMPLE)]


class OddsStepJson(TypedDict):
    """The probability of ending there at one step."""

    step: Annotated[int, Says("1 to the horizon", 1)]
    time: Annotated[Time, Says("open of the candle")]
    closes_at: Annotated[Time, Says("when its close is known")]
    probability: Annotated[Figure, Says("a fraction from 0.01 to 0.99", 0.41)]


class OddsJson(TypedDict):
    """The probability of ending above or below a price."""

    level: Annotated[float, Says("the price", 65_000.0)]
    direction: Annotated[str, Says("above or below", "above")]
    steps: list[OddsStepJson]


class TouchJson(TypedDict):
    """The probability that the price reaches a level by each step."""

    price: Annotated[float, Says("the level", 65_000.0)]
    probability: Annotated[_ByStep, Says("fractions from 0.01 to 0.99, by step", [0.05, 0.09])]


class ExtremesJson(TypedDict):
    """How far the price may go by a step."""

    step: Annotated[int, Says("1 to the horizon", 1)]
    time: Annotated[Time, Says("open of the candle")]
    closes_at: Annotated[Time, Says("when its close is known")]
    high: Annotated[Quantiles, Says("of the highest price", QUANTILE_EXAMPLE)]
    low: Annotated[Quantiles, Says("of the lowest price", QUANTILE_EXAMPLE)]
    largest_fall: Annotated[
        Quantiles, Says("of the largest fall from a high, a fraction", {"0.5": 0.02})
    ]


class CalibrationJson(TypedDict):
    """How a band was rescaled by how earlier forecasts turned out."""

    window: Annotated[int, Says("outcomes that are looked at, at most", 4000)]
    outcomes: Annotated[int, Says("outcomes that were known", 3210)]
    since: Annotated[Time, Says("the first of these origins")]
    factors: Annotated[
        dict[str, _ByStep], Says("factors by level, from step 1 to the last", {"0.5": [1.0, 1.0]})
    ]


class SpreadJson(TypedDict):
    """How much the networks of an ensemble differ."""

    networks: Annotated[int, Says("networks", 3)]
    point_spread: Annotated[_ByStep, Says("of their points, log-return by step", [0.0004])]
    width_spread: Annotated[_ByStep, Says("of their widths, fractions by step", [0.05])]


class CoverageJson(TypedDict):
    """How often the last step of past forecasts of these prices ended inside a range."""

    level: Annotated[int, Says("promised, in per cent", 80)]
    held: Annotated[Figure, Says("share that ended inside, a fraction", 0.79)]


class ForecastJson(TypedDict):
    """The steps after the last closed candle, and what past forecasts came to."""

    model: Annotated[str, Says("a saved model, or a baseline", "global-1h-lstm")]
    version: Annotated[
        str | None,
        Says("digest of the model; null without one", f"sha256:{'5f0c9a417d1e2b38' * 4}"),
    ]
    predictor: Annotated[str, Says("what forecasts: stack, a network or a method", "stack")]
    members: Annotated[list[MemberJson], Says("what a stack combines; else empty")]
    verdict: Annotated[
        VerdictJson | None, Says("of a test on the last fifth of these prices; null if too few")
    ]
    coverage: Annotated[list[CoverageJson], Says("of the same test; empty if too few prices")]
    data: FetchedDataJson
    origin: Annotated[Time, Says("open of the last closed candle")]
    origin_closes_at: Annotated[Time, Says("when its close was known")]
    last_close: Annotated[float, Says("its close", 61_240.0)]
    steps: list[StepJson]
    calibration: Annotated[
        CalibrationJson | None, Says("null if the band was not rescaled, or by several members")
    ]
    ensemble: Annotated[SpreadJson | None, Says("null for a single network")]
    odds: Annotated[list[OddsJson], Says("one for each price of `above` and `below`")]
    touch: Annotated[list[TouchJson], Says("one for each price of `touch`")]
    extremes: Annotated[list[ExtremesJson] | None, Says("by step; null unless `touch` is given")]
    warnings: Annotated[Names, Says("sentences to read first", ["These prices are simulated."])]


def forecast_json(
    next_steps: NextSteps,
    loss: str,
    probabilities: Sequence[Probability] = (),
    touches: Sequence[Touch] = (),
    extremes: Extremes | None = None,
    verdict: Verdict | None = None,
    scores: Scores | None = None,
    version: str | None = None,
) -> ForecastJson:
    """Describe a forecast: one entry for each step, prices in the quote currency.

    ``time`` is the open of the candle whose close is predicted, and ``closes_at`` is when that
    close is known; ``origin`` and ``origin_closes_at`` are the same of the last candle.
    ``quantiles`` are prices, and ``median`` is the quantile 0.5. ``mean`` is the point forecast of
    a model that was trained with squared error; otherwise it is ``mean_of_quantiles``.
    ``calibration`` is ``None`` if the band was not rescaled. ``ensemble`` is ``None`` for a single
    network. The probabilities of ``touch`` and the weights of ``members`` go from step 1 to the
    horizon. Probabilities are bounded to what can be known, see ``probability_json``.

    Args:
        next_steps: A forecast from one origin.
        loss: The loss of the predictor, ``"quantile"`` or ``"mse"``.
        probabilities: Probabilities of this forecast.
        touches: Probabilities of touching a price.
        extremes: How far the price may go; ``None`` if it is not wanted.
        verdict: Of a test of the predictor on these prices; ``None`` where they are too few.
        scores: Of the last step of this test; ``None`` where there is none.
        version: Of the saved model; ``None`` for a baseline.
    """
    forecast = next_steps.forecast
    prices = forecast.quantile_prices[0]
    means = forecast.predicted[0] if loss == "mse" else mean_of_quantiles(prices)
    times = _step_times(next_steps)
    return {
        "model": next_steps.model,
        "version": version,
        "predictor": forecast.predictor,
        "members": [_member_json(each) for each in next_steps.members],
        "verdict": None if verdict is None else verdict_json(verdict),
        "coverage": [] if scores is None else _coverage_json(scores),
        "data": data_json(next_steps.history),
        "origin": time_json(forecast.origins[0]),
        "origin_closes_at": time_json(forecast.closes_at(0)[0]),
        "last_close": float(forecast.close[0]),
        "steps": [
            {
                "step": step + 1,
                "time": time["time"],
                "closes_at": time["closes_at"],
                "median": finite(prices[step, MEDIAN]),
                "mean": finite(means[step]),
                "quantiles": quantiles_json(prices[step]),
            }
            for step, time in enumerate(times)
        ],
        "calibration": _calibration_json(next_steps.calibration),
        "ensemble": _spread_json(next_steps.spread),
        "odds": [_odds_json(one, times) for one in probabilities],
        "touch": [
            {"price": one.price, "probability": [probability_json(value) for value in one.by_step]}
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


def _member_json(member: Member) -> MemberJson:
    return {"name": member.name, "weight": [finite(value) for value in member.weights]}


def _coverage_json(scores: Scores) -> list[CoverageJson]:
    shares = {80: scores.coverage_80, 95: scores.coverage_95}
    return [{"level": level, "held": finite(share)} for level, share in shares.items()]


def _odds_json(one: Probability, times: Sequence[Mapping[str, str]]) -> OddsJson:
    return {
        "level": one.level,
        "direction": one.direction,
        "steps": [
            {
                "step": step,
                "time": time["time"],
                "closes_at": time["closes_at"],
                "probability": probability_json(value),
            }
            for step, (time, value) in enumerate(zip(times, one.by_step, strict=True), start=1)
        ],
    }


def _extremes_json(extremes: Extremes, times: Sequence[Mapping[str, str]]) -> list[ExtremesJson]:
    """Describe the quantiles of the highest and lowest price and the largest fall by each step."""
    return [
        {
            "step": step + 1,
            "time": time["time"],
            "closes_at": time["closes_at"],
            "high": quantiles_json(extremes.high[step]),
            "low": quantiles_json(extremes.low[step]),
            "largest_fall": quantiles_json(extremes.largest_fall[step]),
        }
        for step, time in enumerate(times)
    ]


def _spread_json(spread: Spread | None) -> SpreadJson | None:
    """Describe the spread of the networks of an ensemble, from step 1 to the horizon."""
    if spread is None:
        return None
    return {
        "networks": spread.networks,
        "point_spread": [finite(value) for value in spread.point],
        "width_spread": [finite(value) for value in spread.width],
    }


def _calibration_json(calibration: Calibration | None) -> CalibrationJson | None:
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
