"""Prices on a page: simulated at once, replaced when the live source has answered."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator

import pytest

from cryptoforecast.prices.live.coinbase import Coinbase
from cryptoforecast.service import PriceService, shared
from cryptoforecast.ui import inputs
from tests.pages.conftest import words
from tests.prices.live.exchange_server import ExchangeServer


@pytest.fixture
def exchange() -> Iterator[ExchangeServer]:
    server = ExchangeServer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_simulated_prices_give_way_to_live_ones(open_page, exchange):
    exchange.behaviour = "slow"
    service = shared()
    live = dataclasses.replace(service.settings, live=True)
    service.prices = PriceService(live, [Coinbase(exchange.url, per_second=1000)])

    page = open_page("", history_1h="90 days")
    assert "asking the live source" in words(page)
    assert "These prices are simulated" in words(page)

    query = inputs.query("BTC", "1h", "90 days")
    until = time.monotonic() + 30
    while service.prices.refreshing(query):
        assert time.monotonic() < until
        time.sleep(0.05)
    page.run()
    assert not page.exception
    text = words(page)
    assert "simulated" not in text
    assert "asking" not in text
    assert service.prices.history(query, wait=0).source == "coinbase"


def test_a_silent_source_does_not_hold_the_page(open_page, exchange):
    exchange.behaviour = "silent"
    service = shared()
    live = dataclasses.replace(service.settings, live=True)
    service.prices = PriceService(live, [Coinbase(exchange.url, per_second=1000)])
    page = open_page("market")  # ends, although the source has not answered
    assert "asking the live source" in words(page)
    assert page.metric[0].label == "Last simulated close of BTC"
