"""Which currency prices are in: by column names, symbols, signs, and by what the user says."""

from __future__ import annotations

import re

import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns.choice import role_of
from cryptoforecast.prices.files.columns.dialects import (
    ALIASES,
    SIGNS,
    currency_of,
    meaning,
    plain_name,
    volume_unit,
)
from cryptoforecast.prices.files.columns.tickers import prices_by_ticker, quote_of_ticker
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.table import PRICES, Table
from cryptoforecast.prices.files.values.numbers import has_more_than_numbers
from cryptoforecast.types.quotes import COINS, DEFAULT_QUOTE, DOLLAR_SIGNS, quote_of

#: How a user says which currency the prices are in.
HOW_TO_SAY = "Currency on the Data page; --quote CODE on the command line, quote= in Python"
# Signs that several currencies have.
_SHARED = {"¥": ("JPY", "CNY"), "￥": ("JPY", "CNY"), "kr": ("SEK", "NOK", "DKK")}
# Currencies that are written with a dollar sign too.
_DOLLARS = {"AUD", "CAD", "HKD", "SGD", "NZD", "MXN", "TWD", "ARS"}
_BY_USER = "as you say"
# Columns that name the currency of prices, and nothing else.
_QUOTE_COLUMNS = {*ALIASES["quote"]} - {"currency"}
#: The decision where nothing says the currency; ``{}`` stands for what was read.
ASSUMED = f"{DEFAULT_QUOTE}, because the {{}} names none; say another ({HOW_TO_SAY})"
# Parts of a currency that prices are sometimes written in.
_PARTS = frozenset({
    "sat", "sats", "satoshi", "satoshis", "msat", "mbtc", "ubtc", "gwei", "wei", "finney", "cent",
    "cents", "pence", "gbx", "kopeks",
})  # fmt: skip
# A character that is in no plain number. Looking for it is fast.
_MARKED = r"[^0-9.,\s'+-]"
# What is removed from a cell to leave its sign or code: digits, separators and exponents.
_DIGITS = re.compile(r"[\d.,'’\s+()-]|(?<=\d)[eE](?=[+-]?\d)")


def find_quote(table: Table, symbol: str, corrections: Corrections) -> tuple[str, str]:
    """Find the currency of the prices, and where the file says it.

    Args:
        table: The raw columns and their roles.
        symbol: What the rows call the coin.
        corrections: The currency that the user says, if any.

    Returns:
        The currency, and its evidence in words; both empty if the file does not say it.

    Raises:
        UnreadableFile: If the file names several currencies or an unknown one, and the user none;
            or if the prices are in a part of a currency.
    """
    evidence = _evidence(table, symbol, corrections)
    quotes = sorted({quote for quote, _ in evidence})
    if corrections.quote is not None:
        others = [f"{where} {quote}" for quote, where in evidence if quote != corrections.quote]
        return corrections.quote, f"as you say, but {'; '.join(others)}"[
            :200
        ] if others else _BY_USER
    if len(quotes) > 1:
        sources = " and ".join(f"{where} {quote}" for quote, where in evidence)
        raise UnreadableFile(
            f"Prices must be in one currency. Received: {sources[:200]}. Say which is right "
            f"({HOW_TO_SAY})."
        )
    return evidence[0] if evidence else ("", "")


def _evidence(table: Table, symbol: str, corrections: Corrections) -> list[tuple[str, str]]:
    """Return the currencies that the file names, and where."""
    evidence: list[tuple[str, str]] = []
    prices = (*PRICES, "price")
    columns = [table.roles[role] for role in prices if role in table.roles]
    for name in (name for role, name in table.roles.items() if role_of(role) in prices):
        label = meaning(name).label
        _refuse_part(label, name)
        quote = quote_of(label) or quote_of_ticker(label)
        if quote in COINS and quote == quote_of(corrections.only or ""):
            continue  # the coin that the prices are of, among others beside it
        if quote and quote not in (each for each, _ in evidence):
            evidence.append((quote, f"column {name[:40]!r} says"))
    says = dict.fromkeys(prices_by_ticker(columns), f"column {columns[0][:40]!r} says")
    for ticker in says:
        _refuse_part(ticker, columns[0])
    says[symbol] = f"symbol {symbol[:30]!r} says"
    quotes = ((quote_of_ticker(ticker), where) for ticker, where in says.items())
    evidence += [(quote, where) for quote, where in quotes if quote]
    if "quote" in table.roles:
        unknown_is_refused = corrections.quote is None and not evidence
        evidence += _from_column(table, unknown_is_refused=unknown_is_refused)
    if quote := quote_of(table.quote):
        evidence.append((quote, "the file says"))
    if not evidence and (quote := quote_of(volume_unit(table.roles.get("turnover", "")))):
        evidence.append((quote, f"column {table.roles['turnover'][:40]!r} says"))
    for role in prices:
        if role in table.roles and not pd.api.types.is_numeric_dtype(table.column(role).dtype):
            currencies = {quote for quote, _ in evidence} | {corrections.quote or ""}
            evidence += _from_signs(table, role, currencies)
    return evidence


def _refuse_part(label: str, name: str) -> None:
    """Refuse prices in a part of a currency, which are other numbers than those in the whole.

    Raises:
        UnreadableFile: If the label of a column is such a part.
    """
    if label.lower() in _PARTS:
        raise UnreadableFile(
            f"Prices must be in a whole currency. Received: column {name[:40]!r}. Multiply its "
            "prices by what the part is worth, such as 0.00000001 BTC for a satoshi."
        )


def _from_column(table: Table, *, unknown_is_refused: bool) -> list[tuple[str, str]]:
    """Read the column that names the currency in every row.

    Raises:
        UnreadableFile: If it is called after the quote, and names no known currency.
    """
    name = table.roles["quote"]
    column = table.column("quote").dropna()
    # Ten different ones are enough, and mostly stand at the beginning.
    head = column.iloc[:10_000].unique()
    texts = [str(each) for each in (head if len(head) >= 10 else column.unique())[:10]]
    is_sure = plain_name(name) in _QUOTE_COLUMNS
    # A column "currency" may name the coin: Bitcoin is then no currency of prices.
    quotes = {text: currency_of(text) if is_sure else quote_of(text) for text in texts}
    unknown = next((text for text, quote in quotes.items() if quote is None), None)
    if unknown is not None and unknown_is_refused and is_sure:
        raise UnreadableFile(
            f"Prices must be in a known currency. Received: {unknown[:30]!r} in column "
            f"{name[:40]!r}. Say which currency is meant ({HOW_TO_SAY})."
        )
    names = sorted({quote for quote in quotes.values() if quote})
    return [(quote, f"column {name[:40]!r} says") for quote in names]


def _from_signs(table: Table, role: str, currencies: set[str]) -> list[tuple[str, str]]:
    """Read the signs and codes beside the prices of a column.

    Raises:
        UnreadableFile: If a sign is that of several currencies, and nothing shows which.
    """
    texts = table.column(role).dropna().astype("str")
    texts = texts[has_more_than_numbers(texts)]
    texts = pd.Series(texts.unique())
    texts = texts[texts.str.contains(_MARKED, regex=True)]
    signs = pd.unique(texts.str.replace(_DIGITS, "", regex=True))
    evidence = []
    for sign in map(str, signs[:20]):
        if sign in _SHARED and not currencies & set(_SHARED[sign]):
            raise UnreadableFile(
                f"Prices must be in one currency. Received: {sign}, which is "
                f"{' or '.join(_SHARED[sign])}. Say which ({HOW_TO_SAY})."
            )
        if sign == "$" and currencies & _DOLLARS:
            continue
        if quote := SIGNS.get(sign) or DOLLAR_SIGNS.get(sign.upper()) or quote_of(sign):
            evidence.append((quote, f"{sign} beside the {role} says"))
    return evidence
