"""The forecast of what comes next: one origin, the last closed candle.

It is made by the predictors that a backtest asks, with one origin instead of many.
"""

from __future__ import annotations

import numpy as np

from cryptoforecast.forecasting import network, warnings
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.learning import inference
from cryptoforecast.types import (
    QUANTILES,
    Calibration,
    NextSteps,
    PriceHistory,
    Spread,
    TrainedModel,
)

# Where a forecast's 80 % band begins and ends.
_ENDS = [QUANTILES.index(0.1), QUANTILES.index(0.9)]


def of_network(history: PriceHistory, model: TrainedModel) -> NextSteps:
    """Let a network forecast the steps after the last closed candle.

    Args:
        history: ``n`` candles.
        model: a trained network.

    Returns:
        The forecast with warnings, how its band was rescaled, and how far the networks of an
        ensemble lie apart.

    Raises:
        NotEnoughData: if there are fewer candles than the model needs.
    """
    predictor = network.for_next_steps(model, history)
    forecast, calibration = predictor.calibrated_forecast(history, history.last_row)
    caveats = warnings.of_forecast(history, model)
    if calibration is None:
        caveats = (*caveats, *warnings.of_band(network.known_outcomes(history, model)))
    return NextSteps(
        predictor.name, history, forecast, caveats, calibration, spread(history, model)
    )


def of_baseline(history: PriceHistory, name: str, horizon: int) -> NextSteps:
    """Let a baseline, fitted on all closed candles, forecast the steps after the last of them.

    Args:
        history: ``n`` candles.
        name: a key of ``BASELINES``.
        horizon: steps, at least 1.

    Raises:
        InvalidInput: if the horizon is below 1.
        NotEnoughData: if there are too few candles to fit it on.
    """
    predictor = BASELINES[name].fit(history, len(history), horizon)
    forecast = predictor.forecast(history, history.last_row)
    return NextSteps(name, history, forecast, warnings.of_prices(history))


def spread(history: PriceHistory, model: TrainedModel) -> Spread | None:
    """Measure how far the networks of an ensemble lie apart at the last candle.

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


def calibration_sentence(calibration: Calibration, since: str) -> str:
    """Say what the width of the band follows from; ``since`` is the moment in words."""
    return (
        "The width of the band follows from how the model's last "
        f"{calibration.outcomes:,} forecasts turned out, from {since} on."
    )


def spread_sentence(spread: Spread) -> str:
    """Say how far the networks of an ensemble lie apart at the last step."""
    return (
        f"Mean of {spread.networks} networks from different seeds: at the last step their points "
        f"lie {spread.point[-1]:.2%} apart, the widths of their 80 % bands {spread.width[-1]:.1%} "
        "(one standard deviation)."
    )
