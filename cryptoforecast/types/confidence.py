"""Confidence intervals: whether they leave out chance, and how they are written."""

from __future__ import annotations

import math


def beyond_chance(low: float, high: float) -> bool:
    """Return whether an interval of a difference leaves out 0; not if it is undefined."""
    return low > 0 or high < 0


def decimals(value: float, low: float, high: float) -> int:
    """Choose the decimals with which a difference and its interval are written.

    There is at least one. A difference is not written as 0 where three decimals are enough for it,
    nor is an end of an interval that leaves out 0, whatever it takes.

    Args:
        value: The difference, in the unit that is written, such as per cent.
        low: Lower end of its interval; NaN if undefined.
        high: Upper end of it.
    """
    needed = min(3, _places(value))
    if beyond_chance(low, high):
        needed = max(needed, _places(value), _places(low), _places(high))
    return max(1, needed)


def interval_text(low: float, high: float, places: int, sign: str = "") -> str:
    """Write an interval: "-0.2 to 1.4", with ``sign`` "+" as "-0.2 to +1.4"."""
    return f"{rounded(low, places, sign)} to {rounded(high, places, sign)}"


def rounded(value: float, places: int, sign: str = "") -> str:
    """Write a number with so many decimals; what is rounded to 0 has no sign."""
    number = round(value, places) + 0.0
    return f"{number:{sign if number else ''}.{places}f}"


def _places(value: float) -> int:
    """Count the decimals without which a number would be written as 0."""
    return math.ceil(-math.log10(abs(value))) if value != 0 and math.isfinite(value) else 0
