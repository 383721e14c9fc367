"""From a table to candles: read the columns, refuse what is wrong, put the rows in order.

Imports ``types``, ``errors`` and its neighbours.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.candles.quality import outside
from cryptoforecast.prices.candles.resample import merge, nanoseconds
from cryptoforecast.prices.files.columns.roles import volume_unit
from cryptoforecast.prices.files.columns.symbols import single_symbol
from cryptoforecast.prices.files.copies import commonest_spacing, rows_without_copies
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.labels import opening_times
from cryptoforecast.prices.files.merging import partial_candles, settle_interval
from cryptoforecast.prices.files.table import PRICES, Reading, Table
from cryptoforecast.prices.files.trades import candles_from_trades
from cryptoforecast.prices.files.values.numbers import find_decimal_mark, is_number, read_numbers
from cryptoforecast.prices.files.values.times import read_times
from cryptoforecast.types import INTERVALS, Array, Problem

#: More rows than this with an open or close outside high/low: the numbers are not what they seem.
MAX_VIOLATIONS = 0.1
# Repeated times whose closes differ by more than this (log) are no revision of one candle.
_ANOTHER_COIN = 0.2


def candles_from_table(
    table: Table, corrections: Corrections, interval: str | None = None
) -> Reading:
    """Turn a table into candles.

    Args:
        table: its columns and roles.
        corrections: what the person says.
        interval: merge into candles of this length; the file's own by default.

    Raises:
        UnreadableFile: if a time or number can't be read rightly.
        InvalidInput: if ``interval`` is no multiple of the file's.
    """
    if table.frame.empty:
        raise UnreadableFile("A price file needs candles. Received: a header without rows.")
    symbol = single_symbol(table)
    decisions = dict(table.decisions)
    values, complete, odd = _numbers(table, corrections, decisions)
    times = read_times(table, complete, corrections)
    decisions["time"] = times.how
    _check_prices(table, values, complete)
    usable = complete & ~times.index.isna()
    stamps, rows = times.index.asi8[usable], np.flatnonzero(usable)
    if len(stamps) < 2 or (stamps == stamps[0]).all():
        raise UnreadableFile(
            f"A price file needs at least 2 candles. Received: {len(stamps)} rows with a price."
        )
    if len(stamps) > 1 and stamps[0] > stamps[-1]:
        decisions["order"] = "newest first, turned round"
        if "price" in values:
            stamps, rows = stamps[::-1], rows[::-1]
    order = np.argsort(stamps, kind="stable") if (np.diff(stamps) < 0).any() else slice(None)
    stamps, rows = stamps[order], rows[order]
    problems = (*_left_out(table, usable), *odd)
    known = times.index.asi8[~times.index.isna()]
    if "price" in values:
        return _from_ticks(table, values, stamps, rows, interval, symbol, decisions, problems)
    kept, repeats = _once(stamps, rows, values, table)
    stamps, rows = stamps[kept], rows[kept]
    columns = _taken(values, rows)
    keep, copies = rows_without_copies(stamps, rows, columns, table)
    if copies:
        stamps, rows = stamps[keep], rows[keep]
        columns = _taken(values, rows)
    grid = commonest_spacing(known if not copies else stamps)
    closing = corrections.label == "close" or (table.closing and corrections.label is None)
    opens, how = (
        (stamps, "") if corrections.label == "open" else opening_times(stamps, grid, closing)
    )
    if how:
        decisions["label"] = how
    if not (np.diff(opens) > 0).all():
        # A label that was moved may meet one that was left where it is.
        order = np.lexsort((rows, opens))
        again, met = _once(opens[order], rows[order], values, table)
        order = order[again]
        stamps, opens, rows = stamps[order], opens[order], rows[order]
        columns, repeats = _taken(values, rows), (*repeats, *met)
    wanted, settled = settle_interval(grid, interval)
    _check_shape(columns)
    lines = rows + table.first
    if INTERVALS[wanted] == grid:
        index = pd.DatetimeIndex(opens, tz="UTC", name="time")
        candles = pd.DataFrame(columns, index=index, copy=False)
        cut: tuple[Problem, ...] = ()
    else:
        # A row without a trade is no candle, but shows that time went on.
        end = int(known.max()) - int(stamps[-1] - opens[-1]) + nanoseconds(grid)
        merged = merge(opens, columns, INTERVALS[wanted]).until(end)
        rows, lines = rows[merged.first], lines[merged.first]
        candles, cut = merged.candles(), partial_candles(merged, grid, lines)
    if candles.empty:
        raise UnreadableFile(f"It holds no whole {wanted} candle. Ask for shorter candles.")
    source = table.column("source").astype("str").to_numpy() if "source" in table.roles else None
    return Reading(
        candles=candles,
        interval=wanted,
        lines=lines,
        duplicates=sum(each.count for each in repeats),
        simulated=source is not None and bool((source == "simulated").any()),
        volume_unit=volume_unit(table.roles, table.yahoo),
        symbol=symbol,
        splices=None if source is None else _changes(source[rows]),
        decisions=decisions | settled,
        problems=(*problems, *repeats, *copies, *cut),
    )


def _numbers(
    table: Table, corrections: Corrections, decisions: dict[str, str]
) -> tuple[dict[str, Array], Array, tuple[Problem, ...]]:
    """Read prices and volume; which rows have every price; and volumes that can't be."""
    prices = PRICES if set(PRICES) <= table.roles.keys() else ("price",)
    amount = next((role for role in ("volume", "turnover") if role in table.roles), None)
    roles = (*prices, amount) if amount else prices
    mark = find_decimal_mark(table, roles, corrections)
    if not all(is_number(table.column(role)) for role in roles):
        decisions["numbers"] = f"decimal {'point' if mark == '.' else 'comma'}"
    values = {role: read_numbers(table, role, mark) for role in prices}
    complete = ~np.logical_or.reduce([np.isnan(column) for column in values.values()])
    volume = read_numbers(table, amount, mark) if amount else np.full(len(complete), np.nan)
    odd = (volume < 0) | np.isinf(volume)
    # One NaN and one zero: the bits of either may differ by where it comes from.
    values["volume"] = np.where(odd | np.isnan(volume), np.nan, volume) + 0.0
    shown = {role: name for role, name in table.roles.items() if role in ("time", "clock", *roles)}
    decisions["columns"] = ", ".join(f"{role}={name}" for role, name in shown.items())
    if not odd.any():
        return values, complete, ()
    first = int(np.argmax(odd)) + table.first
    return values, complete, (Problem("volume", int(odd.sum()), first, "taken as unknown"),)


def _once(
    stamps: Array, rows: Array, values: dict[str, Array], table: Table
) -> tuple[Array, tuple[Problem, ...]]:
    """Keep the last row of each time; report the others, refuse other coins."""
    kept = np.r_[stamps[1:] != stamps[:-1], True]
    again = np.flatnonzero(~kept)
    if not len(again):
        return kept, ()
    one, other = rows[again], rows[again + 1]
    apart = np.abs(np.log(values["close"][other] / values["close"][one]))
    far = apart > _ANOTHER_COIN
    if far.mean() > 0.5 and len(again) > 2:
        lines = sorted((int(rows[again[far]][0]), int(rows[again[far] + 1][0])))
        raise UnreadableFile(
            "A file must hold one coin. Received: the same time with quite different prices "
            f"({table.where(lines[0])} and {table.where(lines[1])}; {len(again)} times in all). "
            "Save one coin a file."
        )
    different = [(column[one] != column[other]) & ~np.isnan(column[one] + column[other])
                 for column in values.values()]  # fmt: skip
    differing = int(np.logical_or.reduce(different).sum())
    first = int(min(rows[again].min(), rows[again + 1].min())) + table.first
    detail = f"{differing} of them with other values"
    return kept, (Problem("duplicates", len(again), first, "the last of each was kept", detail),)


def _from_ticks(
    table: Table,
    values: dict[str, Array],
    stamps: Array,
    rows: Array,
    interval: str | None,
    symbol: str,
    decisions: dict[str, str],
    problems: tuple[Problem, ...],
) -> Reading:
    candles, first, name = candles_from_trades(
        stamps, values["price"][rows], values["volume"][rows], interval
    )
    if len(candles) < 2:
        raise UnreadableFile(
            f"A price file needs at least 2 whole candles. Received: trades for {len(candles)} of "
            f"{name}. Use a longer file, or ask for a shorter interval."
        )
    decisions["ticks"] = f"{len(rows)} trades made into {name} candles; the last, open one left out"
    return Reading(
        candles=candles,
        interval=name,
        lines=rows[first] + table.first,
        duplicates=0,
        simulated=False,
        volume_unit=volume_unit(table.roles, table.yahoo),
        symbol=symbol,
        splices=None,
        decisions=decisions,
        problems=problems,
    )


def _check_prices(table: Table, values: dict[str, Array], complete: Array) -> None:
    """Refuse prices that are infinite, zero or negative."""
    for role, column in values.items():
        bad = complete & ~((column > 0) & np.isfinite(column))
        if role != "volume" and bad.any():
            row = int(np.argmax(bad))
            raise UnreadableFile(
                f"Prices must be above 0. Received: {column[row]:g} as {role} "
                f"({table.where(row)}; {int(bad.sum())} rows in all). "
                "Remove or correct these rows."
            )


def _check_shape(columns: dict[str, Array]) -> None:
    """Refuse numbers that can't be candles."""
    share = float(outside(columns).mean())
    if share > MAX_VIOLATIONS:
        raise UnreadableFile(
            "Open and close must lie between low and high. "
            f"Received: {share:.0%} of the rows where they don't. "
            "The columns are swapped or the numbers were altered; use the original file."
        )


def _left_out(table: Table, usable: Array) -> tuple[Problem, ...]:
    """Report the rows without a price; a blank line is none."""
    lost = np.flatnonzero(~usable)
    names = [name for role, name in table.roles.items() if role != "source"]
    blank = [table.frame[name].iloc[lost].isna().to_numpy() for name in names]
    lost = lost[~np.logical_and.reduce(blank)]
    if not len(lost):
        return ()
    return (Problem("without a price", len(lost), int(lost[0]) + table.first, "left out"),)


def _taken(values: dict[str, Array], rows: Array) -> dict[str, Array]:
    """Take rows; all of them in order need no copy, so that millions are held once."""
    if len(rows) == len(values["close"]) and (rows[1:] > rows[:-1]).all():
        return values
    return {name: column[rows] for name, column in values.items()}


def _changes(source: Array) -> Array:
    changes: Array = np.r_[False, source[1:] != source[:-1]]
    return changes
