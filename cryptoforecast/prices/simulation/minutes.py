"""Minutes inside simulated hours: merged again they give exactly the hours they came from.

Imports nothing of ours but ``types``.

``simulated`` walks through an hour in twelve steps. Here a Brownian path runs through the same
twelve points, folded back wherever it would leave the hour's range; the minute that comes nearest
to the hour's high, or low, has it for its own. So minutes are as unpredictable as hours are.
Volume goes to the minutes that move most.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from cryptoforecast.types import INTERVALS, Array

MINUTES = 60
#: Steps of the path in a minute, which give the minute a high and a low.
STEPS = 8
# What an hour's volume is shared out by: moves, something for a minute without one, and chance.
_LEAST_MOVE, _NOISE = 0.02, 0.4


def minutes(
    hours: pd.DataFrame, shocks: Array, scale: Array, random: np.random.Generator
) -> pd.DataFrame:
    """Make sixty candles of each hour.

    Args:
        hours: canonical hourly candles, `(n,)`.
        shocks: standard normal steps through each hour, `(n, steps)`.
        scale: standard deviation of each hour's log-return, `(n,)`.
        random: for what happens between those steps.

    Returns:
        Canonical candles of a minute, `(60 n,)`. Merged into hours their prices are those of
        ``hours`` to the last bit, their volume up to rounding.
    """
    open_, high, low, close = (
        hours[name].to_numpy()[:, None] for name in ("open", "high", "low", "close")
    )
    points = open_ * np.exp(_path(shocks, scale, np.log(close / open_), random))
    points = np.where(points > high, high * high / points, points)
    points = np.where(points < low, low * low / points, points)
    points = np.clip(points, low, high)
    points[:, :1], points[:, -1:] = open_, close
    inside = points[:, 1:].reshape(len(hours), MINUTES, STEPS)
    opens, closes = points[:, :-1:STEPS], points[:, STEPS::STEPS]
    highs = np.maximum(inside.max(axis=2), opens)
    lows = np.minimum(inside.min(axis=2), opens)
    np.put_along_axis(highs, highs.argmax(axis=1)[:, None], high, axis=1)
    np.put_along_axis(lows, lows.argmin(axis=1)[:, None], low, axis=1)
    share = np.log(highs / lows) / scale[:, None] + _LEAST_MOVE
    share *= np.exp(_NOISE * random.standard_normal(share.shape))
    volume = hours["volume"].to_numpy()[:, None] * share / share.sum(axis=1, keepdims=True)
    step = INTERVALS["1m"].as_unit("ns").value
    times = hours.index.asi8[:, None] + step * np.arange(MINUTES)
    return pd.DataFrame(
        {
            "open": opens.ravel(),
            "high": highs.ravel(),
            "low": lows.ravel(),
            "close": closes.ravel(),
            "volume": volume.ravel(),
        },
        index=pd.DatetimeIndex(times.ravel(), tz="UTC", name="time"),
    )


def _path(shocks: Array, scale: Array, end: Array, random: np.random.Generator) -> Array:
    """Walk through each hour: log-price over the open's, `(n, 60 * STEPS + 1)`.

    Args:
        shocks: see ``minutes``.
        scale: see ``minutes``.
        end: log-return of each hour, `(n, 1)`; a straight line is added to arrive there.
        random: see ``minutes``.
    """
    n, coarse = shocks.shape
    steps = MINUTES * STEPS
    between = random.standard_normal((n, coarse, steps // coarse))
    # Less their mean, they lead from one of the twelve points to the next.
    between -= between.mean(axis=2, keepdims=True)
    between += shocks[:, :, None] / math.sqrt(steps // coarse)
    walk = np.cumsum(between.reshape(n, steps), axis=1) * (scale[:, None] / math.sqrt(steps))
    walk += (end - walk[:, -1:]) * (np.arange(1, steps + 1) / steps)
    return np.concatenate([np.zeros((n, 1)), walk], axis=1)
