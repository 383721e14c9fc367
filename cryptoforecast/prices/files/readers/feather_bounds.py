"""What a Feather file unpacks to, counted before any of it is unpacked.

Before each packed piece stands its size. Arrow unpacks it to exactly this size, or refuses it.
"""

from __future__ import annotations

import struct

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.bounds import Bounds
from cryptoforecast.prices.files.readers.flatbuffer import Flat, check_schema

# Bytes that the description at the end may have.
_MAX_FOOTER = 1_000_000
# Batches of rows that a file may have.
_MAX_BATCHES = 2_000
# Fields of the tables `Footer`, `Message` and `RecordBatch` in Arrow's `File.fbs`, `Message.fbs`.
_SCHEMA, _DICTIONARIES, _BATCHES = 1, 2, 3
_HEADER_KIND, _HEADER, _RECORD_BATCH = 1, 2, 3
_LENGTH, _BUFFERS, _COMPRESSION = 0, 2, 3


def check_footer(content: bytes) -> None:
    """Check how a Feather file describes its columns.

    Args:
        content: The whole file.

    Raises:
        UnreadableFile: If it describes more than a price file has.
        ValueError: If it is damaged.
    """
    footer, size = _footer(content)
    schema = footer.table(_SCHEMA)
    if schema is None:
        raise ValueError("its columns are not described")
    check_schema(schema, size)


def check_batches(content: bytes, bounds: Bounds) -> int:
    """Check what the batches of a Feather file unpack to.

    Args:
        content: The whole file.
        bounds: What a file of this size may hold.

    Returns:
        Its rows.

    Raises:
        UnreadableFile: If it is too much.
        ValueError: If it is damaged.
    """
    footer, _ = _footer(content)
    if footer.vector(_DICTIONARIES)[1]:
        raise ValueError("it has dictionaries that no column refers to")
    _, count = footer.vector(_BATCHES)
    if count > _MAX_BATCHES:
        raise UnreadableFile(
            f"A Feather file may have {_MAX_BATCHES:,} batches of rows. Received: {count:,}. Save "
            "it with more rows in each."
        )
    rows = unpacked = 0
    for at, described, _ in footer.structs(_BATCHES, "<qi4xq"):
        batch = _batch(content, at)
        rows += batch.number(_LENGTH, "<q")
        bounds.check_rows(rows)
        unpacked += _unpacked(content, batch, at + described, bounds)
        bounds.check_unpacked(unpacked)
    return rows


def _footer(content: bytes) -> tuple[Flat, int]:
    """Return the description at the end, and its bytes."""
    (size,) = _numbers(content, len(content) - 10, "<i")
    if not 0 < size <= len(content) - 18:
        raise ValueError("its end is not there")
    if size > _MAX_FOOTER:
        raise UnreadableFile(
            f"The description at the end of a Feather file may have {_MAX_FOOTER:,} bytes. "
            f"Received: {size:,}. Save it with fewer columns."
        )
    return Flat.root(content[-10 - size : -10]), size


def _batch(content: bytes, at: int) -> Flat:
    """Return the description of a batch that begins at a place."""
    mark, size = _numbers(content, at, "<iI")
    begin = at + 8
    if mark != -1:
        begin, size = at + 4, mark
    message = Flat.root(content[begin : begin + size])
    batch = message.table(_HEADER)
    if batch is None or message.number(_HEADER_KIND, "<B") != _RECORD_BATCH:
        raise ValueError("a batch of rows is not described")
    return batch


def _unpacked(content: bytes, batch: Flat, body: int, bounds: Bounds) -> int:
    """Count the bytes that the pieces of a batch unpack to.

    Args:
        content: The whole file.
        batch: The description.
        body: Where the pieces begin.
        bounds: What a file of this size may hold.
    """
    packed = batch.table(_COMPRESSION) is not None
    total = 0
    for at, length in batch.structs(_BUFFERS, "<qq"):
        size = length
        if packed and length:
            (size,) = _numbers(content, body + at, "<q")
            size = length if size == -1 else size
        if size < 0:
            raise ValueError("a piece has a negative size")
        bounds.check_piece(size, "A column")
        total += size
    return total


def _numbers(content: bytes, at: int, kind: str) -> tuple[int, ...]:
    try:
        if at >= 0:
            return struct.unpack_from(kind, content, at)
    except struct.error:
        pass
    raise ValueError("its description lies outside the file")
