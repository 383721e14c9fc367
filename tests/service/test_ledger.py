"""The ledger behind the service: forecasts of a market that goes on, hour by hour."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from cryptoforecast import cli
from cryptoforecast.errors import CryptoForecastError, InvalidInput, SourceUnavailable
from cryptoforecast.ledger import grading
from cryptoforecast.prices import simulate
from cryptoforecast.prices.live.sources import Fetched
from cryptoforecast.service import LedgerService, PriceService, Service, price_choices, ticks
from cryptoforecast.settings import Settings
from cryptoforecast.types.ledger import CANDLE_REVISED, GRADED, OPEN, SOURCE_GONE, VOID
from cryptoforecast.types.ledger_record import EVERY_DAY, ONE_LOOK
from tests.ledger import making

HOUR = pd.Timedelta(hours=1)


class Market:
    """A live source whose candles have closed up to a time that is set by hand."""

    name, title, volume_unit = "market", "Market", "coins"

    def __init__(self, now):
        self.now = now
        self.answers = True
        self.factor = 1.0
        self.last = now
        self.ahead = pd.Timedelta(0)  # how far our clock is ahead of its own
        self.candles = {}
        self.meanwhile = lambda: None  # what happens while it answers

    def symbol(self, coin):
        return coin.symbol if coin.quote == "USD" else None

    def earliest(self, interval, now):
        return pd.Timestamp("2017-01-01", tz="UTC")

    def limit(self, interval):
        return "Market goes back to 2017."

    def fetch(self, symbol, interval, start, end, deadline):
        if not self.answers:
            raise SourceUnavailable("Market does not answer.")
        self.meanwhile()
        end = self.now if end is None else min(end, self.now)
        if symbol not in self.candles:
            coin, since = symbol.partition("-")[0], self.last - pd.Timedelta(days=800)
            self.candles[symbol] = simulate(coin, "1h", since, self.last).candles
        candles = self.candles[symbol]
        candles = candles[candles.index + HOUR <= min(self.now, self.last)]
        candles = candles[candles.index < end]
        candles = candles.copy() if start is None else candles[candles.index >= start].copy()
        candles[["open", "high", "low", "close"]] *= self.factor
        return Fetched(candles, clock=pd.Timestamp.now("UTC") - self.ahead)


def sixty_hours_ago():
    """A market at that time, which goes on for 1,000 hours."""
    market = Market(pd.Timestamp.now("UTC").floor("h") - 60 * HOUR + pd.Timedelta(minutes=1))
    market.last = market.now + 1000 * HOUR
    return market


@pytest.fixture
def market():
    return sixty_hours_ago()


@pytest.fixture
def ledger(home, market):
    settings = Settings(home=home, fresh=0, retry=0, pause=0)
    service = Service(settings)
    prices = PriceService(settings, [market])
    return LedgerService(
        settings, prices, service.signals, service.saved_models, service.forecasts,
        service.outlooks,
        lambda: market.now,
    )  # fmt: skip


def test_what_is_recorded_is_the_forecast_that_is_shown(ledger, market, home):
    (attempt,) = ledger.record(["btc-1h-dense"])
    assert attempt.state == "recorded"
    service = Service(Settings(home=home))
    prices = PriceService(Settings(home=home, fresh=0), [market])
    history = prices.history(price_choices.window("BTC", "1h"))
    model = service.saved_models.load("btc-1h-dense").model
    shown = service.forecasts.next_steps(history, model).forecast
    (entry,) = ledger.entries()
    assert entry.forecast.source == "market"
    assert entry.forecast.version == service.saved_models.version("btc-1h-dense")
    assert entry.forecast.origin == shown.origins[0] == market.now.floor("h") - HOUR
    assert entry.forecast.last_close == shown.close[0]
    np.testing.assert_allclose(entry.forecast.quantiles, shown.quantile_prices[0], rtol=1e-7)


def test_hour_after_hour_forecasts_are_recorded_and_graded(ledger, market):
    """More than a day of hourly ticks, quicker than they pass."""
    for _ in range(30):
        ledger.record(["cone"], ["BTC"])
        ledger.grade()
        market.now += HOUR
    counts = ledger.grade()
    assert counts.graded == 1
    (series,) = ledger.series()
    assert (series.recorded, series.settled, series.open, series.void) == (30, 7, 23, 0)
    entries = ledger.entries(series.name, 50)
    assert [entry.state for entry in entries] == [OPEN] * 23 + [GRADED] * 7
    for entry in entries[23:]:
        closes = simulate("BTC", "1h", entry.forecast.origin + HOUR, entry.forecast.due_at).candles[
            "close"
        ]
        np.testing.assert_array_equal(entry.outcome.actual, closes)
        assert entry.forecast.made_at < entry.forecast.closes_at(1)
        assert entry.outcome.graded_at >= entry.forecast.due_at
        np.testing.assert_allclose(entry.outcome.pinball, entry.outcome.pinball_cone)
    record = ledger.record_of(series.name, 24)
    assert record.total.count == 7
    assert ledger.verify(ledger.head()).intact


def test_a_forecast_whose_first_candle_has_closed_is_refused(ledger, market):
    ledger.record(["naive"], ["BTC"])
    market.last = market.now  # the source falls behind
    market.now += 2 * HOUR
    with pytest.raises(InvalidInput, match="before its first candle closes"):
        ledger.record(["naive"], ["BTC"])
    assert ledger.head().position == 1


def test_a_clock_that_jumps_back_writes_nothing_until_it_is_right(ledger, market, home):
    """Neither a forecast nor an outcome gets a time before that of the entry before it."""
    service = Service(Settings(home=home))
    service.ledger = ledger
    selection = ticks.Selection(["naive"], ["BTC"])
    ledger.record(["naive"], ["BTC"])
    market.now += 25 * HOUR
    ledger.record(["naive"], ["BTC"])  # the first one is due, and not graded yet
    head = ledger.head()
    market.now -= HOUR / 2
    wrong = ticks.tick(service, selection)
    for step in ("grade", "record"):
        assert isinstance(wrong.failures[step], InvalidInput)
        assert "in the order of time" in str(wrong.failures[step])
    assert ledger.head() == head
    market.now += 2 * HOUR
    right = ticks.tick(service, selection)
    assert not right.failures
    assert (right.grades.graded, [each.state for each in right.attempts]) == (1, ["recorded"])
    assert ledger.verify(head).intact


def test_one_that_is_refused_does_not_stop_the_others(ledger):
    attempts = ledger.record(["naive"], ["BTC", "NOSUCHCOIN"])
    assert [attempt.state for attempt in attempts] == ["recorded", "refused"]
    assert attempts[1].refusal
    again = ledger.record(["naive"], ["BTC"])
    assert [attempt.state for attempt in again] == ["there already"]


def test_without_live_prices_nothing_is_recorded_unless_one_practises(ledger, market):
    market.answers = False
    with pytest.raises(SourceUnavailable):
        ledger.record(["naive"], ["BTC"])
    assert ledger.series() == []
    market.now = pd.Timestamp.now("UTC")  # the simulated market goes by the real clock
    (attempt,) = ledger.record(["naive"], ["BTC"], prices="any")
    assert attempt.forecast.series.simulated


def test_outcomes_come_from_the_same_source_or_wait_a_week(ledger, market):
    ledger.record(["naive"], ["BTC"])
    market.now += 25 * HOUR
    market.name = "another"
    assert (ledger.grade().graded, ledger.grade().waiting) == (0, 1)
    market.now += grading.MAX_WAIT
    assert ledger.grade().void == 1
    (entry,) = ledger.entries()
    assert (entry.state, entry.outcome.reason) == (VOID, SOURCE_GONE)
    assert ledger.series()[0].void == 1


def test_a_revised_candle_makes_a_forecast_void(ledger, market, home):
    ledger.record(["naive"], ["BTC"])
    for path in (home / "prices").rglob("*"):
        if path.is_file():
            path.unlink()
    market.now += 25 * HOUR
    market.factor = 1.001
    assert ledger.grade().void == 1
    assert ledger.entries()[0].outcome.reason == CANDLE_REVISED


def test_models_meet_candles_of_their_own_length(ledger):
    with pytest.raises(InvalidInput, match="candles of its own length"):
        ledger.record(["btc-1h-dense"], intervals=["1d"])
    with pytest.raises(CryptoForecastError, match="No saved model is named nothing"):
        ledger.record(["nothing"])
    with pytest.raises(InvalidInput, match="`predictor` must be"):
        ledger.record(["btc-1h-dense"], predictor="lstm")
    with pytest.raises(InvalidInput, match="`coins` may have 50 names"):
        ledger.record(["naive"], [f"C{number}" for number in range(51)])


def test_a_method_without_training_forecasts_candles_of_any_length(ledger):
    (attempt,) = ledger.record(["naive"], ["BTC"], ["4h", "4h"])
    assert attempt.forecast.candle_length == 4 * HOUR


def test_the_version_is_that_of_the_weights_that_forecast(ledger, market, home):
    """A model that is replaced while its prices are fetched is recorded as what it was."""
    service = Service(Settings(home=home))
    folder = home / "models" / "mine"
    shutil.copytree("models/btc-1h-dense", folder)
    before = service.saved_models.version("mine")

    def replace() -> None:
        shutil.rmtree(folder)
        shutil.copytree("models/btc-1h-lstm-close", folder)

    market.meanwhile = replace
    (attempt,) = ledger.record(["mine"], ["BTC"])
    market.meanwhile = lambda: None
    assert attempt.forecast.version == before != service.saved_models.version("mine")
    (same,) = ledger.record(["btc-1h-dense"], ["BTC"])
    np.testing.assert_array_equal(attempt.forecast.quantiles, same.forecast.quantiles)


def test_everything_that_is_due_is_graded_page_by_page(ledger, market, monkeypatch):
    """A source that is gone holds nothing up, though more wait for it than are graded at once."""
    monkeypatch.setattr("cryptoforecast.service.ledger.MAX_PAGE", 2)
    for name, coins in (("gone", ["BTC", "ETH", "SOL"]), ("market", ["LTC", "XRP"])):
        market.name = name
        assert [each.state for each in ledger.record(["naive"], coins)] == ["recorded"] * len(coins)
    market.now += 25 * HOUR
    assert dataclasses.astuple(ledger.grade()) == (2, 0, 3)
    assert [entry.state for entry in ledger.entries()] == [GRADED, GRADED, OPEN, OPEN, OPEN]
    assert ledger.verify().outcomes == 2


def test_looking_makes_no_ledger(ledger, home):
    assert ledger.series() == []
    assert ledger.entries() == []
    assert ledger.grade().graded == 0
    assert not (home / "ledger.sqlite").exists()


@pytest.fixture
def run(capsys):
    def run(*args):
        capsys.readouterr()
        status = cli.main([*args, "--json"])
        out = capsys.readouterr().out
        return status, json.loads(out) if out else None

    return run


def test_the_commands_record_show_and_verify(run, home, tmp_path, capsys):
    assert run("ledger", "record", "--models", "naive", "--coins", "BTC")[0] == 3
    status, output = run("tick", "--models", "naive,cone", "--coins", "BTC,ETH", "--prices", "any")
    assert status == 0
    assert [each["state"] for each in output["forecasts"]] == ["recorded"] * 4
    assert output["head"]["position"] == 4
    assert [path.name for path in home.glob("ledger*")] == ["ledger.sqlite"]  # whole by itself
    status, shown = run("ledger", "show", "--model", "cone", "--coin", "ETH", "--step", "2")
    assert (status, shown["record"]["step"], shown["record"]["shares"]) == (0, 2, [])
    (entry,) = shown["entries"]
    assert (entry["state"], entry["simulated"], len(entry["steps"])) == ("open", True, 24)
    assert run("ledger", "show", "--step", "2")[0] == 2
    status, head = run("ledger", "head")
    published = ["--head", head["hash"], "--at", str(head["position"])]
    assert run("ledger", "verify", *published)[0] == 0
    assert run("ledger", "verify", "--at", "3")[0] == 2
    assert run("ledger", "rebuild") == (0, {"rebuilt": True})
    assert run("ledger", "grade") == (0, {"graded": 0, "void": 0, "waiting": 0})

    table, page = tmp_path / "l.csv", tmp_path / "l.html"
    status, _ = run("ledger", "export", "--to", str(table), "--html", str(page))
    assert status == 0
    assert len(pd.read_csv(table)) == 4 * 24
    text = page.read_text()
    assert head["hash"] in text
    assert "<script" not in text
    assert text.count("<tr>") == 5
    assert run("ledger", "export", "--to", str(table))[0] == 2

    import sqlite3

    base = sqlite3.connect(home / "ledger.sqlite")
    with base:
        base.execute("UPDATE forecasts SET last_close = last_close + 1 WHERE position = 2")
    base.close()
    status, report = run("ledger", "verify")
    assert status == 1
    assert report["problems"] == ["Entry 2, a forecast, is not as it was written."]
    assert cli.main(["ledger", "verify"]) == 1
    assert "The ledger was rewritten." in capsys.readouterr().out


def test_text_and_page_say_which_verdict_may_be_looked_at_every_day(home, tmp_path, capsys):
    home.mkdir()
    entries, _, clock = making.opened(f"sqlite:///{home}/ledger.sqlite")
    making.fill(entries, clock, 30)
    assert cli.main(["ledger", "show", "--model", making.SERIES.model, "--step", "1"]) == 0
    text = capsys.readouterr().out
    every_day, one_look = text.index(f"{EVERY_DAY}:\n  "), text.index(f"{ONE_LOOK}:\n  ")
    assert every_day < one_look
    for sentence in re.findall("p [=<] 0[.][0-9]+", text):
        assert text.index(sentence) > one_look
    assert len(re.findall("p [=<] 0[.][0-9]+", text)) == 2
    assert cli.main(["ledger", "export", "--html", str(tmp_path / "l.html")]) == 0
    page = (tmp_path / "l.html").read_text()
    assert f"<h3>{making.SERIES.model} ({making.SERIES.predictor}), " in page
    method = dataclasses.replace(making.SERIES, model="har", predictor="har")
    assert method.forecaster == "har"
    assert page.count(f"<p>{EVERY_DAY}:</p>") == page.count(f"<p>{ONE_LOOK}:</p>") == 2
    assert "it needs 20 forecasts that differ and do not overlap; there are 9." in page


def test_nothing_of_the_database_is_loaded_before_it_is_used():
    import subprocess
    import sys

    code = (
        "import sys; from cryptoforecast.service import shared; s = shared(); s.ledger\n"
        "print([n for n in ('sqlalchemy', 'alembic', 'psycopg') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
