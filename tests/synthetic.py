"""Seeded candles and hand-made models, for tests that need one at no cost."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd

from cryptoforecast.learning import bundles, features, specs
from cryptoforecast.types import (
    INTERVALS,
    QUANTILES,
    EpochLoss,
    ModelCard,
    ModelSpec,
    PriceHistory,
    Scaler,
    TrainedModel,
    TrainingRecord,
)


def history(rows: int = 600, seed: int = 0, **changes: object) -> PriceHistory:
    """A random walk with wicks and volume; ``changes`` are fields of the history."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, rows)))
    opened = np.append(100.0, close[:-1])
    candles = pd.DataFrame(
        {
            "open": opened,
            "high": np.maximum(opened, close) * (1 + rng.uniform(0, 0.01, rows)),
            "low": np.minimum(opened, close) * (1 - rng.uniform(0, 0.01, rows)),
            "close": close,
            "volume": rng.uniform(1, 10, rows),
        },
        index=pd.date_range("2024-01-01", periods=rows, freq="h", tz="UTC", name="time", unit="ns"),
    )
    fetched = candles.index[-1] + pd.Timedelta(hours=1)
    result = PriceHistory("BTC", "1h", candles, "file test.csv", fetched, volume_unit="coins")
    return dataclasses.replace(result, **changes)


def altered(history: PriceHistory, first: int, seed: int = 1) -> PriceHistory:
    """The same history with every candle from row ``first`` on replaced."""
    rng = np.random.default_rng(seed)
    candles = history.candles.copy()
    candles.iloc[first:] *= rng.uniform(2, 9, (len(history) - first, 1))
    candles.iloc[first:, candles.columns.get_loc("high")] *= 1.5
    candles.iloc[first:, candles.columns.get_loc("volume")] *= 7
    return dataclasses.replace(history, candles=candles)


def parted(history: PriceHistory, absent: Mapping[int, int]) -> PriceHistory:
    """The same candles, with so many candles absent before each of these rows."""
    later = np.zeros(len(history), dtype=int)
    for row, count in absent.items():
        later[row:] += count
    index = history.candles.index + later * history.candle_length
    return dataclasses.replace(history, candles=history.candles.set_axis(index.rename("time")))


def lasting(history: PriceHistory, interval: str) -> PriceHistory:
    """The same candles, each of this length, from the same Monday on."""
    index = pd.date_range(
        history.start, periods=len(history), freq=INTERVALS[interval], name="time", unit="ns"
    )
    candles = history.candles.set_axis(index)
    fetched = candles.index[-1] + INTERVALS[interval]
    return dataclasses.replace(history, interval=interval, candles=candles, fetched_at=fetched)


def quoted(history: PriceHistory, quote: str, price: float) -> PriceHistory:
    """The same moves of prices in another currency, the last close at this price."""
    candles = history.candles.copy()
    prices = ["open", "high", "low", "close"]
    candles[prices] *= price / candles["close"].iloc[-1]
    return dataclasses.replace(history, candles=candles, quote=quote)


def dead(history: PriceHistory, tail: int, volume: float = 0.0) -> PriceHistory:
    """The same history, its last candles of one price, as of a coin taken off the exchange."""
    candles = history.candles.copy()
    last = candles["close"].iloc[-tail - 1]
    candles.iloc[-tail:] = [last, last, last, last, volume]
    return dataclasses.replace(history, candles=candles)


def spec(**changes: object) -> ModelSpec:
    """A network that trains in a moment."""
    values = {
        "network": "dense", "lookback": 8, "units": (4,), "epochs": 2, "unit": "fixed",
        "final": 0.0, **changes,
    }  # fmt: skip
    if values.get("target") != "price":
        values.setdefault("features", specs.PLAIN_FEATURES)
    return specs.make(**values)


def model(settings: ModelSpec | None = None, seed: int = 0, **card: object) -> TrainedModel:
    """A network with random weights, as if it had been trained."""
    settings = spec() if settings is None else settings
    rng = np.random.default_rng(seed)
    weights = tuple(
        rng.normal(0, 0.5, shape).astype(np.float32) for shape in bundles.shapes(settings)
    )
    width, horizon = features.width(settings.features), settings.horizon
    scaler = Scaler(
        rng.normal(0, 0.1, width),
        rng.uniform(0.5, 2, width),
        np.zeros(horizon),
        rng.uniform(0.005, 0.02, horizon),
    )
    residuals = None
    if settings.loss == "mse":
        residuals = np.sort(rng.normal(0, 0.01, (horizon, len(QUANTILES))), axis=1)
    record = TrainingRecord(2, 1, 1.5, 1000.0, (EpochLoss(1, 0.5, 0.6, 0.7),))
    values: dict[str, object] = {
        "coin": "BTC",
        "interval": "1h",
        "needs": specs.needs(settings),
        "start": "2023-01-01T00:00:00+00:00",
        "end": "2023-12-31T23:00:00+00:00",
        "cutoff": "2023-10-20T00:00:00+00:00",
        "source": "file test.csv",
        "fingerprint": "0" * 16,
        "simulated": False,
        "created": "2024-01-01T00:00:00+00:00",
        "rows": 8760,
        "lowest": 50.0,
        "highest": 150.0,
        "libraries": {"keras": "3"},
        "scores": {"dense": {"mae": 1.0, "directional_accuracy": None}},
    }
    return TrainedModel(settings, scaler, weights, residuals, record, ModelCard(**(values | card)))
