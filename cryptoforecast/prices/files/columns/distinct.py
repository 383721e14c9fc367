"""The different values of a column, and which of them each row has."""

from __future__ import annotations

import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.types import Array


def distinct_values(column: pd.Series, most: int | None = None) -> tuple[Array, list[str]]:
    """Number the different values of a column, and return these as text.

    Args:
        column: `(n,)` values of any kind.
        most: How many different ones there may be; any number by default.

    Returns:
        See ``codes_of``, and ``texts_of`` its values.

    Raises:
        UnreadableFile: If there are more than ``most``.
    """
    codes, values = codes_of(column, most)
    return codes, texts_of(values)


def codes_of(column: pd.Series, most: int | None = None) -> tuple[Array, pd.Index]:
    """Number the different values of a column; the arguments are as in ``distinct_values``.

    Returns:
        `(n,)` int, the number of each row's value, -1 where there is none; and `(m,)` values.

    Raises:
        UnreadableFile: If there are more than ``most``.
    """
    if pd.api.types.is_float_dtype(column.dtype):
        numbers = column.dropna()
        if (numbers == numbers.round()).all() and (numbers.abs() < 2**53).all():
            column = column.astype("Int64")
    codes, values = pd.factorize(column, use_na_sentinel=True)
    if most is not None and len(values) > most:
        raise UnreadableFile(
            f"The rows of a file may be of {most:,} coins. Received: {len(values):,} different "
            f"symbols in column {str(column.name)[:40]!r}. Remove the column if it holds no "
            "symbols, or save one coin a file."
        )
    return codes, pd.Index(values)


def texts_of(values: pd.Index) -> list[str]:
    """Return values as text, `(m,)`; each takes an object, so there should not be very many."""
    return [str(value).strip() for value in values]
