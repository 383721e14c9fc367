"""The ledger: forecasts that stand before their outcome, and how they turned out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cryptoforecast.types.learning import MEDIAN
from cryptoforecast.types.predictor_names import predictor_phrase
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
        model: Name of the saved model, or of a method without training.
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
        position: Entries in the ledger.
        hash: Hash of all of them.
    """

    position: int
    hash: str


@dataclass(frozen=True)
class Verification:
    """Whether the ledger is as it was written.

    Attributes:
        head: The end of the chain.
        forecasts: Recorded forecasts.
        outcomes: Recorded outcomes.
        problems: What was rewritten, a sentence each, the first ones.
        count: How many problems there are in all.
    """

    head: LedgerHead
    forecasts: int
    outcomes: int
    problems: tuple[str, ...]
    count: int

    @property
    def intact(self) -> bool:
        """Whether nothing was rewritten."""
        return self.count == 0


@dataclass(frozen=True)
class LedgerSeries:
    """How many forecasts of a series there are, by their state.

    Attributes:
        name: The series.
        recorded: All of them.
        settled: Those with an outcome that counts; of simulated prices, those with an outcome.
        source_gone: Void ones whose candles the source no longer has.
        candle_revised: Void ones whose last candle the source has changed.
        next_due: When the next open one is due, UTC; ``None`` where none is open.
    """

    name: SeriesName
    recorded: int
    settled: int
    source_gone: int
    candle_revised: int
    next_due: pd.Timestamp | None

    @property
    def open(self) -> int:
        """Those whose candles have not all closed."""
        return self.recorded - self.settled - self.source_gone - self.candle_revised

    @property
    def void(self) -> int:
        """Those that count nowhere."""
        return self.source_gone + self.candle_revised + self.name.simulated * self.settled


@dataclass(frozen=True)
class LedgerShare:
    """How often a range held what came.

    Attributes:
        level: The promise, in %.
        hits: Prices inside.
        count: Prices in all.
        low: Lower end of the exact 95 % interval of the probability behind the share, from
            forecasts whose spans do not overlap.
        high: Upper end of it.
        separate: How many of them do not overlap.
    """

    level: int
    hits: int
    count: int
    low: float
    high: float
    separate: int

    @property
    def value(self) -> float:
        """The share, a fraction."""
        return self.hits / self.count

    @property
    def kept(self) -> bool:
        """Whether the promise lies in the interval."""
        return self.low <= self.level / 100 <= self.high


@dataclass(frozen=True, eq=False)
class LedgerView:
    """What the ledger has of some forecasts.

    Attributes:
        head: The end of the chain.
        series: The series that are meant.
        record: What the only one of them shows; ``None`` where there are several, or none.
        entries: The newest forecasts of them.
    """

    head: LedgerHead
    series: tuple[LedgerSeries, ...]
    record: LedgerRecord | None
    entries: tuple[LedgerEntry, ...]


@dataclass(frozen=True)
class AnytimeVerdict:
    """Whether forecasts are better than others, however often one has looked.

    Attributes:
        against: What they are compared with: ``"naive"`` by the miss, ``"cone"`` by the pinball
            loss.
        forecasts: Forecasts whose spans do not overlap; the evidence comes from them alone.
        skill: 1 - their weighted loss / the other's, a fraction.
        low: Lower end of the confidence sequence of the skill: at no time is it above the truth,
            with a probability of 95 % together with the upper end.
        high: Upper end of it.
        e_value: Evidence against "not better"; 40 or more is a claim.
    """

    against: str
    forecasts: int
    skill: float
    low: float
    high: float
    e_value: float

    @property
    def better(self) -> bool:
        """Whether the forecasts are better by more than chance."""
        return self.low > 0

    @property
    def worse(self) -> bool:
        """Whether they are worse by more than chance."""
        return self.high < 0


@dataclass(frozen=True)
class LedgerWeek:
    """The graded forecasts of one week, at one step.

    Attributes:
        start: Monday of the week in which the forecasts were due, UTC.
        count: How many there are.
        miss: Mean miss of the middle, quote currency.
        miss_naive: Mean miss of the last price.
        pinball: Mean pinball loss, log-return.
        pinball_naive: That of the last price with a constant band.
        pinball_cone: That of the volatility cone.
    """

    start: pd.Timestamp
    count: int
    miss: float
    miss_naive: float
    pinball: float
    pinball_naive: float
    pinball_cone: float


@dataclass(frozen=True)
class LedgerRecord:
    """What the graded forecasts of a series say, at one step.

    Attributes:
        series: The series and its counts.
        step: 1 to the horizon.
        shares: How often each range held, by ``LEDGER_LEVELS``; none without graded forecasts.
        total: All graded forecasts together; ``None`` where there are none.
        weeks: The same by week, in order.
        verdicts: Against the last price, and against the cone.
    """

    series: LedgerSeries
    step: int
    shares: tuple[LedgerShare, ...]
    total: LedgerWeek | None
    weeks: tuple[LedgerWeek, ...]
    verdicts: tuple[AnytimeVerdict, ...]


def anytime_sentence(verdict: AnytimeVerdict) -> str:
    """Write a verdict that may be looked at at any time in a sentence."""
    other = predictor_phrase(verdict.against)
    kind = "miss less than" if verdict.against == "naive" else "have a better range than"
    worse = "miss more than" if verdict.against == "naive" else "have a worse range than"
    if not math.isfinite(verdict.skill):
        return f"There is no forecast yet that differs from {other}."
    if verdict.better or verdict.worse:
        return f"The forecasts {kind if verdict.better else worse} {other}, by more than chance."
    return f"Whether the forecasts {kind} {other} can't be told from chance yet."


def record_sentence(record: LedgerRecord) -> str:
    """Write how often the 80 % range held: "The 80 % range held 169 of 212 prices"."""
    share = next((share for share in record.shares if share.level == 80), None)
    if share is None:
        return "No forecast has been graded yet"
    kind = "simulated prices" if record.series.name.simulated else "prices"
    return f"The 80 % range held {share.hits:,} of {share.count:,} {kind}"


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
