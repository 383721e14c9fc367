"""Flatbuffers, in which Arrow describes columns; a shared part is counted wherever it is used."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from cryptoforecast.errors import UnreadableFile

#: Columns that Arrow may describe, those within others too.
MAX_FIELDS = 5_000
# Fields of the tables `Schema`, `Field`, `KeyValue` and `Timestamp` in Arrow's `Schema.fbs`.
_SCHEMA_FIELDS, _SCHEMA_METADATA = 1, 2
_NAME, _KIND, _TYPE, _CHILDREN, _FIELD_METADATA = 0, 2, 3, 5, 6
_KEY, _VALUE = 0, 1
_TIMESTAMP, _ZONE = 10, 1
_MAX_DEPTH = 30


class Flat:
    """A table of a flatbuffer.

    Args:
        content: The whole buffer.
        at: Where the table begins.
    """

    def __init__(self, content: bytes, at: int) -> None:
        self._content = content
        self._at = at

    @classmethod
    def root(cls, content: bytes) -> Flat:
        """Return the outermost table.

        Raises:
            ValueError: If it lies outside the buffer. Every other method raises it too.
        """
        return cls(content, _number(content, 0, "<I"))

    def number(self, field: int, kind: str, default: int = 0) -> int:
        """Return a number, of a kind that ``struct`` knows."""
        place = self._place(field)
        return default if place is None else _number(self._content, place, kind)

    def table(self, field: int) -> Flat | None:
        """Return a table within this one."""
        place = self._place(field)
        return None if place is None else Flat(self._content, self._target(place))

    def vector(self, field: int) -> tuple[int, int]:
        """Return where a list's items, or a text's bytes, begin, and how many there are."""
        place = self._place(field)
        if place is None:
            return 0, 0
        start = self._target(place)
        return start + 4, _number(self._content, start, "<I")

    def tables(self, field: int) -> Iterator[Flat]:
        """Yield the tables of a list."""
        start, count = self.vector(field)
        for i in range(count):
            yield Flat(self._content, self._target(start + 4 * i))

    def structs(self, field: int, kind: str) -> Iterator[tuple[int, ...]]:
        """Yield the records of a list, of numbers that ``struct`` knows."""
        start, count = self.vector(field)
        if start + count * struct.calcsize(kind) > len(self._content):
            raise ValueError("its description lies outside the file")
        for i in range(count):
            yield struct.unpack_from(kind, self._content, start + i * struct.calcsize(kind))

    def _target(self, place: int) -> int:
        return place + _number(self._content, place, "<I")

    def _place(self, field: int) -> int | None:
        """Return where a field's value is, ``None`` if it is absent."""
        table = self._at - _number(self._content, self._at, "<i")
        if 6 + 2 * field > _number(self._content, table, "<H"):
            return None
        offset = _number(self._content, table + 4 + 2 * field, "<H")
        return self._at + offset if offset else None


def _number(content: bytes, at: int, kind: str) -> int:
    if at < 0:
        raise ValueError("its description lies outside the file")
    try:
        return int(struct.unpack_from(kind, content, at)[0])
    except struct.error as error:
        raise ValueError("its description lies outside the file") from error


def check_schema(schema: Flat, size: int) -> None:
    """Refuse a description that grows when it is read, because its parts stand in many places.

    Args:
        schema: Arrow's table ``Schema``.
        size: Bytes that its texts may have together: as many as it is read from.

    Raises:
        UnreadableFile: If it describes more.
        ValueError: If it is damaged.
    """
    texts = _texts(schema, _SCHEMA_METADATA, size)
    waiting = [(field, 0) for field in _some(schema, _SCHEMA_FIELDS)]
    count = 0
    while waiting:
        field, depth = waiting.pop()
        count += 1
        texts += field.vector(_NAME)[1] + _texts(field, _FIELD_METADATA, size)
        kind = field.table(_TYPE)
        if kind is not None and field.number(_KIND, "<B") == _TIMESTAMP:
            texts += kind.vector(_ZONE)[1]
        waiting += [(child, depth + 1) for child in _some(field, _CHILDREN)]
        if depth > _MAX_DEPTH or texts > size or count + len(waiting) > MAX_FIELDS:
            raise _too_much()


def _some(table: Flat, field: int) -> Iterator[Flat]:
    """Return the tables of a list that is not too long."""
    if table.vector(field)[1] > MAX_FIELDS:
        raise _too_much()
    return table.tables(field)


def _texts(table: Flat, field: int, size: int) -> int:
    """Count the bytes of keys and values."""
    if table.vector(field)[1] > size // 8:
        raise _too_much()
    return sum(pair.vector(_KEY)[1] + pair.vector(_VALUE)[1] for pair in table.tables(field))


def _too_much() -> UnreadableFile:
    return UnreadableFile(
        f"A price file may describe {MAX_FIELDS:,} columns, each of them once. Received: more. "
        "Save it with the columns time,open,high,low,close,volume only."
    )
