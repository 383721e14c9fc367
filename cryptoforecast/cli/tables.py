"""What the texts of the command line have in common: prices, figures and aligned columns."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from cryptoforecast.types import PriceHistory

SIMULATED = "SIMULATED PRICES: nothing here says anything about a real market."
# The beginning of the warning of a forecast that says the same.
_SIMULATED = "These prices are simulated: "
UNDEFINED = "-"
#: Columns that a text beside a name has at least.
MIN_ROOM = 16

_width: int | None = None


def prices(history: PriceHistory) -> list[str]:
    """Describe the prices behind a result."""
    lines = [SIMULATED] if history.simulated else []
    return [
        *lines,
        f"{history.market} {history.interval} from {history.source}: {len(history):,} candles, "
        f"{time(history.start)} to {time(history.closes_at)} UTC.",
    ]


def beside_simulated(warnings: Sequence[str]) -> list[str]:
    """Leave out the warning that repeats what ``SIMULATED`` says."""
    return [each for each in warnings if not each.startswith(_SIMULATED)]


def fit(width: int | None) -> None:
    """Set how many columns a table may take; ``None`` for any number."""
    global _width
    _width = width


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Align columns: the first to the left, the others to the right.

    A table that is too wide for the terminal becomes one block of lines for each row.
    """
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    if _width is not None and sum(widths) + 2 * (len(widths) - 1) > _width:
        return [line for row in rows for line in _block(header, row, _width)]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (header, *rows)
    ]


def pairs(facts: Mapping[str, str]) -> list[str]:
    """Write names and what they stand for in two columns; the second one wraps in a terminal."""
    indent = max(map(len, facts)) + 2
    if _width is None:
        return [f"{name:<{indent}}{fact}" for name, fact in facts.items()]
    room = max(_width - indent, MIN_ROOM)
    return [
        f"{name if place == 0 else '':<{indent}}{part}"
        for name, fact in facts.items()
        for place, part in enumerate(textwrap.wrap(fact, room))
    ]


def _block(header: Sequence[str], row: Sequence[str], width: int) -> list[str]:
    """Write a row as lines: its first cell, then the name and the value of each other."""
    first = f"{header[0]} {row[0]}" if row[0].isdigit() else row[0]
    lines = [first]
    for name, cell in zip(header[1:], row[1:], strict=True):
        room = width - len(name) - len(cell) - 2
        if room > 0:
            lines.append(f"  {name}{' ' * room}{cell}")
        else:
            lines += [f"  {name}", cell.rjust(width)]
    return lines


def number(value: float, form: str) -> str:
    """Format a figure, or a dash if it is undefined."""
    return format(value, form) if math.isfinite(value) else UNDEFINED


def ratio(value: float, baseline: float) -> str:
    """Divide a loss by that of the baseline; a dash if it is undefined."""
    return number(value / baseline, ".4f") if baseline > 0 else UNDEFINED


def money(value: float, quote: str, *, estimate: bool = False) -> str:
    """Format the number of a price, whose currency is in the header."""
    from cryptoforecast.types.quotes import number_text

    return number_text(value, quote, estimate=estimate) if math.isfinite(value) else UNDEFINED


def time(time: pd.Timestamp) -> str:
    """Write a time to the minute; its zone is in the header."""
    return f"{time:%Y-%m-%d %H:%M}"
