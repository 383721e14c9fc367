"""From a file's own candle length to the one that the user chooses."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.candles.resample import LongerCandles, check_multiple, describe
from cryptoforecast.types import INTERVALS, Array, Problem

# The shortest month; longer spacings have no fixed length.
_SHORTEST_MONTH = pd.Timedelta(days=28)


def settle_interval(spacing: pd.Timedelta, interval: str | None) -> tuple[str, dict[str, str]]:
    """Settle the length of the candles to make.

    Args:
        spacing: The most frequent distance between neighbouring rows.
        interval: The length that the user chooses; the file's own by default.

    Returns:
        The length, a key of ``INTERVALS``, and the decisions by topic.

    Raises:
        UnreadableFile: If the file's spacing is no interval and the user chooses none, or if
            no interval is a multiple of it.
        InvalidInput: If the user's choice is no multiple of the file's spacing.
    """
    own = describe(spacing)
    _check_spacing(spacing, own, interval)
    decisions = {"interval": f"{own}, the most frequent spacing"}
    if interval is None:
        return own, decisions
    check_multiple(spacing, interval)
    if interval != own:
        decisions["merged"] = f"{own} candles merged into {interval}"
    return interval, decisions


def _check_spacing(spacing: pd.Timedelta, own: str, interval: str | None) -> None:
    """Refuse a spacing that is no interval, unless the user chooses a longer interval."""
    if own in INTERVALS:
        return
    rule = f"Candles must be {', '.join(INTERVALS)} apart. Received: {own}"
    longer = [name for name, length in INTERVALS.items() if not length % spacing]
    if not longer:
        month = ", months of unequal length" if spacing >= _SHORTEST_MONTH else ""
        raise UnreadableFile(
            f"{rule}{month}, which none of these is a multiple of. Download shorter candles."
        )
    if interval is None:
        raise UnreadableFile(
            f"{rule}. Have them merged into {', '.join(longer)} (Candles on the Data page; "
            "--interval on the command line, interval= in Python)."
        )


def partial_candles(
    candles: LongerCandles, spacing: pd.Timedelta, lines: Array
) -> tuple[Problem, ...]:
    """Report the candles that are made of fewer rows than fit in them.

    Args:
        candles: The candles, `m` of them.
        spacing: Distance between the rows.
        lines: `(m,)` where each candle begins in the file.
    """
    full = candles.step // spacing
    partial = np.flatnonzero(candles.rows < full)
    if not len(partial):
        return ()
    detail = f"made of fewer than {full} rows each, the emptiest of {candles.rows.min()}"
    return (Problem("partial", len(partial), int(lines[partial].min()), "none", detail),)
