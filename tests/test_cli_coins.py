"""Methods by name, several coins in one table, and every predictor side by side."""

from __future__ import annotations

import io
import json

import pandas as pd
import pytest

import cryptoforecast as cf
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.prices.files import writing
from cryptoforecast.service import shared
from cryptoforecast.service.outlooks import Question
from tests import synthetic
from tests.command_line import refused, runner


@pytest.fixture(scope="module")
def prices(tmp_path_factory):
    """A price file of a random walk."""
    path = tmp_path_factory.mktemp("prices") / "BTCUSD.csv"
    writing.write(synthetic.history(), path)
    return path


@pytest.fixture
def run(capsys):
    return runner(capsys)


@pytest.mark.parametrize("name", ["har", "cone", "naive"])
def test_a_method_forecasts_without_a_saved_model(run, prices, name):
    status, out, _ = run("forecast", "--model", name, "--data", prices, "--horizon", 3, "--json")
    result = json.loads(out)
    assert (status, result["model"], result["predictor"]) == (0, name, name)
    assert len(result["steps"]) == 3
    verdict = result["verdict"]
    assert verdict["baseline"] == "naive"
    # The same numbers as the library's service gives.
    history = shared().prices.read(prices, prices.name)
    expected = shared().outlooks.of(history, name, Question(horizon=3))
    assert result["steps"] == json.loads(json.dumps(expected.json()))["steps"]
    text = run("forecast", "--model", name, "--data", prices, "--above", "1")[1]
    assert text.startswith(f"Test of {name} on these prices: {verdict['sentence'][:8]}")
    assert "> 99%" in text


def test_a_methods_options_are_refused_early(run, prices):
    command = ("forecast", "--data", prices)
    refused(run(*command, "--model", "har", "--horizon", 0), "`horizon` must be 1 to")
    refused(run(*command, "--model", "har", "--predictor", "cone"), "`predictor` must be har")
    refused(run(*command, "--model", "btc-1h-dense", "--horizon", 3), "`horizon` must be 24")
    refused(run(*command, "--model", "prophet"), "No saved model is named prophet")


def test_several_coins_are_forecast_in_one_table(run):
    command = ("forecast", "--model", "har", "--days", "60", "--coins")
    status, out, err = run(*command, "BTC,ETH,zzzz")
    assert status == 0
    lines = out.splitlines()
    assert lines[0].startswith("SIMULATED PRICES")
    assert lines[1].split()[0] == "coin"
    assert [line.split()[0] for line in lines[2:4]] == ["BTC", "ETH"]
    assert all(line.endswith((" no", " yes")) for line in lines[2:4])
    assert "note: zzzz is left out." in err
    notes = [line for line in err.splitlines() if "left out" not in line]
    assert [note.split()[1] for note in notes] == ["BTC:", "ETH:"]
    bitcoin, ether, unknown = json.loads(run(*command, "BTC,ETH,zzzz", "--json")[1])
    assert (unknown["forecast"], bitcoin["error"], ether["error"]) == (None, None, None)
    assert "ZZZZ" in unknown["error"]
    alone = json.loads(run(*command[:-1], "--coin", "ETH", "--json")[1])
    assert ether["forecast"]["steps"] == alone["steps"]
    assert [warning.split(":")[0] for warning in alone["warnings"]] == [
        "These prices are simulated"
    ]  # which the first line tells
    assert not lines[4:]
    assert ether["forecast"]["verdict"] == alone["verdict"]
    refused(run(*command, "zzzz,yyyy"), "ZZZZ")


def test_several_coins_are_tested_in_one_table(run):
    command = ("backtest", "--network", "cone", "--days", "60")
    status, out, _ = run(*command, "--coins", "BTC,ETH")
    assert status == 0
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()[2:]}
    results = json.loads(run(*command, "--coins", "BTC,ETH", "--json")[1])
    alone = json.loads(run(*command, "--coin", "ETH", "--json")[1])
    assert results[1]["backtest"]["scores"] == alone["scores"]
    ratio = alone["scores"]["cone"]["pinball"] / alone["scores"]["naive"]["pinball"]
    assert rows["ETH"][2] == f"{ratio:.4f}"
    saved = ("backtest", "--model", "btc-1h-lstm-close", "--days", "60", "--coins", "BTC")
    (result,) = json.loads(run(*saved, "--json")[1])
    assert result["backtest"]["model"] == "btc-1h-lstm-close"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("forecast --model har --coins BTC,BTC", "different coins"),
        ("forecast --model har --coins ,", "different coins"),
        ("forecast --model har --coins BTC --coin ETH", "--coin or --coins"),
        ("forecast --model har --coins BTC --above 5", "one coin only"),
        ("forecast --model har --coins BTC --paths x.csv", "one coin only"),
        ("forecast --model har --coins BTC --data x.csv", "one coin only"),
        ("backtest --network cone --coins BTC --html x.html", "one coin only"),
        ("search --coins BTC --save-preset x.json", "--save-preset goes with one coin only"),
        ("backtest --network cone --coins BTC,ETH --lookback 1000", "lookback"),
        ("backtest --network cone --coin BTC --style nixtla", "--forecasts FILE"),
        ("backtest --network cone --coin BTC --style darts --forecasts x.csv", "cf or nixtla"),
    ],
)
def test_what_can_not_be_meant_is_refused(run, options, words):
    refused(run(*options.split()), words)


def test_every_predictor_is_written_as_nixtla_names_it(run, prices, tmp_path):
    file = tmp_path / "all.csv"
    command = ("backtest", "--data", prices, "--network", "cone", "--horizon", 2, "--forecasts")
    assert run(*command, file, "--style", "nixtla")[0] == 0
    frame = pd.read_csv(file)
    bands = [f"-{end}-{level}" for level in (50, 80, 90, 95) for end in ("lo", "hi")]
    assert list(frame)[:4] == ["unique_id", "ds", "cutoff", "y"]
    tested = [name for name in BASELINES if name in frame]
    assert {"naive", "cone", "har"} <= {*tested}
    assert {*frame} - {"unique_id", "ds", "cutoff", "y"} == {
        f"{name}{band}" for name in tested for band in ("", *bands)
    }
    library = cf.backtest(cf.read(prices), "cone", horizon=2).frame("nixtla")
    pd.testing.assert_series_equal(frame["cone-hi-80"], library["cone-hi-80"])
    piped = run(*command, "-", "--style", "nixtla")[1]
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(piped)), frame)
