"""Make the result of lesson 2: the popular recipe at a new high, beside log-returns.

    python -m benchmarks.popular_recipe

The same LSTM(64)-LSTM(32) is trained twice, with the preset ``classic``: on prices between 0 and 1,
and on log-returns. The prices are simulated (Cardano, daily), learnt until a rise to new highs
begins. Writes ``cryptoforecast/lessons/popular_recipe.json``, which is part of the app.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

from cryptoforecast.forecasting import network
from cryptoforecast.learning import samples, specs, training
from cryptoforecast.lessons import recipe
from cryptoforecast.prices.simulation import market
from cryptoforecast.types import ModelSpec, PriceHistory, TrainedModel
from cryptoforecast.types.prices import Array

COIN, START, END = "ADA", market.EPOCH, pd.Timestamp("2024-01-31", tz="UTC")
#: Shares of the days that are tested on, and of those before them that choose the epoch.
TEST, VALIDATION = 250 / 760, 0.1


def main() -> None:
    """Train both, compare them, and write the result."""
    history = market.simulate(COIN, "1d", START, END, now=END)
    prices = specs.make("classic", test=TEST, validation=VALIDATION)
    returns = specs.make(
        "classic", target="return", features=("return",), test=TEST, validation=VALIDATION
    )
    first = specs.needs(returns)  # one day more than prices need
    rows = range(first - 1, len(history) - 1)
    forecasts, models = [], []
    for spec in (prices, returns):
        model = training.train(history, spec)
        print(spec.target, model.record.epochs, "epochs", model.record.seconds, file=sys.stderr)
        forecasts.append(_predicted(history, model, spec, rows))
        models.append(model)
    closes = history.candles["close"].to_numpy(float)
    result = recipe.result(
        history,
        network=_network(models[0]),
        rows=slice(first, len(history)),
        actual=closes[first:],
        popular=forecasts[0],
        returns=forecasts[1],
        naive=closes[first - 1 : -1],
        highest=models[0].card.highest,
        learnt=samples.split(history, prices).test_start - first,
    )
    recipe.PRECOMPUTED.write_text(recipe.to_json(result), encoding="utf-8")
    print(dict(result.misses), result.above, "of", result.tested, "days above", file=sys.stderr)


def _predicted(history: PriceHistory, model: TrainedModel, spec: ModelSpec, rows: range) -> Array:
    """Forecast the day after each row, also after those that were learnt from."""
    predictor = network.for_test(model, samples.split(history, spec))
    parts = predictor.uncalibrated_forecast(history, rows)
    return np.asarray(parts.predicted[:, 0], float)


def _network(model: TrainedModel) -> str:
    weights = sum(array.size for array in model.weights)
    return f"LSTM, {weights:,} weights"


if __name__ == "__main__":
    main()
