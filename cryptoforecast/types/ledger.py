"""The entries of the ledger: forecasts recorded before their outcome, and how they turned out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cryptoforecast.types.learning import MEDIAN
from cryptoforecast.types.prices import INTERVALS, Array
from cryptoforecast.types.quotes import market_name

#: A forecast whose candles have not all closed, one with its outcome, one that counts nowhere.
OPEN, GRADED, VOID = "open", "graded", "void"
#: Why a forecast is void: the source no longer has its candles, it has changed the last candle
#: that the forecast knew, or its prices are not those of a real market.
SOURCE_GONE, CANDLE_REVISED, SIMULATED = "source gone", "candle revised", "simulated"
#: Levels (%) of the ranges whose outcomes are counted.
LEDGER_LEVELS = (50, 80, 95)


@dataclass(frozen=True, order=True)
class SeriesName:
    """Which forecasts belong together: those of one forecaster for one market.

    Attributes:
        model: Name of the saved model, or of a baseline.
        predictor: What forecast: ``"stack"``, or one of its members.
        coin: Ticker.
        quote: Currency of the prices.
        interval: Candle length, a key of ``INTERVALS``.
        simulated: Whether the prices are not those of a real market.
        horizon: Steps of each forecast.
    """

    model: str
    predictor: str
    coin: str
    quote: str
    interval: str
    simulated: bool
    horizon: int

    @property
    def market(self) -> str:
        """Name of the market, such as ``"BTC"`` or ``"BTC-EUR"``."""
        return market_name(self.coin, self.quote)

    @property
    def forecaster(self) -> str:
        """Who forecasts, such as ``"mine (stack)"`` or ``"har"``."""
        return self.model if self.predictor == self.model else f"{self.model} ({self.predictor})"


@dataclass(frozen=True, eq=False)
class LedgerForecast:
    """A forecast as it is recorded, before its outcome.

    Attributes:
        series: Who forecast what.
        made_at: When it was recorded, UTC.
        version: Digest of the saved model, or version of the program.
        fingerprint: Fingerprint of the candles that it was made from.
        source: Where they came from.
        origin: Open of the last of them, UTC.
        last_close: Close of the last of them, quote currency.
        quantiles: ``(horizon, 9)`` prices by ``QUANTILES``, quote currency.
        naive: The same of the last price with a constant band.
        cone: The same of the volatility cone.
    """

    series: SeriesName
    made_at: pd.Timestamp
    version: str
    fingerprint: str
    source: str
    origin: pd.Timestamp
    last_close: float
    quantiles: Array
    naive: Array
    cone: Array

    @property
    def candle_length(self) -> pd.Timedelta:
        """Length of one candle."""
        return INTERVALS[self.series.interval]

    @property
    def known_at(self) -> pd.Timestamp:
        """When the last candle that it knew had closed, UTC."""
        return self.origin + self.candle_length

    @property
    def due_at(self) -> pd.Timestamp:
        """When its last candle closes, UTC."""
        return self.closes_at(self.series.horizon)

    def closes_at(self, step: int) -> pd.Timestamp:
        """Return when the candle of a step closes, UTC."""
        return self.known_at + step * self.candle_length


@dataclass(frozen=True, eq=False)
class LedgerOutcome:
    """How a recorded forecast turned out; arrays are ``(horizon,)``, empty without candles.

    Attributes:
        forecast: Position of the forecast in the ledger.
        graded_at: When this was recorded, UTC.
        state: ``GRADED`` or ``VOID``.
        reason: Why it is void; empty where it is graded.
        fingerprint: Fingerprint of the candles that it was graded by; empty without them.
        actual: The closes that came, quote currency.
        inside: Whether they lie inside the ranges, by their level in %.
        pinball: Pinball losses, log-return.
        pinball_naive: Those of the last price with a constant band.
        pinball_cone: Those of the volatility cone.
        transform: Where the closes lie in the distributions that were forecast, 0 to 1.
    """

    forecast: int
    graded_at: pd.Timestamp
    state: str
    reason: str
    fingerprint: str
    actual: Array
    inside: Mapping[int, Array]
    pinball: Array
    pinball_naive: Array
    pinball_cone: Array
    transform: Array

    @property
    def has_candles(self) -> bool:
        """Whether the closes that came are known."""
        return len(self.actual) > 0

    def miss(self, forecast: LedgerForecast, step: int) -> float:
        """Return how far the middle of a step was from what came, quote currency."""
        return abs(float(self.actual[step - 1] - forecast.quantiles[step - 1, MEDIAN]))


@dataclass(frozen=True, eq=False)
class LedgerEntry:
    """A recorded forecast with its outcome.

    Attributes:
        position: Place of the forecast in the ledger, from 1.
        hash: Hash of the ledger up to the forecast.
        forecast: The forecast.
        outcome: Its outcome; ``None`` while it is open.
    """

    position: int
    hash: str
    forecast: LedgerForecast
    outcome: LedgerOutcome | None = None

    @property
    def state(self) -> str:
        """``OPEN``, ``GRADED`` or ``VOID``."""
        return OPEN if self.outcome is None else self.outcome.state


@dataclass(frozen=True, eq=False)
class Attempt:
    """What became of a forecast that was to be recorded.

    Attributes:
        model: Name of the model.
        coin: Coin or pair.
        interval: Candle length.
        position: Its place in the ledger; ``None`` where there was one from this origin already,
            or it was refused.
        forecast: The forecast; ``None`` where it was refused.
        refusal: Why it was refused; empty otherwise.
    """

    model: str
    coin: str
    interval: str
    position: int | None
    forecast: LedgerForecast | None
    refusal: str = ""

    @property
    def state(self) -> str:
        """``"recorded"``, ``"there already"`` or ``"refused"``."""
        if self.refusal:
            return "refused"
        return "recorded" if self.position is not None else "there already"


@dataclass(frozen=True)
class GradeCounts:
    """What became of the forecasts that were due.

    Attributes:
        graded: Those that have an outcome now.
        void: Those that are void now.
        waiting: Those whose source did not give their candles.
    """

    graded: int
    void: int
    waiting: int


@dataclass(frozen=True)
class LedgerHead:
    """The end of the chain, which can be published.

    Attributes:
        position: Number of entries in the ledger.
        hash: Hash of all of them.
    """

    position: int
    hash: str


@dataclass(frozen=True)
class LedgerFuture:
    """Entries at the end of the chain whose times have not come: a clock was ahead.

    Attributes:
        last: The time of the last one, UTC.
        after: Position of the last entry before them.
        simulated: Whether they are all of simulated prices, which count nowhere.
    """

    last: pd.Timestamp
    after: int
    simulated: bool


@dataclass(frozen=True)
class Verification:
    """Whether the ledger is as it was written.

    Attributes:
        head: The end of the chain.
        forecasts: Recorded forecasts.
        outcomes: Recorded outcomes.
        clock_corrections: How often the clock had been ahead and was set back, after which time
            goes on from an earlier one.
        problems: What was rewritten, a sentence each, the first ones.
        count: How many problems there are in all.
    """

    head: LedgerHead
    forecasts: int
    outcomes: int
    clock_corrections: int
    problems: tuple[str, ...]
    count: int

    @property
    def intact(self) -> bool:
        """Whether nothing was rewritten."""
        return self.count == 0


def result_text(entry: LedgerEntry, step: int) -> str:
    """Write how a forecast turned out at a step: "inside", "above", "void: source gone"."""
    outcome = entry.outcome
    if outcome is None:
        return OPEN
    if outcome.state == VOID and outcome.reason != SIMULATED:
        return f"{VOID}: {outcome.reason}"
    if outcome.inside[80][step - 1]:
        return "inside"
    middle = entry.forecast.quantiles[step - 1, MEDIAN]
    return "above" if outcome.actual[step - 1] > middle else "below"
