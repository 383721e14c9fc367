"""The coins that the app offers, and the symbols that a user may type in instead."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptoforecast.errors import InvalidInput
from cryptoforecast.types.quotes import DEFAULT_QUOTE

#: Longest symbol, characters.
MAX_LENGTH = 20

# No other character reaches a file name, a URL or a log line.
_ALLOWED = re.compile(r"[A-Z0-9^][A-Z0-9.^=-]*")
_PAIR = re.compile(r"([A-Z0-9]+)-([A-Z]{3,4})")
# Windows reserves these names for devices, with any extension.
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(\..*)?")


@dataclass(frozen=True)
class Coin:
    """A coin, or any other symbol of Yahoo's, with the currency that its prices are in.

    Attributes:
        ticker: Short name, for example ``"BTC"``; safe as a file name.
        name: Full name, for example ``"Bitcoin"``.
        symbol: Yahoo's symbol, for example ``"BTC-USD"``.
        quote: Currency of its prices; see ``types.quotes``.
    """

    ticker: str
    name: str
    symbol: str
    quote: str = DEFAULT_QUOTE


# Yahoo gives the plain symbol to the coin that had it first, and appends CoinMarketCap's number to
# the symbol of a later coin: "UNI-USD" and "SUI-USD" are other, tiny tokens. Toncoin is left out
# because its symbol changed in 2026; a user can type it in.
_LISTED = (
    ("BTC", "Bitcoin", "BTC-USD"),
    ("ETH", "Ethereum", "ETH-USD"),
    ("BNB", "BNB", "BNB-USD"),
    ("XRP", "XRP", "XRP-USD"),
    ("SOL", "Solana", "SOL-USD"),
    ("DOGE", "Dogecoin", "DOGE-USD"),
    ("ADA", "Cardano", "ADA-USD"),
    ("TRX", "TRON", "TRX-USD"),
    ("LINK", "Chainlink", "LINK-USD"),
    ("AVAX", "Avalanche", "AVAX-USD"),
    ("XLM", "Stellar", "XLM-USD"),
    ("BCH", "Bitcoin Cash", "BCH-USD"),
    ("LTC", "Litecoin", "LTC-USD"),
    ("DOT", "Polkadot", "DOT-USD"),
    ("SHIB", "Shiba Inu", "SHIB-USD"),
    ("HBAR", "Hedera", "HBAR-USD"),
    ("XMR", "Monero", "XMR-USD"),
    ("ETC", "Ethereum Classic", "ETC-USD"),
    ("ATOM", "Cosmos", "ATOM-USD"),
    ("NEAR", "NEAR Protocol", "NEAR-USD"),
    ("AAVE", "Aave", "AAVE-USD"),
    ("FIL", "Filecoin", "FIL-USD"),
    ("ICP", "Internet Computer", "ICP-USD"),
    ("ALGO", "Algorand", "ALGO-USD"),
    ("VET", "VeChain", "VET-USD"),
    ("INJ", "Injective", "INJ-USD"),
    ("OP", "Optimism", "OP-USD"),
    ("ZEC", "Zcash", "ZEC-USD"),
    ("UNI", "Uniswap", "UNI7083-USD"),
    ("SUI", "Sui", "SUI20947-USD"),
    ("APT", "Aptos", "APT21794-USD"),
    ("ARB", "Arbitrum", "ARB11841-USD"),
    ("PEPE", "Pepe", "PEPE24478-USD"),
    ("POL", "Polygon", "POL28321-USD"),
    ("HYPE", "Hyperliquid", "HYPE32196-USD"),
    ("TAO", "Bittensor", "TAO22974-USD"),
)

#: The coins that are offered in lists, by ticker, the best known first.
COINS: dict[str, Coin] = {row[0]: Coin(*row) for row in _LISTED}

_BY_SYMBOL = {coin.symbol: coin for coin in COINS.values()}


def resolve(text: str) -> Coin:
    """Find the coin that a ticker or a symbol stands for.

    A listed ticker or symbol stands for the listed coin. A plain word stands for a coin in USD:
    ``"FOO"`` is ``"FOO-USD"``. A text with ``.``, ``^`` or ``=`` is a symbol of the source's own.
    A pair quoted in another currency is refused, because all prices here are in USD.

    Args:
        text: For example ``"btc"``, ``"BTC-USD"`` or ``"PEPE24478-USD"``, in any case.

    Returns:
        The coin. Its ``ticker`` is safe as a file name.

    Raises:
        InvalidInput: If the text can't be a symbol, or is quoted in another currency.
    """
    wanted = text.strip().upper()
    # Upper case turns some foreign letters into plain ones, so the text itself must be ASCII.
    plain = text.isascii() and _ALLOWED.fullmatch(wanted) and not wanted.endswith(".")
    if len(wanted) > MAX_LENGTH or not plain:
        raise InvalidInput(
            f"A coin is a ticker or symbol of at most {MAX_LENGTH} characters, "
            "A-Z 0-9 . - ^ = only, such as BTC or PEPE24478-USD. "
            f"Received: {text[:40]!r}. Choose one of the list or check the symbol."
        )
    if wanted in COINS:
        return COINS[wanted]
    pair = _PAIR.fullmatch(wanted)
    if pair and pair[2] != "USD":
        raise InvalidInput(
            f"Prices here are in USD. Received: {wanted}, quoted in {pair[2]}. "
            f"Ask for {pair[1]}-USD."
        )
    if pair and pair[1] in COINS:
        return COINS[pair[1]]
    symbol = wanted if pair or not wanted.isalnum() else f"{wanted}-USD"
    return _BY_SYMBOL.get(symbol) or Coin(_ticker(symbol), symbol, symbol)


def _ticker(symbol: str) -> str:
    """Shorten ``FOO-USD`` to ``FOO``, unless that is reserved for a device."""
    short = symbol.removesuffix("-USD")
    return symbol if not short or _RESERVED.fullmatch(short) else short
