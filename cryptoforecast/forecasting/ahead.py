"""What comes next, with the band that the last known outcomes call for.

The median and the point read ``needs`` candles, as ever; the width of the band looks back
further, on earlier forecasts of the same model whose outcome is known by now: it is adapted and
then calibrated, see ``widths`` and ``calibration``. That of a squared-error model is measured
on them.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from cryptoforecast.forecasting import band_width as widths
from cryptoforecast.forecasting import calibration
from cryptoforecast.forecasting import warnings as cautions
from cryptoforecast.learning import inference, specs
from cryptoforecast.types import (
    MEDIAN,
    QUANTILES,
    Calibration,
    Forecast,
    NextSteps,
    PriceHistory,
    Spread,
    TrainedModel,
)

# Where a forecast's 80 % band begins and ends.
_ENDS = [QUANTILES.index(0.1), QUANTILES.index(0.9)]


def future(history: PriceHistory, model: TrainedModel) -> NextSteps:
    """Forecast the steps after the last closed candle, with what to beware of.

    Raises:
        NotEnoughData: if there are fewer candles than the model needs.
    """
    said, calibrated = forecast(history, model)
    warnings = cautions.of_forecast(history, model)
    if calibrated is None:
        warnings = (*warnings, *cautions.of_band(known(history, model)))
    apart = spread(history, model)
    return NextSteps(model.spec.network, history, said, warnings, calibrated, apart)


def forecast(history: PriceHistory, model: TrainedModel) -> tuple[Forecast, Calibration | None]:
    """Forecast from the last candle, its band calibrated where that can be measured.

    As in a backtest, on the model's forecasts from the rows it was not fitted on: the band of a
    squared-error model is measured anew from residuals, any other is adapted and calibrated.

    Args:
        history: ``n`` candles.
        model: a trained network.

    Returns:
        One origin, and how its band was rescaled; ``None`` where it is the model's own.

    Raises:
        NotEnoughData: if there are fewer candles than the model needs.
    """
    last, horizon = len(history) - 1, model.spec.horizon
    said = inference.forecast(model, history, range(last, last + 1))
    begin = max(_first(history, model), last - horizon - calibration.WINDOW + 1)
    outcomes = max(0, last - horizon - begin + 1)
    if outcomes < calibration.FEWEST:
        return said, None
    if model.spec.loss == "mse":
        return _measured(history, model, said, range(begin, begin + outcomes))
    together = inference.forecast(model, history, range(begin, last + 1))
    by = widths.factors(together, history)
    before = widths.rescaled(together, by)[: last - begin]
    factors = by[-1, :, None] * calibration.latest(before)
    since = history.candles.index[begin]
    return (
        calibration.rescaled(said, factors[None]),
        Calibration(calibration.WINDOW, outcomes, since, factors),
    )


def _measured(
    history: PriceHistory, model: TrainedModel, said: Forecast, rows: range
) -> tuple[Forecast, Calibration]:
    """Replace the band of a forecast by the residuals of earlier ones, from ``rows``."""
    residuals = inference.residual_quantiles(model, history, (rows,))
    point = np.log(said.predicted / said.close[:, None])
    found = dataclasses.replace(said, quantiles=point[..., None] + residuals)
    width, before = (one.quantiles[0] - one.quantiles[0, :, MEDIAN, None] for one in (found, said))
    factors = np.divide(width, before, out=np.ones_like(width), where=before != 0)
    since = history.candles.index[rows.start]
    return found, Calibration(calibration.WINDOW, len(rows), since, factors)


def spread(history: PriceHistory, model: TrainedModel) -> Spread | None:
    """Measure how far the networks of an ensemble lie apart at the last candle."""
    networks = inference.members(model)
    if len(networks) == 1:
        return None
    rows = range(len(history) - 1, len(history))
    said = [inference.forecast(one, history, rows) for one in networks]
    points = np.log([one.predicted[0] / one.close[0] for one in said])
    widths = np.array([np.ptp(one.quantiles[0][:, _ENDS], axis=1) for one in said])
    return Spread(
        networks=len(networks),
        point=points.std(axis=0, ddof=1),
        width=widths.std(axis=0, ddof=1) / widths.mean(axis=0),
    )


def calibration_sentence(found: Calibration, since: str) -> str:
    """Say what the width of the band follows from; ``since`` is the moment in words."""
    return (
        "The width of the band follows from how the model's last "
        f"{found.outcomes:,} forecasts turned out, from {since} on."
    )


def spread_sentence(found: Spread) -> str:
    """Say how far the networks of an ensemble lie apart at the last step."""
    return (
        f"Mean of {found.networks} networks from different seeds: at the last step their points "
        f"lie {found.point[-1]:.2%} apart, the widths of their 80 % bands {found.width[-1]:.1%} "
        "(one standard deviation)."
    )


def known(history: PriceHistory, model: TrainedModel) -> int:
    """Count the outcomes of the last step that a calibration could look back on."""
    return max(0, len(history) - model.spec.horizon - _first(history, model))


def _first(history: PriceHistory, model: TrainedModel) -> int:
    """Find the first row with enough candles that the model was not fitted on."""
    needed = specs.needs(model.spec) - 1
    # Simulated prices share no moment with real ones.
    if model.card.simulated != history.simulated:
        return needed
    cutoff = pd.Timestamp(model.card.cutoff)
    return max(needed, int(history.candles.index.searchsorted(cutoff, side="right")))
