"""Coarser candles from finer ones.

Imports only ``types`` and ``errors``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.types import INTERVALS, Array

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
    return int(length.as_unit("ns").value)


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
    floored: np.ndarray = times - (times - _ORIGIN) % nanoseconds(step)
    return floored


def resample(candles: pd.DataFrame, fine: str, coarse: str) -> pd.DataFrame:
    """Merge candles into longer ones; see ``merge``.

    Args:
        candles: canonical frame (see ``PriceHistory``) of interval ``fine``, no NaN prices.
        fine: interval of ``candles``.
        coarse: interval wanted; a multiple of ``fine``.

    Returns:
        Canonical frame of interval ``coarse``.

    Raises:
        InvalidInput: if ``coarse`` is not a multiple of ``fine``.
    """
    if fine == coarse:
        return candles
    check_multiple(step_of(fine), coarse)
    if candles.empty:
        return candles
    times = candles.index.asi8
    values = {name: candles[name].to_numpy(float) for name in COLUMNS}
    merged = merge(times, values, step_of(coarse))
    return merged.until(int(times[-1]) + nanoseconds(step_of(fine))).candles()


def check_multiple(fine: pd.Timedelta, coarse: str) -> None:
    """Raise ``InvalidInput`` unless ``coarse`` is a multiple of ``fine``."""
    if step_of(coarse) % fine:
        length = describe(fine)
        raise InvalidInput(
            f"Candles can only be merged into longer ones. Received: {length} candles, {coarse} "
            f"wanted. Choose {length} or a multiple of it."
        )


@dataclass(frozen=True, eq=False)
class Merged:
    """Rows merged into longer candles.

    Attributes:
        step: their length.
        opens: ``(m,)`` ns, rising.
        values: ``(m,)`` each of ``open high low close volume``.
        first: ``(m,)`` first row of each.
        rows: ``(m,)`` how many rows each is made of.
    """

    step: pd.Timedelta
    opens: Array
    values: dict[str, Array]
    first: Array
    rows: Array

    def candles(self) -> pd.DataFrame:
        """Make the canonical frame."""
        index = pd.DatetimeIndex(self.opens, tz="UTC", name="time")
        return pd.DataFrame(self.values, index=index, copy=False)

    def until(self, end: int) -> Merged:
        """Drop the last candle unless it is over at ``end``, ns: it may still be open."""
        if self.opens[-1] + nanoseconds(self.step) <= end:
            return self
        values = {name: column[:-1] for name, column in self.values.items()}
        return Merged(self.step, self.opens[:-1], values, self.first[:-1], self.rows[:-1])


def merge(times: Array, values: Mapping[str, Array], step: pd.Timedelta) -> Merged:
    """Merge rows: open first, high max, low min, close last, volume sum (NaN if none is known).

    A candle labelled *t* is made only of rows in [t, t + step).

    Args:
        times: ``(n,)`` ns, rising.
        values: ``(n,)`` each of ``open high low close volume``.
        step: length of the candles wanted.
    """
    bucket = floors(times, step)
    first = np.flatnonzero(np.r_[True, bucket[1:] != bucket[:-1]][: len(times)])
    end = np.r_[first[1:], len(times)][: len(first)]
    volume = values["volume"]
    unknown = np.isnan(volume)
    total = np.add.reduceat(np.where(unknown, 0.0, volume), first)
    if unknown.any():
        total[np.add.reduceat(unknown, first, dtype=np.int64) == end - first] = np.nan
    merged = {
        "open": values["open"][first],
        "high": np.maximum.reduceat(values["high"], first),
        "low": np.minimum.reduceat(values["low"], first),
        "close": values["close"][end - 1],
        "volume": total,
    }
    return Merged(step, bucket[first], merged, first, end - first)
