"""Local times where clocks change: which of two hours is meant, and hours that never were.

A clock that goes back shows an hour twice. The order of the rows tells the first from the second,
and so does the grid on which the candles open. Where neither does, the file is refused.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.candles.findings import runs
from cryptoforecast.prices.candles.resample import nanoseconds
from cryptoforecast.prices.files.copies import commonest_spacing
from cryptoforecast.types import Array

_NAT = np.iinfo(np.int64).min
_DAY = 86_400_000_000_000
# Steps of one length that show how long the candles are.
_MIN_STEPS = 3
# Rows in a repeated hour that are tried one by one; candles that need it have one or two.
_MAX_TRIALS = 100


@dataclass(frozen=True, eq=False)
class Instants:
    """Local times as UTC, oldest row first, every row with a time.

    Attributes:
        zone: IANA name.
        first: `(n,)` ns, the earlier instant at which clocks showed the time.
        second: `(n,)` ns, the later one; the same where clocks showed it once.
    """

    zone: str
    first: Array
    second: Array


@dataclass(frozen=True, eq=False)
class Hour:
    """Rows of an hour that clocks repeated, one after another.

    Attributes:
        first: `(m,)` ns, their instants if they are of the first hour.
        second: `(m,)` ns, their instants if they are of the second.
        before: The instant of the row before them; empty at the start of the file.
        after: The instant of the row after them; empty at its end.
    """

    first: Array
    second: Array
    before: Array
    after: Array

    def read(self, split: int) -> Array:
        """Return the instants and their neighbours if ``split`` rows are of the first hour, ns."""
        times: Array = np.r_[self.before, self.first[:split], self.second[split:], self.after]
        return times


def instants(first: Array, second: Array, zone: str) -> Array:
    """Choose between the two instants of times that clocks showed twice.

    Args:
        first: `(n,)` ns UTC, the earlier instant of each local time, in the file's order, which
            has the oldest row first or the newest; the minimum of int64 where there is no time.
        second: `(n,)` ns UTC, the later instant; the same where clocks showed the time once.
        zone: IANA name, for messages.

    Returns:
        `(n,)` ns UTC.

    Raises:
        UnreadableFile: If neither the order of the rows nor the grid tells which is meant.
    """
    timed = np.flatnonzero(first != _NAT)
    if (first[timed] == second[timed]).all():
        return first
    rows = timed[::-1] if first[timed[0]] > first[timed[-1]] else timed
    times = Instants(zone, first[rows], second[rows])
    result = first.copy()
    result[rows] = _by_order(times)
    return result


def _by_order(times: Instants) -> Array:
    """Choose the instants of rows that are in order, `(n,)` ns."""
    clear = times.first == times.second
    steps = np.diff(times.first[clear])
    if not (steps > 0).any() or (steps < 0).any():
        raise _doubt(times, int(np.argmin(clear)), "in rows that are in no order")
    spacing = _grid(times.first[clear])
    # Each candle has a time of its own, unless a row comes twice; trades may share one.
    least = 1 if spacing or (steps > 0).all() else 0
    apart = np.diff(times.first, prepend=times.first[0]) > _DAY
    result = times.first.copy()
    for start, length in zip(*runs(~clear), strict=True):
        # Rows that are more than a day apart are of two changes of the clock.
        breaks = start + np.flatnonzero(apart[start + 1 : start + length]) + 1
        edges = [start, *breaks, start + length]
        for begin, end in itertools.pairwise(edges):
            hour = Hour(
                times.first[begin:end],
                times.second[begin:end],
                result[begin - 1 : begin],
                times.first[end : end + 1],
            )
            split = _split(hour, spacing, least)
            if split is None:
                raise _doubt(times, begin, "but the rows have it once")
            if (np.diff(hour.read(split)) < least).any():
                raise _doubt(times, begin, "in rows that are out of order")
            result[begin:end] = np.r_[hour.first[:split], hour.second[split:]]
    return result


def _grid(stamps: Array) -> int:
    """Return the length of the candles, ns; 0 if the rows are too few or too irregular to tell."""
    spacing = nanoseconds(commonest_spacing(stamps))
    steps = np.diff(stamps)
    usual = np.count_nonzero(steps == spacing)
    return spacing if usual >= max(_MIN_STEPS, len(steps) / 2) else 0


def _split(hour: Hour, spacing: int, least: int) -> int | None:
    """Find how many rows of a repeated hour are of the first of the two.

    Args:
        hour: The rows, and their neighbours.
        spacing: Length of the candles, ns; 0 where it is not known.
        least: Time between two rows at least, ns.

    Returns:
        The number of rows; ``None`` where nothing tells.
    """
    steps = np.diff(hour.first)
    # Clocks went back where the time does; candles as long as the hour only repeat it.
    for backwards in (np.flatnonzero(steps < 0), np.flatnonzero(steps < least)):
        if len(backwards):
            return int(backwards[0]) + 1
    size, length = len(hour.first), int(hour.second[0] - hour.first[0])
    if not spacing:
        return None
    if spacing >= _DAY:
        # A date is the whole day, from the first of its two midnights.
        return size
    if length % spacing == 0:
        # Both hours are on the grid. At an end of the file no candle is missing.
        if not len(hour.after) and (hour.first[:1] - hour.before == spacing).any():
            return size
        if not len(hour.before) and (hour.after - hour.second[-1:] == spacing).any():
            return 0
        return None
    if size > _MAX_TRIALS:
        return None
    off_grid = np.array(
        [np.count_nonzero(np.diff(hour.read(k)) % spacing) for k in range(size + 1)]
    )
    best = np.flatnonzero(off_grid == off_grid.min())
    if len(best) == 1:
        return int(best[0])
    # A candle that is longer than the hour has it twice, and opens with the first.
    return size if spacing > length else None


def _doubt(times: Instants, row: int, why: str) -> UnreadableFile:
    """Return the error for a time that may be either of two instants."""
    wall = pd.Timestamp(int(times.first[row]), tz="UTC").tz_convert(times.zone)
    return UnreadableFile(
        f"Times of {times.zone} must be clear when clocks change. Received: {wall:%Y-%m-%d %H:%M}, "
        f"which clocks showed twice, {why}. Give another zone, or none if the "
        "times are UTC; or save the file with UTC times."
    )


def check_skipped(stamps: Array, skipped: Array, zone: str) -> None:
    """Refuse times that clocks left out where the time after them is there too.

    Args:
        stamps: `(n,)` ns UTC; a time that clocks left out is the first one after it.
        skipped: `(n,)` bool, the times that clocks left out.
        zone: IANA name, for messages.

    Raises:
        UnreadableFile: If two rows would be one candle.
    """
    same = np.isin(stamps, stamps[skipped])
    if np.count_nonzero(same) == len(np.unique(stamps[skipped])):
        return
    after = pd.Timestamp(int(stamps[int(np.argmax(skipped))]), tz="UTC").tz_convert(zone)
    raise UnreadableFile(
        f"Times of {zone} must be times that clocks there showed. Received: a time just before "
        f"{after:%Y-%m-%d %H:%M}, which clocks left out that day. Say which zone it is, or leave "
        "the zone out if the times are UTC."
    )
