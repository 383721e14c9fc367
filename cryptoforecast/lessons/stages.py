"""One forecast of the past, stage by stage: candles, changes, range, price."""

from __future__ import annotations

import numpy as np

from cryptoforecast.evaluation import losses
from cryptoforecast.types import Array, Backtest, Forecast, ForecastStages


def stages(result: Backtest, back: int) -> ForecastStages:
    """Return one past forecast of the network in a test, with what it was made from.

    Args:
        result: A test of a network.
        back: How many origins before the last one whose outcome is known; 0 is that one.
    """
    forecast, horizon = of_network(result), result.spec.horizon
    row = last_known(forecast) - back
    history, lookback = result.history, result.spec.lookback
    origin = int(history.candles.index.get_indexer(forecast.origins[[row]])[0])
    begin = max(0, origin - lookback - horizon)
    candles = history.candles.iloc[begin : origin + horizon + 1]
    closes = history.candles["close"].to_numpy(float)[origin - lookback : origin + 1]
    one = forecast[slice(row, row + 1)]
    loss = _losses(forecast)
    return ForecastStages(
        coin=history.coin,
        quote=history.quote,
        simulated=history.simulated,
        interval=history.interval,
        candles=candles,
        first=origin - begin - lookback + 1,
        origin=origin - begin,
        changes=np.diff(np.log(closes)),
        quantiles=one.quantiles[0].astype(float),
        actual=one.actual_returns[0],
        closes_at=candles.index[-horizon:] + history.candle_length,
        loss=float(loss[row]),
        average_loss=float(np.nanmean(loss)),
        inside=bool(losses.inside(one.actual_returns[:, -1], one.quantiles[:, -1], 80)[0]),
        weights=0 if result.model is None else sum(each.size for each in result.model.weights),
    )


def of_network(result: Backtest) -> Forecast:
    """Return the forecast of the network in a test, or of the baseline under test."""
    return result.forecasts.get(result.spec.network, result.forecast)


def last_known(forecast: Forecast) -> int:
    """Return the row of the last forecast whose whole outcome is known."""
    return int(np.flatnonzero(np.isfinite(forecast.actual[:, -1]))[-1])


def _losses(forecast: Forecast) -> Array:
    return losses.pinball_of_origins(forecast.actual_returns[:, -1], forecast.quantiles[:, -1])
