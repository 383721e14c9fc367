"""Ticks: the smallest step of a price, where it is a large part of the price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

#: A tick is coarse from this share of the price on.
MIN_SHARE = 0.002
# So many closes must have moved by the smallest step before it is taken for the tick.
_MIN_MOVES = 10
#: A step of this size at most may be a tick although hardly a close moved by it.
MAX_DECIMAL_STEP = 1e-4
#: Candles of a block that has a tick of its own: a coin may have been at a few ticks long ago.
BLOCK_CANDLES = 1_000
_PRICES = ("open", "high", "low", "close")
# Closes that the tick is measured on at most, the newest ones.
_TICK_CANDLES = 20_000
#: A jump of at most so many coarse ticks is usual in a thin market, and no error.
MAX_TICKS = 5


@dataclass(frozen=True)
class Tick:
    """The smallest step of a price that is a large part of it.

    Attributes:
        size: The step, in the unit of the prices.
        share: The step over the median of all different closes, a fraction.
    """

    size: float
    share: float


def coarse_tick(candles: pd.DataFrame) -> Tick | None:
    """Measure the tick of a market where one tick is a large part of the price.

    Args:
        candles: Canonical frame.

    Returns:
        ``None`` where one tick is less than ``MIN_SHARE`` of the price, or where the prices
        are not whole numbers of one step. Where hardly a close moved by it, the step must be a
        power of ten of at most ``MAX_DECIMAL_STEP``, as 1 satoshi is.
    """
    last = candles.iloc[-_TICK_CANDLES:]
    close = last["close"].to_numpy(float)
    moves = np.abs(np.diff(close))
    prices = np.unique(np.concatenate([last[name].to_numpy(float) for name in _PRICES]))
    if len(prices) < 2:
        return None
    usual = float(np.median(np.unique(close)))
    steps = np.diff(prices)
    size = float(steps[steps > 1e-6 * usual].min(initial=np.inf))
    share = size / usual
    count = prices / size
    if not MIN_SHARE <= share < np.inf or (np.abs(count - np.round(count)) > 0.01).any():
        return None
    # A step by which closes hardly ever move may be a gap between the few prices that occurred.
    often = ((moves > 0) & (moves < 1.5 * size)).sum() >= _MIN_MOVES
    power = round(float(np.log10(size)))
    decimal = size < 1.5 * MAX_DECIMAL_STEP and abs(size / 10.0**power - 1) < 1e-6
    return Tick(size, share) if often or decimal else None


def tick_text(tick: Tick) -> str:
    """Say how large the smallest step of the price is."""
    size = np.format_float_positional(float(f"{tick.size:.6g}"), trim="-")
    return f"one tick, {size}, is {100 * tick.share:.2g} % of the price"
