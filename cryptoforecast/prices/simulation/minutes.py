"""The minutes inside simulated hours: merged again they give exactly the hours.

``market`` walks through an hour in twelve steps. Here a Brownian path runs through the same twelve
points. Where it would leave the hour's range, it is reflected back. The minute that comes nearest
to the hour's high gets that high, and likewise for the low. So minutes can be forecast as little as
hours. Volume goes to the minutes that move most.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from cryptoforecast.types import INTERVALS, Array

#: Minutes in an hour.
MINUTES = 60
#: Steps of the path in a minute; its high and low come from them.
STEPS = 8
# A minute's share of the hour's volume is proportional to its range, plus this much (in standard
# deviations of the hour), times a random factor whose logarithm has this standard deviation.
_MIN_MOVE, _VOLUME_NOISE = 0.02, 0.4


def minutes(
    hours: pd.DataFrame, shocks: Array, scale: Array, random: np.random.Generator
) -> pd.DataFrame:
    """Make sixty candles of each hour.

    Args:
        hours: Canonical frame of ``n`` hourly candles.
        shocks: ``(n, steps)``, standard normal steps through each hour.
        scale: ``(n,)``, standard deviation of each hour's log-return.
        random: Generator for the path between those steps, and for volume.

    Returns:
        Canonical frame of ``60 n`` minutes. Merged into hours, their prices equal those of
        ``hours`` to the last bit, and their volumes up to rounding.
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
    share = np.log(highs / lows) / scale[:, None] + _MIN_MOVE
    share *= np.exp(_VOLUME_NOISE * random.standard_normal(share.shape))
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
    """Walk through each hour.

    Args:
        shocks: See ``minutes``.
        scale: See ``minutes``.
        end: ``(n, 1)``, log-return of each hour. A straight line is added so that the path ends
            there.
        random: See ``minutes``.

    Returns:
        ``(n, 60 * STEPS + 1)``, log-price minus the log-price at the open.
    """
    n, coarse = shocks.shape
    steps = MINUTES * STEPS
    between = random.standard_normal((n, coarse, steps // coarse))
    # Without their mean they lead exactly from one of the twelve points to the next.
    between -= between.mean(axis=2, keepdims=True)
    between += shocks[:, :, None] / math.sqrt(steps // coarse)
    walk = np.cumsum(between.reshape(n, steps), axis=1) * (scale[:, None] / math.sqrt(steps))
    walk += (end - walk[:, -1:]) * (np.arange(1, steps + 1) / steps)
    return np.concatenate([np.zeros((n, 1)), walk], axis=1)
