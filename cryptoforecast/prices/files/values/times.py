"""Columns of times: epochs in any unit, a spreadsheet's day numbers, datetimes, and text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.bounds import give_back_memory
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.table import Table
from cryptoforecast.prices.files.values.numbers import ABSENT, is_number
from cryptoforecast.prices.files.values.text_times import read_text_times
from cryptoforecast.prices.files.values.zones import (
    FIRST,
    LAST,
    LocalZone,
    as_utc_ns,
    to_utc,
    zone_of_column,
)
from cryptoforecast.types import Array

_NAT = np.iinfo(np.int64).min
_UNITS = (("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1))
# Whole numbers whose digits are a date: 20240301, 202403010930, 20240301093000.
_SPELLED = ((20090101, "%Y%m%d"), (200901010000, "%Y%m%d%H%M"), (20090101000000, "%Y%m%d%H%M%S"))
# A spreadsheet counts days from here. The days of 2009 to 2100 are these, which no epoch is.
_SPREADSHEET_ZERO = np.datetime64("1899-12-30", "ns").astype(np.int64)
_SPREADSHEET_DAYS = (39_814, 73_051)
_MINUTES, _SECONDS = 1_440, 86_400
# In ns.
_MINUTE, _THOUSAND_SECONDS, _TEN_DAYS = 60 * 10**9, 1_000 * 10**9, 864_000 * 10**9
# Days and epochs as spreadsheets write them where the comma is the decimal mark.
_DECIMAL_COMMA = r"^(\d+),(\d+(?:[eE][+-]?\d{1,2})?)$"
# Characters of a time; with the longest zone's name it has 70, so longer text is a remark.
_MAX_LENGTH = 100
# Rows whose text is parsed at once.
_BLOCK_ROWS = 50_000


@dataclass(frozen=True, eq=False)
class Times:
    """Times of the rows.

    Attributes:
        index: `(n,)` UTC in ns, NaT where absent.
        how: How the file writes them, for the decisions.
        step: Length in ns that a spreadsheet may have rounded numbers to; see ``_refuse_rounded``.
            0 for times that can't be rounded so.
        local: Whether some of them have no zone, and nobody says which it is.
    """

    index: pd.DatetimeIndex
    how: str
    step: int = 0
    local: bool = False


def read_times(table: Table, needed: Array, corrections: Corrections) -> Times:
    """Read the column of times.

    Args:
        table: The raw columns.
        needed: `(n,)` bool, the rows that must have a time; those without a price need none.
        corrections: Whether the day comes first, and the zone of times that have none.

    Raises:
        UnreadableFile: If a time can't be read, or can be read in two ways; the first is named.
    """
    values = table.column("time")
    here = zone_of_column(table.roles["time"], corrections.zone)
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        times = _datetimes(values, here)
    elif is_number(values) and "clock" not in table.roles:
        times = read_epochs(values, here)
    else:
        times = _texts(table, values, corrections, here)
        give_back_memory()
    _refuse_rounded(table, values, times)
    outside = np.asarray((times.index < FIRST) | (times.index >= LAST) | times.index.isna())
    outside &= needed
    if outside.any():
        row = int(np.argmax(outside))
        raise UnreadableFile(
            "Times must be seconds, milliseconds, microseconds or nanoseconds since 1970, or "
            f"written as 2024-12-31 23:00:00, from {FIRST.year} on. "
            f"Received: {_text(values.iloc[row])} ({table.where(row)}, column "
            f"{table.roles['time']!r}). Convert the column."
        )
    return times


def _refuse_rounded(table: Table, values: pd.Series, times: Times) -> None:
    """Refuse numbers of which a spreadsheet kept a few digits, as in 1.70925E+12.

    No candles of any length open at multiples of 1,000 seconds only, or of 10 days; nor at
    multiples of 100 seconds that are no whole minutes apart.
    """
    stamps = times.index.asi8[times.index.notna()]
    if not times.step or len(stamps) < 2:
        return
    numbers = stamps - (_SPREADSHEET_ZERO if times.step > _THOUSAND_SECONDS else 0)
    tenth = times.step // 10
    if numbers[0] % tenth or (numbers % tenth).any():
        return
    if not (numbers % times.step).any() or (
        times.step == _THOUSAND_SECONDS and ((numbers - numbers[0]) % _MINUTE).any()
    ):
        row = int(np.argmax(times.index.notna()))
        value = values.iloc[row]
        text = value if isinstance(value, str) else f"{value:G}"
        raise UnreadableFile(
            "Times must have all their digits. Received: numbers that a spreadsheet rounded, such "
            f"as {text[:60]} ({table.where(row)}, column {table.roles['time']!r}), so that "
            "different candles have one time. Use the original file, or save the column as whole "
            "numbers."
        )


def _text(value: object) -> str:
    """Return a value for a message: quoted if it is text, and not too long."""
    return repr(str(value)[:60]) if isinstance(value, str) else str(value)[:60]


def _datetimes(values: pd.Series, here: LocalZone) -> Times:
    """Convert datetimes, with a zone or without."""
    index = pd.DatetimeIndex(values)
    if index.tz is not None:
        return Times(as_utc_ns(index), describe_datetimes(local=False))
    how = describe_datetimes(local=True, zone=here.name)
    return Times(to_utc(index, here), how, local=here.zone is None)


def describe_datetimes(*, local: bool, zone: str = "UTC") -> str:
    """Return how times in a column of datetimes are written, for the decisions.

    Args:
        local: Whether they have no zone.
        zone: The zone that they are then read in.
    """
    return f"datetimes without a zone, read as {zone}" if local else "datetimes"


# ---------------------------------------------------------------------------- numbers


def read_epochs(values: pd.Series, here: LocalZone | None = None) -> Times:
    """Read numbers: dates in digits, a spreadsheet's days, or time since 1970.

    Args:
        values: `(n,)` numbers, NaN where absent.
        here: The zone of dates and days; time since 1970 is UTC.

    Returns:
        The times, NaT where a number is none.
    """
    here = here or LocalZone()
    numbers = values.to_numpy()
    if numbers.dtype.kind not in "iu":
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
    if _are_spreadsheet_days(numbers):
        return _spreadsheet_days(numbers, here)
    return _in_digits(numbers, here) or _since_1970(numbers)


def _since_1970(numbers: Array) -> Times:
    """Read numbers since 1970, each in the unit that its size shows."""
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
    return Times(index, f"{how} since 1970, UTC", step=_THOUSAND_SECONDS)


def _scaled(numbers: Array, factor: int) -> Array:
    """Return numbers in ns, to the microsecond if they have fractions."""
    if numbers.dtype.kind in "iu":
        return numbers.astype(np.int64) * factor
    if factor < 1000:
        return numbers.astype(np.int64) * factor
    return np.round(numbers * (factor // 1000)).astype(np.int64) * 1000


def _in_digits(numbers: Array, here: LocalZone) -> Times | None:
    """Read whole numbers whose digits are a date; ``None`` unless all of them are such."""
    has_number = np.isfinite(numbers)
    for least, form in _SPELLED:
        if (
            has_number.any()
            and ((numbers[has_number] >= least) & (numbers[has_number] < least * 1.05)).all()
        ):
            text = pd.Series(np.where(has_number, numbers, 0).astype(np.int64)).astype("str")
            index = pd.DatetimeIndex(pd.to_datetime(text, format=form, errors="coerce"))
            how = f"written as {form}, read as {here.name}"
            return Times(to_utc(index, here), how, local=here.zone is None)
    return None


def _are_spreadsheet_days(numbers: Array) -> bool:
    """Tell whether all numbers are days as a spreadsheet counts them."""
    days = numbers[np.isfinite(numbers)]
    return bool(len(days)) and bool(
        ((days >= _SPREADSHEET_DAYS[0]) & (days < _SPREADSHEET_DAYS[1])).all()
    )


def _spreadsheet_days(numbers: Array, here: LocalZone) -> Times:
    """Read a spreadsheet's days, to the minute where all are close to one, else to the second."""
    has_number = np.isfinite(numbers)
    days = np.where(has_number, numbers, 0).astype(float)
    minutes = days * _MINUTES
    # A day rounded to four decimals is up to five seconds off.
    whole = bool((np.abs(minutes - np.round(minutes))[has_number] < 0.1).all())
    unit = _MINUTES if whole else _SECONDS
    stamps = np.round(days * unit).astype(np.int64) * (86_400 * 10**9 // unit) + _SPREADSHEET_ZERO
    index = pd.DatetimeIndex(np.where(has_number, stamps, _NAT).view("datetime64[ns]"))
    how = f"days since 1899-12-30, as spreadsheets count them, read as {here.name}"
    return Times(to_utc(index, here), how, _TEN_DAYS, local=here.zone is None)


# ---------------------------------------------------------------------------- text


def _texts(table: Table, values: pd.Series, corrections: Corrections, here: LocalZone) -> Times:
    """Read text: numbers if all are numbers, else each row by itself."""
    text = values.astype("str").str.strip()
    if "clock" in table.roles:
        text = text.str.removesuffix(".0") + " " + _clock(table, text)
    text = text.where(values.notna() & ~text.isin(ABSENT) & (text.str.len() <= _MAX_LENGTH))
    numbers = _to_numeric(text)
    if not (numbers.notna() == text.notna()).all():
        if text.str.match(_DECIMAL_COMMA).to_numpy(dtype=bool).any():
            decimals = _to_numeric(text.str.replace(_DECIMAL_COMMA, r"\1.\2", regex=True))
            if (decimals.notna() == text.notna()).all():
                return read_epochs(decimals, here)
    elif numbers.notna().any():
        return read_epochs(numbers, here)
    rest = numbers.notna().to_numpy()
    words = text.where(~rest) if rest.any() else text
    give_back_memory()
    stamps, how, local = read_text_times(table, words, corrections, here)
    forms = [describe_texts(how, corrections)] if how else []
    if rest.any():
        # A spreadsheet that turned only some dates into day numbers misread these, with day and
        # month swapped. So they are not read as days.
        digits = numbers[rest].to_numpy()
        numbered = _in_digits(digits, here) or _since_1970(digits)
        stamps[rest] = numbered.index.asi8
        forms.append(numbered.how)
        local |= numbered.local
    index = pd.DatetimeIndex(stamps.view("datetime64[ns]")).tz_localize("UTC")
    return Times(index, " and ".join(forms), local=local)


def _to_numeric(text: pd.Series) -> pd.Series:
    """Parse numbers, NaN where there is none; in blocks, as each text becomes an object."""
    blocks = range(0, max(1, len(text)), _BLOCK_ROWS)
    parts = [
        pd.to_numeric(text.iloc[start : start + _BLOCK_ROWS], errors="coerce") for start in blocks
    ]
    return pd.concat(parts)


def describe_texts(form: str, corrections: Corrections) -> str:
    """Return how times in text are written, for the decisions.

    Args:
        form: The form or forms of the text.
        corrections: For the zone of times that have none.
    """
    return f"{form}, read as {corrections.zone or 'UTC'} where no zone is given"


def _clock(table: Table, dates: pd.Series) -> pd.Series:
    """Return the column of times of day as 23:59:00; the file may have no colons.

    Args:
        table: The raw columns.
        dates: `(n,)` the text of the dates beside them.

    Raises:
        UnreadableFile: If 930 may be half past nine, or nine minutes and thirty seconds.
    """
    values = table.column("clock")
    text = values.astype("str").str.strip().str.removesuffix(".0")
    if not text.str.fullmatch(r"\d{1,6}").all():
        return text
    length, number = text.str.len(), text.astype(np.int64)
    padded = length.min() == length.max() and text.str.startswith("0").any()
    if padded and length.max() in (4, 6):
        width = int(length.max())
    elif number.max() > 2359 or number.max() == 0:
        width = 6
    elif number.max() >= 1200 and number.nunique() > 1 and dates.nunique() > 1:
        width = 4
    else:
        row = int(number.argmax())
        raise UnreadableFile(
            f"Times of day must be readable in one way. Received: {text.iloc[row]} "
            f"({table.where(row)}, column {table.roles['clock']!r}), hours and minutes or minutes "
            "and seconds. Write them as 09:30:00."
        )
    text = text.str.zfill(width)
    return text.str.replace(r"(\d{2})(?=\d)", r"\1:", regex=True)
