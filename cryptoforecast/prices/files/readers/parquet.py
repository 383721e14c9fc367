"""Parquet and Feather, with their times in a column or in the index.

Imports ``errors`` and its neighbours; pyarrow inside functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns import roles as columns
from cryptoforecast.prices.files.opening import MAX_BYTES, MAX_ROWS, too_large
from cryptoforecast.prices.files.readers import arrow
from cryptoforecast.prices.files.table import Corrections, Table
from cryptoforecast.types import Array

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# Rows of Parquet read at once.
_MANY, _FEW = 65_536, 1_024


def parquet(stream: IO[bytes], corrections: Corrections) -> Table:
    """Read Parquet.

    Raises:
        UnreadableFile: if it is damaged, too large, or not a table of prices.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    corrections.refuse_delimiter("Parquet")
    try:
        file = pq.ParquetFile(stream)
        about = file.metadata
        groups = (about.row_group(i).total_byte_size for i in range(about.num_row_groups))
        if about.num_rows > MAX_ROWS or sum(groups) > MAX_BYTES:
            raise too_large()
        names = [str(name) for name in file.schema_arrow.names]
        roles = _roles(names, file.schema_arrow, corrections)
        kinds = _kinds(file.schema_arrow, roles)
        return _table(_read(_batches(file, stream, kinds), kinds), names, roles, "Parquet")
    except (OSError, ValueError, TypeError, KeyError, pa.ArrowException) as error:
        raise UnreadableFile(
            f"The Parquet file is damaged: {str(error)[:200]}. Download it again."
        ) from error


def feather(stream: IO[bytes], corrections: Corrections) -> Table:
    """Read Feather (Arrow's file format).

    Raises:
        UnreadableFile: if it is damaged, too large, or not a table of prices.
    """
    import pyarrow as pa

    corrections.refuse_delimiter("Feather")
    try:
        file = pa.ipc.open_file(stream)
        names = [str(name) for name in file.schema.names]
        roles = _roles(names, file.schema, corrections)
        kinds = _kinds(file.schema, roles)
        _check_unpacked(stream)
        found = map(file.get_batch, range(file.num_record_batches))
        return _table(_read(found, kinds), names, roles, "Feather")
    except (OSError, ValueError, TypeError, KeyError, pa.ArrowException) as error:
        raise UnreadableFile(
            f"The Feather file is damaged: {str(error)[:200]}. Save it again, version 2."
        ) from error


def _roles(names: list[str], schema: pa.Schema, corrections: Corrections) -> dict[str, str]:
    """Find roles by name; the only column of timestamps is the time in any case."""
    import pyarrow as pa

    roles = columns.by_name(names, corrections.columns)
    if "time" not in roles:
        dated = [field.name for field in schema if pa.types.is_timestamp(field.type)]
        if len(dated) == 1:
            roles["time"] = dated[0]
    if not columns.enough(roles):
        raise columns.lacking(names, corrections.columns)
    return roles


def _kinds(schema: pa.Schema, roles: dict[str, str]) -> dict[str, pa.DataType]:
    """Types of the columns that matter, as they will be read; refuse those that hold no values."""
    import pyarrow as pa

    kinds = {}
    for name in dict.fromkeys(roles.values()):
        kind = schema.field(name).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        plain = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
        if _is_no_value(plain):
            raise UnreadableFile(
                f"Columns must hold numbers, text or times. Received: {kind} in column "
                f"{name!r}. Save one number a column."
            )
        # No dictionary can be written out as views.
        kinds[name] = pa.large_string() if pa.types.is_string_view(kind) else kind
    return kinds


def _is_no_value(kind: pa.DataType) -> bool:
    """Whether a type holds bytes, or several values in one."""
    from pyarrow import types

    return any(
        test(kind)
        for test in (
            types.is_nested,
            types.is_binary,
            types.is_large_binary,
            types.is_binary_view,
            types.is_fixed_size_binary,
            types.is_dictionary,
        )
    )


def _batches(
    file: pq.ParquetFile, stream: IO[bytes], kinds: dict[str, pa.DataType]
) -> Iterator[pa.RecordBatch]:
    """Read Parquet in parts; text that repeats stays packed until its size is known."""
    import pyarrow.parquet as pq

    texts = {name for name, kind in kinds.items() if _is_text(kind)}
    # What is written as its difference from the text before can't stay so: fewer rows at once.
    about = file.metadata
    chunks = (
        about.row_group(i).column(j)
        for i in range(about.num_row_groups)
        for j in range(about.num_columns)
    )
    apart = {chunk.path_in_schema for chunk in chunks if "DELTA_BYTE_ARRAY" in chunk.encodings}
    packed = pq.ParquetFile(stream, read_dictionary=sorted(texts - apart))
    batches: Iterator[pa.RecordBatch] = packed.iter_batches(
        _FEW if texts & apart else _MANY, columns=list(kinds)
    )
    return batches


def _check_unpacked(stream: IO[bytes]) -> None:
    """Refuse a Feather file that is too large once unpacked, before it is."""
    rows = size = 0
    for more, bytes_ in arrow.parts(stream):
        rows, size = rows + more, size + bytes_
        if rows > MAX_ROWS or size > MAX_BYTES:
            raise too_large()


def _read(
    batches: Iterable[pa.RecordBatch], kinds: dict[str, pa.DataType]
) -> dict[str, pa.ChunkedArray]:
    """Put parts together, dictionaries written out, within the bounds."""
    import pyarrow as pa

    parts: dict[str, list[pa.Array]] = {name: [] for name in kinds}
    rows = size = 0
    for batch in batches:
        batch.validate(full=True)
        rows += batch.num_rows
        for name, kind in kinds.items():
            column = batch.column(name)
            size += _size(column)
            if rows > MAX_ROWS or size > MAX_BYTES:
                raise too_large()
            parts[name].append(column if column.type == kind else column.cast(kind))
    return {name: pa.chunked_array(parts[name], kind) for name, kind in kinds.items()}


def _size(column: pa.Array) -> int:
    """Bytes of a column with every value written out, however often it repeats."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        if not _is_text(column.type.value_type):
            return 8 * len(column)
        known = column.indices.drop_null().to_numpy()
        return int(_lengths(column.dictionary)[known].sum())
    if pa.types.is_string_view(column.type):
        return int(_lengths(column).sum())
    return int(column.nbytes)


def _lengths(texts: pa.Array) -> Array:
    """Bytes of each text, `(n,)`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string_view(texts.type):
        # A view has 16 bytes and begins with its text's length; many may share one text.
        views = np.frombuffer(texts.buffers()[1], dtype=np.int32)[::4]
        lengths = views[texts.offset : texts.offset + len(texts)].astype(np.int64)
        return np.where(texts.is_valid().to_numpy(zero_copy_only=False), lengths, 0)
    bytes_each: Array = pc.binary_length(texts).fill_null(0).to_numpy().astype(np.int64)
    return bytes_each


def _is_text(kind: pa.DataType) -> bool:
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _table(
    found: dict[str, pa.ChunkedArray], names: list[str], roles: dict[str, str], kind: str
) -> Table:
    import pyarrow as pa

    parts = {}
    for name, column in found.items():
        if pa.types.is_decimal(column.type):
            column = column.cast(pa.float64())
        if pa.types.is_date(column.type):
            column = column.cast(pa.timestamp("ms"))
        parts[name] = _series(column)
    return Table(
        frame=pd.DataFrame(parts),
        roles=roles,
        unit="row",
        first=1,
        yahoo=columns.is_yahoo(names),
        closing=columns.is_closing(roles),
        foreign=columns.is_foreign(names),
        decisions={"format": kind},
    )


def _series(column: pa.ChunkedArray) -> pd.Series:
    import pyarrow as pa

    values = column.to_pandas()
    return values.astype("str") if pa.types.is_string(column.type) else values
