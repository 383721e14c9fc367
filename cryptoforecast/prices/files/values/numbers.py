"""Columns of numbers, as people and programs write them, with one decimal mark in a file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.table import Table
from cryptoforecast.types import Array
from cryptoforecast.types.quotes import DOLLAR_SIGNS, QUOTES

#: Texts that mean "no value".
ABSENT = ["", "NULL", "null", "NaN", "nan", "NA", "N/A", "n/a", "None", "none", "-", "--", "#N/A"]

# Nobody parts thousands before an exponent, so that a mark there is the decimal mark.
_EXPONENT = r"[eE][+-]?\d{1,3}"
# 12,34,567 as in India: commas after thousands, and then after every two digits.
_LAKHS = r"\d{1,2}(,\d{2})+,\d{3}"
#: Texts at the beginning of a column that are looked at first, and how any number is written.
_HEAD = 1_000
_LIKE_A_NUMBER = r"^[+-]?[.,]?\d[\d.,' ]*([eE][+-]?\d+)?\s?[KMBTkmbt]?$"
# Numbers that have a decimal point, or commas that can only part thousands.
_POINT = (
    r"^[+-]?(0\.\d+|\d+\.\d{1,2}|\d+\.\d{4,}|\d{4,}\.\d+|"
    rf"\d{{1,3}}(,\d{{3}})+\.\d+|\d{{1,3}}(,\d{{3}}){{2,}}|{_LAKHS}(\.\d*)?|\d*\.\d*{_EXPONENT})$"
)
# Numbers that have a decimal comma, whatever the points are.
_COMMA = (
    r"^[+-]?(0,\d+|\d+,\d{1,2}|\d+,\d{4,}|\d{4,},\d+|"
    rf"\d{{1,3}}(\.\d{{3}})+,\d+|\d*,\d*{_EXPONENT})$"
)
# Numbers that may be a thousand or a fraction.
_GROUPED = r"^[+-]?\d{1,3}([.,])\d{3}$"
# Numbers that a spreadsheet has altered.
_MANGLED = re.compile(r"[+-]?\d{1,3}(\.\d{3}){2,}")
# The spaces are matched from the first of them only, which is fast.
_UNIT = r"(?<!\s)\s*[KMBTkmbt]$"
_SUFFIXES = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
# A currency's sign or code before or after a number, perhaps parted by spaces.
_SIGNS = "|".join(map(re.escape, [*DOLLAR_SIGNS, *"$€£₩₹₺¥￥"]))
_CODES = "|".join(sorted({*QUOTES, "XBT"}))
_MARKED = r"[^0-9.,\s'+-]"
# More than digits, marks and an exponent. It is much faster to look for than the patterns above.
_UNUSUAL = r"[^0-9.,+eE-]"
# Without a look ahead or behind, so that Arrow finds them, which is faster.
_SPACE, _DIGIT = r"[\s\p{Z}]", r"\p{Nd}"
_SIGN_BEFORE = (
    rf"(?i)^([+-]?)(?:(?:{_SIGNS}){_SPACE}*|(?:{_CODES}){_SPACE}+|(?:{_CODES})({_DIGIT}))"
)
_SIGN_AFTER = rf"(?i)({_DIGIT}|[.]){_SPACE}?(?:{_SIGNS}|{_CODES})$"
_SPACES = r"[\s\u00a0\u202f'’]"

#: Characters of a number, with its currency; the largest whole number of 256 bits has 78.
MAX_NUMBER = 100


def is_number(values: pd.Series) -> bool:
    """Tell whether a column's type is a number; true and false are none."""
    return bool(
        pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
    )


def clean_numbers(values: pd.Series) -> pd.Series:
    """Remove spaces, a currency sign, and spaces or apostrophes between thousands.

    Args:
        values: `(n,)` text.

    Returns:
        `(n,)` text, absent where there is no value.
    """
    text = values.astype("str").where(values.notna())
    if not has_more_than_numbers(text).any():
        return text.where(~text.isin(ABSENT))
    text = text.str.strip()
    text = text.where(~text.isin(ABSENT))
    if text.str.contains(_MARKED, regex=True).fillna(False).any():
        text = _replaced(text, _SIGN_BEFORE, r"\1\2")
        text = _replaced(text, _SIGN_AFTER, r"\1")
    return _without(text, _SPACES, rf"(?<=\d){_SPACES}(?=\d{{3}}(\D|$))")


def _replaced(text: pd.Series, pattern: str, better: str) -> pd.Series:
    """Replace a pattern, in Arrow's syntax, in text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    result = pc.replace_substring_regex(
        pa.array(text, pa.large_string()), pattern=pattern, replacement=better
    )
    return pd.Series(result.to_pandas(), index=text.index, dtype="str")


class _Texts(NamedTuple):
    """A column of text by its different texts: what many rows have is looked at once.

    Attributes:
        places: `(n,)` int, which of the different texts each row has; -1 where it has none.
        distinct: `(m,)` text.
    """

    places: Array
    distinct: pd.Series

    @classmethod
    def of(cls, table: Table, role: str) -> _Texts:
        """Return the texts of a column, none of which is longer than a number.

        Args:
            table: The raw columns.
            role: Role of the column.

        Raises:
            UnreadableFile: If one is longer, so that it would take long to read; the first is
                named.
        """
        places, distinct = pd.factorize(table.column(role))
        texts = cls(places, pd.Series(distinct).astype("str"))
        long = texts.distinct.str.len().gt(MAX_NUMBER).to_numpy(dtype=bool)
        if long.any():
            long = texts.distinct.str.strip().str.len().gt(MAX_NUMBER).to_numpy(dtype=bool)
        if long.any():
            raise _no_number(table, role, texts.first(long))
        return texts

    def first(self, mask: Array) -> int:
        """Return the first row that has one of some texts.

        Args:
            mask: `(m,)` bool, which ones; at least one of them.
        """
        # A row without a text has the last place.
        return int(np.argmax(np.append(mask, False)[self.places]))

    def numbers(self, numbers: Array) -> Array:
        """Return the number of each row, `(n,)`, NaN where it has no text.

        Args:
            numbers: `(m,)`, of the different texts.
        """
        result: Array = np.append(numbers, np.nan)[self.places]
        return result


def refuse_words(table: Table, roles: Iterable[str]) -> None:
    """Refuse a column that begins with texts and hardly a number, before all of it is looked at.

    Args:
        table: The raw columns.
        roles: Roles of the columns of numbers.

    Raises:
        UnreadableFile: If there is one; its first text is named.
    """
    for role in roles:
        if role not in table.roles or is_number(table.column(role)):
            continue
        head = table.column(role).iloc[:_HEAD].astype("str")
        is_absent = (head.isna() | head.str.strip().isin(ABSENT)).to_numpy(dtype=bool)
        too_few = (~is_absent).sum() < _HEAD // 2
        if too_few or (head.str.len() > MAX_NUMBER).any():
            continue
        is_number_like = clean_numbers(head).str.match(_LIKE_A_NUMBER).fillna(False)
        words = ~is_number_like.to_numpy(dtype=bool) & ~is_absent
        if words.sum() > 0.9 * (~is_absent).sum():
            raise _no_number(table, role, int(np.argmax(words)))


def has_more_than_numbers(text: pd.Series) -> Array:
    """Tell which texts have a sign, a unit, a word or a space, `(n,)` bool."""
    result: Array = text.str.contains(_UNUSUAL, regex=True).fillna(False).to_numpy(dtype=bool)
    return result


def _without(text: pd.Series, sign: str, pattern: str) -> pd.Series:
    """Remove a pattern from the texts that have its sign, because it is slow to look for."""
    rows = text.str.contains(sign, regex=True).fillna(False).to_numpy(dtype=bool)
    if not rows.any():
        return text
    result = text.copy()
    result.iloc[np.flatnonzero(rows)] = text[rows].str.replace(pattern, "", regex=True).to_numpy()
    return result


def _has_digit(values: pd.Series) -> Array:
    """Tell which texts have a digit or are not ASCII, `(n,)` bool, to search only these."""
    digits = values.str.contains(r"[0-9]|[^\x00-\x7f]", regex=True)
    result: Array = digits.to_numpy(dtype=bool)
    return result


def find_decimal_mark(table: Table, roles: tuple[str, ...], corrections: Corrections) -> str:
    """Find the file's decimal mark by every number of its text columns.

    Args:
        table: The raw columns.
        roles: Roles of the columns of numbers.
        corrections: The mark that the user gives, if any.

    Returns:
        ``"."`` or ``","``.

    Raises:
        UnreadableFile: If the marks are mixed, or every number can be read in two ways.
    """
    if corrections.decimal:
        return corrections.decimal
    points = commas = False
    doubtful: tuple[int, str, str] | None = None
    for role in roles:
        table.report(1.0)
        if is_number(table.column(role)):
            continue
        texts = _Texts.of(table, role)
        values = texts.distinct
        text = _without(clean_numbers(values.where(_has_digit(values))), "[KMBTkmbt]$", _UNIT)
        points |= bool(text.str.match(_POINT).any())
        commas |= bool(text.str.match(_COMMA).any())
        in_groups = text.str.match(_GROUPED).to_numpy(dtype=bool)
        if not table.foreign:
            in_groups = in_groups & text.str.contains(",", regex=False).to_numpy(dtype=bool)
        if doubtful is None and in_groups.any():
            row = texts.first(in_groups)
            doubtful = row, str(table.column(role).iloc[row]), role
    if points and commas:
        raise UnreadableFile(
            "A file must have one decimal mark. Received: points and commas mixed. "
            "Save the file with decimal points and without thousands separators."
        )
    if doubtful and not points and not commas:
        row, number, role = doubtful
        raise UnreadableFile(
            f"Numbers must be readable in one way. Received: {number!r} ({table.where(row)}, "
            f"column {table.roles[role]!r}), which is a thousand or a fraction, and no other "
            "number shows which. Say which mark is the decimal one (Decimal mark on the Data page; "
            "--decimal point or --decimal comma on the command line, decimal= in Python), or save "
            "it without thousands separators."
        )
    return "," if commas else "."


def read_numbers(table: Table, role: str, mark: str) -> Array:
    """Read a column of numbers.

    Args:
        table: The raw columns.
        role: Role of the column.
        mark: The decimal mark.

    Returns:
        `(n,)` float64, NaN where the file has no value.

    Raises:
        UnreadableFile: If a text is no plain number; the first one is named.
    """
    table.report(1.0)
    values = table.column(role)
    if not is_number(values):
        return _numbers(table, role, mark)
    numbers: Array = values.to_numpy(dtype=float, na_value=np.nan)
    return numbers


def _numbers(table: Table, role: str, mark: str) -> Array:
    """Parse a column of text; a volume or turnover may have a unit such as K."""
    texts = _Texts.of(table, role)
    values = texts.distinct
    absent = values.str.strip().isin(ABSENT)
    words = ~_has_digit(values) & ~absent.to_numpy(dtype=bool)
    text = clean_numbers(values.where(~words))
    thousands, pattern = (
        (",", rf"\d{{1,3}}(,\d{{3}})+|{_LAKHS}") if mark == "." else (".", r"\d{1,3}(\.\d{3})+")
    )
    fraction = rf"({re.escape(mark)}\d*)?"
    number = rf"^[+-]?(({pattern}|\d*){fraction}|\d*{fraction}{_EXPONENT})$"
    factor = np.ones(len(text))
    if role in ("volume", "turnover"):
        letter = text.str.extract(r"([KMBTkmbt])$", expand=False).str.upper()
        factor = letter.map(_SUFFIXES).fillna(1.0).to_numpy(dtype=float)
        text = _without(text, "[KMBTkmbt]$", _UNIT)
    digits = text.where(text.str.match(number)).str.replace(thousands, "", regex=False)
    if mark == ",":
        digits = digits.str.replace(",", ".", regex=False)
    numbers = pd.to_numeric(digits, errors="coerce")
    wrong = np.asarray(numbers.isna() & text.notna()) | words
    if wrong.any():
        raise _no_number(table, role, texts.first(wrong))
    return texts.numbers(numbers.to_numpy(dtype=float, na_value=np.nan) * factor)


def _no_number(table: Table, role: str, row: int) -> UnreadableFile:
    """Return the error for a text that is no number, with what the user can do."""
    text = str(table.column(role).iloc[row])
    if len(text) <= MAX_NUMBER and _MANGLED.fullmatch(text.strip()):
        hint = " A spreadsheet has altered the numbers beyond repair; use the original file."
    elif text.strip().lower() in ("inf", "-inf", "+inf", "infinity", "true", "false"):
        hint = " Remove or correct such rows."
    else:
        hint = " Save the file with decimal points and without thousands separators."
    return UnreadableFile(
        f"The {role} must be a plain number such as 1234.56. Received: {text[:40]!r} "
        f"({table.where(row)}, column {table.roles[role]!r}).{hint}"
    )
