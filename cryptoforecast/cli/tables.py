"""What the texts of the command line have in common: prices, figures and aligned columns."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from cryptoforecast.types import PriceHistory
from cryptoforecast.types.quotes import number_text

SIMULATED = "SIMULATED PRICES: nothing here says anything about a real market."
UNDEFINED = "-"


def prices(history: PriceHistory) -> list[str]:
    """Describe the prices behind a result."""
    lines = [SIMULATED] if history.simulated else []
    return [
        *lines,
        f"{history.market} {history.interval} from {history.source}: {len(history):,} candles, "
        f"{time(history.start)} to {time(history.closes_at)} UTC.",
    ]


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Align columns: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (header, *rows)
    ]


def number(value: float, form: str) -> str:
    """Format a figure, or a dash if it is undefined."""
    return format(value, form) if math.isfinite(value) else UNDEFINED


def money(value: float, quote: str, *, estimate: bool = False) -> str:
    """Format the number of a price, whose currency is in the header."""
    return number_text(value, quote, estimate=estimate) if math.isfinite(value) else UNDEFINED


def time(time: pd.Timestamp) -> str:
    """Write a time to the minute; its zone is in the header."""
    return f"{time:%Y-%m-%d %H:%M}"
