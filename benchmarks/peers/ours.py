"""CryptoForecast: ``training.train``, as every page and command trains."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np

from benchmarks.peers.task import say
from cryptoforecast.learning import inference, networks, samples, specs, training
from cryptoforecast.prices import read
from cryptoforecast.types import ModelSpec, PriceHistory, TrainedModel


def _spec(network: str = "lstm", epochs: int | None = None) -> ModelSpec:
    """Make the quick preset with the inputs, the unit and the rows that the peers have too."""
    return specs.make(
        "quick", network, features=specs.PLAIN_FEATURES, unit="fixed", epochs=epochs, final=0.0
    )


SPECS = {
    "quick": _spec(),
    "like": specs.make("quick", target="price", loss="mse"),
    "dense": _spec("dense"),
    **{f"quick-{epochs}": _spec(epochs=epochs) for epochs in (6, 8, 10, 12)},
}


def main() -> None:
    """Train one of ``SPECS``; say how fast, and write what it forecasts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("history", type=Path, help="a file of candles")
    parser.add_argument("--spec", default="quick", choices=SPECS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--to", type=Path, help="where the forecasts go")
    args = parser.parse_args()
    history = read(args.history, args.history.name)
    networks.libraries()  # importing is not what is timed
    model = training.train(history, dataclasses.replace(SPECS[args.spec], seed=args.seed))
    if args.to:
        _write(args.to, model, history)
    say(
        targets_per_second=model.record.targets_per_second,
        seconds=model.record.seconds,
        parameters=sum(array.size for array in model.weights),
    )


def _write(to: Path, model: TrainedModel, history: PriceHistory) -> None:
    """Write the quantiles of the next return, in the scaled target's unit, as the others do."""
    cut = samples.split(history, model.spec)
    spans = {
        "validation": cut.validation_origins(specs.needs(model.spec)),
        "test": (cut.test_origins(),),
    }
    quantiles = {
        name: inference.forecast_stretches(model, history, origins).quantiles[:, 0]
        / model.scaler.target_scale[0]
        for name, origins in spans.items()
    }
    np.savez(to, **quantiles)


if __name__ == "__main__":
    main()
