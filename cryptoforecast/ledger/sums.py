"""What is counted of a series: its forecasts by state, losses by week, and evidence.

All of it follows from the entries of the ledger in their order. ``series_store`` keeps it beside
them, so that an answer need not read a million rows, and ``verification`` counts it again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from cryptoforecast.ledger import evidence
from cryptoforecast.types import MEDIAN, Array
from cryptoforecast.types.ledger import (
    CANDLE_REVISED,
    LEDGER_LEVELS,
    SOURCE_GONE,
    LedgerForecast,
    LedgerOutcome,
)
from cryptoforecast.types.ledger_record import LedgerRecord, LedgerSeries, LedgerShare, LedgerWeek

#: Sums of one week, ``(horizon, 9)``: outcomes, prices inside each range, misses in the quote
#: currency, and pinball losses.
FIGURES = (
    "count", *(f"inside_{level}" for level in LEDGER_LEVELS), "miss", "miss_naive", "pinball",
    "pinball_naive", "pinball_cone",
)  # fmt: skip
_COUNT, _INSIDE, _LOSSES = 0, 1, 1 + len(LEDGER_LEVELS)


@dataclass
class SeriesSums:
    """Everything that is counted of one series.

    Attributes:
        horizon: Steps of each forecast.
        recorded: Forecasts.
        settled: Outcomes with candles.
        source_gone: Void outcomes without candles.
        candle_revised: Void outcomes of a revised candle.
        evidence: See ``evidence``.
        weeks: Sums by ``FIGURES`` of each week, by its Monday.
    """

    horizon: int
    recorded: int = 0
    settled: int = 0
    source_gone: int = 0
    candle_revised: int = 0
    evidence: Array = field(default_factory=lambda: np.array([]))
    weeks: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.evidence.size == 0:
            self.evidence = evidence.empty(self.horizon)

    def add(self, forecast: LedgerForecast, outcome: LedgerOutcome) -> None:
        """Count one more outcome."""
        self.source_gone += outcome.reason == SOURCE_GONE
        self.candle_revised += outcome.reason == CANDLE_REVISED
        if not outcome.has_candles:
            return
        self.settled += 1
        week = week_of(forecast)
        before = self.weeks.get(week)
        figures = _figures(forecast, outcome)
        self.weeks[week] = figures if before is None else before + figures
        self.evidence = evidence.add(self.evidence, forecast, outcome)

    def counts(self) -> dict[str, int]:
        """Return the counts by the names of their columns."""
        names = ("recorded", "settled", "source_gone", "candle_revised")
        return {name: getattr(self, name) for name in names}

    def equals(self, other: SeriesSums) -> bool:
        """Return whether both counted the same."""
        return (
            self.counts() == other.counts()
            and self.weeks.keys() == other.weeks.keys()
            and _close(self.evidence, other.evidence)
            and all(_close(sums, other.weeks[week]) for week, sums in self.weeks.items())
        )


def week_of(forecast: LedgerForecast) -> str:
    """Return the Monday of the week in which a forecast is due."""
    due = forecast.due_at
    return f"{due - pd.Timedelta(days=due.weekday()):%Y-%m-%d}"


def text(values: Array) -> str:
    """Write sums as JSON that gives back the same numbers."""
    return json.dumps(values.tolist(), separators=(",", ":"))


def values(text: str) -> Array:
    """Read sums that ``text`` wrote."""
    return np.array(json.loads(text), float)


def record(
    series: LedgerSeries, weeks: Mapping[str, Array], gathered: Array, step: int
) -> LedgerRecord:
    """Say what the graded forecasts of a series show at one step.

    Args:
        series: The series and its counts.
        weeks: Its sums by week.
        gathered: Its evidence.
        step: 1 to the horizon.
    """
    by_week = {week: sums[step - 1] for week, sums in sorted(weeks.items())}
    total = sum(by_week.values(), np.zeros(len(FIGURES)))
    some = total[_COUNT] > 0
    return LedgerRecord(
        series=series,
        step=step,
        shares=_shares(total, gathered, step) if some else (),
        total=_week(min(by_week), total) if some else None,
        weeks=tuple(_week(week, sums) for week, sums in by_week.items()),
        verdicts=evidence.verdicts(gathered, step),
    )


def _figures(forecast: LedgerForecast, outcome: LedgerOutcome) -> Array:
    """Return the figures of one outcome by ``FIGURES``, ``(horizon, 9)``."""
    columns: Sequence[Array] = (
        np.ones(len(outcome.actual)),
        *(outcome.inside[level].astype(float) for level in LEDGER_LEVELS),
        np.abs(outcome.actual - forecast.quantiles[:, MEDIAN]),
        np.abs(outcome.actual - forecast.last_close),
        outcome.pinball,
        outcome.pinball_naive,
        outcome.pinball_cone,
    )
    return np.stack(columns, axis=1)


def _week(week: str, sums: Array) -> LedgerWeek:
    count = int(sums[_COUNT])
    return LedgerWeek(
        pd.Timestamp(week, tz="UTC"), count, *(float(x) / count for x in sums[_LOSSES:])
    )


def _shares(total: Array, gathered: Array, step: int) -> tuple[LedgerShare, ...]:
    count, hits_of = evidence.separate(gathered, step)
    shares = []
    for column, level in enumerate(LEDGER_LEVELS, _INSIDE):
        low, high = exact_interval(hits_of[level], count)
        shares.append(LedgerShare(level, int(total[column]), int(total[_COUNT]), low, high, count))
    return tuple(shares)


def exact_interval(hits: int, count: int, level: float = 0.95) -> tuple[float, float]:
    """Compute the exact confidence interval of a probability.

    Source: Clopper and Pearson (1934), "The use of confidence or fiducial limits illustrated in
    the case of the binomial".

    Args:
        hits: How often it occurred.
        count: How often it could have occurred.
        level: Confidence level, a fraction.
    """
    tail = (1 - level) / 2

    def end(below: int, share_above: float) -> float:
        """Return the probability of a hit for which at most ``below`` hits have this share."""
        low, high = 0.0, 1.0
        for _ in range(50):
            middle = (low + high) / 2
            more_is_needed = _at_most(below, count, middle) > share_above
            low, high = (middle, high) if more_is_needed else (low, middle)
        return (low + high) / 2

    lowest = 0.0 if hits == 0 else end(hits - 1, 1 - tail)
    highest = 1.0 if hits == count else end(hits, tail)
    return lowest, highest


def _at_most(hits: int, count: int, share: float) -> float:
    """Compute the probability of at most so many hits: the binomial distribution function."""
    if not 0 < share < 1:
        return float(share <= 0 or hits >= count)
    spread = math.sqrt(count * share * (1 - share))
    middle = count * share
    # Terms this far from the middle are below the precision of a number.
    first = max(0, math.floor(middle - 40 * spread - 40))
    last = min(hits, math.ceil(middle + 40 * spread + 40))
    if last < first:
        return 0.0
    numbers = np.arange(first, last + 1)
    steps = np.log((count - numbers[:-1]) / (numbers[:-1] + 1)) + math.log(share / (1 - share))
    start = (
        math.lgamma(count + 1) - math.lgamma(first + 1) - math.lgamma(count - first + 1)
        + first * math.log(share) + (count - first) * math.log1p(-share)
    )  # fmt: skip
    logs = start + np.concatenate([[0.0], np.cumsum(steps)])
    return min(1.0, float(np.exp(logs).sum()))


def _close(one: Array, other: Array) -> bool:
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=1e-9, atol=1e-12))
