"""The way out: a price history is written to a file, and any file whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from cryptoforecast import whole_files
from cryptoforecast.errors import AlreadyExists, InvalidInput
from cryptoforecast.prices.candles.resample import COLUMNS
from cryptoforecast.prices.candles.symbols import read_symbol
from cryptoforecast.texts import cell
from cryptoforecast.types import PriceHistory
from cryptoforecast.types.prices import UNKNOWN_COIN
from cryptoforecast.types.quotes import DEFAULT_QUOTE

#: Characters of a path in a message.
MAX_SHOWN = 200


def write(history: PriceHistory, path: Path, *, force: bool = False) -> None:
    """Write candles as CSV or Parquet, by the name's extension.

    The columns are ``time,open,high,low,close,volume``; ``symbol`` with the coin if it is known,
    such as ``BTC`` or ``BTC-EUR``; ``source`` if the prices are simulated; and ``quote`` if they
    are not in USD.

    Args:
        history: The candles to write.
        path: Ends in ``.csv``, ``.csv.gz`` or ``.parquet``.
        force: Whether an existing file may be replaced.

    Raises:
        InvalidInput: For another extension, or a folder that can't be written to.
        AlreadyExists: If the file exists and ``force`` is false.
    """
    check_target(path, force=force)
    kind = path.name.lower()
    table = history.candles[list(COLUMNS)].copy(deep=False)
    if _says_coin(history):
        table["symbol"] = history.market
    if history.simulated:
        table["source"] = "simulated"
    if history.quote != DEFAULT_QUOTE:
        table["quote"] = history.quote

    def into(temporary: Path) -> None:
        if kind.endswith(".parquet"):
            table.to_parquet(temporary)
        else:
            table.index = pd.Index(table.index.strftime("%Y-%m-%dT%H:%M:%SZ"), name="time")
            table.to_csv(temporary, compression="gzip" if kind.endswith(".gz") else None)

    put(path, into)


def put(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file as a whole or not at all, even if the process is killed meanwhile.

    What a killed process has left in the folder is removed.

    Args:
        path: The file to make; an existing one is replaced.
        write: Writes the content to the path that it is called with.

    Raises:
        InvalidInput: If the folder can't be written to.
    """
    whole_files.tidy(path.parent)
    try:
        whole_files.replace(path, write)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise _unwritable(path, error) from error


def check_target(path: Path, *, force: bool = False) -> None:
    """Refuse a name that ``write`` would refuse, before the work is done.

    Args:
        path: The file to write.
        force: Whether an existing file may be replaced.

    Raises:
        InvalidInput: For another extension than ``.csv``, ``.csv.gz`` or ``.parquet``, the name of
            a folder, or a folder that does not exist or can't be written to.
        AlreadyExists: If the file exists and ``force`` is false.
    """
    kind = path.name.lower()
    if not kind.endswith((".csv", ".csv.gz", ".parquet")):
        raise InvalidInput(
            f"The name must end in .csv, .csv.gz or .parquet. Received: {path.name!r}. Rename it."
        )
    check_free(path, force=force)


def check_page(path: Path, *, force: bool = False) -> None:
    """Refuse a place where no report can be written; see ``check_target``.

    Raises:
        InvalidInput: For another extension than ``.html`` or ``.htm``, the name of a folder, or a
            folder that does not exist or can't be written to.
        AlreadyExists: If the file exists and ``force`` is false.
    """
    if not path.name.lower().endswith((".html", ".htm")):
        raise InvalidInput(
            f"The name of a report must end in .html. Received: {path.name!r}. Rename it."
        )
    check_free(path, force=force)


def check_free(path: Path, *, force: bool = False) -> None:
    """Refuse a file that can't be written, whatever its extension; see ``check_target``.

    Raises:
        InvalidInput: For the name of a folder, or a folder that does not exist or can't be written
            to.
        AlreadyExists: If the file exists and ``force`` is false.
    """
    try:
        there, is_folder = os.path.lexists(path), path.is_dir()
        has_folder = path.absolute().parent.is_dir()
    except (OSError, ValueError) as error:  # too long a name, a folder of somebody else
        raise _unwritable(path, error) from error
    if not has_folder:
        raise InvalidInput(
            f"{_text(path)} can't be written: there is no folder {_text(path.parent)}. Choose a "
            "folder that exists and is yours."
        )
    if is_folder:
        raise InvalidInput(f"{_text(path)} can't be written: it is a folder. Choose another name.")
    if there and not force:
        raise AlreadyExists(
            f"{_text(path)} exists already. Choose another name, or replace it (--force, "
            "force=True)."
        )
    try:
        whole_files.check_writable(path.absolute().parent)
    except OSError as error:
        raise _unwritable(path, error) from error


def _says_coin(history: PriceHistory) -> bool:
    """Return whether the market's name gives the coin when it is read again."""
    symbol = read_symbol(history.market)
    return (
        history.coin != UNKNOWN_COIN
        and cell(history.market) == history.market
        and symbol is not None
        and symbol.ticker == history.coin
        and (symbol.quote or DEFAULT_QUOTE) == history.quote
    )


def _text(value: object) -> str:
    """Shorten a text of any length, such as a path, to what a message can hold."""
    text = str(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _unwritable(path: Path, error: Exception) -> InvalidInput:
    """Say why a file can't be written."""
    reason = error.strerror if isinstance(error, OSError) else None
    return InvalidInput(
        f"{_text(path)} can't be written: {_text(reason or error)}. Choose a folder that exists "
        "and is yours, with space left, and a usual name."
    )
