"""``backtest --html`` and ``--forecasts``: written whole, never over what is there unasked."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from cryptoforecast import cli, html_report, json_views
from cryptoforecast.evaluation import backtest
from cryptoforecast.evaluation.leaderboard import leaderboard
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.learning import specs
from cryptoforecast.learning.specs import NETWORKS
from cryptoforecast.prices.files import price_file, writing
from tests import synthetic

TINY = ("--lookback=8", "--units=4", "--epochs=1", "--features=return,range")


@pytest.fixture(scope="module")
def prices(tmp_path_factory):
    path = tmp_path_factory.mktemp("prices") / "BTCUSD.csv"
    writing.write(synthetic.history(), path)
    return path


@pytest.fixture
def run(capsys):
    """Run ``backtest`` here; return its status, stdout and stderr."""

    def run(*args):
        capsys.readouterr()
        status = cli.main(["backtest", *map(str, args)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


@pytest.mark.parametrize("network", [*BASELINES, *NETWORKS])
def test_every_network_is_tested_beside_every_baseline(run, prices, network):
    settings = TINY if network in NETWORKS else ()
    status, out, err = run(
        "--data", prices, "--network", network, "--horizon=2", *settings, "--json"
    )
    assert status == 0, err
    result = json.loads(out)
    assert result["spec"]["network"] == network
    first = [] if network in BASELINES else ["stack"]
    assert set(result["scores"]) == {*BASELINES, network, *first}
    assert list(result["verdicts"]) == list(dict.fromkeys([*first, network]))
    assert result["verdict"] == result["verdicts"][(*first, network)[0]]
    assert result["verdict"]["sentence"]
    assert (result["training"] is None) == (network in BASELINES)
    assert "files" not in result


def test_a_report_and_the_forecasts_are_written(run, prices, tmp_path):
    page, table = tmp_path / "report.html", tmp_path / "forecasts.csv"
    command = ("--data", prices, "--network=cone", "--horizon=3", "--html", page)
    status, out, err = run(*command, "--forecasts", table, "--json")
    assert status == 0, err
    result = json.loads(out)
    assert result["files"] == {"html": str(page), "forecasts": str(table)}
    text = page.read_text("utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert result["verdict"]["sentence"].replace("'", "&#x27;") in text
    assert result["data"]["fingerprint"] in text
    frame = pd.read_csv(table)
    assert len(frame) == 3 * result["split"]["test_origins"]
    assert set(frame["predictor"]) == {"cone"}
    last = frame[frame["step"] == 3]
    assert last["residual"].abs().mean() == pytest.approx(result["scores"]["cone"]["mae"])
    assert [path.name for path in tmp_path.iterdir()] != []
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", ["a.csv.gz", "a.parquet"])
def test_forecasts_come_in_other_layouts(run, prices, tmp_path, name):
    status, out, err = run("--data", prices, "--network=naive", "--forecasts", tmp_path / name)
    assert status == 0, err
    assert f"Forecasts written to {tmp_path / name}" in out
    read = pd.read_parquet if name.endswith("parquet") else pd.read_csv
    assert set(read(tmp_path / name)["predictor"]) == {"naive"}


def test_folds_are_part_of_the_report(run, prices, tmp_path):
    page = tmp_path / "walk.html"
    status, out, _ = run("--data", prices, "--network=har", "--folds=3", "--html", page)
    assert status == 0
    assert f"Report written to {page}" in out
    assert "for each of 3 folds" in page.read_text("utf-8")


def test_a_shipped_model_gives_a_report_too(run, tmp_path):
    page = tmp_path / "saved.html"
    status, out, err = run("--coin=BTC", "--days=60", "--model=btc-1h-lstm-close", "--html", page)
    assert status == 0, err
    assert "Simulated prices, not a market" in page.read_text("utf-8")
    assert "Report written" in out


def test_the_leaderboard_is_the_librarys_own(run, prices):
    command = ("--data", prices, "--network=har", "--horizon=4", "--leaderboard=mae")
    status, out, err = run(*command, "--against=cone", "--step=2", "--json")
    assert status == 0, err
    board = json.loads(out)["leaderboard"]
    assert {name: board[name] for name in ("metric", "step", "reference")} == {
        "metric": "mae", "step": 2, "reference": "cone",
    }  # fmt: skip
    spec = specs.make(network="har", horizon=4)
    expected = leaderboard(
        backtest.holdout(price_file.read(prices, prices.name), spec), "mae", 2, "cone"
    )
    assert board == json_views.leaderboard_json(expected)
    assert {each["predictor"] for each in board["standings"]} == set(BASELINES)
    status, out, _ = run(*command)
    assert "Leaderboard by mae, step 4" in out
    assert "better than naive, %" in out
    assert "Intervals are corrected for the number of comparisons" in out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--leaderboard=speed"], "`metric` must be one of mae"),
        (["--leaderboard="], "`metric` must be one of"),
        (["--against=cone"], "Add --leaderboard METRIC"),
        (["--step=1"], "Add --leaderboard METRIC"),
        (["--leaderboard=mae", "--step=0"], "`step` must be 1 to the horizon"),
        (["--leaderboard=mae", "--against=lstm"], "`against` must be one of"),
    ],
)
def test_a_leaderboard_that_can_not_be_is_refused(run, prices, options, words):
    status, out, err = run("--data", prices, "--network=naive", *options)
    assert (status, out) == (2, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("option", ["--html", "--forecasts"])
def test_no_file_is_replaced_without_force(run, prices, tmp_path, option, monkeypatch):
    target = tmp_path / ("a.html" if option == "--html" else "a.csv")
    target.write_text("mine")
    status, out, err = run("--data", prices, "--network=naive", option, target)
    assert (status, out) == (2, "")
    assert "exists already" in err
    assert target.read_text() == "mine"
    status, _, err = run("--data", prices, "--network=naive", option, target, "--force")
    assert status == 0, err
    assert target.read_text() != "mine"


@pytest.mark.parametrize(
    ("option", "name", "words"),
    [
        ("--html", "report.txt", "must end in .html"),
        ("--html", "", "must end in .html"),
        ("--forecasts", "table.xlsx", "must end in .csv"),
    ],
)
def test_a_name_that_can_not_be_meant_is_refused_before_the_work(
    run, prices, tmp_path, option, name, words, monkeypatch
):
    monkeypatch.setattr("cryptoforecast.service.WalkForwardService.run", None)
    status, out, err = run("--data", prices, "--network=naive", option, tmp_path / name)
    assert (status, out) == (2, "")
    assert words in err


@pytest.mark.parametrize(("option", "name"), [("--html", "a.html"), ("--forecasts", "a.csv")])
def test_a_folder_that_is_not_there_is_refused_before_the_work(
    run, prices, tmp_path, option, name, monkeypatch
):
    monkeypatch.setattr("cryptoforecast.service.PriceService.read", None)
    status, _, err = run("--data", prices, "--network=naive", option, tmp_path / "no" / name)
    assert status == 2
    assert "can't be written" in err
    assert len(err.strip().splitlines()) == 1


def test_a_report_that_fails_leaves_nothing_half(run, prices, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(html_report, "page", lambda *_, **__: "x")
    monkeypatch.setattr("pathlib.Path.write_text", full)
    status, _, err = run("--data", prices, "--network=naive", "--html", tmp_path / "a.html")
    assert status == 2
    assert "No space left" in err
    assert list(tmp_path.iterdir()) == []
