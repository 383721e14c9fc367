"""The API: /predict to the letter, everything else refused with a reason, nothing leaked."""

import asyncio
import concurrent.futures
import dataclasses
import json
import re
import threading
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from cryptoforecast import __version__, api, json_views
from cryptoforecast.api import lanes, predict
from cryptoforecast.api.closes import read_closes
from cryptoforecast.api.numbers import read_levels
from cryptoforecast.errors import (
    CryptoForecastError,
    InvalidBundle,
    InvalidInput,
    SourceUnavailable,
    UnknownModel,
)
from cryptoforecast.forecasting import probability
from cryptoforecast.learning import bundles
from cryptoforecast.service import PREDICT_MODEL, Service, choices
from cryptoforecast.settings import Settings
from cryptoforecast.types import MarketQuery
from tests import synthetic

CLOSES = [61_000 + 25.5 * (7 * i % 11) for i in range(60)]


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service with two models of random weights: an LSTM on closes, a Dense a day ahead."""
    home = tmp_path_factory.mktemp("api")
    for name, network, changes in (
        (PREDICT_MODEL, "lstm", {"features": ("return", "abs_return"), "lookback": 59}),
        ("tiny-dense", "dense", {"horizon": 24}),
    ):
        model = synthetic.model(synthetic.spec(network=network, **changes))
        bundles.save(model, home / "models", name)
    return Service(Settings(home=home, shipped=home / "none", live=False))


def beside_pages(service, prefix):
    """Serve as app.py does: a route for predictions, and the rest built at the first request."""
    return Starlette(
        routes=[
            Route("/predict", api.Predict(lambda: service), methods=["POST"]),
            Mount(prefix, app=api.Rest(lambda: service)),
        ]
    )


def scope(path):
    """What a server tells an app of a POST of JSON."""
    return {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(),
        "query_string": b"", "root_path": "", "scheme": "http", "http_version": "1.1",
        "headers": [(b"content-type", b"application/json")], "app": None,
        "server": ("127.0.0.1", 1), "client": ("127.0.0.1", 2),
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/predict", "/api/predict"])
def test_a_client_that_leaves_is_no_failure(service, path):
    async def leave():
        return {"type": "http.disconnect"}

    async def send(_):
        pass

    # In a thread: that of the browser tests has a loop already.
    with concurrent.futures.ThreadPoolExecutor(1) as other:
        answering = beside_pages(service, "/api")(scope(path), leave, send)
        other.submit(asyncio.run, answering).result(20)


@pytest.fixture(scope="module", params=["whole", "beside pages"])
def client(service, request):
    whole = request.param == "whole"
    app = api.create(service) if whole else beside_pages(service, "/")
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def post(client, body, kind="application/json"):
    return client.post("/predict", content=body, headers={"content-type": kind})


def refusal(answer):
    """The message of a refusal, which must be one line without a traceback."""
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"detail"}
    message = answer.json()["detail"]
    assert "Traceback" not in message
    assert len(message) < 400
    return message


def problem(answer):
    """The message of a refusal of all other routes."""
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    message = answer.json()["detail"]
    assert "Traceback" not in message
    assert len(message) < 400
    return message


# ---------------------------------------------------------------------------- /predict


def test_sixty_closes_give_one_number_and_nothing_else(client, service):
    answer = post(client, json.dumps({"prices": CLOSES}))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"predicted_next_hour_price": service.forecasts.predict_closes(CLOSES)}
    assert answer.json()["predicted_next_hour_price"] == pytest.approx(CLOSES[-1], rel=0.1)


def test_it_serves_under_a_prefix_too(service):
    body = json.dumps({"prices": CLOSES})
    with TestClient(beside_pages(service, "/api")) as client:
        direct = client.post("/predict", content=body)
        mounted = client.post("/api/predict", content=body)
        assert direct.status_code == mounted.status_code == 200
        assert direct.json() == mounted.json()
        assert client.get("/api/v1/health/live").json()["version"] == __version__
        assert "servers" not in client.get("/api/v1/openapi.json").json()


def test_predict_and_forecast_agree_to_the_last_digit(client, service):
    forecast = client.get(f"/api/v1/models/{PREDICT_MODEL}/forecast?coin=BTC&predictor=lstm").json()
    closes = service.prices.history(MarketQuery("BTC", "1h")).candles["close"].iloc[-60:].tolist()
    assert closes[-1] == forecast["last_close"]
    predicted = post(client, json.dumps({"prices": closes})).json()["predicted_next_hour_price"]
    assert predicted == forecast["steps"][0]["median"]


@pytest.mark.parametrize("count", [0, 1, 59, 61, 120])
def test_another_number_of_closes_is_refused(client, count):
    body = json.dumps({"prices": [61_000.0] * count})
    message = refusal(post(client, body))
    assert "`prices` must hold exactly 60" in message
    assert f"Received: {count}." in message
    with pytest.raises(InvalidInput, match=re.escape(message)):
        read_closes(body.encode())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("1e999", "1e999"),
        ("-1e999", "-1e999"),
        ("true", "true"),
        ("false", "false"),
        ("null", "null"),
        ('"61000"', "'61000'"),
        ('"\\ud800"', "ud800"),
        ("[61000]", "a list of 1"),
        ('{"close": 61000}', "an object with 1"),
        ("0", "0"),
        ("0.0", "0.0"),
        ("-0.0", "-0.0"),
        ("-61000", "-61000"),
        ("1e300", "1e+300"),
        ("5e-324", "5e-324"),
        ("1" * 400, "more than 40 digits"),
        ("1" * 5000, "digits"),
    ],
)
@pytest.mark.parametrize("place", [0, 30, 59])
def test_a_value_that_is_no_price_is_refused(client, value, shown, place):
    values = [str(close) for close in CLOSES]
    values[place] = value
    message = refusal(post(client, '{"prices": [' + ",".join(values) + "]}"))
    assert "`prices" in message
    assert shown in message


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", "no body"),
        (b" \n ", "no body"),
        (b"{", "1 bytes"),
        (b"prices=1", "8 bytes"),
        (b"[]", "a list of 0"),
        (b"null", "null"),
        (b"60", "60"),
        (b'"prices"', "'prices'"),
        (b"{}", "an object with 0"),
        (b'{"price": []}', "an object with 1"),
        (b'{"prices": null}', "null"),
        (b'{"prices": {}}', "an object with 0"),
        (b'{"prices": "61000"}', "'61000'"),
        (b'{"prices": [1], "prices": [2]}', "again"),
        (b'{"prices": [1], "coin": "ETH"}', "'coin'"),
        (b'{"prices": [1], "\\ud800": 1}', "ud800"),
        (b"\xff\xfe{\x00}\x00", "UTF-8"),
        (b"[" * 60_000, "nested"),
        (b'{"prices": [' * 5_000, "nested"),
        (b" " * 70_000, "70000"),
        (b"x" * 10_000_000, "10000000"),
    ],
)
def test_a_body_of_another_shape_is_refused(client, body, shown):
    message = refusal(post(client, body))
    assert "prices" in message
    assert shown in message


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "ü"])
def test_another_content_type_is_refused(client, kind):
    message = refusal(post(client, json.dumps({"prices": CLOSES}), kind.encode()))
    assert "application/json" in message


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_content_types_that_mean_json_are_taken(client, kind):
    assert post(client, json.dumps({"prices": CLOSES}), kind).status_code == 200


def sent_in_parts(service, parts):
    """Send a body in parts; return the status, the answer, and how many parts were read."""
    waiting, messages = list(parts), []

    async def receive():
        part = waiting.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(waiting)}

    async def send(message):
        messages.append(message)

    # In a thread: that of the browser tests has a loop already.
    with concurrent.futures.ThreadPoolExecutor(1) as other:
        answering = api.Predict(lambda: service)(scope("/predict"), receive, send)
        other.submit(asyncio.run, answering).result(60)
    start, body = messages
    return start["status"], json.loads(body["body"]), len(parts) - len(waiting)


def padded(size):
    """A valid body of so many bytes."""
    return json.dumps({"prices": CLOSES}).encode().ljust(size)


def test_the_bounds_on_a_body():
    assert (predict.MAX_BODY, predict.MAX_DROPPED) == (65_536, 32_000_000)


@pytest.mark.parametrize("parts", [1, 2, 7])
def test_a_body_of_the_greatest_size_is_read_whole(service, parts):
    body = padded(predict.MAX_BODY)
    cuts = [len(body) * i // parts for i in range(parts + 1)]
    status, answer, read = sent_in_parts(service, [body[a:b] for a, b in pairwise(cuts)])
    assert (status, read) == (200, parts)
    assert answer == {"predicted_next_hour_price": service.forecasts.predict_closes(CLOSES)}


def test_one_byte_more_is_refused(service):
    status, answer, _ = sent_in_parts(service, [padded(predict.MAX_BODY), b" "])
    assert status == 422
    assert "at most 65536 bytes. Received: 65537." in answer["detail"]


@pytest.mark.parametrize(
    ("size", "received", "read"),
    [(99, "99", 4), (100, "100", 4), (101, "more than 101", 3), (200, "more than 120", 3)],
)
def test_a_longer_body_is_read_to_a_bound_so_that_its_sender_gets_the_answer(
    service, monkeypatch, size, received, read
):
    monkeypatch.setattr(predict, "MAX_BODY", 10)
    monkeypatch.setattr(predict, "MAX_DROPPED", 100)
    first, second = [b"9" * 40] * 2
    third = b"9" * min(size - 80, 40)
    parts = [first, second, third, b"9" * (size - 80 - len(third))]
    status, answer, count = sent_in_parts(service, parts)
    assert status == 422
    assert f"Received: {received}." in answer["detail"]
    assert count == read


@given(st.binary(max_size=300))
def test_no_bytes_upset_the_reader(body):
    with pytest.raises(InvalidInput):
        read_closes(body)


_LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_JSON = st.recursive(_LEAF, lambda inner: st.lists(inner, max_size=3), max_leaves=5)


@settings(max_examples=50)
@given(
    value=_JSON,
    place=st.integers(0, 59),
    count=st.just(60) | st.integers(0, 70),
)
def test_whatever_json_comes_only_sixty_prices_pass(value, place, count):
    content = {"prices": [*CLOSES[:place], value, *CLOSES[place + 1 : count]]}
    try:
        closes = read_closes(json.dumps(content).encode())
    except InvalidInput:
        return
    assert closes == content["prices"]
    assert len(closes) == 60
    assert all(type(close) is float and 0 < close <= 1e12 for close in closes)


@settings(max_examples=50)
@given(st.lists(st.floats(1e-12, 1e12) | st.integers(1, 10**12), min_size=60, max_size=60))
def test_sixty_prices_always_pass(closes):
    assert read_closes(json.dumps({"prices": closes}).encode()) == closes


def test_the_refusal_in_the_description_is_one_that_is_made(client):
    schemas = client.get("/api/v1/openapi.json").json()["components"]["schemas"]
    (example,) = schemas["Refusal"]["properties"]["detail"]["examples"]
    assert post(client, json.dumps({"prices": CLOSES[:-1]})).json() == {"detail": example}


@pytest.mark.parametrize(
    ("error", "status"),
    [(UnknownModel, 404), (InvalidInput, 422), (SourceUnavailable, 503), (InvalidBundle, 503),
     (CryptoForecastError, 500)],
)  # fmt: skip
def test_each_kind_of_refusal_has_its_status(error, status):
    answer = predict.refusal(error("The reason."))
    assert (answer.status_code, json.loads(answer.body)) == (status, {"detail": "The reason."})


def test_sixty_characters_of_what_was_received_are_shown_and_no_more():
    for length, shown in ((58, f"{'x' * 58}'"), (59, f"{'x' * 59}...")):
        with pytest.raises(InvalidInput) as refused:
            read_closes(json.dumps({"prices": "x" * length}).encode())
        assert str(refused.value).endswith(f"Received: '{shown}.")


def test_the_largest_and_smallest_closes_give_a_finite_number(client):
    for closes in ([1e-12, 1e12] * 30, [1e12] * 60, [1e-12] * 60):
        answer = post(client, json.dumps({"prices": closes}))
        assert answer.status_code == 200
        assert 0 < answer.json()["predicted_next_hour_price"] < float("inf")


def test_a_missing_model_is_named(tmp_path):
    empty = Service(Settings(home=tmp_path, shipped=tmp_path / "none", live=False))
    with TestClient(api.create(empty), raise_server_exceptions=False) as client:
        answer = post(client, json.dumps({"prices": CLOSES}))
    assert answer.status_code == 404
    assert PREDICT_MODEL in answer.json()["detail"]


def test_a_damaged_model_gives_no_prediction(tmp_path, service):
    own = Service(Settings(home=tmp_path, shipped=tmp_path / "none", live=False))
    folder = bundles.save(
        service.saved_models.load(PREDICT_MODEL).model, tmp_path / "models", PREDICT_MODEL
    )
    (folder / "weights.npz").write_bytes(b"no weights")
    with TestClient(api.create(own), raise_server_exceptions=False) as client:
        answer = post(client, json.dumps({"prices": CLOSES}))
    assert answer.status_code == 503
    assert "weights.npz" in answer.json()["detail"]


# ---------------------------------------------------------------------------- the rest


def test_models_are_the_same_as_the_librarys(client, service):
    content = client.get("/api/v1/models").json()["models"]
    ours = [{k: v for k, v in one.items() if k not in ("version", "links")} for one in content]
    assert ours == [
        json.loads(json.dumps(json_views.model_json(m))) for m in service.saved_models.all()
    ]
    assert {model["name"] for model in content} == {PREDICT_MODEL, "tiny-dense"}
    assert (
        client.get("/api/v1/models/tiny-dense").json()
        == content[[m["name"] for m in content].index("tiny-dense")]
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/models/nothing", 404),
        ("/api/v1/models/UPPER", 422),
        ("/api/v1/models/%2e%2e", 422),
        ("/api/v1/models/..%2f..%2fetc", 404),
        ("/api/v1/models/%00", 422),
        ("/api/v1/models/%ff", 422),
        ("/api/v1/models/" + "a" * 3000, 422),
        ("/api/v1/models/nothing/forecast", 404),
        ("/api/v1/models/tiny-dense/forecast?coin=", 422),
        ("/api/v1/models/tiny-dense/forecast?coin=../../etc/passwd", 422),
        ("/api/v1/models/tiny-dense/forecast?coin=BTC-EUR", 503),
        ("/api/v1/models/tiny-dense/forecast?coin=zzzz", 422),
        ("/api/v1/models/tiny-dense/forecast?coin=AAPL&prices=live", 503),
        ("/api/v1/models/tiny-dense/forecast?prices=simulated", 422),
        ("/api/v1/models/tiny-dense/forecast?coin=" + "A" * 5000, 422),
        ("/api/nothing", 404),
    ],
)
def test_what_can_not_be_answered_is_refused_with_a_reason(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().keys() == {"type", "title", "status", "detail", "errors"}
    assert answer.json()["status"] == status
    assert len(answer.json()["detail"]) < 500


def test_a_forecast_from_simulated_prices_says_so(client):
    content = client.get("/api/v1/models/tiny-dense/forecast?coin=ETH").json()
    assert content["data"]["simulated"] is True
    assert content["data"]["source"] == "simulated"
    assert any("simulated" in warning for warning in content["warnings"])
    assert (content["data"]["coin"], len(content["steps"])) == ("ETH", 24)


@pytest.mark.parametrize("coin", ["", "&coin=BTC", "&coin=BTC-EUR", "&coin=WIF"])
def test_live_prices_that_are_required_and_missing_are_503(client, coin):
    answer = client.get(f"/api/v1/models/tiny-dense/forecast?prices=live{coin}")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "30"
    assert answer.json()["detail"].startswith("Live prices of ")
    pair = client.get("/api/v1/models/tiny-dense/forecast?coin=BTC-EUR")
    assert (pair.status_code, pair.headers["Retry-After"]) == (503, "30")
    other = client.get("/api/v1/models/tiny-dense/forecast?coin=zzzz")
    assert other.status_code == 422
    assert "Did you mean" in other.json()["detail"]
    assert "Retry-After" not in other.headers


@pytest.mark.parametrize("coin", ["bitcoin", "XBTUSD", "BTC/USDT", "tBTCUSD", "KRW-BTC"])
def test_the_coin_is_named_as_exchanges_name_it(client, service, monkeypatch, coin):
    def history(query, prices):
        coin = choices.resolve(query.coin)
        return dataclasses.replace(synthetic.history(), coin=coin.ticker, quote=coin.quote)

    monkeypatch.setattr(service.prices, "history", history)
    data = client.get("/api/v1/models/tiny-dense/forecast", params={"coin": coin}).json()["data"]
    assert (data["coin"], data["quote"]) == ("BTC", "KRW" if coin == "KRW-BTC" else "USD")


def test_the_coin_is_by_default_the_models_own(client):
    assert client.get("/api/v1/models/tiny-dense/forecast").json()["data"]["coin"] == "BTC"


def test_a_forecast_has_the_probabilities_of_price_levels(client, service):
    path = "/api/v1/models/tiny-dense/forecast?coin=BTC"
    assert client.get(path).json()["odds"] == []
    last = client.get(path).json()["last_close"]
    content = client.get(f"{path}&above={last}&above={2 * last}&below={last}").json()
    history = service.prices.history(MarketQuery("BTC", "1h"))
    next_steps = service.forecasts.next_steps(
        history, service.saved_models.load("tiny-dense").model, "tiny-dense"
    )
    probabilities = probability.of_next_steps(next_steps, [last, 2 * last], [last])
    expected = json_views.forecast_json(next_steps, "quantile", probabilities)
    assert content["odds"] == expected["odds"]
    assert [(one["level"], one["direction"]) for one in content["odds"]] == [
        (last, "above"), (2 * last, "above"), (last, "below"),
    ]  # fmt: skip
    assert [step["step"] for step in content["odds"][0]["steps"]] == list(range(1, 25))
    up, far, down = (one["steps"][0]["probability"] for one in content["odds"])
    assert up + down == pytest.approx(1)
    assert 0 < far < up < 1
    calibration = content["calibration"]
    assert calibration.keys() == {"window", "outcomes", "since", "factors"}
    assert [len(row) for row in calibration["factors"].values()] == [24] * 9


@pytest.mark.parametrize("name", ["stack", "dense", "har"])
def test_a_forecast_is_of_the_predictor_that_is_asked_for(client, service, name):
    path = "/api/v1/models/tiny-dense/forecast?coin=BTC"
    content = client.get(f"{path}&predictor={name}").json()
    history = service.prices.history(MarketQuery("BTC", "1h"))
    model = service.saved_models.load("tiny-dense").model
    steps = service.forecasts.next_steps(history, model, predictor=name)
    assert (content["predictor"], content["model"]) == (name, "tiny-dense")
    assert [each["median"] for each in content["steps"]] == steps.forecast.predicted[0].tolist()
    members = {each["name"]: each["weight"] for each in content["members"]}
    assert list(members) == (["dense", "har"] if name == "stack" else [])
    if members:
        np.testing.assert_allclose(np.sum(list(members.values()), axis=0), np.ones(24))
        assert content["steps"] == client.get(path).json()["steps"]
    tested = service.backtests.of_saved(history, model)
    scores = tested.scores[name][-1].pinball, tested.scores["cone"][-1].pinball
    assert content["verdict"]["band_skill"] == pytest.approx(1 - scores[0] / scores[1])


def test_a_predictor_that_is_no_member_is_refused(client):
    message = problem(client.get("/api/v1/models/tiny-dense/forecast?coin=BTC&predictor=cone"))
    assert "`predictor` must be one of stack, dense, har. Received: 'cone'." in message


def test_a_forecast_has_the_chance_of_touching_a_price(client, service):
    path = "/api/v1/models/tiny-dense/forecast?coin=BTC"
    without = client.get(path).json()
    assert without["touch"] == []
    assert without["extremes"] is None
    last = without["last_close"]
    levels = [last, 1.01 * last, 0.99 * last, 100 * last]
    query = "".join(f"&touch={level}" for level in levels)
    content = client.get(f"{path}&above={1.01 * last}{query}").json()
    assert [one["price"] for one in content["touch"]] == levels
    same, up, down, far = (np.array(one["probability"]) for one in content["touch"])
    assert (same == json_views.MAX_PROBABILITY).all()  # the last close is touched already
    assert len(up) == 24
    ends = np.array([step["probability"] for step in content["odds"][0]["steps"]])
    assert (up >= ends).all()
    assert (far < down).all()
    assert 0.01 <= up[0] <= up[-1] <= 0.99
    history = service.prices.history(MarketQuery("BTC", "1h"))
    steps = service.forecasts.next_steps(history, service.saved_models.load("tiny-dense").model)
    (expected,) = service.forecasts.touch(steps, [1.01 * last])
    assert up.tolist() == expected.by_step.clip(0.01, 0.99).tolist()
    extremes = content["extremes"][-1]
    assert extremes["low"]["0.5"] < last < extremes["high"]["0.5"]
    assert 0 < extremes["largest_fall"]["0.1"] < extremes["largest_fall"]["0.9"] < 1


@pytest.mark.parametrize(
    "level",
    [
        "", "0", "-1", "0e5", "nan", "NaN", "inf", "1e999", "-inf", "true", "1_000", "65,000",
        "$65000", " 65000", "6５000", "0x10", "1" * 400, "[1]", "65000%00", "%ff", "1e5e5", ".",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["above", "below", "touch"])
def test_a_level_that_is_no_price_is_refused(client, name, level):
    message = problem(client.get(f"/api/v1/models/tiny-dense/forecast?above=1&{name}={level}"))
    assert "price" in message
    assert "65000" in message
    assert "Received: " in message


def test_more_levels_than_anyone_needs_are_refused(client):
    query = "&".join(["above=1"] * 14 + ["below=1"] * 14 + ["touch=1"] * 14)
    message = problem(client.get(f"/api/v1/models/tiny-dense/forecast?{query}"))
    assert "At most 40 price levels" in message


@given(st.text(max_size=12))
def test_a_level_that_is_accepted_is_a_number(text):
    try:
        (level,) = read_levels("above", [text])
    except InvalidInput:
        return
    assert level == float(text)
    assert set(text) <= set("0123456789.eE+-")


def test_health_gives_the_version(client):
    assert client.get("/api/v1/health/live").json() == {"status": "ok", "version": __version__}


def test_the_documentation_describes_predict(client):
    described = client.get("/api/v1/openapi.json").json()
    operation = described["paths"]["/predict"]["post"]
    content = operation["requestBody"]["content"]["application/json"]
    prices = content["schema"]["properties"]["prices"]
    assert (prices["minItems"], prices["maxItems"]) == (60, 60)
    assert post(client, json.dumps(content["example"])).status_code == 200
    assert operation["responses"].keys() >= {"200", "422"}
    assert client.get("/api/v1/docs").status_code == 200


def test_methods_that_change_nothing_exist_only(client):
    assert client.delete("/api/v1/models/tiny-dense").status_code == 405
    assert client.put("/predict").status_code == 405


class Broken:
    """A part of the service whose every call fails."""

    def __getattr__(self, name):
        def fail(*args):
            raise ZeroDivisionError("secret")

        return fail


def test_a_surprise_gives_no_traceback(service, monkeypatch):
    monkeypatch.setattr(service, "saved_models", Broken())
    with TestClient(api.create(service), raise_server_exceptions=False) as client:
        answer = client.get("/api/v1/models")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text


@pytest.mark.parametrize("path", ["/predict", "/api/predict"])
def test_a_surprise_while_predicting_gives_no_traceback_either(service, path, monkeypatch):
    monkeypatch.setattr(service, "forecasts", Broken())
    app = beside_pages(service, "/api")
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.post(path, content=json.dumps({"prices": CLOSES}))
    assert answer.status_code == 500
    assert answer.json().keys() == {"detail"}
    assert "secret" not in answer.text


def test_slow_prices_hold_few_threads_and_no_prediction(service, monkeypatch):
    """Forecasts that wait for prices leave ``/predict`` and the threads of others alone."""
    release, lock, inside, most = threading.Event(), threading.Lock(), [], []

    class Slow:
        @staticmethod
        def history(query, prices):
            with lock:
                inside.append(query)
                most.append(len(inside))
            release.wait(20)
            with lock:
                inside.pop()
            return dataclasses.replace(synthetic.history(), coin=query.coin)

    monkeypatch.setattr(service, "prices", Slow())
    with (
        TestClient(api.create(service)) as client,
        concurrent.futures.ThreadPoolExecutor(12) as pool,
    ):
        waiting = [pool.submit(client.get, "/api/v1/models/tiny-dense/forecast") for _ in range(10)]
        try:
            assert post(client, json.dumps({"prices": CLOSES})).status_code == 200
            assert client.get("/api/v1/models/tiny-dense").status_code == 200
        finally:
            release.set()
        assert [answer.result().status_code for answer in waiting] == [200] * 10
    assert max(most) <= lanes.AT_ONCE
