"""A market of coin tosses, in which nobody can know what comes next.

Each day, a fair toss decides whether a coin's price rises or falls, and dice decide by how much. So
every forecaster is right about the direction in half of the cases. One that is right more often in
a test has read what it should forecast.
"""

from __future__ import annotations

import numpy as np

from cryptoforecast.types import Array

COINS, DAYS = 100, 300
#: Smallest and largest move of a day, log-return.
MIN_MOVE, MAX_MOVE = 0.01, 0.05


def log_prices(seed: int) -> Array:
    """Toss for all coins and days.

    Args:
        seed: Another number gives other tosses.

    Returns:
        ``(COINS, DAYS)`` logarithms of the prices.
    """
    random = np.random.default_rng(seed)
    signs = np.where(random.random((COINS, DAYS)) < 0.5, 1.0, -1.0)
    sizes = random.uniform(MIN_MOVE, MAX_MOVE, (COINS, DAYS))
    prices: Array = np.cumsum(signs * sizes, axis=1)
    return prices
