"""The words of a leaderboard: each predictor's skill with its interval, and what follows."""

from __future__ import annotations

import math

from cryptoforecast.charts import wording
from cryptoforecast.types import (
    Backtest,
    Leaderboard,
    Standing,
    confidence,
    predictor_phrase,
)

#: The name of each metric on a page.
METRIC_NAMES = {
    "mae": "Average miss (MAE)",
    "pinball": "Error of the range (pinball)",
    "rmse": "Large misses (RMSE)",
    "mape": "Miss in % (MAPE)",
    "smape": "Miss in % (sMAPE)",
    "mase": "Miss in usual moves (MASE)",
    "directional_accuracy": "Direction right",
    "coverage_80": "80 % range held",
    "coverage_95": "95 % range held",
}
_COVERAGES = ("coverage_80", "coverage_95")
#: What the intervals of a leaderboard are called; they decide what is more than chance.
INTERVAL = "95 % interval, corrected"


def summary_leaderboard(result: Backtest, board: Leaderboard) -> str:
    """Describe in a sentence or two what ``skills`` shows."""
    label = wording.step_label(board.step, result.history.interval)
    standings = [each for each in board.standings if math.isfinite(each.value)]
    if not standings:
        return f"{METRIC_NAMES[board.metric]} is defined for none of these {label}."
    best = predictor_phrase(standings[0].predictor)
    first = f"{METRIC_NAMES[board.metric]}, {label}: {best} comes first"
    first += f" of {len(standings)}." if len(standings) > 1 else "."
    if all(math.isnan(each.low) for each in board.standings):
        return f"{first} There are too few past forecasts to tell differences from chance."
    if board.metric in _COVERAGES:
        off = [predictor_phrase(each.predictor) for each in standings if each.beyond_chance]
        if not off:
            return f"{first} No range is off its promise by more than chance."
        return f"{first} Off the promise by more than chance: {', '.join(off)}."
    reference = predictor_phrase(board.reference)
    better = [each for each in standings if each.low > 0]
    worse = [each for each in standings if each.high < 0]
    sentences = [
        f"{word} than {reference} by more than chance: {', '.join(map(_name_and_skill, group))}."
        for word, group in (("Better", better), ("Worse", worse))
        if group
    ]
    none = f"None differs from {reference} by more than chance."
    return f"{first} {' '.join(sentences) or none}"


def skill_text(board: Leaderboard, standing: Standing) -> str:
    """Write a skill with its sign, in per cent; a coverage's difference in points."""
    if not math.isfinite(standing.skill):
        return "–"
    return f"{confidence.rounded(100 * standing.skill, _places(standing), '+')} {_unit(board)}"


def interval_text(board: Leaderboard, standing: Standing) -> str:
    """Write the interval of a skill; a dash where nothing can be claimed."""
    if math.isnan(standing.low):
        return "–"
    ends = 100 * standing.low, 100 * standing.high
    return f"{confidence.interval_text(*ends, _places(standing), '+')} {_unit(board)}"


def _places(standing: Standing) -> int:
    return confidence.decimals(*(100 * x for x in (standing.skill, standing.low, standing.high)))


def _unit(board: Leaderboard) -> str:
    return "points" if board.metric in _COVERAGES else "%"


def _name_and_skill(standing: Standing) -> str:
    return f"{predictor_phrase(standing.predictor)} ({wording.percent(abs(standing.skill))})"
