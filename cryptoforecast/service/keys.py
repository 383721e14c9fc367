"""Keys of prices, models and tests in the caches of the service."""

from __future__ import annotations

import hashlib

from cryptoforecast.types import ModelSpec, PriceHistory, TrainedModel


def of_prices(history: PriceHistory) -> tuple[str, str, str, str, bool]:
    """Name prices by their candles, their coin and quote, and where they are from."""
    facts = history.coin, history.quote, history.source, history.fingerprint
    return (*facts, history.simulated)


def of_file(history: PriceHistory) -> str:
    """Name the prices of a file in 16 hexadecimal digits.

    The name follows from the candles and from all that the file says about them: the same
    candles of another coin, or marked as simulated, are another file.
    """
    facts = (*of_prices(history), history.volume_unit, *history.notes)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def of_model(model: TrainedModel) -> tuple[object, ...]:
    """Name a trained network by all that shapes its forecasts, and by its training.

    The card alone is not enough: whoever imports a model has written its card.
    """
    return model.fingerprint, model.card.fingerprint, model.card.created


def of_baseline(history: PriceHistory, spec: ModelSpec) -> tuple[object, ...]:
    """Name the backtest of a baseline by what shapes it; settings of a network do not."""
    return of_prices(history), spec.network, spec.horizon, spec.test, spec.validation
