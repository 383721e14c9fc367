"""Joint paths of the next steps, and the chance that the price touches a level on the way.

The nine quantiles of a forecast say where each close may lie, but not how the closes of several
steps belong together. Past forecasts say this: for each earlier origin it is known where the
outcome of every step fell in its distribution. A path takes the ranks of one earlier origin at all
steps, and its prices from the quantiles of the present forecast (Schaake shuffle: Clark et al.
2004, "The Schaake shuffle: a method for reconstructing space-time variability in forecasted
precipitation and temperature fields"; empirical copula). How far the price goes beyond two
neighbouring closes is taken from the candles after the same origin, in units of the band's width.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from cryptoforecast.forecasting import probability
from cryptoforecast.forecasting.predictor import Predictor
from cryptoforecast.types import (
    QUANTILES,
    Array,
    Extremes,
    Forecast,
    NextSteps,
    Paths,
    PriceHistory,
    Touch,
)

#: Paths of one forecast.
COUNT = 1000
#: Paths are taken evenly from at most so many past origins.
PAST_ROWS = 4000
#: Past origins that are needed for each step of the horizon. With fewer, past paths say less about
#: how closes belong together than a random walk does.
MIN_LENGTHS = 40
# Ends of the 80 % band, and its width over the standard deviation of a normal distribution.
_LOW, _HIGH = QUANTILES.index(0.1), QUANTILES.index(0.9)
_WIDTH_OF_NORMAL = 2.5631


@dataclass(frozen=True, eq=False)
class _Shapes:
    """The shapes of ``m`` paths, without their size; all ``(m, horizon)``.

    Attributes:
        scores: Rises with where each close fell in its distribution; only the order counts.
        up: How far each high lies above the closes around it, in widths of the band of its step.
        down: How far each low lies below them.
    """

    scores: Array
    up: Array
    down: Array

    def __getitem__(self, rows: Array) -> _Shapes:
        return _Shapes(self.scores[rows], self.up[rows], self.down[rows])


def earlier(
    predictor: Predictor, horizon: int, first: int = 0
) -> Callable[[PriceHistory], Forecast]:
    """Return a function that makes a predictor's earlier forecasts, whose whole path is known.

    Args:
        predictor: Any predictor.
        horizon: Its steps.
        first: First row that it can forecast from.

    Returns:
        A function of a history. It forecasts from at most the last ``PAST_ROWS`` rows whose
        outcomes are all known.
    """
    return partial(_earlier, predictor, horizon, first)


def _earlier(predictor: Predictor, horizon: int, first: int, history: PriceHistory) -> Forecast:
    stop = len(history) - horizon
    rows = range(max(first, stop - PAST_ROWS), stop)
    if not rows:
        return predictor.forecast(history, history.last_row)[:0]
    return predictor.forecast(history, rows)


def of_next_steps(steps: NextSteps, count: int = COUNT, seed: int = 0) -> Paths:
    """Draw paths of the next steps; see ``sample``."""
    past = None if steps.earlier is None else steps.earlier(steps.history)
    return sample(steps.forecast, past, steps.history.candles, count, seed)


def sample(
    now: Forecast,
    past: Forecast | None,
    candles: pd.DataFrame,
    count: int = COUNT,
    seed: int = 0,
) -> Paths:
    """Draw joint paths of the next steps.

    At each step the closes of all paths together have the quantiles of ``now``.

    Args:
        now: The forecast from one origin.
        past: Forecasts of the same predictor from other origins. Those count whose whole path was
            known at the origin of ``now``, the last ``PAST_ROWS`` at most. ``None`` without any.
        candles: The candles that ``past`` was made from; those after the origin are not read.
        count: Number of paths.
        seed: The same seed gives the same paths.

    Returns:
        The paths; NaN where the band is undefined.
    """
    rng = np.random.default_rng(seed)
    quantiles = now.quantiles[0].astype(float)
    rows = np.array([], dtype=int) if past is None else _known_rows(now, past, candles)
    if past is None or len(rows) < MIN_LENGTHS * now.horizon:
        return _paths(quantiles, _random_walk(count, now.horizon, rng), 0)
    number = min(count, len(rows))
    rows = rows[np.linspace(0, len(rows) - 1, number).round().astype(int)]
    shapes = _of_past(past, candles, rows)
    return _paths(quantiles, shapes[np.resize(rng.permutation(number), count)], number)


def touch(forecast: Forecast, paths: Paths, prices: Sequence[float]) -> tuple[Touch, ...]:
    """Compute the probability that the price touches each level by each step.

    It is the share of the paths that do. It is never below the probability of ending beyond the
    level at that step, or at a step before it.

    Args:
        forecast: The forecast from one origin.
        paths: Its paths.
        prices: Levels, quote currency.

    Raises:
        InvalidInput: If ``probability.check`` refuses the levels.
    """
    probability.check(prices)
    return tuple(Touch(price, _touched(forecast, paths, price)) for price in prices)


def extremes(forecast: Forecast, paths: Paths) -> Extremes:
    """Compute the quantiles of the highest and lowest price and the largest fall by each step.

    Args:
        forecast: The forecast from one origin.
        paths: Its paths.
    """
    before = np.maximum(_before(paths.reached_highs), 0)
    falls = np.maximum(before - paths.lows, paths.highs - paths.closes)
    falls = np.maximum.accumulate(falls, axis=1)
    close = float(forecast.close[0])
    return Extremes(
        high=_quantiles(close * np.exp(paths.reached_highs)),
        low=_quantiles(close * np.exp(paths.reached_lows)),
        largest_fall=_quantiles(-np.expm1(-falls)),
    )


def frame(steps: NextSteps, paths: Paths) -> pd.DataFrame:
    """Return paths as a long table, one row for each path and step.

    Returns:
        ``path`` and ``step``, both from 1; ``time``, the open of the candle, and ``closes_at``
        (UTC); ``close``, ``high`` and ``low`` of the candle, in the currency of the forecast.
    """
    count, horizon = paths.closes.shape
    close, numbers = float(steps.forecast.close[0]), np.arange(1, horizon + 1)
    opens = [steps.forecast.times(step)[0] for step in numbers]
    prices = {
        name: close * np.exp(values).ravel()
        for name, values in (("close", paths.closes), ("high", paths.highs), ("low", paths.lows))
    }
    which = np.tile(np.arange(horizon), count)
    return pd.DataFrame(
        {
            "path": np.repeat(np.arange(1, count + 1), horizon),
            "step": numbers[which],
            "time": pd.DatetimeIndex(opens)[which],
            "closes_at": steps.closing_times[which],
            **prices,
        }
    )


def _touched(forecast: Forecast, paths: Paths, price: float) -> Array:
    """Compute the probability that the price touches a level by each step, ``(horizon,)``."""
    close = float(forecast.close[0])
    if price == close:
        return np.ones(forecast.horizon)
    away = math.log(price) - math.log(close)
    if away > 0:
        hits, ends = paths.reached_highs >= away, probability.above_price(forecast, price)
    else:
        hits, ends = paths.reached_lows <= away, probability.below_price(forecast, price)
    shares: Array = np.maximum(hits.mean(axis=0), np.maximum.accumulate(ends[0]))
    return shares


def _known_rows(now: Forecast, past: Forecast, candles: pd.DataFrame) -> Array:
    """Find the past forecasts whose whole path was known, the last ``PAST_ROWS`` at most."""
    last = int(candles.index.searchsorted(now.origins[0])) - past.horizon
    stop = 0 if last < 0 else int(past.origins.searchsorted(candles.index[last], side="right"))
    some = slice(max(0, stop - PAST_ROWS), stop)
    is_whole = np.isfinite(past.actual[some]).all(axis=1)
    is_whole &= np.isfinite(past.quantiles[some]).all(axis=(1, 2))
    return np.flatnonzero(is_whole) + some.start


def _of_past(past: Forecast, candles: pd.DataFrame, rows: Array) -> _Shapes:
    """Measure the shapes of the paths that followed past origins."""
    close, quantiles = past.close[rows, None], past.quantiles[rows].astype(float)
    returns = np.log(past.actual[rows] / close)
    first = np.asarray(candles.index.searchsorted(past.origins[rows]))
    window = first[:, None] + np.arange(1, past.horizon + 1)
    highs, lows = (
        np.log(candles[name].to_numpy(float)[window] / close) for name in ("high", "low")
    )
    top, bottom = _around(returns)
    up, down = (
        _over(np.maximum(each, 0), _width(quantiles)) for each in (highs - top, bottom - lows)
    )
    return _Shapes(probability.log_odds(returns, quantiles), up, down)


def _random_walk(count: int, horizon: int, rng: np.random.Generator) -> _Shapes:
    """Draw the shapes of a random walk, with the highs and lows of its Brownian bridges."""
    moves = rng.normal(size=(count, horizon))
    # The highest point of a bridge exceeds its ends by this much (Beghin and Orsingher 1999, "On
    # the maximum of the generalized Brownian bridge").
    far = -2 * np.log(rng.random((2, count, horizon)))
    up, down = (np.sqrt(moves**2 + far) - np.abs(moves)) / 2 / np.sqrt(np.arange(1, horizon + 1))
    return _Shapes(np.cumsum(moves, axis=1), up, down)


def _paths(quantiles: Array, shapes: _Shapes, past: int) -> Paths:
    """Give shapes the size of a forecast of ``(horizon, 9)`` quantiles."""
    count = len(shapes.scores)
    shares = (np.arange(count) + 0.5) / count
    rising = probability.quantile(shares[:, None], quantiles)
    closes = np.empty_like(rising)
    order = np.argsort(shapes.scores, axis=0, kind="stable")
    np.put_along_axis(closes, order, rising, axis=0)
    top, bottom = _around(closes)
    width = _width(quantiles)
    return Paths(closes, top + shapes.up * width, bottom - shapes.down * width, past)


def _around(closes: Array) -> tuple[Array, Array]:
    """Return the higher and the lower of each close and the one before it."""
    before = _before(closes)
    return np.maximum(before, closes), np.minimum(before, closes)


def _before(values: Array) -> Array:
    """Move each column to the next step; 0, the last close, comes first."""
    return np.hstack([np.zeros((len(values), 1)), values[:, :-1]])


def _width(quantiles: Array) -> Array:
    """Measure the width of a band, as the standard deviation of a normal distribution."""
    width: Array = (quantiles[..., _HIGH] - quantiles[..., _LOW]) / _WIDTH_OF_NORMAL
    return width


def _over(values: Array, width: Array) -> Array:
    """Divide by the width of the band; 0 where the band has none."""
    quotient: Array = np.divide(values, width, out=np.zeros_like(values), where=width > 0)
    return quotient


def _quantiles(values: Array) -> Array:
    """Reduce ``(count, horizon)`` values to ``(horizon, 9)`` quantiles."""
    quantiles: Array = np.quantile(values, QUANTILES, axis=0).T
    return quantiles
