"""Keys and limits: who may ask, and how often."""

import time

import pytest
from starlette.testclient import TestClient

from cryptoforecast.api import counts, rest
from cryptoforecast.api.exchange import Exchange
from cryptoforecast.api.options import Options
from cryptoforecast.errors import InvalidInput

KEYS = ("first-key-0123456", "second-key-012345")


def served(service, address="10.0.0.1", **options):
    app = Exchange(rest.create(service, Options(**options)))
    return TestClient(app, raise_server_exceptions=False, client=(address, 1))


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def within_a_minute():
    """Wait for the next minute where this one ends soon: the counter would start anew."""
    left = 60 - time.time() % 60
    if left < 10:
        time.sleep(left)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/v1/models"), ("GET", "/api/v1"), ("POST", "/predict"), ("POST", "/api/predict"),
     ("GET", "/api/v1/metrics"), ("DELETE", "/api/v1/coins"), ("GET", "/api/models")],
)  # fmt: skip
def test_where_there_are_keys_one_is_needed(service, method, path):
    client = served(service, keys=KEYS, metrics=True)
    for headers in ({}, bearer("wrong"), bearer(""), {"Authorization": f"Basic {KEYS[0]}"},
                    {"Authorization": KEYS[0]}, bearer("ü" * 20)):  # fmt: skip
        raw_headers = {name: value.encode() for name, value in headers.items()}
        refused = client.request(method, path, headers=raw_headers)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        assert refused.headers["content-type"] == "application/problem+json"
    for key in KEYS:
        assert client.request(method, path, headers=bearer(key)).status_code not in (401, 403)


@pytest.mark.parametrize(
    "path",
    ["/api/v1/health/live", "/api/v1/health/ready", "/api/v1/docs", "/api/v1/openapi.json",
     "/docs", "/health", "/openapi.json", "/api/docs"],
)  # fmt: skip
def test_the_description_and_the_health_need_no_key(service, path):
    assert served(service, keys=KEYS).get(path).status_code == 200


@pytest.mark.usefixtures("within_a_minute")
def test_one_request_too_many_is_told_when_to_come_again(service):
    client = served(service, reads=3, posts=1)
    answers = [client.get("/api/v1/coins") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 120
    assert answers[-1].headers["content-type"] == "application/problem+json"
    body = {"series": [{"id": "a", "closes": [1.0, 2.0]}]}
    posts = [client.post("/api/v1/models/naive/forecast", json=body) for _ in range(2)]
    assert [one.status_code for one in posts] == [200, 429]
    assert client.post("/predict", json={}).status_code == 422  # as its first clients know it


@pytest.mark.usefixtures("within_a_minute")
def test_predictions_are_counted_by_themselves_where_there_is_a_limit(service):
    unlimited, limited = served(service, posts=1), served(service, posts=1, predictions=2)
    closes = {"prices": [60_000.0 + i for i in range(60)]}
    paths = ("/predict", "/api/predict", "/predict")
    assert [unlimited.post(path, json=closes).status_code for path in paths] == [200] * 3
    answers = [limited.post(path, json=closes) for path in paths]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 120
    assert "At most 2 requests" in answers[-1].json()["detail"]
    body = {"series": [{"id": "a", "closes": [1.0, 2.0]}]}
    assert limited.post("/api/v1/models/naive/forecast", json=body).status_code == 200
    for client, limits in ((unlimited, False), (limited, True)):
        described = client.get("/api/v1/openapi.json").json()["paths"]["/predict"]["post"]
        assert ("429" in described["responses"], "x-rate-limit" in described) == (limits, limits)


@pytest.mark.usefixtures("within_a_minute")
def test_clients_are_counted_apart(service):
    app = rest.create(service, Options(keys=KEYS, reads=1))

    def status(address, key=KEYS[0]):
        with TestClient(app, client=(address, 1)) as client:
            return client.get("/api/v1/coins", headers=bearer(key)).status_code

    assert [status("10.0.0.1"), status("10.0.0.2"), status("10.0.0.1", KEYS[1])] == [200, 429, 200]
    app = rest.create(service, Options(reads=1))

    def plain(address):
        return TestClient(app, client=(address, 1)).get("/api/v1/coins").status_code

    assert [plain("10.0.0.1"), plain("10.0.0.2"), plain("10.0.0.1")] == [200, 200, 429]
    assert [plain("2001:db8::1"), plain("2001:db8::2"), plain("2001:db8:0:1::1")] == [200, 429, 200]


@pytest.mark.usefixtures("within_a_minute")
def test_workers_count_together(service, tmp_path, monkeypatch):
    monkeypatch.setenv(counts.FILE, str(tmp_path / "requests.sqlite"))
    workers = [served(service, reads=5) for _ in "ab"]
    answers = [workers[number % 2].get("/api/v1/coins").status_code for number in range(7)]
    assert answers == [200] * 5 + [429] * 2
    other = served(service, "10.0.0.2", reads=5)
    assert other.get("/api/v1/coins").status_code == 200


def test_a_file_of_counts_that_is_damaged_stops_nobody(tmp_path):
    book = counts.SharedCounts(tmp_path / "requests.sqlite")
    assert [book.incr("a", 120, 2), book.decr("a"), book.get("a"), book.get("b")] == [2, 1, 1, 0]
    assert book.incr("old", -1) == 1
    assert [book.incr("new", 120), book.get("old"), book.get("a")] == [1, 0, 1]
    (tmp_path / "requests.sqlite").write_bytes(b"no database" * 2_000)
    (tmp_path / "requests.sqlite-wal").write_bytes(b"")
    assert book.incr("a", 120) in (0, 2)
    assert book.get("a") in (0, 2)


def test_the_description_states_the_limits_and_the_key(service):
    schema = rest.create(service, Options(keys=KEYS, reads=7, posts=5)).openapi()
    card, forecast = (schema["paths"][f"/api/v1/models/{{name}}{end}"] for end in ("", "/forecast"))
    assert card["get"]["x-rate-limit"] == {"requests": 7, "seconds": 60}
    assert forecast["post"]["x-rate-limit"] == {"requests": 5, "seconds": 60}
    assert forecast["post"]["x-max-body-bytes"] == 8_000_000
    assert card["get"]["security"] == [{"key": []}]
    assert schema["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    refused = schema["paths"]["/predict"]["post"]["responses"]["401"]["content"]
    assert [*refused] == ["application/problem+json"]


def test_each_answer_has_an_id_and_the_log_a_line_of_it(service, caplog):
    client = served(service)
    with caplog.at_level("INFO", "cryptoforecast.access"):
        answer = client.get("/api/v1/coins", headers={"X-Request-ID": "mine-1.2"})
        fresh = [client.get("/api/v1/none", headers={"X-Request-ID": "bad id\t"}) for _ in "ab"]
    assert answer.headers["x-request-id"] == "mine-1.2"
    assert len({one.headers["x-request-id"] for one in fresh}) == 2
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 3
    assert "mine-1.2 GET /api/v1/coins 200" in lines[0]
    assert fresh[0].headers["x-request-id"] in lines[1]
    assert " 404 " in lines[1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"keys": ("short",)}, {"keys": ("with a space in it",)}, {"keys": ("ünicode-0123456789",)},
        {"origins": ("example.org",)}, {"origins": ("https://example.org/path",)},
        {"origins": ("ftp://example.org",)}, {"training": True}, {"reads": 0}, {"predictions": 0},
    ],
)  # fmt: skip
def test_options_outside_the_rules_are_refused(wrong):
    with pytest.raises(InvalidInput) as refused:
        Options(**wrong)
    assert "short" not in str(refused.value)  # a key is never shown


def test_options_come_from_the_environment():
    start = "CRYPTOFORECAST_API_"
    options = Options.from_environment(
        {f"{start}KEYS": f"{KEYS[0]}, {KEYS[1]}", f"{start}CORS": "https://a.example",
         f"{start}TRAINING": "1", f"{start}READS": "9", f"{start}POSTS": "8",
         f"{start}PREDICTIONS": "7"}
    )  # fmt: skip
    assert options == Options(KEYS, ("https://a.example",), True, True, 9, 8, 7)
    assert Options.from_environment({}) == Options(metrics=True)
    assert KEYS[0] not in repr(options)
    for wrong in ("x", "-1", "1.5", "1" * 12, "0", ""):
        with pytest.raises(InvalidInput, match="READS"):
            Options.from_environment({f"{start}READS": wrong})
