"""Sources of our own: a Yahoo reached by the real yfinance, and two exchanges."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.prices.live.exchange_server import ExchangeServer
from tests.prices.live.yahoo_server import YahooServer


@pytest.fixture
def yahoo_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[YahooServer]:
    """Run the local server and send yfinance there; no cookie is fetched from elsewhere."""
    import yfinance.base
    import yfinance.data
    import yfinance.scrapers.history
    import yfinance.scrapers.quote

    server = YahooServer()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    for module in (yfinance.base, yfinance.scrapers.history, yfinance.scrapers.quote):
        monkeypatch.setattr(module, "_BASE_URL_", server.url)
    for module in (yfinance.base, yfinance.scrapers.quote):
        monkeypatch.setattr(module, "_QUERY1_URL_", server.url)
    monkeypatch.setattr(
        yfinance.data.YfData, "_get_cookie_and_crumb", lambda self, timeout=30: (None, "basic")
    )
    yfinance.data.YfData.cache_get.cache_clear()
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> Iterator[ExchangeServer]:
    """Run the local server that plays Coinbase and Kraken; no proxy stands between."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ExchangeServer()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()
