"""The command line: its answers, its refusals, and what reaches which stream."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cryptoforecast import cli, json_views
from cryptoforecast.cli.progress import Meter, Reading
from cryptoforecast.forecasting import probability
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.prices.files import price_file
from cryptoforecast.service import SavedModelService, Service, shared
from cryptoforecast.settings import Settings
from cryptoforecast.types import EpochLoss, MarketQuery, Progress
from tests import synthetic
from tests.command_line import refused, runner

ROOT = Path(__file__).resolve().parent.parent
unix = pytest.mark.skipif(sys.platform == "win32", reason="needs a Unix shell and signals")
TINY = [
    "--network=dense", "--lookback=8", "--units=4", "--epochs=2", "--horizon=2",
    "--features=return,range", "--final=0",
]  # fmt: skip
FIGURES = {
    "mae", "rmse", "mape", "smape", "mase", "directional_accuracy", "pinball", "coverage_80",
    "coverage_95",
}  # fmt: skip


@pytest.fixture(scope="module")
def prices(tmp_path_factory):
    """A price file of a random walk."""
    path = tmp_path_factory.mktemp("prices") / "BTCUSD.csv"
    price_file.write(synthetic.history(), path)
    return path


def process(*args, **environ):
    return subprocess.run(
        [sys.executable, "-m", "cryptoforecast", *map(str, args)],
        cwd=ROOT,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@pytest.fixture(scope="module")
def training(prices, tmp_path_factory):
    """A real ``train --save tiny --json``: what it printed, and the home it left."""
    home = tmp_path_factory.mktemp("trained")
    environ = {"CRYPTOFORECAST_HOME": str(home), "TF_CPP_MIN_LOG_LEVEL": "0"}
    done = process("train", "--data", prices, *TINY, "--save", "tiny", "--json", **environ)
    assert done.returncode == 0, done.stderr
    return done, home


@pytest.fixture
def trained(training, home):
    """This test's own copy of that home."""
    shutil.copytree(training[1], home)
    return home


@pytest.fixture
def run(capsys):
    return runner(capsys)


# ---------------------------------------------------------------------------- backtest and train


def test_json_alone_is_on_stdout_and_no_word_of_tensorflow_anywhere(training, prices):
    done, _ = training
    result = json.loads(done.stdout)
    assert not [line for line in done.stderr.splitlines() if not line.startswith("Training dense")]
    assert result["data"]["rows"] == 600
    assert result["data"]["source"] == f"file {prices.name}"
    assert result["spec"]["network"] == "dense"
    assert (result["spec"]["units"], result["spec"]["features"]) == ([4], ["return", "range"])
    assert result["training"]["epochs"] == 2
    assert list(result["scores"]) == [*BASELINES, "dense", "stack"]
    assert result["scores"]["dense"].keys() == FIGURES | {"by_step"}
    assert result["verdict"]["baseline"] == "naive"
    assert list(result["verdicts"]) == ["stack", "dense"]
    assert result["verdict"] == result["verdicts"]["stack"] != result["verdicts"]["dense"]
    assert result["saved"] == "tiny"


def test_the_same_question_is_answered_from_the_cache(trained, run, prices, training):
    began = json.loads(training[0].stdout)
    status, out, err = run("backtest", "--data", prices, *TINY, "--json")
    result = json.loads(out)
    assert (status, err, result["cached"]) == (0, "", True)
    assert result["scores"] == began["scores"]
    assert result["training"] == began["training"]


def test_a_saved_model_is_tested_with_its_weights_as_they_are(trained, run, prices, training):
    before = (trained / "models/tiny/weights.npz").read_bytes()
    status, out, _ = run("backtest", "--model", "tiny", "--data", prices, "--json")
    result, began = json.loads(out), json.loads(training[0].stdout)
    assert status == 0
    assert (result["model"], result["training"]) == ("tiny", None)
    assert result["scores"] == began["scores"]
    assert result["verdict"] == began["verdict"]
    assert (trained / "models/tiny/weights.npz").read_bytes() == before


def test_a_saved_model_can_be_tested_on_another_share(trained, run, prices):
    out = run("backtest", "--model", "tiny", "--data", prices, "--test", "0.3", "--json")[1]
    result = json.loads(out)
    assert result["spec"]["test"] == 0.3
    assert result["split"]["test_origins"] == 600 - 420 - 2
    assert result["verdict"]["sentence"].startswith("Not a fair test")
    assert result["verdict"]["beats_baseline"] is False


@pytest.mark.parametrize("network", ["naive", "boosting"])
def test_a_baseline_is_tested_without_tensorflow(prices, network, home):
    code = (
        "import sys; from cryptoforecast.cli import main; status = main(sys.argv[1:]);"
        "sys.exit(status or bool({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, "backtest", "--data", prices, "--network", network]
    done = subprocess.run(
        [*map(str, command), "--json"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["training"] is None
    assert list(result["scores"]) == list(BASELINES)
    assert result["scores"]["naive"]["directional_accuracy"] is None


def test_the_json_is_the_librarys_own(trained, run, prices):
    args = ("backtest", "--model", "tiny", "--data", prices, "--json")
    service = Service(Settings.from_environment())
    history = service.prices.read(prices, prices.name)
    result = service.backtests.with_all_baselines(
        service.backtests.of_saved(history, service.saved_models.load("tiny").model)
    )
    expected = json.loads(json.dumps(json_views.backtest_json(result, saved="tiny")))
    result = json.loads(run(*args)[1])
    expected["data"].pop("fetched_at")
    result["data"].pop("fetched_at")
    assert result == expected


def test_the_text_has_the_verdict_first_and_units(trained, run, prices):
    status, out, _ = run("backtest", "--data", prices, *TINY)
    result = json.loads(run("backtest", "--data", prices, *TINY, "--json")[1])
    assert status == 0
    lines = out.splitlines()
    assert lines[0] == result["verdict"]["sentence"]
    assert "118 origins, closes from 2024-01-21 01:00 to 2024-01-26 00:00 UTC" in out
    assert "step 2 of 2" in out
    header = next(line for line in lines if line.startswith("predictor"))
    assert "MAE, USD" in header
    assert lines[1] == f"dense alone: {result['verdicts']['dense']['sentence']}"
    table = lines[lines.index(header) :]
    row = next(line for line in table if line.startswith("dense")).split()
    assert row[1] == f"{result['scores']['dense']['mae']:.3f}"
    naive = next(line for line in lines if line.startswith("naive")).split()
    assert "-" in naive
    assert "SIMULATED" not in out


def test_simulated_prices_are_labelled_everywhere(run):
    window = ("--coin", "BTC", "--days", "60", "--network", "cone")
    status, out, err = run("backtest", *window)
    assert status == 0
    assert "SIMULATED" in out
    assert "simulated" in out.splitlines()[0]
    assert "note:" in err
    assert "simulated" in err
    result = json.loads(run("backtest", *window, "--json")[1])
    assert result["data"]["simulated"] is True
    assert result["data"]["rows"] == pytest.approx(60 * 24, abs=2)


@pytest.mark.parametrize(
    "command",
    [
        "forecast --model btc-1h-dense", "forecast --model global-1h-lstm --coin bitcoin",
        "backtest --network naive --coin BTC", "train --network dense --coin ETH-EUR",
    ],
)  # fmt: skip
def test_a_command_can_insist_on_live_prices(run, command):
    status, out, err = run(*command.split(), "--prices", "live", "--json")
    assert (status, out) == (3, "")
    assert err.startswith("error: Live prices of ")
    assert len(err.splitlines()) == 1


def test_fetch_insists_on_live_prices_unless_told(run, tmp_path):
    to = tmp_path / "btc.csv"
    for more in ((), ("--prices", "live")):
        status, out, err = run("fetch", "--coin", "BTC", "--days", "5", "--to", to, *more)
        assert (status, out) == (3, "")
        assert "Live prices of BTC-USD are needed" in err
        assert not to.exists()
    assert run("fetch", "--coin", "BTC", "--days", "5", "--to", to, "--prices", "any")[0] == 0
    assert "simulated" in to.read_text()


@pytest.mark.parametrize("coin", ["zzzz", "AAPL", "bitcon", "ATOM2-USD"])
def test_a_symbol_that_nobody_knows_is_refused_offline(run, tmp_path, coin):
    to = tmp_path / "x.csv"
    for command in (
        ("forecast", "--model", "btc-1h-dense"),
        ("backtest", "--network", "naive"),
        ("fetch", "--to", to, "--prices", "any"),
    ):
        refused(run(*command, "--coin", coin), "Did you mean")
    # Where live prices are required, it may be one that a source knows.
    status, _, err = run("fetch", "--to", to, "--coin", coin)
    assert status == 3
    assert "Did you mean" in err
    assert not to.exists()


@pytest.mark.parametrize(
    "options",
    [
        ("forecast", "--model", "btc-1h-dense", "--coin", "BTC-EUR"),
        ("backtest", "--network", "naive", "--coin", "BTC-EUR"),
        ("backtest", "--network", "naive", "--coin", "ETH/BTC"),
        ("backtest", "--network", "naive", "--coin", "AAPL", "--prices", "live"),
        ("forecast", "--model", "btc-1h-dense", "--coin", "WIF", "--prices", "live"),
        ("fetch", "--to", "x.csv", "--coin", "BTC-EUR"),
    ],
)
def test_an_outage_is_no_refusal(run, options):
    status, out, err = run(*options)
    assert (status, out) == (3, "")
    assert "Live prices are switched off." in err
    assert "Try again later" in err


def test_the_prices_of_a_file_are_not_live(run, prices):
    answer = run("backtest", "--data", prices, "--network", "naive", "--prices", "live")
    refused(answer, "--prices goes with live prices only")


def test_a_window_is_cut_from_live_prices(run):
    command = ("--start", "2024-01-01", "--end", "2024-03-01T00:00", "--network", "naive")
    data = json.loads(run("backtest", "--coin", "eth", *command, "--json")[1])["data"]
    assert (data["coin"], data["interval"], data["rows"]) == ("ETH", "1h", 60 * 24)
    assert data["start"] == "2024-01-01T00:00:00+00:00"
    assert data["end"] == "2024-02-29T23:00:00+00:00"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2024-01-01T00:00", "2024-01-02"),
        ("2024-01-01T02:00+02:00", "2024-01-01T19:00-05:00"),
        ("2024-01-01T00:00Z", "2024-01-02T00:00+00:00"),
    ],
)
def test_a_time_with_an_offset_means_the_same_moment(run, start, end, tmp_path):
    window = ("--start", start, "--end", end, "--prices", "any", "--to", tmp_path / "prices.csv")
    data = json.loads(run("fetch", "--coin", "eth", *window, "--json")[1])["data"]
    assert data["start"] == "2024-01-01T00:00:00+00:00"
    assert data["end"] == "2024-01-01T23:00:00+00:00"


def test_the_coin_labels_the_file(run, prices):
    command = ("backtest", "--data", prices, "--coin", "DOGE", "--network", "naive", "--json")
    assert json.loads(run(*command)[1])["data"]["coin"] == "DOGE"


def test_every_setting_of_a_model_is_an_option():
    from dataclasses import fields

    from cryptoforecast.cli.groups import SPEC_OPTIONS
    from cryptoforecast.cli.options import parser
    from cryptoforecast.types import ModelSpec

    assert {*SPEC_OPTIONS, "network"} == {field.name for field in fields(ModelSpec)}
    args = parser().parse_args(["backtest", "--coin", "BTC"])
    assert {getattr(args, name) for name in SPEC_OPTIONS} == {None}


def test_options_reach_the_spec(run, prices):
    options = {
        "target": "return", "loss": "mse", "training": "windows", "features": "return,hour",
        "lookback": 7, "horizon": 3, "units": "5,6", "dropout": 0.3, "learning-rate": 0.002,
        "schedule": "constant", "batch-size": 16, "chunk": 9, "epochs": 4, "patience": 2,
        "test": 0.25, "validation": 0.2, "seed": 11, "unit": "fixed", "final": 0.2,
        "ensemble": 2,
    }  # fmt: skip
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    out = run("backtest", "--data", prices, "--network", "naive", *arguments, "--json")[1]
    expected = {name.replace("-", "_"): value for name, value in options.items()}
    expected |= {"features": ["return", "hour"], "units": [5, 6], "network": "naive"}
    assert json.loads(out)["spec"] == expected


@pytest.mark.parametrize("preset", ["classic", "seed"])
def test_presets_set_the_options_that_are_not_given(run, prices, preset):
    options = ("--preset", preset, "--network", "naive", "--patience", "7")
    spec = json.loads(run("backtest", "--data", prices, *options, "--json")[1])["spec"]
    assert (spec["target"], spec["loss"], spec["training"]) == ("price", "mse", "windows")
    assert (spec["features"], spec["units"], spec["patience"]) == (["close"], [64, 32], 7)


# ---------------------------------------------------------------------------- walk forward


@pytest.fixture(scope="module")
def walk_forward(prices, tmp_path_factory):
    """A real ``backtest --folds 2 --warm-start --json``: what it printed, and the home it left."""
    home = tmp_path_factory.mktemp("walk_forward")
    command = ("backtest", "--data", prices, *TINY, "--epochs=3", "--folds=2", "--warm-start")
    done = process(*command, "--json", CRYPTOFORECAST_HOME=str(home))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), home, command


def test_fits_lie_so_many_candles_apart(run, prices):
    command = ("backtest", "--data", prices, "--network", "har", "--json")
    plain = json.loads(run(*command)[1])
    rows = plain["data"]["rows"] - plain["data"]["rows"] * 4 // 5
    apart = json.loads(run(*command, "--refit-every", str(rows // 3 + 1))[1])
    assert apart["walk_forward"]["folds"] == 3
    assert len(apart["folds"]) == 3
    assert apart["folds"] == json.loads(run(*command, "--folds", "3")[1])["folds"]
    longer = json.loads(run(*command, "--refit-every", str(rows))[1])
    assert longer["walk_forward"]["folds"] == 1
    code, _, message = run(*command, "--refit-every", "1")
    assert code == 2
    assert "`refit_every` must be at least" in message
    code, _, message = run(*command, "--refit-every", "50", "--folds", "2")
    assert code == 2
    assert "--folds or --refit-every" in message


def test_folds_are_described_beside_the_keys_of_any_backtest(walk_forward, run, prices):
    result = walk_forward[0]
    plain = json.loads(run("backtest", "--data", prices, "--network", "naive", "--json")[1])
    assert result.keys() == plain.keys()
    assert result["split"] == {
        "train_rows": 384, "validation_rows": 96, "test_origins": 118,
        "test_start": "2024-01-21T00:00:00+00:00", "test_end": "2024-01-25T23:00:00+00:00",
    }  # fmt: skip
    assert result["walk_forward"] == {
        "folds": 2, "window": "expanding", "window_rows": None, "gap": 2, "warm_start": True,
        "without_target": 2,
    }  # fmt: skip
    borders = ("train_start", "train_end", "validation_end", "test_start", "test_end")
    assert [[fold[key][5:16] for key in borders] for fold in result["folds"]] == [
        ["01-01T00:00", "01-16T23:00", "01-20T23:00", "01-21T00:00", "01-23T11:00"],
        ["01-01T00:00", "01-18T23:00", "01-23T11:00", "01-23T12:00", "01-25T23:00"],
    ]
    counts = ("train_rows", "validation_rows", "origins", "warm_start", "cached")
    assert [[fold[key] for key in counts] for fold in result["folds"]] == [
        [384, 96, 60, False, False], [432, 108, 58, True, False]
    ]  # fmt: skip
    assert [fold["training"]["epochs"] for fold in result["folds"]] == [3, 1]
    for fold in result["folds"]:
        assert fold["scores"].keys() == result["scores"].keys() >= {"naive", "cone", "dense"}
        assert fold["scores"]["dense"].keys() == FIGURES | {"by_step"}
    seconds = sum(fold["training"]["seconds"] for fold in result["folds"])
    assert (result["training"]["epochs"], result["training"]["best_epoch"]) == (4, None)
    assert result["training"]["seconds"] == pytest.approx(seconds)
    assert result["spec"]["epochs"] == 3
    maes = [fold["scores"]["naive"]["mae"] for fold in result["folds"]]
    mean = (60 * maes[0] + 58 * maes[1]) / 118
    assert result["scores"]["naive"]["mae"] == pytest.approx(mean)


def test_folds_are_answered_from_the_cache(walk_forward, run, home):
    result, home_before, command = walk_forward
    shutil.copytree(home_before, home)
    again = json.loads(run(*command, "--json")[1])
    assert again["cached"]
    assert [fold["cached"] for fold in again["folds"]] == [True, True]
    assert again["scores"] == result["scores"]
    assert again["training"] == result["training"]
    out = run(*command)[1]
    assert out.splitlines()[:2] == [
        result["verdict"]["sentence"],
        f"dense alone: {result['verdicts']['dense']['sentence']}",
    ]
    assert "Walk forward: 2 folds, each fitted on the candles before it (expanding window)" in out
    assert "The last 2 candles are no origins: the targets are not known yet." in out
    assert "Fits from the training cache: 2 of 2." in out
    assert "Warm start: each fit after the first starts from the weights of the fit before." in out
    ratios = [
        f"{fold['scores']['stack']['mae'] / fold['scores']['naive']['mae']:.4f}"
        for fold in result["folds"]
    ]
    rows = [line.split() for line in out.splitlines()[-2:]]
    assert [row[0] for row in rows] == ["1", "2"]
    assert [ratio in row for ratio, row in zip(ratios, rows, strict=True)] == [True, True]
    assert ("warm" in rows[0], "warm" in rows[1]) == (False, True)


def test_one_fold_is_the_backtest_there_always_was(run, prices):
    command = ("backtest", "--data", prices, "--network", "cone")
    one, plain = (json.loads(run(*command, *more, "--json")[1]) for more in (("--folds", 1), ()))
    for result in (one, plain):
        result["data"].pop("fetched_at")
    assert one == plain
    (fold,) = plain["folds"]
    assert fold["scores"] == plain["scores"]
    assert fold["training"] is None
    assert (fold["train_rows"], fold["validation_rows"]) == (384, 96)
    assert (fold["test_start"], fold["test_end"]) == (
        plain["split"]["test_start"], plain["split"]["test_end"]
    )  # fmt: skip
    assert plain["walk_forward"]["folds"] == 1
    text = run(*command)[1]
    assert run(*command, "--folds", 1)[1] == text
    assert "fold" not in text


def test_a_sliding_window_of_a_baseline(run, prices):
    command = ("--folds", 3, "--window", "sliding", "--window-rows", 300, "--gap", 7)
    options = ("backtest", "--data", prices, "--network", "naive", *command)
    result = json.loads(run(*options, "--json")[1])
    assert result["walk_forward"]["window_rows"] == 300
    assert [fold["train_rows"] + fold["validation_rows"] for fold in result["folds"]] == [300] * 3
    assert result["folds"][0]["train_start"] == "2024-01-08T06:00:00+00:00"  # row 480 - 6 - 300
    assert result["training"] is None
    out = run(*options)[1]
    assert "sliding window, of 300 candles), with a gap of 7 between" in out
    assert "training cache" not in out


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("--folds", "many"), ("--folds", "must be a whole number")),
        (("--folds", "0"), ("`folds` must be between 1 and 50", "Received: 0")),
        (("--folds", "20"), ("at least 30 origins", "fold 1 of 20", "fewer folds")),
        (("--folds", "2", "--window", "wide"), ("expanding or sliding", "'wide'")),
        (("--folds", "2", "--window-rows", "200"), ("goes with a sliding window",)),
        (("--folds", "2", "--gap", "0"), ("at least the horizon, 1", "Received: 0")),
        (("--folds", "2", "--warm-start"), ("needs a network", "Received: cone")),
    ],
    ids=str,
)
def test_walk_forward_refusals(run, prices, command, words):
    refused(run("backtest", "--data", prices, "--network", "cone", *command), *words)


def test_a_saved_model_is_tested_on_all_candles_after_its_cutoff(run, tmp_path):
    card = json.loads(run("models", "show", "btc-1h-lstm-close", "--json")[1])
    cutoff = pd.Timestamp(card["cutoff"])
    history = synthetic.history(1200)
    times = pd.date_range(cutoff - pd.Timedelta("99h"), periods=1200, freq="h", name="time")
    path = tmp_path / "BTCUSDT.csv"
    price_file.write(dataclasses.replace(history, candles=history.candles.set_axis(times)), path)
    command = ("backtest", "--model", "btc-1h-lstm-close", "--data", path, "--json")
    status, out, err = run(*command, "--since", "cutoff")
    assert status == 0, err
    result = json.loads(out)
    first = (cutoff + pd.Timedelta("1h")).isoformat()
    assert (result["split"]["test_start"], result["split"]["test_origins"]) == (first, 1100 - 1)
    assert not result["verdict"]["sentence"].startswith("Not a fair test")
    share = json.loads(run(*command, "--test", f"{1100 / 1200:.12f}")[1])
    assert share["scores"] == result["scores"]
    assert json.loads(run(*command, "--since", first)[1])["scores"] == result["scores"]
    refused(run(*command, "--since", "cutoff", "--test", "0.5"), "`test` or `since`")
    refused(run(*command, "--test", "0.96"), "between 0.05 and 0.95")
    refused(run(*command, "--since", "soon"), "--since")


def test_any_other_model_is_fitted_before_the_last_half(run, prices):
    for network in ("cone", "dense"):
        command = ("backtest", "--data", prices, "--network", network)
        refused(run(*command, "--test", "0.6"), "between 0.05 and 0.5")
        refused(run(*command, "--since", "cutoff"), "--model")


def test_a_saved_model_is_not_refitted(run, prices):
    for option in ("--folds=2", "--warm-start", "--window-rows=9"):
        answer = run("backtest", "--model", "tiny", "--data", prices, option)
        refused(answer, "keeps its own settings", option.split("=")[0])


# ---------------------------------------------------------------------------- models, forecast


def test_forecast_gives_the_librarys_numbers(trained, run, prices):
    status, out, _ = run("forecast", "--model", "tiny", "--data", prices, "--json")
    result = json.loads(out)
    service = Service(Settings.from_environment())
    saved = service.saved_models.load("tiny")
    next_steps = service.forecasts.next_steps(service.prices.read(prices, prices.name), saved.model)
    medians = [step["median"] for step in result["steps"]]
    assert status == 0
    assert medians == next_steps.forecast.predicted[0].tolist()
    assert result["origin"] == "2024-01-25T23:00:00+00:00"
    assert result["steps"][1]["time"] == "2024-01-26T01:00:00+00:00"
    assert result["steps"][1]["closes_at"] == "2024-01-26T02:00:00+00:00"
    text = run("forecast", "--model", "tiny", "--data", prices)[1]
    assert f"last close, ${next_steps.forecast.close[0]:.2f} at 2024-01-26 00:00 UTC." in text
    (row,) = [line for line in text.splitlines() if line.startswith("2 ")]
    assert row.split()[1:3] == ["2024-01-26", "02:00"]
    assert "This forecast combines the dense network" in text


@pytest.mark.parametrize("name", ["stack", "dense", "har"])
def test_forecast_of_a_member_has_its_figures_and_its_verdict(name, trained, run, prices):
    command = ("forecast", "--model", "tiny", "--data", prices, "--predictor", name)
    result = json.loads(run(*command, "--json")[1])
    service = Service(Settings.from_environment())
    history, model = (
        service.prices.read(prices, prices.name),
        service.saved_models.load("tiny").model,
    )
    steps = service.forecasts.next_steps(history, model, predictor=name)
    assert result["predictor"] == name
    assert [step["median"] for step in result["steps"]] == steps.forecast.predicted[0].tolist()
    assert [each["name"] for each in result["members"]] == (
        ["dense", "har"] if name == "stack" else []
    )
    assert all(len(each["weight"]) == len(result["steps"]) for each in result["members"])
    tested = json.loads(run("backtest", "--model", "tiny", "--data", prices, "--json")[1])
    if name == "har":
        assert result["verdict"]["skill"] == 0
    else:
        assert result["verdict"] == tested["verdicts"][name]
    sentence = result["verdict"]["sentence"]
    assert run(*command)[1].startswith(f"Test of {name} (tiny) on these prices: {sentence}\n")


def test_forecast_of_another_predictor_is_refused(trained, run, prices):
    command = ("forecast", "--model", "tiny", "--data", prices, "--predictor", "cone")
    status, out, err = run(*command)
    assert (status, out) == (2, "")
    assert "`predictor` must be one of stack, dense, har. Received: 'cone'." in err


def test_forecast_of_what_comes_next_labels_simulated_prices(trained, run):
    status, out, err = run("forecast", "--model", "tiny")
    assert status == 0
    assert out.startswith("Test of stack (tiny) on these prices: ")
    assert "SIMULATED" in out
    assert "note:" in err
    result = json.loads(run("forecast", "--model", "tiny", "--coin", "ETH", "--json")[1])
    assert (result["data"]["coin"], result["data"]["simulated"]) == ("ETH", True)
    assert any("learnt from BTC" in warning for warning in result["warnings"])


def test_forecast_gives_the_chance_of_each_level(trained, run, prices):
    options = ["--above", "120", "--below", "80", "--above", "1e-3"]
    result = json.loads(run("forecast", "--model", "tiny", "--data", prices, *options, "--json")[1])
    service = Service(Settings.from_environment())
    next_steps = service.forecasts.next_steps(
        service.prices.read(prices, prices.name), service.saved_models.load("tiny").model
    )
    command = probability.of_next_steps(next_steps, [120, 0.001], [80])
    assert [(one["level"], one["direction"]) for one in result["odds"]] == [
        (120, "above"), (0.001, "above"), (80, "below"),
    ]  # fmt: skip
    for one, expected in zip(result["odds"], command, strict=True):
        assert [step["probability"] for step in one["steps"]] == expected.by_step.clip(
            0.01, 0.99
        ).tolist()
        assert [step["time"] for step in one["steps"]] == [s["time"] for s in result["steps"]]
    text = run("forecast", "--model", "tiny", "--data", prices, *options)[1]
    (header,) = [line for line in text.splitlines() if "below $80.00" in line]
    assert re.split(r" {2,}", header) == [
        "step", "above $120.00", "above $0.001000", "below $80.00",
    ]  # fmt: skip
    assert command[0].by_step[0] < 0.01 < 0.99 < command[1].by_step[0]
    assert re.split(r" {2,}", text.splitlines()[-2])[1:] == ["< 1%", "> 99%", "< 1%"]
    assert "200 are needed." in text
    assert result["calibration"] is None
    assert "turned out, from" in run("forecast", "--model", "tiny", "--coin", "BTC")[1]
    plain = run("forecast", "--model", "tiny", "--data", prices)[1]
    assert "Chance" not in plain
    assert (
        json.loads(run("forecast", "--model", "tiny", "--data", prices, "--json")[1])["odds"] == []
    )


def test_forecast_gives_the_chance_of_touching_and_the_paths(trained, run, prices, tmp_path):
    last = json.loads(run("forecast", "--model", "tiny", "--data", prices, "--json")[1])
    assert last["touch"] == []
    assert last["extremes"] is None
    levels = [round(last["last_close"] * times, 2) for times in (1.02, 0.97)]
    target = tmp_path / "paths.csv"
    options = ["--data", prices, *(f"--touch={level}" for level in levels), "--paths", target]
    result = json.loads(run("forecast", "--model", "tiny", *options, "--json")[1])
    service = Service(Settings.from_environment())
    steps = service.forecasts.next_steps(
        service.prices.read(prices, prices.name), service.saved_models.load("tiny").model
    )
    touches = service.forecasts.touch(steps, levels)
    assert result["touch"] == [
        {"price": one.price, "probability": one.by_step.clip(0.01, 0.99).tolist()}
        for one in touches
    ]
    assert [step["step"] for step in result["extremes"]] == [
        step["step"] for step in result["steps"]
    ]
    assert result["paths"] == str(target)
    table = pd.read_csv(target)
    assert len(table) == 1000 * len(result["steps"])
    up = (table.groupby("path")["high"].max() >= levels[0]).mean()
    assert up == pytest.approx(touches[0].by_step[-1], abs=0.01)
    refused(run("forecast", "--model", "tiny", *options), "exists already")
    text = run("forecast", "--model", "tiny", *options, "--force")[1]
    assert "Probability of touching, by each step:" in text
    assert f"{touches[1].by_step[0]:.1%}" in text
    assert "largest fall" in text
    assert f"Paths written to {target}." in text
    refused(run("forecast", "--model", "tiny", "--paths", "paths.txt"), "paths.txt")


@pytest.mark.parametrize("level", ["0", "-5", "nan", "inf", "1e999", "much", ""])
@pytest.mark.parametrize("option", ["--above", "--below", "--touch"])
def test_a_level_that_is_no_price_is_refused(run, option, level):
    refused(run("forecast", "--model", "tiny", "--coin", "BTC", f"{option}={level}"), "Received: ")


def test_more_levels_than_anyone_needs_are_refused(run):
    for options in (["--above=1"] * 21, ["--touch=1"] * 21, ["--above=1", "--touch=1"] * 11):
        refused(run("forecast", "--model", "tiny", *options), "At most 20 price levels")


def test_forecasting_needs_no_tensorflow(trained, prices):
    environ = {"PYTHONPROFILEIMPORTTIME": "1", "CRYPTOFORECAST_DEBUG": "1"}
    done = process("forecast", "--model", "tiny", "--data", prices, **environ)
    assert done.returncode == 0
    assert "cryptoforecast.learning.inference" in done.stderr
    assert not re.search(r"\| +(tensorflow|keras)$", done.stderr, re.MULTILINE)


def test_models_are_listed_shown_and_deleted(trained, run):
    result = json.loads(run("models", "list", "--json")[1])
    tiny = next(model for model in result if model["name"] == "tiny")
    assert (tiny["network"], tiny["coin"], tiny["needs"]) == ("dense", "BTC", 9)
    assert (tiny["shipped"], tiny["lookback"], tiny["horizon"]) == (False, 8, 2)
    assert tiny["scores"]["dense"].keys() == FIGURES
    assert json.loads(run("models", "show", "tiny", "--json")[1]) == tiny
    text = run("models", "show", "tiny")[1]
    assert text.splitlines()[0] == tiny["verdict"]
    assert "return, range" in text
    assert "tiny" in run("models", "list")[1]
    assert run("models", "rename", "tiny", "small")[:2] == (0, "Renamed tiny to small.\n")
    refused(run("models", "rename", "small", "btc-1h-dense"), "Choose another name")
    refused(run("models", "rename", "small", "../small"), "small letters")
    assert json.loads(run("models", "rename", "small", "tiny", "--json")[1]) == {
        "renamed": "small",
        "name": "tiny",
    }
    assert run("models", "delete", "tiny")[:2] == (0, "Deleted tiny.\n")
    refused(run("models", "show", "tiny"), "No saved model is named tiny")
    refused(run("models", "delete", "tiny"), "tiny")
    refused(run("models", "rename", "tiny", "small"), "tiny")


def test_a_damaged_model_hides_no_other(trained, run):
    shutil.copytree(trained / "models/tiny", trained / "models/broken")
    (trained / "models/broken/weights.npz").write_bytes(b"no")
    status, out, err = run("models", "list", "--json")
    assert status == 0
    assert "tiny" in {model["name"] for model in json.loads(out)}
    assert "broken is left out" in err
    refused(run("forecast", "--model", "broken", "--coin", "BTC"), "broken", "can't be read")


def test_shipped_models_stay(run, home):
    names = {path.parent.name for path in (ROOT / "models").glob("*/bundle.json")}
    if not names:
        pytest.skip("no model is shipped yet")
    name = min(names)
    refused(run("models", "delete", name), "can't be deleted")
    refused(run("models", "rename", name, "mine"), "can't be renamed")
    taken = ("train", "--coin", "BTC", "--force", "--save", name)
    refused(run(*taken), "Choose another name")
    assert (ROOT / "models" / name / "bundle.json").is_file()


# ---------------------------------------------------------------------------- inspect


def test_inspect_describes_a_file(run, prices):
    status, out, _ = run("inspect", prices, "--json")
    result = json.loads(out)
    assert (status, result["readable"], result["interval"], result["rows"]) == (0, True, "1h", 600)
    assert result["start"] == "2024-01-01T00:00:00+00:00"
    assert result["first"]["close"] == pytest.approx(synthetic.history().candles["close"].iloc[0])
    text = run("inspect", prices)[1]
    assert "600 candles" in text
    assert "missing candles: 0" in text


def test_inspect_refuses_in_both_forms(run, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1,2\n")
    refused(run("inspect", bad), "bad.csv")
    status, out, err = run("inspect", bad, "--json")
    result = json.loads(out)
    assert (status, result["readable"]) == (2, False)
    assert result["reason"] in err
    assert result["rows"] is None


@pytest.mark.parametrize(
    "option", [("--interval=7h",), ("--coin=../x",), ("--columns=time=a\nb",)], ids=str
)
def test_an_option_that_can_not_be_meant_says_nothing_about_the_file(run, prices, option):
    status, out, err = run("inspect", prices, "--json", *option)
    assert (status, out) == (2, "")
    assert "Traceback" not in err


@pytest.mark.parametrize("option", ["--start=1700-01-01", "--end=1680-01-01"])
def test_a_time_that_no_span_reaches_is_refused(run, option):
    refused(run("fetch", "--coin", "BTC", option, "--to", "x.csv"), "from 1900 on")


# ---------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    "options",
    [
        "--units abc", "--units 64,,32", "--units 0", "--units -5", "--units 1,2,3,4,5",
        "--units 99999999999999999999", "--lookback -1", "--lookback 0", "--lookback 1e3",
        "--lookback 1e400", "--lookback 501", "--horizon 0", "--horizon 49", "--dropout nan",
        "--dropout inf", "--dropout 1", "--dropout 1e400", "--learning-rate 0",
        "--learning-rate -1", "--learning-rate x", "--batch-size 0", "--epochs 0",
        "--epochs 1000000", "--patience -1", "--chunk 0", "--schedule linear", "--target close",
        "--loss mae", "--training all", "--features nothing", "--features return,return",
        "--features ,", "--test 0", "--test 1", "--test nan", "--validation 0.9", "--seed -1",
        "--seed 99999999999999999999", "--preset slow", "--network transformer",
        "--network ../../x", "--interval 2h", "--look 5", "extra",
    ],
)  # fmt: skip
def test_a_wrong_option_is_refused_in_one_line(run, prices, options):
    refused(run("backtest", "--data", prices, *options.split()))


@pytest.mark.parametrize(
    "option", ["--features", "--units", "--network", "--preset", "--save", "--coin", "--interval"]
)
def test_an_empty_or_hostile_value_is_refused(run, prices, option):
    for value in ("", " ", "\x00", "\n\n", "x" * 10_000, "é" * 30, "'; rm -rf /"):
        refused(run("train", "--data", prices, f"{option}={value}"))


@pytest.mark.parametrize(
    "options",
    [
        "--coin BTC --start yesterday", "--coin BTC --start 2024-13-01",
        "--coin BTC --start 99999-01-01", "--coin BTC --start 9999-01-01",
        "--coin BTC --start 2024-02-01 --end 2024-01-01", "--coin BTC --days 0",
        "--coin BTC --days -3", "--coin BTC --days nan", "--coin BTC --days 1e400",
        "--coin BTC --days 5 --start 2024-01-01", "--coin BTC --end 0001-01-01 --days 3000",
        "--coin ../../x", "--coin BTC-XYZ", "--coin BTC --interval 7h", "", "--coin zzzz",
        "--coin AAPL --prices any", "--coin BTC --prices simulated", "--coin BTC --prices=",
    ],
)  # fmt: skip
def test_a_wrong_choice_of_prices_is_refused(run, options):
    status, out, err = run("backtest", "--network", "naive", *options.split())
    assert (status, out) == (2, "")
    assert "Traceback" not in err


@pytest.mark.parametrize("rows", [2, 5, 50, 150])
def test_a_short_file_is_refused_with_how_much_is_missing(run, tmp_path, rows):
    path = tmp_path / "BTCUSD.csv"
    price_file.write(synthetic.history(rows), path)
    for command in ("backtest", "train"):
        refused(run(command, "--data", path), f"from {rows} candles", "of about 444 candles")
    refused(run("backtest", "--network", "naive", "--data", path), "of about 155 candles")


def test_a_dead_market_is_not_trained_on(run, tmp_path):
    path = tmp_path / "BTCUSD.csv"
    price_file.write(synthetic.dead(synthetic.history(900), 400), path)
    for command in ("backtest", "train"):
        refused(run(command, "--data", path, *TINY), "400 of 900 candles (44%)", "flat_tail")
    status, out, _ = run("backtest", "--network", "naive", "--data", path, "--json")
    assert status == 0
    assert "the market seems dead" in "".join(json.loads(out)["notes"])


@pytest.mark.parametrize("command", ["train", "backtest", "backtest --folds 2"])
def test_an_input_that_is_not_there_is_refused_in_one_line(run, tmp_path, command):
    path = tmp_path / "no_volume.csv"
    synthetic.history(900).candles.drop(columns="volume").to_csv(path)
    answer = run(*command.split(), "--data", path, "--features", "return,volume")
    refused(answer, "Received: volume, which never does (these prices have no volume).")


def test_a_redenominated_coin_is_told_and_repaired_when_asked(run, tmp_path):
    path, target = tmp_path / "BTTUSDT.csv", tmp_path / "rescaled.csv"
    candles = synthetic.history(900).candles
    candles.iloc[400:, :4] *= 1000
    candles.iloc[400:, 4] /= 1000
    candles.to_csv(path)
    report = json.loads(run("inspect", path, "--json")[1])
    (problem,) = report["problems"]
    assert (problem["kind"], problem["first_line"]) == ("level_shift", 402)
    assert problem["repairs"] == ["level_shift_cut", "level_shift_rescale"]
    named = "(repairs: level_shift_cut, level_shift_rescale; --repair NAME)"
    assert named in run("inspect", path)[1]
    text = run("backtest", "--network", "cone", "--data", path)[1]
    assert "The unit of the coin changed at 2024-01-17 16:00 UTC." in text
    run("convert", path, "--repair", "level_shift_rescale", "--to", target)
    again = run("backtest", "--network", "cone", "--data", target)[1]
    assert "The unit" not in again
    scores = [line for line in text.splitlines() if line.startswith("cone")]
    assert scores == [line for line in again.splitlines() if line.startswith("cone")]


def test_files_that_are_none_are_refused(run, tmp_path, prices):
    binary = tmp_path / "noise.csv"
    binary.write_bytes(np.random.default_rng(0).bytes(5000))
    empty = tmp_path / "empty.csv"
    empty.touch()
    hidden = tmp_path / "hidden.csv"
    hidden.write_text("x")
    none = (tmp_path, tmp_path / "nothing.csv", os.devnull, prices / "x", "a\x00b", "x" * 300)
    for path in (*none, binary, empty, hidden):
        for command in (("backtest", "--network", "naive", "--data"), ("inspect",)):
            refused(run(*command, path))
    refused(run("backtest", "--network", "naive", "--data", prices, "--days", "5"), "--days")


@pytest.mark.parametrize("name", ["../../x", "/etc", "", ".", "A", "a b", "x" * 65, "é", "a\x00"])
def test_a_name_that_is_no_name_is_refused(run, prices, name, home):
    for command in (
        ["models", "show", name],
        ["models", "delete", name],
        ["forecast", "--model", name, "--data", prices],
        ["train", "--data", prices, f"--save={name}"],
        ["backtest", f"--model={name}", "--data", prices],
    ):
        refused(run(*command))
    assert not (home / "models").exists()


def test_a_taken_name_is_refused_before_training(trained, run, prices, monkeypatch):
    monkeypatch.setattr("cryptoforecast.learning.training.train", None)
    command = ("train", "--data", prices, *TINY, "--seed", "5", "--save", "tiny")
    refused(run(*command), "--force")
    assert len(list((trained / "results").iterdir())) == 1


def test_force_replaces_a_model_of_ones_own(trained, run, prices):
    before = (trained / "models/tiny/bundle.json").read_text()
    done = run("train", "--data", prices, *TINY, "--save", "tiny", "--force")
    assert done[0] == 0
    assert "Saved as tiny." in done[1]
    assert (
        json.loads((trained / "models/tiny/bundle.json").read_text())["spec"]
        == (json.loads(before)["spec"])
    )


def test_a_saved_models_settings_are_its_own(trained, run, prices):
    command = ("backtest", "--model", "tiny", "--data", prices, "--lookback", "5")
    refused(run(*command), "--lookback", "--model")


def test_a_baseline_is_not_trained(run, prices):
    refused(run("train", "--data", prices, "--network", "naive"), "backtest")


def test_too_short_a_history_is_refused(run, tmp_path):
    price_file.write(synthetic.history(50), tmp_path / "short.csv")
    refused(run("backtest", "--data", tmp_path / "short.csv", "--network", "naive"), "origins")


@pytest.mark.parametrize("args", [("models",), ("nothing",), ("models", "burn", "x")])
def test_an_unknown_command_is_refused(run, args):
    refused(run(*args))


def test_wrong_settings_are_refused(run, monkeypatch):
    monkeypatch.setenv("CRYPTOFORECAST_LIVE", "perhaps")
    refused(run("models", "list"), "CRYPTOFORECAST_LIVE")


def test_a_surprise_is_one_line_and_status_1(run, monkeypatch):
    def fail(service):
        raise ZeroDivisionError("by\nnought")

    monkeypatch.setattr(SavedModelService, "all", fail)
    status, out, err = run("models", "list")
    assert (status, out) == (1, "")
    assert (
        err
        == "unexpected error: ZeroDivisionError: by nought (CRYPTOFORECAST_DEBUG=1 shows where)\n"
    )
    monkeypatch.setenv("CRYPTOFORECAST_DEBUG", "1")
    assert "Traceback" in run("models", "list")[2]


def test_help_and_version_go_to_stdout(run):
    for args in (["--help"], ["backtest", "--help"], ["models", "list", "--help"], ["--version"]):
        status, out, err = run(*args)
        assert (status, err) == (0, "")
        assert out


def test_without_a_command_the_help_is_shown(run):
    assert run() == run("--help")


def test_the_dashboard_is_streamlits_and_ctrl_c_ends_it(run, monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    calls = []

    def serve(name, **_):
        calls.append([name, *sys.argv])
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("runpy.run_module", serve)
    monkeypatch.setattr(sys, "argv", [])
    try:
        assert run("app", "--port=8600") == (130, "", "")
    finally:
        signal.signal(signal.SIGINT, before)
    script = str(ROOT / "app.py")
    options = ["--server.address=localhost", "--server.port=8600"]
    assert calls == [["streamlit", "streamlit", "run", script, *options]]


@pytest.mark.parametrize("port", ["0", "65536", "-1", "x", "1_0"])
def test_the_dashboard_needs_a_port_that_exists(run, port):
    refused(run("app", f"--port={port}"), "--port", "65535", port)


# ---------------------------------------------------------------------------- streams and signals


@unix
def test_a_reader_that_closes_the_pipe_is_no_failure(home):
    command = f"{sys.executable} -m cryptoforecast models list --json"
    code = f"{command} | head -c 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.endswith("0\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_a_failure(home):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cryptoforecast", "models", "list", "--json"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "No space" in done.stderr


@unix
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_do_not_crash_it(closed, prices, home):
    code = f"exec {sys.executable} -m cryptoforecast inspect {prices} {closed}"
    done = subprocess.run(
        ["bash", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert prices.read_text().startswith("time,")


def test_what_a_terminal_can_not_show_is_escaped(tmp_path):
    path = tmp_path / "Bitcoin é.csv"
    price_file.write(synthetic.history(), path)
    done = process("inspect", path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "600 candles" in done.stdout


LONG = [
    "--network", "lstm", "--epochs", "500", "--final", "0", "--lookback", "20", "--units", "64",
]  # fmt: skip


@pytest.fixture
def interruptible():
    """Hear Ctrl-C, and let children hear it, also where the tests run in the background.

    A shell starts background commands with the signal ignored, and children inherit that.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@unix
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("moment", ["note:", "epoch 1 of 500"], ids=["importing", "training"])
def test_ctrl_c_ends_a_training_long_before_its_end(moment, home):
    """Its stderr is a terminal, so that the updating line shows when training has begun."""
    leader, follower = os.openpty()
    command = [sys.executable, "-m", "cryptoforecast", "train", "--coin", "BTC", "--days", "90"]
    child = subprocess.Popen(
        [*command, *LONG, "--save", "never", "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=follower,
    )
    os.close(follower)
    try:
        seen = _read_until(leader, moment)
        child.send_signal(signal.SIGINT)
        status = child.wait(60)  # 500 epochs take several minutes
        seen += _rest(leader)
    finally:
        child.kill()
        answer, _ = child.communicate()
        os.close(leader)
    assert status == 130, seen
    assert answer == b""
    assert "Interrupted." in seen
    assert "Traceback" not in seen
    assert not (home / "models").exists()


@unix
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_does_not_wait_for_work_that_does_not_stop(monkeypatch, capsys):
    """Native code, for example, never checks whether it should stop."""
    started, release, finished = threading.Event(), threading.Event(), threading.Event()

    def stubborn(service):
        started.set()
        release.wait(60)
        finished.set()
        return []

    monkeypatch.setattr(SavedModelService, "all", stubborn)
    threading.Thread(
        target=lambda: started.wait(60) and os.kill(os.getpid(), signal.SIGINT), daemon=True
    ).start()
    try:
        assert cli.main(["models", "list"]) == 130
        assert not finished.is_set()
    finally:
        release.set()
    assert capsys.readouterr() == ("", "Interrupted.\n")


@unix
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_asks_the_work_to_stop(monkeypatch, capsys):
    started, stopped = threading.Event(), threading.Event()

    def patient(service, args, cancelled):
        started.set()
        until = time.monotonic() + 10
        while not cancelled() and time.monotonic() < until:
            time.sleep(0.01)
        if cancelled():
            stopped.set()

    def interrupt():
        started.wait(60)
        time.sleep(0.2)  # until the first thread waits for the work
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("cryptoforecast.cli.commands.answer", patient)
    threading.Thread(target=interrupt, daemon=True).start()
    assert cli.main(["models", "list"]) == 130
    assert stopped.wait(15)
    assert capsys.readouterr() == ("", "Interrupted.\n")


def _read_until(descriptor, words):
    seen, until = "", time.monotonic() + 120
    while words not in seen:
        ready, _, _ = select.select([descriptor], [], [], max(0, until - time.monotonic()))
        assert ready, f"{words!r} never came: {seen}"
        seen += os.read(descriptor, 4096).decode(errors="replace")
    return seen


def _rest(descriptor):
    seen = b""
    while True:
        try:
            part = os.read(descriptor, 4096)
        except OSError:  # the other end is closed
            return seen.decode(errors="replace")
        if not part:
            return seen.decode(errors="replace")
        seen += part


# ---------------------------------------------------------------------------- progress


class Stream:
    def __init__(self, terminal):
        self.terminal = terminal

    def isatty(self):
        return self.terminal


def reports(meter, count=3):
    curve = (EpochLoss(1, 0.5, 0.25, 4.0),)
    for i in range(count):
        meter(Progress(2, 4, 0.25 + 0.25 * i, 5.0, curve))
    meter.close()


def test_a_terminal_gets_one_line_that_updates(capsys):
    reports(Meter("Training lstm", Stream(True)))
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert shown.count("\r") == 3
    assert "Training lstm: epoch 2 of 4, loss 0.5, validation 0.25, 5 s, about 15 s left" in shown


def test_the_last_report_says_what_goes_on_after_training():
    folded = Meter("Training lstm", Stream(False)).line(Progress(2, 5, 0.5, 8.0, (), 3, 4))
    assert folded == "Training lstm: fold 3 of 4, epoch 2 of 5, 8 s, about 8 s left"
    line = Meter("Training lstm", Stream(False)).line(Progress(4, 4, 1.0, 5.0))
    assert line == "Training lstm: epoch 4 of 4, 5 s, trained; testing it now"


def test_a_log_gets_a_line_now_and_then(capsys, monkeypatch):
    clock = iter([0.0, 4.9, 5.0, 5.0, 7.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    reports(Meter("Training lstm", Stream(False)))
    shown = capsys.readouterr().err
    assert shown.count("Training lstm: epoch 2 of 4") == 1
    assert "\r" not in shown


def test_reading_a_file_shows_each_percent_once_on_a_terminal(capsys):
    reading = Reading("x\n.csv", Stream(True))
    for share in (0.001, 0.005, 0.5, 0.501, 1.0):
        reading(share)
    reading.close()
    shown = capsys.readouterr().err
    assert [line.split(": ")[1] for line in shown.split("\r\x1b[K")[1:]] == [
        "0 %",
        "50 %",
        "100 %\n",
    ]
    assert shown.count("\n") == 1


def test_page_and_command_ask_the_same_question(trained, run):
    """A forecast of the coin's live prices: command, library and API share every digit."""
    result = json.loads(run("forecast", "--model", "tiny", "--coin", "BTC", "--json")[1])
    service = shared()
    next_steps = service.forecasts.next_steps(
        service.prices.history(MarketQuery("BTC", "1h")), service.saved_models.load("tiny").model
    )
    medians = [step["median"] for step in result["steps"]]
    assert medians == next_steps.forecast.predicted[0].tolist()
    assert next_steps.calibration is not None
    assert [list(step["quantiles"].values()) for step in result["steps"]] == (
        next_steps.forecast.quantile_prices[0].tolist()
    )
