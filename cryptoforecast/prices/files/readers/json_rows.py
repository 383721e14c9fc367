"""Rows of prices, wherever they are in a JSON document.

Providers wrap their rows in records, key them by time, or write one list for each column. All of
these become one list of records or of lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns.dialects import plain_name
from cryptoforecast.prices.files.columns.roles import are_enough, roles_by_name
from cryptoforecast.prices.files.table import PRICES

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Rows: TypeAlias = "list[Json]"

#: Bytes that a JSON file may have, unpacked; parsed, it takes up to fifty times as much memory.
MAX_JSON_BYTES = 30_000_000
#: Rows that a JSON file may have; so many of the shortest candles would have more bytes.
MAX_JSON_ROWS = 2_000_000
_MAX_DEPTH = 5
_TIME = re.compile(r"\d{9,19}|\d{4}-\d{2}-\d{2}([T ].*)?")
#: What a JSON price file may be.
SHAPES = "a list of lists, a list of records, or one record a line"


def find_rows(document: Json) -> Rows:
    """Find the one list of rows in a document.

    Args:
        document: The parsed JSON.

    Raises:
        UnreadableFile: If there is no list of rows, or several that may be prices.
    """
    lists = list(_lists(document, 0))
    if len(lists) > 1:
        priced = [each for each in lists if _is_priced(each)]
        lists = priced if len(priced) == 1 else lists
    if len(lists) == 1:
        return lists[0]
    if lists and all(isinstance(each[0], list) and len(each[0]) == 2 for each in lists):
        raise UnreadableFile(
            "Candles need an open, high, low and close. Received: "
            f"{len(lists)} lists of a time and one number each. Download candles instead (OHLC)."
        )
    raise UnreadableFile(
        f"A JSON price file is {SHAPES}. Received: {len(lists) or 'no'} lists of rows. "
        "Save only the candles."
    )


def too_large_json() -> UnreadableFile:
    """Return the error for a JSON file that is too large."""
    return UnreadableFile(
        f"A JSON file may have {MAX_JSON_BYTES // 10**6} MB, unpacked, and "
        f"{MAX_JSON_ROWS // 10**6} million rows. Received: more. Save it as CSV or Parquet."
    )


def flatten_records(records: list[dict[str, Json]], unit: str) -> list[dict[str, Json]]:
    """Flatten records within records: ``{"time": 1, "quote": {"open": 2}}``.

    Args:
        records: The rows.
        unit: What a row is called, for messages.

    Raises:
        UnreadableFile: If a price is there several times.
    """
    if not any(isinstance(value, dict) for value in records[0].values()):
        return records
    return [_flatten(record, f"{unit} {number}") for number, record in enumerate(records, start=1)]


def _flatten(record: dict[str, Json], where: str) -> dict[str, Json]:
    """Return a record with the values of the records within it; its own values come first."""
    flat: dict[str, Json] = {
        name: value for name, value in record.items() if not isinstance(value, dict)
    }
    inner: set[str] = set()
    for name, value in _leaves(record):
        if name in inner and plain_name(name) in PRICES:
            raise UnreadableFile(
                f"Each price must be there once. Received: several {name!r} in {where}, so perhaps "
                "several coins or currencies. Save one a file."
            )
        if name not in flat:
            inner.add(name)
            flat[name] = value
    return flat


def _leaves(record: dict[str, Json], depth: int = 0) -> Iterator[tuple[str, Json]]:
    """Yield names and values of the records within a record, at any depth."""
    for name, value in record.items():
        if isinstance(value, dict) and depth < _MAX_DEPTH:
            yield from _leaves(value, depth + 1)
        elif depth:
            yield name, value


def _lists(value: Json, depth: int) -> Iterator[Rows]:
    """Yield the lists of rows in a value, at any depth."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        rows = (
            _from_split(value)
            or _keyed_by_time(value)
            or _keyed_by_column(value)
            or _from_columns(value)
        )
        if rows:
            yield rows
        else:
            for each in value.values():
                yield from _lists(each, depth + 1)
    elif isinstance(value, list) and value and isinstance(value[0], list | dict):
        only = value[0] if len(value) == 1 else None
        within = list(_lists(only, depth + 1)) if isinstance(only, dict) else []
        yield from within or [value]


def _is_priced(rows: Rows) -> bool:
    """Tell whether the first row is a record with the columns of candles or trades."""
    first = rows[0]
    return isinstance(first, dict) and are_enough(roles_by_name([str(name) for name in first]))


def _from_split(value: dict[str, Json]) -> Rows | None:
    """Read column names, rows and perhaps times in lists of their own, pandas's ``split``."""
    names, data, index = value.get("columns"), value.get("data"), value.get("index")
    if not isinstance(names, list) or not isinstance(data, list) or not data:
        return None
    head = [str(name) for name in names]
    body = [row for row in data if isinstance(row, list) and len(row) == len(head)]
    if len(body) != len(data):
        return None
    if "time" not in roles_by_name(head) and isinstance(index, list) and len(index) == len(body):
        head, body = ["time", *head], [[time, *row] for time, row in zip(index, body, strict=True)]
    return [dict(zip(head, row, strict=True)) for row in body]


def _keyed_by_time(value: dict[str, Json]) -> Rows | None:
    """Read records by their time, ``{"2024-01-01": {"open": 1}}``."""
    if not value or not all(_TIME.fullmatch(key) for key in value):
        return None
    if not all(isinstance(record, dict) for record in value.values()):
        return None
    return [{"time": time, **record} for time, record in value.items() if isinstance(record, dict)]


def _keyed_by_column(value: dict[str, Json]) -> Rows | None:
    """Read records by column, ``{"open": {"2024-01-01": 1}}``, which pandas writes by default."""
    columns = {name: column for name, column in value.items() if isinstance(column, dict)}
    if len(columns) != len(value) or not columns:
        return None
    keys = list(next(iter(columns.values())))
    timed = all(_TIME.fullmatch(key) for key in keys)
    if len(keys) > MAX_JSON_ROWS:
        raise too_large_json()
    if not keys or not (timed or all(key.isdigit() for key in keys)):
        return None
    roles = roles_by_name(list(columns))
    if not are_enough(roles if "time" in roles or not timed else {**roles, "time": ""}):
        return None
    if any(list(column) != keys for column in columns.values()):
        raise UnreadableFile(
            "Every column must have the same rows. Received: columns of other rows than "
            f"{next(iter(columns))!r} has. Save the rows as CSV."
        )
    records = [{name: column[key] for name, column in columns.items()} for key in keys]
    if "time" in roles:
        return list(records)
    return [{"time": key, **record} for key, record in zip(keys, records, strict=True)]


def _from_columns(value: dict[str, Json]) -> Rows | None:
    """Read one list for each column, at any depth: ``{"t": [1, 2], "o": [1, 2]}``."""
    columns: dict[str, list[Json]] = {}
    for name, column in _plain_lists(value, 0):
        if name in columns and plain_name(name) in PRICES:
            return None
        columns.setdefault(name, column)
    roles = roles_by_name(list(columns))
    if not are_enough(roles):
        return None
    length = len(columns[roles["time"]])
    if length > MAX_JSON_ROWS:
        raise too_large_json()
    for role in (*PRICES, "price"):
        if role in roles and len(columns[roles[role]]) != length:
            raise UnreadableFile(
                "Every column must have as many values as there are times, "
                f"{length}. Received: {len(columns[roles[role]])} in {roles[role]!r}. Download it "
                "again."
            )
    equal = {name: column for name, column in columns.items() if len(column) == length}
    return [dict(zip(equal, row, strict=True)) for row in zip(*equal.values(), strict=True)]


def _plain_lists(value: Json, depth: int) -> Iterator[tuple[str, list[Json]]]:
    """Yield the lists of plain values in a record, at any depth, and in lists of one record."""
    if not isinstance(value, dict) or depth > _MAX_DEPTH:
        return
    for name, each in value.items():
        if isinstance(each, dict):
            yield from _plain_lists(each, depth + 1)
        elif isinstance(each, list) and each:
            if len(each) == 1 and isinstance(each[0], dict):
                yield from _plain_lists(each[0], depth + 1)
            elif not isinstance(each[0], list | dict):
                yield name, each
