"""Series that are sent: one or many, whole candles or closes, each with its answer or problem."""

import json
from itertools import groupby

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.api import responses
from cryptoforecast.service import PREDICT_MODEL
from cryptoforecast.service.outlooks import Question
from tests import synthetic

CLOSES = [round(61_000 + 25.5 * (7 * i % 11), 2) for i in range(60)]


@pytest.fixture(scope="module")
def history():
    return synthetic.history()


@pytest.fixture(scope="module")
def candles(history):
    frame = history.candles
    columns = {name: frame[name].tolist() for name in ("open", "high", "low", "close")}
    return {"time": [time.isoformat() for time in frame.index], **columns}


def post(client, body, model="tiny-dense"):
    return client.post(f"/models/{model}/forecast", body)


def test_own_candles_are_forecast_as_the_library_forecasts_them(client, service, candles):
    body = {"series": [{"id": "mine", "candles": candles}], "above": [100.0], "touch": [120.0]}
    (answer,) = post(client, body).json()["series"]
    frame = synthetic.history().candles[["open", "high", "low", "close"]]
    history = service.prices.from_frame(frame.reset_index(), coin="BTC", interval="1h")
    expected = service.outlooks.of(history, "tiny-dense", Question([100.0], (), [120.0])).json()
    assert answer["id"] == "mine"
    for key in expected.keys() - {"data"}:
        assert answer["forecast"][key] == expected[key], key
    assert answer["forecast"]["data"]["fingerprint"] == history.fingerprint


def test_closes_give_what_predict_gives(client):
    seed = client.plain.post("/predict", json={"prices": CLOSES}).json()
    body = {"series": [{"id": "mine", "closes": CLOSES}]}
    (answer,) = post(client, body, PREDICT_MODEL).json()["series"]
    assert answer["forecast"]["predictor"] == "lstm"
    assert answer["forecast"]["steps"][0]["median"] == seed["predicted_next_hour_price"]


def test_closes_alone_are_refused_where_they_are_not_enough(client):
    body = {"series": [{"id": "mine", "closes": CLOSES}]}
    for model in ("tiny-dense", "har", "cone"):
        (answer,) = post(client, body, model).json()["series"]
        assert answer["problem"]["errors"][0]["pointer"] == "/body/series/0"
        assert "closes alone" in answer["problem"]["detail"]
    (answer,) = post(client, body, "naive").json()["series"]
    assert answer["problem"] is None


def test_closes_reach_back_to_the_first_coin_at_most(client):
    # The last candle has closed, and candles of three days do not begin on the first day of a year.
    most = (pd.Timestamp.now("UTC") - pd.Timestamp("2009-01-01", tz="UTC")) // pd.Timedelta("3D")
    for count, refused in ((most - 2, False), (most + 2, True)):
        body = {"series": [{"id": "a", "closes": [5.0, 6.0] * (count // 2)}], "interval": "3d"}
        (answer,) = post(client, body, "naive").json()["series"]
        if refused:
            assert "must be at most" in answer["problem"]["detail"]
            assert "time" not in answer["problem"]["detail"].lower()  # none were sent
        else:
            assert answer["problem"] is None


def test_one_bad_series_is_a_problem_in_its_place(client, candles):
    good = {"id": "good", "candles": candles}
    short = {name: values[:10] for name, values in candles.items()}
    uneven = {**candles, "close": candles["close"][:-1]}
    bad = [
        {"id": "text", "closes": [1.0, "2"]},
        {"id": "truth", "closes": [1.0, True]},
        {"id": "more", "closes": [1.0], "unknown": 1},
        {"id": "both", "closes": CLOSES, "candles": candles},
        {"id": "neither"},
        {"id": "uneven", "candles": uneven},
        {"id": "short", "candles": short},
        {"closes": CLOSES},
        7,
    ]
    answers = post(client, {"series": [good, *bad, good]}).json()["series"]
    assert [one["problem"] is None for one in answers] == [True] + [False] * len(bad) + [True]
    assert answers[0]["forecast"]["steps"] == answers[-1]["forecast"]["steps"]
    for place, one in enumerate(answers[1:-1], start=1):
        (first, *_) = one["problem"]["errors"]
        assert first["pointer"].startswith(f"/body/series/{place}")
        assert one["forecast"] is None
    assert answers[1]["problem"]["errors"][0]["pointer"] == "/body/series/1/closes/1"
    assert answers[9]["id"] == "series 9"


def test_a_problem_speaks_of_what_was_sent(client, candles):
    times = candles["time"]
    twice = {**candles, "time": [*times[:-1], times[0]]}
    dates = {**candles, "time": ["soon", *times[1:]]}
    again = {**candles, "time": [*times[:-1], times[0].replace("T", " ")]}
    wrong = {"a": twice, "b": dates, "c": again}
    body = {"series": [{"id": name, "candles": sent} for name, sent in wrong.items()]}
    first, second, third = (
        one["problem"]["detail"] for one in post(client, body, "cone").json()["series"]
    )
    assert "Received: " in first
    assert f"{times[0]!r} again" in first
    assert second.startswith("The series can't be read. ")
    assert third.startswith("The series can't be read. Each candle must have a time of its own.")
    assert "df" not in third


def test_the_long_format_is_one_table_of_the_same_numbers(client):
    body = {
        "series": [{"id": "a", "closes": CLOSES}, {"id": "b", "closes": CLOSES[::-1]}],
        "horizon": 3,
    }
    steps = post(client, body, "drift").json()
    long = post(client, {**body, "format": "long"}, "drift").json()
    assert steps["rows"] == []
    assert [one["forecast"] for one in long["series"]] == [None, None]
    assert len(long["rows"]) == 2 * 3 * 10
    for (named, step), rows in groupby(
        long["rows"], key=lambda row: (row["unique_id"], row["step"])
    ):
        forecast = steps["series"]["ab".index(named)]["forecast"]["steps"][step - 1]
        values = {row["level"]: row["value"] for row in rows}
        assert values.pop("mean") == forecast["mean"]
        assert values == forecast["quantiles"]


def test_in_a_table_each_id_is_of_one_series(client):
    series = [{"id": "a", "closes": CLOSES}, {"id": "a", "closes": CLOSES[::-1]}]
    body = {"series": [*series, {"id": "b", "closes": CLOSES}], "horizon": 3}
    steps = post(client, body, "drift").json()
    assert [one["problem"] for one in steps["series"]] == [None] * 3
    long = post(client, {**body, "format": "long"}, "drift").json()
    assert [one["problem"] is None for one in long["series"]] == [True, False, True]
    (mistake,) = long["series"][1]["problem"]["errors"]
    assert (mistake["pointer"], mistake["received"]) == ("/body/series/1/id", "'a' again")
    assert len(long["rows"]) == 2 * 3 * 10


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/body/series"),
        ({"series": []}, "/body/series"),
        ({"series": 5}, "/body/series"),
        ({"series": [{"id": "a", "closes": CLOSES}], "typo": 1}, "/body/typo"),
        ({"series": [{"id": "a", "closes": CLOSES}], "above": ["1"]}, "/body/above/0"),
        ({"series": [{"id": "a", "closes": CLOSES}], "above": [0]}, "/body/above/0"),
        ({"series": [{"id": "a", "closes": CLOSES}], "predictor": "cone"}, "/body/predictor"),
        ({"series": [{"id": "a", "closes": CLOSES}], "interval": "1d"}, "/body/interval"),
        ({"series": [{"id": "a", "closes": CLOSES}], "horizon": 3}, "/body/horizon"),
        ({"series": [{"id": "a", "closes": CLOSES}], "format": "wide"}, "/body/format"),
        ({"series": [{"id": "a"}] * 101}, "/body/series"),
        ({"series": [{"id": "a", "closes": [1.0] * 17_000}] * 3}, "/body/series"),
    ],
)
def test_a_question_outside_the_rules_is_refused_as_a_whole(client, body, pointer):
    answer = post(client, body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 422),
        (b"", "application/json", 422),
        (b"\xff\xfe", "application/json", 422),
        (b"[" * 100_000, "application/json", 422),
        (b'{"series": [{"id": "a", "closes": [1]}], "above": [NaN]}', "application/json", 422),
        (b'{"series": [{"id": "a", "closes": [1]}], "above": [1e999]}', "application/json", 422),
        (b"series=1", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
        (b" " * (responses.MAX_BODY + 1), "application/json", 413),
    ],
)
def test_a_body_that_is_no_json_is_refused(client, content, kind, status):
    answer = client.post("/models/naive/forecast", content=content, headers={"content-type": kind})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_no_number_that_json_lacks_gets_into_a_series(client):
    content = json.dumps({"series": [{"id": "a", "closes": [*CLOSES, np.nan]}]})
    answer = client.post(
        "/models/naive/forecast", content=content, headers={"content-type": "application/json"}
    )
    (one,) = answer.json()["series"]
    assert one["problem"]["errors"][0]["pointer"] == "/body/series/0/closes/60"
