"""Targets of a forecast: what the close became, as log-return and in USD.

Shared by baselines and networks, so that all are scored on the same numbers. Imports NumPy only.
"""

from __future__ import annotations

import numpy as np

from cryptoforecast.types import Array


def cumulative_returns(close: Array, horizon: int) -> Array:
    """Compute ln(close[t+k] / close[t]) for steps k = 1 ... horizon.

    Row *t* looks ahead to row *t + horizon*: these are targets, never inputs.

    Args:
        close: ``(n,)`` closes, USD.
        horizon: steps, at least 1.

    Returns:
        ``(n, horizon)`` cumulative log-returns; NaN where the target lies past the last row.
    """
    logs = np.log(np.asarray(close, dtype=float))
    returns = np.full((len(logs), horizon), np.nan)
    for step in range(1, min(horizon, len(logs) - 1) + 1):
        returns[:-step, step - 1] = logs[step:] - logs[:-step]
    return returns


def actual_prices(close: Array, rows: range, horizon: int) -> Array:
    """Look up what the close became after each of ``rows``.

    Args:
        close: ``(n,)`` closes, USD.
        rows: origins, each between 0 and n - 1.
        horizon: steps, at least 1.

    Returns:
        ``(len(rows), horizon)`` closes in USD; NaN where the target lies past the last row.
    """
    targets = np.asarray(rows, dtype=np.intp)[:, None] + np.arange(1, horizon + 1)
    padded = np.append(np.asarray(close, dtype=float), np.nan)
    prices: Array = padded[np.minimum(targets, len(close))]
    return prices
