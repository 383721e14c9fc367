"""Train the models that come with the project and put them into ``models/``.

    python -m benchmarks.train_shipped --data FOLDER [--to models]

FOLDER holds ``hourly/BTCUSDT_1h_binance_2017-08_2025-09.csv.gz``. Weights and cards are written,
no prices. Each model is what ``python -m cryptoforecast train`` gives with the options below.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from cryptoforecast.learning import specs
from cryptoforecast.service import Service
from cryptoforecast.settings import ROOT, Settings

HISTORY = "hourly/BTCUSDT_1h_binance_2017-08_2025-09.csv.gz"
MODELS = {
    "btc-1h-dense": specs.make("quick", "dense", horizon=24),
    # 59 log-returns need 60 closes, and nothing but closes: what `POST /predict` is given.
    "btc-1h-lstm-close": specs.make(
        "quick", features=("return", "abs_return"), unit="fixed", lookback=59
    ),
}


def main() -> None:
    """Train each model, print its verdict, replace its folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of price files")
    parser.add_argument("--to", type=Path, default=ROOT / "models", help="where to put them")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        service = Service(Settings(home=home, shipped=home / "none"))
        file = given.data / HISTORY
        history = service.read(file, file.name)
        for name, spec in MODELS.items():
            judged = service.backtest(history, spec)
            service.save(judged, name)
            target = given.to / name
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(home / "models" / name, target)
            print(f"{name}: {judged.verdict.sentence}", flush=True)


if __name__ == "__main__":
    main()
