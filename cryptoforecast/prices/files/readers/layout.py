"""What the beginning of a text file tells: encoding, delimiter, header, first row.

Imports ``errors`` and its neighbours. Sees the first 64 KB only; pure.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns.header import find_header, find_names, recognise_columns
from cryptoforecast.prices.files.corrections import Corrections

HEAD_BYTES = 65_536
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 400
# Lines that may hold names in an old encoding.
_TITLES = 5
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Layout:
    """How a text file is to be read.

    Attributes:
        encoding: a codec's name.
        delimiter: one character.
        names: columns, unique; ``"column 1"`` and so on where the file names none.
        roles: column by role.
        skip: lines before the first row.
        decisions: what was settled without asking.
    """

    encoding: str
    delimiter: str
    names: tuple[str, ...]
    roles: dict[str, str]
    skip: int
    decisions: dict[str, str]


def decode(head: bytes) -> tuple[str, str]:
    """Decode the head of a file; returns text and codec.

    Raises:
        UnreadableFile: if it is no text.
    """
    for mark, name in _BOMS:
        if head.startswith(mark):
            try:
                text = codecs.getincrementaldecoder(name)().decode(head)
            except UnicodeDecodeError as error:
                raise _binary() from error
            return _checked(text), name
    if b"\x00" in head:
        raise _binary()
    try:
        return _checked(codecs.getincrementaldecoder("utf-8")().decode(head)), "utf-8"
    except UnicodeDecodeError as error:
        line = head[: error.start].count(b"\n") + 1
        text = head.decode("cp1252", errors="replace")
        # Column names alone may be in an old encoding; numbers and dates are the same in both.
        if "\ufffd" in text or line > _TITLES or not re.search("[A-Za-z]{3}", text):
            raise UnreadableFile(
                f"It is not text in UTF-8 ({error.reason} in line {line}). Save it as UTF-8."
            ) from error
        return _checked(text), "cp1252"


def _binary() -> UnreadableFile:
    return UnreadableFile(
        "A price file is CSV, JSON, Parquet or Feather. Received: binary data. "
        "Export the prices as CSV."
    )


def _checked(text: str) -> str:
    """Refuse control characters, which no table has."""
    odd = sum(1 for character in text if character < " " and character not in "\t\r\n")
    if odd or "\x7f" in text:
        raise _binary()
    return text


def find_layout(head: bytes, corrections: Corrections) -> Layout:
    """Find how a text file is to be read.

    Every delimiter is tried; the one under which the columns are recognised wins.

    Raises:
        UnreadableFile: if none does; says what the most likely one found.
    """
    text, encoding = decode(head)
    lines = re.split(r"\r\n|\n|\r", text)
    if len(head) >= HEAD_BYTES:
        lines.pop()
    if not any(line.strip() for line in lines):
        raise UnreadableFile("The file is empty. Download it again.")
    _refuse_markup(lines)
    delimiters = (corrections.delimiter,) if corrections.delimiter else _DELIMITERS
    failures: list[tuple[int, UnreadableFile]] = []
    for delimiter in delimiters:
        rows = _split(lines[:_SAMPLE], delimiter)
        try:
            found = find_header(rows, corrections.columns) or recognise_columns(
                rows, corrections.columns
            )
        except UnreadableFile as error:
            failures.append((max(map(len, rows)), error))
            continue
        names, roles, skip, decisions = found
        _check_widths(rows, skip, len(names))
        shown = {"\t": "tab"}.get(delimiter, delimiter)
        if not encoding.startswith("utf-8"):
            decisions["encoding"] = encoding
        return Layout(encoding, delimiter, names, roles, skip, {**decisions, "delimiter": shown})
    raise max(failures, key=lambda failure: failure[0])[1]


def find_column_names(head: bytes, delimiter: str | None = None) -> tuple[str, ...]:
    """Find what the columns are called, whether or not they make prices.

    Args:
        head: the beginning of the file.
        delimiter: the one to use; by default the one that recognises or finds most columns.

    Returns:
        Names, ``"column 3"`` where the third has none; empty if it is no table.

    Raises:
        UnreadableFile: if it is no text.
    """
    text, _ = decode(head)
    lines = re.split(r"\r\n|\n|\r", text)[:_SAMPLE]
    splits = [_split(lines, mark) for mark in ((delimiter,) if delimiter else _DELIMITERS)]
    return find_names(splits)


def _split(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Split lines into cells; quoted line breaks are not for price files."""
    rows = []
    for line in lines:
        try:
            cells = next(csv.reader([line], delimiter=delimiter, strict=False), [])
        except csv.Error as error:
            raise UnreadableFile(f"It is not a regular table: {error}. Correct it.") from error
        rows.append([cell.strip() for cell in cells])
    return rows


def _refuse_markup(lines: Sequence[str]) -> None:
    """Name a web page for what it is."""
    start = next(line.strip() for line in lines if line.strip())
    if re.match(r"<(!|\?|(html|head|body|div|table|xml|svg|rss)\b)", start, re.IGNORECASE):
        raise UnreadableFile(
            "A price file is CSV, JSON, Parquet or Feather. Received: what looks like a web page "
            "or XML. Download the data itself, not the page that links to it."
        )


def _check_widths(rows: list[list[str]], skip: int, width: int) -> None:
    """Refuse rows longer than the header; the parser would cut the first of them short."""
    for i, row in enumerate(rows[skip:], start=skip + 1):
        if any(row[width:]):
            raise too_many_cells(width, len(row), i)


def too_many_cells(width: int, received: int, line: int) -> UnreadableFile:
    """Make the error for a row with more cells than there are columns."""
    return UnreadableFile(
        f"Every row must have as many columns as the first line of the table, {width}. "
        f"Received: {received} in line {line}. Quote numbers that contain the delimiter."
    )
