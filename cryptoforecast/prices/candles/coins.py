"""The coins the app offers, and what else a person may type in.

Imports only ``errors``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptoforecast.errors import InvalidInput

MAX_LENGTH = 20

# Anything else never reaches a file name, a URL or a log line.
_ALLOWED = re.compile(r"[A-Z0-9^][A-Z0-9.^=-]*")
_PAIR = re.compile(r"([A-Z0-9]+)-([A-Z]{3,4})")
# Names that Windows keeps for devices, whatever their extension.
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(\..*)?")


@dataclass(frozen=True)
class Coin:
    """One coin (or any symbol of the source) quoted in USD.

    Attributes:
        ticker: what we call it, for example ``"BTC"``; safe as a file name.
        name: what a person calls it, for example ``"Bitcoin"``.
        symbol: what Yahoo calls it, for example ``"BTC-USD"``.
    """

    ticker: str
    name: str
    symbol: str


# Yahoo gives the plain symbol to whichever coin took it first and appends CoinMarketCap's
# number to the name of a later one: "UNI-USD" and "SUI-USD" are other, tiny tokens. Toncoin is
# left out because its symbol was changed in 2026; type it in.
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

#: The coins offered in lists, by ticker, the best known first.
COINS: dict[str, Coin] = {row[0]: Coin(*row) for row in _LISTED}

_BY_SYMBOL = {coin.symbol: coin for coin in COINS.values()}


def resolve(text: str) -> Coin:
    """Find the coin a person means by a ticker or a symbol.

    A listed ticker or symbol gives the listed coin. A plain word is taken as a coin in USD
    (``"FOO"`` asks for ``"FOO-USD"``). Anything with ``. ^ =`` is passed on as the source's own
    symbol. A pair quoted in another currency is refused, because every price here is in USD.

    Args:
        text: for example ``"btc"``, ``"BTC-USD"`` or ``"PEPE24478-USD"``, in any case.

    Returns:
        The coin; its ``ticker`` is safe as a file name.

    Raises:
        InvalidInput: if the text can't be a symbol, or is quoted in another currency.
    """
    wanted = text.strip().upper()
    # Upper case turns some other letters into plain ones, so the text itself must be ASCII.
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
    """Shorten ``FOO-USD`` to ``FOO`` unless that is a device's name."""
    short = symbol.removesuffix("-USD")
    return symbol if not short or _RESERVED.fullmatch(short) else short
