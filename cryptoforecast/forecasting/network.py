"""A trained network as a predictor: inference, then the band."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cryptoforecast.forecasting import calibration
from cryptoforecast.forecasting.bands import Band, OwnBand, ResidualBand, RollingBand
from cryptoforecast.learning import specs
from cryptoforecast.types import Calibration, Forecast, PriceHistory, Split, TrainedModel


@dataclass(frozen=True, eq=False)
class NetworkPredictor:
    """A trained network, and how its band is made.

    Attributes:
        model: The trained network.
        band: The way in which its forecasts get their band.
    """

    model: TrainedModel
    band: Band

    @property
    def name(self) -> str:
        """Kind of the network, ``"lstm"`` or ``"dense"``."""
        return self.model.spec.network

    def forecast(self, history: PriceHistory, rows: range) -> Forecast:
        """Forecast from each of ``rows``; row *t* looks at candles up to *t*.

        Raises:
            NotEnoughData: If the first origin has too few candles before it.
        """
        return self.calibrated_forecast(history, rows)[0]

    def calibrated_forecast(
        self, history: PriceHistory, rows: range
    ) -> tuple[Forecast, Calibration | None]:
        """Forecast as ``forecast`` does, and return how the last band was rescaled.

        Raises:
            NotEnoughData: If the first origin has too few candles before it.
        """
        return self.band.forecast(self.model, history, rows)

    def with_burn_in(self, rows: range) -> range:
        """Return ``rows`` and the rows before them whose outcomes help to make their bands."""
        return range(self.band.first_row(rows, self.model.spec.horizon), rows.stop)

    def uncalibrated_forecast(self, history: PriceHistory, rows: range) -> Forecast:
        """Forecast from each of ``rows``, with a band that no outcome has corrected.

        Raises:
            NotEnoughData: If the first origin has too few candles before it.
        """
        return self.band.uncalibrated(self.model, history, rows)

    def calibrated(
        self, own: Forecast, history: PriceHistory, rows: range
    ) -> tuple[Forecast, Calibration | None]:
        """Correct uncalibrated forecasts from ``with_burn_in(rows)``; see ``Band.calibrated``."""
        return self.band.calibrated(own, self.model, history, rows)


def for_test(model: TrainedModel, split: Split) -> NetworkPredictor:
    """Make the predictor of a test; its band uses validation rows and later rows.

    Args:
        model: Network that was not fitted on the test rows.
        split: Split of the prices of the test.
    """
    needed = specs.needs(model.spec)
    if model.spec.loss == "mse":
        return NetworkPredictor(model, ResidualBand(split.validation_origins(needed)))
    first = max(split.train_end, split.first + needed - 1)
    # One outcome more than is used; without it published figures would change.
    return NetworkPredictor(model, RollingBand(first, calibration.CALIBRATION_ROWS + 1))


def for_next_steps(model: TrainedModel, history: PriceHistory) -> NetworkPredictor:
    """Make the predictor of the next steps; its band uses rows that it was not fitted on.

    Where fewer than ``calibration.MIN_OUTCOMES`` outcomes of such rows are known, the network keeps
    its own band.

    Args:
        model: A trained network.
        history: ``n`` candles; the last one is the origin.
    """
    outcomes = known_outcomes(history, model)
    if outcomes < calibration.MIN_OUTCOMES:
        return NetworkPredictor(model, OwnBand())
    if model.spec.loss == "mse":
        stop = len(history) - model.spec.horizon
        rows = range(stop - min(outcomes, calibration.CALIBRATION_ROWS), stop)
        return NetworkPredictor(model, ResidualBand((rows,)))
    first = _first_unfitted(history, model)
    return NetworkPredictor(model, RollingBand(first, calibration.CALIBRATION_ROWS))


def known_outcomes(history: PriceHistory, model: TrainedModel) -> int:
    """Count the last-step outcomes that the band of the next steps could use."""
    return max(0, len(history) - model.spec.horizon - _first_unfitted(history, model))


def _first_unfitted(history: PriceHistory, model: TrainedModel) -> int:
    """Find the first row with enough candles that the model was not fitted on."""
    first = specs.needs(model.spec) - 1
    # Simulated prices share no moment with real ones.
    if model.card.simulated != history.simulated:
        return first
    cutoff = pd.Timestamp(model.card.cutoff)
    return max(first, int(history.candles.index.searchsorted(cutoff, side="right")))
