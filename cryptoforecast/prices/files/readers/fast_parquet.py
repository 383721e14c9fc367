"""Long Parquet files of regular numbers merged into longer candles while they are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from cryptoforecast.prices.files.bounds import Bounds
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.readers.arrow import (
    check_lengths,
    columns_of_names,
    is_text,
    roles_by_schema,
    value_types,
)
from cryptoforecast.prices.files.readers.block_merging import Merger, is_usual, join_parts
from cryptoforecast.prices.files.readers.blocks import NotPlain
from cryptoforecast.prices.files.readers.layout import Layout
from cryptoforecast.prices.files.readers.parquet import CheckedFile, batches, open_checked, refusals
from cryptoforecast.prices.files.table import Reading

if TYPE_CHECKING:
    import pyarrow as pa

#: Rows of a file that is short enough to be read at once.
FEW_ROWS = 200_000


def read_and_merge(
    stream: IO[bytes], corrections: Corrections, interval: str, bounds: Bounds
) -> Reading | None:
    """Read a long Parquet file of regular candles, and merge them into longer ones.

    Args:
        stream: The file, seekable.
        corrections: What the user says about the file.
        interval: Length of the candles to make.
        bounds: What a file of this size may hold.

    Returns:
        The same as ``candles_from_table``; ``None`` if the file is short or irregular.

    Raises:
        UnreadableFile: If the file is damaged, too large or no table of prices.
        InvalidInput: If ``interval`` is no multiple of the file's candle length.
    """
    corrections.refuse_delimiter("Parquet")
    with refusals():
        checked_file = open_checked(stream, bounds)
        schema = checked_file.file.schema_arrow
        roles, decisions = roles_by_schema(schema, corrections)
        if checked_file.footer.rows <= FEW_ROWS:
            return None
        # The merger looks for blanks in the last column, so a column with a role comes last.
        spare = [name for name in schema.names if name not in roles.values()]
        layout = Layout(
            encoding="",
            delimiter="",
            names=(*spare, *dict.fromkeys(roles.values())),
            roles=roles,
            skip=0,
            decisions={"format": "Parquet", **decisions},
            others=tuple(columns_of_names(schema, roles)),
        )
        types = value_types(schema, roles)
        plain = _plain_types(types, roles)
        if plain is None or not is_usual(layout, corrections):
            return None
        merger = Merger(layout, interval, in_text=False)
        try:
            parts = [merger(block) for block in _blocks(checked_file, types, plain)]
            return join_parts(parts, merger, corrections)
        except NotPlain:
            return None


def _plain_types(types: dict[str, pa.DataType], roles: dict[str, str]) -> pa.Schema | None:
    """Return the types that the merger needs; ``None`` if columns are of other ones."""
    import pyarrow as pa

    plain = {}
    for role, name in roles.items():
        type_ = types[name]
        number = pa.types.is_integer(type_) or pa.types.is_floating(type_)
        if role == "time" and pa.types.is_timestamp(type_):
            plain[name] = pa.timestamp("ns", type_.tz)
        elif role == "symbol" and pa.types.is_string(type_):
            plain[name] = type_
        elif number and role != "symbol":
            plain[name] = type_ if role == "time" else pa.float64()
        else:
            return None
    return pa.schema(plain)


def _blocks(
    checked_file: CheckedFile, types: dict[str, pa.DataType], plain: pa.Schema
) -> Iterator[pa.Table]:
    """Yield blocks of rows, with the types that the merger needs.

    Raises:
        NotPlain: If a value does not fit into its type.
    """
    import pyarrow as pa

    for batch in batches(checked_file, types):
        for name in types:
            check_lengths(name, batch.column(name))
        batch.validate(full=True)
        # A name that repeats stays packed: written out, it may be long.
        fields = [batch.schema.field(each.name) if is_text(each.type) else each for each in plain]
        try:
            yield pa.Table.from_batches([batch]).select(plain.names).cast(pa.schema(fields))
        except pa.ArrowInvalid as error:
            raise NotPlain(str(error)) from error
