"""Whether times are the start or the end of their candles."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.prices.candles.resample import nanoseconds
from cryptoforecast.types import Array

# Nanoseconds from a closing label to the end of its candle: for 23:59:59.999999 and .999, for
# 23:59:59 and for 23:59. The end is a whole minute, or for the last of them a whole half hour.
_MINUTE = 60_000_000_000
_BEFORE_END = (
    (1_000, _MINUTE),
    (1_000_000, _MINUTE),
    (1_000_000_000, _MINUTE),
    (_MINUTE, 30 * _MINUTE),
)
# Share of the labels that must be just before the end of their candle.
_MIN_SHARE = 0.95


def opening_times(times: Array, spacing: pd.Timedelta, closing: bool) -> tuple[Array, str]:
    """Turn closing times into opening times.

    Args:
        times: `(n,)` ns.
        spacing: The most frequent distance between neighbours.
        closing: Whether the file or the user says that they are closing times.

    Returns:
        `(n,)` ns, and what was done; empty if they are opening times already.
    """
    length = nanoseconds(spacing)
    for before, whole in _BEFORE_END:
        ends = times + before
        at_end = ends % min(whole, length) == 0
        if before * 10 > length or at_end.mean() < _MIN_SHARE:
            continue
        phases, counts = np.unique(ends[at_end] % length, return_counts=True)
        apart = (ends - phases[np.argmax(counts)]) % length
        # Days of a zone end an hour earlier in summer.
        at_end &= np.minimum(apart, length - apart) <= min(60 * _MINUTE, length // 12)
        if at_end.mean() >= _MIN_SHARE:
            label = pd.Timestamp(int(times[np.argmax(at_end)]), unit="ns").time()
            decision = (
                f"{label} is the end of its candle; each is labelled by its opening time instead"
            )
            return np.where(at_end, ends - length, times), decision
    if closing:
        return times - length, "closing times; each candle is labelled by its opening time instead"
    return times, ""
