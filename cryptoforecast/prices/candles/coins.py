"""The coin that a text stands for: typed in by a user, or part of an address.

What a file says of its coin is read by ``symbols``.
"""

from __future__ import annotations

import contextlib
import difflib
import re

from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.candles import pairs
from cryptoforecast.prices.candles.coin_list import COINS, NAMES, Coin, listed
from cryptoforecast.types import quotes
from cryptoforecast.types.quotes import DEFAULT_QUOTE

__all__ = ["COINS", "Coin", "resolve", "suggestion"]

# No other character reaches a file name, a URL or a log line.
_ALLOWED = re.compile(r"[A-Z0-9^][A-Z0-9.^=-]*")
# One letter of three may be wrong.
_MIN_LIKENESS = 0.66


def resolve(text: str) -> Coin:
    """Find the coin that a ticker, a name or a pair stands for.

    ``"btc"``, ``"XBT"`` and ``"Bitcoin"`` are Bitcoin in US dollars. A pair is written in the ways
    of exchanges: ``"BTC-EUR"``, ``"BTC/USDT"``, ``"BTC_KRW"``, ``"BTCUSDT"``, ``"KRW-BTC"``,
    ``"XXBTZUSD"``, ``"tBTCUSD"``, ``"X:BTCUSD"``. Coins that stand for a dollar count as dollars.
    Any other word stands for a coin in USD: ``"FOO"`` is ``"FOO-USD"``. A text with ``.``, ``^``
    or ``=`` is a symbol of Yahoo's own. Whether a source knows the symbol is not decided here.

    Args:
        text: In any case.

    Returns:
        The coin. Its ``ticker`` is safe as a file name.

    Raises:
        InvalidInput: If the text can't be a symbol, or no market has such a pair.
    """
    coin = listed(text.strip()) if len(text) <= pairs.MAX_TEXT else None
    return coin or pairs.read(text) or _resolve_symbol(text)


def _pair(text: str) -> Coin | None:
    """Find the coin of a pair; ``None`` if the text is none that a market has."""
    with contextlib.suppress(InvalidInput):
        return pairs.read(text)
    return None


def _resolve_symbol(text: str) -> Coin:
    """Make the coin of a word that is no pair, or of a symbol of Yahoo's own.

    Raises:
        InvalidInput: If the text can't be a symbol.
    """
    letters = text.strip().upper()
    # Upper case turns some foreign letters into plain ones, so the text itself must be ASCII.
    plain = text.isascii() and _ALLOWED.fullmatch(letters) and not letters.endswith(".")
    if len(letters) > pairs.MAX_LENGTH or not plain:
        raise InvalidInput(
            f"A coin is a ticker, a name of the list, or a pair such as BTC-EUR, of at most "
            f"{pairs.MAX_LENGTH} characters, A-Z 0-9 . - ^ = only. Received: {text[:40]!r}. "
            f"{suggestion(text[: pairs.MAX_TEXT])}"
        )
    if letters.isalnum():
        return pairs.coin_of(letters, DEFAULT_QUOTE)
    # A longer first word is a name, such as BITCOIN-GOLD.
    pair = re.fullmatch(r"([A-Z0-9]{1,5})-([A-Z]{3,5})", letters)
    if pair is not None:
        raise InvalidInput(
            f"Prices can be in {', '.join(['USD', 'EUR', 'GBP', 'KRW', *quotes.COINS])} and other "
            f"money. Received: {letters}, quoted in {pair[2]}. Ask for {pair[1]}-USD."
        )
    return Coin(letters, letters, letters)


def suggestion(text: str) -> str:
    """Write the sentence "Did you mean …?" about a symbol that nobody knows."""
    coins = _similar(text)
    if not coins:
        return f"Did you mean a coin of the list, such as {', '.join(list(COINS)[:4])}?"
    names = [f"{c.ticker} ({c.name})" if c.name != c.ticker else c.ticker for c in coins]
    return f"Did you mean {' or '.join(names)}?"


def _similar(text: str) -> list[Coin]:
    """Find the listed coin that is part of a text, or at most two that are spelt alike."""
    parts = re.split(r"[-/_ .=:]", text.strip().upper())
    if len(parts) > 1 and quotes.quote_of(parts[-1]):
        parts = parts[:-1]
    for part in parts:
        coin = listed(part) or _pair(part)
        if coin is not None and coin.ticker in COINS:
            return [COINS[coin.ticker]]
    names = {name.upper(): coin for name, coin in NAMES.items()}
    word = text.strip().upper().rpartition(":")[2]
    for part in (re.split(r"[-/_ .=]", word)[0], word):
        near = difflib.get_close_matches(part, names, 2, _MIN_LIKENESS)
        if near:
            return list(dict.fromkeys(names[name] for name in near))
    return []
