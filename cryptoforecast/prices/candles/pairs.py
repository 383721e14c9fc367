"""Pairs in the ways of exchanges: ``BTC-EUR``, ``BTCUSDT``, ``KRW-BTC``, ``XXBTZUSD``."""

from __future__ import annotations

import re
from dataclasses import replace

from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.candles.coin_list import Coin, by_ticker, listed
from cryptoforecast.types import quotes
from cryptoforecast.types.quotes import DEFAULT_QUOTE, DOLLARS, MONEY, quote_of

#: Longest symbol, characters.
MAX_LENGTH = 20
#: Longest text of a coin's name and a currency, characters.
MAX_TEXT = 40

_BASE = re.compile(r"[A-Z0-9]{1,16}")
# Windows reserves these names for devices, with any extension.
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(\..*)?")
# Kraken writes XXBTZUSD, XETHXXBT: X before a coin, Z before money.
_KRAKEN = re.compile(r"X?([A-Z]{3,5})Z(USD|EUR|GBP|JPY|CAD|AUD|CHF|KRW)|X([A-Z]{3})X(XBT|ETH)")
# Polygon writes X:BTCUSD, TradingView BINANCE:BTCUSDT.
_MARKET = re.compile(r"[A-Z]{1,16}:([A-Z0-9/_-]+)")
# Bitfinex writes tBTCUSD, tDOGE:USD, and UST for USDT.
_BITFINEX = re.compile(r"t([A-Z0-9]{2,}:?)([A-Z]{3,4})")
# Their markets of Tether name the money first, as Upbit does: KRW-USDT.
_MONEY_FIRST = {"KRW", "IDR", "THB", "SGD"}
# The longest first, so that the quote of BTCUSDT is USDT and no shorter end of the word.
_SUFFIXES = sorted({*quotes.QUOTES, "XBT"}, key=len, reverse=True)
# Letters that a ticker must have before one of these currencies, if it is not a listed coin. After
# fewer letters the word may be a coin's own name. A ticker that ends in T or B is more likely than
# the quote TUSD, or than BUSD after a short ticker.
_MIN_BASE = {**dict.fromkeys(MONEY, 3), "BUSD": 3, "USDT": 2, "USDC": 2, "FDUSD": 2, "USD": 2}
_MAX_BASE = 10
# Coins that stand for a dollar. Their names end in a currency's, but are not split there.
_STABLE = frozenset({*DOLLARS, "PYUSD", "RLUSD", "FRXUSD"})


def read(text: str) -> Coin | None:
    """Find the coin of a pair; ``None`` if the text is none.

    Raises:
        InvalidInput: If no market has such a pair.
    """
    word = re.sub(r" *([-/_: ]) *", r"\1", text.strip())
    if not word.isascii():  # some letters of other scripts have capitals of ours
        return None
    bitfinex = _BITFINEX.fullmatch(word)
    if bitfinex is not None:
        quote = "USDT" if bitfinex[2] == "UST" else bitfinex[2]
        inner = split(bitfinex[1] + quote)
        if inner is not None:
            return coin_of(*inner)
    word = word.upper()
    market = _MARKET.fullmatch(word)
    if market is not None and quote_of(market[1]) is None:
        word = market[1]
        if split(word) is None:
            return None
    pair = split(word)
    return None if pair is None else coin_of(*pair)


def split(word: str) -> tuple[str, str] | None:
    """Split a pair in capitals into base and quote; ``None`` if it is none.

    Raises:
        InvalidInput: If no market has such a pair.
    """
    kraken = _KRAKEN.fullmatch(word)
    if kraken is not None:
        base, quote = (kraken[1], kraken[2]) if kraken[1] else (kraken[3], kraken[4])
        if _is_known(base) or len(word) == 8:
            return base, str(quote_of(quote))
    separator = re.search(r"[-/_: ](?=[A-Z0-9]*$)", word)
    if separator is None:
        return _split_joined(word)
    first, second = word[: separator.start()], word[separator.end() :]
    return order(first, second, separator[0])


def order(first: str, second: str, mark: str) -> tuple[str, str] | None:
    """Tell base from quote in a pair of two words.

    ``KRW-BTC`` and ``USDT_BTC`` name the quote first, as some exchanges do with these two marks.
    With the others the base comes first everywhere.
    """
    if not (_BASE.fullmatch(first) or listed(first)) or not second:
        return None
    before, after = quote_of(first), quote_of(second)
    swapped = _is_swapped(first, second)
    if swapped and mark in "-_":
        return second, str(before)
    if swapped:
        raise _no_market(first, second)
    if after is not None:
        return first, after
    money = first in MONEY or first in DOLLARS
    if mark in "-_" and before and (by_ticker(second) or (money and _BASE.fullmatch(second))):
        return second, before
    return None


def _is_swapped(first: str, second: str) -> bool:
    """Return whether a pair of two currencies has its quote first: no market is the other way."""
    before, after = quote_of(first), quote_of(second)
    if before is None or after is None or before == after:
        return False
    if after in quotes.COINS:
        ranks = quotes.COINS
        return before not in ranks or ranks.index(before) < ranks.index(after)
    return first in _MONEY_FIRST and second in DOLLARS and second != DEFAULT_QUOTE


def _split_joined(word: str) -> tuple[str, str] | None:
    """Split ``BTCUSDT``: at a listed coin if there is one, else at a currency of the end."""
    if not _BASE.fullmatch(word):
        return None
    ends = [(word[: -len(end)], end) for end in _SUFFIXES if word.endswith(end)]
    for base, end in ends:
        if _is_known(base) and quote_of(base) != quote_of(end):
            if _is_swapped(base, end):
                raise _no_market(base, end)
            return base, str(quote_of(end))
        if base in DOLLARS and end in DOLLARS and base != DEFAULT_QUOTE:
            return base, DEFAULT_QUOTE
    for base, end in [] if word in _STABLE else ends:
        if _MIN_BASE.get(end, _MAX_BASE + 1) <= len(base) <= _MAX_BASE and not base.isdigit():
            return base, str(quote_of(end))
    return None


def _is_known(base: str) -> bool:
    """Return whether a word is a listed coin, or a currency that coins are quoted in."""
    return listed(base) is not None or base in MONEY or base in DOLLARS


def _no_market(first: str, second: str) -> InvalidInput:
    """Return the error about a pair that is quoted the other way round everywhere."""
    return InvalidInput(
        f"No market quotes {first} in {second}. Received: {first}/{second}. "
        f"Did you mean {second}/{first}?"
    )


def coin_of(base: str, quote: str) -> Coin:
    """Make the coin of a base and a quote.

    Raises:
        InvalidInput: If both are the same.
    """
    coin = listed(base)
    if coin is not None:
        if coin.ticker == quote:
            raise _same(quote)
        symbol = coin.symbol.removesuffix(DEFAULT_QUOTE) + quote
        return coin if quote == coin.quote else replace(coin, symbol=symbol, quote=quote)
    if base == quote:
        raise _same(quote)
    symbol = f"{base}-{quote}"
    return Coin(symbol if _RESERVED.fullmatch(base) else base, symbol, symbol, quote)


def _same(quote: str) -> InvalidInput:
    """Return the error about a currency that is quoted in itself."""
    return InvalidInput(
        f"A coin is quoted in another currency. Received: {quote} in {quote}. Choose another."
    )


def safe(ticker: str) -> str:
    """Lengthen a ticker that is reserved for a device, so that it is safe as a file name."""
    return f"{ticker}-{DEFAULT_QUOTE}" if _RESERVED.fullmatch(ticker.upper()) else ticker
