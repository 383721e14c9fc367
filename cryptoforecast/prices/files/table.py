"""The values between the steps: a table with known columns, and the candles made of it.

Imports ``types`` and ``errors`` only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from cryptoforecast.types import Array, Problem

PRICES = ("open", "high", "low", "close")


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
