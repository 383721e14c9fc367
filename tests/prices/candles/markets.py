"""Made-up markets: a calm one, and one at a few ticks."""

from __future__ import annotations

import numpy as np
import pandas as pd

PRICES = ["open", "high", "low", "close"]


def market(rows: int = 200, seed: int = 1, step: float = 0.005, start: float = 100.0):
    """A calm market, hour by hour: each candle opens where the one before closed."""
    rng = np.random.default_rng(seed)
    close = start * np.exp(np.cumsum(rng.normal(0, step, rows)))
    open_ = np.r_[start, close[:-1]]
    wick = np.exp(np.abs(rng.normal(0, step / 2, (2, rows))))
    return pd.DataFrame(
        {
            "open": open_,
            "high": np.maximum(open_, close) * wick[0],
            "low": np.minimum(open_, close) / wick[1],
            "close": close,
            "volume": rng.uniform(5, 40, rows),
        },
        index=pd.date_range("2024-03-01", periods=rows, freq="h", tz="UTC", name="time", unit="ns"),
    )


def thin(rows: int = 240, low: int = 2, high: int = 3, tick: float = 1e-8, seed: int = 3):
    """A coin at a few ticks, which moves by one now and then."""
    rng = np.random.default_rng(seed)
    close = rng.integers(low, high + 1, rows)
    open_ = np.r_[close[0], close[:-1]]
    names = {"open": open_, "high": np.maximum(open_, close), "low": np.minimum(open_, close)}
    index = pd.date_range("2025-01-01", periods=rows, freq="h", tz="UTC", name="time", unit="ns")
    prices = pd.DataFrame(names | {"close": close}, index=index) * tick
    return prices.round(12).assign(volume=rng.uniform(1e6, 1e7, rows))
