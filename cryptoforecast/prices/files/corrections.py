"""What the user says about a file, where the reader would decide otherwise or refuse."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from cryptoforecast.errors import InvalidInput, UnreadableFile
from cryptoforecast.prices.files.table import PRICES

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
    def summary(self) -> str:
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
