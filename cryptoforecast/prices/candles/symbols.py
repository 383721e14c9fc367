"""What a file says of its coin: by its name, or by the symbols in it.

Nothing but names depends on it, so a coin may be called what its market calls it, in any script.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.candles import pairs
from cryptoforecast.prices.candles.coin_list import COINS, by_name, by_ticker, listed
from cryptoforecast.types.quotes import COINS as QUOTE_COINS
from cryptoforecast.types.quotes import DEFAULT_QUOTE, DOLLARS, quote_of

# Futures without an end, as files name them: BTC/USDT:USDT, BTC-USDT-SWAP, BTCUSDT.P.
_PERPETUAL = re.compile(r"(:[A-Z]{3,5}|[-_.]?(SWAP|PERP|PERPETUAL)|\.P)$", re.IGNORECASE)
# What providers write around a symbol: ^BTCUSD, PI_XBTUSD, BTCUSD=X, BTC-EUR.CC, BTCUSDT-240329,
# BTC-27DEC24, BITSTAMP_SPOT_BTC_EUR.
_AROUND = re.compile(
    r"^(\^|P[IF]_|F[IF]_|[A-Z0-9]+_(SPOT|PERP|FTS)_)|(=X|\.(CC|SPOT|FOREX|CRYPTO)|[-_]?\d{6}|-\d{1,2}[A-Z]{3}\d{2})$",
    re.IGNORECASE,
)
# A name with a remark in brackets: Bitcoin (BTC), BTC/EUR (Kraken).
_REMARK = re.compile(r"(.+?) ?\(([^()]+)\)")
# Bitcoin's share of all coins, as TradingView calls it: BTC.D.
_DOMINANCE = re.compile(r"\w+\.D(?![A-Za-z])", re.IGNORECASE)
# A name in another script with a quote: 币安人生USDT, 狗狗币_EUR_1h.
_OTHER_SCRIPT = re.compile(r"((?:[A-Za-z0-9]*[^\W_\x00-\x7f])+)[-_ ]?([A-Za-z]{3,5})(?![A-Za-z])")
# Tickers and symbols in plain letters, which are written in capitals.
_PLAIN = re.compile(r"[A-Za-z0-9^][A-Za-z0-9.^=-]*")
# Words that begin names of files and are no coins.
_NO_TICKERS = frozenset({
    "ALL", "BACKTEST", "BINANCE", "BINANCEUS", "BINGX", "BITBANK", "BITFINEX", "BITFLYER",
    "BITGET", "BITHUMB", "BITMEX", "BITPANDA", "BITSO", "BITSTAMP", "BITTREX", "BITVAVO",
    "BTCTURK", "BYBIT", "CANDLES", "CEX", "CLEAN", "CME", "COIN", "COINBASE", "COINCHECK",
    "COINDCX", "COINEX", "COINONE", "CRYPTO", "CRYPTOCAP", "CRYPTOCOM", "DAILY", "DATA", "DAY",
    "DERIBIT", "EXMO", "EXPORT", "FILE", "FINAL", "FULL", "FUTURES", "GATE", "GATEIO", "GEMINI",
    "HIST", "HISTORY", "HITBTC", "HOUR", "HOURLY", "HTX", "HUOBI", "INDEX", "INDODAX", "INPUT",
    "KLINES", "KORBIT", "KRAKEN", "KUCOIN", "LBANK", "LUNO", "MARKET", "MERGED", "MEXC", "MIN",
    "MINUTE", "MONTHLY", "MY", "NEW", "OANDA", "OHLC", "OHLCV", "OKCOIN", "OKEX", "OKX", "OLD",
    "OUTPUT", "PARIBU", "PERP", "PHEMEX", "POLONIEX", "PRICE", "PRICES", "RAW", "SAMPLE", "SPOT",
    "TEST", "TICKS", "TRADES", "TRAIN", "UPBIT", "WAZIRX", "WEEKLY", "WHITEBIT", "YAHOO",
})  # fmt: skip


# As the quote in a file's name, this coin counts as the dollar. Elsewhere it is a coin of its own.
_DAI = "DAI"
# Coins that are called after the coin that they stand for, and no pairs.
_WRAPPED = frozenset({"RENBTC", "WSTETH", "FRXETH", "SFRXETH", "ANKRETH"})

# Words beside a coin's name that make it the name of another coin.
_OTHER_COINS = frozenset({
    "atom", "baby", "bep2", "bridged", "cash", "classic", "diamond", "dominance", "etf", "fork",
    "gold", "inu", "killer", "mini", "name", "pow", "private", "service", "staked", "sv", "trust",
    "wrapped",
})  # fmt: skip


@dataclass(frozen=True)
class Symbol:
    """What a file's name or a symbol in it says of its prices.

    Attributes:
        ticker: The coin, such as ``"BTC"``; a name in another script stays as it is.
        quote: Currency of the prices; ``None`` where the text does not say it.
    """

    ticker: str
    quote: str | None = None


def read_symbol(text: str) -> Symbol | None:
    """Read what a file calls its coin: a symbol, a pair, or a name in any script.

    Args:
        text: Such as ``"BTCUSDT"``, ``"Bitcoin Cash"``, ``"KRW-BTC"`` or ``"狗狗币/USDT"``.

    Returns:
        The coin, and its quote if the text is a pair; ``None`` for a text without letters.
    """
    words = " ".join(text.split())
    listed_symbol = _listed_or_pair(words)
    if listed_symbol is not None:
        return listed_symbol
    name, quote = _cut_quote(words)
    ticker = _readable(name)
    return Symbol(ticker, quote) if ticker else None


def symbol_of(text: str) -> Symbol:
    """Read the coin that a user says a file is of, and refuse a text that is no name.

    Raises:
        InvalidInput: If the text is no name.
    """
    words = " ".join(text[: pairs.MAX_TEXT].split())
    listed_symbol = _listed_or_pair(words) if len(text) <= pairs.MAX_TEXT else None
    if listed_symbol is not None:
        return listed_symbol
    name, _ = _cut_quote(words)
    plain = all(char.isalnum() or char in " .-_^=" or _is_mark(char) for char in name)
    begins = name[:1].isalnum() or name[:1] == "^"
    symbol = read_symbol(words) if plain and begins and len(name) <= pairs.MAX_LENGTH else None
    if symbol is None:
        raise InvalidInput(
            "The coin of a file is a ticker, a name or a pair such as BTC-EUR, of at most "
            f"{pairs.MAX_LENGTH} characters that are letters, digits or . - ^ =. "
            f"Received: {text[:40]!r}. Choose one such as BTC."
        )
    return symbol


def guess(name: str) -> Symbol | None:
    """Guess the coin from a file's name: ``BTCUSDT_1h.csv``, ``bitcoin_cash.csv``, ``ETH-EUR``.

    A pair counts before a name, and a name before a lone ticker, wherever they stand.

    Returns:
        The coin, and its quote if the name has one beside it; ``None`` if there is no coin in it.
    """
    stem = _DOMINANCE.sub("dominance", re.sub(r"(\.[A-Za-z]{2,8}[0-9]?)+$", "", name))
    words = re.findall(r"[A-Za-z0-9]+", stem)
    symbol = _first(_guess_pair, words) or _first(_guess_name, words)
    return symbol or _guess_unlisted(stem, words) or _first(_guess_ticker, words)


def _listed_or_pair(words: str) -> Symbol | None:
    """Read a listed coin or a pair; also one of futures."""
    remark = _REMARK.fullmatch(words) if len(words) <= pairs.MAX_TEXT else None
    if remark is not None:
        listed_symbol = _listed_or_pair(remark[1])
        quote = quote_of(remark[2])
        if listed_symbol is None or listed_symbol.quote or quote == listed_symbol.ticker:
            return listed_symbol
        return Symbol(listed_symbol.ticker, quote)
    for name in dict.fromkeys((words, _PERPETUAL.sub("", words), _AROUND.sub("", words))):
        coin = listed(name)
        if coin is not None:
            return Symbol(coin.ticker)
        with contextlib.suppress(InvalidInput):
            pair = pairs.read(name)
            if pair is not None:
                return Symbol(pair.ticker, pair.quote)
    return None


def _cut_quote(words: str) -> tuple[str, str | None]:
    """Cut the quote off a name in any script: ``狗狗币/USDT``, ``狗狗币USDT``."""
    match = re.fullmatch(r"(.+?)[-/_: ]([A-Za-z]{3,5})", words)
    match = match or re.fullmatch(r"(.*[^\x00-\x7f])([A-Za-z]{3,5})", words)
    quote = quote_of(match[2]) if match else None
    return (match[1], quote) if match and quote else (words, None)


def _readable(words: str) -> str:
    """Keep what can stand in a sentence and a file name; empty for a text without letters."""
    text = unicodedata.normalize("NFC", words)
    if len(text) <= pairs.MAX_LENGTH and _PLAIN.fullmatch(text):
        text = text.upper().rstrip(".")
        return pairs.safe(text) if any(char.isalpha() for char in text) else ""
    letters = "".join(char for char in text if char.isalnum() or char in " .-" or _is_mark(char))
    letters = letters.strip(" .-")[: pairs.MAX_LENGTH].strip(" .-")
    if not any(char.isalpha() for char in letters):
        return ""
    return pairs.safe(letters)


def _is_mark(char: str) -> bool:
    """Return whether a character is part of a letter, as the vowel signs of some scripts are."""
    return unicodedata.category(char) in ("Mn", "Mc")


def _first(find: Callable[[list[str], int], Symbol | None], words: list[str]) -> Symbol | None:
    """Return what is found at the first word where anything is."""
    return next(filter(None, (find(words, place) for place in range(len(words)))), None)


def _guess_pair(words: list[str], place: int) -> Symbol | None:
    """Read the pair that begins at a word: of a listed coin, or joined with a dollar coin."""
    word = words[place].upper()
    following = words[place + 1].upper() if place + 1 < len(words) else ""
    if _is_another_coin(words[max(0, place - 1) : place]):
        return None
    try:
        bitfinex = pairs.read(words[place]) if re.match("t[A-Z0-9]{5}", words[place]) else None
        pair = (bitfinex.ticker, bitfinex.quote) if bitfinex else pairs.split(word)
        coin = pairs.coin_of(*pair) if pair else None
        beside = pairs.order(word, following, "-") if following else None
    except InvalidInput:
        return None
    listed_base = by_ticker(word.removesuffix(_DAI)) if word.endswith(_DAI) else None
    if listed_base is not None:
        return Symbol(listed_base.ticker, DEFAULT_QUOTE)
    if coin is not None and (coin.ticker in COINS or word.endswith(tuple(DOLLARS))):
        return Symbol(coin.ticker, coin.quote)
    if beside is not None and by_ticker(beside[0]) and by_ticker(beside[0]) != by_ticker(beside[1]):
        return Symbol(pairs.coin_of(*beside).ticker, beside[1])
    return None


def _guess_name(words: list[str], place: int) -> Symbol | None:
    """Read the longest name of a listed coin that begins at a word, and the quote after it."""
    for size in (3, 2, 1):
        name = " ".join(words[place : place + size])
        coin = by_name(name) if place + size <= len(words) else None
        if coin is None:
            continue
        before, after = words[max(0, place - 1) : place], words[place + size : place + size + 1]
        if _is_another_coin([*before, *after]):
            return None
        quote = quote_of(after[0]) if after else None
        return Symbol(coin.ticker, None if quote == coin.ticker else quote)
    return None


def _guess_ticker(words: list[str], place: int) -> Symbol | None:
    """Read a lone ticker of the list."""
    coin = by_ticker(words[place])
    if _is_another_coin([*words[max(0, place - 1) : place], *words[place + 1 : place + 2]]):
        return None
    return None if coin is None else Symbol(coin.ticker)


def _is_another_coin(beside: list[str]) -> bool:
    """Tell whether words beside a coin's name make it the name of another coin."""
    return not _OTHER_COINS.isdisjoint(word.lower() for word in beside)


def _guess_unlisted(stem: str, words: list[str]) -> Symbol | None:
    """Read a pair at the beginning of a name, in capitals or of another script.

    Such as ``WIF-EUR``, ``LUNA_KRW_1d`` or ``币安人生USDT``.
    """
    other = _OTHER_SCRIPT.match(stem)
    quote = quote_of(other[2]) if other else None
    if other is not None and quote is not None and quote not in QUOTE_COINS:
        return read_symbol(f"{other[1]}/{other[2]}")
    # Exchanges' names may come before it: Poloniex_WIF_BTC_d.
    while words and words[0].upper() in _NO_TICKERS:
        stem, words = stem.partition(words[0])[2].lstrip("-_ "), words[1:]
    if _is_another_coin([*words[:1], *words[2:3]]):
        return None
    match = re.match(r"([A-Z0-9]{2,10})[-_]([A-Z]{3,5})(?![A-Za-z])", stem)
    match = match or re.match(r"([A-Z0-9]{3,7})(BTC|ETH|BNB)(?![A-Za-z0-9])", stem)
    if match is None or match[0] in _WRAPPED:
        return None
    quote = DEFAULT_QUOTE if match[2] == _DAI else quote_of(match[2])
    if quote is None or match[1].isdigit() or match[1] in _NO_TICKERS:
        return None
    return Symbol(match[1], quote)
