"""Names of a file's columns, from its beginning, so that the user can say which is which."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, BinaryIO

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns.roles import check_names, unique_names
from cryptoforecast.prices.files.opening import open_source
from cryptoforecast.prices.files.readers.feather import open_feather
from cryptoforecast.prices.files.readers.layout import HEAD_BYTES, find_column_names
from cryptoforecast.prices.files.readers.parquet import open_parquet
from cryptoforecast.prices.files.unpacking import unpack

# Characters at the start of a JSON file within which its first row must begin.
_MAX_BEFORE_ROWS = 2_000


def column_names(source: Path | bytes | BinaryIO, delimiter: str | None = None) -> list[str]:
    """Return the names of a file's columns, whether or not it can be read as prices.

    Args:
        source: Path, content, or an open binary file.
        delimiter: The character between the columns of text; found by default.

    Returns:
        Names as the file has them, ``"column 3"`` where the third has none. Empty where the file
        can't be read, no columns are found, or there are more than a price file may have.
    """
    import pyarrow as pa

    try:
        with open_source(source) as packed:
            return list(check_names([str(name) for name in _names(packed, delimiter)]))
    except (UnreadableFile, OSError, ValueError, pa.ArrowException):
        return []


def _names(packed: IO[bytes], delimiter: str | None) -> tuple[str, ...]:
    """Find the names by the file's format."""
    head = unpack(packed).read(HEAD_BYTES)
    packed.seek(0)
    if head.startswith(b"PAR1"):
        return tuple(open_parquet(packed).schema_arrow.names)
    if head.startswith(b"ARROW1"):
        return tuple(open_feather(packed).names)
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"[")):
        return _of_json(head.decode("utf-8-sig", errors="replace"))
    return find_column_names(head, delimiter)


def _of_json(head: str) -> tuple[str, ...]:
    """Find the names in the first row: keys of a record, or names or places of a list."""
    decoder = json.JSONDecoder()
    for start, character in enumerate(head[:_MAX_BEFORE_ROWS]):
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
        has_names = all(isinstance(cell, str) and not _is_number(cell) for cell in row)
        return unique_names(row if has_names else [""] * len(row))
    return ()


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
