"""A price file as text: its candles, what was decided, and what is wrong with it."""

from __future__ import annotations

from cryptoforecast.cli import tables
from cryptoforecast.texts import lines_text
from cryptoforecast.types import PriceHistory


def inspect(history: PriceHistory) -> str:
    """Describe a price file and its quality."""
    quality = history.quality
    counts = {
        "missing candles": quality.missing,
        "duplicated rows": quality.duplicates,
        "flat candles at the end": quality.flat_tail,
        "open or close outside high/low": quality.ohlc_violations,
        "outliers": quality.outliers,
    }
    lines = tables.prices(history)
    for place, row in (("first", 0), ("last", -1)):
        candle = history.candles.iloc[row]
        figures = ", ".join(f"{name} {value:,.10g}" for name, value in candle.dropna().items())
        lines.append(f"{place}: {figures}")
    lines += [f"{name}: {count:,}" for name, count in counts.items()]
    lines += [f"read as {name}: {value}" for name, value in quality.decisions.items()]
    lines += [
        f"{problem.kind}: {problem.count:,}"
        + (f", first in line {problem.first_line}" if problem.first_line is not None else "")
        + (f"; {problem.detail}" if problem.detail else "")
        + (
            f" (repairs: {', '.join(problem.repairs)}; --repair NAME)"
            if problem.repairs
            else f" (repair: {problem.repair})"
        )
        for problem in quality.problems
    ]
    return lines_text([*lines, *history.notes])
