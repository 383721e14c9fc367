"""Thrift's compact protocol, in which Parquet writes what its columns hold.

Every list is at most as long as its bytes, so nothing grows beyond what was read.
"""

from __future__ import annotations

from typing import TypeAlias

Value: TypeAlias = "int | bool | bytes | list[Value] | dict[int, Value] | None"

_MAX_DEPTH = 16
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_INTEGERS = (4, 5, 6)


class Reader:
    """Reads values one after the other.

    Args:
        content: The bytes; the first value begins at its start.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        #: Where the next value begins.
        self.at = 0

    def struct(self, depth: int = 0) -> dict[int, Value]:
        """Read a record, by the numbers of its fields.

        Raises:
            ValueError: If it is damaged, nested too deeply or names a field twice.
        """
        if depth > _MAX_DEPTH:
            raise ValueError("its description is nested too deeply")
        fields: dict[int, Value] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._integer()
            if number in fields:
                raise ValueError("its description names a field twice")
            kind = head & 15
            fields[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Value:
        """Read a value of a kind; a flag in a record is not read here but with the field's head."""
        if kind in _INTEGERS:
            return self._integer()
        if kind == _BINARY:
            return self._take(self._varint())
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in (_LIST, _SET):
            head = self._byte()
            size = self._varint() if head >> 4 == 15 else head >> 4
            return self._items(head & 15, size, depth)
        if kind in (_TRUE, _FALSE, _BYTE):
            return self._byte()
        if kind == _DOUBLE:
            self._take(8)
            return None
        if kind == _MAP and not self._varint():
            return None
        raise ValueError("its description is of an unknown kind")

    def _items(self, kind: int, size: int, depth: int) -> list[Value]:
        """Read the items of a list; each takes a byte at least."""
        if size > len(self._content) - self.at:
            raise ValueError("its description is cut off")
        return [self._value(kind, depth) for _ in range(size)]

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, size: int) -> bytes:
        part = self._content[self.at : self.at + size]
        if len(part) != size:
            raise ValueError("its description is cut off")
        self.at += size
        return part

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("its description has a number beyond 64 bits")

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
