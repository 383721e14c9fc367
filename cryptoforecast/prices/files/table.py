"""The values between the steps: a table with known columns, and the candles made of it.

Imports ``types`` and ``errors`` only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import pandas as pd

from cryptoforecast.errors import InvalidInput, UnreadableFile
from cryptoforecast.types import Array, Problem

PRICES = ("open", "high", "low", "close")
#: Roles a person may give a column; ``clock`` is the time of day beside a date.
ASSIGNABLE = ("time", "clock", *PRICES, "volume", "turnover", "price", "symbol")
# What no number, name or line is parted by.
_NO_DELIMITER = re.compile(r"[A-Za-z0-9.\"'+-]")


@dataclass(frozen=True)
class Corrections:
    """What a person says about a file, where the reader would decide otherwise or refuse.

    Attributes:
        delimiter: one character between the columns.
        columns: column name in the file by role (see ``ASSIGNABLE``); ``"column 3"`` is the
            third column, named or not.
        day_first: whether 03/04/2024 is the third of April.
        zone: IANA name of the zone of times that carry none; UTC by default.
        label: ``"open"`` or ``"close"``: which end of its candle a time names.
        decimal: ``"."`` or ``","``.
    """

    delimiter: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    day_first: bool | None = None
    zone: str | None = None
    label: str | None = None
    decimal: str | None = None

    def __post_init__(self) -> None:
        """Check what was given.

        Raises:
            InvalidInput: if a value can't be used.
        """
        self._check_delimiter()
        self._check_columns()
        if self.label not in (None, "open", "close"):
            raise InvalidInput(f"The label must be open or close. Received: {self.label!r}.")
        if self.decimal not in (None, ".", ","):
            raise InvalidInput(
                f"The decimal mark must be a point or a comma. Received: {self.decimal!r}."
            )
        if self.zone is not None:
            try:
                ZoneInfo(self.zone)
            except (ValueError, OSError, LookupError) as error:
                raise InvalidInput(
                    f"The zone must be a name such as Europe/Berlin. Received: {self.zone!r}."
                ) from error

    def _check_delimiter(self) -> None:
        mark = self.delimiter
        if mark is None or mark == "\t":
            return
        if len(mark) != 1 or not mark.isascii() or not mark.isprintable():
            raise InvalidInput(
                f"A delimiter must be one character, or the word tab. Received: {mark[:20]!r}."
            )
        if _NO_DELIMITER.match(mark):
            raise InvalidInput(
                "A delimiter must not be part of numbers, names or quotes. "
                f"Received: {mark!r}. Use the mark between the columns."
            )

    def _check_columns(self) -> None:
        unknown = sorted(set(self.columns) - set(ASSIGNABLE))
        if unknown:
            raise InvalidInput(
                f"A column must be given one of the roles {', '.join(ASSIGNABLE)}. "
                f"Received: {unknown[0][:40]!r}."
            )
        names = list(self.columns.values())
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            roles = [role for role, name in self.columns.items() if name == twice]
            raise InvalidInput(
                f"A column must have one role. Received: {twice[:60]!r} as {' and '.join(roles)}."
            )

    def refuse_delimiter(self, kind: str) -> None:
        """Refuse a delimiter for a file that has none.

        Raises:
            UnreadableFile: if one was given.
        """
        if self.delimiter is not None:
            raise UnreadableFile(
                f"Only delimited text has a delimiter. Received: {kind}. Leave the delimiter out."
            )

    @property
    def said(self) -> str:
        """All of it in one line, empty if nothing was said."""
        order = {None: "", True: "day first", False: "month first"}[self.day_first]
        told = {
            "delimiter": {"\t": "tab"}.get(self.delimiter or "", self.delimiter or ""),
            "columns": ", ".join(f"{role}={name}" for role, name in self.columns.items()),
            "dates": order,
            "zone": self.zone or "",
            "label": self.label or "",
            "decimal": {".": "point", ",": "comma"}.get(self.decimal or "", ""),
        }
        return "; ".join(f"{what} {value}" for what, value in told.items() if value)


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of a file, and which column plays which role.

    Attributes:
        frame: the columns that matter, as text, numbers or datetimes; rows in file order.
        roles: column by role: ``time``, then ``open high low close`` or ``price``; ``clock``,
            ``volume``, ``turnover``, ``symbol``, ``source`` where there is one.
        unit: what a row is called, ``"line"``, ``"row"`` or ``"record"``.
        first: number of the first row, in that unit.
        yahoo: whether a column is there that only Yahoo writes.
        closing: whether the time column's name says that it is the candle's end.
        foreign: whether the column names are of a language with decimal commas.
        decisions: what was settled without asking.
    """

    frame: pd.DataFrame
    roles: Mapping[str, str]
    unit: str
    first: int
    yahoo: bool = False
    closing: bool = False
    foreign: bool = False
    decisions: dict[str, str] = field(default_factory=dict)

    def where(self, row: int) -> str:
        """Say where row ``row`` (from 0) lies in the file, for example ``"line 17"``."""
        return f"{self.unit} {self.first + row}"

    def column(self, role: str) -> pd.Series:
        """Values of the column that plays a role."""
        return self.frame[self.roles[role]]


@dataclass(frozen=True, eq=False)
class Reading:
    """Candles as read from a file.

    Attributes:
        candles: canonical frame (see ``PriceHistory``), whole candles only.
        interval: their length, a key of ``INTERVALS``.
        lines: `(n,)` where each candle begins in the file, lines or rows from 1.
        duplicates: rows dropped because their time came again.
        simulated: whether the file says that its prices are.
        volume_unit: see ``PriceHistory``.
        symbol: what the file calls the coin; empty where it does not.
        splices: `(n,)` bool, the first candle of another source; ``None`` without such a column.
        decisions: what was settled without asking.
        problems: what was found and what was done about it.
    """

    candles: pd.DataFrame
    interval: str
    lines: Array
    duplicates: int
    simulated: bool
    volume_unit: str
    symbol: str
    splices: Array | None
    decisions: dict[str, str]
    problems: tuple[Problem, ...]
