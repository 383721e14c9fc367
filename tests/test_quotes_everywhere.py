"""A price is told in its own currency by the command line, the library, the API and the report."""

from __future__ import annotations

import dataclasses
import json
import re

import pandas as pd
import pytest
from starlette.testclient import TestClient

import cryptoforecast as cf
from cryptoforecast import api, charts, cli, html_report, json_views
from cryptoforecast.evaluation import walk_forward
from cryptoforecast.evaluation.analyses import Analyses
from cryptoforecast.forecasting import next_steps, probability
from cryptoforecast.learning import bundles, specs
from cryptoforecast.prices.files import writing
from cryptoforecast.service import Service
from cryptoforecast.settings import Settings
from cryptoforecast.types import PriceHistory, Scores, WalkPlan, affixes, price_text
from tests import synthetic

#: Quote, price of the coin in it, and a price as it is written.
QUOTES = [
    ("EUR", 27_000.0, "€27,000.00"), ("KRW", 91e6, "₩91,000,000"), ("BTC", 1.23e-6,
    "0.00000123 BTC"),
]  # fmt: skip
BASELINE = "har"
METRICS = tuple(field.name for field in dataclasses.fields(Scores))


def history(quote: str, price: float, **changes: object) -> PriceHistory:
    prices = synthetic.history(**{"coin": "SOL", "volume_unit": "quote", **changes})
    return synthetic.quoted(prices, quote, price)


def dollars(text: str) -> list[str]:
    """The places of a text that speak of dollars."""
    return re.findall(r".{0,60}(?:\$|USD|[Dd]ollar).{0,40}", text)


@pytest.fixture
def run(capsys):
    """Run a command here; return its whole answer."""

    def run(*args):
        capsys.readouterr()
        assert cli.main([*map(str, args)]) == 0
        printed = capsys.readouterr()
        return printed.out, printed.err

    return run


@pytest.fixture
def file(tmp_path):
    """Return ``file(quote, price)``: the path of a file whose name has the quote."""

    def write(quote, price):
        path = tmp_path / f"SOL-{quote}_1h.csv"
        writing.write(history(quote, price, volume_unit="coins"), path)
        return path

    return write


def test_dollars_are_found_where_they_are(run, file):
    assert len(dollars("".join(run("backtest", "--data", file("USD", 20.0), "--network=cone")))) > 1
    assert dollars(str(charts.fan(future("USD", 20.0)).to_json()))


@pytest.mark.parametrize(("quote", "price", "text"), QUOTES)
def test_the_command_line_tells_prices_in_their_currency(run, file, home, quote, price, text):
    scores = {"dense": dict.fromkeys(METRICS, price)}
    model = synthetic.model(synthetic.spec(horizon=3), coin="SOL", quote=quote, scores=scores)
    bundles.save(model, home / "models", "mine")
    path = file(quote, price)
    levels = ("--above", f"{price:.10f}", "--below", f"{price:.10f}")
    forecast, _ = run("forecast", "--model", "mine", "--data", path, *levels)
    assert f"from the last close, {text} at 2024-01-26 00:00 UTC." in forecast
    assert f"above {text}" in forecast
    assert f"median, {quote}" in forecast
    folds = ("--network", BASELINE, "--folds", "2", "--leaderboard", "mae")
    tested, message = run("backtest", "--data", path, *folds)
    assert f"MAE, {quote}" in tested
    assert f"SOL-{quote} 1h from" in tested
    shown, _ = run("models", "show", "mine")
    assert re.search(rf"priced in +{quote}", shown)
    assert f"MAE, {quote}" in shown
    for answer in (forecast, tested, message, shown, run("inspect", path)[0]):
        assert dollars(answer) == []
    answer = json.loads(run("forecast", "--model", "mine", "--data", path, "--json")[0])
    assert dollars(json.dumps(answer)) == []


@pytest.mark.parametrize(("quote", "price", "text"), QUOTES)
def test_the_files_of_a_backtest_tell_their_currency(run, file, tmp_path, quote, price, text):
    report, forecasts = tmp_path / "report.html", tmp_path / "forecasts.csv"
    files = ("--html", report, "--forecasts", forecasts)
    run("backtest", "--data", file(quote, price), "--network", BASELINE, "--horizon", 2, *files)
    header, first = forecasts.read_text().splitlines()[:2]
    row = dict(zip(header.split(","), first.split(","), strict=True))
    assert row["quote"] == quote
    assert {"origin", "origin_closes_at", "time", "closes_at"} <= row.keys()
    assert dollars(header + first) == []
    page = re.sub(
        r"<script[^>]*>/\*\*.*?</script>", "", report.read_text(), count=1, flags=re.DOTALL
    )
    assert len(page) < 2_000_000
    assert dollars(page) == []
    sign = affixes(quote)[0]
    assert (f'"tickprefix":{json.dumps(sign)}' if sign else f"residual, {quote}") in page


@pytest.mark.parametrize(("quote", "price", "text"), QUOTES)
def test_objects_of_the_library_print_their_currency(quote, price, text):
    prices = cf.Prices(history(quote, price))
    model = cf.Model(synthetic.model(synthetic.spec(horizon=3), coin="SOL", quote=quote))
    forecast, tested = model.forecast(prices, above=price), cf.backtest(prices, "drift")
    assert prices.quote == quote
    assert repr(prices).startswith(f"Prices(SOL-{quote} 1h, ")
    assert repr(model).startswith(f"Model(not saved, dense, SOL-{quote} 1h, ")
    assert repr(tested).startswith(f"Backtest(drift, SOL-{quote} 1h, ")
    for each in (prices, model, forecast, tested):
        assert dollars(repr(each) + each._repr_html_()) == []
    last = forecast.steps.forecast.quantile_prices[0, -1, 4]
    assert f": median {price_text(last, quote, estimate=True)}, 80 % band " in repr(forecast)
    for figure in (forecast.plot(), tested.plot()):
        assert dollars(figure.to_json()) == []


def future(quote, price, interval="1h"):
    prices = synthetic.lasting(history(quote, price), interval)
    return next_steps.of_baseline(prices, BASELINE, 4)


@pytest.mark.parametrize(("quote", "price", "text"), QUOTES)
def test_figures_and_their_sentences_are_in_the_currency(quote, price, text):
    coming = future(quote, price)
    (one,) = probability.of_next_steps(coming, [price])
    prices = coming.history
    figures = (
        charts.fan(coming), charts.candles(prices), charts.candles(prices, log=True),
        charts.probability_by_step(coming, one), charts.fan(coming, titled=False),
    )  # fmt: skip
    for figure in figures:
        assert dollars(figure.to_json()) == []
    assert text in charts.summary_fan(coming)
    assert text in charts.summary_candles(prices)
    assert text in charts.summary_probability(coming, one)


@pytest.mark.parametrize(("quote", "price", "text"), QUOTES)
def test_each_section_of_a_test_is_in_the_currency(quote, price, text):
    spec = specs.make(network=BASELINE, horizon=2)
    walked = walk_forward.run(history(quote, price), spec, WalkPlan(folds=2))
    result, analyses = walked.backtest, Analyses()
    makers = [
        make for view in html_report.VIEWS for make in html_report.makers(result, view).values()
    ]
    sections = [make(analyses, result, 2, False) for make in makers]
    sections.append(html_report.folds_section(walked))
    for metric in ("mae", "pinball"):
        section, board = html_report.leaderboard_section(analyses, result, metric, 2, "naive")
        sections += [
            section,
            dataclasses.replace(section, frame=html_report.standings(board, quote)),
        ]
    for section in sections:
        shown = (section.figure.to_json(), section.sentence, section.title, section.frame.to_csv())
        assert dollars("\n".join(shown)) == [], section.name
    assert dollars(json.dumps(json_views.walk_forward_json(walked))) == []


def test_the_api_tells_prices_in_their_currency(tmp_path, monkeypatch):
    model = synthetic.model(synthetic.spec(horizon=3), coin="SOL", quote="KRW")
    bundles.save(model, tmp_path / "models", "mine")
    service = Service(Settings(home=tmp_path, shipped=tmp_path / "none", live=False))
    monkeypatch.setattr(service.prices, "history", lambda *_, **__: history("KRW", 91e6))
    with TestClient(api.create(service)) as client:
        answer = client.get("/api/v1/models/mine/forecast?above=91e6")
        refused = client.get("/api/v1/models/mine/forecast?above=much")
    assert answer.status_code == 200
    for step in (*answer.json()["steps"], *answer.json()["odds"][0]["steps"]):
        assert step["closes_at"] > step["time"]
    assert dollars(answer.text) == dollars(refused.text) == []


@pytest.mark.parametrize(
    ("interval", "last", "first"),
    [
        ("1h", "Fri 26 Jan 2024, 04:00 UTC", "Fri 26 Jan 2024, 01:00 UTC"),
        ("1d", "Wed 27 Aug 2025, 00:00 UTC", "Sun 24 Aug 2025, 00:00 UTC"),
        ("1w", "Mon 30 Jul 2035, 00:00 UTC", "Mon 9 Jul 2035, 00:00 UTC"),
    ],
)
def test_a_forecast_is_told_by_the_close_of_its_candle(interval, last, first):
    coming = future("EUR", 27_000.0, interval)
    prices = coming.history
    (one,) = probability.of_next_steps(coming, [27_000.0])
    assert charts.summary_fan(coming).startswith(f"By {last}, ")
    sentence = charts.summary_probability(coming, one)
    assert f" at {last} (" in sentence
    assert f"; at {first} (" in sentence
    for figure, name in (
        (charts.fan(coming), "median"),
        (charts.probability_by_step(coming, one), "chance"),
    ):
        line = next(trace for trace in figure.data if trace.name == name)
        closes = pd.to_datetime([*line.x], utc=True).as_unit("ns")
        assert closes[-4:].equals(coming.closing_times.as_unit("ns"))
        assert set(closes[:-4]) <= {prices.closes_at}  # the fan opens at the last close
        assert figure.layout.xaxis.title.text == "candle close, UTC"
    assert charts.candles(prices).layout.xaxis.title.text == "candle open, UTC"
