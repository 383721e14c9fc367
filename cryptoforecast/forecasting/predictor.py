"""The interface of everything that forecasts, baselines and networks."""

from __future__ import annotations

from typing import Protocol

from cryptoforecast.types import Forecast, PriceHistory


class Predictor(Protocol):
    """Anything that forecasts.

    A backtest and the forecast of the next steps call it in the same way: the backtest with many
    origins, the next steps with one.
    """

    @property
    def name(self) -> str:
        """Name of its forecasts and scores, such as ``"naive"`` or ``"lstm"``."""
        ...

    def forecast(self, history: PriceHistory, rows: range) -> Forecast:
        """Forecast from each of ``rows``.

        Args:
            history: ``n`` candles.
            rows: Origins, consecutive and rising, each between 0 and ``n - 1``.

        Returns:
            One forecast for each origin. That of row *t* depends on candles up to *t* alone.
        """
        ...
