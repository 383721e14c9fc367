"""Dates in text: numbers or names of months, in many orders.

The whole column decides whether the day, the month or the year comes first. If it does not, the
file is refused.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.table import Table
from cryptoforecast.prices.files.values.months import find_months
from cryptoforecast.prices.files.values.zones import FIRST
from cryptoforecast.types import Array

_TH = r"(?:st|nd|rd|th|er|[.º°])?"
_WORD = r"([^\W\d_]+)\.?"
# Forms of dates, and what their three groups are: Y year, M month, N its name, D day. Letters are
# lower case where the order is still to be found.
_FORMS = (
    ("YMD", r"^(\d{4})(?:[-/.]| ?[年년]) ?(\d{1,2})(?:[-/.]| ?[月월]) ?(\d{1,2})(?:\.| ?[日일])?$"),
    ("YMD", r"^(\d{4})(\d{2})(\d{2})$"),
    ("DNY", rf"^(\d{{1,2}}){_TH}[ ./-]*(?:de |of )?{_WORD}[ ,/-]*(?:del? )?(\d{{4}})(?: ?г\.?)?$"),
    ("NDY", rf"^{_WORD}[ -]*(\d{{1,2}}){_TH}[ ,-]+(\d{{4}})$"),
    ("YND", rf"^(\d{{4}})[ -]{_WORD}[ -](\d{{1,2}})$"),
    ("dny", rf"^(\d{{1,2}})[ -]{_WORD}[ -]'?(\d{{2}})$"),
    ("NDY", rf"^{_WORD} *(\d{{1,2}}){_TH}, *'?(\d{{2}})$"),
    ("dmY", r"^(\d{1,2})[./-](\d{1,2})[./-](\d{4})\.?$"),
    ("dmy", r"^(\d{1,2})[./-](\d{1,2})[./-](\d{2})$"),
)
# Years of two digits: below this they are of this century, so that 68 is 2068 and 69 is 1969.
_PIVOT = 69
_REMEDY = (
    "Say which comes first (Dates on the Data page; --dates day-first or --dates month-first on "
    "the command line, day_first= in Python), or write dates as 2024-12-31."
)
# Days between candles, in the median; an order of day, month and year that gives more is wrong.
_MAX_DAYS_APART = 31


def read_dates(
    table: Table, text: pd.Series, dates: pd.Series, rows: Array, corrections: Corrections
) -> tuple[Array, list[str]]:
    """Read dates.

    Args:
        table: For the place of the rows in the file.
        text: `(n,)` as the file has it, for messages.
        dates: `(n,)` the dates in it, to be read.
        rows: `(n,)` row of each in the table.
        corrections: Whether the day comes first.

    Returns:
        `(n,)` days, NaT where the form is unknown; and the forms, for the decisions.

    Raises:
        UnreadableFile: If a month's name or the order can be read in two ways.
    """
    days = np.full(len(dates), np.datetime64("NaT", "D"))
    how: list[str] = []
    for order, form in _FORMS:
        parts = dates.where(np.isnat(days)).str.extract(form)
        fits = parts[0].notna().to_numpy()
        if not fits.any():
            continue
        fields = _fields(parts[fits], order)
        if fields is None:
            row = int(np.argmax(fits))
            raise UnreadableFile(
                "Names of months must be readable in one way. Received: "
                f"{text.iloc[row][:40]!r} ({table.where(int(rows[row]))}), another month in "
                "another language. Write dates as 2024-12-31."
            )
        has_names = "n" in order.lower()
        order, reason = _settle_order(table, text[fits], rows[fits], fields, order, corrections)
        days[fits] = _calendar(order, fields)
        how.append(f"with month names{reason and ', '}{reason}" if has_names else reason)
    return days, how


def _fields(parts: pd.DataFrame, order: str) -> list[Array] | None:
    """Return the numbers of the three parts; ``None`` if a month's name has two meanings."""
    fields: list[Array] = []
    for i, letter in enumerate(order):
        if letter in "Nn":
            months = find_months(set(parts[i]))
            if months is None:
                return None
            fields.append(parts[i].map(months).fillna(0).to_numpy(dtype=np.int64))
        else:
            fields.append(parts[i].astype(np.int64).to_numpy())
    return fields


def _calendar(order: str, fields: list[Array]) -> Array:
    """Return days, `(n,)`; NaT where there is no such date."""
    year, month, day = (fields[order.index(letter)] for letter in "YMD")
    year = np.where(year < _PIVOT, year + 2000, np.where(year < 100, year + 1900, year))
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    # A day that the month does not have lies in another month.
    sound = (month >= 1) & (month <= 12) & (days.astype("datetime64[M]") == months)
    return np.where(sound, days, np.datetime64("NaT", "D"))


def _is_history(days: Array) -> bool:
    """Tell whether days may be those of candles: none absent or too old, and close together."""
    if np.isnat(days).any() or (days < FIRST.to_datetime64()).any():
        return False
    apart = np.diff(np.unique(days)).astype(np.int64)
    return not len(apart) or float(np.median(apart)) <= _MAX_DAYS_APART


# ---------------------------------------------------------------------------- order


def _settle_order(
    table: Table,
    text: pd.Series,
    rows: Array,
    fields: list[Array],
    order: str,
    corrections: Corrections,
) -> tuple[str, str]:
    """Settle the order of Y, M and D, and its reason; empty where the form leaves no choice."""
    if order.isupper():
        return order.replace("N", "M"), "" if "N" in order else "year first"
    choice = corrections.day_first
    short = "y" in order
    if short:
        orders = ("DMY", "YMD") if "n" in order else ("DMY", "MDY", "YMD")
        fitting = [each for each in orders if _is_history(_calendar(each, fields))]
        if "YMD" in fitting and choice is None and len(fitting) > 1:
            raise UnreadableFile(
                "Dates must be readable in one way. "
                f"Received: {text.iloc[0][:40]!r} ({table.where(int(rows[0]))}), and no row shows "
                f"which is the day and which the year. {_REMEDY}"
            )
        if fitting == ["YMD"] and choice is not True:
            return "YMD", "year first, of two digits (no other order makes candles)"
        if "n" in order:
            return "DMY", "years of two digits"
    day_first, reason = _settle_day_first(table, text, rows, fields[0], fields[1], choice)
    years = ", years of two digits" if short else ""
    return (
        "DMY" if day_first else "MDY",
        f"{'day' if day_first else 'month'} first{years} ({reason})",
    )


def _settle_day_first(
    table: Table,
    text: pd.Series,
    rows: Array,
    first: Array,
    second: Array,
    choice: bool | None,
) -> tuple[bool, str]:
    """Settle whether the day comes before the month, by the whole column.

    Args:
        table: For the place of the rows in the file.
        text: `(n,)` as the file has it, for messages.
        rows: `(n,)` row of each in the table.
        first: `(n,)` the number that comes first.
        second: `(n,)` the number after it.
        choice: What the user says, if anything.

    Returns:
        Whether the day comes first, and the reason.

    Raises:
        UnreadableFile: If no row decides, or rows contradict each other or the user.
    """
    late_first, late_second = first > 12, second > 12
    if choice is not None:
        wrong = late_second if choice else late_first
        if wrong.any():
            row, order = int(np.argmax(wrong)), "day" if choice else "month"
            raise UnreadableFile(
                f"With the {order} first, no date may have a month above 12. Received: "
                f"{text.iloc[row][:40]!r} ({table.where(int(rows[row]))}). Choose the other order, "
                "or leave it as found."
            )
        return choice, "as you said"
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
        f"Received: {text.iloc[row][:40]!r} ({table.where(int(rows[row]))}), and no row shows "
        f"which is the day and which the month. {_REMEDY}"
    )
