"""Ten questions, each asked of the API, the command line, the library and what the page draws."""

import json

import pytest
from starlette.testclient import TestClient

import cryptoforecast as cf
from cryptoforecast import api, cli
from cryptoforecast.learning import bundles
from cryptoforecast.service import shared
from cryptoforecast.ui import selection
from tests import synthetic

pytestmark = pytest.mark.slow

#: Model, predictor, and the prices that are asked about.
QUESTIONS = (
    ("tiny-lstm", "stack", {}),
    ("tiny-lstm", "lstm", {}),
    ("tiny-lstm", "har", {"above": [100.0]}),
    ("tiny-lstm", "stack", {"above": [95.0, 105.0], "below": [90.0]}),
    ("tiny-lstm", "stack", {"touch": [101.0, 80.0]}),
    ("tiny-dense", "stack", {"above": [1.0], "below": [1000.0]}),
    ("tiny-dense", "dense", {}),
    ("tiny-dense", "har", {"touch": [99.5]}),
    ("tiny-dense", "dense", {"above": [100.0], "touch": [100.0]}),
    ("tiny-mse", "dense", {"below": [97.0]}),
)
#: What says when and from where, which differs.
APART = {"data", "version", "warnings"}


@pytest.fixture(scope="module")
def prices(tmp_path_factory):
    """A file of candles."""
    path = tmp_path_factory.mktemp("same") / "BTC_1h.csv"
    synthetic.history().candles.to_csv(path)
    return path


@pytest.fixture
def client(home):
    for name, network, changes in (
        ("tiny-lstm", "lstm", {}),
        ("tiny-dense", "dense", {"horizon": 5}),
        ("tiny-mse", "dense", {"loss": "mse"}),
    ):
        model = synthetic.model(synthetic.spec(network=network, **changes))
        bundles.save(model, home / "models", name)
    with TestClient(api.create(shared())) as client:
        yield client


def from_api(client, prices, name, predictor, levels):
    frame = cf.read(prices).frame()
    candles = {column: frame[column].tolist() for column in ("open", "high", "low", "close")}
    if frame["volume"].notna().all():
        candles["volume"] = frame["volume"].tolist()
    candles["time"] = [time.isoformat() for time in frame.index]
    body = {"series": [{"id": "a", "candles": candles}], "predictor": predictor, **levels}
    (answer,) = client.post(f"/api/v1/models/{name}/forecast", json=body).json()["series"]
    assert answer["problem"] is None
    return answer["forecast"]


def from_command(capsys, prices, name, predictor, levels):
    options = [
        f"--{kind}={price}" for kind, levels_of_kind in levels.items() for price in levels_of_kind
    ]
    command = ["forecast", "--model", name, "--data", str(prices), "--predictor", predictor]
    capsys.readouterr()
    assert cli.main([*command, *options, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def from_library(prices, name, predictor, levels):
    forecast = cf.load(name).forecast(cf.read(prices), predictor=predictor, **levels)
    return json.loads(json.dumps(forecast.to_dict()))


@pytest.mark.parametrize(("name", "predictor", "levels"), QUESTIONS)
def test_one_question_has_one_answer(client, capsys, prices, name, predictor, levels):
    api_answer = from_api(client, prices, name, predictor, levels)
    answers = {
        "command line": from_command(capsys, prices, name, predictor, levels),
        "library": from_library(prices, name, predictor, levels),
    }
    for kind, answer in answers.items():
        assert answer.keys() == api_answer.keys(), kind
        for key in api_answer.keys() - APART:
            assert answer[key] == api_answer[key], (kind, key)
    assert answers["command line"]["version"] == api_answer["version"]
    assert api_answer["data"]["fingerprint"] == answers["library"]["data"]["fingerprint"]
    if predictor == "stack":
        history = cf.read(prices).history
        drawn = selection.next_steps(shared(), name, history)
        quantiles = [list(step["quantiles"].values()) for step in api_answer["steps"]]
        assert drawn.forecast.quantile_prices[0].tolist() == quantiles
