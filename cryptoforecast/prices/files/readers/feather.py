"""Small Feather files (Arrow's file format); larger ones might fill the memory."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING

import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.bounds import Bounds
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.readers.arrow import (
    columns_of_names,
    is_text,
    make_table,
    roles_by_schema,
    value_types,
)
from cryptoforecast.prices.files.readers.feather_bounds import check_batches, check_footer
from cryptoforecast.prices.files.table import Table

if TYPE_CHECKING:
    import pyarrow as pa

#: Bytes that a Feather file may have: LZ4 unpacks one to at most 255, so these to about 1 GB.
MAX_FEATHER_BYTES = 4_000_000
#: Bytes that its columns may have together, unpacked; a column is unpacked before it is counted.
MAX_UNPACKED_BYTES = 100_000_000
# What Zstandard packed begins with this, and may unpack to any size.
_ZSTANDARD = b"\x28\xb5\x2f\xfd"


def open_feather(stream: IO[bytes]) -> pa.Schema:
    """Read the names and types of a Feather file's columns.

    Args:
        stream: The file from its start.

    Raises:
        UnreadableFile: If it is too large.
        ValueError: If it is damaged; also as one of Arrow's errors.
    """
    return _schema_of(_content(stream))


def _content(stream: IO[bytes]) -> bytes:
    """Read the whole file, if it is small enough."""
    content = stream.read(MAX_FEATHER_BYTES + 1)
    if len(content) > MAX_FEATHER_BYTES:
        raise _unbounded("a larger file")
    return content


def _schema_of(content: bytes) -> pa.Schema:
    """Return the columns once their description is found to be within bounds."""
    import pyarrow as pa

    check_footer(content)
    return pa.ipc.open_file(content).schema


def read_feather(stream: IO[bytes], corrections: Corrections, room: float = math.inf) -> Table:
    """Read a Feather file of at most ``MAX_FEATHER_BYTES``, packed by LZ4 or not at all.

    Args:
        stream: The file from its start.
        corrections: What the user says about it.
        room: Bytes of memory that the rows may take.

    Raises:
        UnreadableFile: If it is damaged, too large, packed in another way, or not a table of
            prices.
        InvalidInput: If there is no room for its rows.
    """
    import pyarrow as pa

    corrections.refuse_delimiter("Feather")
    content = _content(stream)
    if _ZSTANDARD in content:
        raise _unbounded("bytes that Zstandard begins with")
    try:
        schema = _schema_of(content)
        roles, decisions = roles_by_schema(schema, corrections)
        types = value_types(schema, roles)
        _check_types(schema, types)
        bounds = Bounds(len(content), room=room)
        rows = check_batches(content, bounds)
        bounds.check_room(rows, text=any(map(is_text, types.values())))
        most = min(MAX_UNPACKED_BYTES, bounds.values)

        def load(names: Sequence[str]) -> pd.DataFrame:
            others = columns_of_names(schema, roles, names)
            _check_types(schema, others)
            parts = _parts(content, schema, others)
            return make_table(parts, others, schema, {}, "Feather", most).frame

        parts = _parts(content, schema, types)
        table = make_table(parts, types, schema, roles, "Feather", most)
        table.decisions.update(decisions)
        others = list(columns_of_names(schema, roles))
        return dataclasses.replace(table, others=others, load=load)
    except (OSError, ValueError, TypeError, KeyError, OverflowError, pa.ArrowException) as error:
        raise UnreadableFile(
            f"The Feather file is damaged: {str(error)[:200]}. Save it again as Feather version 2."
        ) from error


def _check_types(schema: pa.Schema, types: dict[str, pa.DataType]) -> None:
    """Refuse types whose values lie in any number of packed pieces.

    The dictionaries of all columns are unpacked together, those of columns without a role too.
    """
    import pyarrow as pa

    for field in schema:
        type_ = field.type
        storage = type_.storage_type if isinstance(type_, pa.BaseExtensionType) else type_
        split = pa.types.is_string_view(storage) and field.name in types
        if split or pa.types.is_dictionary(storage) or pa.types.is_nested(storage):
            raise _unbounded(f"{field.type} in column {field.name!r}")


def _parts(
    content: bytes, schema: pa.Schema, types: dict[str, pa.DataType]
) -> Iterator[tuple[str, pa.Array]]:
    """Yield the batches of one column after the other, so that each is unpacked alone."""
    import pyarrow as pa

    for name in types:
        field = schema.get_field_index(name)
        options = pa.ipc.IpcReadOptions(included_fields=[field], use_threads=False)
        file = pa.ipc.open_file(content, options=options)
        for i in range(file.num_record_batches):
            yield name, file.get_batch(i).column(0)


def _unbounded(content: str) -> UnreadableFile:
    return UnreadableFile(
        f"A Feather file may have {MAX_FEATHER_BYTES // 10**6} MB, packed by LZ4 or not at all, "
        f"and columns of plain values. Received: {content}. Save it as Parquet."
    )
