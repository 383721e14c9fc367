"""Rows of prices, wherever they are in a JSON document.

Providers wrap their rows in records, key them by time, or write one list for each column. All of
these become one list of records or of lists.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from cryptoforecast.errors import SeveralSeries, UnreadableFile
from cryptoforecast.prices.files.columns.choice import HOW_TO_CHOOSE, not_there
from cryptoforecast.prices.files.columns.dialects import ALIASES, plain_name
from cryptoforecast.prices.files.columns.roles import are_enough, choose_roles
from cryptoforecast.prices.files.columns.symbols import matching
from cryptoforecast.prices.files.columns.tickers import quote_of_ticker
from cryptoforecast.prices.files.table import PRICES
from cryptoforecast.types.quotes import quote_of

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Rows: TypeAlias = "list[Json]"

#: Bytes that a JSON file may have, unpacked; parsed, it takes up to fifty times as much memory.
MAX_JSON_BYTES = 30_000_000
#: Rows that a JSON file may have; so many of the shortest candles would have more bytes.
MAX_JSON_ROWS = 2_000_000
_MAX_DEPTH = 5
# Series that a list may have.
_MAX_SERIES = 10_000
# Names that are looked at, of records that have different ones.
_MAX_NAMES = 50_000
# Texts outside the rows that are looked at.
_MAX_TEXTS = 1_000
# Numbers of a candle: a time and four prices.
_MIN_CANDLE = 5
# Names of prices, which each of several records within one record may have.
_PRICE_NAMES = frozenset(name for role in (*PRICES, "price") for name in ALIASES[role])
_TIME = re.compile(r"\d{9,19}|\d{4}-\d{2}-\d{2}([T ].*)?")
#: What a JSON price file may be.
SHAPES = "a list of lists, a list of records, or one record a line"


class JsonRows(NamedTuple):
    """The rows of a document, and what it says of them outside.

    Attributes:
        rows: One list of records or of lists.
        symbol: What the document calls the coin; empty where it does not.
        quote: Currency of the prices; empty where the document does not name it.
    """

    rows: Rows
    symbol: str = ""
    quote: str = ""


@dataclass
class _Search:
    """What a search for rows may still spend.

    Attributes:
        max_rows: Records that may be made of columns.
        names: Names that have been looked at.
        cache: Roles by the names of a record; most records of a file have the same.
    """

    max_rows: int
    names: int = 0
    cache: dict[tuple[str, ...], Mapping[str, str]] = field(default_factory=dict)

    def roles(self, names: tuple[str, ...]) -> Mapping[str, str]:
        """Return the column by role.

        Raises:
            UnreadableFile: If too many names have been looked at, or they are too long.
        """
        if names not in self.cache:
            self.names += len(names)
            if self.names > _MAX_NAMES:
                raise UnreadableFile(
                    "The records of a JSON file must have the same names. Received: more than "
                    f"{_MAX_NAMES:,} names in different records. Save only the candles."
                )
            self.cache[names] = choose_roles(names).roles
        return self.cache[names]


def find_rows(document: Json, only: str | None = None, max_rows: int | None = None) -> JsonRows:
    """Find the one list of rows in a document.

    Args:
        document: The parsed JSON.
        only: Name of the series to take, where the document has several lists.
        max_rows: Records that may be made of columns.

    Raises:
        UnreadableFile: If there is no list of rows, or several that may be prices.
    """
    search = _Search(MAX_JSON_ROWS if max_rows is None else max_rows)
    lists = list(_lists(document, 0, search))
    if len(lists) > 1:
        with_prices = [each for each in lists if _is_priced(each[1], search)]
        if len(with_prices) > 1 and all(key for key, _ in with_prices):
            return _one_of(with_prices, only)
        lists = with_prices if len(with_prices) == 1 else lists
    if len(lists) == 1:
        key, rows = lists[0]
        symbol, quote = _labels(document)
        return JsonRows(rows, symbol or (key if quote_of_ticker(key) else ""), quote)
    if lists and all(isinstance(each[0], list) and len(each[0]) == 2 for _, each in lists):
        raise UnreadableFile(
            "Candles need an open, high, low and close. Received: "
            f"{len(lists)} lists of a time and one number each. Download candles instead (OHLC)."
        )
    if len(lists) > 1 and all(key and _is_wide(each) for key, each in lists):
        return _one_of(lists, only)
    raise UnreadableFile(
        f"A JSON price file is {SHAPES}. Received: {len(lists) or 'no'} lists of rows. "
        "Save only the candles."
    )


def _is_wide(rows: Rows) -> bool:
    """Tell whether the first row is a list that is long enough for a candle."""
    return isinstance(rows[0], list) and len(rows[0]) >= _MIN_CANDLE


def _one_of(lists: list[tuple[str, Rows]], only: str | None) -> JsonRows:
    """Return the list that the user wants.

    Raises:
        UnreadableFile: If the user wants none of them, or does not say which.
    """
    keys = [key for key, _ in lists]
    if only is None:
        raise SeveralSeries(
            f"A file must hold one coin. Received: {len(lists)} lists of rows, "
            f"{', '.join(keys)[:80]}. Choose one ({HOW_TO_CHOOSE}), or save one coin a file.",
            keys,
        )
    matches = matching(keys, only)
    if not matches:
        raise not_there(only, keys)
    return JsonRows(dict(lists)[matches[0]], matches[0])


def _labels(document: Json) -> tuple[str, str]:
    """Return the symbol and the currency that a document names outside its rows."""
    texts: dict[str, str] = {}
    for name, value in itertools.islice(_texts(document, 0), _MAX_TEXTS):
        texts.setdefault(plain_name(name), value)
    symbol = next((texts[name] for name in ALIASES["symbol"] if name in texts), "")
    quotes = (texts[name] for name in ALIASES["quote"] if name in texts)
    quote = next((quote for quote in quotes if quote_of(quote)), "")
    return ("" if symbol == quote else symbol)[:60], quote


def _texts(value: Json, depth: int) -> Iterator[tuple[str, str]]:
    """Yield the texts in records, but not those of rows."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict) or depth > _MAX_DEPTH:
        return
    items = list(itertools.islice(value.items(), _MAX_TEXTS))
    yield from ((name, text) for name, text in items if isinstance(text, str))
    for name, each in items:
        if not _TIME.fullmatch(name):
            yield from _texts(each, depth + 1)


def too_large_json() -> UnreadableFile:
    """Return the error for a JSON file that is too large."""
    return UnreadableFile(
        f"A JSON file may have {MAX_JSON_BYTES // 10**6} MB, unpacked, and "
        f"{MAX_JSON_ROWS // 10**6} million rows. Received: more. Save it as CSV or Parquet."
    )


def flatten_records(records: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """Flatten records within records: ``{"time": 1, "quote": {"open": 2}}``.

    Prices of several records within one are called after them: ``"EUR open"``, ``"bid open"``.

    Args:
        records: The rows.
    """
    if not any(isinstance(value, dict) for value in records[0].values()):
        return records
    return [_flatten(record) for record in records]


def _flatten(record: dict[str, Json]) -> dict[str, Json]:
    """Return a record with the values of the records within it; its own values come first."""
    flat: dict[str, Json] = {
        name: value for name, value in record.items() if not isinstance(value, dict)
    }
    leaves = list(_leaves(record))
    times = Counter(name for _, name, _ in leaves)
    for key, name, value in leaves:
        is_price, several = plain_name(name) in _PRICE_NAMES, times[name] > 1
        if (is_price and quote_of(key)) or (several and (is_price or plain_name(name) == "volume")):
            flat[f"{key} {name}"] = value
        else:
            flat.setdefault(name, value)
    return flat


def _leaves(
    record: dict[str, Json], depth: int = 0, key: str = ""
) -> Iterator[tuple[str, str, Json]]:
    """Yield the values of the records within a record, with the record's name and their own."""
    for name, value in record.items():
        if isinstance(value, dict) and depth < _MAX_DEPTH:
            yield from _leaves(value, depth + 1, name)
        elif depth:
            yield key, name, value


def _lists(value: Json, depth: int, search: _Search, key: str = "") -> Iterator[tuple[str, Rows]]:
    """Yield the lists of rows in a value, at any depth, and what the list is called."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        rows = (
            _from_split(value, search)
            or _keyed_by_time(value, search)
            or _keyed_by_column(value, search)
            or _from_columns(value, search)
        )
        if rows:
            yield key, rows
        else:
            for name, each in value.items():
                if isinstance(each, list | dict):
                    yield from _lists(each, depth + 1, search, name)
    elif isinstance(value, list) and value and isinstance(value[0], list | dict):
        only = value[0] if len(value) == 1 else None
        within = list(_lists(only, depth + 1, search, key)) if isinstance(only, dict) else []
        yield from within or _series_of(value, depth, search) or [(key, value)]


def _series_of(records: Rows, depth: int, search: _Search) -> list[tuple[str, Rows]]:
    """Return the rows of each record of a list, and what it is called: ``[{"symbol": …, …}]``.

    Returns:
        Nothing unless every record has one list of rows, and the first has no prices of its own.
    """
    first = records[0]
    if not isinstance(first, dict) or not any(isinstance(v, list | dict) for v in first.values()):
        return []
    if len(records) > _MAX_SERIES or _is_priced(records, search):
        return []
    result: dict[str, Rows] = {}
    for number, record in enumerate(records, start=1):
        within = list(_lists(record, depth + 1, search)) if isinstance(record, dict) else []
        if len(within) != 1 or not (_is_priced(within[0][1], search) or _is_wide(within[0][1])):
            return []
        symbol, quote = _labels(record)
        name = symbol or f"series {number}"
        if quote and quote_of_ticker(name) is None:
            name = f"{name}-{quote}"
        result[name if name not in result else f"{name} (series {number})"] = within[0][1]
    return list(result.items())


def _is_priced(rows: Rows, search: _Search) -> bool:
    """Tell whether the first row is a record with the columns of candles or trades."""
    first = rows[0]
    return isinstance(first, dict) and are_enough(
        search.roles(tuple(str(name) for name in _flatten(first)))
    )


def _from_split(value: dict[str, Json], search: _Search) -> Rows | None:
    """Read column names, rows and perhaps times in lists of their own, pandas's ``split``."""
    names, data, index = value.get("columns"), value.get("data"), value.get("index")
    if not isinstance(names, list) or not isinstance(data, list) or not data:
        return None
    head = [str(name) for name in names]
    body = [row for row in data if isinstance(row, list) and len(row) == len(head)]
    if len(body) != len(data):
        return None
    if len(body) > search.max_rows:
        raise too_large_json()
    has_times = "time" in search.roles(tuple(head))
    if not has_times and isinstance(index, list) and len(index) == len(body):
        head, body = ["time", *head], [[time, *row] for time, row in zip(index, body, strict=True)]
    return [dict(zip(head, row, strict=True)) for row in body]


def _keyed_by_time(value: dict[str, Json], search: _Search) -> Rows | None:
    """Read records by their time, ``{"2024-01-01": {"open": 1}}``."""
    if not value or not all(_TIME.fullmatch(key) for key in value):
        return None
    if not all(isinstance(record, dict) for record in value.values()):
        return None
    if len(value) > search.max_rows:
        raise too_large_json()
    return [{"time": time, **record} for time, record in value.items() if isinstance(record, dict)]


def _keyed_by_column(value: dict[str, Json], search: _Search) -> Rows | None:
    """Read records by column, ``{"open": {"2024-01-01": 1}}``, which pandas writes by default."""
    columns = {name: column for name, column in value.items() if isinstance(column, dict)}
    if len(columns) != len(value) or not columns:
        return None
    keys = list(next(iter(columns.values())))
    has_times = all(_TIME.fullmatch(key) for key in keys)
    if len(keys) > search.max_rows:
        raise too_large_json()
    if not keys or not (has_times or all(key.isdigit() for key in keys)):
        return None
    roles = search.roles(tuple(columns))
    if not are_enough(roles if "time" in roles or not has_times else {**roles, "time": ""}):
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


def _from_columns(value: dict[str, Json], search: _Search) -> Rows | None:
    """Read one list for each column, at any depth: ``{"t": [1, 2], "o": [1, 2]}``."""
    columns: dict[str, list[Json]] = {}
    for name, column in _plain_lists(value, 0):
        if name in columns and plain_name(name) in PRICES:
            return None
        columns.setdefault(name, column)
    roles = search.roles(tuple(columns))
    if not are_enough(roles):
        return None
    length = len(columns[roles["time"]])
    if length > search.max_rows:
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
