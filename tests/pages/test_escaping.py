"""What a source, a file or a training says arrives at a page's Markdown without markup."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from streamlit.testing.v1 import AppTest

from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.prices.live.kraken import Kraken
from cryptoforecast.service import PriceService, shared
from cryptoforecast.types import OWNER
from cryptoforecast.ui import inputs
from tests import synthetic
from tests.pages.conftest import shown

EVIL = "[a](http://evil.example) www.evil.example $x^2$ :smile: <img src=x>"
KINDS = (
    "markdown", "caption", "subheader", "error", "warning", "info", "success", "metric", "expander",
    "table",
)  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    """Refuses every request as Kraken does, in a stranger's words."""

    def do_GET(self) -> None:
        body = json.dumps({"error": [f"EService:{EVIL}"]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def source() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def markdown(page: AppTest) -> str:
    """Return what the page gave to Markdown."""
    return "\n".join(str(element.proto) for kind in KINDS for element in page.get(kind))


def assert_plain(page: AppTest) -> None:
    texts = markdown(page)
    assert "evil" in texts  # it came to the page
    for part in ("[a]", "http://evil", "www.evil", "$x", ":smile", "<img"):
        assert part not in texts


def test_a_sources_words_are_escaped(open_page, source):
    service = shared()
    live = dataclasses.replace(service.settings, live=True)
    service.prices = PriceService(live, [Kraken(source)])
    with pytest.raises(CryptoForecastError):
        service.prices.history(inputs.query("FOO", "1h"))
    assert_plain(open_page("", coin="FOO"))


def test_a_files_words_are_escaped(open_page):
    history = synthetic.history(500, coin=EVIL, source=EVIL, notes=(EVIL,))
    coin = shared().prices.open(history, user=OWNER)
    for name in ("", "backtest"):
        page = open_page(name, coin=coin)
        assert EVIL in shown(markdown(page))
        assert_plain(page)
