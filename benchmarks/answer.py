"""Answers of the shipped models, without TensorFlow: against Keras' ``model.predict``, in one run.

    python -m benchmarks.answer [--repeats 5]

Each contender is a process of its own. Ours loads the saved model, and neither TensorFlow nor
scikit-learn may be in it. *One* is the forecast of what comes next, features and quantiles with
it, once the model is loaded; *backtest* the forecasts of 14,000 origins, each from exactly
``lookback`` rows. Keras gets the scaled windows ready made, in batches of 32, its default, and of
512. *Difference* is the largest on all origins: between the log-returns that the quantiles
stand for, and between the raw last layers they are made from.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import measure
from cryptoforecast.learning import bundles, features, inference, ranges, specs
from cryptoforecast.learning.scaling import scale_inputs
from cryptoforecast.prices import simulate
from cryptoforecast.settings import ROOT
from cryptoforecast.types import PriceHistory, TrainedModel

MODELS = ("global-1h-lstm", "btc-1h-lstm-close", "btc-1h-dense")
ORIGINS = 14_000
ANSWERS = 100
#: Calls that a process makes before any is timed.
WARM_UP = 5
#: Libraries that an answer must do without.
HEAVY = ("tensorflow", "keras", "sklearn")


def main() -> None:
    """Run the contenders in turns, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="rounds")
    parser.add_argument("--contender", nargs="+", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.contender:
        _contend(*args.contender)
        return
    rows: list[dict[str, str]] = []
    raw: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in MODELS:
            figures, outcomes = _compare(name, Path(folder), args.repeats)
            rows += figures
            raw[name] = outcomes
    measure.publish("answer", "python -m benchmarks.answer", rows, raw)


def _compare(
    name: str, folder: Path, repeats: int
) -> tuple[list[dict[str, str]], dict[str, object]]:
    """Run every contender on one model, and compare their last layers."""
    contenders = {
        "CryptoForecast": ["ours", name, str(folder / "ours.npy")],
        "Keras, batches of 32": ["keras", name, str(folder / "32.npy"), "32"],
        "Keras, batches of 512": ["keras", name, str(folder / "512.npy"), "512"],
    }
    command = [sys.executable, "-m", "benchmarks.answer", "--contender"]
    outcomes = measure.rounds({who: [*command, *how] for who, how in contenders.items()}, repeats)
    layer = {who: np.load(how[2]) for who, how in contenders.items()}
    timings = {
        who: {figure: [one.output[figure] for one in done] for figure in ("one", "backtest")}
        for who, done in outcomes.items()
    }
    own = timings["CryptoForecast"]
    rows = [
        {
            "model": name,
            "": who,
            "one, ms": measure.spread([1e3 * one for one in figures["one"]]),
            "ours / theirs": f"{measure.ratio(own['one'], figures['one']):.3f}",
            "backtest, s": measure.spread(figures["backtest"]),
            "ours / theirs ": f"{measure.ratio(own['backtest'], figures['backtest']):.3f}",
            "peak, MB": measure.spread([one.megabytes for one in outcomes[who]], 0),
            "difference": _difference(name, layer[who], layer["CryptoForecast"]),
            "of last layers": f"{np.abs(layer[who] - layer['CryptoForecast']).max():.1e}",
        }
        for who, figures in timings.items()
    ]
    rows[0]["difference"] = rows[0]["of last layers"] = ""
    raw: dict[str, object] = {who: [vars(one) for one in done] for who, done in outcomes.items()}
    return rows, raw


def _difference(name: str, one: np.ndarray, other: np.ndarray) -> str:
    """Write the largest difference of the quantiles' log-returns."""
    model = bundles.load(ROOT / "models" / name)
    levels = [inference.rising_quantiles(raw, model.spec.horizon) for raw in (one, other)]
    scale = model.scaler.target_scale[:, None]
    if model.spec.unit == "range":
        scale = scale * ranges.unit(_history(model).candles)[-len(one) :, None, None]
    return f"{(np.abs(levels[0] - levels[1]) * scale).max():.1e}"


def _contend(who: str, name: str, to: str, batch: str = "") -> None:
    """Be one contender: answer, keep the last layer of all origins, say how long it took."""
    model = bundles.load(ROOT / "models" / name)
    history = _history(model)
    inputs = scale_inputs(features.matrix(history.candles, model.spec.features), model.scaler)
    inputs = inputs[features.warmup(model.spec.features) :]
    timings = _ours(model, history) if who == "ours" else _keras(model, inputs, int(batch), to)
    if who == "ours":
        np.save(to, inference.outputs(model, inputs))
        loaded = [library for library in HEAVY if library in sys.modules]
        if loaded:
            sys.exit(f"An answer must do without {', '.join(HEAVY)}. Received: {loaded}.")
    print(json.dumps(timings))


def _history(model: TrainedModel) -> PriceHistory:
    """Return simulated hours before a fixed moment, enough for all origins."""
    end = pd.Timestamp("2025-01-01", tz="UTC").as_unit("ns")
    rows = ORIGINS + specs.needs(model.spec) - 1
    return simulate("BTC", "1h", end - rows * pd.Timedelta(hours=1), end)


def _ours(model: TrainedModel, history: PriceHistory) -> dict[str, float]:
    last, first = len(history) - 1, specs.needs(model.spec) - 1
    return {
        "one": _median(lambda: inference.forecast(model, history, range(last, last + 1)), ANSWERS),
        "backtest": _median(lambda: inference.forecast(model, history, range(first, last + 1)), 3),
    }


def _keras(model: TrainedModel, inputs: np.ndarray, batch: int, to: str) -> dict[str, float]:
    """Answer with the same network as Keras' documentation writes it."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras

    spec = model.spec
    layers: list[keras.Layer] = [keras.Input((spec.lookback, inputs.shape[1]))]
    if spec.network == "lstm":
        for i, units in enumerate(spec.units):
            layers.append(keras.layers.LSTM(units, return_sequences=i + 1 < len(spec.units)))
    else:
        layers.append(keras.layers.Flatten())
        layers += [keras.layers.Dense(units, activation="relu") for units in spec.units]
    network = keras.Sequential([*layers, keras.layers.Dense(model.weights[-1].shape[0])])
    network.set_weights(model.weights)
    windows = np.lib.stride_tricks.sliding_window_view(inputs, spec.lookback, axis=0)
    windows = np.ascontiguousarray(windows.transpose(0, 2, 1))
    answers: Sequence[np.ndarray] = []

    def predict() -> None:
        nonlocal answers
        answers = network.predict(windows, batch_size=batch, verbose=0)

    timings = {
        "one": _median(lambda: network.predict(windows[-1:], verbose=0), ANSWERS),
        "backtest": _median(predict, 3),
    }
    np.save(to, answers)
    return timings


def _median(answer: Callable[[], object], times: int) -> float:
    """Return the median seconds of an answer, after some answers that are not timed."""
    for _ in range(min(WARM_UP, times)):
        answer()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        answer()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
