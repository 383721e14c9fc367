"""Fewer points of a line for a figure, with all its extremes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from cryptoforecast.types import Array

#: Largest number of points of a line in a figure.
LIMIT = 2000


def rows_to_show(lines: list[Array], limit: int = LIMIT) -> Array:
    """Choose rows for several lines that share their index, keeping the extremes of each.

    Args:
        lines: Lines of shape ``(n,)``.
        limit: Largest number of rows, at least two for each line and two more.

    Returns:
        ``(m,)`` rising row numbers with the first and the last row; m is at most ``limit``.
    """
    n = len(lines[0])
    if n <= limit:
        return np.arange(n)
    buckets = (limit - 2) // (2 * len(lines))
    edges = np.linspace(0, n, buckets + 1).astype(int)
    rows = [np.array([0, n - 1])]
    for line in lines:
        low, high = np.where(np.isnan(line), np.inf, line), np.where(np.isnan(line), -np.inf, line)
        for first, stop in pairwise(edges):
            rows.append(first + np.array([low[first:stop].argmin(), high[first:stop].argmax()]))
    return np.unique(np.concatenate(rows))
