"""Paths: joint courses of the next candles, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cryptoforecast.types.prices import Array


@dataclass(frozen=True, eq=False)
class Paths:
    """Joint courses of the next candles; all ``(count, horizon)`` log-returns from the last close.

    Attributes:
        closes: The close of each candle.
        highs: The highest price inside each candle, at least its close and the close before.
        lows: The lowest price inside each candle, at most its close and the close before.
        past: Number of earlier courses of the market from which the dependence between the candles
            is taken; 0 for the dependence of a random walk.
    """

    closes: Array
    highs: Array
    lows: Array
    past: int

    @property
    def reached_highs(self) -> Array:
        """The highest price up to each step, ``(count, horizon)``; never falls."""
        highs: Array = np.maximum.accumulate(self.highs, axis=1)
        return highs

    @property
    def reached_lows(self) -> Array:
        """The lowest price up to each step, ``(count, horizon)``; never rises."""
        lows: Array = np.minimum.accumulate(self.lows, axis=1)
        return lows


@dataclass(frozen=True, eq=False)
class Touch:
    """The probability that the price touches a level by each step.

    A level above the last close is touched once a high reaches it, a level below once a low does;
    the last close itself is touched from the start.

    Attributes:
        price: The level, quote currency.
        by_step: ``(horizon,)``, probability, a fraction that never falls; NaN where the band is
            undefined.
    """

    price: float
    by_step: Array

    @property
    def last(self) -> float:
        """The probability at the last step, a fraction."""
        return float(self.by_step[-1])


@dataclass(frozen=True, eq=False)
class Extremes:
    """How far the price may go by each step, as quantiles; all ``(horizon, 9)`` by ``QUANTILES``.

    Attributes:
        high: The highest price, quote currency.
        low: The lowest price, quote currency.
        largest_fall: The largest fall from a highest price so far (maximum drawdown), a fraction
            of that price. The order of the high and the low inside a candle is unknown, so only
            falls whose order is certain count: from the highest price of the candles before to a
            low, and from a high to its own candle's close.
    """

    high: Array
    low: Array
    largest_fall: Array
