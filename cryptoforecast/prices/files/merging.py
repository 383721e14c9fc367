"""From a file's own spacing to the interval asked for.

Imports ``types``, ``errors`` and ``prices.resample``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.candles.resample import Merged, check_multiple, describe
from cryptoforecast.types import INTERVALS, Array, Problem

# The shortest month; longer spacings are no fixed length of time.
_MONTH = pd.Timedelta(days=28)


def settle_interval(grid: pd.Timedelta, interval: str | None) -> tuple[str, dict[str, str]]:
    """Settle the interval of the candles to make; returns it and the decisions.

    Args:
        grid: the file's most frequent spacing.
        interval: the one asked for; the file's own by default.

    Raises:
        UnreadableFile: if the file's spacing is no interval and none was asked for, or none of
            ours is a multiple of it.
        InvalidInput: if the one asked for is no multiple of the file's.
    """
    spacing = describe(grid)
    _check(grid, spacing, interval)
    decisions = {"interval": f"{spacing}, the most frequent spacing"}
    if interval is None:
        return spacing, decisions
    check_multiple(grid, interval)
    if interval != spacing:
        decisions["merged"] = f"{spacing} candles merged into {interval}"
    return interval, decisions


def _check(grid: pd.Timedelta, spacing: str, interval: str | None) -> None:
    """Refuse a spacing that is no interval, unless a longer one of ours was asked for."""
    if spacing in INTERVALS:
        return
    received = f"Candles must be {', '.join(INTERVALS)} apart. Received: {spacing}"
    longer = [name for name, length in INTERVALS.items() if not length % grid]
    if not longer:
        month = ", months of unequal length" if grid >= _MONTH else ""
        raise UnreadableFile(
            f"{received}{month}, which none of these is a multiple of. Download shorter candles."
        )
    if interval is None:
        raise UnreadableFile(
            f"{received}. Have them merged into {', '.join(longer)} (--interval on the command "
            "line, Candles on the Data page)."
        )


def partial_candles(merged: Merged, grid: pd.Timedelta, lines: Array) -> tuple[Problem, ...]:
    """Report the candles made of fewer rows than fit in them.

    Args:
        merged: the candles.
        grid: spacing of the rows.
        lines: `(m,)` where each candle begins in the file.
    """
    whole = merged.step // grid
    fewer = np.flatnonzero(merged.rows < whole)
    if not len(fewer):
        return ()
    detail = f"made of fewer than {whole} rows each, the emptiest of {merged.rows.min()}"
    return (Problem("partial", len(fewer), int(lines[fewer].min()), "none", detail),)
