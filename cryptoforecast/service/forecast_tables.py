"""Forecasts as a table, in our layout or in that of Nixtla's libraries."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.types import QUANTILES, Backtest, Forecast, NextSteps

#: The layouts; the first is the usual one.
STYLES = ("cf", "nixtla")
#: Levels (%) of the bands in ``nixtla`` style, and the quantiles at their ends.
LEVELS = {
    round(200 * (high - 0.5)): (QUANTILES.index(low), QUANTILES.index(high))
    for low, high in zip(QUANTILES[3::-1], QUANTILES[5:], strict=True)
}


def check_style(style: str) -> None:
    """Refuse a layout that is not one of ``STYLES``.

    Raises:
        InvalidInput: If there is none of this name.
    """
    if style not in STYLES:
        raise InvalidInput(f"`style` must be {' or '.join(STYLES)}. Received: {style!r:.60}.")


def of(result: Backtest, style: str = STYLES[0]) -> pd.DataFrame:
    """List every forecast of a test, one row an origin and step.

    Args:
        result: A backtest.
        style: ``"cf"`` for the predictor that is shown first, ``"nixtla"`` for all predictors
            side by side.

    Returns:
        In our layout: ``predictor``, ``coin``, ``interval``, ``source``, ``quote`` (the currency
        of all prices) and the columns of ``Forecast.frame``. In Nixtla's: ``unique_id`` (the
        coin), ``ds``, ``cutoff``, ``y``, and for each predictor ``NAME``, ``NAME-lo-50``,
        ``NAME-hi-50`` and so on.

    Raises:
        InvalidInput: For another style.
    """
    check_style(style)
    return _side_by_side(result) if style == "nixtla" else _shown(result)


def _shown(result: Backtest) -> pd.DataFrame:
    history = result.history
    frame = result.forecast.frame()
    labels = {
        "predictor": result.forecast.predictor,
        "coin": history.coin,
        "interval": history.interval,
        "source": history.source,
        "quote": history.quote,
    }
    for i, (name, value) in enumerate(labels.items()):
        frame.insert(i, name, value)
    return frame


def of_next_steps(steps: NextSteps) -> pd.DataFrame:
    """List the next steps in Nixtla's layout, one row a step.

    Args:
        steps: What comes next.

    Returns:
        ``unique_id`` (the coin), ``ds``, ``cutoff``, and ``NAME``, ``NAME-lo-50``, ``NAME-hi-50``
        and so on of the predictor, in the currency of the prices.
    """
    forecast = steps.forecast
    columns = _moments(steps.history.coin, forecast) | _prices(forecast.predictor, forecast)
    return pd.DataFrame(columns)


def _side_by_side(result: Backtest) -> pd.DataFrame:
    columns = _moments(result.history.coin, result.forecast)
    columns["y"] = result.forecast.actual.ravel()
    for name, forecast in result.forecasts.items():
        columns |= _prices(name, forecast)
    return pd.DataFrame(columns)


def _moments(coin: str, forecast: Forecast) -> dict[str, object]:
    """Return the coin, the candle that is forecast and the last one known, by origin and step."""
    steps = forecast.horizon
    order = np.arange(len(forecast) * steps).reshape(steps, -1).T.ravel()
    times = [forecast.times(step) for step in range(1, steps + 1)]
    return {
        "unique_id": coin,
        "ds": times[0].append(times[1:])[order],
        "cutoff": forecast.origins.repeat(steps),
    }


def _prices(name: str, forecast: Forecast) -> dict[str, object]:
    """Return the point forecast and the ends of its bands, by origin and step."""
    prices = forecast.quantile_prices
    columns: dict[str, object] = {name: forecast.predicted.ravel()}
    for level, (low, high) in LEVELS.items():
        columns[f"{name}-lo-{level}"] = prices[..., low].ravel()
        columns[f"{name}-hi-{level}"] = prices[..., high].ravel()
    return columns
