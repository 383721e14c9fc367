"""Where a table begins, and what its columns are by the line that names them."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from cryptoforecast.errors import SeveralSeries, UnreadableFile
from cryptoforecast.prices.files.columns.cells import (
    CLOCK,
    DATE,
    FIGURE,
    is_number,
    is_time,
    is_value,
)
from cryptoforecast.prices.files.columns.choice import Preference
from cryptoforecast.prices.files.columns.dialects import ALIASES, plain_name
from cryptoforecast.prices.files.columns.roles import (
    ANY,
    are_enough,
    choose_roles,
    has_columns,
    have_prices,
    price_roles,
    unique_names,
)
from cryptoforecast.prices.files.columns.tickers import quote_of_ticker
from cryptoforecast.prices.files.table import PRICES

# Lines among which the table must begin, below a title, an address or comments.
MAX_PREAMBLE = 40
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
        UnreadableFile: If the line names the columns of several coins or of several prices of one
            kind, or rows above it do not fit its names.
    """
    for i, cells in enumerate(rows[:MAX_PREAMBLE]):
        if len(cells) < 2 or all(is_value(cell) for cell in cells if cell):
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
        if "time" not in choice.roles and have_prices(choice.roles):
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
        if not are_enough(roles) or any(is_value(roles.get(role, "")) for role in user_columns):
            continue
        if choice.refusal:
            raise choice.refusal
        decisions = dict(choice.decisions)
        names = unique_names(cells)
        if not {"time", "clock"} & user_columns.keys():
            roles.update(_clock(rows, end, names))
        first = _rows_above(rows[:i], names, roles, i) if end == i + 1 else i
        if first < i:
            above = "row above it is" if i - first == 1 else f"{i - first} rows above it are"
            decisions["header"] = f"in line {i + 1}; the {above} read too"
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
    places = [names.index(roles[role]) for role in price_roles(roles)]
    single = len(places) == 1
    time = names.index(roles["time"])
    first = line
    for j, row in reversed(list(enumerate(above))):
        numbers = sum(map(is_number, row))
        if not any(map(is_time, row)) or numbers < (1 if single else len(PRICES)):
            continue
        whole = len(row) >= len(names) and is_time(row[time])
        prices = [float(row[i]) if whole and is_number(row[i]) else np.nan for i in places]
        opening, high, low, close = prices * 4 if single else prices
        if not 0 < low <= min(opening, close) <= max(opening, close) <= high:
            raise UnreadableFile(
                "Column names must stand above the rows. Received: names in line "
                f"{line + 1}, and above them a row that does not fit them (line {j + 1}). Put "
                "the names first, or remove the rows above them."
            )
        first = j
    return first


def find_names(splits: Sequence[list[list[str]]]) -> tuple[str, ...]:
    """Find the names of the columns, whether or not they make prices.

    Args:
        splits: The same lines, split into cells in several ways.

    Returns:
        Names, ``"column 3"`` where the third has none; empty if the lines are no table.

    Raises:
        UnreadableFile: If there are more or longer names than a price file may have.
    """
    for rows in splits:
        with contextlib.suppress(UnreadableFile):
            if header := find_header(rows, {}):
                return header.names
    cells = max((widest(rows) for rows in splits), key=len)
    if len(cells) < 2:
        return ()
    if any(is_value(cell) or FIGURE.fullmatch(cell) for cell in cells):
        return unique_names([""] * len(cells))
    return unique_names(cells)


def _more_headers(rows: list[list[str]], i: int) -> tuple[int, list[str]]:
    """Return the line after yfinance's header (names, tickers and Date), and the tickers."""
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
    if not tickers or cells[0] or any(is_value(cell) or " " in cell for cell in tickers):
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
    return unnamed and bool(DATE.fullmatch(sample[0]) or re.fullmatch(r"\d{10,19}", sample[0]))


def _clock(rows: list[list[str]], start: int, names: tuple[str, ...]) -> dict[str, str]:
    """Find a column of dates and one of times of day beside it; empty if they are not there."""
    sample = next((row for row in rows[start:] if any(row)), [])
    places = {plain_name(name): i for i, name in enumerate(names)}
    date = next((places[name] for name in map(plain_name, _DATE_NAMES) if name in places), None)
    time = next((places[name] for name in map(plain_name, _CLOCK_NAMES) if name in places), None)
    if date is None or time is None or len(sample) < len(names) or CLOCK.search(sample[date]):
        return {}
    digits = re.fullmatch(r"\d{1,6}", sample[time]) and (
        DATE.fullmatch(sample[date]) or re.fullmatch(r"\d{8}", sample[date])
    )
    if digits or CLOCK.fullmatch(sample[time]):
        return {"time": names[date], "clock": names[time]}
    return {}


def widest(rows: list[list[str]]) -> list[str]:
    """Return the first of the widest lines, which most likely names the columns."""
    return max(rows[:MAX_PREAMBLE], key=len)
