"""Rows of prices wherever they lie in JSON.

Imports ``errors`` and its neighbours. Providers wrap their rows, key them by time, or give one
list a column; all of it becomes one list of records or of lists.
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

#: Bytes a JSON file may have, unpacked: parsed, they take up to fifty times as much.
MAX_JSON_BYTES = 30_000_000
#: Rows it may have; so many of the shortest candles have more bytes.
MAX_JSON_ROWS = 2_000_000
_MAX_DEPTH = 5
_TIME = re.compile(r"\d{9,19}|\d{4}-\d{2}-\d{2}([T ].*)?")
#: What a JSON price file may be.
SHAPES = "a list of lists, a list of records, or one record a line"


def find_rows(whole: Json) -> Rows:
    """Find the one list of rows that a document holds.

    Raises:
        UnreadableFile: if there is none, or several that may be meant.
    """
    lists = list(_lists(whole, 0))
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
    """Make the error for JSON beyond the bounds."""
    return UnreadableFile(
        f"A JSON file may have {MAX_JSON_BYTES // 10**6} MB, unpacked, and "
        f"{MAX_JSON_ROWS // 10**6} million rows. Received: more. Save it as CSV or Parquet."
    )


def flatten_records(records: list[dict[str, Json]], unit: str) -> list[dict[str, Json]]:
    """Lift the values of records within records, as ``{"time": 1, "quote": {"open": 2}}`` has.

    Raises:
        UnreadableFile: if a price is there several times.
    """
    if not any(isinstance(value, dict) for value in records[0].values()):
        return records
    return [_lifted(record, f"{unit} {number}") for number, record in enumerate(records, start=1)]


def _lifted(record: dict[str, Json], where: str) -> dict[str, Json]:
    lifted: dict[str, Json] = {
        name: value for name, value in record.items() if not isinstance(value, dict)
    }
    inner: set[str] = set()
    for name, value in _leaves(record):
        if name in inner and plain_name(name) in PRICES:
            raise UnreadableFile(
                f"Each price must be there once. Received: several {name!r} in {where}, so perhaps "
                "several coins or currencies. Save one a file."
            )
        if name not in lifted:
            inner.add(name)
            lifted[name] = value
    return lifted


def _leaves(record: dict[str, Json], depth: int = 0) -> Iterator[tuple[str, Json]]:
    """Yield names and values of the records within a record."""
    for name, value in record.items():
        if isinstance(value, dict) and depth < _MAX_DEPTH:
            yield from _leaves(value, depth + 1)
        elif depth:
            yield name, value


def _lists(value: Json, depth: int) -> Iterator[Rows]:
    """Yield the lists of rows, wrapped or not."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        made = _split(value) or _keyed(value) or _turned(value) or _columns(value)
        if made:
            yield made
        else:
            for each in value.values():
                yield from _lists(each, depth + 1)
    elif isinstance(value, list) and value and isinstance(value[0], list | dict):
        only = value[0] if len(value) == 1 else None
        within = list(_lists(only, depth + 1)) if isinstance(only, dict) else []
        yield from within or [value]


def _is_priced(found: Rows) -> bool:
    first = found[0]
    return isinstance(first, dict) and are_enough(roles_by_name([str(name) for name in first]))


def _split(value: dict[str, Json]) -> Rows | None:
    """Read names, rows and perhaps times beside each other: what pandas calls split."""
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


def _keyed(value: dict[str, Json]) -> Rows | None:
    """Read records by their time, ``{"2024-01-01": {"open": 1}}``."""
    if not value or not all(_TIME.fullmatch(key) for key in value):
        return None
    if not all(isinstance(record, dict) for record in value.values()):
        return None
    return [{"time": time, **record} for time, record in value.items() if isinstance(record, dict)]


def _turned(value: dict[str, Json]) -> Rows | None:
    """Read columns by row, ``{"open": {"2024-01-01": 1}}``: what pandas writes by default."""
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


def _columns(value: dict[str, Json]) -> Rows | None:
    """Read one list a column, wherever they lie: ``{"t": [1, 2], "o": [1, 2]}``."""
    found: dict[str, list[Json]] = {}
    for name, column in _plain_lists(value, 0):
        if name in found and plain_name(name) in PRICES:
            return None
        found.setdefault(name, column)
    roles = roles_by_name(list(found))
    if not are_enough(roles):
        return None
    length = len(found[roles["time"]])
    if length > MAX_JSON_ROWS:
        raise too_large_json()
    for role in (*PRICES, "price"):
        if role in roles and len(found[roles[role]]) != length:
            raise UnreadableFile(
                "Every column must have as many values as there are times, "
                f"{length}. Received: {len(found[roles[role]])} in {roles[role]!r}. Download it "
                "again."
            )
    whole = {name: column for name, column in found.items() if len(column) == length}
    return [dict(zip(whole, row, strict=True)) for row in zip(*whole.values(), strict=True)]


def _plain_lists(value: Json, depth: int) -> Iterator[tuple[str, list[Json]]]:
    """Yield the lists of plain values in records, and in lists of one record."""
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
