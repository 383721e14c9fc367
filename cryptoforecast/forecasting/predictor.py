"""The promise that everything keeps which forecasts: baselines and networks alike."""

from __future__ import annotations

from typing import Protocol

from cryptoforecast.types import Forecast, PriceHistory


class Predictor(Protocol):
    """Anything that forecasts.

    A backtest and the forecast of the next steps ask it in the same way: a backtest from many
    origins, the next steps from one.
    """

    @property
    def name(self) -> str:
        """Name under which its forecasts and scores stand, such as ``"naive"`` or ``"lstm"``."""
        ...

    def forecast(self, history: PriceHistory, rows: range) -> Forecast:
        """Forecast from each of ``rows``.

        Args:
            history: ``n`` candles.
            rows: origins, consecutive and rising, each between 0 and ``n - 1``.

        Returns:
            One forecast an origin. That of row *t* depends on candles up to *t* alone.
        """
        ...
