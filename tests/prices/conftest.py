"""A Yahoo of our own, reached by the real yfinance."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.prices.yahoo_server import YahooServer


@pytest.fixture
def yahoo_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[YahooServer]:
    """Run the local server and send yfinance there; no cookie is asked for elsewhere."""
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
