"""Times in words, always in English, whatever the language of the machine."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip


def moment_text(time: pd.Timestamp) -> str:
    """Write a time in UTC: "Mon 7 Dec 2026, 00:00 UTC".

    Args:
        time: Any time with a zone.
    """
    return f"{_clock_text(time.tz_convert('UTC'))} UTC"


def short_moment_text(time: pd.Timestamp) -> str:
    """Write a time of this year or the next in UTC: "Mon 7 Dec, 00:00 UTC"."""
    utc = time.tz_convert("UTC")
    return f"{_clock_text(utc).replace(f' {utc.year}', '')} UTC"


def brief_moment_text(time: pd.Timestamp, *, year: bool = False) -> str:
    """Write a time in UTC for a narrow place: "7 Dec 00:00", or "7 Dec 2026" of a day.

    Args:
        time: Any time with a zone.
        year: Whether to write the year in place of the time of day.
    """
    utc = time.tz_convert("UTC")
    day = f"{utc.day} {_MONTHS[utc.month - 1]}"
    return f"{day} {utc.year}" if year else f"{day} {utc.hour:02}:{utc.minute:02}"


def days_text(first: pd.Timestamp, last: pd.Timestamp) -> str:
    """Write a span of days in UTC: "10 Sep to 27 Nov 2026"."""
    begin, end = first.tz_convert("UTC"), last.tz_convert("UTC")
    year = "" if begin.year == end.year else f" {begin.year}"
    return f"{_day_text(begin)}{year} to {_day_text(end)} {end.year}"


def months_text(first: pd.Timestamp, last: pd.Timestamp) -> str:
    """Write a span of months in UTC: "Feb 2024 to Sep 2025", "Sep to Nov 2026", "Nov 2026"."""
    begin, end = (time.tz_convert("UTC") for time in (first, last))
    months = [_MONTHS[each.month - 1] for each in (begin, end)]
    if begin.year != end.year:
        months[0] += f" {begin.year}"
    return f"{' to '.join(dict.fromkeys(months))} {end.year}"


def local_text(time: pd.Timestamp, zone: str | None) -> str:
    """Write a time in a zone of the IANA database: "Mon 7 Dec 2026, 01:00 (Europe/Berlin)".

    Args:
        time: Any time with a zone.
        zone: Name of the zone, as a browser tells it; it need not exist.

    Returns:
        An empty text for a zone that does not exist or has the clock of UTC at this time.
    """
    try:
        local = time.tz_convert(ZoneInfo(zone or ""))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""
    if not local.utcoffset():
        return ""
    return f"{_clock_text(local)} ({zone})"


def _day_text(time: datetime.datetime) -> str:
    return f"{time.day} {_MONTHS[time.month - 1]}"


def _clock_text(time: datetime.datetime) -> str:
    day = f"{_DAYS[time.weekday()]} {_day_text(time)} {time.year}"
    return f"{day}, {time.hour:02}:{time.minute:02}"
