"""What the user says about a file, where the reader would decide otherwise or refuse."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from cryptoforecast.errors import InvalidInput, UnreadableFile
from cryptoforecast.prices.files.columns.choice import Preference
from cryptoforecast.prices.files.table import PRICES
from cryptoforecast.types.quotes import quote_of

#: Roles that the user may give a column; ``clock`` is the time of day beside a date.
ASSIGNABLE = ("time", "clock", *PRICES, "volume", "turnover", "price", "symbol")
_MAX_ONLY = 100
# Characters that numbers, names and quotes are made of.
_NO_DELIMITER = re.compile(r"[A-Za-z0-9.\"'+-]")


@dataclass(frozen=True)
class Corrections:
    """What the user says about a file.

    Attributes:
        delimiter: One character between the columns; ``"tab"`` is read as the tab.
        columns: Column name in the file by role (see ``ASSIGNABLE``). ``"column 3"`` is the
            third column, whether or not it has a name.
        day_first: Whether 03/04/2024 is the third of April.
        zone: IANA name of the zone of times that have none; UTC by default.
        label: ``"open"`` or ``"close"``: whether a time is the start or the end of its candle.
        decimal: The decimal mark, ``"."`` or ``","``.
        only: The one series to read of a file that has several: its symbol, or whatever else tells
            its rows or columns from the others.
        quote: Currency of the prices, as ``types.quotes.quote_of`` reads it; by default what the
            file says.
        unlisted: Whether rows with prices of 0 before the first price are left out.
    """

    delimiter: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    day_first: bool | None = None
    zone: str | None = None
    label: str | None = None
    decimal: str | None = None
    only: str | None = None
    quote: str | None = None
    unlisted: bool = False

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            InvalidInput: If a value can't be used.
        """
        self._check_delimiter()
        self._check_columns()
        if self.label not in (None, "open", "close"):
            raise InvalidInput(f"The label must be open or close. Received: {self.label!r}.")
        if self.decimal not in (None, ".", ","):
            raise InvalidInput(
                f"The decimal mark must be a point or a comma. Received: {self.decimal!r}."
            )
        if self.only is not None and not 0 < len(self.only.strip()) <= _MAX_ONLY:
            raise InvalidInput(
                f"`only` must be the name of one series, of at most {_MAX_ONLY} characters. "
                f"Received: {self.only[:40]!r}."
            )
        self._check_quote()
        if self.zone is not None:
            try:
                ZoneInfo(self.zone)
            except (ValueError, OSError, LookupError) as error:
                raise InvalidInput(
                    f"The zone must be a name such as Europe/Berlin. Received: {self.zone!r}."
                ) from error

    def _check_quote(self) -> None:
        """Refuse an unknown currency; a known one is written in its usual way."""
        if self.quote is None:
            return
        quote = quote_of(self.quote)
        if quote is None:
            raise InvalidInput(
                "The quote must be a currency or coin that prices are in, such as USD, EUR, KRW or "
                f"BTC. Received: {self.quote[:40]!r}."
            )
        object.__setattr__(self, "quote", quote)

    @property
    def preference(self) -> Preference:
        """Which of several prices is wanted."""
        return Preference(self.quote, self.only)

    def _check_delimiter(self) -> None:
        """Refuse a delimiter that is no single character, or that values contain; read ``tab``."""
        if self.delimiter == "tab":
            object.__setattr__(self, "delimiter", "\t")
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
        """Refuse unknown roles, and a column with two roles."""
        unknown = sorted(set(self.columns) - set(ASSIGNABLE))
        if unknown:
            raise InvalidInput(
                f"A column must be given one of the roles {', '.join(ASSIGNABLE)}. "
                f"Received: {unknown[0][:40]!r}."
            )
        names = list(self.columns.values())
        copy = next((name for name in names if names.count(name) > 1), None)
        if copy is not None:
            roles = [role for role, name in self.columns.items() if name == copy]
            raise InvalidInput(
                f"A column must have one role. Received: {copy[:60]!r} as {' and '.join(roles)}."
            )

    def refuse_delimiter(self, kind: str) -> None:
        """Refuse a delimiter for a format that has none.

        Args:
            kind: Name of the format, for the message.

        Raises:
            UnreadableFile: If a delimiter is given.
        """
        if self.delimiter is not None:
            raise UnreadableFile(
                f"Only delimited text has a delimiter. Received: {kind}. Leave the delimiter out."
            )

    @property
    def summary(self) -> str:
        """All corrections in one line, but not ``unlisted``, which is a repair; empty for none."""
        order = {None: "", True: "day first", False: "month first"}[self.day_first]
        values = {
            "delimiter": {"\t": "tab"}.get(self.delimiter or "", self.delimiter or ""),
            "columns": ", ".join(f"{role}={name}" for role, name in self.columns.items()),
            "dates": order,
            "zone": self.zone or "",
            "label": self.label or "",
            "decimal": {".": "point", ",": "comma"}.get(self.decimal or "", ""),
            "only": self.only or "",
            "quote": self.quote or "",
        }
        return "; ".join(f"{name} {value}" for name, value in values.items() if value)
