"""Exported networks, each loaded in a bare process, forecast what ours do."""

from __future__ import annotations

import dataclasses
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning import (
    bundles,
    exports,
    features,
    formulas,
    inference,
    keras_files,
)
from cryptoforecast.learning.specs import needs, warmup
from cryptoforecast.settings import ROOT
from cryptoforecast.types import Scaler
from tests import synthetic

#: Largest difference of a trained network from our forecast, USD, and of one with random weights,
#: as a share of the price. Networks compute in float32, ours too, which has seven digits.
MAX_DIFFERENCE, MAX_SHARE = 0.001, 2e-7
OHLCV = ["open", "high", "low", "close", "volume"]

#: Runs where nothing of ours can be imported. It loads each file, and follows each README.
_BARE = """
import importlib.util, json, os, sys, numpy
assert importlib.util.find_spec("cryptoforecast") is None
given, top, answers = numpy.load("given.npz"), os.getcwd(), {}
for name in json.load(open("names.json")):
    if name.endswith(".onnx"):
        import onnxruntime
        session = onnxruntime.InferenceSession(name)
        (own,), (result,) = session.get_inputs(), session.get_outputs()
        assert (own.name, own.type, result.name) == ("closes", "tensor(double)", "price")
        answers[name] = session.run(None, {"closes": given[name]})[0]
    elif os.path.isfile(name):
        import keras
        network = keras.models.load_model(name, compile=False)
        answers[name] = numpy.asarray(network(given[name]))
    else:
        os.chdir(name)
        sys.path.insert(0, os.getcwd())
        sys.modules.pop("formulas", None)
        candles, times = given[name], given[name + "-times"]
        readme = open("README.txt").read().splitlines()
        exec("\\n".join(line[4:] for line in readme if line.startswith("    ")))
        answers[name], answers[name + "-quantiles"] = price, quantiles
        del sys.path[0]
        os.chdir(top)
numpy.savez("answers.npz", **answers)
"""


def shipped(name):
    return bundles.load(ROOT / "models" / name)


def classic(**changes):
    """A network of the popular recipe: min-max closes around 60,000 in, the next close out."""
    recipe = {"network": "lstm", "target": "price", "loss": "mse", "units": (6, 5)}
    spec = synthetic.spec(**recipe | {"training": "windows", "lookback": 60} | changes)
    model = synthetic.model(spec)
    one = np.ones(spec.horizon)
    scaler = Scaler(np.array([55_000.0]), np.array([9_000.0]), 55_000.0 * one, 9_000.0 * one)
    return dataclasses.replace(model, scaler=scaler)


def of_returns(hours, **changes):
    """A network of returns with random weights, whose inputs and outputs have usual sizes."""
    model = synthetic.model(synthetic.spec(**changes))
    spec = model.spec
    raw = features.matrix(hours.candles, spec.features)[warmup(spec) :]
    scaler = Scaler(
        raw.mean(axis=0), raw.std(axis=0), np.zeros(spec.horizon), np.full(spec.horizon, 0.01)
    )
    return dataclasses.replace(model, scaler=scaler)


@pytest.fixture(scope="module")
def hours():
    """Hourly candles around 60,000 USD."""
    return synthetic.quoted(synthetic.history(900), "USD", 60_000.0)


@pytest.fixture(scope="module")
def files(hours):
    """Models that become one file, from closes to prices."""
    close = {"features": ("close", "return", "abs_return"), "ensemble": 2, "horizon": 3}
    return {
        "shipped.keras": shipped("btc-1h-lstm-close"),
        "shipped.onnx": shipped("btc-1h-lstm-close"),
        "classic.keras": classic(),
        "classic.h5": classic(),
        "steps.h5": classic(horizon=3, network="dense", loss="quantile"),
        "averaged.keras": of_returns(hours, **close),
    }


@pytest.fixture(scope="module")
def archives(hours):
    """Models that become an archive, and the candles that they read."""
    days = synthetic.lasting(hours, "1d")
    everything = {"features": tuple(features.FEATURES), "ensemble": 2, "horizon": 3}
    return {
        "hourly-keras": (shipped("global-1h-lstm"), hours),
        "dense-h5": (shipped("btc-1h-dense"), hours),
        "daily-onnx": (shipped("global-1d-lstm"), days),
        "classic-h5": (classic(), hours),
        "everything-keras": (of_returns(hours, **everything, unit="range"), hours),
        "squared-keras": (of_returns(hours, loss="mse", horizon=2), hours),
    }


@pytest.fixture(scope="module")
def folder(files, archives, hours, tmp_path_factory):
    """The exports, and the answers that a bare process had from them."""
    folder = tmp_path_factory.mktemp("exports")
    models = {}
    for name, model in files.items():
        format = name.rpartition(".")[2]
        (folder / name).write_bytes(exports.content(model, "x", format, alone=True))
        models[name] = windows(hours, model)
    for name, (model, history) in archives.items():
        archive = exports.content(model, name, name.rpartition("-")[2], alone=False)
        with zipfile.ZipFile(io.BytesIO(archive)) as file:
            file.extractall(folder)
        candles = history.candles.iloc[-needs(model.spec) :]
        models[name] = candles[OHLCV].to_numpy()
        models[f"{name}-times"] = candles.index.tz_localize(None).to_numpy()
    np.savez(folder / "given.npz", **models)
    (folder / "names.json").write_text(json.dumps([*files, *archives]))
    done = subprocess.run(
        [sys.executable, "-I", "-c", _BARE],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        env={"TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def windows(history, model):
    """Closes that the model reads, up to some origins."""
    close = history.candles["close"].to_numpy()
    return np.lib.stride_tricks.sliding_window_view(close, needs(model.spec))[::97]


def assert_agree(theirs, ours, model, name):
    difference = np.abs(theirs - ours)
    assert (difference / ours).max() < MAX_SHARE, name
    if model.card.verdict:  # a trained one; others have random weights
        assert difference.max() < MAX_DIFFERENCE, name


def test_one_file_takes_closes_and_gives_prices(folder, files, hours):
    answers = np.load(folder / "answers.npz")
    for name, model in files.items():
        expected = np.array([inference.from_closes(model, row) for row in windows(hours, model)])
        assert_agree(answers[name], expected, model, name)
        assert answers[name].dtype == np.float64
        assert np.ptp(expected) > 1


def test_an_archive_forecasts_from_candles_as_its_readme_says(folder, archives):
    answers = np.load(folder / "answers.npz")
    for name, (model, history) in archives.items():
        last = len(history) - 1
        ours = inference.forecast(model, history, range(last, last + 1))
        assert_agree(answers[name], ours.predicted[0], model, name)
        # Our quantiles are float32, in log-return.
        difference = np.abs(answers[f"{name}-quantiles"] - ours.quantile_prices[0]).max()
        assert difference < 0.01, name
        readme = (folder / name / "README.txt").read_text()
        assert "not calibrated" in readme
        assert ("MinMaxScaler" in readme) == (name == "classic-h5")
    settings = json.loads((folder / "classic-h5" / "scaler.json").read_text())
    assert (settings["offset"], settings["scale"]) == ([55_000.0], [9_000.0])


@pytest.mark.parametrize("history", [synthetic.history(900), synthetic.dead(
    synthetic.history(900), 300)], ids=["market", "dead market"])  # fmt: skip
def test_the_formulas_give_the_features(history):
    candles = history.candles
    market = formulas.Market(candles[OHLCV].to_numpy(), candles.index.tz_localize(None).to_numpy())
    assert list(formulas.FEATURES) == list(features.FEATURES)
    for name, feature in features.FEATURES.items():
        theirs = formulas.FEATURES[name](market).reshape(len(candles), -1)[feature.warmup :]
        ours = features.matrix(candles, (name,))[feature.warmup :]
        np.testing.assert_allclose(theirs, ours, rtol=0, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("price", [0.1, 1.0001, 65_000.3])
def test_equal_closes_lie_in_the_middle_of_their_band(price):
    """A mean of twenty prices is a rounding away from them, which was taken for a distance."""
    candles = synthetic.history(40).candles.assign(**dict.fromkeys(OHLCV[:4], price))
    market = formulas.Market(candles[OHLCV].to_numpy(), candles.index.tz_localize(None).to_numpy())
    theirs = formulas.FEATURES["bollinger"](market)[19:]
    np.testing.assert_array_equal(theirs[:, 0], 0)
    np.testing.assert_array_equal(theirs, features.matrix(candles, ("bollinger",))[19:])


def test_what_a_file_can_not_hold_is_refused_before_tensorflow_is_asked(monkeypatch):
    monkeypatch.setattr(keras_files.networks, "load", None)
    refused = (
        (shipped("global-1h-lstm"), "keras", "reads scaled_return.* name in .zip"),
        (shipped("btc-1h-lstm-close"), "h5", "layers alone.* name in .zip"),
        (classic(ensemble=2), "h5", "layers alone"),
        (classic(), "pickle", "must be keras, onnx, h5"),
    )
    for model, format, words in refused:
        with pytest.raises(InvalidInput, match=words):
            exports.content(model, "x", format, alone=True)
    monkeypatch.setattr(keras_files, "find_spec", lambda name: None)
    with pytest.raises(InvalidInput, match=r"pip install 'cryptoforecast\[onnx\]'"):
        exports.content(classic(), "x", "onnx", alone=False)


def test_formulas_need_numpy_alone():
    source = Path(formulas.__file__).read_text()
    imports = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
    assert {line.split()[1].split(".")[0] for line in imports} == {
        "__future__", "collections", "math", "numpy", "typing",
    }  # fmt: skip
