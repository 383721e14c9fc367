"""The inputs and the outputs of an exported network, as formulas with NumPy alone.

This file goes with the network. It needs nothing else of the program that made it::

    import json, numpy, formulas
    settings = json.load(open("scaler.json"))
    inputs = formulas.inputs(candles, times, settings)
    raw = numpy.asarray(network(inputs))
    price, quantiles = formulas.prices(raw, candles, settings)

``candles`` has one row for each of the ``needs`` last closed candles, oldest first: open, high,
low, close and volume. ``times`` are their opens, UTC, as ``datetime64``. Where an average reaches
back before the first candle, it is NaN (not a number); no such row is an input.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: Levels of the quantiles.
LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)


class Market:
    """Candles as columns: open, high, low, close, volume, and the time of their opens.

    Args:
        candles: ``(n, 5)``, the oldest first, prices in the quote currency.
        times: ``(n,)`` opens, UTC.
    """

    def __init__(self, candles: Array, times: Array) -> None:
        self.open, self.high, self.low, self.close, self.volume = np.asarray(candles, float).T
        self.times = np.asarray(times, "datetime64[s]")
        self.hour = (self.times - self.times.astype("datetime64[D]")).astype(float) / 3600
        # 1970-01-01 was a Thursday; Monday is 0.
        self.day = (self.times.astype("datetime64[D]").astype(int) + 3) % 7
        before = np.append(self.open[:1], self.close[:-1])
        spans = np.log(np.maximum(self.high, before) / np.minimum(self.low, before))
        self.true_range = spans / math.sqrt(8 / math.pi)
        self.true_range[0] = np.nan
        self.moves = np.append(np.nan, np.log(self.close[1:] / self.close[:-1]))

    def average_range(self, rows: int) -> Array:
        """Average the true range over ``rows`` candles, ``(n,)`` log-return."""
        return np.maximum(mean(self.true_range, rows), 1e-5)


def lagged(values: Array, lag: int) -> Array:
    """Return the value ``lag`` candles before each candle; NaN where there is none."""
    return np.append(np.full(min(lag, len(values)), np.nan), values[: max(len(values) - lag, 0)])


def weighted(values: Array, weights: Array) -> Array:
    """Compute the weighted sum of the last values; the first weight is that of the newest."""
    return sum((each * lagged(values, lag) for lag, each in enumerate(weights)), np.zeros(1))


def mean(values: Array, rows: int) -> Array:
    """Compute the mean of the last ``rows`` values."""
    return weighted(values, np.full(rows, 1 / rows))


def exponential(span: int) -> Array:
    """Compute the weights of an exponential average over three spans, the newest first."""
    weights = (1 - 2 / (span + 1)) ** np.arange(3 * span)
    shares: Array = weights / weights.sum()
    return shares


def ratio(part: Array, whole: Array, otherwise: float) -> Array:
    """Divide ``part`` by ``whole``; give ``otherwise`` where ``whole`` is 0."""
    return np.where(whole == 0, otherwise, part / np.where(whole == 0, 1, whole))


def circle(angle: Array) -> Array:
    """Compute sine and cosine of an angle in full turns, ``(n, 2)``."""
    return np.column_stack([np.sin(2 * np.pi * angle), np.cos(2 * np.pi * angle)])


def volume(market: Market) -> Array:
    """Compute volume against its mean of 24 candles, on a log scale."""
    traded = np.nan_to_num(market.volume, nan=0.0, posinf=0.0)
    shares: Array = np.log((ratio(traded, mean(traded, 24), 1.0) + 0.01) / 1.01)
    return shares


def rsi(market: Market) -> Array:
    """Compute the relative strength index of 14 candles, a fraction."""
    changes = market.close - lagged(market.close, 1)
    rises = weighted(np.maximum(changes, 0), exponential(27))
    return ratio(rises, weighted(np.abs(changes), exponential(27)), 0.5)


def macd(market: Market) -> Array:
    """Compute MACD (12, 26, 9) and its histogram, as shares of the close.

    The first column is the exponential average of 12 closes minus that of 26. The second column
    is the first one minus its own average of 9.
    """
    line = -exponential(26)
    line[:36] += exponential(12)
    above = -np.convolve(line, exponential(9))
    above[: len(line)] += line
    both = (weighted(market.close, each) / market.close for each in (line, above))
    return np.column_stack([*both])


def bollinger(market: Market) -> Array:
    """Compute where the close lies in its band of 20 closes, and the log width of the band.

    Distances are shares of the close, so that they are exactly 0 where all closes are equal.
    """
    distances = [lagged(market.close, lag) / market.close - 1 for lag in range(20)]
    average = sum(distances, np.zeros(1)) / 20
    squares = [(each - average) ** 2 for each in distances]
    half = 2 * np.sqrt(sum(squares, np.zeros(1)) / 20)
    place = ratio(-average, half, 0.0)
    return np.column_stack([place, np.log(2 * half / (1 + average) + 1e-4)])


def atr(market: Market) -> Array:
    """Compute the average true range of 14 candles as a share of the close, on a log scale."""
    before = lagged(market.close, 1)
    spans = np.maximum(market.high, before) - np.minimum(market.low, before)
    shares: Array = np.log(weighted(spans, exponential(27)) / market.close + 1e-4)
    return shares


def averages(market: Market) -> Array:
    """Compute the log of the close over its means of 10, 50 and 100 candles."""
    means = [np.log(market.close / mean(market.close, rows)) for rows in (10, 50, 100)]
    return np.column_stack(means)


FEATURES: dict[str, Callable[[Market], Array]] = {
    "close": lambda market: market.close,
    "return": lambda market: market.moves,
    "abs_return": lambda market: np.log(np.abs(market.moves) + 1e-4),
    "range": lambda market: np.log(np.maximum(np.log(market.high / market.low), 0) + 1e-4),
    "scaled_return": lambda market: market.moves / market.average_range(168),
    "scaled_move": lambda market: np.log(np.abs(market.moves / market.average_range(168)) + 0.05),
    "scaled_range": lambda market: np.log(market.true_range / market.average_range(168) + 0.05),
    "short_range": lambda market: np.log(market.average_range(24) / market.average_range(168)),
    "long_range": lambda market: np.log(market.average_range(504) / market.average_range(168)),
    "volume": volume,
    "hour": lambda market: circle(market.hour / 24),
    "half_day": lambda market: circle(market.hour / 12),
    "week": lambda market: circle((market.day + np.floor(market.hour) / 24) / 7),
    "weekend": lambda market: (market.day >= 5).astype(float),
    "rsi": rsi,
    "macd": macd,
    "bollinger": bollinger,
    "atr": atr,
    "averages": averages,
}


def inputs(candles: Array, times: Array, settings: Mapping[str, Any]) -> Array:
    """Compute what the network reads, ``(1, lookback, inputs)``: its features, scaled."""
    market = Market(candles, times)
    columns = [FEATURES[name](market) for name in settings["features"]]
    raw = np.column_stack(columns)[-settings["lookback"] :]
    scaled = (raw - np.array(settings["offset"])) / np.array(settings["scale"])
    window: Array = scaled.astype(np.float32)[None]
    return window


def prices(raw: Array, candles: Array, settings: Mapping[str, Any]) -> tuple[Array, Array]:
    """Turn the last layer into prices.

    Args:
        raw: The last layer for one window, as the network returns it.
        candles: ``(needs, 5)``, as in the docstring of this file.
        settings: Content of ``scaler.json``.

    Returns:
        The forecast of each step, ``(horizon,)``, and the quantiles of ``LEVELS``, ``(horizon,
        9)``, both in the quote currency. The quantiles are not calibrated.
    """
    market = Market(candles, np.zeros(len(candles), "datetime64[s]"))
    close = market.close[-1]
    unit = market.average_range(168)[-1] if settings["unit"] == "range" else 1.0
    each = np.asarray(raw, float).reshape(settings["ensemble"], settings["horizon"], -1)
    values = rising(each) if settings["loss"] == "quantile" else each
    values = values * np.array(settings["target_scale"])[:, None]
    values = values + np.array(settings["target_offset"])[:, None]
    if settings["target"] == "price":
        returns = np.log(np.maximum(values, 1e-6 * close) / close)
    else:
        returns = values * unit
    returns = returns.mean(axis=0)
    point = returns[:, 4 if settings["loss"] == "quantile" else 0]
    if settings["residuals"] is not None:
        returns = point[:, None] + np.array(settings["residuals"])
    return close * np.exp(point), close * np.exp(returns)


def rising(raw: Array) -> Array:
    """Make quantiles that can't cross: the median, and softplus distances between neighbours."""
    steps = np.log1p(np.exp(-np.abs(raw))) + np.maximum(raw, 0)
    above = raw[..., 4:5] + np.cumsum(steps[..., 5:], axis=-1)
    below = raw[..., 4:5] - np.cumsum(steps[..., 3::-1], axis=-1)
    return np.concatenate([below[..., ::-1], raw[..., 4:5], above], axis=-1)
