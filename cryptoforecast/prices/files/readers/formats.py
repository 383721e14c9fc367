"""Which format a file has: by its first bytes, never by its name."""

from __future__ import annotations

import dataclasses
import math
from typing import IO

import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.bounds import (
    MAX_ROWS,
    MIN_PACKED_ROW,
    MIN_PLAIN_ROW,
    Bounds,
    take_plain_memory,
)
from cryptoforecast.prices.files.candles import candles_from_table
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.opening import Report
from cryptoforecast.prices.files.readers import fast_csv, fast_parquet
from cryptoforecast.prices.files.readers.csv import read_csv
from cryptoforecast.prices.files.readers.feather import read_feather
from cryptoforecast.prices.files.readers.json import read_json
from cryptoforecast.prices.files.readers.layout import HEAD_BYTES
from cryptoforecast.prices.files.readers.lines import bounded_lines
from cryptoforecast.prices.files.readers.parquet import read_parquet
from cryptoforecast.prices.files.table import Reading, Table
from cryptoforecast.prices.files.unpacking import unpack

# Roles of the columns of numbers.
_NUMBERS = ("open", "high", "low", "close", "volume")
# First bytes of files of other kinds, what they are, and what the user can do.
_OTHER_KINDS = (
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet", "Save the sheet as CSV."),
    (b"PK\x03\x04", "an archive within an archive", "Unpack it first."),
    (b"\x1f\x8b", "an archive within an archive", "Unpack it first."),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it first."),
    (b"Rar!", "a rar archive", "Unpack it first."),
    (b"BZh", "a bzip2 archive", "Unpack it first."),
    (b"\xfd7zXZ\x00", "an xz archive", "Unpack it first."),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "Unpack it first."),
    (b"FEA1", "Feather of version 1", "Save it again as Parquet or CSV."),
    (b"%PDF", "a PDF", "Export the prices as CSV."),
    (b"\x93NUMPY", "a NumPy array", "Save it as CSV."),
    (b"\x89PNG", "a picture", "Export the prices as CSV. A picture is not text."),
)

# Bytes that the place of a text takes.
_PLACE = 8


def read_candles(
    packed: IO[bytes],
    corrections: Corrections,
    interval: str | None = None,
    max_candles: int = MAX_ROWS,
    report: Report | None = None,
    room: float = math.inf,
) -> Reading:
    """Read a file of any known format, packed or not, into candles.

    Args:
        packed: The file, seekable.
        corrections: What the user says about the file.
        interval: Merge into candles of this length; the file's own by default.
        max_candles: Candles that a text or Parquet file may have if ``interval`` is not given.
        report: Called now and then after the file was read; may raise to end the reading.
        room: Bytes of memory that the rows may take.

    Raises:
        UnreadableFile: If the file is of no known format, or can't be read without doubt.
        InvalidInput: If ``interval`` is no multiple of the file's candle length, or there are more
            candles than ``max_candles``, or than there is room for.
    """
    table = read_table(packed, corrections, interval, max_candles, room)
    if isinstance(table, Reading):
        return table
    if report is not None:
        table = dataclasses.replace(table, report=report)
    return candles_from_table(table, corrections, interval)


def read_table(
    packed: IO[bytes],
    corrections: Corrections,
    interval: str | None = None,
    max_candles: int = MAX_ROWS,
    room: float = math.inf,
) -> Table | Reading:
    """Read a file of any known format into a table; the arguments are those of ``read_candles``.

    Returns:
        The table. A long file of regular candles that are merged is read into candles at once.

    Raises:
        UnreadableFile: See ``read_candles``.
        InvalidInput: See ``read_candles``.
    """
    take_plain_memory()
    stream = unpack(packed)
    head = stream.read(HEAD_BYTES)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, what, remedy in _OTHER_KINDS:
        if start.startswith(magic):
            raise UnreadableFile(
                "A price file is CSV, JSON, Parquet or Feather. Received: what looks like "
                f"{what}. {remedy}"
            )
    bounds = Bounds.of(packed, MIN_PLAIN_ROW if stream is packed else MIN_PACKED_ROW, room)
    most = max_candles if interval is None else MAX_ROWS
    if head.startswith(b"PAR1"):
        whole = _seekable(packed, stream)
        bounds = Bounds(bounds.size, room=room)
        reading = interval and fast_parquet.read_and_merge(whole, corrections, interval, bounds)
        if reading:
            return reading
        table = read_parquet(whole, corrections, bounds, most)
    elif head.startswith(b"ARROW1"):
        table = read_feather(_seekable(packed, stream), corrections, room)
    elif start.startswith((b"{", b"[")):
        table = read_json(unpack(packed), corrections, bounds)
    else:

        def open_lines() -> IO[bytes]:
            return bounded_lines(unpack(packed))

        reading = interval and fast_csv.read_and_merge(open_lines, corrections, interval, bounds)
        if reading:
            return reading
        table = read_csv(open_lines, corrections, most, bounds)
    for role in table.roles:
        texts = table.column(role)
        size = _bytes_of_text(texts)
        if role == "time":
            bounds.check_texts("times", len(texts), size, "Write them as 2024-12-31 23:00:00.")
        elif role.partition(" ")[0] in _NUMBERS:
            bounds.check_texts(f"values of {role}", len(texts), size, "Write them as 1234.56.")
    return table


def _bytes_of_text(values: pd.Series) -> int:
    """Count the bytes of a column of text, about, as if every text was written out."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        lengths = values.cat.categories.astype("str").str.len().to_numpy()
        return int(lengths[values.cat.codes.to_numpy()].sum()) + _PLACE * len(values)
    return int(values.array.nbytes) if isinstance(values.dtype, pd.StringDtype) else 0


def _seekable(packed: IO[bytes], stream: IO[bytes]) -> IO[bytes]:
    """Return the file at its start, if it is not in an archive."""
    if stream is not packed:
        raise UnreadableFile(
            "Parquet and Feather are packed already. Received: one in an archive. Unpack it first."
        )
    packed.seek(0)
    return packed
