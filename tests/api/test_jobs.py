"""Tests and trainings: ordered, watched, cancelled, and seen by whoever ordered them alone."""

import dataclasses
import json
import sqlite3
import threading

import numpy as np
import pytest
from starlette.testclient import TestClient

from cryptoforecast.api import jobs, own_signals, rest
from cryptoforecast.api.options import Options
from cryptoforecast.errors import Busy
from cryptoforecast.service import Service, choices, trainer
from cryptoforecast.service import orders as books
from cryptoforecast.service.orders import OrderBook
from cryptoforecast.service.signals import from_texts
from cryptoforecast.settings import Settings
from tests.api.description import Description

KEYS = ("first-key-0123456", "second-key-012345")
CONE = {"coin": "ETH", "interval": "1d", "settings": {"network": "cone", "horizon": 2}}


class Client:
    """A client with a key, whose answers are held to the description."""

    def __init__(self, plain, key=KEYS[0]):
        self._plain, self._headers = plain, {"Authorization": f"Bearer {key}"}
        self._description = Description(plain.get("/api/v1/openapi.json").json())

    def ask(self, method, place, body=None):
        answer = self._plain.request(method, f"/api/v1/{place}", json=body, headers=self._headers)
        return self._description.check(answer)

    def post_text(self, place, text):
        """Send a body that need not be JSON by the book."""
        headers = {**self._headers, "Content-Type": "application/json"}
        answer = self._plain.post(f"/api/v1/{place}", content=text, headers=headers)
        return self._description.check(answer)

    def end(self, job):
        """Follow a job to its end; return its events."""
        answer = self.ask("GET", f"jobs/{job['id']}/events")
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [block.splitlines() for block in answer.text.strip().split("\n\n")]
        return [
            (lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: ")))
            for lines in events
            if lines[0].startswith("event: ")
        ]


@pytest.fixture(scope="module")
def service(tmp_path_factory, saved):
    home = tmp_path_factory.mktemp("jobs")
    return Service(Settings(home=home, shipped=saved / "models", live=False))


@pytest.fixture
def book(service):
    """An empty book of orders."""
    path = service.settings.home / "orders.sqlite"
    path.unlink(missing_ok=True)
    return OrderBook(path)


@pytest.fixture(scope="module")
def app(service):
    return rest.create(service, Options(keys=KEYS, training=True))


@pytest.fixture
def plain(app, book):
    with TestClient(app) as plain:
        yield plain


@pytest.fixture
def client(plain):
    return Client(plain)


@pytest.fixture
def working(service, book):
    """The process that trains, here a thread."""
    ended = threading.Event()
    thread = threading.Thread(target=trainer.work, args=(service, book, lambda: not ended.is_set()))
    thread.start()
    yield
    ended.set()
    thread.join(20)


def test_a_test_is_ordered_followed_and_answered(client, service, working):
    ordered = client.ask("POST", "backtests", CONE)
    assert ordered.status_code == 202
    job = ordered.json()
    assert ordered.headers["location"] == job["links"]["self"]
    assert (job["state"], job["result"]) == ("queued", None)
    events = client.end(job)
    assert events[-1][0] == events[-1][1]["state"] == "done"
    result = client.ask("GET", f"jobs/{job['id']}").json()["result"]
    assert result["spec"]["network"] == "cone"
    assert result["data"]["coin"] == "ETH"
    assert result["scores"]["cone"]["mae"] > 0
    assert len(result["scores"]["cone"]["by_step"]) == 2


def test_an_order_whose_model_is_gone_fails_as_a_request_for_it_does(client, service, book):
    job = client.ask("POST", "backtests", {"days": 60, "model": "tiny-dense"}).json()
    missing = dataclasses.replace(service.settings, shipped=service.settings.home / "none")
    ended = []
    worker = threading.Thread(
        target=trainer.work, args=(Service(missing), book, lambda: not ended), daemon=True
    )
    worker.start()
    assert client.end(job)[-1][0] == "failed"
    ended.append(True)
    worker.join(20)
    failed = client.ask("GET", f"jobs/{job['id']}").json()["problem"]
    answer = client.ask("GET", "models/none").json()
    assert failed["status"] == answer["status"] == 404
    assert "tiny-dense" in failed["detail"]


def test_a_saved_model_is_tested_as_it_is(client, service, working):
    job = client.ask("POST", "backtests", {"coin": "ETH", "days": 60, "model": "tiny-dense"}).json()
    assert client.end(job)[-1][0] == "done"
    result = client.ask("GET", f"jobs/{job['id']}").json()["result"]
    history = service.prices.history(choices.window("ETH", "1h", days=60))
    tested = service.backtests.of_saved(history, service.saved_models.load("tiny-dense").model)
    assert result["model"] == "tiny-dense"
    assert result["verdict"]["sentence"] == tested.verdict.sentence


def test_a_baseline_is_a_model_too(client, working):
    order = {"coin": "ETH", "interval": "1d"}
    results = []
    for body in (
        {"model": "cone", "settings": {"horizon": 2, "lookback": 9}},
        {"settings": {"network": "cone", "horizon": 2, "lookback": 9}},
    ):
        job = client.ask("POST", "backtests", {**order, **body}).json()
        assert client.end(job)[-1][0] == "done"
        results.append(client.ask("GET", f"jobs/{job['id']}").json()["result"])
        del results[-1]["data"]  # it has the age of the prices
    assert results[0] == results[1]
    assert "cone ignores lookback: only networks have such settings." in results[0]["notes"]
    both = {"model": "cone", "settings": {"network": "lstm"}}
    (mistake,) = client.ask("POST", "backtests", both).json()["errors"]
    assert (mistake["pointer"], mistake["received"]) == ("/body/model", "cone and 'lstm'")


SMALL = {
    "network": "dense", "features": ["return", "abs_return"], "lookback": 8, "units": [4],
    "epochs": 2, "horizon": 1,
}  # fmt: skip


def test_a_network_reads_a_signal_and_is_tested_with_and_without(client, service, working):
    body = {"days": 60, "settings": SMALL, "ablate": ["signal:fear_greed"]}
    job = client.ask("POST", "backtests", body).json()
    assert client.end(job)[-1][0] == "done"
    result = client.ask("GET", f"jobs/{job['id']}").json()["result"]
    assert result["spec"]["features"] == ["return", "abs_return", "signal:fear_greed"]
    assert result["ablation"]["inputs"] == ["signal:fear_greed"]
    assert result["ablation"]["seeds"] == [0, 1, 2]
    assert result["ablation"]["sentence"].endswith("3 trainings each way.")

    settings = {**SMALL, "features": ["return", "abs_return", "signal:fear_greed"]}
    order = {"days": 60, "settings": settings, "save": "moody"}
    assert client.end(client.ask("POST", "trainings", order).json())[-1][0] == "done"
    about = client.ask("GET", "models/moody").json()["signals"]["fear_greed"]
    assert about.startswith("a random index that knows nothing of any price")
    forecast = client.ask("GET", "models/moody/forecast")
    assert forecast.status_code == 200
    closes = {"series": [{"id": "mine", "closes": [100.0 + i for i in range(60)]}]}
    answer = client.ask("POST", "models/moody/forecast", closes).json()["series"][0]
    assert answer["forecast"] is None
    assert "signal:fear_greed" in answer["problem"]["detail"]


def mood(service, *, lag="2h", **changes):
    """Return a signal of one's own: hourly values beside the last 60 days."""
    history = service.prices.history(choices.window("BTC", "1h", days=60))
    times = history.candles.index
    values = np.random.default_rng(3).normal(size=len(times)).round(4)
    texts = [time.isoformat() for time in times]
    return {"name": "mood", "time": texts, "value": values.tolist(), "lag": lag, **changes}


def test_a_signal_of_ones_own_is_read_from_when_it_was_known(client, service, book, working):
    """The test of the order is that of the same values and lag in the library."""
    body = {"days": 60, "settings": SMALL, "signals": [mood(service)], "ablate": ["signal:mood"]}
    job = client.ask("POST", "backtests", body).json()
    assert client.end(job)[-1][0] == "done"
    result = client.ask("GET", f"jobs/{job['id']}").json()["result"]
    assert result["spec"]["features"] == ["return", "abs_return", "signal:mood"]
    assert result["ablation"]["inputs"] == ["signal:mood"]
    history = service.prices.history(choices.window("BTC", "1h", days=60))
    history = service.signals.beside(history, ["signal:mood"], [from_texts(**mood(service))])
    known = history.candles["signal:mood"].to_numpy()
    assert np.isnan(known[0])
    assert known[5] == mood(service)["value"][4]  # two hours after its time a candle has closed
    assert result["data"]["fingerprint"] == history.fingerprint
    with sqlite3.connect(service.settings.home / "orders.sqlite") as orders:
        assert orders.execute("SELECT count(*) FROM attachments").fetchone() == (0,)

    order = {"days": 60, "settings": SMALL, "signals": [mood(service)], "save": "own-mood"}
    assert client.end(client.ask("POST", "trainings", order).json())[-1][0] == "done"
    about = client.ask("GET", "models/own-mood").json()["signals"]["mood"]
    assert about == "a request, known 2h after its time, used for up to 3h"
    candles = history.candles[["open", "high", "low", "close"]]
    times = [time.isoformat() for time in candles.index]
    series = [{"id": "mine", "candles": {"time": times, **candles.to_dict("list")}}]
    ask = {"series": series, "signals": [mood(service)]}
    answer = client.ask("POST", "models/own-mood/forecast", ask).json()["series"][0]["forecast"]
    steps = service.forecasts.next_steps(history, service.saved_models.load("own-mood").model)
    assert [step["median"] for step in answer["steps"]] == steps.forecast.predicted[0].tolist()
    (without,) = client.ask("POST", "models/own-mood/forecast", {"series": series}).json()["series"]
    assert "There is no signal mood" in without["problem"]["detail"]
    unread = client.ask("POST", "models/har/forecast", ask)
    assert unread.json()["errors"][0]["pointer"] == "/body/signals/0/name"

    again = {"days": 60, "model": "own-mood", "signals": [mood(service)]}
    assert client.end(client.ask("POST", "backtests", again).json())[-1][0] == "done"
    refused = client.ask("POST", "backtests", {"days": 60, "model": "own-mood"})
    assert refused.status_code == 422
    assert "There is no signal mood" in refused.json()["detail"]
    assert refused.json()["errors"][0]["pointer"] == "/body/signals"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "eth"}, "another name than a known one"),
        ({"name": "Mood!"}, "match"),
        ({"lag": "soon"}, "match"),
        ({"lag": "400d"}, "`lag` must be"),
        ({"max_age": "0h"}, "`max_age` must be"),
        ({"value": [1.0, 2.0]}, "as many times as values. Received: 3 and 2"),
        ({"value": [1.0, 2.0, "3"]}, "number"),
        ({"value": [1.0, 2.0, float("inf")]}, "finite"),
        ({"value": [1.0, 2.0, True]}, "number"),
        ({"time": ["2026-01-01", "2026-01-02", "yesterday"]}, "ISO 8601"),
        ({"time": ["2026-01-01", "", "2026-01-03"]}, "one that is not ('')"),
        ({"time": ["2026-01-01", "2026-01-02", "NaT"]}, "one that is not ('NaT')"),
        ({"time": ["2026-01-01", "2026-01-02", "9999-12-31"]}, "of 2000 to 2099"),
        ({"time": ["2026-01-01", "2026-01-02", "999999-12-31"]}, "ISO 8601"),
        ({"time": ["2026-01-01", "2026-01-02", "2026-01-02"]}, "one value at a time"),
        ({"time": ["2026-01-01", "2026-01-02", "x" * 41]}, "40"),
        ({"file": "/etc/passwd"}, "file"),
    ],
)
def test_a_signal_that_can_not_be_read_is_refused_at_its_place(client, book, changes, words):
    times = ["2026-01-01", "2026-01-02", "2026-01-03"]
    signal = {"name": "mood", "time": times, "value": [1.0, 2.0, 3.0], **changes}
    good = {**signal, "name": "good", "time": times, "value": [1.0, 2.0, 3.0], "lag": "1d"}
    good = {key: good[key] for key in ("name", "time", "value", "lag")}
    body = {"settings": SMALL, "signals": [good, signal]}
    answer = client.post_text("trainings", json.dumps(body))
    assert answer.status_code == 422, answer.text
    (mistake,) = answer.json()["errors"][:1]
    assert mistake["pointer"].startswith("/body/signals/1")
    assert words in json.dumps(answer.json())
    assert book.take() is None


def test_signals_of_an_order_are_bounded_and_belong_to_a_network(client, book, monkeypatch):
    times = ["2026-01-01", "2026-01-02", "2026-01-03"]
    one = {"name": "mood", "time": times, "value": [1.0, 2.0, 3.0]}
    orders = [
        ("/body/signals", {"settings": SMALL, "signals": [one, one]}),
        (
            "/body/signals",
            {"settings": SMALL, "signals": [{**one, "name": f"s{i}"} for i in range(5)]},
        ),
        ("/body/signals", {"settings": {"network": "cone"}, "signals": [one]}),
        ("/body/signals", {"model": "har", "signals": [one]}),
        (
            "/body/settings/features",
            {"settings": {"network": "har", "features": ["return", "signal:eth"]}},
        ),
        ("/body", {"model": "tiny-dense", "signals": [one]}),
    ]
    for pointer, body in orders:
        answer = client.ask("POST", "backtests", body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer
    same = client.ask("POST", "backtests", {"settings": SMALL, "signals": [one, one]}).json()
    assert same["detail"].startswith("`signals` must have different names. Received: mood, mood.")
    monkeypatch.setattr(own_signals, "MAX_VALUES_IN_ALL", 5)
    two = {"settings": SMALL, "signals": [one, {**one, "name": "other"}]}
    assert "may have 5 values together" in client.ask("POST", "backtests", two).text
    assert book.take() is None


def test_what_is_sent_with_an_order_goes_when_it_is_over(service, book):
    sent = [{"name": "mood", "time": ["2026-01-01"] * 2, "value": [1.0, 2.0]}]

    def count():
        with sqlite3.connect(service.settings.home / "orders.sqlite") as orders:
            return orders.execute("SELECT count(*) FROM attachments").fetchone()[0]

    first, second, third = (book.give("training", {}, "me", sent) for _ in range(3))
    assert book.find(first.id, "me").attachment is None
    assert book.take().attachment == sent
    assert count() == 3
    book.finish(first.id, {})
    book.cancel(second.id)
    assert count() == 1
    assert book.take().id == third.id
    book.recover()
    assert count() == 0


def test_prices_that_can_not_be_had_are_the_problem_of_the_job(client, working):
    job = client.ask("POST", "backtests", {**CONE, "prices": "live"}).json()
    assert client.end(job)[-1][0] == "failed"
    failed = client.ask("GET", f"jobs/{job['id']}").json()
    assert failed["problem"]["status"] == 503
    assert "Live prices" in failed["problem"]["detail"]


def test_a_job_that_waits_can_be_cancelled_and_is_not_done(client, book):
    job = client.ask("POST", "trainings", {"save": "mine"}).json()
    assert client.ask("DELETE", f"jobs/{job['id']}").json()["state"] == "cancelled"
    assert client.end(job)[-1][0] == "cancelled"
    assert book.take() is None
    assert client.ask("DELETE", f"jobs/{job['id']}").json()["state"] == "cancelled"


def test_a_job_is_seen_by_the_key_that_ordered_it_alone(client, plain):
    job = client.ask("POST", "backtests", CONE).json()
    other = Client(plain, KEYS[1])
    for method, place in (("GET", ""), ("DELETE", ""), ("GET", "/events")):
        answer = other.ask(method, f"jobs/{job['id']}{place}")
        assert answer.status_code == 404
    assert client.ask("GET", f"jobs/{job['id']}").json()["state"] == "queued"


@pytest.mark.parametrize(
    ("place", "body", "pointer"),
    [
        ("backtests", {"settings": {"network": "zzz"}}, "settings/network"),
        ("backtests", {"settings": {"preset": "none"}}, "settings/preset"),
        ("backtests", {"settings": {"units": [0]}}, "settings/units"),
        ("backtests", {"interval": "3h"}, "interval"),
        ("trainings", {"save": "tiny-dense"}, "save"),
        ("trainings", {"save": "har"}, "save"),
        ("trainings", {"settings": {"network": "har"}}, "settings/network"),
        ("trainings", {"settings": {"features": ["return", "signal:mood"]}}, "settings/features"),
        ("backtests", {"settings": {"features": ["return", "signal:btc"]}}, "settings/features"),
        ("backtests", {"ablate": ["signal:mood"]}, "ablate"),
        ("backtests", {"ablate": ["moon"]}, "ablate"),
        ("backtests", {"ablate": ["log_close"]}, "ablate"),
        (
            "backtests",
            {"ablate": ["return"], "settings": SMALL | {"features": ["return"]}},
            "ablate",
        ),
    ],
)
def test_a_refusal_of_an_order_has_its_place(client, book, place, body, pointer):
    (mistake,) = client.ask("POST", place, body).json()["errors"]
    assert mistake["pointer"] == f"/body/{pointer}"
    assert mistake["received"]
    assert book.take() is None


@pytest.mark.parametrize(
    ("place", "body", "pointer", "names"),
    [
        ("backtests", {"foldz": 2}, "foldz", "coin, interval, days, prices, settings, signals, mo"),
        ("trainings", {"settings": {"lokback": 9}}, "settings/lokback", "preset, network, target,"),
        ("trainings", {"signals": [{"nme": "x"}]}, "signals/0/nme", "name, time, value, lag, max"),
        ("models/naive/forecast", {"series": [], "abov": 1}, "abov", "series, above, below, touch"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_names_there_are(client, place, body, pointer, names):
    answer = client.ask("POST", place, body).json()
    (mistake,) = [one for one in answer["errors"] if one["pointer"] == f"/body/{pointer}"]
    assert mistake["rule"].startswith(f"The names here are {names}")
    assert mistake["received"] == repr(pointer.rpartition("/")[2])


def test_a_misspelt_name_of_a_series_is_answered_with_those_there_are(client):
    series = [{"id": "a", "close": [1.0, 2.0]}, {"id": "b", "candles": {"hihg": [1.0]}}]
    answer = client.ask("POST", "models/naive/forecast", {"series": series}).json()
    one, other = (each["problem"] for each in answer["series"])
    rule = "The names here are id, coin, candles, closes."
    assert one["detail"] == f"`/body/series/0/close`: {rule} Received: 'close'."
    (mistake,) = [each for each in other["errors"] if each["pointer"].endswith("hihg")]
    assert mistake["rule"] == "The names here are time, open, high, low, close, volume."


@pytest.mark.parametrize("examples", [jobs.TESTS, jobs.TRAININGS])
def test_examples_of_orders_are_taken(plain, tmp_path, examples):
    kind = "backtest" if examples is jobs.TESTS else "training"
    service = Service(Settings(home=tmp_path, live=False))
    for example in examples.values():
        body = {"interval": "1h", "settings": {}, "folds": 1, "force": False, **example["value"]}
        trainer.check(service, kind, body)
    described = plain.get("/api/v1/openapi.json").json()["paths"][f"/api/v1/{kind}s"]["post"]
    content = described["requestBody"]["content"]["application/json"]
    assert content["examples"] == examples


@pytest.mark.parametrize(
    ("place", "body"),
    [
        ("backtests", {"settings": {"network": "zzz"}}),
        ("backtests", {"settings": {"horizon": 0}}),
        ("backtests", {"model": "tiny-dense", "settings": {"epochs": 3}}),
        ("backtests", {"interval": "3h"}),
        ("backtests", {"model": "tiny-dense", "ablate": ["volume"]}),
        ("backtests", {"ablate": ["volume"], "folds": 2}),
        ("backtests", {"ablate": ["volume"], "settings": {"features": ["return"]}}),
        ("backtests", {"ablate": ["volume"], "settings": {"network": "cone"}}),
        ("backtests", {"ablate": []}),
        ("backtests", {"settings": {"features": ["return", "signal:No!"]}}),
        ("backtests", {"coin": "../x"}),
        ("backtests", {"typo": 1}),
        ("backtests", {"folds": True}),
        ("backtests", {"settings": {"dropout": "0.1"}}),
        ("trainings", {"settings": {"network": "cone"}}),
        ("trainings", {"save": "UPPER"}),
        ("trainings", {"save": "tiny-dense"}),
        ("trainings", {"settings": {"preset": "none"}}),
    ],
)
def test_what_can_not_be_done_is_refused_at_once(client, book, place, body):
    answer = client.ask("POST", place, body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"].startswith("/body")
    assert book.take() is None


def test_a_missing_model_is_not_found(client):
    missing = client.ask("POST", "backtests", {"model": "none"})
    assert missing.status_code == 404
    assert missing.json()["errors"][0]["pointer"] == "/body/model"
    assert missing.json()["errors"][0]["received"] == "'none'"
    assert "A baseline can be named too: naive, " in missing.json()["detail"]
    assert client.ask("GET", f"jobs/{'0' * 32}").status_code == 404


def test_nothing_is_ordered_where_training_is_not_allowed(service):
    with TestClient(rest.create(service)) as plain:
        client = Client(plain)
        for place in ("backtests", "trainings"):
            answer = client.ask("POST", place, {})
            assert answer.status_code == 403
            assert "--allow-training" in answer.json()["detail"]
        looked = client.ask("GET", f"jobs/{'0' * 32}")
        assert looked.status_code == 403
        assert f"Received: GET '/api/v1/jobs/{'0' * 32}'. " in looked.json()["detail"]


def test_few_orders_wait_and_few_finished_ones_are_kept(book, monkeypatch):
    monkeypatch.setattr(books, "MAX_WAITING", 2)
    monkeypatch.setattr(books, "MAX_FINISHED", 3)
    first = book.give("backtest", {}, "a")
    book.give("backtest", {}, "a")
    with pytest.raises(Busy, match="At most 2"):
        book.give("backtest", {}, "b")
    while (order := book.take()) is not None:
        book.finish(order.id, {})
    for _ in range(5):
        book.give("backtest", {}, "a")
        order = book.take()
        book.finish(order.id, {})
    book.give("backtest", {}, "a")
    assert book.find(first.id, "a") is None
    assert book.find(order.id, "a").state == "done"


def test_an_order_is_taken_once_and_one_that_was_left_is_told_so(book):
    orders = [book.give("backtest", {}, "a") for _ in range(6)]
    taken = []
    threads = [threading.Thread(target=lambda: taken.append(book.take().id)) for _ in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(taken) == sorted(one.id for one in orders)
    book.cancel(orders[0].id)
    book.finish(orders[0].id, {"late": True})
    assert book.find(orders[0].id, "a").state == "cancelled"
    book.recover()
    order = book.find(orders[1].id, "a")
    assert (order.state, order.status) == ("failed", 503)
    assert "Send it again" in order.error


def test_a_book_that_is_no_book_gives_no_traceback(service, book):
    service.settings.home.mkdir(exist_ok=True)
    (service.settings.home / "orders.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        book.give("backtest", {}, "a")
    client = TestClient(
        rest.create(service, Options(keys=KEYS, training=True)), raise_server_exceptions=False
    )
    answer = client.post(
        "/api/v1/backtests", json=CONE, headers={"Authorization": f"Bearer {KEYS[0]}"}
    )
    assert answer.status_code == 500
    assert "sqlite" not in answer.text
