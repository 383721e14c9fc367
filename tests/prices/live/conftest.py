"""Sources of our own: a Yahoo reached by the real yfinance, and two exchanges."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.prices.live.exchange_server import ExchangeServer
from tests.prices.live.yahoo_server import YahooServer, route


@pytest.fixture
def yahoo_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[YahooServer]:
    """Run the local server and send yfinance there, whichever host of Yahoo's it asks."""
    server = YahooServer()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    route(monkeypatch, server)
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> Iterator[ExchangeServer]:
    """Run the local server that plays Coinbase and Kraken; no proxy stands between."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ExchangeServer.running() as server:
        yield server
