"""Parquet files, with their times in a column or in the index."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, NamedTuple

import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.bounds import MAX_BYTES, MAX_ROWS, Bounds
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.readers.arrow import (
    columns_of_names,
    is_text,
    make_table,
    roles_by_schema,
    value_types,
)
from cryptoforecast.prices.files.readers.csv import too_many_candles
from cryptoforecast.prices.files.readers.parquet_bounds import (
    Footer,
    Pages,
    count_pages,
    read_footer,
)
from cryptoforecast.prices.files.table import PRICES, Table

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# Rows read at once, and bytes of texts read at once that are written as differences: each may be
# as long as its page.
_ROWS_AT_ONCE, _DIFFERENCES_AT_ONCE = 65_536, 16_000_000


class _Opened(NamedTuple):
    """A Parquet file whose description was checked."""

    stream: IO[bytes]
    bounds: Bounds
    footer: Footer
    file: pq.ParquetFile


def open_parquet(stream: IO[bytes]) -> pq.ParquetFile:
    """Open a Parquet file once its description is found to be within bounds.

    Args:
        stream: The file, seekable.

    Raises:
        UnreadableFile: If it is too large.
        ValueError: If it is damaged; also as one of Arrow's errors.
    """
    return _open(stream).file


def _open(stream: IO[bytes]) -> _Opened:
    import pyarrow.parquet as pq

    bounds = Bounds.of(stream)
    footer = read_footer(stream, bounds)
    return _Opened(stream, bounds, footer, pq.ParquetFile(stream))


def read_parquet(stream: IO[bytes], corrections: Corrections, max_candles: int = MAX_ROWS) -> Table:
    """Read a Parquet file.

    Args:
        stream: The file, seekable.
        corrections: What the user says about it.
        max_candles: Rows of candles that the file may have.

    Raises:
        UnreadableFile: If it is damaged, too large, or not a table of prices.
        InvalidInput: If it has more than ``max_candles`` candles.
    """
    import pyarrow as pa

    corrections.refuse_delimiter("Parquet")
    try:
        opened = _open(stream)
        schema = opened.file.schema_arrow
        roles, decisions = roles_by_schema(schema, corrections)
        types = value_types(schema, roles)
        if set(PRICES) <= roles.keys() and opened.footer.rows > max_candles:
            raise too_many_candles(max_candles)
        most = min(MAX_BYTES, opened.bounds.values)

        def load(names: Sequence[str]) -> pd.DataFrame:
            others = columns_of_names(schema, roles, names)
            return make_table(_parts(opened, others), others, schema, {}, "Parquet", most).frame

        table = make_table(_parts(opened, types), types, schema, roles, "Parquet", most)
        table.decisions.update(decisions)
        others = list(columns_of_names(schema, roles))
        return dataclasses.replace(table, others=others, load=load)
    except (OSError, ValueError, TypeError, KeyError, OverflowError, pa.ArrowException) as error:
        raise UnreadableFile(
            f"The Parquet file is damaged: {str(error)[:200]}. Download it again."
        ) from error


def _parts(opened: _Opened, types: dict[str, pa.DataType]) -> Iterator[tuple[str, pa.Array]]:
    """Yield parts of the columns; text that repeats stays packed until its size is known."""
    import pyarrow.parquet as pq

    pages = count_pages(opened.stream, opened.footer, types, opened.bounds)
    # Text written as its difference from the text before can't stay packed.
    texts = [] if pages.differences else sorted(name for name in types if is_text(types[name]))
    packed = pq.ParquetFile(opened.stream, read_dictionary=texts, metadata=opened.file.metadata)
    for batch in packed.iter_batches(_rows_at_once(pages), columns=list(types)):
        for name in types:
            yield name, batch.column(name)


def _rows_at_once(pages: Pages) -> int:
    """Return how many rows are read at once."""
    if not pages.differences:
        return _ROWS_AT_ONCE
    return min(_ROWS_AT_ONCE, max(1, _DIFFERENCES_AT_ONCE // max(1, pages.largest)))
