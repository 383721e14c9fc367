"""The routes of ``/api/v1``: lists, cards, forecasts of a coin, and how they are refused."""

import gzip

import pytest

from cryptoforecast import __version__, json_views
from cryptoforecast.learning import bundle_versions, bundles
from cryptoforecast.service import PREDICT_MODEL, choices
from cryptoforecast.service.outlooks import Question
from cryptoforecast.types import MarketQuery
from cryptoforecast.types.renewal import RenewalAttempt
from tests import synthetic


def test_the_index_leads_everywhere(client):
    links = client.get("").json()["links"]
    assert {"models", "coins", "docs", "health/live"} <= links.keys()
    for place, path in links.items():
        if place not in ("docs", "anomalies"):  # a page; and the model for it is not here
            assert client.plain.get(path).status_code == 200, place


def test_the_index_lists_every_route(client):
    routes = client.get("").json()["routes"]
    listed = {(one["method"], one["path"]): one["summary"] for one in routes}
    described = list(client.description.operations())
    assert len(listed) == len(described) > 10
    for method, path, operation in described:
        assert listed[method.upper(), path] == operation["summary"]
    assert ("POST", "/predict") in listed
    assert {"/api/v1/backtests", "/api/v1/trainings", "/api/v1/jobs/{id}"} <= {
        path for _, path in listed
    }


def test_the_service_is_live_and_ready(client):
    assert client.get("/health/live").json() == {"status": "ok", "version": __version__}
    assert client.get("/health/ready").json() == {
        "status": "ready", "version": __version__, "models": 2,
    }  # fmt: skip


def test_coins_are_those_of_the_app(client):
    answer = client.get("/coins").json()
    assert [one["coin"] for one in answer["coins"]] == list(choices.COINS)
    assert {"USD", "EUR"} <= set(answer["quotes"])
    assert {"interval": "1h", "seconds": 3600} in answer["intervals"]


def test_links_lead_from_the_list_to_the_card_to_the_forecast(client):
    answer = client.get("/models").json()
    assert [one["name"] for one in answer["models"]] == [PREDICT_MODEL, "tiny-dense"]
    assert [one["name"] for one in answer["damaged"]] == ["damaged"]
    assert "weights.npz" in answer["damaged"][0]["problem"]
    assert [one["name"] for one in answer["methods"]] == list(choices.BASELINES)
    for one in [*answer["models"], *answer["methods"]]:
        assert client.plain.get(one["links"]["self"]).json() == one
    for card in (answer["models"][0], answer["methods"][0]):
        forecast = client.plain.get(card["links"]["forecast"])
        assert forecast.status_code == 200
        assert forecast.json()["model"] == card["name"]


def test_a_model_that_is_missing_is_named_as_it_was_received(client):
    for path in ("/models/none", "/models/none/forecast", "/models/none/history"):
        (mistake,) = client.get(path).json()["errors"]
        assert (mistake["pointer"], mistake["received"]) == ("/path/name", "'none'")


@pytest.mark.parametrize(
    ("place", "baselines"),
    [
        ("models/none", f"A baseline can be named too: {', '.join(choices.BASELINES)}."),
        ("models/none/forecast", "A baseline can be named too: naive, "),
        ("models/none/history", "A baseline has no versions."),
        ("models/har/history", "A baseline has no versions."),
        ("models/lstm", "A baseline can be named too: naive, "),
        ("anomalies?model=none", "The baseline har can be named too."),
    ],
)
def test_an_unknown_model_is_answered_with_the_names_there_are(client, place, baselines):
    """The advice is a request, and no command of the command line."""
    answer = client.get(f"/{place}")
    assert answer.status_code == 404
    detail = answer.json()["detail"]
    assert f"There are: {PREDICT_MODEL}, tiny-dense. {baselines}" in detail
    assert detail.endswith(" See GET /api/v1/models.")
    assert "`" not in detail


def test_a_damaged_model_is_a_problem_and_not_hidden(client):
    for path in ("/models/damaged", "/models/damaged/forecast"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert "weights.npz" in answer.json()["detail"]
        assert "retry-after" not in answer.headers


def test_the_version_is_the_etag_and_follows_the_contents(client, service, saved):
    first = client.get("/models/tiny-dense")
    version = first.json()["version"]
    assert first.headers["etag"] == f'"{version}"'
    for etags in (f'"{version}"', f'W/"x", "{version}"', f'W/"{version}"', "*"):
        again = client.get("/models/tiny-dense", headers={"If-None-Match": etags})
        assert (again.status_code, again.content) == (304, b"")
    other = client.get("/models/tiny-dense", headers={"If-None-Match": '"sha256:00"'})
    assert other.status_code == 200
    copy = service.saved_models.load("tiny-dense").model
    bundles.save(copy, saved / "models", "copy")
    try:
        assert client.get("/models/copy").json()["version"] == version
        import dataclasses

        card = dataclasses.replace(copy.card, verdict="Another.")
        bundles.save(dataclasses.replace(copy, card=card), saved / "models", "copy", force=True)
        changed = client.get("/models/copy").json()["version"]
        assert changed != version
        answer = client.get("/models/copy/forecast", params={"version": version})
        assert answer.status_code == 409
        assert answer.json()["errors"][0]["pointer"] == "/query/version"
        assert client.get("/models/copy/forecast", params={"version": changed}).status_code == 200
    finally:
        bundles.delete(saved / "models", "copy")


def test_the_history_of_a_model_has_its_versions(client, saved):
    folder, name = saved / "models", "tiny-dense"
    before = client.get(f"/models/{name}").json()["version"]
    alone = client.get(f"/models/{name}/history").json()
    assert [(one["version"], one["current"]) for one in alone["versions"]] == [(before, True)]
    assert alone["last_renewal"] is None
    successor = synthetic.model(synthetic.spec(network="dense", horizon=24), seed=9)
    bundle_versions.replace(folder, name, before, successor)
    bundle_versions.note_attempt(
        folder, name, RenewalAttempt("2026-01-01T00:00:00+00:00", "Renewed")
    )
    answer = client.get(f"/models/{name}/history").json()
    assert answer["versions"][0]["version"] == client.get(f"/models/{name}").json()["version"]
    assert answer["versions"][1]["version"] == before
    assert answer["last_renewal"] == {"at": "2026-01-01T00:00:00+00:00", "sentence": "Renewed"}
    bundle_versions.restore(folder, name, before)
    for path, status in (("none", 404), ("damaged", 503), ("har", 404)):
        assert client.get(f"/models/{path}/history").status_code == status


def test_a_forecast_is_the_services_to_the_last_digit(client, service):
    question = {"coin": "ETH", "above": [3000, 3100], "below": 2900, "touch": 3200}
    answer = client.get("/models/tiny-dense/forecast", params=question).json()
    history = service.prices.history(MarketQuery("ETH", "1h"))
    outlook = service.outlooks.of(history, "tiny-dense", Question([3000, 3100], [2900], [3200]))
    expected = outlook.json()
    for key in expected.keys() - {"data"}:
        assert answer[key] == expected[key], key
    assert answer["data"]["fingerprint"] == history.fingerprint
    assert answer["version"] == client.get("/models/tiny-dense").json()["version"]
    assert [one["level"] for one in answer["coverage"]] == [80, 95]
    assert all(0 < one["held"] <= 1 for one in answer["coverage"])
    assert answer["verdict"]["sentence"]


@pytest.mark.parametrize("name", sorted({*choices.BASELINES} - {*choices.HEAVY}))
def test_methods_without_training_forecast_by_their_name(client, service, name):
    answer = client.get(f"/models/{name}/forecast", params={"horizon": 3, "interval": "4h"}).json()
    history = service.prices.history(MarketQuery("BTC", "4h"))
    steps = service.forecasts.of_baseline(history, name, 3)
    assert (answer["model"], answer["predictor"], answer["version"]) == (name, name, None)
    medians = [step["median"] for step in answer["steps"]]
    prices = steps.forecast.quantile_prices[0]
    assert medians == [json_views.finite(price[4]) for price in prices]
    assert answer["verdict"] is not None
    assert answer["data"]["interval"] == "4h"


@pytest.mark.parametrize(
    ("query", "pointer", "status"),
    [
        ("typo=1", "/query/typo", 422),
        ("coin=BTC&coin=ETH", "/query/coin", 422),
        ("prices=any&prices=any", "/query/prices", 422),
        ("prices=simulated", "/query/prices", 422),
        ("above=nan", "/query/above", 422),
        ("touch=1e99", "/query/touch", 422),
        ("horizon=3", "/query/horizon", 422),
        ("interval=1d", "/query/interval", 422),
        ("interval=1h&quote=EUR&coin=BTC-USD", "/query/quote", 422),
        ("quote=%F0%9F%98%80", "/query/quote", 422),
        ("predictor=cone", "/query/predictor", 422),
        ("version=sha256:00", "/query/version", 409),
        ("coin=zzzz", "/query/coin", 422),
        ("quote=EUR", "/query/coin", 503),
    ],
)
def test_a_problem_says_where_it_is(client, query, pointer, status):
    answer = client.get(f"/models/tiny-dense/forecast?{query}")
    assert answer.status_code == status
    problem = answer.json()
    assert problem["errors"][0]["pointer"] == pointer
    assert problem["errors"][0]["rule"] in problem["detail"]
    assert answer.headers["cache-control"] == "no-store"
    assert ("retry-after" in answer.headers) == (status == 503)


@pytest.mark.parametrize("horizon", ["0", "49", "1.5", "-1", "٣", "1e2"])
def test_steps_are_a_whole_number_within_bounds(client, horizon):
    answer = client.get("/models/naive/forecast", params={"horizon": horizon})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/horizon"


@pytest.mark.parametrize(
    "path", ["/api/none", "/api/v1/none", "/api/v1/models/a/b", "/api/v1/../x", "/api/v2/models"]
)
def test_everything_below_api_answers_json(client, path):
    answer = client.plain.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/docs", "/api/v1/docs"),
        ("/openapi.json", "/api/v1/openapi.json"),
        ("/health", "/api/v1/health/live"),
        ("/api", "/api/v1"),
        ("/api/health", "/api/v1/health/live"),
        ("/api/models", "/api/v1/models"),
        (
            "/api/models/har/forecast?coin=ETH&above=1",
            "/api/v1/models/har/forecast?coin=ETH&above=1",
        ),
        ("/api/anomalies?coin=ETH", "/api/v1/anomalies?coin=ETH"),
        ("/api/models//evil.example/x", "/api/v1/models//evil.example/x"),
    ],
)
def test_older_addresses_lead_to_the_new_ones(client, old, new):
    answer = client.plain.get(old, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, new)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/predict", "POST"),
        ("HEAD", "/predict", "POST"),
        ("DELETE", "/predict", "POST"),
        ("PUT", "/api/v1/models", "GET, HEAD"),
        ("DELETE", "/api/v1/models/tiny-dense", "GET, HEAD"),
        ("PATCH", "/api/v1/models/tiny-dense/forecast", "GET, HEAD, POST"),
    ],
)
def test_another_method_is_told_which_are_allowed(client, method, path, allowed):
    answer = client.plain.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["/coins", "/models/tiny-dense", "/health/live", "/docs", "/openapi.json"]
)
def test_head_is_get_without_its_body(client, path):
    got = client.plain.get(f"/api/v1{path}")
    head = client.plain.head(f"/api/v1{path}")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "etag", "cache-control"):
        assert head.headers.get(name) == got.headers.get(name)
    assert "cache-control" in got.headers


def test_long_answers_are_compressed_where_a_client_takes_that(client):
    def encoding_of(encoding):
        headers = {"accept-encoding": encoding}
        with client.plain.stream("GET", "/api/v1/coins", headers=headers) as answer:
            return answer.headers.get("content-encoding"), b"".join(answer.iter_raw())

    (zipped, packed), (plain, whole) = encoding_of("gzip"), encoding_of("identity")
    assert (zipped, plain) == ("gzip", None)
    assert len(packed) < len(whole) / 2
    assert gzip.decompress(packed) == whole
    for encoding in ("br;q=0, gzip", "gzip; q=0.5", "gzip;q=1.000"):
        assert encoding_of(encoding)[0] == "gzip", encoding
    for encoding in ("gzip;q=0", "identity, gzip; q=0.000", "gzip;Q=0.0", "*;q=0", "notgzip"):
        assert encoding_of(encoding) == (None, whole), encoding


def test_anomalies_are_typed_and_refused_by_place(client):
    answer = client.get("/anomalies", params={"coin": "ETH", "model": "har"}).json()
    assert answer["predictor"] == "har"
    for query, pointer in (
        ("interval=3h", "/query/interval"), ("alarms=0", "/query/alarms"),
        ("alarms=x", "/query/alarms"), ("model=none", "/query/model"), ("x=1", "/query/x"),
        ("interval=", "/query/interval"), ("prices=new", "/query/prices"),
    ):  # fmt: skip
        refused = client.get(f"/anomalies?{query}")
        assert refused.json()["errors"][0]["pointer"] == pointer
