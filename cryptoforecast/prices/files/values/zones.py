"""Local times converted to UTC, by the zone that the file or the user names.

An abbreviation of several zones is refused, and so is winter time in summer: EST in July may be
meant as EDT.
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.copies import commonest_spacing
from cryptoforecast.prices.files.values.clock_changes import check_skipped, instants
from cryptoforecast.prices.files.values.zone_changes import changes_in, find_changes
from cryptoforecast.types import Array

#: Times of prices are between these; the first coin is of January 2009.
FIRST = pd.Timestamp("2009-01-01", tz="UTC")
LAST = pd.Timestamp("2100-01-01", tz="UTC")

_HOUR = 3_600_000_000_000
_UTC = ("UTC", "GMT", "Z", "UT", "COORDINATED UNIVERSAL TIME")
# Hours from UTC of the abbreviations of one zone only.
_HOURS = {
    "EST": -5, "EDT": -4, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "WET": 0, "WEST": 1,
    "EET": 2, "EEST": 3, "MSK": 3, "JST": 9, "KST": 9, "HKT": 8, "SGT": 8, "AKST": -9, "HST": -10,
    "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}  # fmt: skip
# Abbreviations of several zones.
_AMBIGUOUS = {"CST", "CDT", "IST", "BST", "PST", "PDT", "MST", "MDT", "AST", "ADT", "SST", "GST",
              "ET", "CT", "MT", "PT", "LOCAL", "LOCAL TIME"}  # fmt: skip
# Words that say that times are of some place.
_PLACES = re.compile(
    r"\b(LOCAL|SERVER|BROKER|EASTERN|CENTRAL|MOUNTAIN|PACIFIC|BEIJING|INDIA|JAPAN|CHINA|KOREA|МСК|"
    r"МОСКВА|MOSKAU|LOKAL|ORTSZEIT)\b|北京|上海|香港|台北|东京|東京|日本|韩国|本地|当地|現地|한국|서울|현지"
)
# Months in which an abbreviation is certainly not in use.
_NORTH_SUMMER, _NORTH_WINTER = (5, 6, 7, 8, 9), (12, 1, 2)
_OUT_OF_SEASON = {
    **dict.fromkeys(("EST", "CET", "MEZ", "WET", "EET", "AEDT", "NZDT"), _NORTH_SUMMER),
    **dict.fromkeys(("EDT", "CEST", "MESZ", "WEST", "EEST", "AEST", "NZST"), _NORTH_WINTER),
}
_OFFSET = r"(?:UTC|GMT|Z)? ?([+-])(\d{1,2})(?::?(\d{2}))?"
# What may follow an offset: Java's [Europe/Berlin], a name in brackets, Go's CET, its unnamed zone
# and its second clock.
_REMARK = r"(?: ?[(\[].*[)\]]| [A-Z]{2,5}| [+-]\d{2}(?:\d{2})?)?(?: M=[+-][\d.]+)?"
# An offset, or UTC, with a remark after it; what stays of it; the longest offset without one.
_REMARKED = rf"(?i)^(?:({_OFFSET}){_REMARK}|(Z|UTC|GMT) ?[(\[].*[)\]])$"
_UNREMARKED = r"\1\5"
_SHORT_LABEL = len("UTC +01:00")
#: Different zones that the times of a column may have.
MAX_ZONES = 700
# Zones that abbreviations often mean, by their first letters.
_LIKELY = {
    "E": "America/New_York", "C": "America/Chicago", "M": "America/Denver",
    "P": "America/Los_Angeles", "BST": "Europe/London", "CE": "Europe/Berlin",
    "ME": "Europe/Berlin", "EE": "Europe/Athens", "WE": "Europe/Lisbon", "AE": "Australia/Sydney",
    "NZ": "Pacific/Auckland", "IST": "Asia/Kolkata",
}  # fmt: skip


def zone_remedy(example: str = "Europe/Berlin") -> str:
    """Say what the user can do where the zone of times is not known.

    Args:
        example: IANA name of a zone that may be meant.
    """
    return (
        f"Say which it is (Time zone on the Data page; --zone {example} on the command line, zone= "
        "in Python)."
    )


@dataclass(frozen=True)
class LocalZone:
    """The zone of times that have none.

    Attributes:
        zone: IANA name that the user gives; ``None`` for UTC.
        doubt: Why the times may not be UTC; empty if they are taken to be UTC.
        abbreviation: What the file calls the zone; empty if it does not.
    """

    zone: str | None = None
    doubt: str = ""
    abbreviation: str = ""

    @property
    def name(self) -> str:
        """The zone's name, ``"UTC"`` by default."""
        return self.zone or "UTC"


def zone_of_column(column: str, zone: str | None) -> LocalZone:
    """Settle the zone of times that have none.

    Args:
        column: Name of the column, which may contain a zone: ``Date (EST)``.
        zone: IANA name that the user gives, if any.
    """
    text = column.replace("_", " ").upper()
    inside = re.search(r"[(\[](.+?)[)\]]", text)
    label = inside[1].strip() if inside else text.strip("<> ")
    offset = re.fullmatch(_OFFSET, label)
    elsewhere = label in _HOURS or label in _AMBIGUOUS
    elsewhere |= offset is not None and bool(int(offset[2]) or int(offset[3] or 0))
    if inside and "/" in label:
        name = _iana(column[inside.start(1) : inside.end(1)])
        elsewhere = name is not None and label.removeprefix("ETC/") not in _UTC
    elif inside:
        place = re.sub(r" TIME$", "", label)
        elsewhere = elsewhere or bool(_PLACES.search(label)) or place in _cities()
    if zone or not elsewhere:
        return LocalZone(zone)
    return LocalZone(None, f"the column is called {column[:40]!r}", label)


def as_utc_ns(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Convert times with a zone to UTC in ns; NaT where ns can't hold the time."""
    index = index.tz_convert("UTC")
    if index.unit != "ns":
        index = index.where((index >= FIRST) & (index < LAST), pd.NaT)
    return index.as_unit("ns")


def in_ns(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Convert times without a zone to ns; NaT where no zone has prices of that time."""
    if index.unit == "ns":
        return index
    day = pd.Timedelta(days=1)
    first, last = FIRST.tz_localize(None) - day, LAST.tz_localize(None) + day
    return index.where((index >= first) & (index < last), pd.NaT).as_unit("ns")


def to_utc(index: pd.DatetimeIndex, here: LocalZone) -> pd.DatetimeIndex:
    """Convert times without a zone to UTC.

    Args:
        index: `(n,)` local times.
        here: Their zone.

    Returns:
        `(n,)` UTC in ns. A time that the clock left out is the first one after it.

    Raises:
        UnreadableFile: If the zone is in doubt, if neither order nor grid of the rows tells which
            of two hours is meant, or if clocks left a time out that is there beside the next.
    """
    if here.doubt:
        raise UnreadableFile(
            f"Times must be UTC, or their zone must be known. Received: {here.doubt}. "
            f"{zone_remedy(_likely(here.abbreviation))}"
        )
    if here.zone is None:
        return as_utc_ns(index.tz_localize("UTC"))
    with _with_other_zone(index, here.zone):
        first, second = _both_instants(index, here.zone)
        stamps = instants(first, second, here.zone)
    # Candles of an hour that other clocks repeated would be taken for rows that come twice.
    times = stamps[stamps != np.iinfo(np.int64).min]
    if len(np.unique(times)) < len(times):
        error = _other_zone(index, here.zone, repeated=True)
        if error is not None:
            raise error
    return _utc(stamps)


@contextlib.contextmanager
def _with_other_zone(wall: pd.DatetimeIndex, zone: str) -> Iterator[None]:
    """Raise a clearer error if times that can't be of the zone fit the clocks of another one.

    Args:
        wall: `(n,)` local times, in the file's order.
        zone: IANA name that the user or the file gives.

    Raises:
        UnreadableFile: If the block raises it.
    """
    try:
        yield
    except UnreadableFile as error:
        raise _other_zone(wall, zone) or error from error


def _other_zone(
    wall: pd.DatetimeIndex, zone: str, *, repeated: bool = False
) -> UnreadableFile | None:
    """Return the error for times that change as the clocks of another zone do.

    Args:
        wall: `(n,)` local times, in the file's order.
        zone: IANA name that the user or the file gives.
        repeated: Whether only clocks that went back, and showed times again, count.

    Returns:
        ``None`` if the times show no change, or the zone has one among them.
    """
    times = wall[wall.notna()].as_unit("ns").asi8
    if len(np.unique(times)) < 2:
        return None
    times = times[::-1] if times[0] > times[-1] else times
    spacing = commonest_spacing(times)
    changes = find_changes(times, spacing)
    if repeated:
        changes = [change for change in changes if times[change.row] <= times[change.row - 1]]
    if not changes or changes_in(zone, times, spacing):
        return None
    change = changes[0]
    return UnreadableFile(
        f"Times must be of the zone that is given, {zone}. Received: times that change at "
        f"{pd.Timestamp(int(times[change.row])):%Y-%m-%d %H:%M} as clocks do in {change.zone}, "
        f"for example, and not as in {zone}. {zone_remedy(change.zone)}"
    )


def _both_instants(index: pd.DatetimeIndex, zone: str) -> tuple[Array, Array]:
    """Return the earlier and the later instant of local times, `(n,)` ns UTC each.

    Raises:
        UnreadableFile: If a time that clocks left out, read as the first after it, is there twice.
    """
    twice = np.ones(len(index), dtype=bool)
    first, second = (
        as_utc_ns(index.tz_localize(zone, ambiguous=early, nonexistent=nonexistent))
        for early, nonexistent in ((twice, "shift_forward"), (~twice, "NaT"))
    )
    left_out = np.asarray(second.isna() & first.notna())
    if left_out.any():
        check_skipped(first.asi8, left_out, zone)
    return first.asi8.copy(), np.where(left_out, first.asi8, second.asi8)


def _utc(stamps: Array) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(stamps.view("datetime64[ns]")).tz_localize("UTC")


def without_remarks(labels: pd.Series) -> pd.Series:
    """Remove what follows an offset or UTC, and may differ from row to row.

    Args:
        labels: `(n,)` texts after times.
    """
    remarked = labels.str.len().gt(_SHORT_LABEL).to_numpy()
    if not remarked.any():
        return labels
    even = labels[remarked].str.replace(_REMARKED, _UNREMARKED, regex=True)
    return labels.where(~remarked, even)


def check_zones(count: int) -> None:
    """Refuse times of more zones than there are.

    Args:
        count: Different zones of a column.

    Raises:
        UnreadableFile: If there are more than ``MAX_ZONES``.
    """
    if count > MAX_ZONES:
        raise UnreadableFile(
            f"The times of a column may name {MAX_ZONES:,} zones. Received: {count:,} different "
            "texts after the times. Remove what is no zone."
        )


def to_utc_by_label(stamps: Array, label: str, here: LocalZone, where: str) -> tuple[Array, str]:
    """Convert times with a zone's name or offset after them to UTC.

    Args:
        stamps: `(n,)` local times in ns; the minimum of int64 where there is none.
        label: The text after the times, for example ``"GMT+0200 (Central European Time)"``.
        here: The zone that the user gives, if any; it decides what an abbreviation means.
        where: Place of the first of these times in the file, for messages.

    Returns:
        `(n,)` UTC in ns, and the decision; empty where the text leaves nothing to decide.

    Raises:
        UnreadableFile: If the name is of several zones or of none, or does not fit the season.
    """
    text = label.strip().upper()
    # An offset is enough; the name after it is for people.
    offset = re.fullmatch(rf"({_OFFSET}){_REMARK}", text)
    if offset and int(offset[3]) <= 14:
        minutes = int(offset[3]) * 60 + int(offset[4] or 0)
        return _by_offset(stamps, minutes * _HOUR // 60 * (1 if offset[2] == "+" else -1)), ""
    text = re.sub(r"^[(\[](.*)[)\]]$", r"\1", text)
    if re.sub(r"^(Z|UTC|GMT) ?[(\[].*[)\]]$", r"\1", text) in _UTC:
        return stamps, ""
    wall = pd.DatetimeIndex(stamps.view("datetime64[ns]"))
    if "/" in text:
        zone = _iana(label.strip(" ()[]"))
        if zone:
            return to_utc(wall, LocalZone(zone)).asi8, f"{zone} as named"
    elif here.zone and re.fullmatch(r"[A-Z]{2,5}", text):
        with _with_other_zone(wall, here.zone):
            return _by_name(wall, text, here.zone), f"{text} read as {here.zone}"
    elif text in _HOURS:
        months = _OUT_OF_SEASON.get(text, ())
        if np.isin(wall.month, months).any():
            raise UnreadableFile(
                f"A zone's name must fit the season. Received: {text} ({where}) and dates in which "
                f"clocks there show another time. "
                f"{zone_remedy(_likely(text))}"
            )
        hours = _HOURS[text]
        return _by_offset(stamps, hours * _HOUR), f"{text} read as UTC{hours:+03d}:00"
    raise UnreadableFile(
        "Times must be UTC, have an offset such as +01:00, or name one zone. Received: "
        f"{label.strip()[:40]!r} ({where}), which means several zones or none known. "
        f"{zone_remedy(_likely(text))}"
    )


def _by_name(wall: pd.DatetimeIndex, name: str, zone: str) -> Array:
    """Convert local times whose zone has a short name, which may tell summer from winter.

    Args:
        wall: `(n,)` local times.
        name: What the file calls their zone, for example ``"CDT"``.
        zone: IANA name that the user gives.

    Returns:
        `(n,)` ns UTC.
    """
    first, second = _both_instants(wall, zone)
    twice = first != second
    if twice.any():
        early, late = (
            np.array([each.tzname() == name for each in _utc(times[twice]).tz_convert(zone)])
            for times in (first, second)
        )
        first[twice] = np.where(late & ~early, second[twice], first[twice])
        second[twice] = np.where(early & ~late, first[twice], second[twice])
    return instants(first, second, zone)


def _by_offset(stamps: Array, offset: int) -> Array:
    """Subtract an offset in ns from the times that are there."""
    absent = np.iinfo(np.int64).min
    return np.where(stamps == absent, absent, stamps - offset)


@functools.cache
def _cities() -> dict[str, str]:
    """Return the zones that are called after cities, by city in capitals: ``NEW YORK``."""
    zones = sorted(name for name in available_timezones() if "/" in name)
    return {
        name.rpartition("/")[2].replace("_", " ").upper(): name
        for name in zones
        if not name.startswith("Etc/")
    }


def _likely(text: str) -> str:
    """Return a zone that a name in capitals may mean, as an example; Berlin for any other."""
    if "/" in text:
        return _iana(text.title().replace(" ", "_")) or "Europe/Berlin"
    if city := _cities().get(re.sub(r" TIME$", "", text)):
        return city
    prefixes = [letters for letters in _LIKELY if text.startswith(letters) and len(text) <= 5]
    return _LIKELY[max(prefixes, key=len)] if prefixes else "Europe/Berlin"


def _iana(name: str) -> str | None:
    """Return the name of a zone; ``None`` if there is no such zone."""
    try:
        return str(ZoneInfo(name))
    except (ValueError, OSError, LookupError):
        return None
