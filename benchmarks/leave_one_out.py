"""How well does a global model forecast a coin it has never seen?

    python -m benchmarks.leave_one_out --data FOLDER [--interval 1h 1d] [--coins BTC]

For each coin the recipe of the shipped model is trained on the other coins alone, and on nothing
from the month on in which this coin's test span (its last fifth) begins; then it forecasts that
span. Its band is calibrated as in every backtest: by what its own forecasts before called for.
FOLDER holds ``hourly/`` and ``daily/``. Prints JSON, the same as in ``results/``; tables go to
stderr.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks import histories, measure
from cryptoforecast.evaluation import left_out
from cryptoforecast.evaluation.left_out import BASELINES
from cryptoforecast.learning import global_training
from cryptoforecast.types import PriceHistory, TrainedModel

#: Steps whose figures are printed, by interval.
STEPS = {"1h": (1, 6, 24), "1d": (1, 7)}
Row = dict[str, object]


def main() -> None:
    """Leave out one coin after the other."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of price files")
    parser.add_argument("--interval", nargs="+", default=list(STEPS), choices=STEPS)
    parser.add_argument("--coins", nargs="+", help="leave out these alone")
    args = parser.parse_args()
    result: dict[str, Row] = {}
    for interval in args.interval:
        markets = histories.read_all(args.data, interval)
        chosen = [one for one in markets if args.coins is None or one.coin in args.coins]
        coins = {one.coin: _left_out(one, markets) for one in chosen}
        means = _means(list(coins.values()))
        _show(f"mean of {len(coins)}, {interval}", means)
        result[interval] = {"coins": coins, "mean": means}
        if args.coins is None:
            path = measure.RESULTS / f"leave_one_out_{interval}.json"
            path.write_text(json.dumps(result[interval], indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


def _left_out(history: PriceHistory, markets: Sequence[PriceHistory]) -> Row:
    """Train on the other coins before this one's test span, then judge on that span."""
    model = trained_without(history, markets)
    result = left_out.test(history, model)
    scores = {
        name: [dataclasses.asdict(steps[step - 1]) for step in STEPS[history.interval]]
        for name, steps in result.scores.items()
    }
    rows = [
        _figures(step, {name: steps[i] for name, steps in scores.items()})
        for i, step in enumerate(STEPS[history.interval])
    ]
    _show(f"{history.coin} {history.interval}, learnt from {model.card.source}", rows)
    return {
        "trained_on": model.card.source.split(", "),
        "trained_until": model.card.cutoff,
        "training_rows": model.card.rows,
        "training_seconds": model.record.seconds,
        "test_start": result.forecasts["naive"].origins[0].isoformat(),
        "test_origins": len(result.split.test_origins()),
        "steps": rows,
        "scores": scores,
    }


def trained_without(history: PriceHistory, markets: Sequence[PriceHistory]) -> TrainedModel:
    """Train on the other coins, until the month in which this one's test span begins."""
    return left_out.trained_without(history, markets, global_training.SPECS[history.interval])


def _figures(step: int, scores: dict[str, dict[str, float]]) -> dict[str, float]:
    figures: dict[str, float] = {"step": step}
    for name in ("lstm", "stack"):
        figures |= {f"{name} {key}": value for key, value in _of(name, scores).items()}
    return figures


def _of(name: str, scores: dict[str, dict[str, float]]) -> dict[str, float]:
    own, naive, cone, har = (scores[each] for each in (name, *BASELINES))
    return {
        "pinball / cone": own["pinball"] / cone["pinball"],
        "pinball / naive": own["pinball"] / naive["pinball"],
        "pinball / better of both": own["pinball"] / min(cone["pinball"], naive["pinball"]),
        "pinball / har": own["pinball"] / har["pinball"],
        "coverage_80": own["coverage_80"],
        "coverage_95": own["coverage_95"],
        "mae / naive": own["mae"] / naive["mae"],
    }


def _means(coins: Sequence[Row]) -> list[dict[str, float]]:
    """Average each figure over the coins, step by step."""
    frames = [pd.DataFrame(coin["steps"]) for coin in coins]
    return (sum(frames[1:], frames[0]) / len(frames)).to_dict("records")


def _show(title: str, rows: list[dict[str, float]]) -> None:
    texts = [
        {name: f"{value:.0f}" if name == "step" else f"{value:.4f}" for name, value in row.items()}
        for row in rows
    ]
    print(f"\n{title}\n{measure.table(texts)}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
