"""What the beginning of a text file tells: encoding, delimiter, header, first row.

Imports ``errors`` and its neighbours. Sees the first 64 KB only; pure.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.importing import columns
from cryptoforecast.prices.importing.table import PRICES, Corrections

HEAD = 65_536
_DELIMITERS = (",", ";", "\t", "|")
# Lines a title, an address or a comment may take before the table.
_PREAMBLE = 40
_SAMPLE = 400
# Lines that may hold names in an old encoding.
_TITLES = 5
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?")
# A number as a person may write it, with a currency or separators.
_FIGURE = re.compile(r"[+-]?[$€£]? ?\d[\d.,' ]*")
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}([T ].*)?")


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


def layout(head: bytes, corrections: Corrections) -> Layout:
    """Find how a text file is to be read.

    Every delimiter is tried; the one under which the columns are recognised wins.

    Raises:
        UnreadableFile: if none does; says what the most likely one found.
    """
    text, encoding = decode(head)
    lines = re.split(r"\r\n|\n|\r", text)
    if len(head) >= HEAD:
        lines.pop()
    if not any(line.strip() for line in lines):
        raise UnreadableFile("The file is empty. Download it again.")
    delimiters = (corrections.delimiter,) if corrections.delimiter else _DELIMITERS
    failures: list[tuple[int, UnreadableFile]] = []
    for delimiter in delimiters:
        rows = _split(lines[:_SAMPLE], delimiter)
        try:
            found = _with_header(rows, corrections.columns) or _without_header(
                rows, lines, corrections.columns
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


def names(head: bytes, delimiter: str | None = None) -> tuple[str, ...]:
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
    for rows in splits:
        with contextlib.suppress(UnreadableFile):
            if found := _with_header(rows, {}):
                return found[0]
    widest = max((_widest(rows) for rows in splits), key=len)
    if len(widest) < 2:
        return ()
    if any(_is_value(cell) or _FIGURE.fullmatch(cell) for cell in widest):
        return columns.unique([""] * len(widest))
    return columns.unique(widest)


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


_Found = tuple[tuple[str, ...], dict[str, str], int, dict[str, str]]


def _with_header(rows: list[list[str]], given: Mapping[str, str]) -> _Found | None:
    """Look for the line that names the columns, below a title or an address."""
    for i, cells in enumerate(rows[:_PREAMBLE]):
        if len(cells) < 2 or all(_is_value(cell) for cell in cells if cell):
            continue
        cells = [cells[0].lstrip("#").strip(), *cells[1:]]
        if not columns.there(cells, given):
            continue
        roles = columns.by_name(cells, given)
        end = i + 1
        if "time" not in roles and set(PRICES) <= roles.keys():
            end = _more_headers(rows, i)
            if end > i + 1 or _unnamed_index(cells, rows[end:]):
                cells[0] = "time"
                roles = columns.by_name(cells, given)
        if not columns.enough(roles) or any(_is_value(roles.get(role, "")) for role in given):
            continue
        decisions = {}
        if i and any(any(row) for row in rows[:i]):
            decisions["preamble"] = f"{i} line{'s' * (i > 1)} before the column names left out"
        if end > i + 1:
            decisions["header"] = f"{end - i} lines"
        names = columns.unique(cells)
        if not {"time", "clock"} & given.keys():
            roles.update(_clock(rows, end, names))
        return names, roles, end, decisions
    return None


def _more_headers(rows: list[list[str]], i: int) -> int:
    """Find the end of yfinance's header: names, tickers, and a line that says Date."""
    for j in range(i + 1, min(i + 4, len(rows))):
        first = columns.plain(rows[j][0]) if rows[j] else ""
        if first == "ticker":
            tickers = {cell for cell in rows[j][1:] if cell}
            if len(tickers) > 1:
                raise UnreadableFile(
                    f"A file must hold one coin. Received: {', '.join(sorted(tickers))[:80]} in "
                    f"line {j + 1}. Save one coin a file."
                )
        elif first in columns.ROLES["time"] and not any(rows[j][1:]):
            return j + 1
    return i + 1


def _unnamed_index(cells: list[str], body: list[list[str]]) -> bool:
    """Whether the first column has no name, as an index that a program wrote, and holds times."""
    sample = next((row for row in body if any(row)), [""])
    unnamed = cells[0] in ("", "Unnamed: 0", "index")
    return unnamed and bool(_DATE.fullmatch(sample[0]) or re.fullmatch(r"\d{10,19}", sample[0]))


def _clock(rows: list[list[str]], start: int, names: tuple[str, ...]) -> dict[str, str]:
    """Join a date column and a column with the time of day."""
    sample = next((row for row in rows[start:] if any(row)), [])
    named = {columns.plain(name): i for i, name in enumerate(names)}
    if {"date", "time"} <= named.keys() and len(sample) >= len(names):
        date, time = named["date"], named["time"]
        if _CLOCK.fullmatch(sample[time]) and not _CLOCK.search(sample[date]):
            return {"time": names[date], "clock": names[time]}
    return {}


def _without_header(
    rows: list[list[str]], lines: Sequence[str], given: Mapping[str, str]
) -> _Found:
    """Recognise an exchange's dump by the shape of its numbers, or as the person says."""
    start = next(
        (
            i
            for i, cells in enumerate(rows[:_PREAMBLE])
            if len(cells) > 2 and _is_value(cells[0]) and _is_number(cells[1])
        ),
        _first_row(rows, given),
    )
    if start is None:
        seen = _widest(rows)
        raise _foreign(lines) or columns.lacking(seen, given)
    body = [row for row in rows[start:] if any(row)]
    width = len(body[0])
    named = next((row for row in rows[:start] if len(row) >= width), None)
    if named is not None:
        raise columns.lacking(named, given)
    names = tuple(f"column {i + 1}" for i in range(width))
    told = columns.placed(names, given)
    how = f"none; {width} columns recognised by their shape"
    try:
        shape = columns.by_shape(_sample(body, width))
    except UnreadableFile:
        if not columns.enough(told):
            raise
        shape, how = {}, "none"
    roles = columns.assigned({role: names[i] for i, role in shape.items()}, told)
    if not columns.enough(roles):
        raise columns.lacking(names, given)
    decisions = {"header": how}
    if start and any(any(row) for row in rows[:start]):
        decisions["preamble"] = f"{start} line{'s' * (start > 1)} before the first row left out"
    return names, roles, start, decisions


def _first_row(rows: list[list[str]], given: Mapping[str, str]) -> int | None:
    """Find the first line with figures where the person says that the prices are."""
    names = [given[role] for role in (*PRICES, "price") if role in given]
    for i, cells in enumerate(rows[:_PREAMBLE]):
        known = [f"column {j + 1}" for j in range(len(cells))]
        if names and set(names) <= set(known):
            figures = [cells[known.index(name)] for name in names]
            if all(_FIGURE.fullmatch(figure) for figure in figures):
                return i
    return None


def _sample(body: list[list[str]], width: int) -> np.ndarray:
    """Numbers of the rows that have all of theirs, rising or falling with time.

    Raises:
        UnreadableFile: if there is none.
    """
    dated = not _is_number(body[0][0])
    sample = np.full((len(body), width), np.nan)
    for i, row in enumerate(body):
        # Dates rise in the file's order or fall; which, only the times will tell.
        values = [str(i), *row[1:width]] if dated else row[:width]
        for j, cell in enumerate(values):
            if _is_number(cell):
                sample[i, j] = float(cell)
    sound = ~np.isnan(sample[:, : min(width, 5)]).any(axis=1)
    if dated and len(body) > 1 and body[0][0] > body[-1][0]:
        sample[:, 0] *= -1
    if not sound.any():
        raise columns.unknown_shape(width)
    return sample[sound]


def _widest(rows: list[list[str]]) -> list[str]:
    """Return the first of the widest lines, most likely the one that names the columns."""
    return max(rows[:_PREAMBLE], key=len)


def _foreign(lines: Sequence[str]) -> UnreadableFile | None:
    """Name a web page for what it is."""
    start = next((line.strip() for line in lines if line.strip()), "")
    if start.startswith("<"):
        return UnreadableFile(
            "A price file is CSV, JSON, Parquet or Feather. Received: what looks like a web page "
            "or XML. Download the data itself, not the page that links to it."
        )
    return None


def _check_widths(rows: list[list[str]], skip: int, width: int) -> None:
    """Refuse rows longer than the header; the parser would cut the first of them short."""
    for i, row in enumerate(rows[skip:], start=skip + 1):
        if any(row[width:]):
            raise wide(width, len(row), i)


def wide(width: int, received: int, line: int) -> UnreadableFile:
    """Make the error for a row with more cells than there are columns."""
    return UnreadableFile(
        f"Every row must have as many columns as the first line of the table, {width}. "
        f"Received: {received} in line {line}. Quote numbers that contain the delimiter."
    )


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?", cell))


def _is_value(cell: str) -> bool:
    return _is_number(cell) or bool(_DATE.fullmatch(cell))
