"""Dates written as text: numbers or names of months, in many orders.

Imports ``errors`` and its neighbours. Whether the day, the month or the year comes first is
decided from the whole column, or refused.
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
# Forms of dates: what the three groups are, Y year, M month, N its name, D day; lower case where
# the order is to be found out.
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
# Years of two digits: 09 is 2009, 68 is 2068, 69 is 1969.
_PIVOT = 69
_SAY = (
    "Say which comes first (Dates on the Data page; --dates day-first or --dates month-first on "
    "the command line), or write dates as 2024-12-31."
)
# Candles are never further apart; an order of day, month and year that says so is not the order.
_LONGEST = 31


def read_dates(
    table: Table, text: pd.Series, dates: pd.Series, rows: Array, corrections: Corrections
) -> tuple[Array, list[str]]:
    """Read dates, `(n,)` days, NaT where the form is not known; and how."""
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
        known = "n" in order.lower()
        whole = text[fits]
        order, why = _settled(table, whole, rows[fits], fields, order, corrections)
        days[fits] = _calendar(order, fields)
        how.append(f"with month names{why and ', '}{why}" if known else why)
    return days, how


def _fields(parts: pd.DataFrame, order: str) -> list[Array] | None:
    """Numbers of a date's three parts; ``None`` if a month's name can't be told."""
    found: list[Array] = []
    for i, letter in enumerate(order):
        if letter in "Nn":
            months = find_months(set(parts[i]))
            if months is None:
                return None
            found.append(parts[i].map(months).fillna(0).to_numpy(dtype=np.int64))
        else:
            found.append(parts[i].astype(np.int64).to_numpy())
    return found


def _calendar(order: str, fields: list[Array]) -> Array:
    """Days, `(n,)`; NaT where there is no such date."""
    year, month, day = (fields[order.index(letter)] for letter in "YMD")
    year = np.where(year < _PIVOT, year + 2000, np.where(year < 100, year + 1900, year))
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    sound = (month >= 1) & (month <= 12) & (day >= 1) & (days.astype("datetime64[M]") == months)
    return np.where(sound, days, np.datetime64("NaT", "D"))


def _is_history(days: Array) -> bool:
    """Whether dates could be those of candles: all of them there, none too far from the next."""
    if np.isnat(days).any() or (days < FIRST.to_datetime64()).any():
        return False
    apart = np.diff(np.unique(days)).astype(np.int64)
    return not len(apart) or float(np.median(apart)) <= _LONGEST


# ---------------------------------------------------------------------------- order


def _settled(
    table: Table,
    text: pd.Series,
    rows: Array,
    fields: list[Array],
    order: str,
    corrections: Corrections,
) -> tuple[str, str]:
    """Settle what comes first: the order of Y, M and D, and why, empty where it is plain."""
    if order.isupper():
        return order.replace("N", "M"), "" if "N" in order else "year first"
    told = corrections.day_first
    short = "y" in order
    if short:
        orders = ("DMY", "YMD") if "n" in order else ("DMY", "MDY", "YMD")
        fitting = [each for each in orders if _is_history(_calendar(each, fields))]
        if "YMD" in fitting and told is None and len(fitting) > 1:
            raise UnreadableFile(
                "Dates must be readable in one way. "
                f"Received: {text.iloc[0][:40]!r} ({table.where(int(rows[0]))}), and no row tells "
                f"the day from the year. {_SAY}"
            )
        if fitting == ["YMD"] and told is not True:
            return "YMD", "year first, of two digits (no other order makes candles)"
        if "n" in order:
            return "DMY", "years of two digits"
    day_first, why = _day_first(table, text, rows, fields[0], fields[1], told)
    years = ", years of two digits" if short else ""
    return "DMY" if day_first else "MDY", f"{'day' if day_first else 'month'} first{years} ({why})"


def _day_first(
    table: Table,
    text: pd.Series,
    rows: Array,
    first: Array,
    second: Array,
    told: bool | None,
) -> tuple[bool, str]:
    """Decide from the whole column whether the day comes first."""
    late_first, late_second = first > 12, second > 12
    if told is not None:
        wrong = late_second if told else late_first
        if wrong.any():
            row, said = int(np.argmax(wrong)), "day" if told else "month"
            raise UnreadableFile(
                f"With the {said} first, no date may have a month above 12. Received: "
                f"{text.iloc[row][:40]!r} ({table.where(int(rows[row]))}). Choose the other order, "
                "or leave it as found."
            )
        return told, "as you said"
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
        f"day from the month. {_SAY}"
    )
