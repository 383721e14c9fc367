"""A local server that plays Coinbase Exchange and Kraken, well and badly.

Its answers follow the shape of the real ones. ``script`` says how the next requests are treated;
when it is used up, ``behaviour`` says it for all others.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pandas as pd

Row = list[object]


class ExchangeServer(ThreadingHTTPServer):
    """Opens of 200 plus the hour, closes one above; counts requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour = "answer"
        self.script: deque[str] = deque()
        self.body = b""
        self.headers: dict[str, str] = {}
        self.first = 0
        self.last = 2**40
        self.end_counts = True
        self.requests: list[dict[str, str]] = []
        self.release = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay quiet: visitors of the tests hang up."""


class Handler(BaseHTTPRequestHandler):
    server: ExchangeServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = self.server
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        server.requests.append({"path": parts.path, **query})
        behaviour = server.script.popleft() if server.script else server.behaviour
        if behaviour == "silent":
            server.release.wait(10)
        elif behaviour == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        elif behaviour == "drip":
            self.drip()
        elif behaviour == "huge":
            self.answer(200, b"[" + b" " * 3_000_000 + b"]")
        elif behaviour == "truncated":
            self.answer(200, self.candles(parts.path, query)[1], cut=20)
        elif behaviour == "body":
            self.answer(200, server.body)
        elif behaviour == "html":
            self.answer(200, b"<html>Checking your browser</html>")
        elif behaviour.isdigit():
            self.answer(int(behaviour), b'{"message": "no"}')
        else:
            if behaviour == "slow":
                time.sleep(0.25)
            self.answer(*self.candles(parts.path, query))

    def answer(self, status: int, body: bytes, cut: int = 0) -> None:
        self.send_response_only(status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) - cut])
        if cut:
            self.close_connection = True

    def drip(self) -> None:
        self.send_response_only(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        for _ in range(500):  # longer than any deadline of the tests, but not for ever
            if self.server.release.wait(0.02):
                break
            self.wfile.write(b" ")
            self.wfile.flush()
        self.close_connection = True

    def candles(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        kraken = path == "/0/public/OHLC"
        made = self.kraken(query) if kraken else self.coinbase(path.split("/")[2], query)
        return made[0], json.dumps(made[1]).encode()

    def coinbase(self, product: str, query: dict[str, str]) -> tuple[int, object]:
        if product.startswith("NOSUCH"):
            return 404, {"message": "NotFound"}
        step = int(query["granularity"])
        begin = int(pd.Timestamp(query["start"]).timestamp())
        end = int(pd.Timestamp(query["end"]).timestamp())
        if (end - begin) // step >= 300:
            return 400, {"message": "count of aggregations requested exceeds 300"}
        times = self.times(begin, end - (0 if self.server.end_counts else 1), step)
        rows = [[t, p - 2, p + 2, p, p + 1, 3.5] for t in reversed(times) for p in [price(t)]]
        # One candle before the start may come along.
        early = begin - step
        return 200, rows + ([[early, 1, 9, 5, 5, 1]] if early >= self.server.first else [])

    def kraken(self, query: dict[str, str]) -> tuple[int, object]:
        if query["pair"].startswith("NOSUCH"):
            return 200, {"error": ["EQuery:Unknown asset pair"]}
        step = int(query["interval"]) * 60
        now = int(time.time())
        rows: list[Row] = []
        for t in self.times(0, now, step):
            p = price(t)
            rows.append([t, *(f"{x:.1f}" for x in (p, p + 2, p - 2, p + 1, p)), "3.50000000", 9])
        since = int(query.get("since", 0))
        later = [row for row in rows if int(str(row[0])) > since] or rows[-1:]
        last = now - now % step - step
        return 200, {"error": [], "result": {"XXBTZUSD": later, "last": last}}

    def times(self, begin: int, end: int, step: int) -> list[int]:
        """Opens in [begin, end] that exist, the open candle's included; 720 at most."""
        begin, end = max(begin, self.server.first), min(end, self.server.last, int(time.time()))
        final = end - end % step
        begin = max(begin + -begin % step, final - 719 * step)
        return list(range(begin, final + 1, step))

    def log_message(self, format: str, *args: object) -> None:
        pass


def price(second: int) -> float:
    """Open of the candle that begins at this second."""
    return float(200 + second // 3600 % 1000)


def coinbase_rows(*times: int) -> list[Row]:
    """Rows as Coinbase sends them."""
    return [[t, price(t) - 2, price(t) + 2, price(t), price(t) + 1, 3.5] for t in times]
