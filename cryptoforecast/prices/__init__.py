"""Prices come in here: from live sources, from files, or from the simulated market.

``Prices`` answers a ``MarketQuery`` from a live source, from its cache or from the simulated
market. ``read`` and ``write`` handle price files.
"""

from typing import TYPE_CHECKING

from cryptoforecast.prices.candles.coins import COINS, Coin, resolve
from cryptoforecast.prices.live.market import Prices
from cryptoforecast.prices.simulation.market import constant_volatility, simulate

if TYPE_CHECKING:
    from cryptoforecast.prices.files.price_file import read, write

__all__ = ["COINS", "Coin", "Prices", "constant_volatility", "read", "resolve", "simulate", "write"]


def __getattr__(name: str) -> object:
    """Load the modules that read files, a third of all modules, when they are first used."""
    if name not in ("read", "write"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from cryptoforecast.prices.files import price_file

    return getattr(price_file, name)
