"""Trades (time, price, volume) made into candles."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.candles.resample import floors, nanoseconds
from cryptoforecast.types import INTERVALS, Array

# Trades that a candle must have on average.
_MIN_TRADES = 2.0
# Prices are evenly spaced if more than this share of their distances is the same.
_EVEN_SHARE = 0.8
# Nanoseconds of the shortest candle.
_SHORTEST = min(map(nanoseconds, INTERVALS.values()))


def candles_from_trades(
    times: Array, price: Array, volume: Array, interval: str | None
) -> tuple[pd.DataFrame, Array, str]:
    """Make candles of trades.

    Args:
        times: `(n,)` ns, rising.
        price: `(n,)` prices, in the file's quote currency.
        volume: `(n,)` coins, or turnover in the quote currency; NaN where unknown.
        interval: Candle length; by default the shortest that leaves no more than half of the
            candles without a trade and has two trades a candle on average, else ``"1d"``.

    Returns:
        Canonical candles without the last, which may still be open; `(m,)` the row of each
        candle's first trade; and the interval.

    Raises:
        UnreadableFile: If there are too few prices a candle.
    """
    name = interval or next((each for each in INTERVALS if _is_dense(times, each)), "1d")
    bucket = floors(times, INTERVALS[name])
    first = np.flatnonzero(np.r_[True, bucket[1:] != bucket[:-1]])
    if len(times) < _MIN_TRADES * len(first):
        raise UnreadableFile(
            "Candles need an open, high, low and close, a close each, or several trades each. "
            f"Received: one price column with {len(times)} prices at uneven times, few a candle. "
            "Use a file with all four prices, or ask for a longer interval."
        )
    last = np.r_[first[1:], len(times)] - 1
    has_volume = np.add.reduceat(~np.isnan(volume), first) > 0
    candles = pd.DataFrame(
        {
            "open": price[first],
            "high": np.maximum.reduceat(price, first),
            "low": np.minimum.reduceat(price, first),
            "close": price[last],
            "volume": np.where(has_volume, np.add.reduceat(np.nan_to_num(volume), first), np.nan),
        },
        index=pd.DatetimeIndex(bucket[first], tz="UTC", name="time"),
    )
    return candles.iloc[:-1], first[:-1], name


def are_closes(times: Array) -> bool:
    """Tell whether single prices come in even steps, so that each is the close of a candle.

    Args:
        times: `(n,)` ns, in order; those of trades may be there several times.
    """
    if len(times) < 2:
        return True
    steps = np.diff(times)
    step = np.median(steps)
    return bool(step >= _SHORTEST and (steps == step).mean() > _EVEN_SHARE)


def _is_dense(times: Array, interval: str) -> bool:
    """Tell whether at least half of the candles of this length have trades, and enough of them."""
    length = nanoseconds(INTERVALS[interval])
    count = len(np.unique(floors(times, INTERVALS[interval])))
    return count * 2 * length >= int(times[-1] - times[0]) and len(times) >= _MIN_TRADES * count
