"""The forecast of the next steps, from one origin: the last closed candle.

The predictors are those of a backtest.
"""

from __future__ import annotations

import numpy as np

from cryptoforecast.forecasting import network, paths, warnings
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.learning import inference, samples, specs
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
        model: A trained network.

    Returns:
        The forecast with its warnings, how its band was rescaled, and how much the networks of
        an ensemble differ.

    Raises:
        NotEnoughData: If there are fewer candles than the model needs.
    """
    history = samples.in_one_unit(history)
    predictor = network.for_next_steps(model, history)
    forecast, calibration = predictor.calibrated_forecast(history, history.last_row)
    caveats = warnings.of_forecast(history, model)
    if calibration is None:
        caveats = (*caveats, *warnings.of_band(network.known_outcomes(history, model)))
    earlier = paths.earlier(predictor, forecast.horizon, specs.needs(model.spec) - 1)
    return NextSteps(
        predictor.name, history, forecast, caveats, calibration, spread(history, model), earlier
    )


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


def calibration_sentence(calibration: Calibration, since: str) -> str:
    """Write where the width of the band comes from; ``since`` is the first origin in words."""
    return (
        "The width of the band follows from how the model's last "
        f"{calibration.outcomes:,} forecasts turned out, from {since} on."
    )


def spread_sentence(spread: Spread) -> str:
    """Write how much the networks of an ensemble differ at the last step."""
    return (
        f"Mean of {spread.networks} networks from different seeds: at the last step their points "
        f"lie {spread.point[-1]:.2%} apart, the widths of their 80 % bands {spread.width[-1]:.1%} "
        "(one standard deviation)."
    )
