"""The app records and grades forecasts by itself, after the close of each candle."""

from __future__ import annotations

import dataclasses
import logging
import sqlite3
import threading

import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.live.coinbase import Coinbase
from cryptoforecast.server import ledger_ticks
from cryptoforecast.service import LedgerService, PriceService, Service, shared, ticks
from cryptoforecast.settings import Settings
from tests.prices.live.exchange_server import Bucket, ExchangeServer

HOUR = 3600


@pytest.fixture
def exchange():
    with ExchangeServer.running() as server:
        server.coinbase_bucket = Bucket(1000, 1000)  # no rate limit here
        yield server


def live_service(home, exchange) -> Service:
    settings = dataclasses.replace(shared().settings, home=home, live=True)
    service = Service(settings)
    prices = PriceService(settings, [Coinbase(exchange.url, per_second=1000)])
    service.ledger = LedgerService(
        settings, prices, service.signals, service.saved_models, service.forecasts, service.outlooks
    )
    return service


def test_a_tick_records_live_prices_and_a_second_one_nothing_twice(home, exchange):
    service = live_service(home, exchange)
    for _ in range(2):
        ledger_ticks.tick(service)
    service.ledger.close()
    with sqlite3.connect(home / "ledger.sqlite") as database:
        recorded = database.execute("select coin, source from forecasts").fetchall()
    assert set(recorded) == {("BTC", "coinbase"), ("ETH", "coinbase")}
    assert len(recorded) == len({*recorded}) * 2  # hours and days


def test_a_tick_without_live_prices_says_so_and_does_not_end_the_thread(home, caplog):
    with caplog.at_level(logging.WARNING):
        ledger_ticks.tick(Service(dataclasses.replace(shared().settings, home=home, live=False)))
    (line,) = caplog.messages
    assert line.startswith("The step record of the tick failed: Live prices of BTC-USD are needed.")


def test_a_step_that_fails_is_named(home, caplog, monkeypatch):
    def fail(*_: object) -> None:
        raise InvalidInput("No message can be sent.")

    monkeypatch.setattr(ticks, "STEPS", {"alarms": fail})
    with caplog.at_level(logging.WARNING):
        ledger_ticks.tick(Service(dataclasses.replace(shared().settings, home=home, live=False)))
    assert caplog.messages == ["The step alarms of the tick failed: No message can be sent."]


@pytest.mark.parametrize("length", [HOUR, 4 * HOUR, 24 * HOUR])
def test_the_next_tick_follows_the_close_of_a_candle(length):
    for now in (0.0, 1.0, 150.0, 151.0, length - 1.0, 1_795_900_000.5):
        waits = ledger_ticks.seconds_to_next(now, length)
        assert 0 < waits <= length
        assert (now + waits) % length == pytest.approx(ledger_ticks.DELAY)


def test_the_app_ticks_only_where_it_is_asked_to():
    assert Settings.from_environment({}).tick is None
    assert Settings.from_environment({"CRYPTOFORECAST_TICK": "4h"}).tick == 4
    with pytest.raises(InvalidInput, match=r"must be one of 1h, 4h, 1d\. Received: '5 minutes'"):
        Settings.from_environment({"CRYPTOFORECAST_TICK": "5 minutes"})
    ledger_ticks.start(None, shared)
    assert "ledger-ticks" not in {thread.name for thread in threading.enumerate()}
    ledger_ticks.start(4, shared)
    (ticking,) = [thread for thread in threading.enumerate() if thread.name == "ledger-ticks"]
    assert ticking.daemon  # it waits for hours, and ends with the process
