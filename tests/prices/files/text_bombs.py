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


#: What a cell of a column has, by the row, in rows that are sound otherwise.
CELLS: dict[str, tuple[str, Callable[[int], str]]] = {
    "invented months": ("time", lambda i: f"1 {_word(i)} 2024"),
    "invented months after a word": ("time", lambda i: f"Mon, 1 {_word(i)} 2024 10:00"),
    "months with accents": ("time", lambda i: f"1 Ma\u0301rz{_word(i)} 2024"),
    "times with remarks": ("time", lambda i: f"2024-01-{_clock(i)} (remark {i:08d})"),
    "offsets with remarks": ("time", lambda i: f"2024-01-{_clock(i)} +00:00 ({_word(i)})"),
    "UTC with remarks": ("time", lambda i: f"2024-01-{_clock(i)} UTC ({_word(i)})"),
    "many offsets": ("time", lambda i: f"2024-01-{_clock(i)} GMT{i % 15:+03d}{i % 60:02d}"),
    "many zones": ("time", lambda i: f"2024-01-{_clock(i)} Zone/{_word(i)}"),
    "one zone": ("time", lambda i: f"2024-01-{_clock(i)} Europe/Berlin"),
    "long fractions": ("time", lambda i: f"2024-01-{_clock(i)}:00.{i:060d}"),
    "times in words": ("time", lambda i: " ".join((_word(i), _word(i + 1), "at", _word(i + 2)))),
    "times of digits": ("time", lambda i: f"{i:030d}"),
    "dates of two digits": ("time", lambda i: f"{i % 28 + 1}.{i % 12 + 1}.{i % 90 + 10} 1:{i % 60}"),
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


def _utf16(rows: Rows) -> bytes:
    return _text(rows).decode().encode("utf-16")


#: The kind of file, how it is written, for a share of the rows, and how many cells are different.
_FORMATS: tuple[tuple[str, str, Callable[[Rows], bytes], float, int], ...] = (
    ("text", "plain", _text, 0.6, 10**9),
    ("text", "gzip", lambda rows: gzip.compress(_text(rows), 6), 1, 10**9),
    ("text", "gzip, repeated", lambda rows: gzip.compress(_text(rows), 6), 1, 1_000),
    ("text", "UTF-16", _utf16, 0.6, 10**9),
    ("JSON", "plain", _json, 0.5, 10**9),
    ("Parquet", "dictionary", _parquet, 1, 10**9),
    ("Parquet", "dictionary, repeated", _parquet, 0.62, 1_000),
    ("Parquet", "written out", _plain_parquet, 1, 10**9),
    ("Feather", "lz4", _feather, 0.5, 10**9),
)


def text_bombs(rows: int = 400_000) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """Yield the kind of each file, what is in it, and the function that makes it.

    Args:
        rows: About how many each has.
    """
    for kind, (form, how, write, share, most) in itertools.product(CELLS, _FORMATS):
        count = int(share * rows)
        some = Rows(kind, count, min(most, count))
        yield form, f"{kind}, {how}", lambda write=write, some=some: write(some)  # type: ignore[misc]
