"""JSON: a list of lists, a list of records, or one record a line."""

from __future__ import annotations

import codecs
import contextlib
import io
import itertools
import json
import math
import re
import sys
from collections.abc import Mapping
from typing import IO

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.bounds import UNBOUNDED, Bounds
from cryptoforecast.prices.files.columns.roles import (
    MAX_COLUMNS,
    are_enough,
    choose_roles,
    combine_roles,
    has_columns,
    is_closing,
    is_foreign,
    is_yahoo,
    missing_columns,
    unique_names,
    user_roles,
)
from cryptoforecast.prices.files.columns.shapes import roles_by_shape
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.readers.json_rows import (
    MAX_JSON_BYTES,
    MAX_JSON_ROWS,
    SHAPES,
    Json,
    JsonRows,
    find_rows,
    flatten_records,
    too_large_json,
)
from cryptoforecast.prices.files.table import Table

# Records of plain values at the beginning of a file, in so many characters.
_RECORD = re.compile(r"\{[^{}]*\}")
_MAX_SEARCHED = 100_000
# First byte of a character for which Python stores every character of the text in four bytes.
_WIDE = re.compile(rb"[\xf0-\xff]")
# Escapes of half a character: its first half without the second, or the second without the first.
_HALF = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)
# Bytes that parsed values take: a record of a few names, a list, a number, a text, a name.
_RECORD_BYTES, _LIST_BYTES, _VALUE_BYTES, _TEXT_BYTES, _KEY_BYTES = 300, 60, 40, 57, 20
# Bytes that each name takes besides, beyond ``MAX_COLUMNS`` names a record.
_OWN_KEY_BYTES = 180
# Bytes that all parsed values may take: for each file, and for each of its bytes.
_FREE_MEMORY, _MEMORY_RATIO = 60_000_000, 5
# Records that are made of columns, cells that are empty, and blank lines, in any file.
_FREE_RECORDS, _FREE_CELLS, _MAX_BLANK = 100_000, 1_000_000, 100_000
# Rows by which columns are recognised.
_SAMPLE_ROWS = 400

# The columns with a role and perhaps others, the names of all, the roles, the decisions, and the
# number of the first row: 2 below a list of names, which is a record or a line too.
_Columns = tuple[pd.DataFrame, list[str], dict[str, str], dict[str, str], int]


def read_json(stream: IO[bytes], corrections: Corrections, bounds: Bounds = UNBOUNDED) -> Table:
    """Read JSON rows.

    Args:
        stream: The unpacked file from its start.
        corrections: What the user says about the file.
        bounds: What a file of this size may hold.

    Raises:
        UnreadableFile: If the file is damaged, too large, or has no rows of prices.
        InvalidInput: If its rows need too much memory.
    """
    corrections.refuse_delimiter("JSON")
    content = stream.read(MAX_JSON_BYTES + 1)
    # Every row has brackets, so that too many rows are counted before they are parsed.
    if len(content) > MAX_JSON_BYTES or content.count(b"{") + content.count(b"[") > MAX_JSON_ROWS:
        raise too_large_json()
    _refuse_halves(content)
    series, unit = _rows(content, corrections, _spare_rows(content, bounds))
    rows = series.rows
    if not rows:
        raise UnreadableFile("A price file needs candles. Received: JSON without rows.")
    records = [row for row in rows if isinstance(row, dict)]
    lists = [row for row in rows if isinstance(row, list)]
    if len(records) == len(rows):
        columns = _from_records(flatten_records(records), corrections)
    elif len(lists) == len(rows):
        columns = _from_lists(lists, unit, corrections)
    else:
        raise UnreadableFile(f"A JSON price file is {SHAPES}. Received: rows of mixed kinds.")
    frame, names, roles, decisions, first = columns
    if "closed" in roles:
        flags = frame[roles["closed"]]
        frame = frame.assign(**{str(flags.name): flags.map(str, na_action="ignore")})
    others = [name for name in frame if name not in roles.values()]
    return Table(
        frame=frame[list(dict.fromkeys(roles.values()))].apply(_column, args=(unit, first)),
        roles=roles,
        unit=unit,
        first=first,
        yahoo=is_yahoo(names),
        closing=is_closing(roles, names),
        foreign=is_foreign(names),
        decisions={**decisions, "format": "JSON lines" if unit == "line" else "JSON"},
        symbol=series.symbol,
        quote=series.quote,
        others=[name for name in others if _is_plain(frame[name])],
        load=lambda names: frame[list(names)].apply(_column, args=(unit, first)),
    )


def _spare_rows(content: bytes, bounds: Bounds) -> int:
    """Estimate what the parsed values take; return the rows for which there is room beside them.

    Raises:
        UnreadableFile: If they take more memory than values of prices would.
        InvalidInput: If the memory has no room for them.
    """
    keys = content.count(b'":')
    memory = (
        _RECORD_BYTES * content.count(b"{")
        + _LIST_BYTES * content.count(b"[")
        + _VALUE_BYTES * content.count(b",")
        + _TEXT_BYTES * (content.count(b'"') // 2 - keys)
        + _KEY_BYTES * keys
        + _OWN_KEY_BYTES * max(0, keys - MAX_COLUMNS * content.count(b"{"))
        + _widening(content) * len(content)
    )
    bounds.check_room(content.count(b"{") + content.count(b"["), text=True)
    room = _FREE_MEMORY + _MEMORY_RATIO * min(len(content), 10 * bounds.size) - memory
    if room < 0:
        raise UnreadableFile(
            "A JSON file may have values of the size of prices. Received: "
            f"{len(content) / 1e6:.3g} MB that take {memory // 10**6:,} MB once they are read. "
            "Save the rows as CSV."
        )
    return min(MAX_JSON_ROWS, _FREE_RECORDS + room // _RECORD_BYTES)


def _widening(content: bytes) -> int:
    """Return how many bytes more each byte takes in memory if the text is not ASCII alone.

    Python stores each character of such a text in up to two bytes, or in four if one character
    needs them. Two copies of the text are counted.
    """
    if content.isascii():
        return 0
    return 7 if _WIDE.search(content) else 3


def _refuse_halves(content: bytes) -> None:
    """Refuse escapes of half a character, which no text can hold.

    Raises:
        UnreadableFile: If there is one.
    """
    half = None
    if _HALF.search(content):
        # A backslash that is itself escaped begins no escape.
        half = _HALF.search(content.replace(rb"\\", b"//"))
    if half:
        raise UnreadableFile(
            "JSON must hold whole characters. Received: half of one, written as "
            f"{half[0][:6].decode()} (byte {half.start() + 1:,}). Correct it."
        )


def _is_plain(values: pd.Series) -> bool:
    """Tell whether a column has text or numbers alone."""
    return not any(isinstance(value, list | dict | bool) for value in values)


def _rows(content: bytes, corrections: Corrections, max_rows: int) -> tuple[JsonRows, str]:
    """Parse the file, or else each line; return the rows and what a row is called."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"It is not text in UTF-8 ({error.reason}). Save it so.") from error
    _refuse_repeated_names(text)
    try:
        document = json.loads(text)
    except RecursionError as error:
        raise UnreadableFile("The JSON is nested too deeply. Save the rows as CSV.") from error
    except ValueError as error:
        start = [line.strip() for line in text[:_MAX_SEARCHED].splitlines() if line.strip()]
        if len(start) < 2 or not start[0].endswith(("}", "]")):
            raise UnreadableFile(
                f"The JSON is damaged or cut off ({str(error)[:120]}). Download it again."
            ) from error
    else:
        return find_rows(document, corrections.only, max_rows), "record"
    # The lines are read out of the bytes, so that the text need not stay in memory.
    del text
    return JsonRows(_by_line(io.BytesIO(content))), "line"


def _refuse_repeated_names(text: str) -> None:
    """Refuse records that have a name twice with two values, of which a parser keeps the last."""
    for record in itertools.islice(_RECORD.finditer(text, 0, _MAX_SEARCHED), _SAMPLE_ROWS):
        with contextlib.suppress(ValueError, RecursionError):
            pairs = json.loads(record[0], object_pairs_hook=list)
            values = dict(pairs)
            name = next((name for name, value in pairs if values[name] != value), None)
            if name is not None:
                raise UnreadableFile(
                    f"Each column must be there once. Received: {name[:40]!r} twice in a record, "
                    "with different values. Save each under a name of its own."
                )


def _by_line(lines: IO[bytes]) -> list[Json]:
    """Parse each line."""
    rows: list[Json] = []
    blank: dict[str, Json] = {}
    blanks = 0
    for number, content in enumerate(lines, start=1):
        line = content.removeprefix(codecs.BOM_UTF8).decode("utf-8").strip()
        blanks += not line
        if blanks > _MAX_BLANK or number > MAX_JSON_ROWS:
            raise too_large_json()
        try:
            # A blank line stays as a row, so that messages name the right line.
            rows.append(_with_shared_names(json.loads(line)) if line else blank)
        except (ValueError, RecursionError) as error:
            raise UnreadableFile(
                f"Each line must be JSON. Received: {line[:40]!r} (line {number}). Correct it."
            ) from error
    return rows


def _with_shared_names(row: Json) -> Json:
    """Use the same text for the names of every record: each line would bring texts of its own."""
    if not isinstance(row, dict):
        return row
    return {sys.intern(name): value for name, value in row.items()}


def _from_records(rows: list[dict[str, Json]], corrections: Corrections) -> _Columns:
    """Find the columns of records, by the keys of the first ones."""
    names = [str(name) for name in dict.fromkeys(key for row in rows[:_SAMPLE_ROWS] for key in row)]
    choice = choose_roles(names, corrections.columns, corrections.preference)
    if not are_enough(choice.roles):
        raise missing_columns(names, corrections.columns)
    if choice.refusal:
        raise choice.refusal
    if len(names) * len(rows) > 4 * sum(map(len, rows)) + _FREE_CELLS:
        raise UnreadableFile(
            f"The rows of a JSON file must have the same names. Received: {len(names):,} names, of "
            "which most rows have few. Save the rows as CSV."
        )
    frame = pd.DataFrame(
        {name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names}
    )
    return frame, names, choice.roles, choice.decisions, 1


def _from_lists(rows: list[list[Json]], unit: str, corrections: Corrections) -> _Columns:
    """Find the columns of lists, by names in the first list or by their numbers."""
    user_columns = corrections.columns
    names = [str(cell) for cell in rows[0]]
    if _is_header(names, user_columns):
        names = list(unique_names(names))
        body = [dict(zip(names, row, strict=False)) for row in rows[1:]]
        frame, _, roles, decisions, _ = _from_records(body, corrections)
        return frame, names, roles, {**decisions, "header": "the first list"}, 2
    if user_columns and all(
        isinstance(cell, str) and math.isnan(_number(cell)) for cell in rows[0]
    ):
        raise missing_columns(names, user_columns)
    width = len(rows[0])
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            raise UnreadableFile(
                f"Every row must have as many values as the first, {width}. Received: {len(row)} "
                f"in {unit} {number}. Correct it."
            )
    sample = np.array(
        [[_number(cell) for cell in row] for row in rows[:_SAMPLE_ROWS]], dtype=np.float64
    )
    if width > 1 and not isinstance(rows[0][0], int | float) and np.isnan(sample[:, 0]).any():
        sample[:, 0] = np.arange(len(sample))
    names = [f"column {i + 1}" for i in range(width)]
    fixed = user_roles(names, user_columns)
    how = f"none; {width} columns recognised by their shape"
    try:
        shape = roles_by_shape(sample)
    except UnreadableFile:
        if not are_enough(fixed):
            raise
        shape, how = {}, "none"
    roles = combine_roles({role: names[i] for i, role in shape.items()}, fixed)
    if not are_enough(roles):
        raise missing_columns(names, user_columns)
    frame = pd.DataFrame(
        {name: pd.Series([row[i] for row in rows], dtype=object) for i, name in enumerate(names)}
    )
    return frame, names, roles, {"header": how}, 1


def _is_header(names: list[str], user_columns: Mapping[str, str]) -> bool:
    """Tell whether a list has names of columns instead of values."""
    if not names or not has_columns(names, user_columns):
        return False
    roles = choose_roles(names, user_columns).roles
    return are_enough(roles) and not any(
        math.isfinite(_number(roles.get(role, ""))) for role in user_columns
    )


def _number(cell: Json) -> float:
    """Return a cell as a number; NaN where it is none."""
    try:
        return float(cell) if isinstance(cell, str | int | float) else math.nan
    except (ValueError, OverflowError):
        return math.nan


def _column(values: pd.Series, unit: str, first: int) -> pd.Series:
    """Convert a column of JSON values to one type: integers, floats or text."""
    kinds = {type(value) for value in values if value is not None}
    if odd := kinds & {list, dict, bool}:
        row = next(i for i, value in enumerate(values) if type(value) in odd)
        raise UnreadableFile(
            f"Values must be numbers or text. Received: {str(values.iloc[row])[:40]} "
            f"({unit} {row + first}, column {values.name!r}). Save one number a column."
        )
    try:
        if kinds <= {int} and values.notna().all():
            return values.astype("int64")
        if kinds <= {int, float}:
            return values.astype("float64")
    except (OverflowError, ValueError, TypeError) as error:
        raise UnreadableFile(
            f"Numbers must be of a usual size. Received: one beyond it in column {values.name!r}."
            " Correct it."
        ) from error
    return values.map(lambda value: None if value is None else str(value)).astype("str")
