"""Where a table begins and what its columns are: by the line that names them, or without one."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from cryptoforecast.errors import SeveralSeries, UnreadableFile
from cryptoforecast.prices.files.columns.choice import Preference
from cryptoforecast.prices.files.columns.dialects import ALIASES, plain_name
from cryptoforecast.prices.files.columns.roles import (
    ANY,
    EXAMPLE_HEADER,
    are_enough,
    choose_roles,
    combine_roles,
    has_columns,
    missing_columns,
    unique_names,
    user_roles,
)
from cryptoforecast.prices.files.columns.shapes import roles_by_shape, unknown_shape
from cryptoforecast.prices.files.columns.tickers import quote_of_ticker
from cryptoforecast.prices.files.table import PRICES

# Lines among which the table must begin, below a title, an address or comments.
_MAX_PREAMBLE = 40
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?")
# A number as people write it, with a currency or separators.
_FIGURE = re.compile(r"[+-]?[$€£]? ?\d[\d.,' ]*")
_DATE = re.compile(
    r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2}))([T ].*)?"
    r"|\d{8}[T ][\d:.]+Z?"
)
# Names of a column with the date, and of one beside it with the time of day.
_DATE_NAMES = ("date", "dtyyyymmdd", "day", "datum", "fecha", "data", "дата", "tarih")
_CLOCK_NAMES = ("time", "clock", "zeit", "uhrzeit", "heure", "hora", "ora", "время", "czas", "saat")


class Header(NamedTuple):
    """What the beginning of a table shows.

    Attributes:
        names: Names of the columns, all different.
        roles: Column by role.
        skip: Lines before the first row.
        decisions: What the reader decided by itself, by topic.
        symbol: The one pair that stands above or below every name; empty where there is none.
    """

    names: tuple[str, ...]
    roles: dict[str, str]
    skip: int
    decisions: dict[str, str]
    symbol: str = ""


def find_header(
    rows: list[list[str]], user_columns: Mapping[str, str], preference: Preference = ANY
) -> Header | None:
    """Look for the line that names the columns.

    Args:
        rows: The first lines of the file, split into cells.
        user_columns: Column by role, as the user says.
        preference: Which of several prices the user wants.

    Returns:
        The header; ``None`` if no line names the columns of candles or trades.

    Raises:
        UnreadableFile: If the line names the columns of several coins, or rows above it do not
            fit its names.
    """
    for i, cells in enumerate(rows[:_MAX_PREAMBLE]):
        if len(cells) < 2 or all(_is_value(cell) for cell in cells if cell):
            continue
        cells = [cells[0].lstrip("#").strip(), *cells[1:]]
        if not has_columns(cells, user_columns):
            continue
        if len(set(cells)) < len(cells) and i:
            # pandas writes the tickers above the names where they are the first level.
            cells = _with_tickers(cells, _tickers(rows[i - 1 : i]))
        choice = choose_roles(cells, user_columns, preference)
        end = i + 1
        tickers: list[str] = []
        if "time" not in choice.roles and set(PRICES) <= choice.roles.keys():
            end, tickers = _more_headers(rows, i)
            if end > i + 1 or _is_unnamed_index(cells, rows[end:]):
                cells = ["time", *_with_tickers(cells, tickers)[1:]]
                choice = choose_roles(cells, user_columns, preference)
        elif are_enough(choice.roles) and (tickers := _tickers(rows[end : end + 1])):
            end += 1
            cells = _with_tickers(cells, tickers)
            choice = choose_roles(cells, user_columns, preference)
        several = sorted(set(filter(None, tickers)))
        if len(several) > 1 and not are_enough(choice.roles):
            raise SeveralSeries(
                f"A file must hold one coin. Received: {', '.join(several)[:80]} in line "
                f"{i + 2}. Save one coin a file.",
                several,
            )
        roles = choice.roles
        if not are_enough(roles) or any(_is_value(roles.get(role, "")) for role in user_columns):
            continue
        if choice.refusal:
            raise choice.refusal
        decisions = dict(choice.decisions)
        names = unique_names(cells)
        if not {"time", "clock"} & user_columns.keys():
            roles.update(_clock(rows, end, names))
        first = _rows_above(rows[:i], names, roles, i) if end == i + 1 else i
        if first < i:
            count = f"{i - first} row{'s' * (i - first > 1)}"
            decisions["header"] = f"in line {i + 1}, below {count} that it names too"
            end = first
        if any(any(row) for row in rows[:first]):
            where = "column names" if first == i else "first row"
            decisions["preamble"] = f"{first} line{'s' * (first > 1)} before the {where} left out"
        if end > i + 1:
            decisions["header"] = f"{end - i} lines"
        return Header(names, roles, end, decisions, _symbol(tickers or _repeated_name(rows[:i])))
    return None


def _rows_above(
    above: list[list[str]], names: tuple[str, ...], roles: Mapping[str, str], line: int
) -> int:
    """Return where the rows above the line of names begin; the line itself where none are.

    Raises:
        UnreadableFile: If there are rows that do not fit the names.
    """
    single = "price" in roles
    places = [names.index(roles[role]) for role in (("price",) if single else PRICES)]
    time = names.index(roles["time"])
    first = line
    for j, row in reversed(list(enumerate(above))):
        numbers = sum(map(_is_number, row))
        if not any(map(_is_time, row)) or numbers < (1 if single else len(PRICES)):
            continue
        whole = len(row) >= len(names) and _is_time(row[time])
        prices = [float(row[i]) if whole and _is_number(row[i]) else np.nan for i in places]
        opening, high, low, close = prices * 4 if single else prices
        if not 0 < low <= min(opening, close) <= max(opening, close) <= high:
            raise UnreadableFile(
                "Column names must stand above the rows. Received: names in line "
                f"{line + 1}, and above them a row that does not fit them (line {j + 1}). Put "
                "the names first, or remove the rows above them."
            )
        first = j
    return first


def _is_time(cell: str) -> bool:
    """Tell whether a cell is a date, or a time since 1970."""
    return bool(_DATE.fullmatch(cell) or re.fullmatch(r"[0-9]{9,19}(\.[0-9]*)?", cell))


def find_names(splits: Sequence[list[list[str]]]) -> tuple[str, ...]:
    """Find the names of the columns, whether or not they make prices.

    Args:
        splits: The same lines, split into cells in several ways.

    Returns:
        Names, ``"column 3"`` where the third has none; empty if the lines are no table.
    """
    for rows in splits:
        with contextlib.suppress(UnreadableFile):
            if header := find_header(rows, {}):
                return header.names
    widest = max((_widest(rows) for rows in splits), key=len)
    if len(widest) < 2:
        return ()
    if any(_is_value(cell) or _FIGURE.fullmatch(cell) for cell in widest):
        return unique_names([""] * len(widest))
    return unique_names(widest)


def _more_headers(rows: list[list[str]], i: int) -> tuple[int, list[str]]:
    """Return the line after yfinance's header, names, tickers and Date, and the tickers."""
    tickers: list[str] = []
    for j in range(i + 1, min(i + 4, len(rows))):
        first = plain_name(rows[j][0]) if rows[j] else ""
        if first in ("ticker", "") and (names := _tickers([["", *rows[j][1:]]])):
            tickers = names
        elif first in ALIASES["time"] and not any(rows[j][1:]):
            return j + 1, tickers
    return i + 1, []


def _tickers(lines: list[list[str]]) -> list[str]:
    """Return the first line if it has a ticker above each column, and nothing else."""
    cells = lines[0] if lines else [""]
    tickers = set(filter(None, cells))
    if not tickers or cells[0] or any(_is_value(cell) or " " in cell for cell in tickers):
        return []
    return cells


def _repeated_name(above: list[list[str]]) -> list[str]:
    """Return the line above the names, if it is one ticker again and again."""
    cells = (above[-1] if above else []) or [""]
    if plain_name(cells[0]) not in ("ticker", "") or len(cells) < len(PRICES):
        return []
    return _tickers([["", *cells[1:]]]) if len(set(cells[1:])) == 1 else []


def _symbol(tickers: list[str]) -> str:
    """Return the one pair among the tickers; empty for none, several or another word."""
    names = sorted(set(filter(None, tickers)))
    return names[0] if len(names) == 1 and quote_of_ticker(names[0]) else ""


def _with_tickers(cells: list[str], tickers: list[str]) -> list[str]:
    """Add the tickers to the names of their columns, if there are several."""
    if len(set(filter(None, tickers))) < 2:
        return cells
    above = itertools.chain(tickers, itertools.repeat(""))
    return [f"{name} {ticker}".strip() for name, ticker in zip(cells, above, strict=False)]


def _is_unnamed_index(cells: list[str], body: list[list[str]]) -> bool:
    """Tell whether the first column has times but no name, like an index that a program wrote."""
    sample = next((row for row in body if any(row)), [""])
    unnamed = cells[0] in ("", "Unnamed: 0", "index")
    return unnamed and bool(_DATE.fullmatch(sample[0]) or re.fullmatch(r"\d{10,19}", sample[0]))


def _clock(rows: list[list[str]], start: int, names: tuple[str, ...]) -> dict[str, str]:
    """Find a column of dates and one of times of day beside it; empty if they are not there."""
    sample = next((row for row in rows[start:] if any(row)), [])
    places = {plain_name(name): i for i, name in enumerate(names)}
    date = next((places[name] for name in map(plain_name, _DATE_NAMES) if name in places), None)
    time = next((places[name] for name in map(plain_name, _CLOCK_NAMES) if name in places), None)
    if date is None or time is None or len(sample) < len(names) or _CLOCK.search(sample[date]):
        return {}
    digits = re.fullmatch(r"\d{1,6}", sample[time]) and (
        _DATE.fullmatch(sample[date]) or re.fullmatch(r"\d{8}", sample[date])
    )
    if digits or _CLOCK.fullmatch(sample[time]):
        return {"time": names[date], "clock": names[time]}
    return {}


def recognise_columns(rows: list[list[str]], user_columns: Mapping[str, str]) -> Header:
    """Find the columns of a table without a header, by its numbers or as the user says.

    Args:
        rows: The first lines of the file, split into cells.
        user_columns: Column by role, as the user says.

    Raises:
        UnreadableFile: If the numbers are of no known shape, and the user does not say enough.
    """
    start = next(
        (
            i
            for i, cells in enumerate(rows[:_MAX_PREAMBLE])
            if len(cells) > 2 and _is_value(cells[0]) and _is_beside(cells[0], cells[1])
        ),
        _first_row(rows, user_columns),
    )
    if start is None:
        raise missing_columns(_widest(rows), user_columns)
    body = [row for row in rows[start:] if any(row)]
    width = len(body[0])
    titles = next((row for row in rows[:start] if len(row) >= width), None)
    if titles is not None:
        raise missing_columns(titles, user_columns)
    names = tuple(f"column {i + 1}" for i in range(width))
    fixed = user_roles(names, user_columns)
    how = f"none; {width} columns recognised by their shape"
    clock = width > 1 and not _is_number(body[0][1])
    try:
        shape = _shape(body, width, clock=clock)
    except UnreadableFile:
        if not are_enough(fixed):
            raise
        shape, how = {}, "none"
    roles = combine_roles({role: names[i] for i, role in shape.items()}, fixed)
    if not are_enough(roles):
        raise missing_columns(names, user_columns)
    decisions = {"header": how}
    if start and any(any(row) for row in rows[:start]):
        decisions["preamble"] = f"{start} line{'s' * (start > 1)} before the first row left out"
    return Header(names, roles, start, decisions)


def _first_row(rows: list[list[str]], user_columns: Mapping[str, str]) -> int | None:
    """Find the first line with figures in the columns that the user gives the prices' roles."""
    names = [user_columns[role] for role in (*PRICES, "price") if role in user_columns]
    for i, cells in enumerate(rows[:_MAX_PREAMBLE]):
        places = [f"column {j + 1}" for j in range(len(cells))]
        if names and set(names) <= set(places):
            figures = [cells[places.index(name)] for name in names]
            if all(_FIGURE.fullmatch(figure) for figure in figures):
                return i
    return None


def _shape(body: list[list[str]], width: int, *, clock: bool) -> dict[int, str]:
    """Find the roles of columns by their numbers; the second is perhaps the time of day."""
    if not clock:
        return roles_by_shape(_sample(body, width))
    one_time = [[" ".join(row[:2]), *row[2:]] for row in body]
    without = roles_by_shape(_sample(one_time, width - 1))
    return {position + (position > 0): role for position, role in without.items()} | {1: "clock"}


def _is_beside(date: str, cell: str) -> bool:
    """Tell whether a cell may follow a time: a number, or the time of day that a date lacks."""
    return _is_number(cell) or bool(
        _CLOCK.fullmatch(cell) and _DATE.fullmatch(date) and not _CLOCK.search(date)
    )


def _sample(body: list[list[str]], width: int) -> np.ndarray:
    """Return the numbers of the rows that are complete, `(rows, width)`, NaN for text.

    The first column rises with time. Dates are replaced by the number of their row, negative where
    the newest comes first.

    Raises:
        UnreadableFile: If no row is complete, or the dates do not show which row is the newest.
    """
    has_dates = not _is_number(body[0][0])
    sample = np.full((len(body), width), np.nan)
    for i, row in enumerate(body):
        values = [str(i), *row[1:width]] if has_dates else row[:width]
        for j, cell in enumerate(values):
            if _is_number(cell):
                sample[i, j] = float(cell)
    sound = ~np.isnan(sample[:, : min(width, 5)]).any(axis=1)
    if has_dates and _is_newest_first([row[0] for row in body]):
        sample[:, 0] *= -1
    if not sound.any():
        raise unknown_shape(width)
    numbers: np.ndarray = sample[sound]
    return numbers


def _is_newest_first(cells: list[str]) -> bool:
    """Tell whether dates fall from row to row, whichever of day, month and year comes first.

    Raises:
        UnreadableFile: If they rise with the day first and fall with the month first, or the
            other way round.
    """
    dates = [cell for cell in cells if _DATE.fullmatch(cell)]
    orders = [order for order in zip(*map(_date_keys, dates), strict=False) if _are_months(order)]
    # The right order puts the rows in the order of time; a wrong one mostly does not.
    regular = [order for order in orders if list(order) in (sorted(order), sorted(order)[::-1])]
    falling = {order[0] > order[-1] for order in regular or orders if order[0] != order[-1]}
    if len(falling) > 1:
        raise UnreadableFile(
            "Rows without column names must show whether the oldest or the newest comes first. "
            f"Received: dates from {dates[0][:30]!r} to {dates[-1][:30]!r}, which rise or fall by "
            "whether the day or the month comes first. Write dates as 2024-12-31, or add a first "
            f"line that names the columns ({EXAMPLE_HEADER})."
        )
    return True in falling


def _are_months(keys: Sequence[tuple[int, ...]]) -> bool:
    """Tell whether the second number of every key can be a month."""
    return all(key[1] <= 12 for key in keys)


def _date_keys(date: str) -> list[tuple[int, ...]]:
    """Make numbers that sort as times do, one key for each order of day, month and year."""
    parted = re.sub(r"^([0-9]{4})([0-9]{2})([0-9]{2})(?=[T ])", r"\1-\2-\3", date)
    one, two, three, *clock = map(int, re.findall(r"[0-9]{1,19}", parted))
    half = re.search(r"([AaPp])\.?[Mm]", date)
    if half and clock:
        clock[0] = clock[0] % 12 + 12 * (half[1] in "Pp")
    if one > 99:
        return [(one, two, three, *clock)]
    keys = [(three, two, one, *clock), (three, one, two, *clock)]
    return keys if three > 99 else [*keys, (one, two, three, *clock)]


def _widest(rows: list[list[str]]) -> list[str]:
    """Return the first of the widest lines, which most likely names the columns."""
    return max(rows[:_MAX_PREAMBLE], key=len)


def _is_number(cell: str) -> bool:
    """Tell whether a cell is a plain number."""
    return bool(re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", cell))


def _is_value(cell: str) -> bool:
    """Tell whether a cell is a plain number or a date."""
    return _is_number(cell) or bool(_DATE.fullmatch(cell))
