"""Anomalies: how surprising candles were, which of them raise an alarm, and how often that is."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
import pandas as pd

from cryptoforecast.types.durations import duration, plural, span_text
from cryptoforecast.types.prices import INTERVAL_NOUNS, INTERVALS, Array, PriceHistory

#: A month of alarms has so many days.
MONTH = pd.Timedelta(days=30)
#: Rarities are not told apart beyond 1 in so many candles: no history is long enough for that.
MAX_RARITY = 100_000.0
#: A page shows the candles of a month, or so many where one is a day or longer.
_LONG_VIEW = 365
#: The counts of alarms that fall below, or above, the usual ones with this probability.
_UNUSUAL = 0.025


def candles_a_month(interval: str) -> float:
    """Return how many candles of this length a month has."""
    return float(MONTH / INTERVALS[interval])


def rarity_text(rarity: float) -> str:
    """Write a rarity with two digits: "1 in 2,400", "1 in 100,000+", or a dash if it is unknown."""
    if not math.isfinite(rarity):
        return "–"
    if rarity >= MAX_RARITY:
        return f"1 in {MAX_RARITY:,.0f}+"
    digits = 1 - math.floor(math.log10(rarity))
    return f"1 in {round(rarity, min(digits, 0)):,.0f}"


def count_text(count: float) -> str:
    """Write a number of alarms: "14", "1.2", "0.07"."""
    if count >= 10:
        return f"{count:,.0f}"
    return f"{count:.{1 if count >= 0.95 else 2}f}".rstrip("0").removesuffix(".")


def rate_text(rate: float) -> str:
    """Write a measured rate with three digits or so: "0.91", "12.2", "130"."""
    return f"{rate:,.{2 if rate < 9.995 else 1 if rate < 99.95 else 0}f}"


@dataclass(frozen=True, eq=False)
class Surprises:
    """How surprising each close was under the forecast that was made one candle before.

    All arrays are ``(n,)``, one value a candle of ``rows``. They are NaN where a candle does not
    follow the one before it (see ``learning.samples.gaps``).

    Attributes:
        history: The prices.
        predictor: Name of what forecast: ``"stack"`` or ``"har"``.
        rows: Rows of the candles in ``history``, consecutive.
        moves: From the close before to the close, log-return.
        low: Lower end of the range that was expected in 95 of 100 cases, quote currency.
        high: Upper end of this range, quote currency.
        rarity: A close this far out comes once in so many candles, at least 1.
        rarity_together: The moves of the last ``together`` candles, this candle's included, add up
            to something that comes once in so many candles.
        together: Candles that are taken together.
        deviations: Size of the move, in standard deviations of the moves before it.
        notes: Sentences that a user should read before the figures.
    """

    history: PriceHistory
    predictor: str
    rows: range
    moves: Array
    low: Array
    high: Array
    rarity: Array
    rarity_together: Array
    together: int
    deviations: Array
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def close(self) -> Array:
        """Close of each candle, quote currency."""
        close: Array = self.history.candles["close"].to_numpy(float)
        return close[self.rows.start : self.rows.stop]

    @property
    def closes_at(self) -> pd.DatetimeIndex:
        """When each close was known, UTC."""
        opens = self.history.candles.index[self.rows.start : self.rows.stop]
        return opens + self.history.candle_length

    @property
    def together_text(self) -> str:
        """What is taken together: "whole day", or "7 days"."""
        history = self.history
        if self.together * history.candle_length <= pd.Timedelta(days=1):
            return "whole day"
        return duration(self.together, history.interval)

    def last(self, candles: int) -> Surprises:
        """Return those of the last candles, at most so many."""
        rows = self.rows[-candles:]
        arrays = {
            each.name: getattr(self, each.name)[-candles:]
            for each in dataclasses.fields(self)
            if isinstance(getattr(self, each.name), np.ndarray)
        }
        return dataclasses.replace(self, rows=rows, **arrays)


@dataclass(frozen=True)
class AlarmRate:
    """How many alarms were promised on some candles, and how many there were.

    Attributes:
        prices: The prices on which it was counted, in words; ``""`` for those at hand.
        candles: Candles that could raise an alarm.
        start: Close of the first of them, ISO 8601 in UTC.
        end: Close of the last of them, ISO 8601 in UTC.
        expected: Alarms that the threshold promises.
        alarms: Candles that were at least as rare as the threshold.
        spikes: Candles on which the spike rule fired, which promises as many.
    """

    prices: str
    candles: int
    start: str
    end: str
    expected: float
    alarms: int
    spikes: int

    @property
    def ratio(self) -> float:
        """Alarms over those that were promised."""
        return self.alarms / self.expected

    @property
    def spike_ratio(self) -> float:
        """Times that the spike rule fired over those that were promised."""
        return self.spikes / self.expected

    @property
    def verdict(self) -> str:
        """Whether the promise was kept, as far as the number of alarms can tell.

        The count of rare and independent alarms has a Poisson distribution.
        """
        if poisson_share(self.alarms, self.expected) < _UNUSUAL:
            return "Fewer alarms than promised"
        if 1 - poisson_share(self.alarms - 1, self.expected) < _UNUSUAL:
            return "More alarms than promised"
        return "Alarms as often as promised"


def poisson_share(count: int, mean: float) -> float:
    """Compute the probability that a Poisson variable is at most ``count``."""
    logs = (k * math.log(mean) - mean - math.lgamma(k + 1) for k in range(count + 1))
    return min(1.0, math.fsum(map(math.exp, logs)))


@dataclass(frozen=True, eq=False)
class Anomalies:
    """The candles that raise an alarm, at a threshold.

    Attributes:
        surprises: How surprising each candle was.
        alarms_a_month: Alarms that are expected in 30 days.
        measured: How often the same threshold was kept on other prices, by the name of their
            kind, ``"real"`` and ``"simulated"``; empty where it was not measured.
    """

    surprises: Surprises
    alarms_a_month: float
    measured: dict[str, AlarmRate] = field(default_factory=dict)

    @property
    def threshold(self) -> float:
        """A candle raises an alarm if it is as rare as 1 in so many."""
        return candles_a_month(self.surprises.history.interval) / self.alarms_a_month

    @property
    def threshold_text(self) -> str:
        """The threshold in words: "1 in 720"."""
        return f"1 in {self.threshold:,.0f}"

    @property
    def spike_limit(self) -> float:
        """Standard deviations beyond which the spike rule fires.

        If moves were normal and volatility constant, it would keep the same promise.
        """
        return NormalDist().inv_cdf(1 - 0.5 / self.threshold)

    @property
    def alarms(self) -> Array:
        """Whether each candle raises an alarm, ``(n,)`` bool."""
        return _at_least(self.surprises.rarity, self.threshold)

    @property
    def spikes(self) -> Array:
        """Whether the spike rule fires at each candle, ``(n,)`` bool."""
        return _at_least(self.surprises.deviations, self.spike_limit)

    @property
    def rate(self) -> AlarmRate:
        """How often the threshold was kept on these very prices."""
        has_score = np.isfinite(self.surprises.rarity)
        times = self.surprises.closes_at
        return AlarmRate(
            prices="",
            candles=int(has_score.sum()),
            start=times[0].isoformat(),
            end=times[-1].isoformat(),
            expected=float(has_score.sum() / self.threshold),
            alarms=int(self.alarms.sum()),
            spikes=int((self.spikes & has_score).sum()),
        )

    @property
    def recent(self) -> Anomalies:
        """Those of the last month, or of the last 365 candles where one is a day or longer."""
        interval = self.surprises.history.interval
        days = INTERVALS[interval] >= pd.Timedelta(days=1)
        candles = _LONG_VIEW if days else round(candles_a_month(interval))
        return dataclasses.replace(self, surprises=self.surprises.last(candles))

    @property
    def sentence(self) -> str:
        """What was found: "3 surprising hours in 30 days, 1 expected"."""
        history, rate = self.surprises.history, self.rate
        span = span_text(len(self.surprises) * history.candle_length, close=True)
        noun = plural(rate.alarms, INTERVAL_NOUNS[history.interval])
        count = f"{rate.alarms:,}" if rate.alarms else "No"
        return f"{count} surprising {noun} in {span}, {count_text(rate.expected)} expected"

    def frame(self, *, all_candles: bool = False) -> pd.DataFrame:
        """Return the candles that raise an alarm, or all of them, the oldest first.

        Returns:
            Columns ``closes_at`` (UTC), ``close``, ``move`` (a fraction of the close before),
            ``expected_low`` and ``expected_high`` (a 95 % range), ``expected_move`` (half its
            width, as a fraction of the close before), ``rarity`` and ``rarity_together`` (1 in so
            many candles), ``deviations``, ``alarm`` and ``spike_rule`` (whether it fires). Prices
            are in the currency of the history.
        """
        each = self.surprises
        table = pd.DataFrame(
            {
                "closes_at": each.closes_at,
                "close": each.close,
                "move": np.expm1(each.moves),
                "expected_low": each.low,
                "expected_high": each.high,
                "expected_move": (each.high - each.low) / 2 / each.close * np.exp(each.moves),
                "rarity": each.rarity,
                "rarity_together": each.rarity_together,
                "deviations": each.deviations,
                "alarm": self.alarms,
                "spike_rule": self.spikes,
            }
        )
        return table if all_candles else table[table["alarm"]].reset_index(drop=True)


def _at_least(values: Array, limit: float) -> Array:
    """Compare ``(n,)`` values with a limit; an unknown value is below it."""
    reached: Array = np.nan_to_num(values, nan=-np.inf) >= limit
    return reached
