"""Columns of Arrow's types, as Parquet and Feather hold them, made into a table within bounds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.bounds import MAX_ROWS, give_back_memory
from cryptoforecast.prices.files.columns.roles import (
    are_enough,
    choose_roles,
    is_closing,
    is_foreign,
    is_yahoo,
    missing_columns,
)
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.table import Table
from cryptoforecast.types import Array

if TYPE_CHECKING:
    import pyarrow as pa

#: Bytes that a text in a column with a role may have.
MAX_VALUE = 65_536
#: Bytes that the texts of a column may have on average, beyond the first ``FREE_TEXT`` bytes.
#: Times, numbers and names are shorter.
MAX_MEAN_VALUE, FREE_TEXT = 100, 20_000_000
# Bytes that a value takes at least, an empty text too.
_MIN_VALUE = 8


def roles_by_schema(
    schema: pa.Schema, corrections: Corrections
) -> tuple[dict[str, str], dict[str, str]]:
    """Find which column plays which role, by its name or its type.

    Args:
        schema: Names and types of the columns. The only column of timestamps is the time,
            whatever its name.
        corrections: What the user says about the columns.

    Returns:
        Column name by role, and why one of several was chosen.

    Raises:
        UnreadableFile: If the columns make neither candles nor trades, or several may play one
            role.
    """
    import pyarrow as pa

    names = [str(name) for name in schema.names]
    choice = choose_roles(names, corrections.columns, corrections.preference)
    roles = choice.roles
    if "time" not in roles:
        timestamps = [field.name for field in schema if pa.types.is_timestamp(field.type)]
        if len(timestamps) == 1:
            roles["time"] = timestamps[0]
    if not are_enough(roles):
        raise missing_columns(names, corrections.columns)
    if choice.refusal:
        raise choice.refusal
    copy = next((name for name in roles.values() if names.count(name) != 1), None)
    if copy is not None:
        raise UnreadableFile(
            "Each column must be there once. Received: several columns called "
            f"{copy.partition(' (column ')[0]!r}. Save the file with one of them."
        )
    return roles, choice.decisions


def columns_of_names(
    schema: pa.Schema, roles: Mapping[str, str], names: Collection[str] | None = None
) -> dict[str, pa.DataType]:
    """Return the columns without a role that may name series: of text or whole numbers.

    Args:
        schema: Names and types of the columns.
        roles: Column name by role.
        names: Those to return; all by default.

    Returns:
        Type by column name.
    """
    from pyarrow import types

    columns: dict[str, pa.DataType] = {}
    for field in schema:
        type_ = field.type.value_type if types.is_dictionary(field.type) else field.type
        once = schema.names.count(field.name) == 1 and field.name not in roles.values()
        if once and (is_text(type_) or types.is_integer(type_)):
            columns |= value_types(schema, {"": field.name})
    return {name: type_ for name, type_ in columns.items() if names is None or name in names}


def value_types(schema: pa.Schema, roles: Mapping[str, str]) -> dict[str, pa.DataType]:
    """Settle the type that each column with a role is read as.

    Args:
        schema: Names and types of the columns.
        roles: Column name by role.

    Returns:
        Type by column name; that of the values where a column refers to a dictionary of them.

    Raises:
        UnreadableFile: If a column holds bytes, or several values in one.
    """
    import pyarrow as pa

    types = {}
    for name in dict.fromkeys(roles.values()):
        type_ = schema.field(name).type
        type_ = type_.value_type if pa.types.is_dictionary(type_) else type_
        storage = type_.storage_type if isinstance(type_, pa.BaseExtensionType) else type_
        if not _holds_values(storage):
            raise UnreadableFile(
                f"Columns must hold numbers, text or times. Received: {type_} in column "
                f"{name!r}. Save one number a column."
            )
        # No dictionary can be written out as views.
        types[name] = pa.large_string() if pa.types.is_string_view(type_) else type_
    return types


def _holds_values(type_: pa.DataType) -> bool:
    """Tell whether a type holds one number, text or time a row."""
    from pyarrow import types

    return is_text(type_) or any(
        is_one(type_)
        for is_one in (
            types.is_integer,
            types.is_floating,
            types.is_decimal,
            types.is_boolean,
            types.is_timestamp,
            types.is_date,
            types.is_time,
            types.is_null,
        )
    )


def is_text(type_: pa.DataType) -> bool:
    """Tell whether a type is text, in any of Arrow's three forms."""
    from pyarrow import types

    return bool(
        types.is_string(type_) or types.is_large_string(type_) or types.is_string_view(type_)
    )


def make_table(
    parts: Iterable[tuple[str, pa.Array]],
    types: dict[str, pa.DataType],
    schema: pa.Schema,
    roles: dict[str, str],
    kind: str,
    max_bytes: int,
) -> Table:
    """Put the parts of columns together, with every value written out.

    Args:
        parts: Column name and some of its values; the parts of a column come in their order.
        types: Type of the values by column name.
        schema: Names of all columns of the file.
        roles: Column name by role.
        kind: The file's format, for the decisions.
        max_bytes: Bytes that the columns with a role may have together.

    Raises:
        UnreadableFile: If there are more than ``MAX_ROWS`` rows or ``max_bytes`` bytes, or the
            texts of a column are too long on average.
        ValueError: If a part is damaged.
    """
    import pyarrow as pa

    collected: dict[str, list[pa.Array]] = {name: [] for name in types}
    rows, sizes = dict.fromkeys(types, 0), dict.fromkeys(types, 0)
    for name, part in parts:
        part.validate(full=True)
        rows[name] += len(part)
        check_lengths(name, part)
        sizes[name] += _bytes_written_out(part)
        if sizes[name] > FREE_TEXT + MAX_MEAN_VALUE * rows[name]:
            raise UnreadableFile(
                f"The texts of a column may have {MAX_MEAN_VALUE} bytes on average. Received: more "
                f"in column {name!r}. Leave it out."
            )
        if rows[name] > MAX_ROWS or sum(sizes.values()) > max_bytes:
            raise _too_large(kind, max_bytes)
        collected[name].append(part if part.type == types[name] else part.cast(types[name]))
    columns = {name: pa.chunked_array(collected[name], type_) for name, type_ in types.items()}
    collected.clear()
    names = [str(name) for name in schema.names]
    frame = pd.DataFrame({name: _series(columns.pop(name)) for name in types})
    give_back_memory()
    return Table(
        frame=frame,
        roles=roles,
        unit="row",
        first=1,
        yahoo=is_yahoo(names),
        closing=is_closing(roles, names),
        foreign=is_foreign(names),
        decisions={"format": kind},
    )


def check_cells(types: Mapping[str, pa.DataType], rows: int, kind: str, max_bytes: int) -> None:
    """Refuse columns that are too large whatever is in them, before they are read.

    Args:
        types: Type by name of the columns.
        rows: Of the file.
        kind: The file's format, for the message.
        max_bytes: Bytes that the columns may have together.

    Raises:
        UnreadableFile: If they have more.
    """
    widths = (type_.bit_width // 8 if _has_width(type_) else _MIN_VALUE for type_ in types.values())
    if rows * sum(widths) > max_bytes:
        raise _too_large(kind, max_bytes)


def _has_width(type_: pa.DataType) -> bool:
    """Tell whether every value of the type takes the same number of bytes in memory."""
    from pyarrow import types

    return bool(types.is_integer(type_) or types.is_floating(type_) or types.is_timestamp(type_))


def _too_large(kind: str, max_bytes: int) -> UnreadableFile:
    """Return the error for columns that are too large."""
    return UnreadableFile(
        f"The columns of a {kind} file may have {max_bytes // 10**6:,} MB, unpacked, and "
        f"{MAX_ROWS // 10**6} million rows. Received: more. Split it, or merge its "
        "candles first."
    )


def check_lengths(name: str, part: pa.Array) -> None:
    """Refuse a text that is longer than any time or name.

    Args:
        name: Of the column.
        part: Some of its values.

    Raises:
        UnreadableFile: If there is one.
    """
    import pyarrow as pa

    texts = part.dictionary if pa.types.is_dictionary(part.type) else part
    longest = int(_text_lengths(texts).max(initial=0)) if is_text(texts.type) else 0
    if longest > MAX_VALUE:
        raise too_long_text(longest, f" in column {name!r}")


def too_long_text(size: int, where: str = "") -> UnreadableFile:
    """Return the error for a text that is longer than any time or name.

    Args:
        size: Its bytes.
        where: The column, for the message.
    """
    return UnreadableFile(
        f"A text may have {MAX_VALUE:,} bytes. Received: {size:,}{where}. Leave it out."
    )


def _bytes_written_out(part: pa.Array) -> int:
    """Count the bytes of a column with every value written out, however often it repeats."""
    import pyarrow as pa

    least = _MIN_VALUE * len(part)
    if pa.types.is_null(part.type) or pa.types.is_boolean(part.type):
        return least
    if pa.types.is_dictionary(part.type):
        if not is_text(part.type.value_type):
            return least
        codes = part.indices.drop_null().to_numpy()
        return max(least, int(_text_lengths(part.dictionary)[codes].sum()))
    if pa.types.is_string_view(part.type):
        return int(_text_lengths(part).sum())
    return int(part.nbytes)


def _text_lengths(texts: pa.Array) -> Array:
    """Count the bytes of each text, `(n,)`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string_view(texts.type):
        # A view has 16 bytes and begins with its text's length; many may share one text.
        views = np.frombuffer(texts.buffers()[1], dtype=np.int32)[::4]
        lengths = views[texts.offset : texts.offset + len(texts)].astype(np.int64)
        return np.where(texts.is_valid().to_numpy(zero_copy_only=False), lengths, 0)
    lengths_: Array = pc.binary_length(texts).fill_null(0).to_numpy().astype(np.int64)
    return lengths_


def _series(column: pa.ChunkedArray) -> pd.Series:
    """Convert a column to pandas: decimals to floats, dates to times, text to one text type."""
    import pyarrow as pa

    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("ms"))
    values = column.to_pandas()
    return values.astype("str") if pa.types.is_string(column.type) else values
