"""How figures and their sentences write times, numbers of candles and shares."""

from __future__ import annotations

import math

import pandas as pd

from cryptoforecast.types import (
    INTERVAL_NOUNS,
    INTERVALS,
    PriceHistory,
    days_text,
    duration,
    moment_text,
)

#: How Plotly writes a day, and a time of day.
DAY = "%-d %b %Y"
CLOCK = f"%a {DAY}, %H:%M"


def span(first: pd.Timestamp, last: pd.Timestamp, *, days: bool = False) -> str:
    """Write two times: "10 Feb 2024 to 30 Sep 2025", with the time of day where they are near.

    Args:
        first: The earlier time.
        last: The later time.
        days: Whether both are days, whose time of day says nothing.
    """
    if days or last - first > pd.Timedelta(days=14):
        return days_text(first, last)
    return f"{moment_text(first).removesuffix(' UTC')} to {moment_text(last)}"


def span_of_candles(history: PriceHistory, candles: pd.DataFrame) -> str:
    """Write when the first candle opens and the last one closes."""
    days = history.candle_length >= INTERVALS["1d"]
    return span(candles.index[0], candles.index[-1] + history.candle_length, days=days)


def span_of_closes(times: pd.DatetimeIndex) -> str:
    """Write the first and the last of several closing times."""
    return span(times[0], times[-1])


def moment_format(interval: str) -> str:
    """Choose how Plotly writes opening times of candles of this length."""
    return DAY if INTERVALS[interval] >= pd.Timedelta(days=1) else CLOCK


def candle_count(number: int, interval: str) -> str:
    """Write a number of candles: "1 hour", "14,245 hours"."""
    return f"{number:,} {INTERVAL_NOUNS[interval]}{'' if number == 1 else 's'}"


def step_label(step: int, interval: str) -> str:
    """Write how far ahead a step is: "1 hour ahead"."""
    return f"{duration(step, interval)} ahead"


def percent(share: float, sign: str = "") -> str:
    """Write a fraction in per cent with decimals that tell it from 0; a dash if undefined."""
    if not math.isfinite(share):
        return "–"
    size = abs(share) * 100
    if size < 0.005:
        return "0 %"
    number = f"{share * 100:{sign},.{0 if size >= 100 else 1 if size >= 1 else 2}f} %"
    return number.replace("-", "−")
