"""Ways in which a network's forecast gets its band.

A network trained with the quantile loss has a band of its own. On other prices, or in other times,
this band may be too narrow or too wide. A network trained with squared error has no band. So bands
are measured on earlier forecasts of the same network whose outcome was known: ``RollingBand``
adapts and calibrates the network's own band from origin to origin, and ``ResidualBand`` makes a
band of residuals. ``OwnBand`` is the network's own band, for where too few outcomes are known.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from cryptoforecast.forecasting import band_width, calibration
from cryptoforecast.learning import inference
from cryptoforecast.types import (
    MEDIAN,
    Calibration,
    Forecast,
    PriceHistory,
    Stretches,
    TrainedModel,
)


class Band(Protocol):
    """A way to get a band."""

    def forecast(
        self, model: TrainedModel, history: PriceHistory, rows: range
    ) -> tuple[Forecast, Calibration | None]:
        """Forecast from each of ``rows``, with this band.

        Args:
            model: A trained network.
            history: ``n`` candles.
            rows: Origins, consecutive and rising.

        Returns:
            The forecasts, and how the band of the last one was rescaled; ``None`` if it is the
            network's own.

        Raises:
            NotEnoughData: If the first origin has too few candles before it.
        """
        earlier = range(self.first_row(rows, model.spec.horizon), rows.stop)
        return self.calibrated(self.uncalibrated(model, history, earlier), model, history, rows)

    def first_row(self, rows: range, horizon: int) -> int:
        """Return the first row whose forecast helps to make the bands of ``rows``."""
        ...

    def uncalibrated(self, model: TrainedModel, history: PriceHistory, rows: range) -> Forecast:
        """Forecast from each of ``rows``, with a band that no outcome has corrected.

        Args:
            model: A trained network.
            history: ``n`` candles.
            rows: Origins, consecutive and rising.

        Raises:
            NotEnoughData: If the first origin has too few candles before it.
        """
        ...

    def calibrated(
        self, own: Forecast, model: TrainedModel, history: PriceHistory, rows: range
    ) -> tuple[Forecast, Calibration | None]:
        """Correct the bands of ``rows`` by the outcomes that were known.

        Args:
            own: Uncalibrated forecasts from all rows between ``first_row`` and the last of
                ``rows``.
            model: The network that made them.
            history: ``n`` candles.
            rows: Origins, consecutive and rising.

        Returns:
            The forecasts, and how the band of the last one was rescaled; ``None`` if it is the
            network's own.
        """
        ...


@dataclass(frozen=True)
class OwnBand(Band):
    """The network's own band."""

    def first_row(self, rows: range, horizon: int) -> int:
        """Return the first of ``rows``: no other is needed."""
        del horizon
        return rows.start

    def uncalibrated(self, model: TrainedModel, history: PriceHistory, rows: range) -> Forecast:
        """Forecast as the network does; see ``Band.uncalibrated``."""
        return inference.forecast(model, history, rows)

    def calibrated(
        self, own: Forecast, model: TrainedModel, history: PriceHistory, rows: range
    ) -> tuple[Forecast, Calibration | None]:
        """Leave the band as it is; see ``Band.calibrated``."""
        del model, history, rows
        return own, None


@dataclass(frozen=True)
class ResidualBand(Band):
    """The quantiles of past residuals around each point forecast, the same at every origin.

    Attributes:
        origins: Rows whose outcomes are known and on which the network was not fitted.
    """

    origins: Stretches

    def first_row(self, rows: range, horizon: int) -> int:
        """Return the first of ``origins``, but none too far before ``rows`` to be of use."""
        first = rows.start - horizon - calibration.CALIBRATION_ROWS
        return min(rows.start, max(self.origins[0].start, first))

    def uncalibrated(self, model: TrainedModel, history: PriceHistory, rows: range) -> Forecast:
        """Forecast with the quantiles of ln(actual / predicted) from ``origins`` as the band."""
        residuals = inference.residual_quantiles(model, history, self.origins)
        own = inference.forecast(model, history, rows)
        quantiles = np.log(own.predicted / own.close[:, None])[..., None] + residuals
        if len(rows) > 1:  # as exact as networks are, in half the memory
            quantiles = quantiles.astype(np.float32)
        return dataclasses.replace(own, quantiles=quantiles)

    def calibrated(
        self, own: Forecast, model: TrainedModel, history: PriceHistory, rows: range
    ) -> tuple[Forecast, Calibration | None]:
        """Return the forecasts of ``rows``, whose band is already measured."""
        banded = own[len(own) - len(rows) :]
        single = inference.forecast(model, history, rows[-1:])
        if len(rows) == 1:
            banded = self.uncalibrated(model, history, rows)
        width, own_width = (
            each[-1] - each[-1, :, MEDIAN, None] for each in (banded.quantiles, single.quantiles)
        )
        return banded, Calibration(
            window=calibration.CALIBRATION_ROWS,
            outcomes=sum(map(len, self.origins)),
            since=history.candles.index[self.origins[0].start],
            factors=np.divide(width, own_width, out=np.ones_like(width), where=own_width != 0),
        )


@dataclass(frozen=True)
class RollingBand(Band):
    """The network's own band, corrected by its earlier forecasts.

    At every origin the width is adapted first (see ``band_width``), then each quantile is
    calibrated (see ``calibration``). Both use the network's forecasts whose outcome was known at
    the origin. Median and point forecast are not changed.

    Attributes:
        first: First row whose forecast may be used: the network was not fitted on it.
        outcomes: Outcomes of the last step that are used at the first origin, at most.
    """

    first: int
    outcomes: int

    def first_row(self, rows: range, horizon: int) -> int:
        """Return the first row whose outcome corrects the band of the first of ``rows``."""
        return min(rows.start, max(self.first, rows.start - horizon - self.outcomes + 1))

    def uncalibrated(self, model: TrainedModel, history: PriceHistory, rows: range) -> Forecast:
        """Forecast as the network does; see ``Band.uncalibrated``."""
        return inference.forecast(model, history, rows)

    def calibrated(
        self, own: Forecast, model: TrainedModel, history: PriceHistory, rows: range
    ) -> tuple[Forecast, Calibration | None]:
        """Correct widths and levels by earlier outcomes; see ``Band.calibrated``."""
        past = len(own) - len(rows)
        widths = band_width.factors(own, history)
        adapted = band_width.rescaled(own, widths)
        levels = calibration.factors(adapted, past)
        factors = widths[-1, :, None] * levels[-1]
        if len(rows) == 1:
            # A single origin is forecast by itself, so that its point is the same to the last digit
            # on every page, and its band is exactly the network's own times the factors shown.
            single = inference.forecast(model, history, rows)
            banded = calibration.rescaled(single, factors[None])
        else:
            banded = calibration.calibrated(adapted, past, levels)
        begin = rows.start - past
        count = max(0, rows[-1] - own.horizon - begin + 1)
        since = history.candles.index[begin]
        return banded, Calibration(calibration.CALIBRATION_ROWS, count, since, factors)
