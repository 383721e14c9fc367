"""Train the models that come with the project and put them into ``models/``.

    python -m benchmarks.leave_one_out --data FOLDER
    python -m benchmarks.train_shipped --data FOLDER [--to models] [--only NAME]

FOLDER holds ``hourly/`` and ``daily/``; see ``histories``. Weights and cards are written, no
prices. A model of one coin is what ``python -m cryptoforecast train`` gives with the options
below. A global model learns from every candle of every coin, so nothing is left to judge it on:
its card holds what ``leave_one_out`` measured of the same recipe, the mean over the coins.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import tempfile
from pathlib import Path

from benchmarks import histories, measure
from cryptoforecast.evaluation import left_out
from cryptoforecast.learning import bundles, global_training, specs
from cryptoforecast.service import Service
from cryptoforecast.settings import ROOT, Settings
from cryptoforecast.types import OWNER, ModelCard

MODELS: dict[str, dict[str, object]] = {
    "btc-1h-dense": {"network": "dense", "horizon": 24},
    # 59 log-returns need 60 closes, and nothing but closes: what `POST /predict` is given.
    "btc-1h-lstm-close": {"features": ("return", "abs_return"), "unit": "fixed", "lookback": 59},
}
GLOBAL = {f"global-{interval}-lstm": interval for interval in global_training.SPECS}


def main() -> None:
    """Train each model, print its verdict, replace its folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of price files")
    parser.add_argument("--to", type=Path, default=ROOT / "models", help="where to put them")
    names = [*MODELS, *GLOBAL]
    parser.add_argument("--only", nargs="+", default=names, choices=names, help="of these alone")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for name in args.only:
            verdict = (
                _train_one(name, args.data, home)
                if name in MODELS
                else _train_global(name, args.data, home)
            )
            target = args.to / name
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(home / "models" / name, target)
            print(f"{name}: {verdict}", flush=True)


def _train_one(name: str, data: Path, home: Path) -> str:
    service = Service(Settings(home=home, shipped=home / "none"))
    history = histories.read_one(data, "1h", "BTC")
    spec = specs.make(rows=len(history), **MODELS[name])  # type: ignore[arg-type]
    result = service.backtests.run(history, spec)
    service.saved_models.save(result, name, user=OWNER)
    return result.verdict.sentence


def _train_global(name: str, data: Path, home: Path) -> str:
    interval = GLOBAL[name]
    model = global_training.train(
        histories.read_all(data, interval), global_training.SPECS[interval]
    )
    card = _with_verdict(model.card, global_training.SPECS[interval].horizon)
    bundles.save(dataclasses.replace(model, card=card), home / "models", name)
    return card.verdict


def _with_verdict(card: ModelCard, horizon: int) -> ModelCard:
    """Write the mean over the coins that were left out onto a card."""
    text = (measure.RESULTS / f"leave_one_out_{card.interval}.json").read_text(encoding="utf-8")
    coins = [
        {name: steps[-1] for name, steps in coin["scores"].items()}
        for coin in json.loads(text)["coins"].values()
    ]
    return left_out.card_with_scores(card, coins, "lstm", horizon)


if __name__ == "__main__":
    main()
