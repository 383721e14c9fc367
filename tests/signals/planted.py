"""Markets whose truth is known: a signal that tells the next moves, and one that tells nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.types import PriceHistory
from tests import synthetic

DAY = pd.Timedelta(days=1)


def market(rows: int, seed: int = 0, strength: float = 1.0) -> tuple[PriceHistory, pd.Series]:
    """Hours whose volatility is high or low for six at a time, and what is known of it.

    Returns:
        The prices, and a series with a value at the close before each six hours: the log of their
        volatility times ``strength``, with noise. With 0 it tells nothing.
    """
    rng = np.random.default_rng([seed, 7])
    states = rng.normal(0, 1, -(-rows // 6))
    scale = np.exp(0.7 * np.repeat(states, 6)[:rows])
    close = 100 * np.exp(np.cumsum(0.004 * scale * rng.normal(0, 1, rows)))
    opened = np.append(100.0, close[:-1])
    history = synthetic.history(rows)
    spread = 0.002 * scale
    candles = history.candles.assign(
        open=opened,
        close=close,
        high=np.maximum(opened, close) * np.exp(spread * rng.uniform(0, 1, rows)),
        low=np.minimum(opened, close) * np.exp(-spread * rng.uniform(0, 1, rows)),
    )
    noise = rng.normal(0, 1, len(states))
    values = strength * states + (0.3 if strength else 1.0) * noise
    return (
        PriceHistory("BTC", "1h", candles, "file test.csv", history.fetched_at),
        pd.Series(values, candles.index[::6]),
    )
