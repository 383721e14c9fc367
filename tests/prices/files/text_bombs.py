"""Columns whose every cell is odd in another way, in each format: times, names, numbers, blanks."""

from __future__ import annotations

import gzip
import io
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyarrow import feather, parquet

_START = 1_609_459_200
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _word(number: int, length: int = 5) -> str:
    """Return a different word of letters for each number."""
    letters = []
    for _ in range(length):
        number, place = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[place])
    return "".join(letters)


def _clock(row: int) -> str:
    return f"{row // 1440 % 28 + 1:02d} {row // 60 % 24:02d}:{row % 60:02d}"


def _either(row: int) -> str:
    """Return a date whose day and month may be either way around."""
    return f"{row % 12 + 1}/{row // 12 % 12 + 1}/2024 10:00"


#: What a cell of a column has, by the row, in rows that are sound otherwise.
CELLS: dict[str, tuple[str, Callable[[int], str]]] = {
    "invented months": ("time", lambda i: f"1 {_word(i)} 2024"),
    "invented months after a word": ("time", lambda i: f"Mon, 1 {_word(i)} 2024 10:00"),
    "months with accents": ("time", lambda i: f"1 Ma\u0301rz{_word(i)} 2024"),
    "times with remarks": ("time", lambda i: f"2024-01-{_clock(i)} (remark {i:08d})"),
    "offsets with remarks": ("time", lambda i: f"2024-01-{_clock(i)} +00:00 ({_word(i)})"),
    "UTC with remarks": ("time", lambda i: f"2024-01-{_clock(i)} UTC ({_word(i)})"),
    "UTC with long remarks": ("time", lambda i: f"2024-01-{_clock(i)} UTC ({'x' * 65})"),
    "dates of no order": ("time", lambda i: f"1 {_word(i)} 2024" if i % 5 else _either(i)),
    "many offsets": ("time", lambda i: f"2024-01-{_clock(i)} GMT{i % 15:+03d}{i % 60:02d}"),
    "many zones": ("time", lambda i: f"2024-01-{_clock(i)} Zone/{_word(i)}"),
    "one zone": ("time", lambda i: f"2024-01-{_clock(i)} Europe/Berlin"),
    "long fractions": ("time", lambda i: f"2024-01-{_clock(i)}:00.{i:060d}"),
    "times in words": ("time", lambda i: " ".join((_word(i), _word(i + 1), "at", _word(i + 2)))),
    "times of digits": ("time", lambda i: f"{i:030d}"),
    "dates of two digits": ("time", lambda i: f"{i % 28 + 1}.{i % 12 + 1}.{i % 90 + 10} 1:00"),
    "wide digits": ("time", lambda i: f"２０２４-01-{_clock(i)}"),
    "symbols": ("symbol", lambda i: _word(i)),
    "symbols of signs": ("symbol", lambda i: f"{chr(0x2460 + i % 500)}{_word(i)}/USDT"),
    "currencies": ("quote", lambda i: _word(i)),
    "sources": ("source", lambda i: _word(i)),
    "remarks": ("remark", lambda i: f"{_word(i)} {i}"),
    "flags": ("closed", lambda i: _word(i)),
    "prices in currencies": ("close", lambda i: f"{_word(i, 3).upper()} 1.{i % 90 + 10}"),
    "prices with units": ("close", lambda i: f"$ 1 {i % 900 + 100},{i % 90 + 10} USD"),
    "prices of many digits": ("close", lambda i: f"1.{i:090d}"),
    "prices with exponents": ("close", lambda i: f"1.{i:08d}e-{i % 300}"),
    "prices in groups": ("close", lambda i: f"1,{i % 900 + 100},{i % 900 + 100}.{i % 90 + 10}"),
    "volumes with units": ("volume", lambda i: f"{i % 900 + 1}.{i % 90 + 10}{'KMBT'[i % 4]}"),
    "volumes in words": ("volume", lambda i: _word(i)),
}  # fmt: skip

#: Names of the columns that every file has.
_NAMES = ("time", "open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class Rows:
    """Sound rows but for one column.

    Attributes:
        kind: What is odd, of ``CELLS``.
        count: How many rows there are.
        distinct: How many of them are different.
    """

    kind: str
    count: int
    distinct: int

    @property
    def column(self) -> str:
        """The name of the odd column."""
        return CELLS[self.kind][0]

    @property
    def odd(self) -> list[str]:
        """The different cells of the odd column."""
        return [CELLS[self.kind][1](row) for row in range(self.distinct)]

    def sound(self) -> dict[str, np.ndarray]:
        """Return the other columns, whose price leaps as that of two series does."""
        ones = np.ones(self.count, dtype=np.int64)
        close = ones + 2 * (np.arange(self.count) // 1000 % 2)
        columns = (_START + 60 * np.arange(self.count), ones, 5 * ones, ones, close, ones)
        sound = dict(zip(_NAMES, columns, strict=True))
        sound.pop(self.column, None)
        return sound

    def lines(self) -> Iterator[tuple[str, ...]]:
        """Yield the cells of each row as text, those of the odd column first."""
        sound = (map(str, column.tolist()) for column in self.sound().values())
        return zip(itertools.islice(itertools.cycle(self.odd), self.count), *sound, strict=True)

    def names(self) -> tuple[str, ...]:
        """Return the names of the columns as ``lines`` has them."""
        return (self.column, *self.sound())

    def table(self) -> pa.Table:
        """Return the rows as Arrow has them; texts that repeat stand in a dictionary."""
        places = pa.array(np.arange(self.count, dtype=np.int32) % self.distinct)
        odd = pa.DictionaryArray.from_arrays(places, pa.array(self.odd))
        return pa.table({self.column: odd, **self.sound()})


def _text(rows: Rows) -> bytes:
    return "\n".join(map(";".join, [rows.names(), *rows.lines()])).encode()


def _json(rows: Rows) -> bytes:
    return json.dumps([rows.names(), *rows.lines()], ensure_ascii=False).encode()


def _parquet(rows: Rows) -> bytes:
    stream = io.BytesIO()
    parquet.write_table(rows.table(), stream, compression="zstd")
    return stream.getvalue()


def _plain_parquet(rows: Rows) -> bytes:
    table = rows.table()
    place = table.schema.get_field_index(rows.column)
    table = table.set_column(place, rows.column, table.column(rows.column).cast(pa.large_string()))
    stream = io.BytesIO()
    parquet.write_table(table, stream, compression="snappy", use_dictionary=False)
    return stream.getvalue()


def _feather(rows: Rows) -> bytes:
    table = rows.table()
    place = table.schema.get_field_index(rows.column)
    table = table.set_column(place, rows.column, table.column(rows.column).cast(pa.string()))
    stream = io.BytesIO()
    feather.write_feather(table, stream, compression="lz4")
    return stream.getvalue()


def _gzipped(rows: Rows) -> bytes:
    return gzip.compress(_text(rows), 6)


#: The kind of file, how it is written, for a share of the rows, and how many cells are different.
_FORMATS: tuple[tuple[str, str, Callable[[Rows], bytes], float, int], ...] = (
    ("text", "gzip", _gzipped, 1, 10**9),
    ("JSON", "plain", _json, 0.25, 10**9),
    ("Parquet", "dictionary", _parquet, 0.62, 1_000),
    ("Parquet", "written out", _plain_parquet, 1, 10**9),
    ("Feather", "lz4", _feather, 0.5, 10**9),
)

# ---------------------------------------------------------------------------- columns


def _blank(rows: int, columns: int = 900) -> pa.Table:
    """Rows with hundreds of columns of empty texts, and prices that leap."""
    empty = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([""]))
    sound = Rows("remarks", rows, 1).sound()
    return pa.table({**sound, **{f"column {i}": empty for i in range(columns)}})


def _alike(rows: int) -> pa.Table:
    """Rows with hundreds of columns that may all be the close."""
    sound = Rows("remarks", rows, 1).sound()
    names = ["".join(letters) for letters in itertools.product(*("cC", "lL", "oO", "sS", "eE"))]
    marks = [f"{name}{mark}" for mark in ("", " ", "_", "-", ".") for name in names]
    blank = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([""]))
    return pa.table({**sound, **{name: blank for name in marks if name != "close"}})


def _typed(rows: int, type_: pa.DataType) -> pa.Table:
    """Rows whose prices are of one type."""
    sound = Rows("remarks", rows, 1).sound()
    prices = {name: pa.array(np.ones(rows)).cast(type_) for name in _NAMES[1:]}
    return pa.table({**sound, **prices})


def _repeated(rows: int, text: str, column: str = "symbol") -> pa.Table:
    sound = Rows("remarks", rows, 1).sound()
    sound.pop(column, None)
    return pa.table({column: pa.array([text]).take(pa.array(np.zeros(rows, np.int32))), **sound})


def _written(table: pa.Table, **options: object) -> bytes:
    stream = io.BytesIO()
    parquet.write_table(table, stream, **options)
    return stream.getvalue()


def _zoned() -> pa.Table:
    sound = Rows("remarks", 48, 1).sound()
    times = pa.array(np.arange(48)).cast(pa.timestamp("ns", tz="x" * 50_000))
    return pa.table({**sound, "time": times})


def _groups(rows: int) -> bytes:
    """Row groups, each with a dictionary of its own."""
    table = Rows("symbols", rows, rows).table()
    return _written(table, row_group_size=rows // 40, compression="zstd")


def _own_names(rows: int) -> bytes:
    price = {"time": _START, "open": 1, "high": 1, "low": 1, "close": 1}
    records = [{**price, _word(i): 1} for i in range(rows)]
    return json.dumps(records).encode()


def _one_time(rows: int) -> bytes:
    lines = (f"{_START};{_word(i)};1.5;1" for i in range(rows))
    return gzip.compress("\n".join(["time;side;price;amount", *lines]).encode())


def _wide_text(rows: int) -> bytes:
    lines = (f"{_START + 60 * i},1,1,1,1,1" for i in range(rows))
    return "\n".join([",".join(_NAMES), *lines]).encode("utf-16")


def _columns(rows: int) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    some = rows * 62 // 100
    yield "Parquet", "blank columns", lambda: _written(_blank(some), compression="zstd")
    yield "Parquet", "columns that are alike", lambda: _written(_alike(some), compression="zstd")
    for type_ in (
        pa.decimal256(40, 0),
        pa.float16(),
        pa.uint64(),
        pa.bool_(),
        pa.decimal128(20, 9),
    ):
        yield "Parquet", f"prices of {type_}", lambda type_=type_: _written(_typed(some, type_))  # type: ignore[misc]
    for codec, encoding, version in itertools.product(
        ("zstd", "brotli"), ("PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"), ("1.0", "2.0")
    ):
        for length in (90, 1_000, 60_000):
            yield (
                "Parquet",
                f"long names, {length}, {encoding}, {codec}, {version}",
                lambda codec=codec, encoding=encoding, version=version, length=length: _written(  # type: ignore[misc]
                    _repeated(min(some, 20_000_000 // length), "x" * length),
                    compression=codec, use_dictionary=False, data_page_version=version,
                    column_encoding={"symbol": encoding},
                ),
            )  # fmt: skip
    yield (
        "Parquet",
        "zeros in split bytes",
        lambda: _written(
            _typed(some, pa.float64()), use_dictionary=False, compression="zstd",
            column_encoding=dict.fromkeys(_NAMES[1:], "BYTE_STREAM_SPLIT"),
        ),
    )  # fmt: skip
    yield "Parquet", "a zone of a long name", lambda: _written(_zoned())
    yield "Parquet", "a dictionary for each group", lambda: _groups(some)
    yield "JSON", "names of their own", lambda: _own_names(rows // 4)
    yield "text", "trades of one time, gzip", lambda: _one_time(rows)
    yield "text", "UTF-16 rows", lambda: _wide_text(700_000 * rows // 400_000)
    yield "text", "UTF-16 rows, gzip", lambda: gzip.compress(_wide_text(rows))


def text_bombs(rows: int = 400_000) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """Yield the kind of each file, what is in it, and the function that makes it.

    Args:
        rows: About how many each has.
    """
    for kind, (form, how, write, share, most) in itertools.product(CELLS, _FORMATS):
        count = int(share * rows)
        some = Rows(kind, count, min(most, count))
        yield form, f"{kind}, {how}", lambda write=write, some=some: write(some)  # type: ignore[misc]
    yield from _columns(rows)
