"""Parquet files, with their times in a column or in the index."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING

import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.opening import MAX_BYTES, MAX_ROWS, too_large
from cryptoforecast.prices.files.readers.arrow import (
    columns_of_names,
    is_text,
    make_table,
    roles_by_schema,
    value_types,
)
from cryptoforecast.prices.files.table import Table

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# Rows read at once: the second where text may grow as it is read.
_ROWS_AT_ONCE = 65_536
_ROWS_OF_DIFFERENCES = 1_024


def read_parquet(stream: IO[bytes], corrections: Corrections) -> Table:
    """Read a Parquet file.

    Args:
        stream: The file, seekable.
        corrections: What the user says about it.

    Raises:
        UnreadableFile: If it is damaged, too large, or not a table of prices.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    corrections.refuse_delimiter("Parquet")
    try:
        file = pq.ParquetFile(stream)
        metadata = file.metadata
        sizes = (metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
        if metadata.num_rows > MAX_ROWS or sum(sizes) > MAX_BYTES:
            raise too_large()
        schema = file.schema_arrow
        roles, decisions = roles_by_schema(schema, corrections)
        types = value_types(schema, roles)

        def load(names: Sequence[str]) -> pd.DataFrame:
            others = columns_of_names(schema, roles, names)
            parts = _parts(file, stream, others)
            return make_table(parts, others, schema, {}, "Parquet", MAX_BYTES).frame

        parts = _parts(file, stream, types)
        table = make_table(parts, types, schema, roles, "Parquet", MAX_BYTES)
        table.decisions.update(decisions)
        others = list(columns_of_names(schema, roles))
        return dataclasses.replace(table, others=others, load=load)
    except (OSError, ValueError, TypeError, KeyError, pa.ArrowException) as error:
        raise UnreadableFile(
            f"The Parquet file is damaged: {str(error)[:200]}. Download it again."
        ) from error


def _parts(
    file: pq.ParquetFile, stream: IO[bytes], types: dict[str, pa.DataType]
) -> Iterator[tuple[str, pa.Array]]:
    """Yield parts of the columns; text that repeats stays packed until its size is known."""
    import pyarrow.parquet as pq

    texts = {name for name, type_ in types.items() if is_text(type_)}
    metadata = file.metadata
    chunks = (
        metadata.row_group(i).column(j)
        for i in range(metadata.num_row_groups)
        for j in range(metadata.num_columns)
    )
    # Text written as its difference from the text before can't stay packed: fewer rows at once.
    differences = {
        chunk.path_in_schema for chunk in chunks if "DELTA_BYTE_ARRAY" in chunk.encodings
    }
    packed = pq.ParquetFile(stream, read_dictionary=sorted(texts - differences))
    rows = _ROWS_OF_DIFFERENCES if texts & differences else _ROWS_AT_ONCE
    for batch in packed.iter_batches(rows, columns=list(types)):
        for name in types:
            yield name, batch.column(name)
