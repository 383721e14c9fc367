"""How much a file of Arrow's format holds, told before it is unpacked.

Imports nothing of ours. The format's own reader allocates whatever a file says it needs, and says
so only afterwards; what it goes by stands in a few tables, which are FlatBuffers.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import IO

import numpy as np

_MAGIC = b"ARROW1"
# Fields by their number in the tables of Arrow's File.fbs and Message.fbs.
_FOOTER_DICTIONARIES, _FOOTER_BATCHES = 2, 3
_MESSAGE_HEADER = 2
_DICTIONARY_BATCH = 1
_BATCH_ROWS, _BATCH_BUFFERS, _BATCH_COMPRESSION = 0, 2, 3
_BLOCK = np.dtype([("offset", "<i8"), ("head", "<i4"), ("_", "<i4"), ("body", "<i8")])
_BUFFER = np.dtype([("offset", "<i8"), ("size", "<i8")])


def parts(stream: IO[bytes]) -> Iterator[tuple[int, int]]:
    """Yield rows, 0 for a dictionary, and unpacked bytes of each part of a file.

    Args:
        stream: the file, seekable; its position changes.

    Raises:
        ValueError: if the file is damaged.
    """
    try:
        footer = _footer(stream)
        for number in (_FOOTER_DICTIONARIES, _FOOTER_BATCHES):
            for block in _structs(footer, _root(footer), number, _BLOCK):
                offset, size = int(block["offset"]), int(block["head"])
                head = _at(stream, offset, size)
                # Four bytes of ones, the size, and the message; in older files the size alone.
                message = head[8:] if head.startswith(b"\xff\xff\xff\xff") else head[4:]
                batch = _follow(message, _field(message, _root(message), _MESSAGE_HEADER))
                rows = number == _FOOTER_BATCHES
                if not rows:
                    batch = _follow(message, _field(message, batch, _DICTIONARY_BATCH))
                at = _field(message, batch, _BATCH_ROWS) if rows else 0
                count = struct.unpack_from("<q", message, at)[0] if at else 0
                yield count, _unpacked(stream, message, batch, offset + size)
    except (struct.error, IndexError, OverflowError) as error:
        raise ValueError(f"a table of contents that can't be followed ({error})") from error


def _footer(stream: IO[bytes]) -> bytes:
    end = stream.seek(0, os.SEEK_END) - len(_MAGIC) - 4
    tail = _at(stream, end, 4 + len(_MAGIC))
    size = struct.unpack_from("<i", tail)[0]
    if not tail.endswith(_MAGIC) or not 0 < size <= end:
        raise ValueError("the file is cut off")
    return _at(stream, end - size, size)


def _unpacked(stream: IO[bytes], message: bytes, batch: int, body: int) -> int:
    """Bytes of a batch's columns once they are unpacked."""
    buffers = _structs(message, batch, _BATCH_BUFFERS, _BUFFER)
    if not _field(message, batch, _BATCH_COMPRESSION):
        return int(buffers["size"].sum())
    total = 0
    for buffer in buffers[buffers["size"] > 0]:
        # Each begins with its size unpacked; -1 where it is not packed.
        size = struct.unpack("<q", _at(stream, body + int(buffer["offset"]), 8))[0]
        total += int(buffer["size"]) if size < 0 else size
    return total


def _at(stream: IO[bytes], offset: int, size: int) -> bytes:
    if offset < 0 or size < 0:
        raise ValueError("a place outside the file")
    stream.seek(offset)
    found = stream.read(size)
    if len(found) < size:
        raise ValueError("the file is cut off")
    return found


# ---------------------------------------------------------------------------- FlatBuffers


def _root(data: bytes) -> int:
    return _follow(data, 0)


def _follow(data: bytes, at: int) -> int:
    return at + int(struct.unpack_from("<I", data, at)[0])


def _field(data: bytes, table: int, number: int) -> int:
    """Where a table's field lies; 0 if it is absent."""
    slots = table - int(struct.unpack_from("<i", data, table)[0])
    if slots < 0 or 4 + 2 * number >= struct.unpack_from("<H", data, slots)[0]:
        return 0
    offset = int(struct.unpack_from("<H", data, slots + 4 + 2 * number)[0])
    return table + offset if offset else 0


def _structs(data: bytes, table: int, number: int, kind: np.dtype) -> np.ndarray:
    """Read a table's list of structs."""
    at = _field(data, table, number)
    if not at:
        return np.empty(0, dtype=kind)
    start = _follow(data, at)
    count = struct.unpack_from("<I", data, start)[0]
    if start + 4 + count * kind.itemsize > len(data):
        raise ValueError("a list longer than the file")
    return np.frombuffer(data, dtype=kind, count=count, offset=start + 4)
