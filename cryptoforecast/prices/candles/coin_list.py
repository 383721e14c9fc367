"""The coins that the app offers, and the names under which users know each of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptoforecast.types.quotes import DEFAULT_QUOTE


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
# the symbol of a later coin: "UNI-USD" and "SUI-USD" are other, tiny tokens.
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
    ("TON", "Toncoin", "TON11419-USD"),
    ("IMX", "Immutable", "IMX10603-USD"),
    ("GRT", "The Graph", "GRT6719-USD"),
    ("STX", "Stacks", "STX4847-USD"),
    ("MNT", "Mantle", "MNT27075-USD"),
    ("TIA", "Celestia", "TIA22861-USD"),
    ("JUP", "Jupiter", "JUP29210-USD"),
)

#: The coins that are offered in lists, by ticker; the first ones are the best known.
COINS: dict[str, Coin] = {row[0]: Coin(*row) for row in _LISTED}

# Tickers and names that exchanges and price lists use beside those above.
_OTHER_TICKERS = {"XBT": "BTC", "XDG": "DOGE"}
_OTHER_NAMES = {
    "ETHER": "ETH", "RIPPLE": "XRP", "BINANCECOIN": "BNB", "COSMOSHUB": "ATOM", "LUMENS": "XLM",
    "STELLARLUMENS": "XLM", "HEDERAHASHGRAPH": "HBAR", "IMMUTABLEX": "IMX", "THEOPENNETWORK": "TON",
    "TONCOIN": "TON", "AVALANCHE2": "AVAX", "SHIBAINUCOIN": "SHIB", "CELESTIATIA": "TIA",
}  # fmt: skip


def _plain(name: str) -> str:
    """Write a name in capitals, without the marks between its words."""
    return re.sub(r"[ _-]+", "", name.upper())


_BY_TICKER = {
    **COINS,
    **{coin.symbol.removesuffix("-USD"): coin for coin in COINS.values()},
    **{other: COINS[ticker] for other, ticker in _OTHER_TICKERS.items()},
}
_BY_NAME = {
    **{_plain(coin.name): coin for coin in COINS.values()},
    **{other: COINS[ticker] for other, ticker in _OTHER_NAMES.items()},
}
#: Every ticker and name under which a listed coin is found, as it is written in sentences.
NAMES: dict[str, Coin] = {**COINS, **{coin.name: coin for coin in COINS.values()}}


def by_ticker(text: str) -> Coin | None:
    """Find the listed coin of a ticker, in any case: ``"xbt"`` and ``"UNI7083"`` too."""
    return _BY_TICKER.get(text.upper()) if text.isascii() else None


def by_name(text: str) -> Coin | None:
    """Find the listed coin of a name, in any case: ``"Bitcoin Cash"``, ``"bitcoin_cash"``."""
    return _BY_NAME.get(_plain(text.strip())) if text.isascii() else None


def listed(text: str) -> Coin | None:
    """Find the listed coin of a ticker or name."""
    return by_ticker(text) or by_name(text)
