"""From a table as someone saved it to candles: which column is what, and in which unit.

Imports ``types``, ``errors`` and its neighbours ``quality``, ``resample``. Whatever can't be
read rightly is refused with the reason; nothing is guessed where a guess could be wrong. A new
layout is a new name in ``ROLES`` or a new branch of ``read_times`` or ``read_numbers``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.quality import normalise, ohlc_violations
from cryptoforecast.types import Array, Problem

#: Names a column goes by, in order of preference; compared in lower case, letters and digits only.
ROLES: dict[str, tuple[str, ...]] = {
    "time": ("time", "timestamp", "opentime", "unix", "unixtimestamp", "datetime", "date"),
    "open": ("open",),
    "high": ("high",),
    "low": ("low",),
    "close": ("close",),
    "volume": ("volume", "volumebtc", "vol"),
    "source": ("source",),
}
PRICES = ("open", "high", "low", "close")

# Columns that only Yahoo writes; its volume is turnover in USD.
_YAHOO = {"adjclose", "dividends", "stocksplits"}
_EXAMPLE = "time,open,high,low,close,volume"
_FIRST_TIME = pd.Timestamp("2009-01-01", tz="UTC")
_LAST_TIME = pd.Timestamp("2100-01-01", tz="UTC")
# More rows than this with an open or close outside high/low: the numbers are not what they seem.
_VIOLATIONS = 0.1
_UNITS = ((1e11, "s", 10**9), (1e14, "ms", 10**6), (1e17, "us", 10**3), (np.inf, "ns", 1))

#: Says where row *i* of a table lies in its file, for example ``"line 17"``.
Where = Callable[[int], str]


@dataclass(frozen=True, eq=False)
class Reading:
    """Candles as read from a file.

    Attributes:
        candles: canonical frame (see ``PriceHistory``).
        duplicates: rows dropped because their time came again.
        until: open of the last row, with or without a price.
        grid: most frequent spacing of the rows.
        simulated: whether the file says that its prices are.
        volume_unit: see ``PriceHistory``.
        decisions: what was settled without asking.
        problems: what was found and what was done about it.
    """

    candles: pd.DataFrame
    duplicates: int
    until: pd.Timestamp
    grid: pd.Timedelta
    simulated: bool
    volume_unit: str
    decisions: dict[str, str]
    problems: tuple[Problem, ...]


def recognise(columns: Iterable[object]) -> dict[str, str]:
    """Find which column plays which role.

    Args:
        columns: names as the file has them.

    Returns:
        Column name by role; ``volume`` and ``source`` only where there is one.

    Raises:
        UnreadableFile: if the time or a price is missing.
    """
    names = [str(column) for column in columns]
    plain: dict[str, str] = {}
    for name in names:
        plain.setdefault(_plain(name), name)
    found = {}
    for role, aliases in ROLES.items():
        match = next((plain[alias] for alias in aliases if alias in plain), None)
        if match is not None:
            found[role] = match
    lacking = [role for role in ("time", *PRICES) if role not in found]
    if lacking:
        seen = ", ".join(names)[:200]
        hint = " It begins with numbers, so it seems to have no header." if _headless(names) else ""
        raise UnreadableFile(
            f"A price file needs a first line that names its columns ({_EXAMPLE}). No column for "
            f"{', '.join(lacking)} was found. Received: {seen}.{hint} Name the columns."
        )
    return found


def interpret(table: pd.DataFrame, where: Where) -> Reading:
    """Turn a table into candles.

    Args:
        table: columns as in the file; rows in any order.
        where: says where a row lies, for messages.

    Raises:
        UnreadableFile: if a time or number can't be read rightly.
    """
    roles = recognise(table.columns)
    if table.empty:
        raise UnreadableFile("A price file needs candles. Received: a header without rows.")
    prices = {name: read_numbers(table[roles[name]], where, name) for name in PRICES}
    volume = np.full(len(table), np.nan)
    if "volume" in roles:
        volume = read_numbers(table[roles["volume"]], where, "volume")
    complete = ~np.logical_or.reduce([np.isnan(values) for values in prices.values()])
    times, how = read_times(table[roles["time"]], where, complete)
    _check_prices(prices, complete, where)
    usable = complete & ~times.isna()
    volume = np.where((volume >= 0) & np.isfinite(volume), volume, np.nan)
    frame = pd.DataFrame({**prices, "volume": volume}, index=times, copy=False)
    candles, duplicates = normalise(frame[usable] if not usable.all() else frame)
    if len(candles) < 2:
        raise UnreadableFile(
            f"A price file needs at least 2 candles. Received: {len(candles)} with a price."
        )
    _check_shape(candles)
    known = times[~times.isna()]
    return Reading(
        candles=candles,
        duplicates=duplicates,
        until=known.max(),
        grid=commonest_spacing(known.asi8),
        simulated="source" in roles and _says_simulated(table[roles["source"]]),
        volume_unit=_volume_unit(table.columns, roles),
        decisions={"columns": ", ".join(f"{r}={c}" for r, c in roles.items()), "time": how},
        problems=_left_out(usable, where),
    )


def read_times(values: pd.Series, where: Where, needed: Array) -> tuple[pd.DatetimeIndex, str]:
    """Read a column of times.

    Args:
        values: epoch numbers (s, ms, us or ns), ISO 8601 text, or datetimes.
        where: says where a row lies.
        needed: `(n,)` bool; rows without a price may lack a time too.

    Returns:
        UTC times in ns, NaT where not needed and absent; and how they were understood.
    """
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        times, how = pd.DatetimeIndex(values), "datetimes"
        if times.tz is None:
            times, how = times.tz_localize("UTC"), "datetimes without a zone, read as UTC"
        times = times.tz_convert("UTC").as_unit("ns")
    elif pd.api.types.is_numeric_dtype(values.dtype):
        times, how = _epochs(values.to_numpy(dtype=float, na_value=np.nan))
    else:
        text = values.astype("str")
        parsed = pd.to_datetime(text, utc=True, format="ISO8601", errors="coerce")
        times, how = pd.DatetimeIndex(parsed).as_unit("ns"), "ISO 8601, UTC where no zone is given"
    outside = np.asarray((times < _FIRST_TIME) | (times >= _LAST_TIME) | times.isna()) & needed
    if outside.any():
        row = int(np.argmax(outside))
        raise UnreadableFile(
            "Times must be seconds, milliseconds or microseconds since 1970, or written as "
            f"2024-12-31 23:00:00, from {_FIRST_TIME.year} on. "
            f"Received: {values.iloc[row]!r} ({where(row)}, column {values.name!r}). "
            "Convert the column."
        )
    return times, how


def read_numbers(values: pd.Series, where: Where, role: str) -> Array:
    """Read a column of numbers; NaN where the file has none.

    Raises:
        UnreadableFile: at the first text that is no plain number.
    """
    if not pd.api.types.is_numeric_dtype(values.dtype):
        numbers = pd.to_numeric(values, errors="coerce")
        broken = np.asarray(numbers.isna() & values.notna())
        if broken.any():
            row = int(np.argmax(broken))
            raise UnreadableFile(
                f"The {role} must be a plain number such as 1234.56. "
                f"Received: {str(values.iloc[row])[:40]!r} ({where(row)}, column {values.name!r})."
                f"{_mangled(str(values.iloc[row]))}"
            )
        values = numbers
    return values.to_numpy(dtype=float, na_value=np.nan)


def commonest_spacing(times: Array) -> pd.Timedelta:
    """Most frequent distance between neighbouring times, `(n,)` ns in any order."""
    ordered = times if (np.diff(times) > 0).all() else np.unique(times)
    steps = np.diff(ordered)
    if not len(steps):
        raise UnreadableFile("A price file needs candles at two times at least. Received: one.")
    # The median settles it for any regular file, without sorting millions of equal numbers.
    middle = int(np.partition(steps, len(steps) // 2)[len(steps) // 2])
    if (steps == middle).mean() <= 0.5:
        lengths, counts = np.unique(steps, return_counts=True)
        middle = int(lengths[np.argmax(counts)])
    return pd.Timedelta(middle, unit="ns")


def _epochs(numbers: Array) -> tuple[pd.DatetimeIndex, str]:
    """Read numbers since 1970 in the unit that their size tells."""
    known = np.isfinite(numbers)
    typical = float(np.median(np.abs(numbers[known]))) if known.any() else 0.0
    unit, factor = next((unit, factor) for limit, unit, factor in _UNITS if typical < limit)
    limit = np.iinfo(np.int64).max / factor
    known &= np.abs(np.nan_to_num(numbers)) < limit
    stamps = np.full(len(numbers), np.iinfo(np.int64).min)
    stamps[known] = np.round(numbers[known] * (factor // 1000 or 1)).astype(np.int64) * (
        1000 if factor >= 1000 else 1
    )
    return pd.DatetimeIndex(stamps.view("datetime64[ns]")).tz_localize("UTC"), (
        f"{unit} since 1970, UTC"
    )


def _check_prices(prices: dict[str, Array], complete: Array, where: Where) -> None:
    """Refuse prices that are infinite, zero or negative."""
    for name, values in prices.items():
        bad = complete & ~((values > 0) & np.isfinite(values))
        if bad.any():
            row = int(np.argmax(bad))
            raise UnreadableFile(
                f"Prices must be above 0. Received: {values[row]:g} as {name} ({where(row)}; "
                f"{int(bad.sum())} rows in all). Remove or correct these rows."
            )


def _check_shape(candles: pd.DataFrame) -> None:
    """Refuse numbers that can't be candles."""
    share = float(ohlc_violations(candles).mean())
    if share > _VIOLATIONS:
        raise UnreadableFile(
            "Open and close must lie between low and high. "
            f"Received: {share:.0%} of the rows where they don't. "
            "The columns are swapped or the numbers were altered; use the original file."
        )


def _left_out(usable: Array, where: Where) -> tuple[Problem, ...]:
    """Report the rows without a price."""
    count = int((~usable).sum())
    if not count:
        return ()
    first = re.search(r"\d+", where(int(np.argmin(usable))))
    return (Problem("without a price", count, int(first[0]) if first else None, "left out"),)


def _says_simulated(source: pd.Series) -> bool:
    return bool((source.astype("str") == "simulated").any())


def _volume_unit(columns: Iterable[object], roles: dict[str, str]) -> str:
    """Tell the unit where the layout tells it."""
    if "volume" not in roles:
        return "unknown"
    if any(is_yahoo(str(column)) for column in columns):
        return "usd"
    return "coins" if _plain(roles["volume"]) == "volumebtc" else "unknown"


def is_yahoo(column: str) -> bool:
    """Whether only Yahoo names a column so."""
    return _plain(column) in _YAHOO


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _headless(names: list[str]) -> bool:
    return sum(bool(re.fullmatch(r"[\d.:+-]+", name.strip())) for name in names) > len(names) / 2


def _mangled(text: str) -> str:
    """Add a hint if a spreadsheet seems to have rewritten the number."""
    if re.fullmatch(r"[+-]?\d{1,3}(\.\d{3}){2,}", text.strip()):
        return " A spreadsheet has altered the numbers beyond repair; use the original file."
    return " Save the file with decimal points and without thousands separators."
