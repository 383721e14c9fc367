"""Lessons: what is computed for a learner, small enough for a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cryptoforecast.types.prices import Array


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


@dataclass(frozen=True, eq=False)
class ForecastStages:
    """One forecast of the past, from candles to price.

    Attributes:
        coin: Ticker.
        quote: Currency of the prices.
        simulated: Whether the prices are not those of a real market.
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
    """

    coin: str
    quote: str
    simulated: bool
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

    @property
    def close(self) -> float:
        """The last price that is known, quote currency."""
        return float(self.candles["close"].iloc[self.origin])


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
