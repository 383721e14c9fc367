"""The same candle twice under different times: which of the two to keep.

Imports ``types`` and its neighbours.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.prices.candles.findings import repeated
from cryptoforecast.prices.candles.resample import nanoseconds
from cryptoforecast.prices.files.table import Table
from cryptoforecast.types import INTERVALS, Array, Problem


def rows_without_copies(
    stamps: Array, rows: Array, values: dict[str, Array], table: Table
) -> tuple[Array, tuple[Problem, ...]]:
    """Find the candles that repeat another under a time that lies on no grid.

    Where both times lie on the grid, neither can be said to be wrong: both stay, and the quality
    report says so.

    Args:
        stamps: `(n,)` ns, rising.
        rows: `(n,)` row of each in the table.
        values: `(n,)` each, prices and volume by role.
        table: for where the rows lie.

    Returns:
        `(n,)` bool, which to keep; and what was found.
    """
    everything = np.ones(len(stamps), dtype=bool)
    earlier, later = repeated(values, stamps)
    for copies in (later, earlier):
        if not len(copies):
            continue
        keep = everything.copy()
        keep[copies] = False
        if keep.sum() < 2:
            continue
        grid = commonest_spacing(stamps[keep])
        phases = stamps % nanoseconds(grid)
        usual, counts = np.unique(phases[keep], return_counts=True)
        off = phases[copies] != usual[np.argmax(counts)]
        if grid in INTERVALS.values() and off.all():
            line = int(rows[copies].min()) + table.first
            repair = f"the one off the {pd.Timedelta(grid)} grid was left out"
            return keep, (Problem("two_labels", len(copies), line, repair),)
    return everything, ()


def commonest_spacing(times: Array) -> pd.Timedelta:
    """Most frequent distance between neighbouring times, `(n,)` ns in any order."""
    ordered = times if (np.diff(times) > 0).all() else np.unique(times)
    steps = np.diff(ordered)
    # The median settles it for any regular file, without sorting millions of equal numbers.
    middle = int(np.partition(steps, len(steps) // 2)[len(steps) // 2])
    if (steps == middle).mean() <= 0.5:
        lengths, counts = np.unique(steps, return_counts=True)
        middle = int(lengths[np.argmax(counts)])
    return pd.Timedelta(middle, unit="ns")
