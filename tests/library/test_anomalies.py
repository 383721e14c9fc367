"""Anomalies: the library, the command line and the API give the same list."""

import pandas as pd
import pytest
from starlette.testclient import TestClient

import cryptoforecast as cf
from cryptoforecast.api import rest
from cryptoforecast.service import shared
from tests.library.conftest import same


@pytest.fixture
def market():
    """Give half a year of simulated hours, long enough for the model of all coins."""
    return cf.fetch("ETH", days=180, simulated="only")


def test_the_command_line_and_the_library_agree(run, market, file):
    flags = cf.anomalies(cf.read(file), alarms=20)
    assert flags.result.surprises.predictor == "har"
    assert len(flags) >= 1
    assert same(run("anomalies", "--data", file, "--alarms", 20), flags.to_dict())


def test_the_api_and_the_command_line_agree(run):
    client = TestClient(rest.create(shared()))
    query = {"coin": "ETH", "interval": "1d", "alarms": "0.5"}
    answer = client.get("/api/v1/anomalies", params=query).json()
    assert answer["model"] == "global-1d-lstm"
    assert answer["threshold"]["one_in"] == 60
    assert len(answer["anomalies"]) == answer["rate"]["alarms"] > 5
    assert answer["measured"].keys() == {"real", "simulated"}
    command = run("anomalies", "--coin", "ETH", "--interval", "1d", "--alarms", 0.5)
    assert command["anomalies"] == answer["anomalies"]
    assert command["rate"] == answer["rate"]


def test_a_model_can_be_named_or_given(market):
    named = cf.anomalies(market, model="btc-1h-dense")
    assert named.model == "btc-1h-dense"
    assert named == cf.anomalies(market, model=cf.load("btc-1h-dense"))
    assert named != cf.anomalies(market)
    assert cf.anomalies(market).model == "global-1h-lstm"
    assert cf.anomalies(market, model="har").model is None
    assert any("learnt from BTC, not ETH" in note for note in named.notes)


def test_the_list_prints_and_shows(market):
    flags = cf.anomalies(market, alarms=5)
    assert repr(flags).startswith("Anomalies(stack, ETH 1h simulated, ")
    assert flags.result.sentence in repr(flags)
    assert flags.result.sentence in flags._repr_html_()
    assert len(flags.frame()) == len(flags) == flags.rate.alarms
    every = flags.frame(all_candles=True)
    assert every["alarm"].sum() == len(flags)
    assert (every["rarity"] >= flags.threshold).sum() == len(flags)
    assert flags.measured["real"].spike_ratio > 2


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"alarms": "nan"}, "plain number such as 1"),
        ({"alarms": "1_000"}, "plain number such as 1"),
        ({"alarms": "500"}, "between 0.072 and 36"),
        ({"interval": "7h"}, "The interval must be one of"),
        ({"coin": "NOSUCHCOIN"}, "NOSUCHCOIN"),
        ({"prices": "maybe"}, "maybe"),
    ],
)
def test_what_the_api_refuses(query, message):
    answer = TestClient(rest.create(shared())).get("/api/v1/anomalies", params=query)
    assert answer.status_code == 422
    assert message in answer.json()["detail"]


def test_an_unknown_model_is_not_found():
    client = TestClient(rest.create(shared()))
    assert client.get("/api/v1/anomalies", params={"model": "none"}).status_code == 404
    assert client.get("/api/v1/anomalies", params={"prices": "live"}).status_code == 503


def test_the_list_is_written_to_a_file(run, file, tmp_path):
    target = tmp_path / "list.csv"
    answer = run("anomalies", "--data", file, "--alarms", 20, "--to", target)
    assert answer["to"] == str(target)
    lines = target.read_text().splitlines()
    assert lines[0].startswith("closes_at,close,move,expected_low,expected_high,expected_move,")
    assert len(lines) == 1 + len(answer["anomalies"])
    every = tmp_path / "every.csv.gz"
    run("anomalies", "--data", file, "--to", every, "--all")
    assert len(pd.read_csv(every)) == answer["rate"]["candles"]


def test_the_text_says_what_was_found_and_how_well_it_was_kept(capsys, file):
    from cryptoforecast import cli

    assert cli.main(["anomalies", "--data", str(file), "--alarms", "20"]) == 0
    text = capsys.readouterr().out
    assert " surprising hours in 17 days, " in text.splitlines()[0]
    assert "less than 1 in 36: 20 a month" in text
    assert "On real prices (BTC, ETH, BNB, XRP, LTC, 71,2" in text
    assert "promised" in text
    assert "closes at (UTC)" in text
    assert cli.main(["anomalies", "--data", str(file), "--alarms", "999"]) == 2
    assert "Received: 999" in capsys.readouterr().err
    assert cli.main(["anomalies", "--data", str(file), "--to", str(file)]) == 2
