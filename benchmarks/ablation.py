"""How often an ablation claims that an empty signal helps or harms, and finds a planted one.

A planted signal tells how far the next candle of a simulated market will range, in noise; an empty
one is noise alone.

    python -m benchmarks.ablation --markets 40 --rows 1500 --seeds 3
"""

from __future__ import annotations

import argparse
import collections

import pandas as pd

from cryptoforecast.evaluation import ablation, parts
from cryptoforecast.learning import specs, training
from cryptoforecast.prices import simulate
from cryptoforecast.signals.joining import with_signals
from cryptoforecast.signals.series import from_series
from cryptoforecast.signals.simulation import hint
from cryptoforecast.types import ModelSpec, Monitor, PriceHistory, TrainedModel

INPUT = "signal:mood"
HOUR, END = pd.Timedelta(hours=1), pd.Timestamp("2023-06-01", tz="UTC")


def outcomes(strength: float, args: argparse.Namespace) -> collections.Counter[str]:
    """Count what ablations claim of the band and of the price, one in each market."""
    spec = specs.make(
        network="dense", features=("abs_return", INPUT), units=(8,), epochs=20, lookback=4,
        learning_rate=1e-2, batch_size=64, dropout=0.0, unit="fixed", final=0.0,
    )  # fmt: skip
    counts: collections.Counter[str] = collections.Counter()
    for market in range(args.markets):
        history = simulate("BTC", "1h", END - args.rows * HOUR, END, seed=market)
        values = hint(history, strength, market)
        signal = from_series("mood", values, "a hint", lag=0 * HOUR, max_age=12 * HOUR)
        history = with_signals(history, [signal])

        def fit(one: ModelSpec, monitor: Monitor, prices: PriceHistory = history) -> TrainedModel:
            return training.train(prices, one, monitor)

        result = ablation.run(history, spec, [INPUT], parts.in_turn(fit), args.seeds)
        counts[f"band {result.band.outcome}"] += 1
        counts[f"price {result.point.outcome}"] += 1
        print(f"strength {strength:g}, market {market}: {result.sentence}", flush=True)
    return counts


def main() -> None:
    """Measure, and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markets", type=int, default=40)
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--seeds", type=int, default=ablation.SEEDS)
    parser.add_argument("--strengths", type=float, nargs="*", default=[0.0, 0.3, 1.0])
    args = parser.parse_args()
    for strength in args.strengths:
        print(strength, dict(outcomes(strength, args)))


if __name__ == "__main__":
    main()
