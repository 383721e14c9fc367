"""Times placed on the one clock, UTC: by the zone that the text, the person or nobody names.

Imports ``errors`` only. A zone's abbreviation that means several zones is refused, and so is a
winter time in summer: whoever writes EST in July may mean either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.types import Array

#: Times of prices lie between these; the first coin was found in January 2009.
FIRST = pd.Timestamp("2009-01-01", tz="UTC")
LAST = pd.Timestamp("2100-01-01", tz="UTC")

_HOUR = 3_600_000_000_000
_UTC = ("UTC", "GMT", "Z", "UT", "COORDINATED UNIVERSAL TIME")
# Hours from UTC of the abbreviations that mean one zone only.
_HOURS = {
    "EST": -5, "EDT": -4, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "WET": 0, "WEST": 1,
    "EET": 2, "EEST": 3, "MSK": 3, "JST": 9, "KST": 9, "HKT": 8, "SGT": 8, "AKST": -9, "HST": -10,
    "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}  # fmt: skip
_MANY = {"CST", "CDT", "IST", "BST", "PST", "PDT", "MST", "MDT", "AST", "ADT", "SST", "GST", "ET",
         "CT", "MT", "PT", "LOCAL", "LOCAL TIME"}  # fmt: skip
# Months in the middle of the season in which an abbreviation is not used.
_NORTH_SUMMER, _NORTH_WINTER = (5, 6, 7, 8, 9), (12, 1, 2)
_OUT_OF_SEASON = {
    **dict.fromkeys(("EST", "CET", "MEZ", "WET", "EET", "AEDT", "NZDT"), _NORTH_SUMMER),
    **dict.fromkeys(("EDT", "CEST", "MESZ", "WEST", "EEST", "AEST", "NZST"), _NORTH_WINTER),
}
_OFFSET = r"(?:UTC|GMT|Z)? ?([+-])(\d{1,2})(?::?(\d{2}))?"
_REMEDY = "Say which it is (Time zone on the Data page; --zone Europe/Berlin on the command line)."


@dataclass(frozen=True)
class LocalZone:
    """What is known of times that carry no zone.

    Attributes:
        zone: IANA name that the person gives; ``None`` for UTC.
        doubt: why they can't be taken for UTC; empty where they can.
    """

    zone: str | None = None
    doubt: str = ""

    @property
    def name(self) -> str:
        """Zone in words."""
        return self.zone or "UTC"


def zone_of_column(column: str, zone: str | None) -> LocalZone:
    """Settle the zone of times without one; a column may name it: ``Date (EST)``."""
    text = column.replace("_", " ").upper()
    inside = re.search(r"[(\[](.+?)[)\]]", text)
    label = inside[1].strip() if inside else text.strip("<> ")
    elsewhere = label in _HOURS or label in _MANY or bool(re.fullmatch(_OFFSET, label))
    if inside and "/" in label:
        elsewhere = _iana(column[inside.start(1) : inside.end(1)]) is not None
    if zone or not elsewhere:
        return LocalZone(zone)
    return LocalZone(None, f"the column is called {column[:40]!r}")


def as_utc_ns(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """UTC in ns; NaT where ns can't hold the time."""
    index = index.tz_convert("UTC")
    if index.unit != "ns":
        index = index.where((index >= FIRST) & (index < LAST), pd.NaT)
    return index.as_unit("ns")


def to_utc(index: pd.DatetimeIndex, here: LocalZone) -> pd.DatetimeIndex:
    """Place times without a zone.

    Raises:
        UnreadableFile: if their zone is in doubt, or an hour that clocks repeat can't be told.
    """
    if here.doubt:
        raise UnreadableFile(
            f"Times must be UTC, or their zone must be known. Received: {here.doubt}. {_REMEDY}"
        )
    if here.zone is None:
        return as_utc_ns(index.tz_localize("UTC"))
    # The repeated hour can be told from the order, either way round.
    falling = len(index) > 1 and index.is_monotonic_decreasing
    index = index[::-1] if falling else index
    try:
        placed = index.tz_localize(
            here.zone,
            ambiguous="infer" if index.is_monotonic_increasing else "raise",
            nonexistent="shift_forward",
        )
    except ValueError as error:
        raise UnreadableFile(
            f"Times of {here.zone} must be clear when clocks change. Received: {error}. "
            "Save the file with UTC times."
        ) from error
    return as_utc_ns(placed[::-1] if falling else placed)


def to_utc_by_label(stamps: Array, label: str, here: LocalZone, where: str) -> tuple[Array, str]:
    """Place times that one zone's name follows.

    Args:
        stamps: `(n,)` ns of the clock on the wall; the minimum of int64 where there is none.
        label: what follows the times, for example ``"GMT+0200 (Central European Time)"``.
        here: for abbreviations; the person knows what they mean.
        where: where the first of them lies, for messages.

    Returns:
        `(n,)` ns UTC, and what was decided; empty where the text says it all.

    Raises:
        UnreadableFile: if the name means several zones or none.
    """
    text = label.strip().upper()
    # An offset says it all; the name in brackets after it is for people.
    named = re.fullmatch(rf"({_OFFSET}) ?(?:[(\[].*[)\]])?", text)
    if named and int(named[3]) <= 14:
        minutes = int(named[3]) * 60 + int(named[4] or 0)
        return _moved(stamps, minutes * _HOUR // 60 * (1 if named[2] == "+" else -1)), ""
    text = re.sub(r"^[(\[](.*)[)\]]$", r"\1", text)
    if text in _UTC:
        return stamps, ""
    wall = pd.DatetimeIndex(stamps.view("datetime64[ns]"))
    if "/" in text:
        zone = _iana(label.strip(" ()[]"))
        if zone:
            return to_utc(wall, LocalZone(zone)).asi8, f"{zone} as named"
    elif here.zone and re.fullmatch(r"[A-Z]{2,5}", text):
        return to_utc(wall, here).asi8, f"{text} read as {here.zone}"
    elif text in _HOURS:
        months = _OUT_OF_SEASON.get(text, ())
        if np.isin(wall.month, months).any():
            raise UnreadableFile(
                f"A zone's name must fit the season. Received: {text} ({where}) and dates in which "
                f"clocks there show another time. {_REMEDY}"
            )
        hours = _HOURS[text]
        return _moved(stamps, hours * _HOUR), f"{text} read as UTC{hours:+03d}:00"
    raise UnreadableFile(
        "Times must be UTC, have an offset such as +01:00, or name one zone. Received: "
        f"{label.strip()[:40]!r} ({where}), which means several zones or none known. {_REMEDY}"
    )


def _moved(stamps: Array, offset: int) -> Array:
    absent = np.iinfo(np.int64).min
    return np.where(stamps == absent, absent, stamps - offset)


def _iana(name: str) -> str | None:
    try:
        return str(ZoneInfo(name))
    except (ValueError, OSError, LookupError):
        return None
