"""Trades (time, price, volume) made into candles.

Imports ``errors``, ``types`` and ``prices.resample``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.candles.resample import floors, nanoseconds
from cryptoforecast.types import INTERVALS, Array

# A candle is worth its name from this many trades on, on average.
_TRADES = 2.0
_EVEN = 0.8


def candles_from_trades(
    times: Array, price: Array, volume: Array, interval: str | None
) -> tuple[pd.DataFrame, Array, str]:
    """Make candles of trades.

    Args:
        times: `(n,)` ns, rising.
        price: `(n,)` USD.
        volume: `(n,)` coins; NaN where unknown.
        interval: candle length; by default the shortest that leaves no more than half of the
            candles without a trade.

    Returns:
        Canonical candles without the last, which may be open; `(m,)` the row of each candle's
        first trade; and the interval.

    Raises:
        UnreadableFile: if there is no more than one price a candle.
    """
    name = interval or next((each for each in INTERVALS if _dense(times, each)), "1d")
    bucket = floors(times, INTERVALS[name])
    first = np.flatnonzero(np.r_[True, bucket[1:] != bucket[:-1]])
    if len(times) < _TRADES * len(first) or (interval is None and are_even(times)):
        raise UnreadableFile(
            "Candles need an open, high, low and close, or several trades each. Received: one "
            f"price column with {len(times)} prices, evenly spaced or few a candle. Use a "
            "file with all four prices, or ask for a longer interval."
        )
    last = np.r_[first[1:], len(times)] - 1
    known = np.add.reduceat(~np.isnan(volume), first) > 0
    candles = pd.DataFrame(
        {
            "open": price[first],
            "high": np.maximum.reduceat(price, first),
            "low": np.minimum.reduceat(price, first),
            "close": price[last],
            "volume": np.where(known, np.add.reduceat(np.nan_to_num(volume), first), np.nan),
        },
        index=pd.DatetimeIndex(bucket[first], tz="UTC", name="time"),
    )
    return candles.iloc[:-1], first[:-1], name


def are_even(times: Array) -> bool:
    """Whether prices, at rising times, come as a clock does: each is the close of something."""
    steps = np.diff(times)
    return bool(np.median(steps) > 0 and (steps == np.median(steps)).mean() > _EVEN)


def _dense(times: Array, interval: str) -> bool:
    step = nanoseconds(INTERVALS[interval])
    filled = len(np.unique(floors(times, INTERVALS[interval])))
    return filled * 2 * step >= int(times[-1] - times[0]) and len(times) >= _TRADES * filled
