"""Checks of a source's prices: are they fine enough to forecast, and those of the right coin?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.prices.candles.resample import step_of

#: Prices are too coarse if they are rounded to larger steps: a share of the median price.
MAX_PRICE_STEP = 0.002
#: Two sources' closes are of two coins if one is higher than the other by more than this share.
MAX_DIFFERENCE = 0.2
# In fewer candles, the smallest step between prices may be large by chance.
_MIN_ROWS = 20
# Prices closer than this are equal: some sources store them with seven digits.
_SAME_PRICE = 1e-6
# Steps between rounded prices are multiples of the smallest one, up to this share of it.
_GRID_TOLERANCE = 0.05
# Below this price, a fixed number of decimals may be too few.
_TINY_PRICE, _MAX_DECIMALS = 0.01, 15
# Candles at the end in which two sources must have a time in common.
_COMPARED_ROWS = 48


def price_step(candles: pd.DataFrame) -> float:
    """Return the step that prices are rounded to, as a share of the median price.

    Args:
        candles: Canonical frame.

    Returns:
        The share; 0 if the prices are not multiples of one step, or too few to tell.
    """
    prices = candles[["open", "high", "low", "close"]].to_numpy()
    if len(prices) < _MIN_ROWS:
        return 0.0
    distinct = np.unique(prices)
    steps = np.diff(distinct)
    steps = steps[steps > _SAME_PRICE * distinct[1:]]
    if not len(steps):
        return _step_of_one_price(float(distinct[0]))
    step = steps.min()
    off_grid = np.abs(steps / step - np.round(steps / step)) > _GRID_TOLERANCE
    return 0.0 if off_grid.any() else float(step / np.median(prices))


def _step_of_one_price(price: float) -> float:
    """Return the step of a price that never changes: one in its last digit, if it is tiny.

    A larger price may stand still for other reasons: a dollar coin is worth a dollar.
    """
    if price >= _TINY_PRICE:
        return 0.0
    for decimals in range(_MAX_DECIMALS):
        if abs(round(price, decimals) - price) <= _SAME_PRICE * price:
            return 10.0**-decimals / price
    return 0.0


def last_closes(
    one: pd.DataFrame, other: pd.DataFrame, interval: str
) -> tuple[pd.Timestamp, float, float] | None:
    """Return the last time that two sources have in common, and the close of each there.

    Args:
        one: Canonical frame of one source, at least one candle.
        other: Canonical frame of the other source, at least one candle.
        interval: Candle length of both.

    Returns:
        The open of the candle and both closes; ``None`` if they have none in common near the end.
    """
    common = one.index[-_COMPARED_ROWS:].intersection(other.index[-_COMPARED_ROWS:])
    reach = max(one.index[-1], other.index[-1]) - _COMPARED_ROWS * step_of(interval)
    if not len(common) or common[-1] < reach:
        return None
    return common[-1], float(one.at[common[-1], "close"]), float(other.at[common[-1], "close"])


def differ(close: float, other: float) -> bool:
    """Return whether two closes at the same time are of two coins."""
    return max(close, other) / min(close, other) > 1 + MAX_DIFFERENCE
