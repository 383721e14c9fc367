"""Columns of times: epochs in any unit, ISO 8601, and the dates of exports.

Imports ``errors`` and ``importing.table``. Every row is read by its own form; whether the day or
the month comes first is decided from the whole column, or refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.importing.numbers import ABSENT, is_number
from cryptoforecast.prices.importing.table import Corrections, Table
from cryptoforecast.types import Array

FIRST = pd.Timestamp("2009-01-01", tz="UTC")
LAST = pd.Timestamp("2100-01-01", tz="UTC")
_NAT = np.iinfo(np.int64).min
_UNITS = (("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1))
# Whole numbers that spell a date: 20240301, 202403010930, 20240301093000.
_SPELLED = ((20090101, "%Y%m%d"), (200901010000, "%Y%m%d%H%M"), (20090101000000, "%Y%m%d%H%M%S"))

_CLOCK = r"(?:[ T,]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp][Mm])?)?"
_ZONE = r"(?: ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
_TIME = r"[ T]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"
_ISO = rf"^\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}(?:{_TIME}{_ZONE})?$"
_HOUR = r"^\d{4}-\d{2}-\d{2} \d{1,2}-[AaPp][Mm]$"
_DAY = r"(?:[A-Za-z]{3,9}\.? \d{1,2},? \d{4}|\d{1,2}[ -][A-Za-z]{3,9}\.?[ -]\d{4})"
_NAMED = rf"^{_DAY}{_CLOCK}{_ZONE}$"
_NUMERIC = rf"^\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{4}}{_CLOCK}{_ZONE}$"


@dataclass(frozen=True, eq=False)
class Times:
    """Times of the rows, UTC in ns, NaT where absent; and how they were understood."""

    index: pd.DatetimeIndex
    how: str


def read_times(table: Table, needed: Array, corrections: Corrections) -> Times:
    """Read the column of times.

    Args:
        table: its rows.
        needed: `(n,)` bool; rows without a price may lack a time too.
        corrections: whether the day comes first, and the zone of times without one.

    Raises:
        UnreadableFile: at the first time that can't be read, or could be read in two ways.
    """
    values = table.column("time")
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        times = _datetimes(values, corrections)
    elif is_number(values):
        times = epochs(values)
    else:
        times = _texts(table, values, corrections)
    outside = np.asarray((times.index < FIRST) | (times.index >= LAST) | times.index.isna())
    outside &= needed
    if outside.any():
        row = int(np.argmax(outside))
        raise UnreadableFile(
            "Times must be seconds, milliseconds, microseconds or nanoseconds since 1970, or "
            f"written as 2024-12-31 23:00:00, from {FIRST.year} on, with the year in four digits. "
            f"Received: {_shown(values.iloc[row])} ({table.where(row)}, column "
            f"{table.roles['time']!r}). Convert the column."
        )
    return times


def _shown(value: object) -> str:
    return repr(str(value)[:60]) if isinstance(value, str) else str(value)[:60]


def _datetimes(values: pd.Series, corrections: Corrections) -> Times:
    index = pd.DatetimeIndex(values)
    if index.tz is not None:
        return Times(_in_ns(index), "datetimes")
    return Times(_located(index, corrections), f"datetimes without a zone, {_zone(corrections)}")


def _in_ns(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """UTC in ns; NaT where ns can't hold the time."""
    index = index.tz_convert("UTC")
    if index.unit != "ns":
        index = index.where((index >= FIRST) & (index < LAST), pd.NaT)
    return index.as_unit("ns")


def _zone(corrections: Corrections) -> str:
    return f"read as {corrections.zone or 'UTC'}"


def _located(index: pd.DatetimeIndex, corrections: Corrections) -> pd.DatetimeIndex:
    """Place times without a zone."""
    if corrections.zone is None:
        return _in_ns(index.tz_localize("UTC"))
    try:
        placed = index.tz_localize(
            corrections.zone,
            ambiguous="infer" if index.is_monotonic_increasing else "raise",
            nonexistent="shift_forward",
        )
    except ValueError as error:
        raise UnreadableFile(
            f"Times of {corrections.zone} must be clear when clocks change. Received: {error}. "
            "Save the file with UTC times."
        ) from error
    return _in_ns(placed)


# ---------------------------------------------------------------------------- numbers


def epochs(values: pd.Series) -> Times:
    """Read numbers since 1970, each in the unit that its own size tells; NaT if it has none."""
    numbers = values.to_numpy()
    if numbers.dtype.kind not in "iu":
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
    spelled = _spelled(numbers)
    if spelled is not None:
        return spelled
    stamps = np.full(len(numbers), _NAT)
    units = []
    for unit, factor in _UNITS:
        low, high = FIRST.value / factor, LAST.value / factor
        inside = (numbers >= low) & (numbers < high)
        if inside.any():
            units.append(unit)
            stamps[inside] = _scaled(numbers[inside], factor)
    index = pd.DatetimeIndex(stamps.view("datetime64[ns]")).tz_localize("UTC")
    how = " and ".join(units) + (", row by row," if len(units) > 1 else "")
    return Times(index, f"{how} since 1970, UTC")


def _scaled(numbers: Array, factor: int) -> Array:
    """Whole ns; fractions are kept to the microsecond."""
    if numbers.dtype.kind in "iu":
        return numbers.astype(np.int64) * factor
    if factor < 1000:
        return numbers.astype(np.int64) * factor
    return np.round(numbers * (factor // 1000)).astype(np.int64) * 1000


def _spelled(numbers: Array) -> Times | None:
    """Read whole numbers that spell a date, if all of them do."""
    known = np.isfinite(numbers)
    for least, form in _SPELLED:
        if known.any() and ((numbers[known] >= least) & (numbers[known] < least * 1.05)).all():
            text = pd.Series(np.where(known, numbers, 0).astype(np.int64)).astype("str")
            index = pd.DatetimeIndex(pd.to_datetime(text, format=form, errors="coerce", utc=True))
            return Times(_in_ns(index), f"written as {form}, read as UTC")
    return None


# ---------------------------------------------------------------------------- text


def _texts(table: Table, values: pd.Series, corrections: Corrections) -> Times:
    """Read text row by row: numbers, ISO 8601, month names, numeric dates."""
    text = values.astype("str").str.strip()
    if "clock" in table.roles:
        text = text + " " + table.column("clock").astype("str").str.strip()
    text = text.where(values.notna() & ~text.isin(ABSENT))
    numbers = pd.to_numeric(text, errors="coerce")
    if (numbers.notna() == text.notna()).all() and numbers.notna().any():
        return epochs(numbers)
    stamps = np.full(len(text), _NAT)
    forms = []
    for name, pattern, parse in (
        ("ISO 8601", _ISO, _iso),
        ("as 2019-12-31 11-PM", _HOUR, _hours),
        ("with month names", _NAMED, _named),
        ("", _NUMERIC, None),
    ):
        fits = text.str.match(pattern).fillna(False).to_numpy(dtype=bool) & (stamps == _NAT)
        if not fits.any():
            continue
        if parse is None:
            index, name = _numeric(table, text[fits], np.flatnonzero(fits), corrections)
        else:
            index = parse(text[fits], corrections)
        stamps[fits] = index.asi8
        forms.append(name)
    rest = numbers.notna().to_numpy() & (stamps == _NAT)
    if rest.any():
        some = epochs(numbers[rest])
        stamps[rest] = some.index.asi8
        forms.append(some.how)
    index = pd.DatetimeIndex(stamps.view("datetime64[ns]")).tz_localize("UTC")
    return Times(index, written(" and ".join(forms), corrections))


def written(form: str, corrections: Corrections) -> str:
    """Say how written times were understood."""
    return f"{form}, {_zone(corrections)} where no zone is given"


def _parse(text: pd.Series, corrections: Corrections, form: str) -> pd.DatetimeIndex:
    """Parse text of one family; rows with a zone of their own and rows without are both fine."""
    zoned = text.str.contains(r"(?:Z|UTC|GMT|\d[+-]\d{2}:?\d{2}| [+-]\d{2}:?\d{2})$")
    zoned = zoned.fillna(False).to_numpy(dtype=bool)
    stamps = np.full(len(text), _NAT)
    if zoned.any():
        some = text[zoned].str.replace(r" ?(?:UTC|GMT)$", "Z", regex=True)
        parsed = pd.to_datetime(some, format=form, utc=True, errors="coerce")
        stamps[zoned] = _in_ns(pd.DatetimeIndex(parsed)).asi8
    if not zoned.all():
        parsed = pd.to_datetime(text[~zoned], format=form, errors="coerce")
        stamps[~zoned] = _located(pd.DatetimeIndex(parsed), corrections).asi8
    return pd.DatetimeIndex(stamps.view("datetime64[ns]")).tz_localize("UTC")


def _iso(text: pd.Series, corrections: Corrections) -> pd.DatetimeIndex:
    even = text.str.replace(r"^(\d{4})[/.](\d{1,2})[/.]", r"\1-\2-", regex=True)
    even = even.str.replace(r"[ T](\d):", r" 0\1:", regex=True)
    return _parse(even.str.replace(",", ".", regex=False), corrections, "ISO8601")


def _hours(text: pd.Series, corrections: Corrections) -> pd.DatetimeIndex:
    return _parse(text.str.upper(), corrections, "%Y-%m-%d %I-%p")


def _named(text: pd.Series, corrections: Corrections) -> pd.DatetimeIndex:
    return _parse(text.str.replace(".", "", n=1, regex=False), corrections, "mixed")


def _numeric(
    table: Table, text: pd.Series, rows: Array, corrections: Corrections
) -> tuple[pd.DatetimeIndex, str]:
    """Read 03/04/2024, after settling which of the two is the day."""
    parts = text.str.extract(r"^(\d{1,2})[./-](\d{1,2})[./-](\d{4})(.*)$")
    first, second = parts[0].astype(int).to_numpy(), parts[1].astype(int).to_numpy()
    day_first, why = _order(table, text, rows, first, second, corrections)
    day, month = (parts[0], parts[1]) if day_first else (parts[1], parts[0])
    even = parts[2] + "-" + month.str.zfill(2) + "-" + day.str.zfill(2)
    clock = parts[3].str.replace(r"^[ T,]+", " ", regex=True)
    half = clock.str.contains(r"[AaPp][Mm]").fillna(False)
    if half.any():
        clock = clock.where(~half, _full_day(clock))
    clock = clock.str.replace(r"^ (\d):", r" 0\1:", regex=True)
    how = f"{'day' if day_first else 'month'} first ({why})"
    return _parse(even + clock, corrections, "ISO8601"), how


def _full_day(clock: pd.Series) -> pd.Series:
    """Rewrite ``" 1:30 PM"`` as ``" 13:30"``; what is no such clock becomes unreadable."""
    parts = clock.str.extract(r"^ (\d{1,2})((?::\d{2})+)(?:\.\d+)? ?([AaPp])[Mm](.*)$")
    hour = pd.to_numeric(parts[0], errors="coerce")
    hour = hour.where((hour >= 1) & (hour <= 12)) % 12
    hour += 12 * (parts[2].str.upper() == "P").fillna(False).astype(int)
    text = hour.map(lambda value: "" if np.isnan(value) else f" {int(value):02d}")
    return (text.astype("str") + parts[1] + parts[3]).fillna(" ?")


def _order(
    table: Table,
    text: pd.Series,
    rows: Array,
    first: Array,
    second: Array,
    corrections: Corrections,
) -> tuple[bool, str]:
    """Decide from the whole column whether the day comes first."""
    late_first, late_second = first > 12, second > 12
    if corrections.day_first is not None:
        wrong = late_second if corrections.day_first else late_first
        if wrong.any():
            row, said = int(np.argmax(wrong)), "day" if corrections.day_first else "month"
            raise UnreadableFile(
                f"With the {said} first, no date may have a month above 12. Received: "
                f"{text.iloc[row][:40]!r} ({table.where(int(rows[row]))}). Choose the other order, "
                "or leave it as found."
            )
        return corrections.day_first, "as you said"
    if late_first.any() and late_second.any():
        days = int(rows[np.argmax(late_first)]), int(rows[np.argmax(late_second)])
        raise UnreadableFile(
            "Dates must have the day and the month in one order. Received: day first in "
            f"{table.where(days[0])}, month first in {table.where(days[1])}. Correct the dates, "
            "best as 2024-12-31."
        )
    if late_first.any() or late_second.any():
        deciding = int(np.argmax(late_first if late_first.any() else late_second))
        return bool(late_first.any()), f"{table.where(int(rows[deciding]))} decides"
    if text.str.match(r"^\d{1,2}\.\d{1,2}\.").all():
        return True, "dates with points are written so"
    doubtful = first != second
    row = int(np.argmax(doubtful))
    raise UnreadableFile(
        "Dates must be readable in one way. "
        f"Received: {text.iloc[row][:40]!r} ({table.where(int(rows[row]))}), and no row tells the "
        "day from the month. Say which comes first (Dates on the Data page; --dates day-first or "
        "--dates month-first on the command line), or write dates as 2024-12-31."
    )
