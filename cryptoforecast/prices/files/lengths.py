"""Candles of two lengths in one file, one after the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.candles.resample import describe, nanoseconds, step_of
from cryptoforecast.types import INTERVALS, Array

# Candles of another length need at least so many equal steps one after another. If the steps were
# gaps, at least so many candles would be missing. The first two numbers are for either end of the
# file, the others for within it.
_MIN_STEPS, _MIN_MISSING = 3, 20
_MIN_STEPS_WITHIN, _MIN_MISSING_WITHIN = 5, 100
# Equal shorter steps that are needed within a file; one row between two candles makes two of them.
_MIN_SHORT_WITHIN = 4
# Months are of 28 to 31 days; all are taken for this length.
_MONTH = nanoseconds(pd.Timedelta(days=30))
_DAY = nanoseconds(pd.Timedelta(days=1))


class Lengths(NamedTuple):
    """Two lengths of candles in one file.

    Attributes:
        short: The shorter length.
        long: The longer length.
        first: First row of those that are not of the more frequent length.
        last: Last row of those.
        last_length: Length of the last candle.
    """

    short: pd.Timedelta
    long: pd.Timedelta
    first: int
    last: int
    last_length: pd.Timedelta

    @property
    def summary(self) -> str:
        """The two lengths in words."""
        return f"candles of {describe(self.short)} and of {describe(self.long)} in one file"


def find_lengths(times: Array, spacing: pd.Timedelta) -> Lengths | None:
    """Find candles of another length than the most frequent.

    Missing candles make longer steps too, but hardly the same step again and again.

    Args:
        times: `(n,)` ns, rising, or in the file's order.
        spacing: The most frequent distance between neighbours.

    Returns:
        Both lengths; ``None`` if all candles are of one length.
    """
    steps, length = np.diff(times), nanoseconds(spacing)
    if (steps == length).all():
        return None
    if length < 28 * _DAY:
        steps = np.where((steps >= 28 * _DAY) & (steps <= 31 * _DAY), _MONTH, steps)
    starts = np.flatnonzero(np.r_[True, steps[1:] != steps[:-1]])
    counts = np.diff(np.r_[starts, len(steps)])
    many = (counts >= _MIN_STEPS) & (steps[starts] != length) & (steps[starts] > 0)
    best, most = -1, 0
    for start, count in zip(starts[many].tolist(), counts[many].tolist(), strict=True):
        at_end = start == 0 or start + count == len(steps)
        if count > most and _is_other_length(int(steps[start]), length, count, at_end=at_end):
            best, most = start, count
    if not most:
        return None
    other = pd.Timedelta(int(steps[best]), unit="ns")
    at_end = best + most == len(steps)
    # The row after the last such step is of the same length only where none follows.
    last = best + most if at_end else best + most - 1
    last_length = other if at_end else spacing
    return Lengths(min(other, spacing), max(other, spacing), best, last, last_length)


def _is_other_length(step: int, length: int, count: int, *, at_end: bool) -> bool:
    """Tell whether equal steps are candles of another length, and not candles with gaps."""
    if step < length:
        few = _MIN_STEPS if at_end else max(_MIN_SHORT_WITHIN, length // step)
        return length % step == 0 and count >= few
    missing = (step // length - 1) * count
    if step % length:
        return False
    if at_end:
        return missing >= _MIN_MISSING
    return missing >= _MIN_MISSING_WITHIN and count >= _MIN_STEPS_WITHIN


def check_lengths(
    lengths: Lengths, interval: str | None, first: str, last: str, *, separable: bool
) -> None:
    """Refuse candles of two lengths, unless the user has them merged into long enough ones.

    Args:
        lengths: Both lengths.
        interval: The length that the user chooses, if any.
        first: Place in the file of the first candle of the less frequent length.
        last: Place in the file of the last of them.
        separable: Whether each time has candles of one length only, so that they can be merged.

    Raises:
        UnreadableFile: If the user chooses no multiple of the longer one, or the candles can't be
            merged.
    """
    if separable and interval is not None and not step_of(interval) % lengths.long:
        return
    short, long = describe(lengths.short), describe(lengths.long)
    remedy = "Save them as two files."
    if separable and long in INTERVALS:
        remedy = (
            f"Have them merged into {long} (Candles on the Data page, --interval on the command "
            "line, interval= in Python), or save them as two files."
        )
    raise UnreadableFile(
        f"The candles of a file must have one length. Received: {short} and {long} candles "
        f"({first} to {last} are not as most are). {remedy}"
    )
