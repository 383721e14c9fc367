"""Signals of one's own: a file of times and values, read as safely as a price file."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput, NotEnoughData, UnreadableFile
from cryptoforecast.prices.files.column_names import column_names
from cryptoforecast.prices.files.columns.dialects import ALIASES, plain_name
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.opening import open_source
from cryptoforecast.prices.files.readers.formats import read_table
from cryptoforecast.prices.files.table import Table
from cryptoforecast.prices.files.values.numbers import find_decimal_mark, read_numbers
from cryptoforecast.prices.files.values.times import read_times
from cryptoforecast.signals.series import from_series, name_of_file
from cryptoforecast.texts import cell
from cryptoforecast.types import Signal

#: Marks between columns that are tried.
DELIMITERS = (",", ";", "\t", "|")
#: Characters of a file's name that are shown.
MAX_NAME = 80


def read(
    source: Path | bytes | BinaryIO,
    file: str,
    *,
    name: str | None = None,
    column: str | None = None,
    lag: pd.Timedelta | None = None,
    max_age: pd.Timedelta | None = None,
    room: float = math.inf,
) -> Signal:
    """Read a signal: CSV (also packed), JSON, Parquet or Feather with a column of times.

    Args:
        source: Path, content, or an open binary file that can seek.
        file: The file's name.
        name: What the signal is called; by default the file's name without its ending.
        column: Name of the column of values; it may be left out where there is one beside the
            times.
        lag: See ``from_series``.
        max_age: See ``from_series``.
        room: Bytes of memory that the rows may take.

    Raises:
        UnreadableFile: If the file can't be read without doubt.
        InvalidInput: If it has several columns of values, a setting is outside the rules, or there
            are more rows than there is room for.
        NotEnoughData: If it has fewer than two values.
    """
    shown = cell(re.sub(r"[^\w .()+-]", "_", Path(file).name)[:MAX_NAME]) or "unnamed"
    try:
        series = _read(source, column, room)
        own_name = name_of_file(file) if name is None else name
        return from_series(own_name, series, f"file {shown}", lag=lag, max_age=max_age)
    except (UnreadableFile, NotEnoughData) as error:
        raise type(error)(f"{shown} can't be read as a signal. {error}") from error


def value_columns(source: Path | bytes | BinaryIO) -> list[str]:
    """Return the names of a file's columns that are not its times, whatever they hold."""
    names, _ = _names(source)
    time = next(filter(_is_time, names), None)
    return [name for name in (names if time else names[1:]) if name != time]


def _read(source: Path | bytes | BinaryIO, column: str | None, room: float) -> pd.Series:
    """Read times and values."""
    names, delimiter = _names(source)
    time, value = _columns(names, column)
    corrections = Corrections(delimiter, {"time": time, "price": value})
    with open_source(source) as stream:
        table = read_table(stream, corrections, room=room)
    if not isinstance(table, Table):  # only candles that are merged are read at once
        raise UnreadableFile("It holds candles. Name the column of values.")
    mark = find_decimal_mark(table, ("price",), corrections)
    values = read_numbers(table, "price", mark)
    has_value = ~np.isnan(values)
    times = read_times(table, has_value, corrections).index
    has_value &= ~times.isna()
    return pd.Series(values[has_value], index=times[has_value])


def _names(source: Path | bytes | BinaryIO) -> tuple[list[str], str | None]:
    """Return the names of the columns, and the delimiter if it is not the one found first."""
    first = column_names(source)
    if not any(map(_is_time, first)):
        for delimiter in DELIMITERS:
            names = column_names(source, delimiter)
            if any(map(_is_time, names)):
                return names, delimiter
    return first, None


def _is_time(name: str) -> bool:
    return plain_name(name) in ALIASES["time"]


def _columns(names: list[str], column: str | None) -> tuple[str, str]:
    """Return the columns of times and of values.

    Raises:
        InvalidInput: If a column of values must be chosen, or the chosen one is not there.
        UnreadableFile: If there are no columns of times and values.
    """
    times = [name for name in names if _is_time(name)]
    if not names or (not times and len(names) != 2):
        raise UnreadableFile(
            "A signal needs a column of times, such as time or date, and one of values. Received: "
            f"{', '.join(names)[:200] or 'no table'}. Name the columns in the first line."
        )
    time = (times or names)[0]
    others = [name for name in names if name != time]
    if column is None and len(others) == 1:
        return time, others[0]
    if column not in others:
        raise InvalidInput(
            f"The signal's value must be one column of {', '.join(others)[:300]}. Received: "
            f"{'none' if column is None else repr(column[:60])}. Name it (--value COLUMN on the "
            "command line, column= in Python, Column on the page)."
        )
    return time, column
