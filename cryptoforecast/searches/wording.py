"""The result of a search in words."""

from __future__ import annotations

from cryptoforecast.evaluation.difference_text import difference_text
from cryptoforecast.types import INTERVAL_NOUNS, Search, SearchTest

_ERRORS = {"pinball": "error of the range", "mae": "error of the price"}


def sentence(result: Search) -> str:
    """Write what a search came to: the verdict, the difference, and how many were tried."""
    number = len(result.trials)
    parts = [
        f"{each:,} {words}"
        for each, words in (
            (result.count("pruned"), "ended early"),
            (result.count("failed"), "failed"),
        )
        if each
    ]
    counts = f"{number:,} setting{'s were' if number != 1 else ' was'} tried"
    counts += f" ({', '.join(parts)})" if parts else ""
    if result.test is None:
        return (
            f"No better settings were found: {counts}, and on the validation prices none did "
            f"better than the default settings over {result.plan.seeds} trainings each. The test "
            "prices were not looked at."
        )
    verdict = _verdict(result, result.test)
    return f"{verdict} {counts}; the test prices were looked at once, at the end."


def _verdict(result: Search, test: SearchTest) -> str:
    one, error = test.difference, _ERRORS[test.metric]
    noun = f"{'simulated ' if result.simulated else ''}{INTERVAL_NOUNS[result.interval]}s"
    span = f"over {test.origins:,} {noun} and {len(test.seeds)} trainings each"
    difference = difference_text(one.skill, one.low, one.high, "that of the default settings")
    if test.outcome == "unknown":
        return f"Too few forecasts to tell: its {error} is {difference}, {span}."
    figures = f"the {error} is {difference}, {span}"
    if test.better:
        return f"Better than the default settings: {figures}."
    if test.outcome == "better":
        return (
            f"No better than doing nothing: {figures}, but the last price with a constant range "
            "does as well."
        )
    if test.outcome == "worse":
        return f"Worse than the default settings: {figures}."
    return f"No better than the default settings: {figures}."
