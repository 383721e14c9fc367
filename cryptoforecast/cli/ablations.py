"""An ablation as text: the sentence, and a line for each measure of error."""

from __future__ import annotations

import math

from cryptoforecast.cli import tables
from cryptoforecast.texts import lines_text
from cryptoforecast.types import Ablation, Contribution, confidence

_HEADER = ("error", "with", "without", "smaller, %", "95 % interval", "by seed", "beyond chance")


def text(ablation: Ablation, quote: str) -> str:
    """Describe an ablation.

    Args:
        ablation: What was found.
        quote: Currency of the prices.
    """
    title = (
        f"With and without {', '.join(ablation.inputs)}, step {ablation.step}, "
        f"{ablation.origins:,} origins, seeds {', '.join(map(str, ablation.seeds))}:"
    )
    rows = [
        _row(f"price (MAE, {quote})", ablation.point, ".5g", 1.0),
        _row("band (pinball, 1e-4)", ablation.band, ".5g", 1e4),
    ]
    return lines_text(["", title, *tables.aligned(_HEADER, rows), ablation.sentence])


def _row(name: str, one: Contribution, form: str, unit: float) -> list[str]:
    skill, low, high = (100 * value for value in (one.skill, one.low, one.high))
    places = max(2, confidence.decimals(skill, low, high))
    has_interval = not math.isnan(low)
    return [
        name,
        tables.number(unit * one.error, form),
        tables.number(unit * one.without, form),
        confidence.rounded(skill, places, "+"),
        confidence.interval_text(low, high, places, "+") if has_interval else tables.UNDEFINED,
        " ".join(confidence.rounded(100 * each, 2, "+") for each in one.by_seed),
        one.outcome if one.outcome in ("better", "worse") else "",
    ]
