"""Files that a user names: prices, tables and documents, written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning.bundle_archive import MAX_BYTES as MAX_ARCHIVE_BYTES
from cryptoforecast.prices.files.price_file import check_free, check_page, check_target, put
from cryptoforecast.prices.files.price_file import write as write_prices
from cryptoforecast.types.texts import cell

__all__ = [
    "MAX_ARCHIVE_BYTES",
    "cells",
    "check_export",
    "check_page",
    "check_target",
    "csv_text",
    "read_archive",
    "write_bytes",
    "write_prices",
    "write_table",
    "write_text",
]


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


def check_export(path: Path, format: str | None, *, force: bool = False) -> None:
    """Refuse a place where no model can be exported to; see ``check_target``.

    Args:
        path: The file to write.
        format: Format of the export; ``None`` for a saved model as it is.
        force: Whether an existing file may be replaced.

    Raises:
        InvalidInput: For another ending than ``.zip`` or the format, or a folder that does not
            exist.
        AlreadyExists: If there is such a file and ``force`` is false.
    """
    endings = (".zip",) if format is None else (".zip", f".{format}")
    if not path.name.lower().endswith(endings):
        raise InvalidInput(
            f"The name must end in {' or '.join(endings)}. Received: {path.name!r:.80}. Rename it."
        )
    check_free(path, force=force)


def write_bytes(content: bytes, path: Path) -> None:
    """Write a file as a whole or not at all.

    Raises:
        InvalidInput: If the folder cannot be written to.
    """
    put(path, lambda temporary: temporary.write_bytes(content))


def read_archive(path: Path) -> bytes:
    """Read a file that may be the archive of a model; what is too large is not read on.

    Raises:
        InvalidInput: If there is no such file, or it can't be read.
    """
    try:
        if not path.is_file():  # reading a pipe or a device might never end
            raise InvalidInput(
                f"The archive of a model is needed. Received: {str(path)!r:.200}, which is no file."
            )
        with path.open("rb") as file:
            return file.read(MAX_ARCHIVE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InvalidInput(
            f"{str(path)!r:.200} can't be read: {reason}. Choose another file."
        ) from error
