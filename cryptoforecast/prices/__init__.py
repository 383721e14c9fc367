"""Prices from live sources, from files and from the simulated market.

``LivePrices`` answers a ``MarketQuery`` from a live source, from its cache or from the simulated
market. ``read`` and ``write`` handle price files.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptoforecast.prices.candles.coins import COINS, Coin, resolve
    from cryptoforecast.prices.files.price_file import read
    from cryptoforecast.prices.files.writing import write
    from cryptoforecast.prices.live.market import LivePrices
    from cryptoforecast.prices.simulation.market import constant_volatility, simulate

__all__ = [
    "COINS",
    "Coin",
    "LivePrices",
    "constant_volatility",
    "read",
    "resolve",
    "simulate",
    "write",
]

_HOMES = {
    "COINS": "candles.coins", "Coin": "candles.coins", "resolve": "candles.coins",
    "LivePrices": "live.market", "read": "files.price_file", "write": "files.writing",
    "constant_volatility": "simulation.market", "simulate": "simulation.market",
}  # fmt: skip


def __getattr__(name: str) -> object:
    """Load the module of a name when the name is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
