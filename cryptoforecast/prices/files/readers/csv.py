"""Delimited text: comma, semicolon, tab or bar.

Imports ``errors`` and its neighbours. Files of plain numbers are parsed as numbers by ``blocks``;
any other is read again as text, and ``numbers`` decides.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput, UnreadableFile
from cryptoforecast.prices.files.columns.roles import is_closing, is_foreign, is_yahoo
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.opening import MAX_ROWS, too_large
from cryptoforecast.prices.files.readers.blocks import NotPlain, map_blocks
from cryptoforecast.prices.files.readers.layout import (
    HEAD_BYTES,
    Layout,
    find_layout,
    too_many_cells,
)
from cryptoforecast.prices.files.table import PRICES, Table
from cryptoforecast.prices.files.values.numbers import ABSENT, is_number

if TYPE_CHECKING:
    import pyarrow as pa

_CHUNK = 100_000
# Rows of text take several times the memory of numbers.
_MAX_TEXT_ROWS = 4_000_000
_SPARE = "\x00spare"

#: Opens the unpacked file at its start; may be called again.
Opener = Callable[[], IO[bytes]]
_Columns = dict[str, pd.Series]


def read_csv(fresh: Opener, corrections: Corrections, max_candles: int = MAX_ROWS) -> Table:
    """Read delimited text.

    Args:
        fresh: opens the file.
        corrections: what the person says of it.
        max_candles: rows of candles to read; a file with more is refused while it is read.

    Raises:
        UnreadableFile: if it is no table, or not one of prices.
        InvalidInput: if it has more than ``max_candles`` candles.
    """
    found = find_layout(fresh().read(HEAD_BYTES), corrections)
    foreign = is_foreign(found.names)
    # Where the comma is the decimal mark, what looks like 27.1 may be 27,100 written as 27.100.
    max_candles = max_candles if set(PRICES) <= found.roles.keys() else MAX_ROWS
    frame = None if foreign or corrections.decimal == "," else _numbers(fresh, found, max_candles)
    if frame is None:
        frame = _texts(fresh, found, max_candles)
    frame = _without_cut_line(_without_headers(frame, found), found)
    return Table(
        frame=frame,
        roles=found.roles,
        unit="line",
        first=found.skip + 1,
        yahoo=is_yahoo(found.names),
        closing=is_closing(found.roles),
        foreign=foreign,
        decisions=dict(found.decisions),
    )


def _numbers(fresh: Opener, found: Layout, max_candles: int) -> pd.DataFrame | None:
    """Parse as numbers; ``None`` if a price or volume is written otherwise."""
    parts: list[_Columns] = []
    rows = 0
    try:
        for part in map_blocks(fresh(), found, _series):
            rows += len(part[found.names[-1]])
            _check_rows(rows, max_candles)
            parts.append(part)
    except NotPlain:
        return None
    return _joined(parts)


def _series(block: pa.Table) -> _Columns:
    return {name: block.column(name).to_pandas() for name in block.column_names}


def _texts(fresh: Opener, found: Layout, max_candles: int) -> pd.DataFrame:
    parts: list[_Columns] = []
    rows = 0
    for part in _parts(fresh, found):
        rows += len(part[found.names[-1]])
        _check_rows(rows, max_candles)
        if rows > _MAX_TEXT_ROWS:
            raise UnreadableFile(
                f"Numbers written with separators or units may fill {_MAX_TEXT_ROWS // 10**6} "
                "million rows. Received: more. Save the file with plain numbers."
            )
        parts.append(part)
    return _joined(parts)


def _check_rows(rows: int, max_candles: int) -> None:
    if rows > MAX_ROWS:
        raise too_large()
    if rows > max_candles:
        raise InvalidInput(
            f"At most {max_candles:,} candles of a file can be kept. Received: more. Choose longer "
            "candles, such as 1h."
        )


def _joined(parts: list[_Columns]) -> pd.DataFrame:
    """Put the parts together column by column, so that little is held twice."""
    if not parts:
        raise UnreadableFile("A price file needs candles. Received: a header without rows.")
    joined = {
        name: pd.concat([part.pop(name) for part in parts], ignore_index=True)
        for name in list(parts[0])
    }
    return pd.DataFrame(joined, copy=False)


def _parts(fresh: Opener, found: Layout) -> Iterator[_Columns]:
    """Yield parts of the file as text, with the columns that have a role."""
    names = [*found.names, _SPARE]
    kept = list(dict.fromkeys([*found.roles.values(), found.names[-1]]))
    rows = 0
    try:
        with _lines(fresh(), found) as stream:
            reader = pd.read_csv(
                stream,
                sep=found.delimiter,
                header=None,
                names=names,
                index_col=False,
                dtype="str",
                na_values=ABSENT,
                skip_blank_lines=False,
                skipinitialspace=True,
                chunksize=_CHUNK,
                low_memory=False,
            )
            while (part := _next(reader)) is not None:
                spare = part[_SPARE].notna().to_numpy()
                if spare.any():
                    line = found.skip + rows + int(spare.argmax()) + 1
                    raise too_many_cells(len(found.names), len(names), line)
                rows += len(part)
                if rows > MAX_ROWS:
                    raise too_large()
                yield {name: part[name].copy() for name in kept}
    except UnicodeError as error:
        raise UnreadableFile(f"It is not text in UTF-8 ({error}). Save it as UTF-8.") from error
    except pd.errors.EmptyDataError:
        return
    except (pd.errors.ParserError, pd.errors.ParserWarning, ValueError) as error:
        raise UnreadableFile(
            f"It is not a regular table: {_line(error, found)}. Correct that line."
        ) from error


def _next(reader: Iterator[pd.DataFrame]) -> pd.DataFrame | None:
    """Parse the next part; a row that the parser would cut short is an error, not a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        return next(reader, None)


def _line(error: Exception, found: Layout) -> str:
    """Move the parser's line number by the lines that it did not see."""
    text = str(error).strip().removeprefix("Error tokenizing data. C error: ")[:200]
    return re.sub(
        r"(?:line|row) (\d+)", lambda match: f"line {int(match[1]) + found.skip}", text, count=1
    )


@contextlib.contextmanager
def _lines(stream: IO[bytes], found: Layout) -> Iterator[io.TextIOWrapper]:
    """Open as text below the header, with any kind of line break."""
    lines = io.TextIOWrapper(stream, encoding=found.encoding, newline=None)
    try:
        for _ in range(found.skip):
            lines.readline()
        yield lines
    finally:
        lines.detach()


def _without_cut_line(frame: pd.DataFrame, found: Layout) -> pd.DataFrame:
    """Blank a last line that ends early: its last number may have lost digits."""
    filled = frame[found.names[-1]].notna().to_numpy()
    rows = np.flatnonzero(frame[list(found.roles.values())].notna().any(axis=1).to_numpy())
    if len(rows) < 3 or filled[rows[-1]] or not filled[rows[:-1]].all():
        return frame
    line = found.skip + int(rows[-1]) + 1
    found.decisions["last line"] = f"line {line} is cut off, left out"
    return frame.iloc[: rows[-1]]


def _without_headers(frame: pd.DataFrame, found: Layout) -> pd.DataFrame:
    """Blank the rows that repeat the header, as in files put one below the other."""
    prices = [found.roles[role] for role in (*PRICES, "price") if role in found.roles]
    if any(is_number(frame[name]) for name in prices):
        return frame
    again = (frame[prices].astype("str") == prices).all(axis=1)
    if not again.any():
        return frame
    found.decisions["header"] = f"repeated {int(again.sum())} times in the file, left out"
    return frame.mask(again)
