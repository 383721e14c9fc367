"""What the columns of a file are called, so that a person can say which is which.

Imports ``errors`` and its neighbours; pyarrow inside functions. Looks at the beginning only.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, BinaryIO

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns.roles import check_names, unique_names
from cryptoforecast.prices.files.opening import open_source, unpack
from cryptoforecast.prices.files.readers.layout import HEAD_BYTES, find_column_names

# Where in a JSON file its first row may begin.
_BEFORE_ROWS = 2_000


def column_names(source: Path | bytes | BinaryIO, delimiter: str | None = None) -> list[str]:
    """Name the columns of a file, whether or not it can be read as prices.

    Args:
        source: path, content, or an open binary file.
        delimiter: between the columns of text; found by default.

    Returns:
        Names as the file has them, ``"column 3"`` where the third has none; empty where even
        that can't be told, or where there are more than a price file has.
    """
    import pyarrow as pa

    try:
        with open_source(source) as packed:
            return list(check_names([str(name) for name in _names(packed, delimiter)]))
    except (UnreadableFile, OSError, ValueError, pa.ArrowException):
        return []


def _names(packed: IO[bytes], delimiter: str | None) -> tuple[str, ...]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    head = unpack(packed).read(HEAD_BYTES)
    packed.seek(0)
    if head.startswith(b"PAR1"):
        return tuple(pq.read_schema(packed).names)
    if head.startswith(b"ARROW1"):
        return tuple(pa.ipc.open_file(packed).schema.names)
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"[")):
        return _of_json(head.decode("utf-8-sig", errors="replace"))
    return find_column_names(head, delimiter)


def _of_json(head: str) -> tuple[str, ...]:
    """Name what the first row holds: the keys of a record, the names or places of a list."""
    decoder = json.JSONDecoder()
    for start, character in enumerate(head[:_BEFORE_ROWS]):
        if character not in "{[":
            continue
        try:
            row, _ = decoder.raw_decode(head, start)
        except (ValueError, RecursionError):
            continue
        cells = list(row.values()) if isinstance(row, dict) else row
        if not cells or any(isinstance(cell, dict | list) for cell in cells):
            continue
        if isinstance(row, dict):
            return tuple(row)
        named = all(isinstance(cell, str) and not _is_number(cell) for cell in row)
        return unique_names(row if named else [""] * len(row))
    return ()


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
