"""How a text file is laid out: encoding, delimiter, header, first row; by its beginning."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns.choice import rivals
from cryptoforecast.prices.files.columns.dialects import plain_name
from cryptoforecast.prices.files.columns.header import find_header, find_names
from cryptoforecast.prices.files.columns.headerless import recognise_columns
from cryptoforecast.prices.files.corrections import Corrections

#: Bytes of a file's beginning by which its layout is found.
HEAD_BYTES = 65_536
_DELIMITERS = (",", ";", "\t", "|")
# Lines of these that are looked at.
_SAMPLE_LINES = 400
# Lines among which names may be in an old encoding.
_TITLE_LINES = 5
# Each digit can match in one way only, so the search takes no longer than the cell is long.
_FRACTION = re.compile(r"[+-]?[0-9]*[.,](?P<fraction>[0-9]+)([eE][+-]?[0-9]+)?%?")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Layout:
    """How a text file is to be read.

    Attributes:
        encoding: Name of a codec.
        delimiter: The character between the columns.
        names: Column names, all different; ``"column 1"`` and so on where the file has none.
        roles: Column by role.
        skip: Lines before the first row.
        decisions: What the reader decided by itself, by topic.
        others: Columns without a role that may say of which series a row is.
        symbol: The one pair that stands above or below every name; empty where there is none.
        width: Bytes of a line, about.
    """

    encoding: str
    delimiter: str
    names: tuple[str, ...]
    roles: dict[str, str]
    skip: int
    decisions: dict[str, str]
    others: tuple[str, ...] = ()
    symbol: str = ""
    width: int = 50


def decode(head: bytes) -> tuple[str, str]:
    """Decode the beginning of a file.

    Args:
        head: The first bytes.

    Returns:
        The text, and the name of the codec.

    Raises:
        UnreadableFile: If the bytes are no text.
    """
    for mark, name in _BYTE_ORDER_MARKS:
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
        if "\ufffd" in text or line > _TITLE_LINES or not re.search("[A-Za-z]{3}", text):
            raise UnreadableFile(
                f"It is not text in UTF-8 ({error.reason} in line {line}). Save it as UTF-8."
            ) from error
        return _checked(text), "cp1252"


def _binary() -> UnreadableFile:
    """Return the error for a file that is no text."""
    return UnreadableFile(
        "A price file is CSV, JSON, Parquet or Feather. Received: binary data. "
        "Export the prices as CSV."
    )


def _checked(text: str) -> str:
    """Return the text if it has no control characters, which no table has."""
    odd = sum(1 for character in text if character < " " and character not in "\t\r\n")
    if odd or "\x7f" in text:
        raise _binary()
    return text


def find_layout(head: bytes, corrections: Corrections) -> Layout:
    """Find how a text file is to be read: with the first delimiter that gives known columns.

    Args:
        head: The first ``HEAD_BYTES`` bytes of the file.
        corrections: What the user says about the file.

    Raises:
        UnreadableFile: If the bytes are no text, or no delimiter gives known columns. The message
            is then about the delimiter that gives most columns.
    """
    text, encoding = decode(head)
    lines = re.split(r"\r\n|\n|\r", text)
    if len(head) >= HEAD_BYTES:
        lines.pop()
    if not any(line.strip() for line in lines):
        raise UnreadableFile("The file is empty. Download it again.")
    _refuse_markup(lines)
    delimiters = (corrections.delimiter,) if corrections.delimiter else _DELIMITERS
    failures: list[tuple[tuple[int, int], UnreadableFile]] = []
    for delimiter in delimiters:
        rows = _split(lines[:_SAMPLE_LINES], delimiter)
        try:
            header = find_header(
                rows, corrections.columns, corrections.preference
            ) or recognise_columns(rows, corrections.columns)
        except UnreadableFile as error:
            # Its traceback would keep all that was read in memory until garbage is collected.
            failures.append((_fit(rows), error.with_traceback(None)))
            continue
        names, roles, skip, decisions, symbol = header
        _check_widths(rows, skip, len(names))
        name = {"\t": "tab"}.get(delimiter, delimiter)
        if not encoding.startswith("utf-8"):
            decisions["encoding"] = encoding
        decisions = {**decisions, "delimiter": name}
        _leave_sure_times(rows[skip:], names, roles)
        others = _may_name_series(rows[skip:], names, roles)
        width = max(1, len(head) // len(lines))
        return Layout(encoding, delimiter, names, roles, skip, decisions, others, symbol, width)
    raise _of_best_fit(failures)


def _fit(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Return the smallest and the largest number of cells in a line."""
    widths = [len(row) for row in rows if any(row)]
    return min(widths, default=0), max(widths, default=0)


def _of_best_fit(failures: list[tuple[tuple[int, int], UnreadableFile]]) -> UnreadableFile:
    """Return the failure of the delimiter that makes the most cells, and empty the list."""
    failure = max(failures, key=lambda failure: failure[0])[1]
    failures.clear()
    return failure


def _leave_sure_times(rows: list[list[str]], names: tuple[str, ...], roles: dict[str, str]) -> None:
    """Forget other columns of times where the first has epochs; changes ``roles``."""
    place = names.index(roles["time"]) if "time" in roles else -1
    cells = [row[place] for row in rows if len(row) > place >= 0]
    if cells and all(
        re.fullmatch(r"\d{9,11}(\.\d+)?|\d{13}|\d{16}|\d{19}", cell) for cell in cells
    ):
        for role in rivals(roles, "time"):
            if plain_name(roles[role]) != plain_name(roles["time"]):
                del roles[role]


def _may_name_series(
    rows: list[list[str]], names: tuple[str, ...], roles: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the columns without a role whose first values repeat and are no measures."""
    others = []
    for place, name in enumerate(names):
        cells = [row[place] for row in rows if len(row) > place and row[place]]
        repeat = len(set(cells)) <= max(2, len(cells) // 2)
        if name not in roles.values() and repeat and not any(map(_is_fraction, cells)):
            others.append(name)
    return tuple(others)


def _is_fraction(cell: str) -> bool:
    """Tell whether a cell is a number that is not whole."""
    number = _FRACTION.fullmatch(cell)
    return number is not None and bool(number["fraction"].strip("0"))


def find_column_names(head: bytes, delimiter: str | None = None) -> tuple[str, ...]:
    """Find the names of the columns, whether or not they make prices.

    Args:
        head: The beginning of the file.
        delimiter: The character between the columns; by default the one that gives known columns,
            or else most columns.

    Returns:
        Names, ``"column 3"`` where the third has none; empty if the file is no table.

    Raises:
        UnreadableFile: If the file is no text, or there are more or longer names than a price file
            may have.
    """
    text, _ = decode(head)
    lines = re.split(r"\r\n|\n|\r", text)[:_SAMPLE_LINES]
    splits = [_split(lines, mark) for mark in ((delimiter,) if delimiter else _DELIMITERS)]
    return find_names(splits)


def _split(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Split lines into cells; a line break in quotes ends the line all the same."""
    rows = []
    for line in lines:
        try:
            cells = next(csv.reader([line], delimiter=delimiter, strict=False), [])
        except csv.Error as error:
            raise UnreadableFile(f"It is not a regular table: {error}. Correct it.") from error
        rows.append([cell.strip() for cell in cells])
    return rows


def _refuse_markup(lines: Sequence[str]) -> None:
    """Refuse a web page with a message of its own."""
    start = next(line.strip() for line in lines if line.strip())
    if re.match(r"<(!|\?|(html|head|body|div|table|xml|svg|rss)\b)", start, re.IGNORECASE):
        raise UnreadableFile(
            "A price file is CSV, JSON, Parquet or Feather. Received: what looks like a web page "
            "or XML. Download the data itself, not the page that links to it."
        )


def _check_widths(rows: list[list[str]], skip: int, width: int) -> None:
    """Refuse a row that is longer than the header, because the parser would cut it short."""
    for i, row in enumerate(rows[skip:], start=skip + 1):
        if any(row[width:]):
            raise too_many_cells(width, len(row), i)


def too_many_cells(width: int, count: int, line: int) -> UnreadableFile:
    """Return the error for a row with more cells than there are columns."""
    return UnreadableFile(
        f"Every row must have as many columns as the first line of the table, {width}. "
        f"Received: {count} in line {line}. Quote numbers that contain the delimiter."
    )
