"""How often a search claims better settings where there is nothing to find.

    python -m benchmarks.search_honesty [--markets 100] [--first 0] [--trials 50] [--to FILE]

Each market is another path of the embedded one with constant volatility: neither its price nor its
range can be foreseen, so that no settings are better than others in anything but how little they
learn from noise. Each is searched as the command `search` does, by tiny Dense networks, so that
many markets can be afforded. A claim is a verdict *better*: the winner's interval beside the
default preset lies above 0, and so does that beside the last price with a constant band.

`--to` appends one line of JSON for each market. A second run with the same file goes on after its
last market.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from scipy.stats import binomtest

from cryptoforecast.learning import samples, specs, training
from cryptoforecast.prices.simulation.market import constant_volatility, simulate
from cryptoforecast.searches import run, space, study
from cryptoforecast.searches.in_turn import InTurn
from cryptoforecast.types import (
    ModelSpec,
    Monitor,
    PriceHistory,
    Search,
    SearchPlan,
    Split,
    TrainedModel,
)

HOUR, END = pd.Timedelta(hours=1), pd.Timestamp("2023-06-01", tz="UTC")
SPACE = space.parse(
    {
        "features": [["return"], ["return", "abs_return"], ["abs_return", "range", "hour"]],
        "lookback": {"low": 2, "high": 16},
        "units": [[2], [4], [8]],
        "dropout": {"low": 0.0, "high": 0.4, "step": 0.1},
        "learning_rate": {"low": 1e-3, "high": 1e-1, "log": True},
        "loss": ["quantile", "mse"],
    }
)


def make(values: Mapping[str, object]) -> ModelSpec:
    """Make the settings of a tiny network."""
    fixed = {"features": ("return", "abs_return"), "units": (4,), "lookback": 8, "unit": "fixed",
             "epochs": 6, "learning_rate": 1e-2}  # fmt: skip
    return specs.make(network="dense", **{**fixed, **values})  # type: ignore[arg-type]


def search(seed: int, rows: int, plan: SearchPlan) -> Search:
    """Search for settings in one market."""
    market = constant_volatility()
    history = simulate("BTC", "1h", END - rows * HOUR, END, seed=seed, parameters=market)

    def fit(before: PriceHistory, spec: ModelSpec, cut: Split, monitor: Monitor) -> TrainedModel:
        return training.fit(before, spec, cut, samples.raw_samples(before, spec), monitor)

    def train(spec: ModelSpec, monitor: Monitor) -> TrainedModel:
        return training.train(history, spec, monitor)

    with tempfile.TemporaryDirectory() as folder:
        opened = study.open_study(Path(folder), "honesty", SPACE, seed=seed)
        return run.run(history, make({}), opened, make, plan, InTurn(history, fit, train))


def facts(seed: int, result: Search, seconds: float) -> dict[str, object]:
    """Return what a market came to, as one line has it."""
    test = result.test
    one = None if test is None else test.difference
    return {
        "market": seed,
        "trials": len(result.trials),
        "pruned": result.count("pruned"),
        "failed": result.count("failed"),
        "outcome": "default won" if test is None else test.outcome,
        "better": test is not None and test.better,
        "skill": None if one is None else one.skill,
        "naive_skill": None if test is None else test.naive_skill,
        "seconds": seconds,
    }


def main() -> None:
    """Search in each market, and print how often a search claimed something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markets", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--rows", type=int, default=1200)
    parser.add_argument("--to", type=Path)
    args = parser.parse_args()
    lines: list[dict[str, object]] = []
    if args.to is not None and args.to.exists():
        lines = [json.loads(line) for line in args.to.read_text().splitlines()]
    plan = SearchPlan(trials=args.trials, finalists=3, seeds=2)
    for seed in range(args.first + len(lines), args.first + args.markets):
        began = time.perf_counter()
        result = search(seed, args.rows, plan)
        lines.append(facts(seed, result, time.perf_counter() - began))
        print(f"{len(lines)}: {result.sentence}", flush=True)
        if args.to is not None:
            with args.to.open("a") as file:
                file.write(json.dumps(lines[-1]) + "\n")
    claims = sum(bool(line["better"]) for line in lines)
    interval = binomtest(claims, len(lines)).proportion_ci()
    print(
        f"{claims} of {len(lines)} markets: {claims / len(lines):.1%} "
        f"({interval.low:.1%} to {interval.high:.1%})"
    )
    for outcome in ("default won", "better", "tie", "worse", "unknown"):
        print(outcome, sum(line["outcome"] == outcome for line in lines))


if __name__ == "__main__":
    main()
