"""Files that a user names: prices, tables and documents, written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.files.writing import check_free, check_page, check_target, put
from cryptoforecast.prices.files.writing import write as write_prices
from cryptoforecast.texts import cell

__all__ = [
    "cells",
    "check_page",
    "check_preset",
    "check_target",
    "csv_text",
    "write_bytes",
    "write_prices",
    "write_table",
    "write_text",
]


def check_preset(path: Path, *, force: bool = False) -> None:
    """Refuse a place where no preset can be written; see ``check_target``.

    Raises:
        InvalidInput: For another extension than ``.json``, or a folder that does not exist.
        AlreadyExists: If there is such a file and ``force`` was not given.
    """
    if path.suffix.lower() != ".json":
        raise InvalidInput(
            f"The name of a preset must end in .json. Received: {path.name!r:.200}. Rename it."
        )
    check_free(path, force=force)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table without its index as CSV or Parquet, by the name's extension.

    Raises:
        InvalidInput: If the folder cannot be written to.
    """
    name = path.name.lower()

    def into(temporary: Path) -> None:
        if name.endswith(".parquet"):
            table.to_parquet(temporary, index=False)
        else:
            compression = "gzip" if name.endswith(".gz") else None
            cells(table).to_csv(temporary, index=False, compression=compression)

    put(path, into)


def csv_text(table: pd.DataFrame) -> str:
    """Write a table without its index as CSV."""
    text: str = cells(table).to_csv(index=False)
    return text


def cells(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table in which a spreadsheet finds no formula: its texts are texts, see ``cell``.

    A page shows such tables too, because their users can save them as CSV.
    """
    texts = table.select_dtypes(["object", "string"])
    return table.assign(**{str(name): texts[name].map(_cell) for name in texts})


def _cell(value: object) -> object:
    return cell(value) if isinstance(value, str) else value


def write_text(text: str, path: Path) -> None:
    """Write a document in UTF-8.

    Raises:
        InvalidInput: If the folder cannot be written to.
    """
    put(path, lambda temporary: temporary.write_text(text, "utf-8"))


def write_bytes(content: bytes, path: Path) -> None:
    """Write a file as a whole or not at all.

    Raises:
        InvalidInput: If the folder cannot be written to.
    """
    put(path, lambda temporary: temporary.write_bytes(content))
