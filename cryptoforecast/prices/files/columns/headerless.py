"""What the columns are where no line names them: by their numbers, or as the user says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns.cells import CLOCK, DATE, FIGURE, is_number, is_value
from cryptoforecast.prices.files.columns.header import MAX_PREAMBLE, Header, widest
from cryptoforecast.prices.files.columns.roles import (
    EXAMPLE_HEADER,
    are_enough,
    combine_roles,
    missing_columns,
    user_roles,
)
from cryptoforecast.prices.files.columns.shapes import roles_by_shape, unknown_shape
from cryptoforecast.prices.files.table import PRICES


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
            for i, cells in enumerate(rows[:MAX_PREAMBLE])
            if len(cells) > 2 and is_value(cells[0]) and _is_beside(cells[0], cells[1])
        ),
        _first_row(rows, user_columns),
    )
    if start is None:
        raise missing_columns(widest(rows), user_columns)
    body = [row for row in rows[start:] if any(row)]
    width = len(body[0])
    titles = next((row for row in rows[:start] if len(row) >= width), None)
    if titles is not None:
        raise missing_columns(titles, user_columns)
    names = tuple(f"column {i + 1}" for i in range(width))
    fixed = user_roles(names, user_columns)
    how = f"none; {width} columns recognised by their shape"
    clock = width > 1 and not is_number(body[0][1])
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
    for i, cells in enumerate(rows[:MAX_PREAMBLE]):
        places = [f"column {j + 1}" for j in range(len(cells))]
        if names and set(names) <= set(places):
            figures = [cells[places.index(name)] for name in names]
            if all(FIGURE.fullmatch(figure) for figure in figures):
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
    return is_number(cell) or bool(
        CLOCK.fullmatch(cell) and DATE.fullmatch(date) and not CLOCK.search(date)
    )


def _sample(body: list[list[str]], width: int) -> np.ndarray:
    """Return the numbers of the rows that are complete, `(rows, width)`, NaN for text.

    The first column rises with time. Dates are replaced by the number of their row, negative where
    the newest comes first.

    Raises:
        UnreadableFile: If no row is complete, or the dates do not show which row is the newest.
    """
    has_dates = not is_number(body[0][0])
    sample = np.full((len(body), width), np.nan)
    for i, row in enumerate(body):
        values = [str(i), *row[1:width]] if has_dates else row[:width]
        for j, cell in enumerate(values):
            if is_number(cell):
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
    dates = [cell for cell in cells if DATE.fullmatch(cell)]
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
