"""``convert`` and ``fetch``: prices from one place into a file."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from cryptoforecast import cli
from cryptoforecast.prices import files
from tests import synthetic


@pytest.fixture
def run(capsys):
    """Run a command here; return its status, its JSON or None, and its stderr."""

    def run(*args):
        status = cli.main([*map(str, args), "--json"])
        out, err = capsys.readouterr()
        return status, json.loads(out) if out else None, err

    return run


@pytest.fixture
def prices(tmp_path):
    path = tmp_path / "ETHUSD_1h.csv"
    files.write(synthetic.history(600), path)
    return path


def test_convert_merges_and_reads_back_the_same(run, prices, tmp_path):
    to = tmp_path / "days.parquet"
    status, found, _ = run("convert", prices, "--interval", "1d", "--to", to)
    assert status == 0
    assert found["to"] == str(to)
    assert (found["data"]["coin"], found["data"]["interval"]) == ("ETH", "1d")
    expected = files.read(prices, prices.name, interval="1d").candles
    pd.testing.assert_frame_equal(files.read(to, "ETH.parquet").candles, expected)


@pytest.mark.parametrize("command", ["convert", "fetch"])
def test_nothing_is_overwritten_unless_asked(run, prices, tmp_path, command):
    to = tmp_path / "taken.csv"
    to.write_text("mine")
    what = [prices] if command == "convert" else ["--coin", "BTC", "--days", "5"]
    status, found, err = run(command, *what, "--to", to)
    assert (status, found) == (2, None)
    assert "--force" in err
    assert to.read_text() == "mine"
    assert run(command, *what, "--to", to, "--force")[0] == 0
    assert to.read_text().startswith("time,")


def test_an_unknown_kind_of_file_is_refused_before_reading(run, tmp_path):
    status, _, err = run("convert", tmp_path / "absent.csv", "--to", tmp_path / "x.xlsx")
    assert status == 2
    assert ".parquet" in err


def test_simulated_prices_are_fetched_with_their_label(run, tmp_path):
    to = tmp_path / "eth.csv.gz"
    status, found, err = run("fetch", "--coin", "ETH", "--interval", "1d", "--days", 30, "--to", to)
    assert status == 0
    assert found["data"]["simulated"] is True
    assert "simulated" in err
    assert files.read(to, "eth.csv.gz").simulated


def test_a_window_takes_a_start_or_a_number_of_days(run, tmp_path):
    both = ("--start", "2024-01-01", "--days", 3)
    status, _, err = run("fetch", "--coin", "ETH", *both, "--to", tmp_path / "x.csv")
    assert status == 2
    assert "--start or --days" in err
