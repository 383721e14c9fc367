"""Saved models and files on the command line, and what is refused in one line with the reason."""

from __future__ import annotations

import json
import os
import shutil

import numpy as np
import pytest

from cryptoforecast.prices.files import writing
from cryptoforecast.service import SavedModelService
from tests import synthetic
from tests.cli.processes import FIGURES, ROOT, TINY
from tests.command_line import refused


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


@pytest.mark.parametrize(
    ("command", "advice"),
    [
        ("models show har", "Use `backtest --model har` or `forecast --model har`."),
        ("models history cone", "Use `backtest --model cone`"),
        ("backtest --coin BTC --model lstm", "Use `backtest --network lstm`"),
        ("forecast --coin BTC --model dense", "Use `backtest --network dense`"),
        ("backtest --coins BTC,ETH --model lstm", "Use `backtest --network lstm`"),
    ],
)
def test_a_name_that_is_no_saved_models_is_told_its_command(run, command, advice):
    refused(run(*command.split()), "No saved model is named", advice)


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
    writing.write(synthetic.history(rows), path)
    for command in ("backtest", "train"):
        refused(run(command, "--data", path), f"from {rows} candles", "of about 444 candles")
    refused(run("backtest", "--network", "naive", "--data", path), "of about 155 candles")


def test_a_dead_market_is_not_trained_on(run, tmp_path):
    path = tmp_path / "BTCUSD.csv"
    writing.write(synthetic.dead(synthetic.history(900), 400), path)
    for command in ("backtest", "train"):
        refused(run(command, "--data", path, *TINY), "400 of 900 candles (44 %)", "flat_tail")
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
    writing.write(synthetic.history(50), tmp_path / "short.csv")
    refused(run("backtest", "--data", tmp_path / "short.csv", "--network", "naive"), "origins")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("models", ("required: ACTION", "(see cryptoforecast models --help)")),
        ("nothing", ("COMMAND must be one of app, ", "'nothing'", "(see cryptoforecast --help)")),
        ("models burn x", ("ACTION must be one of list, ", "'burn'")),
        ("forcast", ("no such command", "'forcast'", "Did you mean forecast?")),
        ("models lst", ("no such action", "'lst'", "Did you mean list?")),
        ("ledger recrd", ("Did you mean record?", "(see cryptoforecast ledger --help)")),
        ("--print-completion fsh", ("--print-completion must be one of", "Did you mean zsh?")),
        ("backtest --dta x", ("--dta x. Did you mean --data?", "(see cryptoforecast backtest ")),
        ("models list --jsn", ("--json?", "(see cryptoforecast models list --help)")),
        ("backtest --horizn=3", ("Received: --horizn=3. Did you mean --horizon?",)),
        ("backtest more words", ("Received: more words. (see cryptoforecast backtest --help)",)),
        ("--vers", ("Did you mean --version? (see cryptoforecast --help)",)),
    ],
)
def test_a_misspelt_word_is_refused_with_the_nearest_name(run, command, words):
    answer = run(*command.split())
    refused(answer, *words)
    if "Did you mean" in answer[2] and "--print" not in command:
        assert "one of" not in answer[2]


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
