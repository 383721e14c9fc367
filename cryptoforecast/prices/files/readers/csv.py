"""Delimited text: comma, semicolon, tab or bar.

A file of plain numbers is parsed in blocks. Any other file is read as text, some rows at a time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput, UnreadableFile
from cryptoforecast.prices.files.bounds import MAX_ROWS, UNBOUNDED, Bounds, give_back_memory
from cryptoforecast.prices.files.columns.dialects import ALIASES, plain_name
from cryptoforecast.prices.files.columns.roles import is_closing, is_foreign, is_yahoo
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.readers.blocks import NotPlain, map_blocks
from cryptoforecast.prices.files.readers.layout import (
    HEAD_BYTES,
    Layout,
    find_layout,
    too_many_cells,
)
from cryptoforecast.prices.files.readers.lines import Portions
from cryptoforecast.prices.files.table import PRICES, Table
from cryptoforecast.prices.files.values.numbers import ABSENT, is_number

if TYPE_CHECKING:
    import pyarrow as pa

# Rows of text parsed at once, at most; cells and bytes at once, about.
_CHUNK_ROWS, _CHUNK_CELLS, _CHUNK_BYTES = 100_000, 700_000, 4_000_000
# Rows without a time that a file may have.
_MAX_EMPTY = 100_000
# Rows that are read as text, which takes several times the memory of numbers.
_MAX_TEXT_ROWS = 4_000_000
# Different words of a column that are compared with names of columns.
_MAX_NAMES = 100
# Name of a column that is filled only where a row is too long.
_SPARE = "\x00spare"

#: Opens the unpacked file at its start; may be called again.
Opener = Callable[[], IO[bytes]]
_Columns = dict[str, pd.Series]


def read_csv(
    open_file: Opener,
    corrections: Corrections,
    max_candles: int = MAX_ROWS,
    bounds: Bounds = UNBOUNDED,
) -> Table:
    """Read delimited text.

    Args:
        open_file: Opens the unpacked file at its start.
        corrections: What the user says about the file.
        max_candles: Rows of candles that the file may have.
        bounds: What a file of this size may hold.

    Raises:
        UnreadableFile: If the file is no table of prices.
        InvalidInput: If it has more than ``max_candles`` candles, or they need too much memory.
    """
    layout = find_layout(open_file().read(HEAD_BYTES), corrections)
    foreign = is_foreign(layout.names)
    # Single prices may be trades, of which a candle has many.
    max_candles = max_candles if set(PRICES) <= layout.roles.keys() else MAX_ROWS
    limits = _Limits(max_candles, bounds)
    frame = None
    # Where the comma is the decimal mark, what looks like 27.1 may be 27,100 written as 27.100.
    if not foreign and corrections.decimal != ",":
        frame = _read_numbers(open_file, layout, limits)
    if frame is None:
        frame = _read_texts(open_file, layout, limits)
    give_back_memory()
    frame = _without_cut_line(_without_headers(frame, layout), layout)
    return Table(
        frame=frame,
        roles=layout.roles,
        unit="line",
        first=layout.skip + 1,
        yahoo=is_yahoo(layout.names),
        closing=is_closing(layout.roles, layout.names),
        foreign=foreign,
        decisions=dict(layout.decisions),
        symbol=layout.symbol,
        others=layout.others,
        load=lambda names: _load(open_file, layout, names).iloc[: len(frame)],
    )


def _load(open_file: Opener, layout: Layout, names: Sequence[str]) -> pd.DataFrame:
    """Read columns without a role as text, all rows of them."""
    own_layout = dataclasses.replace(layout, roles={name: name for name in names})
    return _frame_of(
        [{name: part[name] for name in names} for part in _parts(open_file, own_layout)]
    )


def _read_numbers(open_file: Opener, layout: Layout, limits: _Limits) -> pd.DataFrame | None:
    """Parse prices and volume as numbers; ``None`` if one of them is written in another way."""
    parts: list[_Columns] = []
    rows = 0
    try:
        for part in map_blocks(open_file(), layout, _series):
            rows += len(part[layout.names[-1]])
            limits.check(rows, text=not is_number(part[layout.roles["time"]]))
            parts.append(part)
    except NotPlain:
        return None
    return _frame_of(parts)


def _series(block: pa.Table) -> _Columns:
    """Convert the columns of a block to pandas."""
    return {name: block.column(name).to_pandas() for name in block.column_names}


def _read_texts(open_file: Opener, layout: Layout, limits: _Limits) -> pd.DataFrame:
    """Read the columns with a role, and the last one, as text."""
    parts: list[_Columns] = []
    rows = empty = 0
    for part in _parts(open_file, layout):
        rows += len(part[layout.names[-1]])
        times = part[layout.roles["time"]]
        empty += len(times) - int(times.str.contains(r"[^\x00-/:-\x7f]", regex=True).sum())
        if empty > _MAX_EMPTY:
            raise UnreadableFile(
                f"A price file may have {_MAX_EMPTY:,} lines without a time. Received: more. Leave "
                "them out."
            )
        limits.check(rows, text=True)
        if rows > _MAX_TEXT_ROWS:
            raise UnreadableFile(
                f"Numbers written with separators or units may fill {_MAX_TEXT_ROWS // 10**6} "
                "million rows. Received: more. Save the file with plain numbers."
            )
        parts.append(part)
    return _frame_of(parts)


class _Limits(NamedTuple):
    """How many rows the file may have."""

    max_candles: int
    bounds: Bounds

    def check(self, rows: int, *, text: bool) -> None:
        """Refuse rows beyond the file's bounds, the room in memory, or ``max_candles``."""
        self.bounds.check_rows(rows)
        self.bounds.check_room(rows, text=text)
        if rows > self.max_candles:
            raise too_many_candles(self.max_candles)


def too_many_candles(max_candles: int) -> InvalidInput:
    """Return the error for a file with more candles than can be opened."""
    return InvalidInput(
        f"At most {max_candles:,} candles of a file can be opened. Received: more. Choose "
        "longer candles, such as 1h."
    )


def _frame_of(parts: list[_Columns]) -> pd.DataFrame:
    """Put the parts together column by column, so that little is in memory twice."""
    if not parts:
        raise UnreadableFile("A price file needs candles. Received: a header without rows.")
    columns = {
        name: pd.concat([part.pop(name) for part in parts], ignore_index=True)
        for name in list(parts[0])
    }
    return pd.DataFrame(columns, copy=False)


def _parts(open_file: Opener, layout: Layout) -> Iterator[_Columns]:
    """Yield parts of the file as text: the columns with a role, and the last one."""
    names = [*layout.names, _SPARE]
    read = list(dict.fromkeys([*layout.roles.values(), layout.names[-1]]))
    rows = 0
    try:
        portions = Portions(open_file())
        with _lines(io.BufferedReader(portions), layout) as stream:
            reader = pd.read_csv(
                stream,
                sep=layout.delimiter,
                header=None,
                names=names,
                index_col=False,
                dtype="str",
                na_values=ABSENT,
                skip_blank_lines=False,
                skipinitialspace=True,
                chunksize=_chunk_rows(layout),
                low_memory=False,
            )
            while (part := _next(reader)) is not None:
                portions.end(len(part))
                spare = part[_SPARE].notna().to_numpy()
                if spare.any():
                    line = layout.skip + rows + int(spare.argmax()) + 1
                    raise too_many_cells(len(layout.names), len(names), line)
                rows += len(part)
                yield {name: part[name].copy() for name in read}
    except UnicodeError as error:
        raise UnreadableFile(f"It is not text in UTF-8 ({error}). Save it as UTF-8.") from error
    except pd.errors.EmptyDataError:
        return
    except (pd.errors.ParserError, pd.errors.ParserWarning, ValueError) as error:
        raise UnreadableFile(
            f"It is not a regular table: {_line(error, layout)}. Correct that line."
        ) from error


def _chunk_rows(layout: Layout) -> int:
    """Return how many rows are parsed at once."""
    return max(1, min(_CHUNK_ROWS, _CHUNK_CELLS // len(layout.names), _CHUNK_BYTES // layout.width))


def _next(reader: Iterator[pd.DataFrame]) -> pd.DataFrame | None:
    """Parse the next part; a row that the parser would cut short is an error, not a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        return next(reader, None)


def _line(error: Exception, layout: Layout) -> str:
    """Return the parser's message with the line number in the file."""
    text = str(error).strip().removeprefix("Error tokenizing data. C error: ")[:200]
    return re.sub(
        r"(?:line|row) (\d+)", lambda match: f"line {int(match[1]) + layout.skip}", text, count=1
    )


@contextlib.contextmanager
def _lines(stream: IO[bytes], layout: Layout) -> Iterator[io.TextIOWrapper]:
    """Open a stream as text below the header, with any kind of line break."""
    lines = io.TextIOWrapper(stream, encoding=layout.encoding, newline=None)
    try:
        for _ in range(layout.skip):
            lines.readline()
        yield lines
    finally:
        lines.detach()


def _without_cut_line(frame: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Leave out a last line that ends early, because its last number may have lost digits."""
    is_whole = frame[layout.names[-1]].notna().to_numpy()
    rows = np.flatnonzero(frame[list(layout.roles.values())].notna().any(axis=1).to_numpy())
    if len(rows) < 3 or is_whole[rows[-1]] or not is_whole[rows[:-1]].all():
        return frame
    line = layout.skip + int(rows[-1]) + 1
    layout.decisions["last line"] = f"line {line} is cut off, left out"
    return frame.iloc[: rows[-1]]


def _without_headers(frame: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Blank the rows that repeat the header, where several files were joined."""
    prices = [layout.roles[role] for role in (*PRICES, "price") if role in layout.roles]
    if any(is_number(frame[name]) for name in prices):
        return frame
    copies = _rows_of_names(frame, layout)
    own = pd.Series(True, index=frame.index)
    for name in prices:
        # Few files have such rows, so mostly the search ends after one column.
        if own.any():
            own &= frame[name].str.strip() == name
    copies |= own
    if not copies.any():
        return frame
    count = int(copies.sum())
    times = "once; this row was" if count == 1 else f"{count:,} times; these rows were"
    layout.decisions.setdefault("header", f"repeated {times} left out")
    return frame.mask(copies)


def _rows_of_names(frame: pd.DataFrame, layout: Layout) -> pd.Series:
    """Find the rows with a name of its role in the column of every price, `(n,)` bool."""
    prices = {role: layout.roles[role] for role in (*PRICES, "price") if role in layout.roles}
    mask = pd.Series(True, index=frame.index)
    for role, name in prices.items():
        if not mask.any():
            break
        words = frame[name].where(frame[name].astype("str").str.match(r"[^\W\d]").fillna(False))
        header_words = [word for word in words.dropna().unique()[:_MAX_NAMES]
                 if plain_name(word) in ALIASES[role]]  # fmt: skip
        mask &= words.isin(header_words)
    return mask
