"""Candles in, and whether to trust them.

``Prices`` answers a ``MarketQuery`` from Yahoo, its cache or the simulated market; ``read`` and
``write`` handle price files. Imports ``types``, ``errors`` and ``settings`` only.
"""

from cryptoforecast.prices.coins import COINS, Coin, resolve
from cryptoforecast.prices.files import read, write
from cryptoforecast.prices.market import Prices
from cryptoforecast.prices.simulated import constant_volatility, simulate

__all__ = ["COINS", "Coin", "Prices", "constant_volatility", "read", "resolve", "simulate", "write"]
