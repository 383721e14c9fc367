"""The ledger as JSON."""

from __future__ import annotations

from typing import Annotated

from typing_extensions import TypedDict

from cryptoforecast.json_views.values import (
    QUANTILE_EXAMPLE,
    Figure,
    Quantiles,
    Says,
    Time,
    finite,
    quantiles_json,
    time_json,
)
from cryptoforecast.types.ledger import (
    LEDGER_LEVELS,
    Attempt,
    LedgerEntry,
    LedgerForecast,
    LedgerHead,
    LedgerOutcome,
    SeriesName,
    Verification,
)
from cryptoforecast.types.ledger_record import (
    LedgerRecord,
    LedgerSeries,
    LedgerShare,
    LedgerVerdict,
    LedgerView,
    LedgerWeek,
    anytime_sentence,
    usual_sentence,
)

_OPEN_SENTENCE = (
    "Whether the forecasts miss less than “the price stays put” can't be told from chance yet"
)


class HeadJson(TypedDict):
    """The end of the chain."""

    position: Annotated[int, Says("entries: forecasts and outcomes", 480)]
    hash: Annotated[str, Says("hash of all of them, 64 hexadecimal digits", "5f0c9a417d1e2b38" * 4)]


class SeriesNameJson(TypedDict):
    """Who forecasts what."""

    model: Annotated[str, Says("a saved model, or a baseline", "global-1h-lstm")]
    predictor: Annotated[str, Says("stack, or a member of it", "stack")]
    coin: Annotated[str, Says("ticker", "BTC")]
    quote: Annotated[str, Says("currency of the prices", "USD")]
    interval: Annotated[str, Says("candle length", "1h")]
    simulated: Annotated[bool, Says("whether the prices are not those of a real market", False)]
    horizon: Annotated[int, Says("steps of each forecast", 24)]


class LedgerSeriesJson(SeriesNameJson):
    """How many forecasts of a series there are, by their state."""

    recorded: Annotated[int, Says("all of them", 240)]
    open: Annotated[int, Says("those whose candles have not all closed", 24)]
    graded: Annotated[int, Says("those with an outcome that counts", 212)]
    void: Annotated[int, Says("those that count nowhere", 4)]
    source_gone: Annotated[int, Says("void: the source no longer has the candles", 3)]
    candle_revised: Annotated[int, Says("void: the source changed the last known close", 1)]
    next_due_at: Annotated[Time | None, Says("when the next open one is due")]


class LedgerStepJson(TypedDict):
    """One step of a recorded forecast; what came is null while it is open, or without candles."""

    step: Annotated[int, Says("1 to the horizon", 1)]
    closes_at: Annotated[Time, Says("when its close is known")]
    quantiles: Annotated[Quantiles, Says("prices by their level", QUANTILE_EXAMPLE)]
    actual: Annotated[Figure, Says("the close that came", 61_180.0)]
    inside_50: Annotated[bool | None, Says("whether it lies inside the 50 % range")]
    inside_80: Annotated[bool | None, Says("whether it lies inside the 80 % range")]
    inside_95: Annotated[bool | None, Says("whether it lies inside the 95 % range")]
    pinball: Annotated[Figure, Says("pinball loss, log-return", 0.0011)]
    pinball_naive: Annotated[Figure, Says("that of the last price", 0.0012)]
    pinball_cone: Annotated[Figure, Says("that of the volatility cone", 0.0011)]
    transform: Annotated[Figure, Says("probability of a lower close, as forecast", 0.43)]


class LedgerEntryJson(SeriesNameJson):
    """A recorded forecast and its outcome."""

    position: Annotated[int, Says("its place in the ledger", 17)]
    hash: Annotated[str, Says("hash of the ledger up to it", "5f0c9a417d1e2b38" * 4)]
    made_at: Annotated[Time, Says("when it was recorded")]
    version: Annotated[str, Says("digest of the model", "sha256:…")]
    fingerprint: Annotated[str, Says("of the candles that it was made from", "5f0c9a417d1e2b38")]
    source: Annotated[str, Says("where they came from", "coinbase")]
    origin: Annotated[Time, Says("open of the last of them")]
    last_close: Annotated[float, Says("its close", 61_000.0)]
    due_at: Annotated[Time, Says("when its last candle closes")]
    state: Annotated[str, Says("open, graded or void", "graded")]
    reason: Annotated[str, Says("why it is void; else empty", "")]
    graded_at: Annotated[Time | None, Says("when the outcome was recorded")]
    steps: list[LedgerStepJson]


class ShareJson(TypedDict):
    """How often a range held."""

    level: Annotated[int, Says("the promise, %", 80)]
    hits: Annotated[int, Says("prices inside", 169)]
    count: Annotated[int, Says("prices in all", 212)]
    low: Annotated[float, Says("lower end of the exact 95 % interval, a fraction", 0.74)]
    high: Annotated[float, Says("upper end", 0.85)]
    separate: Annotated[int, Says("forecasts that do not overlap; the interval is theirs", 212)]


class LedgerWeekJson(TypedDict):
    """Mean losses of the graded forecasts of one week, or of all."""

    start: Annotated[str, Says("its Monday", "2026-11-23")]
    count: Annotated[int, Says("graded forecasts", 212)]
    miss: Annotated[float, Says("mean miss of the middle, quote currency", 733.0)]
    miss_naive: Annotated[float, Says("that of the last price", 731.0)]
    pinball: Annotated[float, Says("mean pinball loss, log-return", 0.0011)]
    pinball_naive: Annotated[float, Says("that of the last price", 0.0012)]
    pinball_cone: Annotated[float, Says("that of the volatility cone", 0.0011)]


class UsualTestJson(TypedDict):
    """The Diebold-Mariano test of the same forecasts, which holds for one look alone."""

    p_value: Annotated[Figure, Says("two-sided; null with too few forecasts", 0.31)]
    better: Annotated[bool, Says("whether it finds the forecasts better", False)]
    worse: Annotated[bool, Says("whether it finds them worse", False)]
    sentence: Annotated[str, Says("the verdict in words", f"{_OPEN_SENTENCE} (p = 0.31).")]


class LedgerVerdictJson(TypedDict):
    """Whether forecasts are better: may be looked at every day, all but `usual_test`."""

    against: Annotated[str, Says("naive by the miss, cone by the pinball loss", "naive")]
    forecasts: Annotated[int, Says("forecasts that do not overlap", 212)]
    skill: Annotated[Figure, Says("1 - loss / the other's, weighted, a fraction", 0.004)]
    low: Annotated[Figure, Says("lower end of the confidence sequence", -0.03)]
    high: Annotated[Figure, Says("upper end", 0.04)]
    e_value: Annotated[float, Says("evidence; 40 or more is a claim", 1.2)]
    better: Annotated[bool, Says("whether it is better by more than chance", False)]
    worse: Annotated[bool, Says("whether it is worse by more than chance", False)]
    sentence: Annotated[str, Says("the verdict in words", f"{_OPEN_SENTENCE}.")]
    usual_test: Annotated[UsualTestJson, Says("for one look, at a time chosen beforehand")]


class LedgerRecordJson(TypedDict):
    """What the graded forecasts of a series show at one step."""

    series: LedgerSeriesJson
    step: Annotated[int, Says("1 to the horizon", 24)]
    shares: list[ShareJson]
    total: Annotated[LedgerWeekJson | None, Says("all graded forecasts; null without one")]
    weeks: list[LedgerWeekJson]
    verdicts: list[LedgerVerdictJson]


class LedgerJson(TypedDict):
    """What the ledger has of some forecasts."""

    head: HeadJson
    series: list[LedgerSeriesJson]
    record: Annotated[LedgerRecordJson | None, Says("of the only series; null of several")]
    entries: Annotated[list[LedgerEntryJson], Says("the newest forecasts")]


class AttemptJson(TypedDict):
    """What became of a forecast that was to be recorded."""

    model: str
    coin: str
    interval: str
    state: Annotated[str, Says("recorded, there already or refused", "recorded")]
    position: int | None
    origin: Time | None
    due_at: Time | None
    reason: str


class VerificationJson(TypedDict):
    """Whether the ledger is as it was written."""

    intact: bool
    head: HeadJson
    forecasts: int
    outcomes: int
    clock_corrections: Annotated[int, Says("how often the clock had been ahead and was set back")]
    problems: Annotated[list[str], Says("the first ones, a sentence each")]
    problem_count: int


def head_json(head: LedgerHead) -> HeadJson:
    """Write the end of the chain."""
    return {"position": head.position, "hash": head.hash}


def series_json(series: LedgerSeries) -> LedgerSeriesJson:
    """Write a series with its counts."""
    due = series.next_due
    return {
        **_name(series.name),
        "recorded": series.recorded,
        "open": series.open,
        "graded": 0 if series.name.simulated else series.settled,
        "void": series.void,
        "source_gone": series.source_gone,
        "candle_revised": series.candle_revised,
        "next_due_at": None if due is None else time_json(due),
    }


def entry_json(entry: LedgerEntry) -> LedgerEntryJson:
    """Write a forecast with its outcome."""
    forecast, outcome = entry.forecast, entry.outcome
    steps = range(1, forecast.series.horizon + 1)
    return {
        **_name(forecast.series),
        "position": entry.position,
        "hash": entry.hash,
        "made_at": time_json(forecast.made_at),
        "version": forecast.version,
        "fingerprint": forecast.fingerprint,
        "source": forecast.source,
        "origin": time_json(forecast.origin),
        "last_close": forecast.last_close,
        "due_at": time_json(forecast.due_at),
        "state": entry.state,
        "reason": "" if outcome is None else outcome.reason,
        "graded_at": None if outcome is None else time_json(outcome.graded_at),
        "steps": [_step(forecast, outcome, step) for step in steps],
    }


def record_json(record: LedgerRecord) -> LedgerRecordJson:
    """Write what the forecasts of a series show."""
    return {
        "series": series_json(record.series),
        "step": record.step,
        "shares": [_share(share) for share in record.shares],
        "total": None if record.total is None else _week(record.total),
        "weeks": [_week(week) for week in record.weeks],
        "verdicts": [_verdict(verdict) for verdict in record.verdicts],
    }


def view_json(view: LedgerView) -> LedgerJson:
    """Write what the ledger has of some forecasts."""
    return {
        "head": head_json(view.head),
        "series": [series_json(each) for each in view.series],
        "record": None if view.record is None else record_json(view.record),
        "entries": [entry_json(entry) for entry in view.entries],
    }


def attempt_json(attempt: Attempt) -> AttemptJson:
    """Write what became of a forecast."""
    forecast = attempt.forecast
    return {
        "model": attempt.model,
        "coin": attempt.coin,
        "interval": attempt.interval,
        "state": attempt.state,
        "position": attempt.position,
        "origin": None if forecast is None else time_json(forecast.origin),
        "due_at": None if forecast is None else time_json(forecast.due_at),
        "reason": attempt.refusal,
    }


def verification_json(result: Verification) -> VerificationJson:
    """Write whether the ledger is as it was written."""
    return {
        "intact": result.intact,
        "head": head_json(result.head),
        "forecasts": result.forecasts,
        "outcomes": result.outcomes,
        "clock_corrections": result.clock_corrections,
        "problems": list(result.problems),
        "problem_count": result.count,
    }


def _name(name: SeriesName) -> SeriesNameJson:
    return {
        "model": name.model,
        "predictor": name.predictor,
        "coin": name.coin,
        "quote": name.quote,
        "interval": name.interval,
        "simulated": name.simulated,
        "horizon": name.horizon,
    }


def _step(forecast: LedgerForecast, outcome: LedgerOutcome | None, step: int) -> LedgerStepJson:
    row = step - 1
    has_candles = outcome is not None and outcome.has_candles

    def figure(name: str) -> float | None:
        return finite(getattr(outcome, name)[row]) if has_candles else None

    inside = {
        level: bool(outcome.inside[level][row]) if outcome is not None and has_candles else None
        for level in LEDGER_LEVELS
    }
    return {
        "step": step,
        "closes_at": time_json(forecast.closes_at(step)),
        "quantiles": quantiles_json(forecast.quantiles[row]),
        "actual": figure("actual"),
        "inside_50": inside[50],
        "inside_80": inside[80],
        "inside_95": inside[95],
        "pinball": figure("pinball"),
        "pinball_naive": figure("pinball_naive"),
        "pinball_cone": figure("pinball_cone"),
        "transform": figure("transform"),
    }


def _share(share: LedgerShare) -> ShareJson:
    return {
        "level": share.level,
        "hits": share.hits,
        "count": share.count,
        "low": share.low,
        "high": share.high,
        "separate": share.separate,
    }


def _week(week: LedgerWeek) -> LedgerWeekJson:
    return {
        "start": f"{week.start:%Y-%m-%d}",
        "count": week.count,
        "miss": week.miss,
        "miss_naive": week.miss_naive,
        "pinball": week.pinball,
        "pinball_naive": week.pinball_naive,
        "pinball_cone": week.pinball_cone,
    }


def _verdict(verdict: LedgerVerdict) -> LedgerVerdictJson:
    return {
        "against": verdict.against,
        "forecasts": verdict.forecasts,
        "skill": finite(verdict.skill),
        "low": finite(verdict.low),
        "high": finite(verdict.high),
        "e_value": verdict.e_value,
        "better": verdict.better,
        "worse": verdict.worse,
        "sentence": anytime_sentence(verdict),
        "usual_test": {
            "p_value": finite(verdict.usual.p_value),
            "better": verdict.usual.better,
            "worse": verdict.usual.worse,
            "sentence": usual_sentence(verdict),
        },
    }
