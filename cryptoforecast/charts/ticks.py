"""Ticks of an axis of times or of prices, chosen and written as Plotly does."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from cryptoforecast.types import Array

#: Largest number of ticks on each axis.
MAX_TIME_TICKS, MAX_PRICE_TICKS = 5, 7
_MINUTE, _DAY = 6e4, 8.64e7
#: Distances between ticks of time: in milliseconds, and longer ones in months. Each is at most 2.5
#: times the one before, so that there are always two ticks.
_DISTANCES = (
    *(minutes * _MINUTE for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)),
    *(days * _DAY for days in (1, 2, 4, 7, 14)),
)
_MONTHS = (1, 3, 6, 12, 24, 60, 120)
#: Letters that Plotly writes behind large numbers.
_LETTERS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def times(left: float, right: float) -> Array:
    """Choose ticks of time: round hours, days, Sundays, months or years.

    Args:
        left: First time that is visible, milliseconds since 1970.
        right: Last time that is visible, milliseconds since 1970.

    Returns:
        ``(m,)`` milliseconds since 1970, rising.
    """
    span = right - left
    for step in _DISTANCES:
        if span <= MAX_TIME_TICKS * step:
            # 1970 began on a Thursday, and weeks are counted from Sundays.
            sunday = 3 * _DAY if step % (7 * _DAY) == 0 else 0
            return np.arange(math.ceil((left - sunday) / step) * step + sunday, right, step)
    first, last = (np.datetime64(int(edge), "ms") for edge in (left, right))
    months = np.arange(first.astype("M8[M]") + 1, last.astype("M8[M]") + 1)
    for step in _MONTHS:
        chosen = months[months.astype(int) % step == 0]
        if len(chosen) <= MAX_TIME_TICKS:
            break
    milliseconds: Array = chosen.astype("M8[ms]").astype(float)
    return milliseconds


def time_labels(ticks: Array) -> list[str]:
    """Write ticks of time as Plotly does, the lower line only where it changes.

    Args:
        ticks: ``(m,)`` milliseconds since 1970.
    """
    moments = pd.to_datetime(ticks, unit="ms")
    if len(moments) == 0:
        return []
    midnight = all(moment == moment.normalize() for moment in moments)
    top, below = ("%b %-d", "%Y") if midnight else ("%H:%M", "%b %-d")
    previous, texts = "", []
    for moment in moments:
        lower = moment.strftime(below)
        texts.append(moment.strftime(top) + (f"<br>{lower}" if lower != previous else ""))
        previous = lower
    return texts


def prices(low: float, high: float) -> Array:
    """Choose ticks of price: round numbers, at most one more than ``MAX_PRICE_TICKS``.

    Args:
        low: Lowest price that is visible.
        high: Highest price that is visible.

    Returns:
        ``(m,)`` prices, rising.
    """
    distance = (high - low) / MAX_PRICE_TICKS
    size = 10.0 ** math.floor(math.log10(distance))
    step = next(size * times for times in (1, 2, 5, 10) if size * times >= distance)
    return np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step


def price_labels(ticks: Array, form: str) -> list[str]:
    """Write ticks of price in one of the formats of ``style.tick_format``.

    Args:
        ticks: ``(m,)`` prices.
        form: The format.
    """
    if form == "~s":
        return [_short(price) for price in ticks]
    if form == ",~f":
        return [f"{price:,.10g}" for price in ticks]
    return [np.format_float_positional(price, 6, fractional=False, trim="-") for price in ticks]


def _short(price: float) -> str:
    """Write a price with the letter of its size: "64k", "91.2M"."""
    letter = next((each for each in _LETTERS if abs(price) >= each[0]), None)
    return f"{price:.10g}" if letter is None else f"{price / letter[0]:.10g}{letter[1]}"
