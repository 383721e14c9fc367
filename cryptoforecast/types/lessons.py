"""Lessons: what is computed for a learner, small enough for a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.types.learning import MEDIAN, QUANTILES
from cryptoforecast.types.prices import INTERVALS, Array

_LOW, _HIGH = QUANTILES.index(0.1), QUANTILES.index(0.9)

#: How far chance moves a share of right forecasts from one half, at most: three standard errors of
#: the independent weeks of the leak lab.
MAX_CHANCE = 0.04


@dataclass(frozen=True)
class Cheats:
    """Ways in which a test lets the future slip in.

    Attributes:
        scaler: Whether prices are scaled by the lowest and highest price of the test months too.
        shuffled: Whether the days to learn from and to test on are drawn at random, instead of one
            after the other.
        ahead: Whether an input reads the next days: an average centred on today.
    """

    scaler: bool = False
    shuffled: bool = False
    ahead: bool = False

    @property
    def count(self) -> int:
        """How many are switched on."""
        return self.scaler + self.shuffled + self.ahead


@dataclass(frozen=True)
class LeakScores:
    """How often the same forecaster was right about the direction, in two spans.

    Attributes:
        test: Share of the tested forecasts that were right, with the cheats.
        untouched: Share that was right in the last days, which nothing above has read, and in which
            every input is what could be known on its day.
        tested: Forecasts of the test.
        later: Forecasts of the untouched days.
    """

    test: float
    untouched: float
    tested: int
    later: int

    @property
    def lifted(self) -> bool:
        """Whether the test says more than chance would: half of the cases, give or take."""
        return self.test > 0.5 + MAX_CHANCE


@dataclass(frozen=True, eq=False)
class RecipeTest:
    """The next day's price by one network that learnt prices, and by one that learnt returns.

    Attributes:
        coin: Ticker.
        quote: Currency of the prices.
        simulated: Whether the prices are not those of a real market.
        network: What was trained, in a few words.
        closes_at: ``(n,)``, when each price was known, UTC.
        actual: ``(n,)``, the price, quote currency.
        popular: ``(n,)``, forecast of the network that learnt prices between 0 and 1, made from
            the days before.
        returns: ``(n,)``, forecast of the network that learnt log-returns.
        highest: Highest price of the days that both learnt from.
        learnt: Rows before the test: from this row on nothing was learnt.
        misses: Mean absolute error in the test by ``"popular"``, ``"returns"`` and ``"naive"``.
        above: Days of the test whose price was higher than ``highest``.
    """

    coin: str
    quote: str
    simulated: bool
    network: str
    closes_at: pd.DatetimeIndex
    actual: Array
    popular: Array
    returns: Array
    highest: float
    learnt: int
    misses: Mapping[str, float]
    above: int

    @property
    def tested(self) -> int:
        """Days of the test."""
        return len(self.actual) - self.learnt

    @property
    def peak(self) -> tuple[float, float]:
        """The highest price of the test, and what the popular recipe said for that day."""
        row = self.learnt + int(self.actual[self.learnt :].argmax())
        return float(self.actual[row]), float(self.popular[row])


@dataclass(frozen=True, eq=False)
class ForecastStages:
    """One forecast of the past, from candles to price.

    Attributes:
        coin: Ticker.
        quote: Currency of the prices.
        simulated: Whether the prices are not those of a real market.
        interval: Candle length, a key of ``INTERVALS``.
        candles: Canonical frame: candles before the window, the window, and what came after it.
        first: Row of ``candles`` in which the window begins.
        origin: Row of ``candles`` in which the window ends, the last one that is known.
        changes: ``(lookback,)``, log-returns of the window's candles.
        quantiles: ``(horizon, 9)``, forecast quantiles of the cumulative log-return.
        actual: ``(horizon,)``, the cumulative log-return that came; NaN where not known yet.
        closes_at: ``(horizon,)``, when the close of each step is known, UTC.
        loss: Pinball loss of the last step, log-return; NaN where the outcome is not known yet.
        average_loss: The same over all past forecasts of the test.
        inside: Whether the price of the last step ended in the 80 % range.
        weights: Numbers that the network has learnt.
    """

    coin: str
    quote: str
    simulated: bool
    interval: str
    candles: pd.DataFrame
    first: int
    origin: int
    changes: Array
    quantiles: Array
    actual: Array
    closes_at: pd.DatetimeIndex
    loss: float
    average_loss: float
    inside: bool
    weights: int

    @property
    def close(self) -> float:
        """The last price that is known, quote currency."""
        return float(self.candles["close"].iloc[self.origin])

    @property
    def candle_length(self) -> pd.Timedelta:
        """Length of a candle."""
        return INTERVALS[self.interval]

    @property
    def known_at(self) -> pd.DatetimeIndex:
        """When the close of each candle is known, ``(rows,)`` UTC."""
        return pd.DatetimeIndex(self.candles.index + self.candle_length)

    @property
    def percents(self) -> Array:
        """The changes of the window's candles in percent, ``(lookback,)``."""
        percents: Array = 100 * np.expm1(self.changes)
        return percents

    @property
    def ends(self) -> tuple[float, float, float]:
        """Low, middle and high of the last step: the 80 % range and the median, fractions."""
        low, middle, high = (math.expm1(self.quantiles[-1, each]) for each in (_LOW, MEDIAN, _HIGH))
        return low, middle, high


@dataclass(frozen=True, eq=False)
class Delay:
    """Past forecasts of one step, and how well they fit the price when pulled back in time.

    Attributes:
        coin: Ticker.
        quote: Currency of the prices.
        simulated: Whether the prices are not those of a real market.
        step: Candles that the forecasts look ahead.
        closes_at: ``(n,)``, when each forecast price was known, UTC.
        actual: ``(n,)``, what the price was then.
        predicted: ``(n,)``, what had been forecast for then.
        gaps: ``(shifts,)``, mean distance of forecast and price in the whole test if the forecasts
            are pulled back by 0, 1, 2, ... candles, quote currency.
    """

    coin: str
    quote: str
    simulated: bool
    step: int
    closes_at: pd.DatetimeIndex
    actual: Array
    predicted: Array
    gaps: Array

    @property
    def best(self) -> int:
        """The shift with the smallest gap, candles."""
        return int(self.gaps.argmin())

    @property
    def longest(self) -> int:
        """The longest shift that was measured, candles."""
        return len(self.gaps) - 1
