"""Files that a user names: prices, tables and documents, written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cryptoforecast.prices.files.price_file import check_page, check_target, put
from cryptoforecast.prices.files.price_file import write as write_prices

__all__ = ["check_page", "check_target", "write_prices", "write_table", "write_text"]


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
            table.to_csv(temporary, index=False, compression=compression)

    put(path, into)


def write_text(text: str, path: Path) -> None:
    """Write a document in UTF-8.

    Raises:
        InvalidInput: If the folder cannot be written to.
    """
    put(path, lambda temporary: temporary.write_text(text, "utf-8"))
