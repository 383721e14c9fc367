"""One series of prices out of a file, by its column of symbols or whatever tells series apart."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from cryptoforecast.errors import SeveralSeries, UnreadableFile
from cryptoforecast.prices.candles.coin_list import by_ticker
from cryptoforecast.prices.candles.symbols import read_symbol
from cryptoforecast.prices.files.columns.choice import HOW_TO_CHOOSE, left_out, not_there
from cryptoforecast.prices.files.columns.dialects import ALIASES, SIDES, meaning, plain_name
from cryptoforecast.prices.files.columns.distinct import codes_of, distinct_values, texts_of
from cryptoforecast.prices.files.columns.tickers import (
    is_same_coin,
    prices_by_ticker,
    quote_of_ticker,
)
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.table import PRICES, Table
from cryptoforecast.types import Array
from cryptoforecast.types.quotes import COINS, quote_of

#: Different symbols that a column may have; all coins together have fewer.
MAX_SERIES = 50_000
# Closes that differ by more than this factor are perhaps of two series.
_JUMP = 2.0
# Share of the repeated times, or of the jumps, that a column of series must explain.
_EXPLAINED = 0.5
# Share of all pairs of a time and a series that must be there, if the series are interleaved.
_FILLED = 0.5
# Names that are compared with the coin that the user wants.
_MAX_NAMES = 10_000
# Names of columns that say when, and not which series; and values that mean yes or no.
_NO_SERIES = frozenset(
    {*ALIASES["time"], "closetime", "timeclose", "endtime", "year", "quarter", "month", "week",
     "weekday", "dayofweek", "hour", "minute", "clock"}
)  # fmt: skip
_ANSWERS = frozenset({"true", "false", "yes", "no", "0", "1", "t", "f", "y", "n"})


def pick_series(table: Table, corrections: Corrections) -> tuple[Table, str]:
    """Keep the rows of one series, and return its symbol.

    Args:
        table: The raw columns and their roles.
        corrections: Which series the user wants, if the file has several.

    Returns:
        The table, perhaps with fewer rows, and the symbol that every row has; empty if unknown.

    Raises:
        UnreadableFile: If rows have different symbols and the user names none of them, or names
            one that is not there.
    """
    table, is_chosen = _in_one_quote(_without_confusion(table), corrections)
    if is_chosen:
        corrections = dataclasses.replace(corrections, only=None)
    if "symbol" not in table.roles:
        if corrections.only is None:
            return table, _symbol_of(table)
        return _pick_by_any_column(table, corrections.only)
    codes, names = distinct_values(table.column("symbol"), MAX_SERIES)
    if corrections.only is not None:
        matches = matching(names, corrections.only)
        if not matches and table.others:
            return _pick_by_any_column(table, corrections.only, names)
        if not matches:
            raise not_there(corrections.only, names)
        return _rows_named(table, codes, names, matches, "symbol")
    if _are_several(names):
        in_quote = []
        if corrections.quote is not None:
            in_quote = [name for name in names if quote_of_ticker(name) == corrections.quote]
        if not in_quote or _are_several(in_quote):
            raise _several(table, codes, names, table.roles["symbol"])
        return _rows_named(table, codes, names, in_quote, "symbol")
    return table, names[0] if names else _symbol_of(table)


def _symbol_of(table: Table) -> str:
    """Return what the file calls the coin outside its rows, or in the names of its prices."""
    columns = [table.roles[role] for role in PRICES if role in table.roles]
    labels = [label for label in map(_label, columns) if quote_of_ticker(label)]
    return table.symbol or next(iter([*prices_by_ticker(columns), *labels]), "")


def _label(column: str) -> str:
    """Return what a column's name says besides its price."""
    return meaning(column).label


def _without_confusion(table: Table) -> Table:
    """Leave one role to a column ``currency``, which may be that of the coin or of its prices."""
    roles = dict(table.roles)
    if "quote" in roles and (pd.api.types.is_numeric_dtype(table.column("quote").dtype)):
        del roles["quote"]
    elif "quote" in roles and roles.get("symbol") == roles["quote"]:
        _, names = distinct_values(table.column("quote"))
        money = bool(names) and all(quote_of(name) and not _is_coin(name) for name in names)
        del roles["symbol" if money else "quote"]
    return dataclasses.replace(table, roles=roles)


def _is_coin(name: str) -> bool:
    """Tell whether a name is a coin, so that prices may be of it instead of in it."""
    return quote_of(name) in COINS


def _in_one_quote(table: Table, corrections: Corrections) -> tuple[Table, bool]:
    """Keep the rows in one currency, where a column names several.

    Returns:
        The table, and whether the user names the currency as the one series to read.

    Raises:
        UnreadableFile: If rows are in several currencies, and the user names none of them.
    """
    if "quote" not in table.roles:
        return table, False
    codes, names = distinct_values(table.column("quote"))
    quotes = [quote_of(name) for name in names]
    if len(set(quotes)) < 2 or None in quotes:
        return table, False
    by_name = quote_of(corrections.only or "")
    matches = [
        name
        for name, quote in zip(names, quotes, strict=True)
        if quote == (corrections.quote or by_name)
    ]
    if not matches:
        raise _several(table, codes, names, table.roles["quote"])
    return _rows_named(table, codes, names, matches, "quote")[0], by_name is not None


def matching(names: Sequence[str], only: str) -> list[str]:
    """Find the names that a text stands for: the same text, the same letters, or the same coin.

    Raises:
        UnreadableFile: If the text stands for several of them.
    """
    for matches in (
        [name for name in names if name == only],
        [name for name in names if _plain(name) and _plain(name) == _plain(only)],
        [name for name in names[:_MAX_NAMES] if is_same_coin(name, only)],
    ):
        if _are_several(matches):
            raise SeveralSeries(
                f"One series must be named. Received: {only[:40]!r}, which may be "
                f"{' or '.join(repr(name[:30]) for name in matches[:6])}. "
                "Write it as the file does.",
                matches,
            )
        if matches:
            return [name for name in names if _plain(name) == _plain(matches[0])]
    return []


def refuse_mixture(
    table: Table, stamps: Array, usable: Array, close: Array, *, trades: bool, chosen: bool = False
) -> None:
    """Refuse rows of several series, whatever the column is called that tells them apart.

    Args:
        table: The raw columns and their roles.
        stamps: `(m,)` ns, times of the usable rows in the file's order.
        usable: `(n,)` bool, the rows with a time and a price, `m` of them.
        close: `(n,)` prices.
        trades: Whether the rows are trades, of which any number may have one time.
        chosen: Whether the rows are the one series that the user has chosen.

    Raises:
        UnreadableFile: If times come again, or start again, or prices jump, as a column changes.
    """
    names = [name for name in table.others if plain_name(name) not in _NO_SERIES]
    if "source" in table.roles:
        names.append(table.roles["source"])
    if table.load is None or not names or len(stamps) < 2:
        return
    signs = _Signs.of(stamps, close[usable])
    if trades:
        signs = signs._replace(again=np.zeros_like(signs.again))
    if not signs.any:
        return
    for name, values in table.load(names).items():
        codes, different = codes_of(values)
        codes = codes[usable]
        if not _are_few(codes):
            continue
        texts = texts_of(different)
        if _are_several(texts) and _is_series(codes, texts) and signs.are_explained(codes):
            raise _several(table, _in_all_rows(codes, usable), texts, str(name), chosen=chosen)


def may_be_mixed(close: Array) -> bool:
    """Tell whether prices, `(n,)` in the file's order, jump as those of two series do."""
    return bool(_jumps(close).any())


def _jumps(close: Array) -> Array:
    """Mark the prices after which the next one is quite different, `(n - 1,)` bool."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = close[1:] / close[:-1]
    jumps: Array = (ratio > _JUMP) | (ratio < 1 / _JUMP)
    return jumps


class _Signs(NamedTuple):
    """What shows that rows may be of several series.

    Attributes:
        order: `(m,)` rows by time.
        back: `(m - 1,)` bool, rows in the file's order after which the time starts again.
        again: `(m - 1,)` bool, neighbours by time that have one time and two prices.
        same: `(m - 1,)` bool, neighbours by time that have one time and one price.
        jumps: `(m - 1,)` bool, neighbours by time whose prices are quite different.
    """

    order: Array
    back: Array
    again: Array
    same: Array
    jumps: Array

    @classmethod
    def of(cls, stamps: Array, close: Array) -> _Signs:
        steps = np.diff(stamps)
        rising = (steps > 0).sum() >= (steps < 0).sum()
        back = steps < 0 if rising else steps > 0
        in_order = not back.any() and rising
        order = np.arange(len(stamps)) if in_order else np.argsort(stamps, kind="stable")
        prices = close[order]
        copies = np.diff(stamps[order]) == 0
        differ = prices[1:] != prices[:-1]
        return cls(order, back, copies & differ, copies & ~differ, _jumps(prices))

    @property
    def any(self) -> bool:
        """Whether anything shows it."""
        return bool(self.again.any() or self.back.any() or self.jumps.any())

    def are_explained(self, codes: Array) -> bool:
        """Tell whether a column explains what is odd.

        Args:
            codes: `(m,)` its values as numbers.
        """
        kinds, in_file = len(np.unique(codes)), np.diff(codes) != 0
        by_time = np.diff(codes[self.order]) != 0
        # A column that changes exactly where the price leaps, and nowhere else.
        if min(self._share(by_time, self.jumps), self._share(self.jumps, by_time)) > _EXPLAINED:
            return True
        # Parts of one series that overlap have the same prices.
        if self.same.sum() > self.again.sum():
            return False
        in_blocks, overlap = in_file.sum() < kinds, by_time.sum() >= kinds
        if in_blocks and overlap and self._share(in_file, self.back) > _EXPLAINED:
            return True
        if self._share(by_time, self.again) <= _EXPLAINED:
            return False
        times = len(codes) - int(self.again.sum())
        return bool(in_blocks or len(codes) >= _FILLED * times * kinds)

    @staticmethod
    def _share(changes: Array, odd: Array) -> float:
        """Return the share of what is odd that comes with a change; 0 if nothing is odd."""
        return float(changes[odd].mean()) if odd.any() else 0.0


def _are_few(codes: Array) -> bool:
    """Tell whether all rows of a column have a value, and few of these are different."""
    return bool((codes >= 0).all() and 1 < len(np.unique(codes)) <= max(2, len(codes) // 3))


def _is_series(codes: Array, texts: Sequence[str]) -> bool:
    """Tell whether a column may name series: few names, or few whole numbers."""
    if not _are_few(codes):
        return False
    names = [texts[code] for code in np.unique(codes)]
    if {name.casefold() for name in names} <= _ANSWERS:
        return False
    return all(_is_name(name) for name in names[:1000])


def _is_name(text: str) -> bool:
    """Tell whether a text is a name or a whole number, no measure."""
    try:
        return float(text).is_integer()
    except ValueError:
        return True


def _pick_by_any_column(table: Table, only: str, names: Sequence[str] = ()) -> tuple[Table, str]:
    """Keep the rows in which any column has the name that the user wants; see ``pick_series``."""
    columns = [table.roles[role] for role in PRICES if role in table.roles]
    labels = [meaning(columns[0]).label, *prices_by_ticker(columns)] if columns else []
    if any(_plain(label) == _plain(only) or is_same_coin(label, only) for label in labels if label):
        coins = [label for label in labels if label and label not in SIDES]
        return table, next(iter([*prices_by_ticker(columns), *coins]), table.symbol)
    if table.symbol and matching([table.symbol], only):
        return table, table.symbol
    present = [*names, table.symbol] if table.symbol else [*names]
    columns_of_text = table.load(table.others) if table.load and table.others else pd.DataFrame()
    for exact in (True, False):
        for column, values in columns_of_text.items():
            codes, texts = distinct_values(values)
            if not exact and not all(map(str.isalpha, (text[:1] for text in texts))):
                continue
            matches = [] if exact and only not in texts else matching(texts, only)
            if matches and plain_name(column) not in _NO_SERIES:
                table, name = _rows_named(table, codes, texts, matches, str(column))
                return table, name if _is_coin_name(name) else table.symbol
    for column, values in columns_of_text.items():
        codes, texts = distinct_values(values)
        if not present and plain_name(column) not in _NO_SERIES and _is_series(codes, texts):
            present += texts
    if not present:
        others = left_out(table.decisions.get("prices", ""))
        present = sorted({label for label in [*map(_label, columns), *others] if label})
    raise not_there(only, present)


def _is_coin_name(name: str) -> bool:
    """Tell whether a name of any column is that of a coin, not of an exchange or the like."""
    symbol = read_symbol(name)
    return symbol is not None and (
        symbol.quote is not None or not name.isascii() or by_ticker(symbol.ticker) is not None
    )


def _rows_named(
    table: Table, codes: Array, names: Sequence[str], matches: Sequence[str], column: str
) -> tuple[Table, str]:
    """Keep the rows with the chosen names, and say what was left out."""
    numbers = [i for i, name in enumerate(names) if name in matches]
    rows = np.isin(codes, numbers)
    if rows.all():
        return table, matches[0]
    others = len({_plain(name) for name in names} - {_plain(name) for name in matches})
    table = table.take(rows)
    name = table.roles.get(column, column)
    decision = f"{matches[0][:40]} of column {name[:40]}; {others} other series left out"
    table.decisions["series"] = decision
    return table, matches[0]


def _several(
    table: Table, codes: Array, names: Sequence[str], column: str, *, chosen: bool = False
) -> UnreadableFile:
    """Return the error for rows of several series, also within the one that was chosen."""
    # Series of one name in different letters are one.
    series, _ = pd.factorize(pd.Series(map(_plain, names), dtype="str"))
    codes_there = np.unique(codes[codes >= 0])
    first = int(codes[codes >= 0][0])
    row = int(np.argmax((codes >= 0) & (series[codes] != series[first])))
    other, count = int(codes[row]), len(np.unique(series[codes_there]))
    received = (
        f"{names[first][:30]!r} and {names[other][:30]!r} "
        f"({table.where(row)}, column {column!r}; {count} in all)"
    )
    if chosen:
        return UnreadableFile(
            f"The series that is chosen must be one alone. Received: {received}. Save one series a "
            "file."
        )
    return SeveralSeries(
        f"A file must hold one coin. Received: {received}. Choose one "
        f"({HOW_TO_CHOOSE}), or save one coin a file.",
        [names[i] for i in codes_there],
    )


def _in_all_rows(codes: Array, usable: Array) -> Array:
    """Return the codes of the usable rows at their places among all rows, -1 elsewhere."""
    result = np.full(len(usable), -1, dtype=np.int64)
    result[usable] = codes
    return result


def _are_several(names: Sequence[str]) -> bool:
    """Tell whether names are of more than one series."""
    first = _plain(names[0]) if names else ""
    return any(_plain(name) != first for name in names)


def _plain(name: str) -> str:
    """Reduce a symbol to its letters and digits, in any script and case."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(filter(str.isalnum, text)) or text
