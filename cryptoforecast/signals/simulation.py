"""Simulated signals whose truth is known: one that tells nothing, and one that gives a hint.

The first stands in for a live signal where there is none. With both, tests and benchmarks find out
what an ablation claims of a signal that is known to be empty or known to help.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from cryptoforecast.types import PriceHistory

#: Share of the last value in the next one, and the scatter of a new one, of an empty index.
_MEMORY, _SCATTER = 0.9, 8.0
#: Start of every empty index, so that its values do not depend on the prices beside it.
_EPOCH = pd.Timestamp("2018-01-01", tz="UTC")


def empty_index(name: str, step: pd.Timedelta, end: pd.Timestamp) -> pd.Series:
    """Simulate an index from 0 to 100 that knows nothing of any price.

    Args:
        name: Decides the values: the same name gives the same index.
        step: Time from one value to the next.
        end: The last value lies before this time, UTC.

    Returns:
        ``(n,)``, by the time of each value, UTC.
    """
    times = pd.date_range(_EPOCH, end, freq=step, inclusive="left", unit="ns")
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    shocks = np.random.default_rng(seed).normal(0, _SCATTER, len(times))
    values, value = np.empty(len(times)), 50.0
    for i, shock in enumerate(shocks):
        value = min(max(50 + _MEMORY * (value - 50) + shock, 0.0), 100.0)
        values[i] = value
    return pd.Series(values, times)


def hint(history: PriceHistory, strength: float, seed: int = 0) -> pd.Series:
    """Simulate a signal that tells how far the next candle will range, as none honestly can.

    Args:
        history: ``n`` candles.
        strength: Standard deviations of the hint for one of the noise; with 0 it tells nothing.
        seed: Seed of the noise.

    Returns:
        ``(n - 1,)``, by the close of each candle but the last, UTC.
    """
    highs, lows = (history.candles[name].to_numpy(float)[1:] for name in ("high", "low"))
    ranges = np.log(np.log(highs / lows) + 1e-6)
    ranges = (ranges - ranges.mean()) / ranges.std()
    noise = np.random.default_rng(seed).normal(0, 1, len(ranges))
    return pd.Series(strength * ranges + noise, history.candles.index[:-1] + history.candle_length)
