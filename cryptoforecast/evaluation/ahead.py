"""What comes next, with the band that the last known outcomes call for.

The median and the point read ``needs`` candles, as ever; the width of the band looks back
further, on earlier forecasts of the same model whose outcome is known by now.
"""

from __future__ import annotations

import pandas as pd

from cryptoforecast.evaluation import calibration
from cryptoforecast.learning import inference, specs
from cryptoforecast.types import Calibration, Forecast, PriceHistory, TrainedModel


def forecast(history: PriceHistory, model: TrainedModel) -> tuple[Forecast, Calibration | None]:
    """Forecast from the last candle, its band calibrated where that can be measured.

    The band of a squared-error model is measured on residuals already. Any other is rescaled by
    ``calibration.latest`` of the model's forecasts from the rows it was not fitted on.

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
    if model.spec.loss == "mse" or outcomes < calibration.FEWEST:
        return said, None
    before = inference.forecast(model, history, range(begin, last))
    factors = calibration.latest(before)
    since = history.candles.index[begin]
    return (
        calibration.rescaled(said, factors[None]),
        Calibration(calibration.WINDOW, outcomes, since, factors),
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
