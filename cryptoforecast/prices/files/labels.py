"""Whether times name the start or the end of their candles.

Imports ``importing.table`` and ``prices.resample``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.prices.candles.resample import nanoseconds
from cryptoforecast.types import Array

# How long before the end of its candle a closing label lies: 23:59:59.999999, .999, :59, 23:59.
_BEFORE_THE_END = (1_000, 1_000_000, 1_000_000_000, 60_000_000_000)
_SHARE = 0.95


def opening_times(times: Array, grid: pd.Timedelta, closing: bool) -> tuple[Array, str]:
    """Turn closing times into opening times.

    Args:
        times: `(n,)` ns.
        grid: most frequent spacing.
        closing: whether the file or the person says that they are closing times.

    Returns:
        `(n,)` ns, and what was done; empty if they are opening times already.
    """
    step = nanoseconds(grid)
    phase = times % step
    for before in _BEFORE_THE_END:
        at_the_end = phase == step - before
        if before * 10 <= step and at_the_end.mean() >= _SHARE:
            label = pd.Timestamp(int(times[np.argmax(at_the_end)]), unit="ns").time()
            how = f"{label} is the end of its candle; each is labelled by its opening time instead"
            return np.where(at_the_end, times - phase, times), how
    if closing:
        return times - step, "closing times; each candle is labelled by its opening time instead"
    return times, ""
