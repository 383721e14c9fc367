"""The route of the ledger: the same as the command line shows, typed and refused by place."""

import pytest
from starlette.testclient import TestClient

from cryptoforecast import api
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.json_views.ledger import view_json
from cryptoforecast.learning.specs import NETWORKS
from cryptoforecast.service import Service, choices
from cryptoforecast.settings import Settings
from tests.api.conftest import Checked
from tests.ledger import making


def test_an_empty_ledger_has_a_head_of_nothing(client, saved):
    answer = client.get("/ledger").json()
    assert answer["head"] == {"position": 0, "hash": "0" * 64}
    assert (answer["series"], answer["entries"], answer["record"]) == ([], [], None)
    assert not (saved / "ledger.sqlite").exists()
    for query, pointer in (
        ("limit=0", "/query/limit"), ("limit=201", "/query/limit"), ("step=x", "/query/step"),
        ("step=2", "/query/step"), ("x=1", "/query/x"),
    ):  # fmt: skip
        refused = client.get(f"/ledger?{query}")
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("name", ["stack", *NETWORKS, *BASELINES])
def test_whoever_forecasts_can_be_asked_for(client, name):
    """A baseline that is new is one of them at once, here and in the description."""
    assert client.get(f"/ledger?predictor={name}").status_code == 200
    operation = client.description.schema["paths"]["/api/v1/ledger"]["get"]
    (parameter,) = [one for one in operation["parameters"] if one["name"] == "predictor"]
    assert name in parameter["schema"]["enum"]


def test_the_predictors_are_no_list_of_their_own():
    assert ("stack", *NETWORKS, *BASELINES) == choices.PREDICTORS


@pytest.fixture
def filled(home):
    home.mkdir(parents=True)
    ledger, database, clock = making.opened(f"sqlite:///{home}/ledger.sqlite")
    making.fill(ledger, clock, 12)
    database.close()
    service = Service(Settings(home=home, live=False))
    with TestClient(api.create(service), raise_server_exceptions=False) as plain:
        yield Checked(plain), service
    service.ledger.close()


def test_the_answer_is_what_the_service_says(filled):
    client, service = filled
    answer = client.get("/ledger?model=global-1h-lstm&coin=btc&step=2&limit=5").json()
    view = service.ledger.look(model="global-1h-lstm", coin="BTC", step=2, limit=5)
    assert answer == view_json(view)
    assert answer["record"]["step"] == 2
    assert [each["level"] for each in answer["record"]["shares"]] == [50, 80, 95]
    assert len(answer["entries"]) == 5
    for verdict in answer["record"]["verdicts"]:
        assert verdict["usual_test"].keys() == {"p_value", "better", "worse", "sentence"}
    refused = client.get("/ledger?coin=BTC&step=2")
    assert refused.status_code == 422
    for query in ("predictor=AAA", "interval=3h", "model=A%20model", "coin=%00"):
        wrong = client.get(f"/ledger?{query}")
        assert wrong.status_code == 422
        assert wrong.json()["errors"][0]["pointer"] == f"/query/{query.partition('=')[0]}"
    both = client.get("/ledger").json()
    assert len(both["series"]) == 2
    assert both["record"] is None
    assert len(both["entries"]) == 20


def test_a_ledger_that_can_not_be_had_may_come_back(home):
    home.mkdir(parents=True)
    (home / "ledger.sqlite").write_bytes(b"no database at all, only text")
    service = Service(Settings(home=home, live=False))
    with TestClient(api.create(service), raise_server_exceptions=False) as plain:
        answer = Checked(plain).get("/ledger")
    service.ledger.close()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
