"""``convert`` and ``fetch``: prices from one place into a file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pandas as pd
import pytest

from cryptoforecast import cli
from cryptoforecast.prices.files import price_file, writing
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
    writing.write(dataclasses.replace(synthetic.history(600), coin="ETH"), path)
    return path


def test_convert_merges_and_reads_back_the_same(run, prices, tmp_path):
    to = tmp_path / "days.parquet"
    status, result, _ = run("convert", prices, "--interval", "1d", "--to", to)
    assert status == 0
    assert result["to"] == str(to)
    assert (result["data"]["coin"], result["data"]["interval"]) == ("ETH", "1d")
    expected = price_file.read(prices, prices.name, interval="1d").candles
    pd.testing.assert_frame_equal(price_file.read(to, "ETH.parquet").candles, expected)


@pytest.mark.parametrize("command", ["convert", "fetch"])
def test_nothing_is_overwritten_without_force(run, prices, tmp_path, command):
    to = tmp_path / "taken.csv"
    to.write_text("mine")
    what = [prices] if command == "convert" else ["--coin=BTC", "--days=5", "--prices=any"]
    status, result, err = run(command, *what, "--to", to)
    assert (status, result) == (2, None)
    assert "--force" in err
    assert to.read_text() == "mine"
    assert run(command, *what, "--to", to, "--force")[0] == 0
    assert to.read_text().startswith("time,")


@pytest.mark.skipif(not Path("/proc/self/mem").is_file(), reason="needs a file of Linux's kernel")
def test_a_file_that_the_system_does_not_give_is_refused_with_its_reason(run):
    status, _, err = run("inspect", "/proc/self/mem")
    assert (status, err) == (2, "error: /proc/self/mem can't be read: Invalid argument.\n")


def test_an_unknown_kind_of_file_is_refused_before_reading(run, tmp_path):
    status, _, err = run("convert", tmp_path / "absent.csv", "--to", tmp_path / "x.xlsx")
    assert status == 2
    assert ".parquet" in err


def test_simulated_prices_are_fetched_with_their_label(run, tmp_path):
    to = tmp_path / "eth.csv.gz"
    status, result, err = run(
        "fetch", "--coin=ETH", "--interval=1d", "--days=30", "--prices=any", "--to", to
    )
    assert status == 0
    assert result["data"]["simulated"] is True
    assert "simulated" in err
    assert price_file.read(to, "eth.csv.gz").simulated


def test_a_window_takes_a_start_or_a_number_of_days(run, tmp_path):
    both = ("--start", "2024-01-01", "--days", 3)
    status, _, err = run("fetch", "--coin", "ETH", *both, "--to", tmp_path / "x.csv")
    assert status == 2
    assert "takes `start` or `days`" in err


# ---------------------------------------------------------------------------- corrections


@pytest.fixture
def odd(tmp_path):
    """Names no reader knows, dates that can be read in two ways, an outlier in row 30."""
    frame = synthetic.history(600).candles.copy()
    frame.index = frame.index[0].normalize() + pd.to_timedelta(range(600), "h")
    frame = frame[frame.index.day <= 12]
    frame.iloc[30, frame.columns.get_indexer(["high", "close"])] *= 4
    frame.index = frame.index.strftime("%d/%m/%Y %H:%M")
    path = tmp_path / "odd.csv"
    named = frame.rename(columns={"open": "first", "close": "last one"})
    named.rename_axis("when").to_csv(path, sep="!")
    return path, frame


CORRECTIONS = (
    "--delimiter", "!", "--columns", "time=when,open=first,close=last one",
    "--dates", "day-first", "--zone", "Europe/Berlin", "--label", "open", "--decimal", "point",
)  # fmt: skip


def test_options_correct_what_the_reader_decides(run, odd, tmp_path):
    path, frame = odd
    assert run("inspect", path)[0] == 2
    status, result, _ = run("inspect", path, *CORRECTIONS)
    assert status == 0
    assert (result["readable"], result["rows"]) == (True, len(frame))
    assert result["first"]["open"] == frame["open"].iloc[0]
    first = pd.to_datetime(frame.index[0], dayfirst=True).tz_localize("Europe/Berlin")
    assert pd.Timestamp(result["start"]) == first
    assert "dates day first" in result["decisions"]["corrected"]
    assert "columns time=when" in result["decisions"]["corrected"]

    to = tmp_path / "plain.csv"
    assert run("convert", path, *CORRECTIONS, "--to", to)[0] == 0
    assert price_file.read(to, "plain.csv").fingerprint == result["fingerprint"]


@pytest.mark.parametrize(
    ("option", "match"),
    [
        (("--zone", "Mars"), "Europe/Berlin"),
        (("--dates", "year-first"), "day-first or month-first"),
        (("--label", "middle"), "open or close"),
        (("--decimal", "x"), "point or a comma"),
        (("--delimiter", "ab"), "one character, or the word tab"),
        (("--columns", "close"), "time=Date,close=Last"),
        (("--columns", "close=a,close=b"), "time=Date,close=Last"),
        (("--columns", "closing=close"), "time, clock, open"),
        (("--columns", "close=Last"), "first, high, low, last one"),
        (("--repair", "gaps"), "outliers, ohlc_violations, flat_tail, flat"),
    ],
)
def test_a_correction_that_can_not_be_meant_is_refused_in_one_line(capsys, odd, option, match):
    options = (
        [*CORRECTIONS, *option]
        if option[1] != "close=Last"
        else [*CORRECTIONS[:2], *CORRECTIONS[4:], *option]
    )
    try:
        status = cli.main(["inspect", str(odd[0]), *options])
    except SystemExit as stop:
        status = stop.code
    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert match in err
    assert err.count("\n") == 1


def test_a_refusal_names_the_option_that_helps(run, odd):
    *_, err = run("inspect", odd[0], *CORRECTIONS[:4])
    assert "--dates day-first" in err
    *_, err = run("inspect", odd[0], *CORRECTIONS[:2])
    assert "--columns time=NAME" in err


@pytest.mark.parametrize("command", ["backtest", "train", "forecast"])
def test_corrections_need_a_file(run, command):
    model = ["--model", "btc-1h-dense"] if command == "forecast" else []
    status, _, err = run(command, *model, "--coin", "BTC", "--zone", "Europe/Berlin")
    assert status == 2
    assert "--zone goes with a price file only. Add --data FILE." in err


def test_repairs_are_made_on_request_and_reported(run, odd):
    path, frame = odd
    _, result, _ = run("inspect", path, *CORRECTIONS)
    assert result["outliers"] == 1
    _, result, _ = run("inspect", path, *CORRECTIONS, "--repair", "outliers,ohlc_violations")
    assert (result["outliers"], result["rows"]) == (0, len(frame) - 1)
    done = next(one for one in result["problems"] if one["kind"] == "outliers")
    assert (done["count"], done["first_line"], done["repair"]) == (1, 32, "1 candle left out")
    assert result["notes"] == ["Repaired as asked (outliers): 1 candle left out."]


def test_a_backtest_reads_its_file_as_the_options_say(run, tmp_path):
    frame = synthetic.history(600).candles
    path = tmp_path / "BTC.csv"
    frame.rename(columns={"close": "final"}).to_csv(path)
    network = ("--data", path, "--network", "naive")
    assert run("backtest", *network)[0] == 2
    status, result, err = run(
        "backtest", *network, "--columns", "close=final", "--repair", "outliers,flat"
    )
    assert status == 0, err
    assert result["data"]["rows"] == len(frame)


def test_an_interval_and_a_coin_for_inspect(run, prices):
    status, result, _ = run("inspect", prices, "--interval", "4h", "--coin", "BTC")
    assert (status, result["interval"]) == (0, "4h")


def test_one_series_of_several_is_read_on_request(run, tmp_path):
    one = synthetic.history(60).candles
    path, to = tmp_path / "market.csv", tmp_path / "eth.csv"
    pd.concat([one.assign(Asset_ID="BTC-EUR"), (one * 0.9).assign(Asset_ID="ETH-KRW")]).to_csv(path)
    status, result, _ = run("inspect", path)
    assert (status, result["readable"]) == (2, False)
    status, result, _ = run("inspect", path, "--only", "eth")
    assert (status, result["rows"]) == (0, 60)
    assert result["decisions"]["currency"].startswith("KRW")
    assert result["decisions"]["corrected"] == "only eth"
    assert run("convert", path, "--only", "BTC-EUR", "--to", to)[0] == 0
    assert len(pd.read_csv(to)) == 60
    status, _, err = run("convert", path, "--only", "LTC", "--to", to, "--force")
    assert (status, "'BTC-EUR', 'ETH-KRW'" in err) == (2, True)


def test_the_currency_may_be_said(run, tmp_path):
    path = tmp_path / "prices.csv"
    synthetic.history(60).candles.to_csv(path)
    _, result, _ = run("inspect", path, "--quote", "eur")
    assert result["decisions"]["currency"] == "EUR (as you say)"
    status, _, err = run("convert", path, "--quote", "gold", "--to", tmp_path / "x.csv")
    assert (status, "Received: 'gold'" in err) == (2, True)
