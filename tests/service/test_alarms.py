"""Alarms from the price to the message: real prices of a local source, real servers."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading

import pandas as pd
import pytest

from cryptoforecast import cli
from cryptoforecast.alarms import store as alarm_store
from cryptoforecast.errors import InvalidInput, UnknownModel
from cryptoforecast.prices import simulate
from cryptoforecast.service import AlarmService, LedgerService, PriceService, Service, shared
from cryptoforecast.settings import Settings
from cryptoforecast.types.alarms import (
    CALIBRATION,
    CANDLE,
    MODEL,
    PRICE,
    RANGE,
    SENT,
    SOURCE,
    UNSURE,
    AlarmRule,
    delivery_text,
)
from tests.alarms.servers import Mail, Webhook, served
from tests.ledger import making
from tests.service.test_ledger import HOUR, Market

EXPIRED = AlarmRule(MODEL, model="btc-1h-dense")


@pytest.fixture
def webhook():
    with served(Webhook()) as server:
        yield server


@pytest.fixture
def market():
    """A source with candles of two months, which HAR alone can forecast."""
    now = pd.Timestamp.now("UTC").floor("h") - 60 * HOUR
    market = Market(now + pd.Timedelta(minutes=1))
    market.last = market.now + 100 * HOUR
    market.candles["BTC-USD"] = simulate("BTC", "1h", now - 1450 * HOUR, market.last).candles
    return market


@pytest.fixture
def service(home):
    """A service whose sources are asked each time."""
    return Service(
        Settings(home=home, fresh=0, retry=0, pause=0, address="https://forecasts.example")
    )


@pytest.fixture
def ledger(service, market):
    """A ledger whose clock, and whose prices, are those of the market."""
    ledger = LedgerService(
        service.settings, PriceService(service.settings, [market]), service.signals,
        service.saved_models, service.forecasts, service.outlooks, lambda: market.now,
    )  # fmt: skip
    yield ledger
    ledger.close()


@pytest.fixture
def alarms_to(service, ledger, market):
    """Return the function that makes alarms for such destinations, of the same market."""

    def make(*destinations):
        settings = dataclasses.replace(service.settings, alarms=destinations)
        prices = PriceService(settings, [market])
        return AlarmService(
            settings, prices, service.anomalies, ledger, service.outlooks, lambda: market.now
        )

    return make


@pytest.fixture
def alarms(alarms_to, webhook):
    """Alarms that are sent to the webhook."""
    return alarms_to(webhook.url)


def changed(market, factor, rows=1):
    """Multiply the closes of the last closed candles, and leave all others as they are."""
    candles = market.candles["BTC-USD"]
    index = candles.index[candles.index + HOUR <= market.now][-rows:]
    candles.loc[index, "close"] *= factor
    candles["low"] = candles[["low", "close"]].min(axis=1)
    candles["high"] = candles[["high", "close"]].max(axis=1)
    return float(candles.loc[index[-1], "close"])


def test_a_rare_candle_is_told_once_with_its_rate_and_a_link(alarms, market, webhook):
    rule = alarms.add(AlarmRule(CANDLE, coin="btc"))
    assert (rule.rule.coin, rule.rule.interval, rule.rule.value) == ("BTC", "1h", 1000)
    market.now += HOUR
    close = changed(market, 0.85)
    run = alarms.run()
    (raised,) = run.raised
    assert (run.deliveries, run.waiting, run.given_up, run.unchecked) == (1, 0, 0, ())
    (message,) = webhook.messages
    alarm = raised.alarm
    assert message["title"].startswith("CryptoForecast: BTC fell by 1")
    assert message["message"].startswith(alarm.sentence)  # the sentence that is stored and shown
    assert alarm.sentence == alarms.view().raised[0].alarm.sentence
    assert f"to ${close:,.2f}" in alarm.sentence
    assert "a chance of 1 in " in alarm.sentence
    assert "one hour in 1,000 is as rare without any cause: 8.8 a year." in message["message"]
    assert "on simulated prices, and" in message["message"]
    link = "https://forecasts.example/anomalies?coin=BTC&interval=1h"
    assert link in message["message"].split("\n")
    assert f"Alarm {raised.number}, raised on " in message["message"]
    again = alarms.run()
    assert (again.raised, again.deliveries) == ((), 0)
    market.now += HOUR  # the forecast after it knows what has happened
    assert all("1 in" in each.alarm.sentence for each in alarms.run().raised)
    assert [one["message"] for one in webhook.messages].count(message["message"]) == 1


def test_what_was_before_a_rule_raises_nothing(alarms, market, webhook):
    close = changed(market, 0.85)
    alarms.add(AlarmRule(CANDLE, coin="BTC"))
    alarms.add(AlarmRule(PRICE, coin="BTC", value=close))
    assert alarms.run().raised == ()
    assert webhook.messages == []


def test_a_price_is_touched_once(alarms, market, webhook):
    market.now += HOUR
    last = changed(market, 1.0)
    alarms.add(AlarmRule(PRICE, coin="BTC", value=last * 1.2))
    alarms.add(AlarmRule(PRICE, coin="BTC", value=last * 2))
    alarms.add(AlarmRule(PRICE, coin="BTC", value=last * 0.2))
    assert alarms.run().raised == ()
    market.now += 2 * HOUR
    changed(market, 1.3)
    (raised,) = alarms.run().raised
    assert raised.alarm.sentence.startswith(f"BTC touched ${last * 1.2:,.2f} in the hour to ")
    assert "A price is a fact" in raised.alarm.rate
    market.now += HOUR
    changed(market, 1.3)
    assert alarms.run().raised == ()
    assert len(webhook.messages) == 1


def test_a_source_that_falls_silent_is_told_once_for_each_silence(alarms, market):
    alarms.add(AlarmRule(SOURCE, coin="BTC", source="market"))
    alarms.add(AlarmRule(SOURCE, coin="BTC", value=5))
    with pytest.raises(InvalidInput, match="A source must be one of market"):
        alarms.add(AlarmRule(SOURCE, coin="BTC", source="nobody"))
    with pytest.raises(InvalidInput, match=r"^Market has no BTC-EUR\."):
        alarms.add(AlarmRule(SOURCE, coin="BTC-EUR", source="market"))
    assert alarms.run().raised == ()
    market.last = market.now
    titles = []
    for _ in range(8):
        market.now += HOUR
        titles += [each.alarm.sentence for each in alarms.run().raised]
    assert [text.partition(". ")[0] for text in titles] == [
        "No new 1h candle of BTC has come from market for 3 hours",
        "No new 1h candle of BTC has come from any live source for 5 hours",
    ]
    market.last = market.now + 100 * HOUR
    assert alarms.run().raised == ()
    market.answers = False
    for _ in range(4):
        market.now += HOUR
        titles += [each.alarm.title for each in alarms.run().raised]
    assert titles[2:] == ["No new price of BTC"]


def test_a_close_outside_of_its_stored_range_is_told(alarms, ledger, market):
    ledger.record(["cone"], ["BTC"])
    alarms.add(AlarmRule(RANGE, coin="BTC", model="cone", step=2))
    market.now += 2 * HOUR
    changed(market, 1.5, rows=1)
    assert alarms.run().raised == ()  # it is graded when all of its candles have closed
    market.now += 22 * HOUR
    assert ledger.grade().graded == 1
    (raised,) = alarms.run().raised
    sentence = raised.alarm.sentence
    assert "outside the 95 % range that Volatility cone stored 2 hours before: $" in sentence
    assert "one forecast in 20 ends outside without any cause, which is one in 40 hours" in (
        raised.alarm.rate
    )
    assert "series=cone.cone.1h.24&ahead=2" in raised.alarm.path
    assert alarms.run().raised == ()


def test_ranges_that_drift_are_told_once_a_quarter(alarms, market, home):
    """Forecasts of ranges that hold every price are too wide, and it is told when that is sure."""
    quarter = pd.Timestamp("2026-10-01", tz="UTC")
    ledger, database, clock = making.opened(f"sqlite:///{home}/ledger.sqlite")
    alarms.add(AlarmRule(CALIBRATION, coin="BTC", model="cone"))
    series = dataclasses.replace(making.SERIES, model="cone", predictor="cone", horizon=1)
    counted = []
    for number in range(20):
        forecast = making.forecast(100, series=series, origin=quarter + number * HOUR)
        forecast = dataclasses.replace(
            forecast,
            quantiles=forecast.last_close * (forecast.quantiles / forecast.last_close) ** 20,
        )
        clock.now = forecast.known_at + pd.Timedelta(minutes=1)
        (position,) = ledger.record([forecast])
        outcome = making.outcome(1, making.forecast(100, series=series))
        clock.now += HOUR
        ledger.grade(
            [
                dataclasses.replace(
                    outcome,
                    forecast=position,
                    graded_at=clock.now,
                    inside=dict.fromkeys((50, 80, 95), outcome.inside[95]),
                )
            ]
        )
        market.now = clock.now
        if number % 4 == 3:
            counted += [(number + 1, each) for each in alarms.run().raised]
    ((number, raised),) = counted
    assert number == 12
    assert raised.alarm.title == "The ranges of Volatility cone for BTC are wider than promised"
    assert f"1 hour ahead, held {number} of {number} prices since 2026-10-01" in (
        raised.alarm.sentence
    )
    assert "at most one quarter of a year in 40" in raised.alarm.rate
    database.close()


def test_a_model_past_its_date_is_told_once(alarms, market, webhook):
    alarms.add(EXPIRED)
    (raised,) = alarms.run().raised
    assert raised.alarm.title == "The model Bitcoin Dense is past its date"
    assert "card=btc-1h-dense" in raised.alarm.path
    market.now += 24 * HOUR
    assert alarms.run().raised == ()
    with pytest.raises(UnknownModel):
        alarms.add(AlarmRule(MODEL, model="nothing"))
    with pytest.raises(InvalidInput, match="a baseline"):
        alarms.add(AlarmRule(MODEL, model="cone"))
    with pytest.raises(InvalidInput, match="1h"):
        alarms.add(AlarmRule(RANGE, coin="BTC", model="btc-1h-dense", interval="1d"))


def test_one_rule_that_cannot_be_looked_at_does_not_stop_the_others(alarms, market):
    alarms.add(AlarmRule(CANDLE, coin="BTC"))
    alarms.add(EXPIRED)
    market.answers = False
    run = alarms.run()
    assert [each.alarm.title for each in run.raised] == ["The model Bitcoin Dense is past its date"]
    ((one, reason),) = run.unchecked
    assert one.rule.kind == CANDLE
    assert reason.startswith("Live prices of BTC-USD are needed.")


@pytest.mark.parametrize("trouble", [500, "stall"])
def test_what_is_not_taken_is_sent_again_with_the_next_tick(
    alarms, market, webhook, trouble, monkeypatch
):
    from cryptoforecast.alarms import sending

    monkeypatch.setattr(sending, "MAX_SECONDS", 1.0)
    webhook.behave = trouble
    alarms.add(EXPIRED)
    run = alarms.run()
    assert (len(run.raised), run.deliveries, run.waiting) == (1, 0, 1)
    assert delivery_text(alarms.view().raised[0]) == "json waiting, 1 attempt"
    webhook.over.set()  # the server is well again
    for thread in threading.enumerate():
        if thread.name == "alarm-message":
            thread.join(20)
    webhook.behave = "answer"
    market.now += HOUR
    run = alarms.run()
    assert (run.raised, run.deliveries, run.waiting) == ((), 1, 0)
    assert delivery_text(alarms.view().raised[0]) == "sent to json"
    assert len(webhook.messages) == 1


def test_a_destination_that_fails_does_not_stop_the_others_and_is_not_given_up_at_once(
    alarms_to, market, webhook
):
    with served(Mail()) as server:
        alarms = alarms_to(webhook.url, server.url)
        webhook.behave = 500
        alarms.add(EXPIRED)
        alarms.add(AlarmRule(MODEL, model="global-1h-lstm"))
        run = alarms.run()
        assert (len(run.raised), run.deliveries, run.waiting) == (2, 2, 2)
        assert len(webhook.paths) == 1  # after the first failure it is left alone
        for _ in range(alarm_store.MAX_ATTEMPTS * 2 + 2):
            market.now += pd.Timedelta(minutes=1)
            run = alarms.run()
        assert (run.waiting, len(server.mails)) == (0, 2)
        assert len(webhook.paths) == 2 * alarm_store.MAX_ATTEMPTS
        assert "json given up, 10 attempts" in delivery_text(alarms.view().raised[0])


def test_without_a_destination_it_is_raised_and_shown(alarms_to, service):
    alarms = alarms_to()
    alarms.add(EXPIRED)
    run = alarms.run()
    assert (len(run.raised), run.deliveries, run.waiting, run.problem) == (1, 0, 0, "")
    assert delivery_text(alarms.view().raised[0]) == "not sent yet"
    with pytest.raises(InvalidInput, match="Messages need a destination"):
        alarms.test()
    alarms = alarms_to("pa55word")
    assert "number 1 of 1 is none" in alarms.run().problem
    settings = dataclasses.replace(service.settings, alarms=("pa55word",))
    assert "pa55word" not in str(alarms.view()) + str(settings)


TICK = """
from cryptoforecast.service import shared
run = shared().alarms.run()
print(run.deliveries, run.waiting)
"""


def tick(webhook) -> subprocess.Popen[str]:
    """Look at all rules in a process of its own."""
    environ = os.environ | {"CRYPTOFORECAST_ALARMS": webhook.url}
    return subprocess.Popen(
        [sys.executable, "-c", TICK], env=environ, stdout=subprocess.PIPE, text=True
    )


def test_a_kill_between_sending_and_noting_and_ticks_at_once_send_nothing_twice(
    home, webhook, monkeypatch
):
    """The process is killed (-9) in the moment in which the message arrives."""
    service = Service(Settings(home=home, live=False))
    service.alarms.add(EXPIRED)
    with tick(webhook) as process:
        webhook.on_message = lambda: os.kill(process.pid, signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL
    assert len(webhook.messages) == 1
    webhook.on_message = lambda: None
    service.alarms.add(AlarmRule(MODEL, model="global-1h-lstm"))
    with tick(webhook) as one, tick(webhook) as other:
        lines = [process.communicate(timeout=60)[0].split() for process in (one, other)]
    assert sorted(line[0] for line in lines) == ["0", "1"]
    assert [each["title"].rpartition(" is past")[0] for each in webhook.messages] == [
        "CryptoForecast: The model Bitcoin Dense", "CryptoForecast: The model All-coin LSTM hourly",
    ]  # fmt: skip
    later = AlarmService(
        service.settings, service.prices, service.anomalies, service.ledger, service.outlooks,
        lambda: pd.Timestamp.now("UTC") + 2 * alarm_store.MAX_SENDING,
    )  # fmt: skip
    later.run()
    states = [each.deliveries[0].state for each in later.view().raised]
    assert states == [SENT, UNSURE]
    service.ledger.close()


@pytest.fixture
def run(capsys, home, monkeypatch):
    monkeypatch.setenv("CRYPTOFORECAST_LIVE", "0")

    def run(*args):
        capsys.readouterr()
        status = cli.main([*args, "--json"])
        out = capsys.readouterr().out
        return status, json.loads(out) if out else None

    return run


def test_the_commands_set_list_test_and_tick(run, webhook, monkeypatch, capsys):
    assert run("alarms", "list") == (
        0, {"alarms": [], "raised": [], "destinations": [], "problem": None},
    )  # fmt: skip
    assert run("alarms", "test")[0] == 2
    monkeypatch.setenv("CRYPTOFORECAST_ALARMS", webhook.url)
    assert run("alarms", "add", "candle", "--coin", "eth-eur", "--price", "3")[0] == 2
    assert run("alarms", "add", "sunrise", "--coin", "BTC")[0] == 2
    status, one = run("alarms", "add", "candle", "--coin", "eth-eur", "--rarity", "500")
    assert (status, one["coin"], one["value"], one["model"]) == (0, "ETH-EUR", 500, None)
    assert run("alarms", "add", "model", "--model", "btc-1h-dense")[0] == 0
    assert run("alarms", "test") == (
        0, [{"destination": "json", "delivered": True, "reason": None}],
    )  # fmt: skip
    status, ticked = run("tick", "--models", "naive", "--coins", "BTC")
    assert status == 3  # prices are off; what needs none is told all the same
    assert [each["title"] for each in ticked["alarms"]["raised"]] == [
        "The model Bitcoin Dense is past its date"
    ]
    assert [each["number"] for each in ticked["alarms"]["unchecked"]] == [one["number"]]
    assert [each["title"] for each in webhook.messages] == [
        "CryptoForecast: test", "CryptoForecast: The model Bitcoin Dense is past its date",
    ]  # fmt: skip
    webhook.behave = 500
    status, trials = run("alarms", "test")
    assert (status, trials[0]["reason"]) == (1, "It answered with the status 500.")
    assert cli.main(["alarms", "list"]) == 0
    text = capsys.readouterr().out
    assert "ETH-EUR, 1h: a move as rare as 1 in 500" in text
    assert "Messages go to json." in text
    assert "sent to json" in text
    assert not any(secret in text for secret in ("pa55word", "s3cret", "127.0.0.1"))
    assert run("alarms", "remove", str(one["number"])) == (0, {"removed": one["number"]})
    assert run("alarms", "remove", "99")[0] == 2
    assert len(shared().alarms.view().rules) == 1
