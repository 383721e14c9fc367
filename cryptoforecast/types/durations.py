"""Spans of time in words."""

from __future__ import annotations

import pandas as pd

from cryptoforecast.types.prices import INTERVAL_NOUNS, INTERVALS

_SECONDS = {"day": 86_400, "hour": 3_600, "minute": 60}
#: Below so many of a unit, the next smaller unit is written.
_FEW = {"day": 3, "hour": 2, "minute": 1}


def duration(candles: int, interval: str) -> str:
    """Write the length of a number of candles: "24 hours".

    Lengths such as 15 minutes are added up: twelve of them are "3 hours".

    Args:
        candles: A number of candles.
        interval: Candle length, a key of ``INTERVALS``.
    """
    number, noun = candles, INTERVAL_NOUNS[interval]
    if noun not in _SECONDS and noun != "week":
        number, noun = round(candles * INTERVALS[interval] / INTERVALS["1m"]), "minute"
        if number % 60 == 0:
            number, noun = number // 60, "hour"
    return f"{number:,} {plural(number, noun)}"


def span_text(span: pd.Timedelta, *, close: bool = False) -> str:
    """Write a span of time in one unit: "3 hours", "less than a minute".

    Args:
        span: A span of time; negative ones count as none.
        close: Whether the number is rounded and small numbers are given in the next smaller unit:
            minutes up to 2 hours, hours up to 3 days. Otherwise the largest unit that fits is
            used and its number is rounded down.
    """
    seconds = span.total_seconds()
    for unit, length in _SECONDS.items():
        if seconds >= length * (_FEW[unit] if close else 1):
            number = round(seconds / length) if close else int(seconds // length)
            return f"{number:,} {plural(number, unit)}"
    return "less than a minute"


def plural(number: int, noun: str) -> str:
    """Write a noun for a number of things."""
    return noun if number == 1 else f"{noun}s"
