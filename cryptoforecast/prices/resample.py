"""Coarser candles from finer ones.

Imports only ``types`` and ``errors``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.types import INTERVALS

COLUMNS = ("open", "high", "low", "close", "volume")

# Weeks begin on Mondays; 1970-01-05 was one, and every shorter interval divides its distance
# to the epoch.
_ORIGIN = pd.Timestamp("1970-01-05", tz="UTC").value


def step_of(interval: str) -> pd.Timedelta:
    """Look up an interval's length.

    Raises:
        InvalidInput: if there is no such interval.
    """
    if interval not in INTERVALS:
        raise InvalidInput(
            f"The interval must be one of {', '.join(INTERVALS)}. Received: {interval!r}."
        )
    return INTERVALS[interval]


def nanoseconds(length: pd.Timedelta) -> int:
    """Length in ns, whatever unit it is kept in."""
    return length.as_unit("ns").value


def describe(length: pd.Timedelta) -> str:
    """Name a length as intervals are named, for example ``"3m"`` or ``"2h"``."""
    for name, value in INTERVALS.items():
        if value == length:
            return name
    seconds = length.total_seconds()
    for letter, unit in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % unit == 0:
            return f"{seconds / unit:.0f}{letter}"
    return f"{seconds:g} s"


def floor(time: pd.Timestamp, interval: str) -> pd.Timestamp:
    """Open of the candle that holds ``time``; weeks begin on Mondays."""
    step = nanoseconds(step_of(interval))
    value = time.as_unit("ns").value
    return pd.Timestamp(value - (value - _ORIGIN) % step, tz="UTC")


def floors(times: np.ndarray, step: pd.Timedelta) -> np.ndarray:
    """Opens of the candles that hold the times, `(n,)` ns; weeks begin on Mondays."""
    return times - (times - _ORIGIN) % nanoseconds(step)


def resample(
    candles: pd.DataFrame,
    fine: str | pd.Timedelta,
    coarse: str,
    until: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """Merge candles: open first, high max, low min, close last, volume sum.

    A candle labelled *t* is made only of rows in [t, t + coarse). The last one is dropped
    unless the rows reach its end. Volume is NaN only where every row's is.

    Args:
        candles: canonical frame (see ``PriceHistory``) of interval ``fine``, no NaN prices.
        fine: interval of ``candles``, or its length.
        coarse: interval wanted; a multiple of ``fine``.
        until: open of the last row known, if later than the last candle's: a row without a
            trade is no candle, but shows that time went on.

    Returns:
        Canonical frame of interval ``coarse``.

    Raises:
        InvalidInput: if ``coarse`` is not a multiple of ``fine``.
    """
    small = step_of(fine) if isinstance(fine, str) else fine
    large = step_of(coarse)
    if small == large:
        return candles
    if large % small:
        length = fine if isinstance(fine, str) else describe(fine)
        raise InvalidInput(
            f"Candles can only be merged into longer ones. Received: {length} candles, {coarse} "
            f"wanted. Choose {length} or a multiple of it."
        )
    if candles.empty:
        return candles
    times = candles.index.asi8
    bucket = floors(times, large)
    first = np.flatnonzero(np.r_[True, bucket[1:] != bucket[:-1]])
    last = np.r_[first[1:], len(times)] - 1
    values = {name: candles[name].to_numpy(float) for name in COLUMNS}
    volume = values["volume"]
    known = np.add.reduceat(~np.isnan(volume), first)
    total = np.add.reduceat(np.nan_to_num(volume), first)
    merged = pd.DataFrame(
        {
            "open": values["open"][first],
            "high": np.maximum.reduceat(values["high"], first),
            "low": np.minimum.reduceat(values["low"], first),
            "close": values["close"][last],
            "volume": np.where(known > 0, total, np.nan),
        },
        index=pd.DatetimeIndex(bucket[first], tz="UTC", name="time"),
    )
    reached = times[-1] if until is None else until.as_unit("ns").value
    complete = reached + nanoseconds(small) >= bucket[-1] + nanoseconds(large)
    return merged if complete else merged.iloc[:-1]
