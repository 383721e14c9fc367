"""Is it yesterday's price? Forecasts beside the price, and how well they fit when pulled back."""

from __future__ import annotations

import numpy as np

from cryptoforecast.evaluation import diagnostics
from cryptoforecast.lessons.stages import last_known, of_network
from cryptoforecast.types import Backtest, Delay

#: Forecasts that are drawn, in horizons.
MAX_HORIZONS = 10


def delay(result: Backtest) -> Delay:
    """Pull the network's forecasts of the last step back in time, by 0, 1, 2, ... candles.

    Args:
        result: A test of a network.

    Raises:
        NotEnoughData: If too few outcomes are known.
    """
    forecast, step = of_network(result), result.spec.horizon
    gaps = diagnostics.delays(forecast, step)["error"].to_numpy(float)
    stop = last_known(forecast) + 1
    rows = slice(max(0, stop - MAX_HORIZONS * step), stop)
    return Delay(
        coin=result.history.coin,
        quote=result.history.quote,
        simulated=result.history.simulated,
        step=step,
        closes_at=forecast.closes_at(step)[rows],
        actual=forecast.actual[rows, -1],
        predicted=forecast.predicted[rows, -1],
        gaps=np.asarray(gaps),
    )
