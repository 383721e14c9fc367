"""Parquet and Feather, with their times in a column or in the index.

Imports ``errors`` and its neighbours; pyarrow inside functions.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.importing import columns
from cryptoforecast.prices.importing.table import Corrections, Table
from cryptoforecast.prices.opening import MAX_BYTES, MAX_ROWS, too_large

if TYPE_CHECKING:
    import pyarrow as pa


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
        table = file.read(columns=list(dict.fromkeys(roles.values())))
        return _table(table, names, roles, "Parquet")
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
        batches, rows, size = [], 0, 0
        for i in range(file.num_record_batches):
            batch = file.get_batch(i)
            rows, size = rows + batch.num_rows, size + batch.nbytes
            if rows > MAX_ROWS or size > MAX_BYTES:
                raise too_large()
            batches.append(batch)
        table = pa.Table.from_batches(batches, file.schema)
        table.validate(full=True)
        return _table(table.select(list(dict.fromkeys(roles.values()))), names, roles, "Feather")
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


def _table(table: pa.Table, names: list[str], roles: dict[str, str], kind: str) -> Table:
    import pyarrow as pa

    parts = {}
    for name in dict.fromkeys(roles.values()):
        column = table.column(name)
        if pa.types.is_decimal(column.type):
            column = column.cast(pa.float64())
        elif pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
            raise UnreadableFile(
                f"Columns must hold numbers, text or times. Received: {column.type} in column "
                f"{name!r}. Save one number a column."
            )
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
