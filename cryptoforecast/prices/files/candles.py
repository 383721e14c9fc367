"""From a table to candles: read the columns, refuse what is wrong, put the rows in order."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile, ZeroPrices
from cryptoforecast.prices.candles.quality import outside
from cryptoforecast.prices.candles.resample import merge, nanoseconds
from cryptoforecast.prices.files.bounds import give_back_memory
from cryptoforecast.prices.files.columns.quote import find_quote
from cryptoforecast.prices.files.columns.roles import price_roles, volume_unit
from cryptoforecast.prices.files.columns.same_values import settle_rivals
from cryptoforecast.prices.files.columns.symbols import pick_series, refuse_mixture
from cryptoforecast.prices.files.columns.tickers import prices_by_ticker
from cryptoforecast.prices.files.copies import commonest_spacing
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.labels import opening_times
from cryptoforecast.prices.files.lengths import Lengths, check_lengths, find_lengths
from cryptoforecast.prices.files.local_time import local_problem
from cryptoforecast.prices.files.merging import partial_candles, settle_interval
from cryptoforecast.prices.files.open_candles import without_open
from cryptoforecast.prices.files.rows import (
    Rows,
    end_of,
    rows_by_time,
    rows_text,
    take_rows,
    without_copies,
    without_live_rows,
    without_repeats,
)
from cryptoforecast.prices.files.table import PRICES, Reading, Table
from cryptoforecast.prices.files.trades import are_closes, candles_from_trades
from cryptoforecast.prices.files.values.numbers import find_decimal_mark, is_number, refuse_words
from cryptoforecast.prices.files.values.sure_times import settle_times
from cryptoforecast.prices.files.values.times import Times, read_times
from cryptoforecast.types import INTERVALS, Array, Problem

#: Share of rows whose open or close may be outside high/low; above it the numbers are no candles.
MAX_VIOLATIONS = 0.1


def candles_from_table(
    table: Table, corrections: Corrections, interval: str | None = None
) -> Reading:
    """Make candles of a table of candles or trades.

    Args:
        table: The raw columns and their roles.
        corrections: What the user says about the file.
        interval: Merge into candles of this length; the file's own by default.

    Raises:
        UnreadableFile: If a time or number can't be read without doubt, or the rows are no
            candles of one coin.
        ZeroPrices: If a price is 0.
        InvalidInput: If ``interval`` is no multiple of the file's candle length.
    """
    if table.frame.empty:
        raise UnreadableFile("A price file needs candles. Received: a header without rows.")
    report = table.report
    table, not_closed = without_open(table)
    report(1.0)
    table = settle_times(table, corrections)
    table, symbol = pick_series(table, corrections)
    report(1.0)
    refuse_words(table, (*PRICES, "price"))
    quote, evidence = find_quote(table, symbol, corrections)
    by_columns = symbol in prices_by_ticker([table.roles.get(role, "") for role in PRICES])
    decisions = dict(table.decisions)
    if quote:
        decisions["currency"] = f"{quote} ({evidence})"
    table, values, complete, problems = _read_values(table, corrections, decisions)
    report(1.0)
    times = read_times(table, complete, corrections)
    report(1.0)
    decisions["time"] = times.how
    usable = complete & ~times.index.isna()
    unlisted = _unlisted(values, times.index.asi8, usable) if corrections.unlisted else None
    problems = (*_report_unusable(table, usable), *problems, *not_closed)
    if unlisted is not None and unlisted.any():
        first, count = table.line(int(np.argmax(unlisted))), int(unlisted.sum())
        problems = (Problem("unlisted", count, first, f"{count:,} left out"), *problems)
        usable, complete = usable & ~unlisted, complete & ~unlisted
    _check_prices(table, values, complete)
    closes = values["price" if "price" in values else "close"]
    refuse_mixture(
        table, times.index.asi8[usable], usable, closes,
        trades="price" in values, chosen=corrections.only is not None,
    )  # fmt: skip
    give_back_memory()
    report(1.0)
    stamps, rows = rows_by_time(times.index.asi8[usable], usable, values, decisions)
    if "price" in values and not are_closes(stamps):
        reading = _from_trades(table, values, stamps, rows, interval, symbol, decisions, problems)
        return dataclasses.replace(reading, quote=quote)
    closes_alone = "open" not in values
    if closes_alone:
        values = dict.fromkeys(PRICES, closes) | {"volume": values["volume"]}
    all_stamps = times.index.asi8[~times.index.isna()]
    spacing = commonest_spacing(all_stamps)
    if times.local:
        problems = (*problems, *_local_problem(times, values, usable, spacing, table))
    own, repeats = without_repeats(Rows(stamps, stamps, rows), values, table)
    report(1.0)
    own, copies = without_copies(own, values, table)
    give_back_memory()
    spacing = commonest_spacing(own.stamps) if copies else spacing
    closing = corrections.label == "close" or (table.closing and corrections.label is None)
    lengths = _find_lengths(times, spacing, interval, table, closing=closing)
    if lengths:
        decisions["lengths"] = lengths.summary
        spacing = lengths.short
    if corrections.label != "open":
        opens, label = opening_times(own.stamps, spacing, closing)
        own = dataclasses.replace(own, opens=opens)
        decisions |= {"label": label} if label else {}
    # A label that was moved may meet one that was left where it is.
    own, more = without_repeats(own, values, table)
    end = end_of(own, all_stamps, spacing, lengths)
    live: tuple[Problem, ...] = ()
    if not lengths:
        own, live = without_live_rows(own, spacing, table)
        end = min(end, int(own.opens[-1]) + nanoseconds(spacing)) if live else end
    report(1.0)
    name, settled = settle_interval(spacing, interval)
    columns = take_rows(values, own.rows)
    _check_shape(columns)
    rows, lines = own.rows, table.lines(own.rows)
    partial: tuple[Problem, ...] = ()
    if INTERVALS[name] == spacing:
        index = pd.DatetimeIndex(own.opens, tz="UTC", name="time")
        candles = pd.DataFrame(columns, index=index, copy=False)
    else:
        longer = merge(own.opens, columns, INTERVALS[name]).until(end)
        rows, lines = rows[longer.first], lines[longer.first]
        candles = longer.candles()
        partial = () if lengths else partial_candles(longer, spacing, lines)
    if candles.empty:
        raise UnreadableFile(
            f"Prices need at least one whole {name} candle. Received: {rows_text(len(own.rows))}, "
            "which make none. Ask for shorter candles."
        )
    source = table.column("source") if "source" in table.roles else None
    return Reading(
        candles=candles,
        interval=name,
        lines=lines,
        duplicates=sum(each.count for each in (*repeats, *more)),
        simulated=_are_simulated(table),
        volume_unit=volume_unit(table.roles, table.yahoo),
        symbol=symbol,
        splices=None if source is None else _changes(pd.factorize(source)[0][rows]),
        decisions=decisions | settled,
        problems=(*problems, *repeats, *more, *copies, *live, *partial),
        quote=quote,
        by_columns=by_columns,
        closes_alone=closes_alone and INTERVALS[name] == spacing,
    )


def _local_problem(
    times: Times, values: dict[str, Array], usable: Array, spacing: pd.Timedelta, table: Table
) -> tuple[Problem, ...]:
    """Report times without a zone that look local; the arguments are variables of the caller."""
    rows = np.flatnonzero(usable)
    stamps = times.index.asi8[rows]
    return local_problem(stamps, values["close"][rows], spacing, table.lines(rows), table.unit)


def _find_lengths(
    times: Times, spacing: pd.Timedelta, interval: str | None, table: Table, *, closing: bool
) -> Lengths | None:
    """Find candles of two lengths, one after the other by time or in the file.

    Args:
        times: Times of all rows; a row without a price is no gap.
        spacing: The most frequent distance between neighbours.
        interval: The length to merge into, if any.
        table: For the place of the rows in the file.
        closing: Whether times are the ends of candles, whose opens are then not known.

    Raises:
        UnreadableFile: If there are two lengths, and they are not merged into a multiple of both.
    """
    rows = np.flatnonzero(times.index.notna())
    stamps = times.index.asi8[rows]
    if stamps[0] > stamps[-1]:
        stamps, rows = stamps[::-1], rows[::-1]
    separable = not closing
    if (np.diff(stamps) > 0).all():
        lengths = find_lengths(stamps, spacing)
    else:
        rising, first = np.unique(stamps, return_index=True)
        # Where the parts overlap, they can't be merged.
        separable &= len(rising) == len(stamps)
        lengths = find_lengths(rising, spacing)
        if lengths:
            rows = rows[first]
        else:
            lengths, separable = find_lengths(stamps, spacing), False
    if lengths:
        places = (table.where(int(rows[row])) for row in (lengths.first, lengths.last))
        check_lengths(lengths, interval, *places, separable=separable)
    return lengths


def _read_values(
    table: Table, corrections: Corrections, decisions: dict[str, str]
) -> tuple[Table, dict[str, Array], Array, tuple[Problem, ...]]:
    """Read prices and volume.

    Args:
        table: The raw columns.
        corrections: For the decimal mark.
        decisions: Gains the decimal mark and the columns.

    Returns:
        The table with one column a role; `(n,)` numbers by role, NaN where absent; `(n,)` bool,
        which rows have every price; and the problem of volumes that are negative or infinite.
    """
    prices = price_roles(table.roles)
    amount = next((role for role in ("volume", "turnover") if role in table.roles), None)
    roles = (*prices, amount) if amount else prices
    mark = find_decimal_mark(table, roles, corrections)
    if not all(is_number(table.column(role)) for role in roles):
        decisions["numbers"] = f"decimal {'point' if mark == '.' else 'comma'}"
    table, columns = settle_rivals(table, roles, mark, decisions)
    values = {role: columns[role] for role in prices}
    complete = ~np.logical_or.reduce([np.isnan(column) for column in values.values()])
    volume = columns[amount] if amount else np.full(len(complete), np.nan)
    odd = (volume < 0) | np.isinf(volume)
    # Every NaN and every zero gets the same bits, however it was read: -0.0 becomes 0.0.
    values["volume"] = np.where(odd | np.isnan(volume), np.nan, volume) + 0.0
    used_roles = {
        role: name for role, name in table.roles.items() if role in ("time", "clock", *roles)
    }
    decisions["columns"] = ", ".join(f"{role}={name}" for role, name in used_roles.items())
    if not odd.any():
        return table, values, complete, ()
    first = table.line(int(np.argmax(odd)))
    return table, values, complete, (Problem("volume", int(odd.sum()), first, "taken as unknown"),)


def _from_trades(
    table: Table,
    values: dict[str, Array],
    stamps: Array,
    rows: Array,
    interval: str | None,
    symbol: str,
    decisions: dict[str, str],
    problems: tuple[Problem, ...],
) -> Reading:
    """Make candles of rows with one price each; the arguments are variables of the caller."""
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
        lines=table.lines(rows[first]),
        duplicates=0,
        simulated=_are_simulated(table),
        volume_unit=volume_unit(table.roles, table.yahoo),
        symbol=symbol,
        splices=None,
        decisions=decisions,
        problems=problems,
    )


def _unlisted(values: dict[str, Array], stamps: Array, usable: Array) -> Array:
    """Mark the rows with prices of 0 before the first row with other prices, `(n,)` bool.

    Args:
        values: `(n,)` each, prices and volume by role.
        stamps: `(n,)` ns.
        usable: `(n,)` bool, the rows with a time and every price.
    """
    prices = [column for role, column in values.items() if role != "volume"]
    zero = np.logical_and.reduce([column == 0 for column in prices])
    listed = usable & ~zero
    first = stamps[listed].min() if listed.any() else np.iinfo(np.int64).min
    unlisted: Array = usable & zero & (stamps < first)
    return unlisted


def _check_prices(table: Table, values: dict[str, Array], complete: Array) -> None:
    """Refuse prices that are infinite, zero or negative."""
    for role, column in values.items():
        bad = complete & ~((column > 0) & np.isfinite(column))
        if role != "volume" and bad.any():
            row = int(np.argmax(bad))
            hint = (
                ", or leave out those before the first price (Repairs on the Data page; --repair "
                'unlisted on the command line, repair="unlisted" in Python)'
            )
            is_zero = column[row] == 0
            raise (ZeroPrices if is_zero else UnreadableFile)(
                f"Prices must be above 0. Received: {column[row]:g} as {role} "
                f"({table.where(row)}; {rows_text(int(bad.sum()))} in all). "
                f"Remove or correct these rows{hint * bool(is_zero)}."
            )


def _check_shape(columns: dict[str, Array]) -> None:
    """Refuse numbers whose open and close are too often outside low and high."""
    share = float(outside(columns).mean())
    if share > MAX_VIOLATIONS:
        raise UnreadableFile(
            "Open and close must lie between low and high. "
            f"Received: {share:.0%} of the rows where they don't. "
            "The columns are swapped or the numbers were altered; use the original file."
        )


def _report_unusable(table: Table, usable: Array) -> tuple[Problem, ...]:
    """Report the rows without a time or price, except blank lines."""
    unusable = np.flatnonzero(~usable)
    names = [name for role, name in table.roles.items() if role not in ("source", "closed")]
    blank = [table.frame[name].iloc[unusable].isna().to_numpy() for name in names]
    unusable = unusable[~np.logical_and.reduce(blank)]
    if not len(unusable):
        return ()
    first = table.line(int(unusable[0]))
    return (Problem("without a price", len(unusable), first, "left out"),)


def _are_simulated(table: Table) -> bool:
    """Tell whether the column of sources says of any row that its price is simulated."""
    return "source" in table.roles and bool((table.column("source") == "simulated").any())


def _changes(source: Array) -> Array:
    """Mark the rows whose source differs from that of the row before, `(n,)` bool."""
    changes: Array = np.r_[False, source[1:] != source[:-1]]
    return changes
