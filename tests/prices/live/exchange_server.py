"""A local server that plays Coinbase Exchange and Kraken, well and badly.

Its answers are typed anew in the shapes that the exchanges document: "Get product candles" and
"REST rate limits" at docs.cdp.coinbase.com/exchange, "Get OHLC data" at docs.kraken.com/api. Like
the exchanges it refuses requests without a User-Agent, and those above the documented rate.
``script`` says how the next requests are treated; when it is used up, ``behaviour`` says it for all
others, and ``coinbase_behaviour`` for Coinbase alone.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

import pandas as pd

Row = list[object]
#: Seconds that a server hangs: longer than any deadline of the tests, but not for ever.
HANG = 10.0


class Bucket:
    """A token bucket: full at first, and filled again at a rate."""

    def __init__(self, per_second: float, burst: int) -> None:
        self.per_second, self.burst = per_second, burst
        self.tokens, self.filled_at = float(burst), time.monotonic()
        self.lock = threading.Lock()

    def take(self) -> bool:
        with self.lock:
            now = time.monotonic()
            filled = self.tokens + (now - self.filled_at) * self.per_second
            self.tokens, self.filled_at = min(self.burst, filled), now
            if self.tokens < 1:
                return False
            self.tokens -= 1
            return True


class ExchangeServer(ThreadingHTTPServer):
    """Opens of 200 plus the hour, highs 2.01 and closes 1 above; counts requests.

    Attributes:
        latency: Seconds before each answer.
        empty: Coinbase gives no candle to a request whose span begins at such a time, so often.
        fail_at: Coinbase sends a web page to a request whose span begins then.
        in_flight: Requests that are being answered, and the most there were.
        hang_seconds: How long it hangs at most.
        outlasted: Requests whose senders stayed for as long as this server hangs.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour = "answer"
        self.coinbase_behaviour = ""
        self.script: deque[str] = deque()
        self.body = b""
        self.headers: dict[str, str] = {}
        self.first = 0
        self.last = 2**40
        self.end_counts = True
        self.requests: list[dict[str, str]] = []
        self.release = threading.Event()
        self.latency = 0.0
        self.empty: dict[int, int] = {}
        self.fail_at = 0
        self.limited = 0
        self.hang_seconds = HANG
        self.outlasted = 0
        self.in_flight = [0, 0]
        self.lock = threading.Lock()
        self.coinbase_bucket = Bucket(10, 15)
        # Kraken recommends one request a second, and names no burst.
        self.kraken_bucket = Bucket(1, 5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """Serve as long as the context lasts."""
        server = cls()
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.release.set()
        server.shutdown()
        server.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay quiet: visitors of the tests hang up."""


class Handler(BaseHTTPRequestHandler):
    server: ExchangeServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = self.server
        with server.lock:
            server.in_flight[0] += 1
            server.in_flight[1] = max(server.in_flight)
        try:
            time.sleep(server.latency)
            self.treat()
        finally:
            with server.lock:
                server.in_flight[0] -= 1

    def treat(self) -> None:
        server = self.server
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        server.requests.append({"path": parts.path, **query})
        if not self.headers.get("User-Agent"):
            self.answer(400, b'{"message": "User-Agent header is required."}')
            return
        kraken = parts.path == "/0/public/OHLC"
        if not (server.kraken_bucket if kraken else server.coinbase_bucket).take():
            server.limited += 1
            if kraken:
                self.answer(200, b'{"error": ["EGeneral:Too many requests"]}')
            else:
                self.answer(429, b'{"message": "Public rate limit exceeded"}')
            return
        behaviour = server.script.popleft() if server.script else server.behaviour
        if server.coinbase_behaviour and not kraken:
            behaviour = server.coinbase_behaviour
        if behaviour == "silent":
            server.outlasted += not server.release.wait(server.hang_seconds)
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
            if behaviour == "held":
                server.outlasted += not server.release.wait(server.hang_seconds)
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
        until = time.monotonic() + self.server.hang_seconds
        while not self.server.release.wait(0.02):
            if time.monotonic() > until:
                self.server.outlasted += 1
                break
            self.wfile.write(b" ")
            self.wfile.flush()
        self.close_connection = True

    def candles(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        kraken = path == "/0/public/OHLC"
        rows = self.kraken(query) if kraken else self.coinbase(path.split("/")[2], query)
        if rows[1] is None:
            return 200, b"<html>Checking your browser</html>"
        return rows[0], json.dumps(rows[1]).encode()

    def coinbase(self, product: str, query: dict[str, str]) -> tuple[int, object]:
        if product.startswith("NOSUCH"):
            return 404, {"message": "NotFound"}
        step = int(query["granularity"])
        begin = int(pd.Timestamp(query["start"]).timestamp())
        end = int(pd.Timestamp(query["end"]).timestamp())
        if begin == self.server.fail_at:
            return 200, None
        with self.server.lock:
            if self.server.empty.get(begin, 0) > 0:
                self.server.empty[begin] -= 1
                return 200, []
        if (end - begin) // step >= 300:
            return 400, {"message": "count of aggregations requested exceeds 300"}
        times = self.times(begin, end - (0 if self.server.end_counts else 1), step)
        rows = [[t, p - 2, p + 2.01, p, p + 1, 3.5] for t in reversed(times) for p in [price(t)]]
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
            rows.append([t, *(f"{x:.2f}" for x in (p, p + 2.01, p - 2, p + 1, p)), "3.50000000", 9])
        since = int(query.get("since", 0))
        later = [row for row in rows if int(str(row[0])) > since] or rows[-1:]
        last = now - now % step - step
        name = {"XBTUSD": "XXBTZUSD", "XBTEUR": "XXBTZEUR"}.get(query["pair"], query["pair"])
        return 200, {"error": [], "result": {name: later, "last": last}}

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
    return [[t, price(t) - 2, price(t) + 2.01, price(t), price(t) + 1, 3.5] for t in times]
