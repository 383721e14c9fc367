"""Price files: read whatever is known, refuse the rest with the reason; write our own layout.

Imports ``types``, ``errors`` and its neighbours. This module opens, unpacks and bounds;
``layouts`` understands the columns.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
import uuid
from pathlib import Path
from typing import IO, BinaryIO

import pandas as pd

from cryptoforecast.errors import AlreadyExists, InvalidInput, UnreadableFile
from cryptoforecast.prices import quality
from cryptoforecast.prices.coins import COINS, resolve
from cryptoforecast.prices.layouts import Reading, interpret, is_yahoo, recognise
from cryptoforecast.prices.opening import MAX_BYTES, MAX_ROWS, Unpacked, opened, too_large
from cryptoforecast.prices.resample import describe, resample, step_of
from cryptoforecast.types import INTERVALS, PriceHistory

_HEAD = 65_536
_CHUNK = 500_000
_QUOTES = ("USDT", "USDC", "BUSD", "USD")
_RENAMED = {"XBT": "BTC"}
# What a file of another kind begins with, and what to do about it.
_FOREIGN = (
    (b"PK\x03\x04", "a spreadsheet or zip archive", "Save the sheet as CSV or unpack it."),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet", "Save the sheet as CSV."),
    (b"<", "a web page or XML", "Download the data itself, not the page that links to it."),
    (b"{", "JSON", "Convert it to CSV."),
    (b"[", "JSON", "Convert it to CSV."),
)


def read(
    source: Path | bytes | BinaryIO,
    name: str,
    *,
    coin: str | None = None,
    interval: str | None = None,
) -> PriceHistory:
    """Read a price file: CSV (also gzipped) or Parquet.

    Known layouts: our own (``time,open,high,low,close,volume[,source]``), exchange files with a
    ``timestamp`` in s, ms or us, Kaggle's minute files, Yahoo's and yfinance's. A column
    ``source`` that says ``simulated`` marks the prices as such.

    Args:
        source: path, content, or an open binary file.
        name: the file's name, for messages and for guessing the coin.
        coin: ticker; guessed from the name by default, else ``"UNKNOWN"``.
        interval: merge into candles of this length; as in the file by default.

    Returns:
        History with source ``"file NAME"``; rows without a price are left out and reported.

    Raises:
        UnreadableFile: if the file can't be read rightly; says what was seen and where.
        InvalidInput: if the interval asked for is shorter than the file's.
    """
    if interval is not None:
        step_of(interval)
    name = re.sub(r"[^\w .()+-]", "_", Path(name).name)[:120] or "unnamed"
    ticker = resolve(coin).ticker if coin else guess_coin(name)
    try:
        with opened(source) as stream:
            reading = _interpreted(stream)
    except UnreadableFile as error:
        raise UnreadableFile(f"{name} can't be read. {error}") from error
    return _history(reading, name, ticker, interval)


def write(history: PriceHistory, path: Path, *, force: bool = False) -> None:
    """Write candles as CSV or Parquet, by the name's extension.

    Layout: ``time,open,high,low,close,volume``, and ``source`` if the prices are simulated.

    Args:
        history: what to write.
        path: ends in ``.csv``, ``.csv.gz`` or ``.parquet``.
        force: whether an existing file may be replaced.

    Raises:
        InvalidInput: for another extension, or a folder that can't be written.
        AlreadyExists: if there is such a file and ``force`` was not given.
    """
    kind = path.name.lower()
    if not kind.endswith((".csv", ".csv.gz", ".parquet")):
        raise InvalidInput(
            f"The name must end in .csv, .csv.gz or .parquet. Received: {path.name!r}. Rename it."
        )
    if path.exists() and not force:
        raise AlreadyExists(
            f"{path} exists already. Choose another name, or ask for it to be replaced (--force)."
        )
    table = history.candles.copy(deep=False)
    if history.simulated:
        table["source"] = "simulated"
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        if kind.endswith(".parquet"):
            table.to_parquet(temporary)
        else:
            table.index = pd.Index(table.index.strftime("%Y-%m-%dT%H:%M:%SZ"), name="time")
            table.to_csv(temporary, compression="gzip" if kind.endswith(".gz") else None)
        temporary.replace(path)
    except OSError as error:
        raise InvalidInput(
            f"{path} can't be written: {error.strerror}. Choose a folder that exists and is yours."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def guess_coin(name: str) -> str:
    """Guess the ticker from a file's name: ``BTCUSDT_1h.csv`` gives ``"BTC"``."""
    by_name = {coin.name.upper(): coin.ticker for coin in COINS.values()}
    for word in re.split(r"[^A-Z0-9]+", name.upper()):
        for quote in _QUOTES:
            base = word.removesuffix(quote)
            if base != word and 2 <= len(base) <= 10 and not base.isdigit():
                return _RENAMED.get(base, base)
        if word in COINS or word in by_name:
            return by_name.get(word, word)
    return "UNKNOWN"


def _history(reading: Reading, name: str, ticker: str, interval: str | None) -> PriceHistory:
    """Bring a reading to the interval wanted and report on it."""
    spacing = describe(reading.grid)
    wanted = interval or spacing
    if wanted not in INTERVALS:
        raise UnreadableFile(
            f"{name} can't be read. Candles must be {', '.join(INTERVALS)} apart. Received: "
            f"{spacing}. Ask for a longer interval that is a multiple of it."
        )
    candles = resample(reading.candles, reading.grid, wanted, reading.until)
    if candles.empty:
        raise UnreadableFile(f"{name} can't be read. It holds no whole {wanted} candle.")
    decisions = {**reading.decisions, "interval": f"{spacing}, the most frequent spacing"}
    if wanted != spacing:
        decisions["merged"] = f"{spacing} candles merged into {wanted}"
    return PriceHistory(
        coin=ticker,
        interval=wanted,
        candles=candles,
        source=f"file {name}",
        fetched_at=pd.Timestamp.now("UTC"),
        simulated=reading.simulated,
        volume_unit=reading.volume_unit,
        quality=quality.report(
            candles,
            wanted,
            duplicates=reading.duplicates,
            decisions=decisions,
            problems=reading.problems,
        ),
    )


# ---------------------------------------------------------------------------- formats


def _interpreted(stream: IO[bytes]) -> Reading:
    """Tell the format by its first bytes, never by its name."""
    head = stream.read(_HEAD)
    stream.seek(0)
    if head.startswith(b"PAR1"):
        return _parquet(stream)
    if head.startswith(b"\x1f\x8b"):
        unpacked = io.BufferedReader(Unpacked(stream), _HEAD)
        return _csv(unpacked, unpacked.peek(_HEAD))
    return _csv(stream, head)


def _csv(stream: IO[bytes], head: bytes) -> Reading:
    """Read delimited text in parts, keeping only the columns that matter."""
    header, delimiter = _header(head)
    roles = recognise(header)
    _check_second_line(head, len(header), delimiter)
    kept = [column for column in header if column in roles.values() or is_yahoo(column)]
    parts: list[pd.DataFrame] = []
    rows = 0
    try:
        reader = pd.read_csv(
            stream,
            sep=delimiter,
            # Columns are chosen afterwards: told to skip some, the parser lets rows of another
            # length pass, and a number split by a comma would move the rest along.
            index_col=False,
            dtype={roles["source"]: "category"} if "source" in roles else None,
            encoding="utf-8-sig",
            skip_blank_lines=False,
            chunksize=_CHUNK,
        )
        with reader:
            for part in reader:
                rows += len(part)
                if rows > MAX_ROWS:
                    raise too_large()
                parts.append(part[kept])
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            f"It is not text in UTF-8 ({error.reason}). Save it as UTF-8."
        ) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UnreadableFile(f"It is not a regular table: {error}. Correct that line.") from error
    table = pd.concat(parts, ignore_index=True) if len(parts) != 1 else parts[0]
    parts.clear()
    reading = interpret(table, lambda row: f"line {row + 2}")
    reading.decisions["delimiter"] = {"\t": "tab"}.get(delimiter, delimiter)
    return reading


def _header(head: bytes) -> tuple[list[str], str]:
    """Read the column names off the first line, after making sure that this is text."""
    if not head.strip():
        raise UnreadableFile("The file is empty. Download it again.")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, what, remedy in _FOREIGN:
        if start.startswith(magic):
            raise UnreadableFile(
                f"A price file is CSV or Parquet. Received: what looks like {what}. {remedy}"
            )
    if b"\x00" in head:
        raise UnreadableFile("A price file is CSV or Parquet. Received: binary data.")
    line, _, _ = start.partition(b"\n")
    try:
        text = line.decode("utf-8").rstrip("\r")
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            f"It is not text in UTF-8 ({error.reason} in line 1). Save it as UTF-8."
        ) from error
    delimiter = max(",;\t", key=text.count)
    return [cell.strip().strip('"') for cell in text.split(delimiter)], delimiter


def _check_second_line(head: bytes, columns: int, delimiter: str) -> None:
    """Refuse a first row longer than the header; the parser checks only those after it."""
    lines = head.decode("utf-8", errors="replace").splitlines()
    fields = next(iter(csv.reader(lines[1:2], delimiter=delimiter)), [])
    if len(fields) > columns and any(field.strip() for field in fields[columns:]):
        raise UnreadableFile(
            f"Every row must have as many columns as line 1, which has {columns}. "
            f"Received: {len(fields)} in line 2. Quote numbers that contain the delimiter."
        )


def _parquet(stream: IO[bytes]) -> Reading:
    """Read Parquet, with its times in a column or in the index."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(stream)
        about = file.metadata
        groups = (about.row_group(i).total_byte_size for i in range(about.num_row_groups))
        if about.num_rows > MAX_ROWS or sum(groups) > MAX_BYTES:
            raise too_large()
        table = file.read().to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise UnreadableFile(f"The Parquet file is damaged: {str(error)[:200]}") from error
    if not isinstance(table.index, pd.RangeIndex):
        table.index.name = table.index.name or "time"
        table = table.reset_index()
    return interpret(table, lambda row: f"row {row + 1}")
