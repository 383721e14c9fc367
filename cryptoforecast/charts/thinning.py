"""Fewer points for display, keeping what an eye would miss: the extremes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from cryptoforecast.types import Array

#: Points of one line that a figure holds at most.
LIMIT = 2000


def rows_to_show(lines: list[Array], limit: int = LIMIT) -> Array:
    """Choose rows for several lines that share their index, keeping the extremes of each.

    Args:
        lines: arrays of shape ``(n,)``.
        limit: rows to keep at most, at least two for each line and two more.

    Returns:
        ``(m,)`` rising row numbers, m at most ``limit``; first and last row among them.
    """
    n = len(lines[0])
    if n <= limit:
        return np.arange(n)
    buckets = (limit - 2) // (2 * len(lines))
    edges = np.linspace(0, n, buckets + 1).astype(int)
    kept = [np.array([0, n - 1])]
    for line in lines:
        low, high = np.where(np.isnan(line), np.inf, line), np.where(np.isnan(line), -np.inf, line)
        for first, stop in pairwise(edges):
            kept.append(first + np.array([low[first:stop].argmin(), high[first:stop].argmax()]))
    return np.unique(np.concatenate(kept))
