"""Parquet files, with their times in a column or in the index."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import IO, TYPE_CHECKING, NamedTuple

import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.bounds import MAX_BYTES, MAX_ROWS, Bounds
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.readers.arrow import (
    MAX_VALUE,
    check_cells,
    columns_of_names,
    is_text,
    make_table,
    roles_by_schema,
    too_long_text,
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

# Rows, cells and bytes of texts read at once. A text that is written as its difference from another
# may be as long as its page.
_ROWS_AT_ONCE, _CELLS_AT_ONCE, _TEXT_AT_ONCE = 65_536, 1_000_000, 16_000_000
# Bytes that stand before each text.
_LENGTH_BYTES = 4
# Bytes of a column that are in memory before they are unpacked.
_BUFFER_BYTES = 1_000_000


class CheckedFile(NamedTuple):
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
    return open_checked(stream, Bounds.of(stream)).file


def open_checked(stream: IO[bytes], bounds: Bounds) -> CheckedFile:
    """Open a Parquet file; see ``open_parquet``.

    Args:
        stream: The file, seekable.
        bounds: What a file of this size may hold.
    """
    import pyarrow.parquet as pq

    footer = read_footer(stream, bounds)
    return CheckedFile(stream, bounds, footer, pq.ParquetFile(stream))


def read_parquet(
    stream: IO[bytes],
    corrections: Corrections,
    bounds: Bounds | None = None,
    max_candles: int = MAX_ROWS,
) -> Table:
    """Read a Parquet file.

    Args:
        stream: The file, seekable.
        corrections: What the user says about it.
        bounds: What a file of this size may hold; by default found out.
        max_candles: Rows of candles that the file may have.

    Raises:
        UnreadableFile: If it is damaged, too large, or not a table of prices.
        InvalidInput: If it has more than ``max_candles`` candles, or they need too much memory.
    """
    corrections.refuse_delimiter("Parquet")
    bounds = Bounds.of(stream) if bounds is None else bounds
    with refusals():
        checked_file = open_checked(stream, bounds)
        schema = checked_file.file.schema_arrow
        roles, decisions = roles_by_schema(schema, corrections)
        types = value_types(schema, roles)
        if set(PRICES) <= roles.keys() and checked_file.footer.rows > max_candles:
            raise too_many_candles(max_candles)
        bounds.check_room(checked_file.footer.rows, text=any(map(is_text, types.values())))
        most = min(MAX_BYTES, bounds.values)

        def load(names: Sequence[str]) -> pd.DataFrame:
            others = columns_of_names(schema, roles, names)
            check_cells(others, checked_file.footer.rows, "Parquet", most)
            return make_table(
                _parts(checked_file, others), others, schema, {}, "Parquet", most
            ).frame

        check_cells(types, checked_file.footer.rows, "Parquet", most)
        table = make_table(_parts(checked_file, types), types, schema, roles, "Parquet", most)
        table.decisions.update(decisions)
        others = list(columns_of_names(schema, roles))
        return dataclasses.replace(table, others=others, load=load)


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Turn the errors of damaged Parquet files into refusals."""
    import pyarrow as pa

    try:
        yield
    except (OSError, ValueError, TypeError, KeyError, OverflowError, pa.ArrowException) as error:
        raise UnreadableFile(
            f"The Parquet file is damaged: {str(error)[:200]}. Download it again."
        ) from error


def _parts(
    checked_file: CheckedFile, types: dict[str, pa.DataType]
) -> Iterator[tuple[str, pa.Array]]:
    """Yield parts of the columns."""
    for batch in batches(checked_file, types):
        for name in types:
            yield name, batch.column(name)


def batches(checked_file: CheckedFile, types: dict[str, pa.DataType]) -> Iterator[pa.RecordBatch]:
    """Yield the rows; text that repeats stays packed until its size is known.

    Args:
        checked_file: The file.
        types: Type by name of the columns to read.

    Raises:
        UnreadableFile: If the columns unpack to too much.
        ValueError: If there are other rows than the end of the file says, or it is damaged.
    """
    import pyarrow.parquet as pq

    pages = count_pages(checked_file.stream, checked_file.footer, types, checked_file.bounds)
    # Text written as its difference from the text before can't stay packed. What has no dictionary
    # would be put into one, which takes more memory.
    texts = sorted(name for name in types if is_text(types[name]) and name in pages.packed)
    texts = [] if pages.differences else texts
    packed = pq.ParquetFile(
        checked_file.stream,
        read_dictionary=texts,
        metadata=checked_file.file.metadata,
        buffer_size=_BUFFER_BYTES,
    )
    rows = 0
    size = _rows_at_once(pages, len(types))
    # Read together, the dictionaries of row groups would each be joined to all before them.
    groups = [[number] for number in range(packed.num_row_groups)] if texts else [None]
    # Columns are read one after another: together, large ones would take memory at the same time.
    for batch in chain.from_iterable(
        packed.iter_batches(size, group, columns=list(types), use_threads=False) for group in groups
    ):
        rows += batch.num_rows
        if rows > checked_file.footer.rows:
            raise ValueError("it has more rows than its end says")
        yield batch
    if rows < checked_file.footer.rows:
        raise ValueError("it has fewer rows than its end says")


def _rows_at_once(pages: Pages, columns: int) -> int:
    """Return how many rows are read at once.

    Args:
        pages: Of the columns that are read.
        columns: How many these are.

    Raises:
        UnreadableFile: If texts are too long on average in a page.
    """
    rows = max(1, min(_ROWS_AT_ONCE, _CELLS_AT_ONCE // max(1, columns)))
    if pages.differences:
        return min(rows, max(1, _TEXT_AT_ONCE // max(1, pages.largest)))
    if pages.per_value > MAX_VALUE + _LENGTH_BYTES:
        raise too_long_text(int(pages.per_value))
    return min(rows, int(_TEXT_AT_ONCE / max(1.0, pages.per_value)))
