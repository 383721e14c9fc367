"""The same candle twice under different times: which of the two to keep."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.prices.candles.findings import find_copies
from cryptoforecast.prices.candles.resample import nanoseconds
from cryptoforecast.prices.files.table import Table
from cryptoforecast.types import INTERVALS, Array, Problem


def rows_without_copies(
    stamps: Array, rows: Array, values: dict[str, Array], table: Table
) -> tuple[Array, tuple[Problem, ...]]:
    """Find the candles that repeat another candle under a time off the grid.

    Where both times are on the grid, neither of them is known to be wrong. Then both candles stay,
    and the quality report names them.

    Args:
        stamps: `(n,)` ns, rising.
        rows: `(n,)` row of each in the table.
        values: `(n,)` each, prices and volume by role.
        table: The table, for the place of the rows in the file.

    Returns:
        `(n,)` bool, which candles to keep, and the problem to report.
    """
    everything = np.ones(len(stamps), dtype=bool)
    earlier, later = find_copies(values, stamps)
    for copies in (later, earlier):
        if not len(copies):
            continue
        keep = everything.copy()
        keep[copies] = False
        if keep.sum() < 2:
            continue
        spacing = commonest_spacing(stamps[keep])
        phases = stamps % nanoseconds(spacing)
        usual, counts = np.unique(phases[keep], return_counts=True)
        off_grid = phases[copies] != usual[np.argmax(counts)]
        if spacing in INTERVALS.values() and off_grid.all():
            line = table.line(int(rows[copies].min()))
            repair = f"the one off the {pd.Timedelta(spacing)} grid was left out"
            return keep, (Problem("two_labels", len(copies), line, repair),)
    return everything, ()


def commonest_spacing(times: Array) -> pd.Timedelta:
    """Return the most frequent distance between neighbouring times.

    Args:
        times: `(n,)` ns, in any order.
    """
    rising = times if (np.diff(times) > 0).all() else np.unique(times)
    steps = np.diff(rising)
    # In a regular file this is the median, which needs no sorting of millions of equal numbers.
    commonest = int(np.partition(steps, len(steps) // 2)[len(steps) // 2])
    if (steps == commonest).mean() <= 0.5:
        lengths, counts = np.unique(steps, return_counts=True)
        commonest = int(lengths[np.argmax(counts)])
    return pd.Timedelta(commonest, unit="ns")
