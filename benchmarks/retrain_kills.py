"""Kill ``retrain`` at random moments, and count what was lost.

    python -m benchmarks.retrain_kills [--kills 50]

Each kill hits a process of its own that renews the same saved model, which has one earlier version:
half of them at any moment of the run, half of them in its last fifth, where the model is replaced.
Afterwards the model has to be the old or the renewed one, whole, each version before it has to be
there once, and a start of the app may leave nothing else. Exits with 1 otherwise.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.crash_home import leftovers, models_of
from cryptoforecast.learning import bundle_versions, bundles, specs
from cryptoforecast.prices import read, simulate
from cryptoforecast.service import Service
from cryptoforecast.settings import Settings
from cryptoforecast.types import OWNER

#: Candles of the first training, and of the renewals.
FIRST, ALL = 700, 1_100
#: How much longer than the undisturbed run a kill may wait.
SLACK = 1.05


def prepare(home: Path, file: Path) -> None:
    """Save a tiny network with one earlier version, and write newer prices to a file."""
    simulate("BTC").candles.iloc[:ALL].to_csv(file)
    history = read(file, file.name)
    service = Service(Settings(home, live=False))
    spec = specs.make(network="dense", features=("return",), lookback=5, units=(4,), epochs=3)
    for rows in (FIRST - 100, FIRST):
        past = dataclasses.replace(history, candles=history.candles.iloc[:rows])
        result = service.backtests.run(past, spec)
        if rows == FIRST and result.model is not None:
            version = bundles.version(models_of(home) / "mine")
            weights = (*result.model.weights[:-1], result.model.weights[-1] + 5)
            weak = dataclasses.replace(result.model, weights=weights)  # any challenger is better
            bundle_versions.replace(models_of(home), "mine", version, weak)
        else:
            service.saved_models.save(result, "mine", user=OWNER)


def retrain(home: Path, file: Path) -> subprocess.Popen[bytes]:
    """Start to renew the model in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "cryptoforecast", "retrain", "mine", "--fresh", "--data", str(file)],
        env={**os.environ, "CRYPTOFORECAST_HOME": str(home), "CRYPTOFORECAST_LIVE": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def versions(home: Path) -> list[str]:
    """Return the versions of the model, the current one first; each is read as a whole."""
    bundles.load(models_of(home) / "mine")
    return [one.version for one in bundle_versions.history(models_of(home), "mine")]


def problems(home: Path, before: list[str]) -> tuple[str, list[str]]:
    """Return what the model is, and what is wrong with it."""
    Service(Settings(home, live=False))
    after = versions(home)
    state = "old" if after == before else "renewed" if after[1:] == before else "lost"
    wrong = [] if state != "lost" else [f"{before} became {after}"]
    attempt = "models/mine/versions/attempt.json"
    folders = ("results",)  # the trainings of ``prepare``
    return state, wrong + [
        name for name in leftovers(home) if name != attempt and not name.startswith(folders)
    ]


def main() -> int:
    """Kill again and again; return 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    chance, states, lost = random.Random(args.seed), Counter[str](), 0
    with tempfile.TemporaryDirectory() as name:
        template, home, file = (Path(name) / part for part in ("template", "home", "BTC_1h.csv"))
        prepare(template, file)
        before = versions(template)
        shutil.copytree(template, home)
        began = time.monotonic()
        retrain(home, file).wait()
        seconds = time.monotonic() - began
        undisturbed, wrong = problems(home, before)
        print(f"undisturbed: {undisturbed}, {seconds:.1f} s {wrong or ''}", flush=True)
        for kill in range(args.kills):
            shutil.rmtree(home)
            shutil.copytree(template, home)
            earliest = 0.8 if kill % 2 else 0.0
            process, began = retrain(home, file), time.monotonic()
            try:
                process.wait(seconds * chance.uniform(earliest, SLACK))
            except subprocess.TimeoutExpired:
                process.kill()
            process.wait()
            if not process.returncode:
                seconds = time.monotonic() - began  # others use the machine more or less
            state, wrong = problems(home, before)
            states[f"{state}, {'killed' if process.returncode else 'ended'}"] += 1
            lost += bool(wrong)
            if wrong:
                print(f"kill {kill}: {wrong}", flush=True)
    print(f"{args.kills} kills: {dict(states)}; {lost} with a loss; seed {args.seed}")
    return 1 if lost or undisturbed != "renewed" else 0


if __name__ == "__main__":
    sys.exit(main())
