"""Whether times are the start or the end of their candles."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.prices.candles.resample import nanoseconds
from cryptoforecast.types import Array

# Nanoseconds from a closing label to the end of its candle: for 23:59:59.999999 and .999, for
# 23:59:59 and for 23:59.
_BEFORE_END = (1_000, 1_000_000, 1_000_000_000, 60_000_000_000)
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
    phase = times % length
    for before in _BEFORE_END:
        at_end = phase == length - before
        if before * 10 <= length and at_end.mean() >= _MIN_SHARE:
            label = pd.Timestamp(int(times[np.argmax(at_end)]), unit="ns").time()
            decision = (
                f"{label} is the end of its candle; each is labelled by its opening time instead"
            )
            return np.where(at_end, times - phase, times), decision
    if closing:
        return times - length, "closing times; each candle is labelled by its opening time instead"
    return times, ""
