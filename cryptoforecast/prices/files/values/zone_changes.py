"""When the clocks of zones change, and what times without a zone show of it."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from cryptoforecast.prices.candles.resample import nanoseconds
from cryptoforecast.types import INTERVALS, Array

# Zones whose clocks change at different days or hours; those that change as one of these does, such
# as Chicago, show the same.
_ZONES = (
    "America/New_York", "Europe/London", "Europe/Berlin", "Europe/Athens", "Australia/Sydney",
    "Pacific/Auckland", "America/Sao_Paulo", "Asia/Tehran", "America/Havana", "America/Santiago",
    "America/Mexico_City", "America/Asuncion", "Asia/Jerusalem", "Asia/Beirut", "Asia/Amman",
    "Asia/Damascus", "Africa/Cairo", "Africa/Casablanca", "Australia/Lord_Howe", "Pacific/Chatham",
    "Atlantic/Azores", "Europe/Istanbul", "Europe/Moscow", "America/Caracas",
)  # fmt: skip
# The days between which changes are known; the first coin is of January 2009.
_FIRST_DAY, _LAST_DAY = "2009-01-01", "2037-12-31"
# Lengths by which clocks change, in ns.
_SHIFTS = (1_800_000_000_000, 3_600_000_000_000)


class Change(NamedTuple):
    """A change of the clock that the times show.

    Attributes:
        zone: A zone whose clocks changed so.
        row: Row after it, in the order of time.
        shift: By how much clocks changed, ns; negative where they went back.
    """

    zone: str
    row: int
    shift: int


def find_changes(times: Array, spacing: pd.Timedelta) -> list[Change]:
    """Find where times that are read as UTC show a change of the clock.

    They do if every step of the file across a change of one zone's clocks is too long or too short
    by that change. A change without rows beside it does not count.

    Args:
        times: `(n,)` ns, as local clocks showed them, oldest row first.
        spacing: Length of the candles.

    Returns:
        The changes that the times show, by the first zone that explains them; none if they are UTC.
    """
    explained = (changes_in(zone, times, spacing) for zone in _ZONES)
    return next(filter(None, explained), [])


def changes_in(zone: str, times: Array, spacing: pd.Timedelta) -> list[Change]:
    """Find the changes of one zone's clocks that times show; see ``find_changes``."""
    length = nanoseconds(spacing)
    if length >= nanoseconds(INTERVALS["1d"]):
        return []
    steps = np.diff(times)
    if (steps < -max(_SHIFTS)).any():
        return []
    jumps = np.flatnonzero(np.isin(steps - length, (*_SHIFTS, *(-shift for shift in _SHIFTS))))
    if not len(jumps):
        return []
    return _changes_of(zone, times, steps, length, jumps, np.flatnonzero(steps != length))


def _changes_of(
    zone: str, times: Array, steps: Array, length: int, jumps: Array, gaps: Array
) -> list[Change]:
    """Find the changes of one zone; none if a change of it is not in the file where it should be.

    Args:
        zone: IANA name.
        times: `(n,)` ns.
        steps: `(n - 1,)` ns, between neighbours.
        length: Length of the candles, ns.
        jumps: Rows before a step that is too long or too short by a change of the clock.
        gaps: Rows before any irregular step.
    """
    befores, shifts = clock_changes(zone)
    # A file may end in the hour that comes twice, before the clocks show the end of it again.
    back = (shifts < 0) & (shifts % length == 0)
    ends = np.where(back, times.max() + length + 1, times[-1])
    inside = (befores > times[0]) & (befores + shifts < times[-1]) & (befores < ends)
    changes = []
    for before, shift in zip(befores[inside].tolist(), shifts[inside].tolist(), strict=True):
        at = jumps[(times[jumps] < before) & (times[jumps] >= before - length)]
        at = at[steps[at] == length + shift]
        if len(at):
            changes.append(Change(zone, int(at[0]) + 1, shift))
            continue
        # A program that dropped times that come twice left no trace where clocks went back.
        no_trace = shift < 0 and shift % length == 0
        near = (times[gaps] < before) & (times[gaps + 1] >= before + min(shift, 0))
        if not no_trace and not near.any():
            return []
    not_later = np.flatnonzero(steps <= 0) + 1
    # Times that come twice elsewhere have another reason.
    return changes if np.isin(not_later, [change.row for change in changes]).all() else []


@cache
def clock_changes(zone: str) -> tuple[Array, Array]:
    """Return when clocks of a zone changed, and by how much.

    Args:
        zone: IANA name.

    Returns:
        `(m,)` ns, what clocks would have shown at the change without it; and `(m,)` ns, the change,
        negative where they went back.
    """
    days = pd.date_range(_FIRST_DAY, _LAST_DAY, freq="D", tz="UTC", unit="ns")
    offsets = _offsets(days, zone)
    befores, shifts = [], []
    for day in np.flatnonzero(np.diff(offsets)):
        quarters = days[day] + pd.timedelta_range(0, "1D", freq="15min", unit="ns")
        clocks = _offsets(quarters, zone)
        for i in np.flatnonzero(np.diff(clocks)):
            befores.append(int(quarters.asi8[i + 1] + clocks[i]))
            shifts.append(int(clocks[i + 1] - clocks[i]))
    return np.array(befores, dtype=np.int64), np.array(shifts, dtype=np.int64)


def _offsets(times: pd.DatetimeIndex, zone: str) -> Array:
    """Return how far clocks of a zone are ahead of UTC, `(n,)` ns."""
    wall = times.tz_convert(ZoneInfo(zone)).tz_localize(None)
    offsets: Array = wall.asi8 - times.asi8
    return offsets


def is_change(before: Array, after: Array, spacing: pd.Timedelta) -> bool:
    """Tell whether two neighbouring times are apart as at a change of the clock in some zone.

    Args:
        before: `(k,)` ns, times.
        after: `(k,)` ns, the time after each.
        spacing: Length of the candles.
    """
    length = nanoseconds(spacing)
    shifts = after - before - length
    possible = np.isin(shifts, (*_SHIFTS, *(-shift for shift in _SHIFTS)))
    if not possible.any():
        return False
    for zone in _ZONES:
        moments, by = clock_changes(zone)
        for time, shift in zip(before[possible], shifts[possible], strict=True):
            if ((moments > time) & (moments <= time + length) & (by == shift)).any():
                return True
    return False
