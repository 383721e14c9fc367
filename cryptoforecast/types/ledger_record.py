"""What is counted of recorded forecasts: how often a range held, and whether they are better."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from cryptoforecast.types.ledger import LedgerEntry, LedgerHead, SeriesName
from cryptoforecast.types.predictor_names import predictor_phrase

#: Fewer forecasts that do not overlap are too few for the usual test, and to call a promise kept.
MIN_FORECASTS = 20
#: The usual test claims a difference below this p-value.
MAX_P_VALUE = 0.05
#: What may be done with each of the two verdicts, above their sentences.
EVERY_DAY = "Verdicts that may be looked at every day"
ONE_LOOK = "The usual test, which holds for one look at a time chosen beforehand"


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
    def holds(self) -> bool:
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
class UsualTest:
    """The Diebold-Mariano test, which holds for one look at a time chosen beforehand.

    Looked at after every forecast, it claims a difference sooner or later where there is none.

    Attributes:
        difference: Mean loss of the other minus the own one, log-return; above 0 is better.
        p_value: Two-sided; NaN with fewer than ``MIN_FORECASTS`` forecasts, or if the difference
            does not vary.
    """

    difference: float
    p_value: float

    @property
    def better(self) -> bool:
        """Whether the test finds the forecasts better."""
        return self.p_value < MAX_P_VALUE and self.difference > 0

    @property
    def worse(self) -> bool:
        """Whether the test finds them worse."""
        return self.p_value < MAX_P_VALUE and self.difference < 0

    @property
    def p_text(self) -> str:
        """The p-value in words: ``"p = 0.31"``, ``"p < 0.001"``."""
        if self.p_value < 0.001:
            return "p < 0.001"
        return f"p = {self.p_value:.{3 if self.p_value < 0.1 else 2}f}"


@dataclass(frozen=True)
class LedgerVerdict:
    """Whether forecasts are better than others, by two tests of the same forecasts.

    The end points and the e-value hold however often one has looked; the usual test does not.

    Attributes:
        against: What they are compared with: ``"naive"`` by the miss, ``"cone"`` by the pinball
            loss.
        forecasts: Forecasts that differ and whose spans do not overlap; the evidence comes from
            them alone.
        skill: 1 - their weighted loss / the other's, a fraction.
        low: Lower end of the confidence sequence of the skill. With a probability of 95 %, the true
            skill lies between both ends at all times.
        high: Upper end of it.
        e_value: Evidence against "not better"; 40 or more is a claim.
        usual: The usual test.
    """

    against: str
    forecasts: int
    skill: float
    low: float
    high: float
    e_value: float
    usual: UsualTest

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
    verdicts: tuple[LedgerVerdict, ...]


def anytime_sentence(verdict: LedgerVerdict) -> str:
    """Write the verdict that may be looked at every day."""
    if not math.isfinite(verdict.skill):
        return f"There is no forecast yet that differs from {predictor_phrase(verdict.against)}."
    return _sentence(verdict.against, verdict.better, verdict.worse)


def usual_sentence(verdict: LedgerVerdict) -> str:
    """Write the verdict of the usual test, which holds for one look."""
    usual = verdict.usual
    if not math.isfinite(usual.p_value):
        return (
            f"Against {predictor_phrase(verdict.against)} it needs {MIN_FORECASTS} forecasts that "
            f"differ and do not overlap; there are {verdict.forecasts:,}."
        )
    sentence = _sentence(verdict.against, usual.better, usual.worse)
    return f"{sentence.removesuffix('.')} ({usual.p_text})."


def _sentence(against: str, better: bool, worse: bool) -> str:
    """Write whether forecasts are better than others."""
    other = predictor_phrase(against)
    more, less = ("miss less than", "miss more than")
    if against != "naive":
        more, less = ("have a better range than", "have a worse range than")
    if better or worse:
        return f"The forecasts {more if better else less} {other}, by more than chance."
    return f"Whether the forecasts {more} {other} can't be told from chance yet."


def record_sentence(record: LedgerRecord) -> str:
    """Write how often the 80 % range held: "The 80 % range held 169 of 212 prices"."""
    share = next((share for share in record.shares if share.level == 80), None)
    if share is None:
        return "No forecast has been graded yet"
    kind = "simulated prices" if record.series.name.simulated else "prices"
    return f"The 80 % range held {share.hits:,} of {share.count:,} {kind}"
