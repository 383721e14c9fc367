"""The forecast of the next steps, from one origin: the last closed candle.

The predictors are those of a backtest.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.forecasting import network, paths, stack, warnings
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.forecasting.predictor import Predictor
from cryptoforecast.forecasting.stack import Stack
from cryptoforecast.learning import inference, samples, specs
from cryptoforecast.types import (
    QUANTILES,
    Calibration,
    Member,
    NextSteps,
    PriceHistory,
    Spread,
    TrainedModel,
    predictor_phrase,
)

# Where a forecast's 80 % band begins and ends.
_ENDS = [QUANTILES.index(0.1), QUANTILES.index(0.9)]


def of_model(history: PriceHistory, model: TrainedModel, predictor: str = stack.NAME) -> NextSteps:
    """Forecast the steps after the last closed candle with a network or a stack.

    Args:
        history: ``n`` candles.
        model: A trained network.
        predictor: ``"stack"``, or the name of one of its members; see ``members``.

    Returns:
        The forecast with its warnings, how its band was rescaled, how much the networks of an
        ensemble differ, and the members of the stack.

    Raises:
        InvalidInput: If the stack has no such member.
        NotEnoughData: If there are fewer candles than the model needs.
    """
    check_predictor(model, predictor)
    if predictor in stack.MEMBERS:
        return of_baseline(history, predictor, model.spec.horizon)
    history = samples.in_one_unit(history)
    alone = network.for_next_steps(model, history)
    whole = Stack(alone, _other_members(history, model.spec.horizon))
    caveats = warnings.of_forecast(history, model)
    members: tuple[Member, ...] = ()
    if predictor == stack.NAME:
        stacked = whole.alone(history, history.last_row)
        forecast, calibration, members = stacked.forecast, stacked.calibration, stacked.members
        again: Predictor = dataclasses.replace(whole, burn_in=False)
    else:
        forecast, calibration = alone.calibrated_forecast(history, history.last_row)
        again = alone
    if calibration is None:
        caveats = (*caveats, *warnings.of_band(network.known_outcomes(history, model)))
    return NextSteps(
        model=alone.name,
        history=history,
        forecast=forecast,
        warnings=caveats,
        calibration=calibration,
        spread=spread(history, model),
        earlier=paths.earlier(again, forecast.horizon, specs.needs(model.spec) - 1),
        members=members,
    )


def check_predictor(model: TrainedModel, predictor: str) -> None:
    """Raise ``InvalidInput`` unless this is the stack of a model or one of its members."""
    names = (stack.NAME, model.spec.network, *stack.MEMBERS)
    if predictor not in names:
        raise InvalidInput(
            f"`predictor` must be one of {', '.join(names)}. Received: {predictor!r:.80}."
        )


def _other_members(history: PriceHistory, horizon: int) -> tuple[Predictor, ...]:
    """Fit the members beside the network; none where there are too few candles for that."""
    try:
        return tuple(BASELINES[name].fit(history, len(history), horizon) for name in stack.MEMBERS)
    except NotEnoughData:
        return ()


def of_baseline(history: PriceHistory, name: str, horizon: int) -> NextSteps:
    """Fit a baseline on all candles, and let it forecast the steps after them.

    Args:
        history: ``n`` candles.
        name: A key of ``BASELINES``.
        horizon: Steps, at least 1.

    Raises:
        InvalidInput: If the horizon is below 1.
        NotEnoughData: If there are too few candles for its fit.
    """
    history = samples.in_one_unit(history)
    predictor = BASELINES[name].fit(history, len(history), horizon)
    forecast = predictor.forecast(history, history.last_row)
    earlier = paths.earlier(predictor, horizon)
    return NextSteps(name, history, forecast, warnings.of_prices(history), earlier=earlier)


def spread(history: PriceHistory, model: TrainedModel) -> Spread | None:
    """Measure how much the networks of an ensemble differ at the last candle.

    Returns:
        ``None`` for a single network.
    """
    networks = inference.members(model)
    if len(networks) == 1:
        return None
    forecasts = [inference.forecast(each, history, history.last_row) for each in networks]
    points = np.log([each.predicted[0] / each.close[0] for each in forecasts])
    widths = np.array([np.ptp(each.quantiles[0][:, _ENDS], axis=1) for each in forecasts])
    return Spread(
        networks=len(networks),
        point=points.std(axis=0, ddof=1),
        width=widths.std(axis=0, ddof=1) / widths.mean(axis=0),
    )


def members_sentence(members: tuple[Member, ...]) -> str:
    """Write what a stack is made of, with the weights at its last step."""
    names = [predictor_phrase(each.name) for each in members]
    if len(members) == 1:
        return f"This forecast is that of {names[0]} alone, corrected by its past errors."
    last = [each.weights[-1] for each in members]
    if np.ptp(last) == 0:  # as a stack begins
        return (
            f"This forecast combines the ranges of {' and '.join(names)} in equal parts: too few "
            "past forecasts can be compared with what followed to tell which is better."
        )
    parts = [f"{name} ({weight * 100:.0f} %)" for name, weight in zip(names, last, strict=True)]
    where = " at the last step" if len(members[0].weights) > 1 else ""
    return (
        f"This forecast combines the ranges of {' and '.join(parts)}. The weights{where} come from "
        "how past forecasts turned out."
    )


def calibration_sentence(calibration: Calibration, since: str) -> str:
    """Write where the width of the band comes from; ``since`` is the first origin in words."""
    return (
        "The width of the band follows from how the model's last "
        f"{calibration.outcomes:,} forecasts turned out, from {since} on."
    )


def spread_sentence(spread: Spread) -> str:
    """Write how much the networks of an ensemble differ at the last step."""
    return (
        f"This is the mean of {spread.networks} networks with different seeds. At the last step "
        f"their points differ by {100 * spread.point[-1]:.2f} % and the widths of their 80 % bands "
        f"by {100 * spread.width[-1]:.1f} % (one standard deviation)."
    )
