"""Resampling: longer candles made of shorter ones, and the grid that candles open on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.types import INTERVALS, Array

#: The columns of the canonical frame, see ``PriceHistory``.
COLUMNS = ("open", "high", "low", "close", "volume")

# Weeks begin on Mondays. 1970-01-05 was a Monday, and every interval of at most a day divides the
# time from 1970-01-01 to it.
_ORIGIN = pd.Timestamp("1970-01-05", tz="UTC").value


def step_of(interval: str) -> pd.Timedelta:
    """Return the length of an interval.

    Raises:
        InvalidInput: If there is no such interval.
    """
    if interval not in INTERVALS:
        raise InvalidInput(
            f"The interval must be one of {', '.join(INTERVALS)}. Received: {interval!r:.40}. "
            f"{_spelling(interval)}"
        )
    return INTERVALS[interval]


def _spelling(text: str) -> str:
    """Say how we write the length that a text means: "Write 1h." for "60min"."""
    try:
        name = describe(pd.Timedelta(str(text)[:20].strip().lower()))
    except ValueError:
        name = ""
    return f"Write {name}." if name in INTERVALS else "Choose one of these."


def nanoseconds(length: pd.Timedelta) -> int:
    """Return a length in ns; pandas may store it in another unit."""
    return int(length.as_unit("ns").value)


def describe(length: pd.Timedelta) -> str:
    """Write a length in the way intervals are named, for example ``"3m"`` or ``"2h"``."""
    for name, value in INTERVALS.items():
        if value == length:
            return name
    seconds = length.total_seconds()
    for letter, unit in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % unit == 0:
            return f"{seconds / unit:.0f}{letter}"
    return f"{seconds:g} s"


def floor(time: pd.Timestamp, interval: str) -> pd.Timestamp:
    """Return the open of the candle that contains ``time``, UTC; weeks begin on Mondays."""
    step = nanoseconds(step_of(interval))
    value = time.as_unit("ns").value
    return pd.Timestamp(value - (value - _ORIGIN) % step, tz="UTC")


def floors(times: np.ndarray, step: pd.Timedelta) -> np.ndarray:
    """Return the opens of the candles that contain the times, ``(n,)`` ns; see ``floor``."""
    floored: np.ndarray = times - (times - _ORIGIN) % nanoseconds(step)
    return floored


def resample(candles: pd.DataFrame, fine: str, coarse: str) -> pd.DataFrame:
    """Merge candles into longer ones; see ``merge``.

    Args:
        candles: Canonical frame (see ``PriceHistory``) of interval ``fine``, without NaN prices.
        fine: Interval of ``candles``.
        coarse: Interval wanted, a multiple of ``fine``.

    Returns:
        Canonical frame of interval ``coarse``. A last candle that is not complete is left out.

    Raises:
        InvalidInput: If ``coarse`` is not a multiple of ``fine``.
    """
    if fine == coarse:
        return candles
    check_multiple(step_of(fine), coarse)
    if candles.empty:
        return candles
    times = candles.index.asi8
    values = {name: candles[name].to_numpy(float) for name in COLUMNS}
    longer = merge(times, values, step_of(coarse))
    return longer.until(int(times[-1]) + nanoseconds(step_of(fine))).candles()


def check_multiple(fine: pd.Timedelta, coarse: str) -> None:
    """Check that candles of length ``fine`` can be merged into the interval ``coarse``.

    Raises:
        InvalidInput: If ``coarse`` is not a multiple of ``fine``.
    """
    if step_of(coarse) % fine:
        length = describe(fine)
        raise InvalidInput(
            f"Candles can only be merged into longer ones. Received: {length} candles, {coarse} "
            f"wanted. Choose {length} or a multiple of it."
        )


@dataclass(frozen=True, eq=False)
class LongerCandles:
    """Rows merged into ``m`` longer candles.

    Attributes:
        step: Length of a candle.
        opens: ``(m,)`` ns, rising.
        values: ``(m,)`` each of ``open high low close volume``.
        first: ``(m,)``, first row of each candle.
        rows: ``(m,)``, number of rows in each candle.
    """

    step: pd.Timedelta
    opens: Array
    values: dict[str, Array]
    first: Array
    rows: Array

    def candles(self) -> pd.DataFrame:
        """Return the candles as a canonical frame."""
        index = pd.DatetimeIndex(self.opens, tz="UTC", name="time")
        return pd.DataFrame(self.values, index=index, copy=False)

    def until(self, end: int) -> LongerCandles:
        """Drop the last candle if it closes after ``end``, ns: it is not complete."""
        if self.opens[-1] + nanoseconds(self.step) <= end:
            return self
        values = {name: column[:-1] for name, column in self.values.items()}
        return LongerCandles(self.step, self.opens[:-1], values, self.first[:-1], self.rows[:-1])


def merge(times: Array, values: Mapping[str, Array], step: pd.Timedelta) -> LongerCandles:
    """Merge rows into longer candles.

    A candle that opens at *t* is made of the rows in [t, t + step): the first open, the highest
    high, the lowest low, the last close and the sum of the known volumes, which is NaN if none of
    them is known.

    Args:
        times: ``(n,)`` ns, rising.
        values: ``(n,)`` each of ``open high low close volume``.
        step: Length of the candles wanted.
    """
    bucket = floors(times, step)
    first = np.flatnonzero(np.r_[True, bucket[1:] != bucket[:-1]][: len(times)])
    end = np.r_[first[1:], len(times)][: len(first)]
    volume = values["volume"]
    unknown = np.isnan(volume)
    total = np.add.reduceat(np.where(unknown, 0.0, volume), first)
    if unknown.any():
        total[np.add.reduceat(unknown, first, dtype=np.int64) == end - first] = np.nan
    columns = {
        "open": values["open"][first],
        "high": np.maximum.reduceat(values["high"], first),
        "low": np.minimum.reduceat(values["low"], first),
        "close": values["close"][end - 1],
        "volume": total,
    }
    return LongerCandles(step, bucket[first], columns, first, end - first)
