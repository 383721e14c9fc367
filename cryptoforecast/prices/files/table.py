"""The values between the steps: a table whose columns have roles, and the candles made of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from cryptoforecast.types import Array, Problem

PRICES = ("open", "high", "low", "close")

# Reads columns by their names.
_Load = Callable[[Sequence[str]], pd.DataFrame]


def _nobody(_share: float) -> None:
    """Tell nobody."""


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of a file, and which column plays which role.

    Attributes:
        frame: The columns with a role, as text, numbers or datetimes; rows in the file's order.
        roles: Column by role: ``time``, then ``open high low close``, ``close`` alone or ``price``;
            ``clock``, ``volume``, ``turnover``, ``symbol``, ``quote``, ``source``, ``closed`` where
            there is one. ``"open 2"`` is another column that may be the open, and ``"spare
            volume"`` another volume; see ``columns.choice``.
        unit: What a row is called, ``"line"``, ``"row"`` or ``"record"``.
        first: Number of the first row, in that unit.
        yahoo: Whether a column is there that only Yahoo writes.
        closing: Whether the time column's name says that it is the end of the candle.
        foreign: Whether the column names are of a language with decimal commas.
        decisions: What the reader decided by itself, by topic.
        symbol: What the file calls the coin outside the rows; empty where it does not.
        quote: Currency that the file names outside the rows and columns; empty where it does not.
        others: Names of the columns without a role, which may say of which series a row is.
        load: Reads columns without a role, the rows of them that ``frame`` has.
        places: `(rows,)` place of each row in the file, from 0; ``None`` if no row is left out.
        report: Called between the steps that follow, with 1.0 because the whole file has been read;
            may raise to end them.
    """

    frame: pd.DataFrame
    roles: Mapping[str, str]
    unit: str
    first: int
    yahoo: bool = False
    closing: bool = False
    foreign: bool = False
    decisions: dict[str, str] = field(default_factory=dict)
    symbol: str = ""
    quote: str = ""
    others: Sequence[str] = ()
    load: _Load | None = None
    places: Array | None = None
    report: Callable[[float], None] = _nobody

    def where(self, row: int) -> str:
        """Return where row ``row`` (from 0) is in the file, for example ``"line 17"``."""
        return f"{self.unit} {self.line(row)}"

    def line(self, row: int) -> int:
        """Return the number of row ``row`` (from 0) in the file, for example 17."""
        return self.first + (row if self.places is None else int(self.places[row]))

    def lines(self, rows: Array) -> Array:
        """Return the numbers of rows in the file, `(n,)`."""
        return self.first + (rows if self.places is None else self.places[rows])

    def take(self, rows: Array) -> Table:
        """Return the table with some of its rows alone.

        Args:
            rows: `(rows,)` bool, those to keep.
        """
        numbers = np.flatnonzero(rows)
        places = numbers if self.places is None else self.places[numbers]
        frame = _rows_of(self.frame, numbers)
        load = self.load and _taking(self.load, numbers)
        return dataclasses.replace(self, frame=frame, places=places, load=load)

    def column(self, role: str) -> pd.Series:
        """Return the values of the column that plays a role, `(rows,)`."""
        return self.frame[self.roles[role]]


def _rows_of(frame: pd.DataFrame, rows: Array) -> pd.DataFrame:
    return frame.iloc[rows].reset_index(drop=True)


def _taking(load: _Load, rows: Array) -> _Load:
    """Return a ``load`` that reads some of the rows."""
    return lambda names: _rows_of(load(names), rows)


@dataclass(frozen=True, eq=False)
class Reading:
    """Candles as read from a file.

    Attributes:
        candles: Canonical frame (see ``PriceHistory``), whole candles only.
        interval: Length of the candles, a key of ``INTERVALS``.
        lines: `(n,)` where each candle begins in the file, in lines or rows from 1.
        duplicates: Rows left out because another row has their time.
        simulated: Whether the file says that its prices are simulated.
        volume_unit: See ``PriceHistory``.
        symbol: What the file calls the coin; empty where it has no name for it.
        quote: Currency of the prices as the user says it, or else the file; empty where neither
            does.
        by_columns: Whether the names of the prices alone say the symbol. It may then be the
            currency of another coin's prices: ``open_btc``.
        closes_alone: Whether each candle holds its close alone, which stands for the other prices.
        splices: `(n,)` bool, true at the first candle of another source; ``None`` without such a
            column.
        decisions: What the reader decided by itself, by topic.
        problems: What is wrong with the rows, and what was done about it.
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
    quote: str = ""
    by_columns: bool = False
    closes_alone: bool = False
