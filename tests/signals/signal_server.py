"""A local server that answers as alternative.me and Deribit document it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

DAY, HOUR = 86_400, 3_600


def index_at(seconds: int) -> int:
    """The Fear & Greed index of a day."""
    return seconds // DAY % 101


def volatility_at(milliseconds: int) -> float:
    """The DVOL of an hour."""
    return 40 + milliseconds // 1000 // HOUR % 50 / 2


class SignalServer(ThreadingHTTPServer):
    """Answers, and counts requests.

    Attributes:
        latency: Seconds before each answer.
        body: An answer in place of the right one; ``None`` for the right one.
        status: Status of every answer.
        page: Values in one answer of Deribit.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.latency = 0.0
        self.body: bytes | None = None
        self.status = 200
        self.page = 1000
        self.requests: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay quiet: visitors of the tests hang up."""


class Handler(BaseHTTPRequestHandler):
    server: SignalServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.server.requests.append({"path": parts.path, **query})
        time.sleep(self.server.latency)
        body = self.server.body
        if body is None:
            index = parts.path == "/fng/"
            document = fear_greed(query) if index else dvol(query, self.server.page)
            body = json.dumps(document).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


def fear_greed(query: dict[str, str]) -> dict[str, object]:
    today = int(time.time()) // DAY * DAY
    days = [today - i * DAY for i in range(int(query["limit"]))]
    rows: list[dict[str, str]] = [
        {"value": str(index_at(day)), "value_classification": "Fear", "timestamp": str(day)}
        for day in days
    ]
    rows[0]["time_until_update"] = "1234"
    return {"name": "Fear and Greed Index", "data": rows, "metadata": {"error": None}}


def dvol(query: dict[str, str], page: int) -> dict[str, object]:
    step = int(query["resolution"]) * 1000
    first, last = int(query["start_timestamp"]), int(query["end_timestamp"])
    times = list(range(-(-first // step) * step, last + 1, step))
    rows = [[t, 1.0, 200.0, 0.5, volatility_at(t)] for t in times[-page:]]
    more = times[-page] - step if len(times) > page else None
    return {"jsonrpc": "2.0", "result": {"data": rows, "continuation": more}, "usIn": 1}


@contextmanager
def running() -> Iterator[SignalServer]:
    """A server in a thread."""
    server = SignalServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
