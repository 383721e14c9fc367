"""The targets of a forecast: the closes that followed, as log-returns and as prices.

Baselines and networks share them, so that all are scored on the same numbers.
"""

from __future__ import annotations

import numpy as np

from cryptoforecast.types import Array


def cumulative_returns(close: Array, horizon: int) -> Array:
    """Compute ln(close[t+k] / close[t]) for steps k = 1 ... horizon.

    Row *t* reads rows up to *t + horizon*, so these are targets and never inputs.

    Args:
        close: ``(n,)`` closes, quote currency.
        horizon: Steps, at least 1.

    Returns:
        ``(n, horizon)`` cumulative log-returns; NaN where the target lies after the last row.
    """
    logs = np.log(np.asarray(close, dtype=float))
    returns = np.full((len(logs), horizon), np.nan)
    for step in range(1, min(horizon, len(logs) - 1) + 1):
        returns[:-step, step - 1] = logs[step:] - logs[:-step]
    return returns


def actual_prices(close: Array, rows: range, horizon: int) -> Array:
    """Look up the closes that followed each of ``rows``.

    Args:
        close: ``(n,)`` closes, quote currency.
        rows: Origins, each between 0 and n - 1.
        horizon: Steps, at least 1.

    Returns:
        ``(len(rows), horizon)`` closes; NaN where the target lies after the last row.
    """
    targets = np.asarray(rows, dtype=np.intp)[:, None] + np.arange(1, horizon + 1)
    padded = np.append(np.asarray(close, dtype=float), np.nan)
    prices: Array = padded[np.minimum(targets, len(close))]
    return prices
