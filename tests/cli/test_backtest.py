"""`backtest` and `train`: their answers, their options, and what reaches which stream."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import pandas as pd
import pytest

from cryptoforecast import json_views
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.prices.files import writing
from cryptoforecast.service import Service
from cryptoforecast.settings import Settings
from tests import synthetic
from tests.cli.processes import FIGURES, ROOT, TINY
from tests.command_line import refused


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


def test_settings_of_networks_are_noted_for_a_baseline(run, prices):
    """They change nothing, and a comparison of predictors gives the same options to all."""
    command = ("backtest", "--data", prices, "--network", "har", "--horizon", "2", "--test", "0.3")
    assert "note:" not in run(*command)[2]
    status, _, err = run(*command, "--lookback", "9", "--batch-size", "16")
    assert status == 0
    note = "note: har ignores --lookback, --batch-size: only networks have such settings.\n"
    assert err == note


@pytest.mark.parametrize("more", [(), ("--folds", "2"), ("--network", "har")], ids=str)
def test_a_baseline_is_a_model_too(run, prices, more):
    command = ("backtest", "--data", prices, "--horizon", "2", "--json")
    by_network = ("--network", "har", *more) if "--network" not in more else more
    results = []
    for names in (("--model", "har", *more), by_network):
        status, out, err = run(*command, *names)
        assert status == 0, err
        results.append(json.loads(out))
        results[-1]["data"].pop("fetched_at")
    assert results[0] == results[1]
    assert results[0]["spec"]["network"] == "har"


def test_a_baseline_is_named_once(run, prices):
    answer = run("backtest", "--data", prices, "--model", "har", "--network", "lstm")
    refused(answer, "Received: har and 'lstm'", "Leave one out")


def test_a_saved_model_of_the_name_of_a_baseline_comes_first(trained, run, prices):
    (trained / "models/tiny").rename(trained / "models/har")
    assert json.loads(run("backtest", "--data", prices, "--model", "har", "--json")[1])["model"]


def test_a_saved_model_is_tested_on_all_candles_after_its_cutoff(run, tmp_path):
    card = json.loads(run("models", "show", "btc-1h-lstm-close", "--json")[1])
    cutoff = pd.Timestamp(card["cutoff"])
    history = synthetic.history(1200)
    times = pd.date_range(cutoff - pd.Timedelta("99h"), periods=1200, freq="h", name="time")
    path = tmp_path / "BTCUSDT.csv"
    writing.write(dataclasses.replace(history, candles=history.candles.set_axis(times)), path)
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
