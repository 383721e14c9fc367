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
    made = PriceHistory("BTC", "1h", candles, "file test.csv", fetched, volume_unit="coins")
    return dataclasses.replace(made, **changes)


def altered(given: PriceHistory, first: int, seed: int = 1) -> PriceHistory:
    """The same history with every candle from row ``first`` on replaced."""
    rng = np.random.default_rng(seed)
    candles = given.candles.copy()
    candles.iloc[first:] *= rng.uniform(2, 9, (len(given) - first, 1))
    candles.iloc[first:, candles.columns.get_loc("high")] *= 1.5
    candles.iloc[first:, candles.columns.get_loc("volume")] *= 7
    return dataclasses.replace(given, candles=candles)


def parted(given: PriceHistory, absent: Mapping[int, int]) -> PriceHistory:
    """The same candles, with so many candles absent before each of these rows."""
    later = np.zeros(len(given), dtype=int)
    for row, count in absent.items():
        later[row:] += count
    index = given.candles.index + later * given.candle_length
    return dataclasses.replace(given, candles=given.candles.set_axis(index.rename("time")))


def lasting(given: PriceHistory, interval: str) -> PriceHistory:
    """The same candles, each of this length, from the same Monday on."""
    index = pd.date_range(
        given.start, periods=len(given), freq=INTERVALS[interval], name="time", unit="ns"
    )
    candles = given.candles.set_axis(index)
    fetched = candles.index[-1] + INTERVALS[interval]
    return dataclasses.replace(given, interval=interval, candles=candles, fetched_at=fetched)


def quoted(given: PriceHistory, quote: str, price: float) -> PriceHistory:
    """The same moves of prices in another currency, the last close at this price."""
    candles = given.candles.copy()
    prices = ["open", "high", "low", "close"]
    candles[prices] *= price / candles["close"].iloc[-1]
    return dataclasses.replace(given, candles=candles, quote=quote)


def dead(given: PriceHistory, tail: int, volume: float = 0.0) -> PriceHistory:
    """The same history, its last candles of one price, as of a coin taken off the exchange."""
    candles = given.candles.copy()
    last = candles["close"].iloc[-tail - 1]
    candles.iloc[-tail:] = [last, last, last, last, volume]
    return dataclasses.replace(given, candles=candles)


def spec(**changes: object) -> ModelSpec:
    """A network that trains in a moment."""
    values = {
        "network": "dense", "lookback": 8, "units": (4,), "epochs": 2, "unit": "fixed",
        "final": 0.0, **changes,
    }  # fmt: skip
    if values.get("target") != "price":
        values.setdefault("features", specs.PLAIN_FEATURES)
    return specs.make(**values)


def model(given: ModelSpec | None = None, seed: int = 0, **card: object) -> TrainedModel:
    """A network with random weights, as if it had been trained."""
    given = spec() if given is None else given
    rng = np.random.default_rng(seed)
    weights = tuple(rng.normal(0, 0.5, shape).astype(np.float32) for shape in bundles.shapes(given))
    width, horizon = features.width(given.features), given.horizon
    scaler = Scaler(
        rng.normal(0, 0.1, width),
        rng.uniform(0.5, 2, width),
        np.zeros(horizon),
        rng.uniform(0.005, 0.02, horizon),
    )
    residuals = None
    if given.loss == "mse":
        residuals = np.sort(rng.normal(0, 0.01, (horizon, len(QUANTILES))), axis=1)
    record = TrainingRecord(2, 1, 1.5, 1000.0, (EpochLoss(1, 0.5, 0.6, 0.7),))
    values: dict[str, object] = {
        "coin": "BTC",
        "interval": "1h",
        "needs": specs.needs(given),
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
    return TrainedModel(given, scaler, weights, residuals, record, ModelCard(**(values | card)))
