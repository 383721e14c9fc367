"""Training speed: against Keras, PyTorch and NeuralForecast on windows, in one run.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.train_networks [--data FILE] [--repeats 3] [--peers PYTHON]

It wants a machine with nothing else to do: where others use its cores, PyTorch's threads wait for
each other, and its figures fall ten times as far as ours. Without ``--data`` the prices are 71,000
simulated hours. Two questions, a table each:

*Speed*: how many targets a second, once under way. The peers train the popular recipe as anyone
would write it: 60 min-max closes in, the next one out, LSTM(64)-LSTM(32)-Dense(1), squared error;
NeuralForecast its LSTM of about that size, nine quantiles. A peer's figure is the median update
without the first ones; ours is the median epoch, shuffling included, without the first.

*Loss*: how many seconds of training, importing and looking at losses left out, to which loss. All
have seven inputs and nine quantiles, 60 candles of context, Adam with a clipped gradient, warm-up
and cosine schedule; the peers see windows, 256 an update, 800 updates (with 400 or 600 PyTorch
stayed 0.5 % above our loss). They keep the weights of their best look at the validation loss, for
which their clock stands still; ours does not. We run schedules of several lengths. *Same loss* is
the time a peer took until its validation loss was first within 0.2 % of the lowest it ever had, by
the time of the shortest of our fits that got as low in that round. Every round has its own seed.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import measure
from benchmarks.measure import Outcome
from benchmarks.peers import ours
from benchmarks.peers.task import Task
from cryptoforecast.evaluation import scores
from cryptoforecast.forecasting import baselines
from cryptoforecast.learning import networks, samples
from cryptoforecast.prices import read, simulate, write
from cryptoforecast.types import ModelSpec, PriceHistory

HOURS = 71_000
END = pd.Timestamp("2025-09-01", tz="UTC")
SECONDS = 20
#: A validation loss counts as the lowest one of a peer if it is at most so many times that one.
NEAR = 1.002


@dataclass(frozen=True)
class Contender:
    """One program with its arguments.

    Attributes:
        program: A module in ``benchmarks/peers``.
        library: The library that it needs.
        beside: Name of our contender that it is compared with.
        arguments: The file that it reads, in the folder of prepared files, and options.
    """

    program: str
    library: str
    beside: str
    arguments: tuple[str, ...]


def _ours(name: str, spec: str) -> Contender:
    return Contender("ours", "keras", name, ("history.parquet", "--spec", spec))


def _speed(library: str, beside: str, file: str, *options: str) -> Contender:
    arguments = (file, "--seconds", str(SECONDS), *options)
    return Contender(PROGRAMS[library], library, beside, arguments)


def _loss(library: str, *options: str) -> Contender:
    return Contender(PROGRAMS[library], library, OURS, ("inputs.npz", *options))


PROGRAMS = {
    "keras": "keras_windows",
    "torch": "torch_windows",
    "neuralforecast": "neuralforecast_lstm",
}
OURS = "CryptoForecast"
_LIKE, _DENSE = f"{OURS}, one input, squared error", f"{OURS}, Dense"
SPEED: Mapping[str, Contender] = {
    _LIKE: _ours(_LIKE, "like"),
    "Keras, batch 32": _speed("keras", _LIKE, "closes.npz", "--batch", "32"),
    "Keras, batch 256": _speed("keras", _LIKE, "closes.npz", "--batch", "256"),
    "PyTorch, batch 32": _speed("torch", _LIKE, "closes.npz", "--batch", "32"),
    "PyTorch, batch 256": _speed("torch", _LIKE, "closes.npz", "--batch", "256"),
    OURS: _ours(OURS, "quick"),
    "NeuralForecast, batch 256": _speed("neuralforecast", OURS, "returns.npz", "--batch", "256"),
    _DENSE: _ours(_DENSE, "dense"),
    "Keras, Dense, batch 256": _speed("keras", _DENSE, "inputs.npz", "--network", "dense"),
}
LOSS: Mapping[str, Contender] = {
    OURS: _ours(OURS, "quick"),
    **{f"{OURS}, {n} epochs": _ours(OURS, f"quick-{n}") for n in (6, 8, 10, 12)},
    "Keras, 800 updates": _loss("keras", "--updates", "800"),
    "PyTorch, 800 updates": _loss("torch", "--updates", "800"),
    "NeuralForecast, 800 updates": _loss("neuralforecast", "--updates", "800"),
}
_COMMAND = "python -m benchmarks.train_networks"


def main() -> None:
    """Prepare the arrays, run the contenders in turns, print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="hourly prices; simulated ones by default")
    parser.add_argument("--repeats", type=int, default=3, help="rounds")
    parser.add_argument("--only", nargs="+", default=[""], help="contenders with this in the name")
    parser.add_argument("--question", choices=("speed", "loss"), help="one alone")
    parser.add_argument("--peers", default=sys.executable, help="an interpreter with the peers")
    args = parser.parse_args()
    history = _history(args.data)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(history, folder)
        commands = {} if args.question == "loss" else _present(SPEED, args)
        speed = _run("speed", commands, folder, args.repeats)
        if speed:
            rows = _speed_rows(speed)
            measure.publish("train_networks_speed", _COMMAND, rows, _raw(speed))
        commands = {} if args.question == "speed" else _present(LOSS, args)
        loss = _run("loss", commands, folder, args.repeats)
        if loss:
            result = _scored(loss, _Scorer(history), folder)
            measure.publish("train_networks_loss", _COMMAND, _loss_rows(result), _raw(result))


def _history(file: Path | None) -> PriceHistory:
    if file is None:
        return simulate("BTC", "1h", END - pd.Timedelta(hours=HOURS), END)
    return read(file, file.name, interval="1h")


def _prepare(history: PriceHistory, folder: Path) -> None:
    """Write what the contenders read."""
    write(history, folder / "history.parquet")
    inputs = _task(history, ours.SPECS["quick"])
    inputs.write(folder / "inputs.npz")
    dataclasses.replace(inputs, inputs=inputs.inputs[:, :1]).write(folder / "returns.npz")
    _task(history, ours.SPECS["like"]).write(folder / "closes.npz")


def _task(history: PriceHistory, spec: ModelSpec) -> Task:
    cut = samples.split(history, spec)
    prepared, _ = samples.prepare(history, spec, cut)
    return Task(
        inputs=prepared.inputs,
        targets=prepared.targets[:, 0],
        train=np.concatenate(prepared.train),
        validation=np.concatenate(prepared.validation),
        test=np.array(cut.test_origins()),
        lookback=spec.lookback,
        outputs=networks.outputs(spec),
    )


def _present(
    contenders: Mapping[str, Contender], args: argparse.Namespace
) -> dict[str, list[str | Path]]:
    """Return the commands of the selected contenders whose library is installed."""
    commands: dict[str, list[str | Path]] = {}
    for name, one in contenders.items():
        if not any(text.lower() in name.lower() for text in args.only):
            continue
        python = sys.executable if one.library == "keras" else args.peers
        if not _installed(python, one.library):
            print(f"{name} is left out: {python} has no {one.library}.", file=sys.stderr)
            continue
        commands[name] = [python, "-m", f"benchmarks.peers.{one.program}", *one.arguments]
    return commands


@cache
def _installed(python: str, library: str) -> bool:
    look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{library}') is None)"
    return subprocess.run([python, "-c", look], check=False).returncode == 0


def _run(
    question: str, commands: Mapping[str, list[str | Path]], folder: Path, repeats: int
) -> dict[str, list[Outcome]]:
    """Run every command with the seed of each round, in turns."""
    outcomes: dict[str, list[Outcome]] = {name: [] for name in commands}
    for seed in range(repeats):
        for name, (python, m, program, file, *options) in commands.items():
            print(f"{question}, round {seed + 1} of {repeats}: {name} ...", file=sys.stderr)
            seeded = ["--seed", str(seed), "--to", str(_forecast_file(folder, name, seed))]
            done = measure.run([python, m, program, folder / file, *options, *seeded])
            outcomes[name].append(done)
    return outcomes


def _forecast_file(folder: Path, name: str, seed: int) -> Path:
    """Return the file into which a contender writes its forecasts."""
    return folder / f"{name}, {seed}.npz"


def _scored(
    outcomes: Mapping[str, list[Outcome]], scorer: _Scorer, folder: Path
) -> dict[str, list[_Fit]]:
    return {
        name: [
            scorer.score(_forecast_file(folder, name, seed), one.output["seconds"])
            for seed, one in enumerate(done)
        ]
        for name, done in outcomes.items()
    }


def _raw(outcomes: Mapping[str, Sequence[Outcome | _Fit]]) -> dict[str, object]:
    return {name: [vars(one) for one in done] for name, done in outcomes.items()}


def _speed_rows(outcomes: Mapping[str, list[Outcome]]) -> list[dict[str, str]]:
    speed = {
        name: [one.output["targets_per_second"] for one in done] for name, done in outcomes.items()
    }
    return [
        {
            "": name,
            "parameters": f"{done[0].output['parameters']:,.0f}",
            "targets a second": _thousands(speed[name]),
            "CryptoForecast / this": _ratio(speed, name, SPEED[name].beside),
        }
        for name, done in outcomes.items()
    ]


def _thousands(values: Sequence[float]) -> str:
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{middle:,.0f} ({low:,.0f}-{high:,.0f})"


def _ratio(values: Mapping[str, Sequence[float]], name: str, beside: str) -> str:
    return f"{measure.ratio(values[beside], values[name]):.1f}" if beside in values else "-"


@dataclass(frozen=True)
class _Fit:
    """How well one fit forecasts, by one measure for all.

    Attributes:
        seconds: Seconds of training alone.
        validation: Pinball loss, log-return.
        test: Pinball loss as a share of that of ``naive``.
        curve: Pairs of seconds and validation loss, log-return, one a look; empty for ours.
    """

    seconds: float
    validation: float
    test: float
    curve: tuple[tuple[float, float], ...]


class _Scorer:
    """Scores forecasts against what happened after each origin, relative to ``naive``."""

    def __init__(self, history: PriceHistory) -> None:
        spec = ours.SPECS["quick"]
        cut = samples.split(history, spec)
        prepared, scaler = samples.prepare(history, spec, cut)
        self.scale = float(scaler.target_scale[0])
        returns = prepared.targets[:, 0] * self.scale
        self.validation = returns[np.concatenate(prepared.validation)]
        self.test = returns[cut.test_origins()]
        naive = baselines.Naive.fit(history, cut.test_start, 1)
        quantiles = naive.forecast(history, cut.test_origins()).quantiles[:, 0]
        self.naive = scores.pinball(self.test, quantiles)

    def score(self, file: Path, seconds: float) -> _Fit:
        """Score the forecasts that a contender wrote; crossed quantiles are put in order."""
        with np.load(file) as arrays:
            validation, test = (np.sort(arrays[name], axis=1) for name in ("validation", "test"))
            curve = arrays["curve"] if "curve" in arrays else np.empty((0, 2))
        return _Fit(
            seconds,
            scores.pinball(self.validation, validation * self.scale),
            scores.pinball(self.test, test * self.scale) / self.naive,
            tuple((past, loss * self.scale) for past, loss in curve.tolist()),
        )


def _as_good(one: _Fit, ours: Sequence[_Fit]) -> tuple[float, float]:
    """Return the seconds to a peer's lowest loss, about, and ours to the same; NaN if never."""
    target = NEAR * min(loss for _, loss in one.curve)
    theirs = next(seconds for seconds, loss in one.curve if loss <= target)
    reached = [fit.seconds for fit in ours if fit.validation <= target]
    return theirs, min(reached, default=math.nan)


def _loss_rows(outcomes: Mapping[str, list[_Fit]]) -> list[dict[str, str]]:
    rows = []
    ours = list(
        zip(*(done for name, done in outcomes.items() if name.startswith(OURS)), strict=True)
    )
    for name, done in outcomes.items():
        reached, times = "-", "-"
        if not name.startswith(OURS) and ours:
            pairs = [_as_good(one, fits) for one, fits in zip(done, ours, strict=True)]
            reached = measure.spread([theirs for theirs, _ in pairs], 1)
            pairs = [pair for pair in pairs if math.isfinite(pair[1])]
            if pairs:
                times = f"{statistics.median(theirs / our for theirs, our in pairs):.1f}"
                times += f", {len(pairs)} of {len(done)} rounds" * (len(pairs) < len(done))
        rows.append(
            {
                "": name,
                "training, s": measure.spread([one.seconds for one in done], 1),
                "at its lowest after, s": reached,
                "same loss, times ours": times,
                "validation, 1e-4": measure.spread([1e4 * one.validation for one in done], 3),
                "test / naive": measure.spread([one.test for one in done], 4),
            }
        )
    return rows


if __name__ == "__main__":
    main()
