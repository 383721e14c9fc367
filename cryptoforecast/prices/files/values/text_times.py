"""Times in text: a date in one of many forms, a time of day, a zone; each row by its own form."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.opening import Report
from cryptoforecast.prices.files.table import Table
from cryptoforecast.prices.files.values.dates import read_dates
from cryptoforecast.prices.files.values.zones import (
    LocalZone,
    as_utc_ns,
    check_zones,
    in_ns,
    to_utc,
    to_utc_by_label,
    without_remarks,
)
from cryptoforecast.types import Array

_NAT = np.iinfo(np.int64).min
_DAY = 86_400_000_000_000
_SECOND = 1_000_000_000

# Only the digits 0 to 9, because pandas reads no digits of other scripts, which \d means too.
_ISO = (
    r"^[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}"
    r"(?:[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?"
    r"(?: ?(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2}))?)?$"
)
# A time of day.
_TIME = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?[AaPp]\.?[Mm]\.?(?![A-Za-z]))?"
# Texts of which some are read first, how many, and the share of these that may be unreadable.
_MANY_TEXTS, _SAMPLE_TEXTS, _MAX_UNREAD = 20_000, 1_000, 0.1
# Rows after which the reader asks whether the user still waits.
_BLOCK_ROWS = 20_000
# Different dates that a column may have, in one form; from 2009 to 2100 there are 33,000.
_MAX_DATES = 40_000
# A date, a time of day, and the text after it.
_PIECES = re.compile(rf"^(.+?)(?:(?:(?<![ ,])[ ,]+|(?<=\d)[TD])({_TIME})(.*))?$")
_CLOCK = r"^([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?(?: ?([AaPp]).*)?$"
# Patterns of other forms, and what they are rewritten to. The forms are: several spaces; 03-PM;
# 20240301T093000; 20240301 09:30 with a colon after it; 2024-03-01 UTC; Fri, 1 Mar;
# Mar 01 09:30:00 UTC 2024.
_REWRITTEN = (
    (r"\s+", " "),
    (r"^(.*\d) (\d{1,2})-([AaPp][Mm])$", r"\1 \2:00 \3"),
    (r"^(\d{8})[ T](\d{2})(\d{2})(\d{2})?(?=\D|$)", r"\1 \2:\3:\4"),
    (r"^(\d{8} \d{2}:\d{2}):(?=\D|$)", r"\1"),
    (r"^(\d{4}-\d{2}-\d{2}) ?(Z|UTC|GMT|[+-]\d{2}:\d{2})$", r"\1 00:00 \2"),
    (r"^(?i:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? +", ""),
    (r"^([A-Za-z]{3,9} +\d{1,2}) (\d{1,2}:\d{2}:\d{2})( .+)? (\d{4})$", r"\1 \4 \2\3"),
)


def read_text_times(
    table: Table, text: pd.Series, corrections: Corrections, here: LocalZone
) -> tuple[Array, str, bool]:
    """Read times in text row by row.

    Args:
        table: For the place of the rows in the file.
        text: `(n,)` text without spaces around it, absent where the file has none.
        corrections: Whether the day comes first.
        here: The zone of times that have none.

    Returns:
        `(n,)` UTC in ns, the minimum of int64 where a row has no known form; the forms; and
        whether some of the times have no zone and nobody says which it is.

    Raises:
        UnreadableFile: If a time can be read in two ways; the first is named.
    """
    stamps = np.full(len(text), _NAT)
    how: list[str] = []
    local = False
    plain = text.str.match(_ISO).to_numpy(dtype=bool)
    if plain.any():
        stamps[plain], local = _iso(text[plain], here)
        how.append("ISO 8601")
    rest = np.flatnonzero(~plain & text.notna().to_numpy())
    if len(rest):
        other = text if len(rest) == len(text) else text.iloc[rest]
        _check_sample(table, other, rest, corrections, here)
        stamps[rest], others, unzoned = _others(table, other, rest, corrections, here)
        how += others
        local |= unzoned
    return stamps, " and ".join(dict.fromkeys(how)), local and here.zone is None


def _check_sample(
    table: Table, text: pd.Series, rows: Array, corrections: Corrections, here: LocalZone
) -> None:
    """Refuse many texts that are no times, by a few of them: all would take long to read.

    Args:
        table: For the place of the rows in the file.
        text: `(n,)` text.
        rows: `(n,)` row of each in the table.
        corrections: Whether the day comes first.
        here: The zone of times that have none.

    Raises:
        UnreadableFile: If too many of them are no times, of which the first is named, or have
            zones of their own.
    """
    if len(rows) <= _MANY_TEXTS:
        return
    sample = np.linspace(0, len(rows) - 1, _SAMPLE_TEXTS).astype(np.int64)
    some = _rows_of(text, sample)
    if (pieces := _pieces(some, table.report, rewritten=False)) is not None:
        check_zones(len(pieces[2][1]))
    try:
        stamps, _, _ = _others(table, some, rows[sample], corrections, here)
    except UnreadableFile:
        return  # read together, all rows may be clear, or the error names a better row
    unread = stamps == _NAT
    if unread.mean() > _MAX_UNREAD:
        row = int(rows[sample[np.argmax(unread)]])
        raise UnreadableFile(
            "Times must be numbers since 1970, or written as 2024-12-31 23:00:00. Received: "
            f"{str(text.loc[row])[:60]!r} ({table.where(row)}, column {table.roles['time']!r}), "
            "and others that are no times. Convert the column."
        )


def _rows_of(text: pd.Series, rows: Array) -> pd.Series:
    """Take a few rows, one by one: Arrow copies a column of several parts before it takes any."""
    return pd.Series([text.iat[row] for row in rows.tolist()], text.index[rows], dtype="str")


def _iso(text: pd.Series, here: LocalZone) -> tuple[Array, bool]:
    """Parse ISO 8601 to UTC, `(n,)` ns; and tell whether there are rows without a zone."""
    stamps, zoned = np.empty(len(text), dtype=np.int64), np.empty(len(text), dtype=bool)
    for start in range(0, len(text), _BLOCK_ROWS):
        block = slice(start, start + _BLOCK_ROWS)
        stamps[block], zoned[block] = _iso_block(text.iloc[block])
    unzoned = not zoned.all()
    if unzoned:
        index = pd.DatetimeIndex(stamps[~zoned].view("datetime64[ns]"))
        stamps[~zoned] = to_utc(index, here).asi8
    return stamps, unzoned


def _iso_block(text: pd.Series) -> tuple[Array, Array]:
    """Parse ISO 8601.

    Args:
        text: `(n,)` text.

    Returns:
        `(n,)` ns, in UTC where a row has a zone and else as a clock showed them; and `(n,)` bool,
        which rows have one.
    """
    even = text.str.replace(r"^(\d{4})[/.](\d{1,2})[/.]", r"\1-\2-", regex=True)
    even = even.str.replace(r"[ T](\d):", r" 0\1:", regex=True)
    even = even.str.replace(",", ".", regex=False)
    with_zone = even.str.contains(r"(?:Z|UTC|GMT|:\d{2}(?:\.\d+)? ?[+-]\d{2}:?\d{2})$")
    zoned = with_zone.to_numpy(dtype=bool)
    stamps = np.full(len(text), _NAT)
    if zoned.any():
        some = even[zoned].str.replace(r" ?(?:UTC|GMT)$", "Z", regex=True)
        times = pd.to_datetime(some, format="ISO8601", utc=True, errors="coerce")
        stamps[zoned] = as_utc_ns(pd.DatetimeIndex(times)).asi8
    if not zoned.all():
        times = pd.to_datetime(even[~zoned], format="ISO8601", errors="coerce")
        stamps[~zoned] = in_ns(pd.DatetimeIndex(times)).asi8
    return stamps, zoned


def _others(
    table: Table, text: pd.Series, rows: Array, corrections: Corrections, here: LocalZone
) -> tuple[Array, list[str], bool]:
    """Read other forms than ISO 8601; where that fails, rewrite the text and read it again."""
    stamps, how, local = _in_pieces(table, text, rows, corrections, here)
    rest = np.flatnonzero(stamps == _NAT)
    if len(rest):
        stamps[rest], more, unzoned = _in_pieces(
            table, text.iloc[rest], rows[rest], corrections, here, rewritten=True
        )
        how += more
        local |= unzoned
    return stamps, how, local


def _in_pieces(
    table: Table,
    text: pd.Series,
    rows: Array,
    corrections: Corrections,
    here: LocalZone,
    *,
    rewritten: bool = False,
) -> tuple[Array, list[str], bool]:
    """Read texts of a date, a time of day and a zone.

    Args:
        table: For the place of the rows in the file.
        text: `(n,)` as the file has it.
        rows: `(n,)` row of each in the table.
        corrections: Whether the day comes first.
        here: The zone of times that have none.
        rewritten: Whether other forms are made into known ones before.

    Returns:
        As ``read_text_times``, with the forms in a list.
    """
    stamps = np.full(len(text), _NAT)
    pieces = _pieces(text, table.report, rewritten=rewritten)
    if pieces is None:
        return stamps, [], False
    (dates, date), (clocks, clock), (zones, zone) = pieces
    first = np.empty(len(date), dtype=np.int64)
    first[dates[::-1]] = np.arange(len(text))[::-1]
    days, how = read_dates(table, _rows_of(text, first), date, rows[first], corrections)
    time_of_day, sound = _clock(clock)
    # In place, because there may be millions of rows.
    wall = days.astype(np.int64)[dates]
    wall *= _DAY
    wall += time_of_day[clocks]
    wall[~sound[clocks] | np.isnat(days)[dates]] = _NAT
    local = False
    counts = np.bincount(zones[wall != _NAT], minlength=len(zone))
    check_zones(int(np.count_nonzero(counts)))
    for number in np.flatnonzero(counts):
        own = (zones == number) & (wall != _NAT)
        label = str(zone.iloc[number])
        if label:
            where = table.where(int(rows[np.argmax(own)]))
            stamps[own], decision = to_utc_by_label(wall[own], label, here, where)
            how += [decision] if decision else []
        else:
            index = pd.DatetimeIndex(wall[own].view("datetime64[ns]"))
            stamps[own] = to_utc(index, here).asi8
            local = True
    return stamps, how, local


def _pieces(
    text: pd.Series, report: Report, *, rewritten: bool
) -> list[tuple[Array, pd.Series]] | None:
    """Take texts apart into dates, times of day and zones, each of which is repeated often.

    Args:
        text: `(n,)` text.
        report: Called between blocks of rows.
        rewritten: Whether other forms are made into known ones before.

    Returns:
        For each of the three: the number of each row's, `(n,)`, and the different ones by number;
        ``None`` as soon as there are more dates than a column may have.
    """
    by_kind: list[dict[str, int]] = [{}, {}, {}]
    numbers = [np.empty(len(text), dtype=np.int32) for _ in by_kind]
    for start in range(0, len(text), _BLOCK_ROWS):
        report(1.0)
        block = slice(start, start + _BLOCK_ROWS)
        places, distinct = pd.factorize(text.iloc[block])
        different = _rewritten(pd.Series(distinct)) if rewritten else pd.Series(distinct)
        matches = map(_PIECES.search, different)
        pieces = pd.DataFrame([match.groups("") if match else ("", "", "") for match in matches])
        pieces[0], pieces[2] = pieces[0].str.strip(), without_remarks(pieces[2].str.strip())
        for i, numbers_of in enumerate(by_kind):
            codes, names = pd.factorize(pieces[i])
            numbered = np.array(
                [numbers_of.setdefault(str(name), len(numbers_of)) for name in names]
            )
            numbers[i][block] = numbered[codes][places]
        if len(by_kind[0]) > _MAX_DATES:
            return None
    return [
        (each, pd.Series(list(numbers_of), dtype="str"))
        for each, numbers_of in zip(numbers, by_kind, strict=True)
    ]


def _rewritten(text: pd.Series) -> pd.Series:
    """Make other forms of times into known ones."""
    even = text.str.normalize("NFKC").astype(object)
    for pattern, better in _REWRITTEN:
        even = even.str.replace(pattern, better, regex=True)
    return even


def _clock(text: pd.Series) -> tuple[Array, Array]:
    """Read times of day.

    Args:
        text: `(n,)` text, empty where there is none.

    Returns:
        `(n,)` ns since midnight; and `(n,)` bool, false where there is no such time.
    """
    parts = text.str.extract(_CLOCK)
    hour, minute, second = (
        pd.to_numeric(parts[i]).fillna(0).to_numpy(dtype=np.int64) for i in range(3)
    )
    fraction = parts[3].fillna("").str.ljust(9, "0").str[:9].astype(np.int64).to_numpy()
    half = parts[4].str.upper()
    has_half = half.notna().to_numpy()
    sound = (minute < 60) & (second < 60) & (hour < 24)
    sound &= ~has_half | ((hour >= 1) & (hour <= 12))
    hour = np.where(has_half, hour % 12 + 12 * (half == "P").to_numpy(dtype=bool), hour)
    return ((hour * 60 + minute) * 60 + second) * _SECOND + fraction, sound
