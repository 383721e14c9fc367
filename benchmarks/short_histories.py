"""Is the stack as good as the better of its rivals where there are 400 daily candles?

    python -m benchmarks.short_histories --data FOLDER [--coins BTC] [--candles 400]

The global model of days is trained without the coin and on earlier months alone, as in
``leave_one_out``. Then windows of so many candles are cut, one every 100 days, whose last 40 % the
model has not seen. Everything is tested on these 40 %, and baselines are fitted on the candles
before. Prints the stack's band error over that of each other forecaster; below 1 the stack is
better.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import histories, leave_one_out, measure
from cryptoforecast.evaluation import backtest
from cryptoforecast.learning import samples
from cryptoforecast.types import PriceHistory, TrainedModel

STEPS, OTHERS, SPACING, TEST = (1, 7), ("har", "cone", "naive", "lstm"), 100, 0.4


def main() -> None:
    """Test every window of every coin, and print the means."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of price files")
    parser.add_argument("--coins", nargs="+", help="these coins alone")
    parser.add_argument("--candles", type=int, default=400, help="of each window")
    args = parser.parse_args()
    markets = histories.read_all(args.data, "1d")
    raw: list[dict[str, object]] = []
    for history in markets:
        if args.coins is None or history.coin in args.coins:
            model = leave_one_out.trained_without(history, markets)
            for window in windows(history, model, args.candles):
                raw += measured(window, model)
    command = f"python -m benchmarks.short_histories --data FOLDER --candles {args.candles}"
    measure.publish("short_histories", command, rows(raw), raw)


def windows(history: PriceHistory, model: TrainedModel, size: int) -> Iterator[PriceHistory]:
    """Cut windows whose test span the model has not seen."""
    history = samples.in_one_unit(history)
    cutoff = pd.Timestamp(model.card.cutoff)
    unseen = int(history.candles.index.searchsorted(cutoff, side="right"))
    for start in range(max(0, unseen - round(size * (1 - TEST))), len(history) - size + 1, SPACING):
        yield dataclasses.replace(history, candles=history.candles.iloc[start : start + size])


def measured(window: PriceHistory, model: TrainedModel) -> list[dict[str, object]]:
    """Test the model on the end of a window; return a row for each step."""
    result = backtest.saved(window, model, test=TEST, baselines=OTHERS[:3])
    return [
        {
            "coin": window.coin,
            "start": f"{window.start:%Y-%m-%d}",
            "step": step,
            **{name: result.scores[name][step - 1].pinball for name in ("stack", *OTHERS)},
        }
        for step in STEPS
    ]


def rows(raw: list[dict[str, object]]) -> list[dict[str, str]]:
    """Average the stack's error over those of the others; the last column is the worst case."""
    table = []
    for step in STEPS:
        some = [row for row in raw if row["step"] == step]
        ratios = {name: np.array([row["stack"] / row[name] for row in some]) for name in OTHERS}  # type: ignore[operator]
        table.append(
            {"ahead": f"{step} d", "windows": f"{len(some)}"}
            | {f"stack / {name}": f"{values.mean():.3f}" for name, values in ratios.items()}
            | {"worst / HAR": f"{ratios['har'].max():.3f}"}
        )
    return table


if __name__ == "__main__":
    main()
