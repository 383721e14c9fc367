"""What a Parquet file unpacks to, counted before any of it is unpacked.

The sizes at the end of the file may be wrong, so those that stand before each page are counted:
Arrow unpacks a page to exactly this size, or refuses it.
"""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import IO, TypeVar

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.bounds import Bounds
from cryptoforecast.prices.files.readers.flatbuffer import MAX_FIELDS, Flat, check_schema
from cryptoforecast.prices.files.readers.thrift import Reader, Value

# Bytes that the description at the end may have: in any file, one more for so many bytes of the
# file, and at most.
_FREE_FOOTER, _FOOTER_SHARE, _MAX_FOOTER = 300_000, 100, 2_000_000
# Bytes that the description of a page may have.
_MAX_HEADER = 65_536
# Pages that the columns of prices may have.
_MAX_PAGES = 50_000
_MAX_DEPTH = 30
# Fields of the records in Parquet's `parquet.thrift`.
_SCHEMA, _ROW_GROUPS, _TEXTS, _FILE_ROWS = 2, 4, 5, 3
_TYPE, _NAME, _CHILDREN = 1, 4, 5
_COLUMNS, _GROUP_ROWS = 1, 3
_ELSEWHERE, _CHUNK = 1, 3
_VALUES, _PACKED, _FIRST_PAGE, _DICTIONARY = 5, 7, 9, 11
_PAGE_UNPACKED, _PAGE_PACKED, _PAGE_DATA, _PAGE_DICTIONARY, _PAGE_DATA_2 = 2, 3, 5, 7, 8
_PAGE_VALUES, _ENCODING, _ENCODING_2 = 1, 2, 4
_KEY, _VALUE = 1, 2
# Encoding of a text as its difference from the one before.
_DIFFERENCES = 7
# Encodings of values as places in a dictionary.
_BY_DICTIONARY = (2, 8)

T = TypeVar("T")


@dataclass(frozen=True)
class Footer:
    """What the end of a Parquet file says, checked.

    Attributes:
        rows: Of all row groups.
        leaves: Names of the columns of plain values in their order; ``None`` for one that is
            within another.
        groups: The chunk of each of these columns, for each row group.
    """

    rows: int
    leaves: tuple[str | None, ...]
    groups: tuple[tuple[dict[int, Value], ...], ...]


def read_footer(stream: IO[bytes], bounds: Bounds) -> Footer:
    """Read what the end of a Parquet file says of its columns.

    Args:
        stream: The file, seekable.
        bounds: What a file of this size may hold.

    Raises:
        UnreadableFile: If it says that the file is too large, or says too much.
        ValueError: If it is damaged.
    """
    size = bounds.size
    stream.seek(max(0, size - 8))
    end = stream.read(8)
    length = int.from_bytes(end[:4], "little")
    if end[4:] != b"PAR1" or length > size - 12:
        raise ValueError("its end is not there")
    if length > min(_FREE_FOOTER + size // _FOOTER_SHARE, _MAX_FOOTER):
        raise UnreadableFile(
            "The description at the end of a Parquet file may have "
            f"{min(_FREE_FOOTER + size // _FOOTER_SHARE, _MAX_FOOTER):,} bytes. Received: "
            f"{length:,}. Save it with fewer columns and larger row groups."
        )
    stream.seek(size - 8 - length)
    footer = Reader(stream.read(length)).struct()
    for pair in _list(footer, _TEXTS):
        _check_text(_of(pair, dict), length)
    leaves = _leaves([_of(element, dict) for element in _list(footer, _SCHEMA)])
    groups = [_of(group, dict) for group in _list(footer, _ROW_GROUPS)]
    rows = sum(_count(group, _GROUP_ROWS) for group in groups)
    bounds.check_rows(max(rows, _count(footer, _FILE_ROWS)))
    chunks = tuple(_chunks(group, len(leaves)) for group in groups)
    return Footer(rows, leaves, chunks)


def _check_text(pair: dict[int, Value], size: int) -> None:
    """Check Arrow's own description of the columns."""
    if _of(pair.get(_KEY), bytes) != b"ARROW:schema":
        return
    message = base64.b64decode(_of(pair.get(_VALUE), bytes), validate=True)
    schema = Flat.root(message[8 if message.startswith(b"\xff" * 4) else 4 :]).table(2)
    if schema is None:
        raise ValueError("its columns are not described")
    check_schema(schema, size)


def _leaves(elements: list[dict[int, Value]]) -> tuple[str | None, ...]:
    """Find the columns of plain values; the elements are in the order of a walk through a tree."""
    if len(elements) > MAX_FIELDS:
        raise UnreadableFile(
            f"A Parquet file may have {MAX_FIELDS:,} columns. Received: {len(elements):,}. Save it "
            "with the columns time,open,high,low,close,volume only."
        )
    leaves: list[str | None] = []
    open_groups: list[int] = []
    for place, element in enumerate(elements):
        depth = len(open_groups)
        if depth:
            open_groups[-1] -= 1
        children = _count(element, _CHILDREN)
        if children:
            open_groups.append(children)
        elif _TYPE in element:
            name = _of(element.get(_NAME), bytes).decode("utf-8")
            leaves.append(name if depth == 1 and place else None)
        elif place:
            raise ValueError("a column has no type")
        while open_groups and not open_groups[-1]:
            open_groups.pop()
        if len(open_groups) > _MAX_DEPTH:
            raise ValueError("its columns are nested too deeply")
    return tuple(leaves)


def _chunks(group: dict[int, Value], count: int) -> tuple[dict[int, Value], ...]:
    """Return the descriptions of a row group's columns."""
    columns = [_of(column, dict) for column in _list(group, _COLUMNS)]
    if len(columns) != count or any(_ELSEWHERE in column for column in columns):
        raise ValueError("its columns are not all in the file")
    return tuple(_of(column.get(_CHUNK), dict) for column in columns)


@dataclass
class Pages:
    """What the pages of some columns unpack to.

    Attributes:
        unpacked: Bytes of all pages.
        largest: Bytes of the largest page.
        count: How many there are.
        differences: Whether a page has values written as their difference from the one before.
        packed: Columns that have a dictionary.
        per_value: Mean bytes of a value in the page, or in the dictionary, where it is largest.
    """

    unpacked: int = 0
    largest: int = 0
    count: int = 0
    differences: bool = False
    packed: set[str] = field(default_factory=set)
    per_value: float = 0.0


def count_pages(stream: IO[bytes], footer: Footer, names: Collection[str], bounds: Bounds) -> Pages:
    """Count what the pages of some columns unpack to.

    Args:
        stream: The file, seekable.
        footer: What its end says.
        names: Columns of plain values.
        bounds: What a file of this size may hold.

    Raises:
        UnreadableFile: If they unpack to too much.
        ValueError: If a page is damaged.
    """
    pages = Pages()
    places = [place for place, name in enumerate(footer.leaves) if name in names]
    if len(places) != len(set(names)):
        raise ValueError("a column holds several values in one")
    for group in footer.groups:
        for place in places:
            if _count_chunk(stream, group[place], pages, bounds):
                pages.packed.add(str(footer.leaves[place]))
    return pages


def _count_chunk(stream: IO[bytes], chunk: dict[int, Value], pages: Pages, bounds: Bounds) -> bool:
    """Count the pages of one column in one row group; tell whether it has a dictionary."""
    is_packed = False
    at, dictionary = _count(chunk, _FIRST_PAGE), _count(chunk, _DICTIONARY)
    at = dictionary if 0 < dictionary < at else at
    end, remaining = at + _count(chunk, _PACKED), _count(chunk, _VALUES)
    bounds.check_rows(remaining)
    while at < end and remaining > 0:
        stream.seek(at)
        reader = Reader(stream.read(min(_MAX_HEADER, end - at)))
        page = reader.struct()
        unpacked = _count(page, _PAGE_UNPACKED)
        bounds.check_piece(unpacked, "A page")
        pages.unpacked += unpacked
        pages.largest = max(pages.largest, unpacked)
        pages.count += 1
        bounds.check_unpacked(pages.unpacked)
        if pages.count > _MAX_PAGES:
            raise UnreadableFile(
                f"The prices of a Parquet file may fill {_MAX_PAGES:,} pages. Received: more. Save "
                "it with larger pages."
            )
        for kind, encoding in ((_PAGE_DATA, _ENCODING), (_PAGE_DATA_2, _ENCODING_2)):
            if kind in page:
                data = _of(page[kind], dict)
                values = _count(data, _PAGE_VALUES)
                remaining -= values
                how = _count(data, encoding)
                pages.differences |= how == _DIFFERENCES
                if how not in _BY_DICTIONARY:
                    pages.per_value = max(pages.per_value, unpacked / max(1, values))
        if remaining < 0:
            raise ValueError("it has more values than its end says")
        if _PAGE_DICTIONARY in page:
            is_packed = True
            values = _count(_of(page[_PAGE_DICTIONARY], dict), _PAGE_VALUES)
            pages.per_value = max(pages.per_value, unpacked / max(1, values))
        at += reader.at + _count(page, _PAGE_PACKED)
    return is_packed


def _of(value: object, kind: type[T]) -> T:
    """Return a value of a kind.

    Raises:
        ValueError: If it is of another.
    """
    if not isinstance(value, kind):
        raise ValueError("its description is of another kind")
    return value


def _list(fields: dict[int, Value], number: int) -> list[Value]:
    return _of(fields.get(number, []), list)


def _count(fields: dict[int, Value], number: int) -> int:
    """Return a number that is not negative, 0 if absent."""
    count = _of(fields.get(number, 0), int)
    if count < 0:
        raise ValueError("its description has a negative size")
    return count
