"""Whether prices can be trusted: what is known about them, graded and in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from cryptoforecast.learning.samples import MAX_ABSENT_CANDLES, candles_needed
from cryptoforecast.learning.specs import make
from cryptoforecast.prices.candles.repairs import REPAIRS
from cryptoforecast.prices.files.columns.quote import ASSUMED
from cryptoforecast.service.market_view import gaps
from cryptoforecast.types import INTERVAL_NOUNS, PriceHistory, Problem
from cryptoforecast.types.durations import plural
from cryptoforecast.types.prices import UNKNOWN_COIN

Grade = Literal["good", "watch", "bad"]
#: Grades, the worst first.
GRADES: tuple[Grade, ...] = ("bad", "watch", "good")
#: Facts that are told, at least.
MIN_FACTS = 3
#: Missing candles are a bad sign above this share.
_MAX_MISSING = 0.05
#: Candles without a trade are worth a word from this share on.
_MIN_IDLE = 0.02


@dataclass(frozen=True)
class Fact:
    """One thing to know about prices.

    Attributes:
        grade: How good it is for a forecast.
        text: What it is.
        effect: What it means for a forecast, or what was done.
        repair: Name of the repair that is offered for it, or that was made; ``""`` for none.
        repaired: Whether the repair was made.
    """

    grade: Grade
    text: str
    effect: str = ""
    repair: str = ""
    repaired: bool = False


#: What is known of simulated prices before anything else.
SIMULATED = Fact("watch", "These prices are simulated", "They say nothing about a real market.")
#: What a repair is called on a button.
REPAIR_LABELS = {
    "outliers": "Leave out",
    "ohlc_violations": "Widen high and low",
    "flat_tail": "Cut off the end",
    "flat": "Leave out",
    "level_shift_cut": "Leave out what is before",
    "level_shift_rescale": "Rescale what is before",
    "unlisted": "Leave out",
}


def is_good(history: PriceHistory) -> bool:
    """Return whether prices can be forecast as they are: enough of them, and no fact is bad."""
    enough = len(history) >= candles_to_forecast()
    return enough and all(fact.grade != "bad" for fact in facts(history))


def facts(history: PriceHistory) -> tuple[Fact, ...]:
    """Tell what is known about prices, the worst first; ``MIN_FACTS`` at least.

    Args:
        history: The prices, with their quality report.
    """
    problems = history.quality.problems
    result = [SIMULATED] if _of_embedded_market(history) else []
    result += [fact for problem in problems for fact in _facts(history, problem)]
    result += _assumed(history)
    result += list(_good(history))[: max(0, MIN_FACTS - len(result))]
    return tuple(sorted(result, key=lambda fact: GRADES.index(fact.grade)))


def worst(facts: Iterable[Fact]) -> Grade:
    """Return the worst grade of several facts."""
    return min((fact.grade for fact in facts), key=GRADES.index)


def open_repairs(facts: Iterable[Fact]) -> tuple[str, ...]:
    """Return the names of the repairs that bad facts need."""
    return tuple(fact.repair for fact in facts if fact.grade == "bad" and fact.repair)


def candles_to_forecast() -> int:
    """Count the candles that a forecast needs, because it is first tested on past prices."""
    return candles_needed(make(network="cone", horizon=1))


def misleads(facts: Iterable[Fact]) -> bool:
    """Return whether something is bad that no repair mends."""
    return any(fact.grade == "bad" and not fact.repair for fact in facts)


def readiness(history: PriceHistory, facts: Sequence[Fact]) -> str:
    """Say in a few words whether prices are good to forecast.

    Args:
        history: The prices.
        facts: Their facts.
    """
    if len(history) < candles_to_forecast():
        return "Too short to forecast"
    bad = [fact for fact in facts if fact.grade == "bad"]
    open_repairs = sum(bool(fact.repair) for fact in bad)
    if misleads(bad):
        return "A forecast of these prices would mislead"
    if bad:
        count = "one repair" if open_repairs == 1 else f"{open_repairs} repairs"
        return f"Good to forecast after {count}"
    watched = sum(fact.grade == "watch" for fact in facts)
    if watched:
        return f"Good to forecast, with {'one thing' if watched == 1 else 'things'} to watch"
    return "Good to forecast"


def candles_text(count: int, interval: str) -> str:
    """Write a number of candles: "1 hour", "71,228 hours"."""
    return f"{count:,} {plural(count, INTERVAL_NOUNS[interval])}"


def contents(history: PriceHistory) -> str:
    """Say what prices there are: "900 hours of ETH in USD"; without a coin that is unknown."""
    coin = "" if history.coin == UNKNOWN_COIN else f" of {history.coin}"
    return f"{candles_text(len(history), history.interval)}{coin} in {history.quote}"


def _facts(history: PriceHistory, problem: Problem) -> list[Fact]:
    """Tell one irregularity; nothing where it does not matter."""
    count, kind = candles_text(problem.count, history.interval), problem.kind
    if kind in REPAIRS and problem.repair not in ("none", ""):
        done = f"{problem.repair[:1].upper()}{problem.repair[1:]}"
        return [Fact("good", done, f"Repaired as asked: {title(kind)}.", kind, repaired=True)]
    repair = next(iter(problem.repairs), "")
    if kind == "outliers" and _of_embedded_market(history):
        return []  # the simulation jumps, as markets do; none of its prices is an error
    if kind == "missing":
        return [_missing(history, problem)]
    if kind == "zero_volume":
        share = problem.count / len(history)
        text = f"No trade in {share:.0%} of all {plural(2, INTERVAL_NOUNS[history.interval])}"
        return [Fact("watch", text, "Prices move less often here.")] * (share >= _MIN_IDLE)
    if kind in _WORDS:
        grade, text, effect = _WORDS[kind]
        detail = problem.detail or problem.repair
        sentence = effect.format(detail)
        if kind in _PLACED and problem.first_line is not None:
            sentence += (
                f" {'In' if problem.count == 1 else 'First in'} line {problem.first_line:,}."
            )
        return [Fact(grade, text.format(count), f"{sentence[:1].upper()}{sentence[1:]}", repair)]
    done = "" if problem.repair == "none" else f"What is done: {problem.repair}. "
    detail = f"{problem.detail[:1].upper()}{problem.detail[1:]}." if problem.detail else ""
    return [Fact("watch", f"{title(kind)}: {problem.count:,}", f"{done}{detail}", repair)]


#: Irregularities whose first line in the file is told, since both may be of the same row.
_PLACED = ("ohlc_violations", "outliers")
#: Grade, text and effect by the kind of irregularity; ``{}`` stands for the number of candles in
#: a text, and for the detail in an effect.
_WORDS: dict[str, tuple[Grade, str, str]] = {
    "ohlc_violations": (
        "bad",
        "{} with open or close outside high and low",
        "Left as they are, they distort how far prices range.",
    ),
    "outliers": (
        "bad",
        "{} far away from all prices around",
        "One wrong price counts more in an average miss than a hundred right ones.",
    ),
    "flat_tail": (
        "bad",
        "One price repeats at the end: {}",
        "The market had stopped, or the file repeats its last price.",
    ),
    "flat": ("watch", "{} repeat one price for long", "A forecast learns that nothing moves."),
    "level_shift": (
        "bad",
        "The coin's unit changes",
        "The coin's unit changes: {}. Nothing is learnt or tested across the change.",
    ),
    "coarse_tick": (
        "watch",
        "A thin market",
        "A thin market: {}. A move of one tick is no news, and a forecast cannot be finer than "
        "that.",
    ),
    "duplicates": (
        "watch",
        "{} came with the time of another",
        "Of each time the last row was kept.",
    ),
    "two_labels": ("watch", "{} came again under another time", "{}."),
    "off_grid": ("watch", "{} open at an unusual minute", "They are used as they are; {}."),
    "other_coin": ("watch", "The prices name another coin", "{}."),
    "splices": ("watch", "Prices of several sources", "{}."),
    "local_time": (
        "watch",
        "The times have no zone",
        "The times have no zone and are read as UTC, but {}.",
    ),
    "future": ("watch", "Candles of the future", "Candles of the future are left out: {}."),
    "open": ("watch", "A candle that is still open", "It is left out: {}."),
    "live_price": (
        "watch",
        "A live price at the end",
        "The last row is no candle and is left out: {}.",
    ),
}


def _assumed(history: PriceHistory) -> list[Fact]:
    """Tell that the currency is only assumed."""
    by_name = history.quality.decisions.get("currency") != ASSUMED.format("file")
    if by_name or history.simulated:
        return []
    text = f"Taken to be prices in {history.quote}"
    return [Fact("watch", text, "The file names no currency. Choose another under Read.")]


def _of_embedded_market(history: PriceHistory) -> bool:
    """Return whether prices come from the simulated market, and were not edited in a file."""
    return history.simulated and not history.of_file


def _missing(history: PriceHistory, problem: Problem) -> Fact:
    spans = gaps(history)
    share = problem.count / (problem.count + len(history))
    grade: Grade = "bad" if share > _MAX_MISSING else "watch"
    if not spans:
        return Fact(grade, f"{candles_text(problem.count, history.interval)} missing")
    longest = candles_text(spans[0].candles, history.interval)
    text = f"{len(spans):,} {plural(len(spans), 'gap')}, the longest {longest}"
    if len(spans) == 1:
        text = f"One gap of {longest}"
    effect = (
        "Nothing is learnt across a gap, and the test says how many forecasts reach across."
        if spans[0].candles > MAX_ABSENT_CANDLES
        else "So short that a forecast takes them for a time without a trade."
    )
    return Fact(grade, text, effect)


def _good(history: PriceHistory) -> Iterable[Fact]:
    """Tell what is as it should be."""
    quality, nouns = history.quality, plural(2, INTERVAL_NOUNS[history.interval])
    whole = len(history) + quality.missing
    share = len(history) / whole
    # Rounded down: 99.96 % are not 100.
    there = "All" if not quality.missing else f"{int(1000 * share) / 10:.1f} % of"
    orderly = "Nothing twice, all" if not quality.duplicates else "All"
    count = f" {whole:,}" if not quality.missing else ""
    if share >= 1 - _MAX_MISSING:
        are_there = f"{there}{count} {nouns} are there"
        yield Fact("good", are_there, f"{orderly} prices positive, in order.")
    if not quality.outliers:
        yield Fact("good", "No price looks like an error", "None is far from all prices around it.")
    has_ranges = bool((history.candles["high"] > history.candles["low"]).any())
    if has_ranges and not quality.ohlc_violations:
        yield Fact("good", "High and low fit", "Every open and close lies between them.")
    if not quality.flat_tail:
        yield Fact("good", "The market is alive", "Its prices move up to the end.")


def title(kind: str) -> str:
    """Name a kind of irregularity for users: "Open or close outside high and low"."""
    names = {"ohlc_violations": "open or close outside high and low"}
    words = names.get(kind, kind.replace("_", " "))
    return words[:1].upper() + words[1:]
