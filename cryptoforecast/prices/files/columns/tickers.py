"""Columns whose names contain a ticker as well, as yfinance and pandas write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cryptoforecast.prices.candles.symbols import read_symbol
from cryptoforecast.prices.files.columns.dialects import SIDES, meaning, plain_name
from cryptoforecast.types.quotes import quote_of

_WORD = r"(open|high|low|close|adj close|volume)"
# ('Close', 'BTC-USD') in either order, Close_BTC-USD, BTC-USD Close.
_FORMS = (
    (rf"\('{_WORD}', '([^']+)'\)", 1, 2),
    (rf"\('([^']+)', '{_WORD}'\)", 2, 1),
    (rf"{_WORD}[ _.|](\S+)", 1, 2),
    (rf"(\S+)[ _.|]{_WORD}", 2, 1),
)
_PRICES = {"open", "high", "low", "close"}
_FIELDS = {*_PRICES, "volume"}


def prices_by_ticker(names: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """Find the prices and the volume of each ticker that the names contain.

    Args:
        names: Column names as the file has them.

    Returns:
        Columns by role, by ticker; tickers that lack any of the four prices are left out.
    """
    for form, word, ticker in _FORMS:
        tickers: dict[str, dict[str, list[str]]] = {}
        for name in names:
            match = re.fullmatch(form, name.strip(), re.IGNORECASE)
            # A currency or a side is no coin: "Open (EUR)", "bid open".
            label = meaning(name).label
            is_mark = quote_of(label) or label in SIDES or (match and match[ticker][0] in "([")
            if match and not is_mark and plain_name(match[word]) in _FIELDS:
                roles = tickers.setdefault(match[ticker], {})
                roles.setdefault(plain_name(match[word]), []).append(name)
        complete = {each: columns for each, columns in tickers.items() if columns.keys() >= _PRICES}
        if complete:
            return complete
    return {}


def quote_of_ticker(ticker: str) -> str | None:
    """Return the quote of a ticker that is a pair, such as ``"BTC-EUR"``."""
    symbol = read_symbol(ticker)
    return symbol.quote if symbol else None


def is_same_coin(name: str, only: str) -> bool:
    """Tell whether a name in a file is that of the coin, or of the pair, that a user wants."""
    wish, symbol = read_symbol(only), read_symbol(name)
    if wish is None or symbol is None or wish.ticker != symbol.ticker:
        return False
    return wish.quote in (None, symbol.quote)
