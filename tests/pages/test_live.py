"""Prices on a page: simulated at once, replaced when the live source has answered."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.live.coinbase import Coinbase
from cryptoforecast.service import PriceService, shared
from cryptoforecast.types import MarketQuery
from cryptoforecast.ui import inputs
from tests.pages.conftest import customise, words
from tests.prices.live.exchange_server import ExchangeServer

pytestmark = pytest.mark.one_service


def _places(page: AppTest) -> dict[int, str]:
    """Return the kind of each part of the page by its place."""
    parts = page.main.children[0].children[0].children
    return {place: part.type for place, part in parts.items()}


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


@pytest.mark.own_service
def test_simulated_prices_give_way_to_live_ones(open_page, exchange):
    exchange.behaviour = "held"
    service = shared()
    live = dataclasses.replace(service.settings, live=True)
    service.prices = PriceService(live, [Coinbase(exchange.url, per_second=1000)])

    page = open_page("", history_1h="90 days")
    assert "Simulated prices · asking for live ones" in words(page)
    places = _places(page)

    exchange.release.set()
    query = inputs.query("BTC", "1h", "90 days")
    until = time.monotonic() + 30
    while service.prices.refreshing(query):
        assert time.monotonic() < until
        time.sleep(0.05)
    page.run()
    assert not page.exception
    text = words(page)
    assert "imulated" not in text
    assert "Coinbase" in text
    assert _places(page) == places  # or else the cards would move
    assert service.prices.history(query, wait=0).source == "coinbase"


@pytest.mark.own_service
def test_a_coin_outside_the_list_waits_for_its_live_prices(open_page, exchange):
    exchange.behaviour = "held"
    service = shared()
    live = dataclasses.replace(service.settings, live=True)
    service.prices = PriceService(live, [Coinbase(exchange.url, per_second=1000)])
    page = open_page("", coin="FOO", history_1h="90 days")
    assert "Asking the live sources for FOO" in words(page)
    assert not page.error
    assert "imulated" not in words(page)
    exchange.release.set()
    query = inputs.query("FOO", "1h", "90 days")
    until = time.monotonic() + 30
    while service.prices.refreshing(query):
        assert time.monotonic() < until
        time.sleep(0.05)
    page.run()
    assert not page.exception
    assert page.selectbox(key="coin").value == "FOO"
    assert "Coinbase" in words(page)
    assert "imulated" not in words(page)


@pytest.mark.own_service
def test_a_coin_that_no_source_knows_is_refused_with_the_nearest(open_page, exchange):
    service = shared()
    live = dataclasses.replace(service.settings, live=True)
    service.prices = PriceService(live, [Coinbase(exchange.url, per_second=1000)])
    query = inputs.query("NOSUCHBTC", "1h")
    with pytest.raises(InvalidInput):
        service.prices.history(query)
    page = open_page("", coin="NOSUCHBTC")
    assert "Coinbase has no NOSUCHBTC-USD. Did you mean" in page.error[0].value
    assert "imulated" not in words(page)


@pytest.mark.parametrize("name", ["", "backtest", "market"])
@pytest.mark.parametrize("coin", ["zzzz", "AAPL", "bitcon", "BTC-EUR"])
def test_offline_no_price_is_made_up_for_a_symbol_outside_the_list(open_page, name, coin):
    page = open_page(name, coin=coin)
    assert all("Live prices are switched off" in error.value for error in page.error)
    assert page.error
    assert not page.metric
    assert "$" not in words(page)
    if coin == "bitcon":
        assert "Did you mean BTC (Bitcoin)" in page.error[0].value


@pytest.mark.parametrize("coin", ["bitcoin", "XBTUSD", "BTC/USDT"])
def test_a_coin_is_found_under_the_names_of_exchanges(open_page, coin):
    page = open_page("market", coin=coin)
    assert _drawn(page).startswith("BTC, 168 hours")
    assert not page.error


@pytest.mark.own_service
def test_a_silent_source_does_not_hold_the_page(open_page, exchange):
    exchange.behaviour = "silent"
    service = shared()
    live = dataclasses.replace(service.settings, live=True)
    service.prices = PriceService(live, [Coinbase(exchange.url, per_second=1000)])
    page = open_page("market")  # ends, although the source has not answered
    assert "Simulated prices" in words(page)
    assert service.prices.refreshing(inputs.query("BTC", "1h"))
    assert _drawn(page).startswith("BTC, 168 hours · <b>Simulated prices")


class Answering(PriceService):
    """Prices whose source answers in the moment in which a page looks whether it is being asked."""

    exchange: ExchangeServer

    def refreshing(self, query: MarketQuery) -> bool:
        result = super().refreshing(query)
        self.exchange.release.set()
        while super().refreshing(query):
            time.sleep(0.01)
        return result


@pytest.mark.own_service
def test_no_click_is_lost_where_a_source_answers_during_the_run(open_page, exchange):
    page = open_page("")
    exchange.behaviour = "silent"
    service = shared()
    live = dataclasses.replace(service.settings, live=True)
    service.prices = Answering(live, [Coinbase(exchange.url, per_second=1000)])
    service.prices.exchange = exchange
    customise(page)
    assert "train" in {button.key for button in page.button}
    assert not page.exception


def _drawn(page):
    """What the chart says of the prices that it shows."""
    (chart,) = page.get("plotly_chart")
    return json.loads(chart.proto.spec)["layout"]["title"]["text"]
