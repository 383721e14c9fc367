"""What connections that send slowly, read slowly or stay idle do to everyone else.

    python -m benchmarks.connections [--count 1300] [--files 1024] [--seconds 40] [--kind NAME]

For each kind, so many connections are opened from one address to a server of its own, which may
have so many files open. Meanwhile a user asks for a prediction and opens the landing page.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import math
import resource
import select
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit
from websockets.exceptions import WebSocketException

from benchmarks import measure, server
from benchmarks.page_client import PageClient

_CLOSES = json.dumps({"prices": [61_000 + 25.5 * (7 * i % 11) for i in range(60)]}).encode()
_HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
_POST = (
    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: " + str(len(_CLOSES)).encode() + b"\r\n\r\n"
)
_STATIC = next(Path(streamlit.__file__).parent.glob("static/static/js/index.*.js")).name
_SCRIPT = _HEAD.replace(b"GET /", f"GET /static/js/{_STATIC}".encode()) + b"\r\n"
#: Seconds after which a request counts as not answered.
_GIVEN_UP = 30.0


@dataclass(frozen=True)
class Slow:
    """One kind of slow client.

    Attributes:
        first: What it sends when it is connected.
        drip: What it sends every second after that.
        reads: Whether it reads what it gets.
    """

    first: bytes = b""
    drip: bytes = b""
    reads: bool = True


def _websocket(port: int) -> bytes:
    return (
        f"GET /_stcore/stream HTTP/1.1\r\nHost: localhost:{port}\r\n"
        f"Origin: http://localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: streamlit\r\n\r\n"
    ).encode()


KINDS: dict[str, Callable[[int], Slow]] = {
    "silent": lambda _: Slow(),
    "half-header": lambda _: Slow(_HEAD),
    "dripping-header": lambda _: Slow(_HEAD + b"X: ", b"a"),
    "huge-header": lambda _: Slow(_HEAD + b"X: " + b"a" * 100_000),
    "half-body": lambda _: Slow(_POST + _CLOSES[:100]),
    "dripping-body": lambda _: Slow(_POST + _CLOSES[:100], b"1"),
    "unread-answer": lambda _: Slow(_SCRIPT, reads=False),
    "pipelined": lambda _: Slow((_POST + _CLOSES) * 10, reads=False),
    "dead-websocket": lambda port: Slow(_websocket(port)),
    "tls-hello": lambda _: Slow(bytes.fromhex("16030100c8010000c40303") + bytes(range(200))),
}


class Crowd:
    """Connections of one kind, opened from one address.

    Args:
        port: Of the server.
        slow: What each of them does.
        count: How many there are.
    """

    def __init__(self, port: int, slow: Slow, count: int) -> None:
        self._port, self._slow, self._count = port, slow, count
        self._open: dict[int, tuple[socket.socket, float]] = {}
        self._poll = select.poll()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self.lifetimes: list[float] = []

    def __enter__(self) -> Crowd:
        for _ in range(self._count):
            with contextlib.suppress(OSError):  # refused
                self._connect()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        for one, _began in self._open.values():
            one.close()

    def __len__(self) -> int:
        return len(self._open)

    def _connect(self) -> None:
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.settimeout(2)
        one.connect(("127.0.0.1", self._port))
        self._open[one.fileno()] = one, time.monotonic()
        one.setblocking(False)
        # Without POLLIN, poll tells of errors and resets alone.
        self._poll.register(one, select.POLLIN if self._slow.reads else 0)
        self._send(one, self._slow.first)

    def _live(self) -> None:
        """Be slow, and note which connections the server closes."""
        dripped = time.monotonic()
        while not self._end.is_set():
            for number, _ in self._poll.poll(200):
                self._read(number)
            if self._slow.drip and time.monotonic() - dripped >= 1:
                dripped = time.monotonic()
                for one, _began in list(self._open.values()):
                    self._send(one, self._slow.drip)

    def _send(self, one: socket.socket, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):
            try:
                one.send(data)
            except ConnectionError:
                self._note(one.fileno())

    def _read(self, number: int) -> None:
        if number not in self._open:
            return
        one = self._open[number][0]
        try:
            gone = not self._slow.reads or not one.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            gone = True
        if gone:
            self._note(number)

    def _note(self, number: int) -> None:
        one, began = self._open.pop(number)
        self.lifetimes.append(time.monotonic() - began)
        self._poll.unregister(one)
        one.close()


def predict(port: int) -> float:
    """Return the seconds that a prediction takes on a connection of its own."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_GIVEN_UP)
    try:
        connection.request("POST", "/predict", _CLOSES, {"Content-Type": "application/json"})
        if connection.getresponse().status != 200:
            return math.inf
    except OSError:
        return math.inf
    finally:
        connection.close()
    return time.perf_counter() - began


def page(url: str) -> float:
    """Return the seconds until the landing page has run; like a browser, connect again if cut."""
    began = time.perf_counter()
    while (seconds := time.perf_counter() - began) < _GIVEN_UP:
        try:
            with PageClient(url, _GIVEN_UP) as client:
                client.open()
                return time.perf_counter() - began
        except (OSError, TimeoutError, WebSocketException):
            time.sleep(0.1)
    return seconds


def attack(name: str, count: int, files: int, seconds: float) -> dict[str, float]:
    """Let slow connections of one kind come to a server, and use it meanwhile."""
    limit = ["prlimit", f"--nofile={files}:{files}"]
    with server.serve(["streamlit", "run", "app.py"], "--server.port={}", before=limit) as one:
        predict(one.port)
        page(one.url)
        before, wrote, files_before = one.megabytes(), one.log_bytes(), one.descriptors()
        began = time.monotonic()
        predictions, pages = [], []
        with Crowd(one.port, KINDS[name](one.port), count) as crowd:
            opened = time.monotonic() - began
            while time.monotonic() - began < seconds:
                predictions.append(predict(one.port))
                if time.monotonic() - began < seconds:
                    pages.append(page(one.url))
                time.sleep(0.5)
            left = one.descriptors() - files_before
            lifetimes = crowd.lifetimes
        return {
            "opened in, s": opened,
            "worst prediction, s": max(predictions),
            "worst page, s": max(pages, default=math.nan),
            "more open files": left,
            "last closed after, s": max(lifetimes, default=math.nan),
            "log, bytes": one.log_bytes() - wrote,
            "memory, MB": one.peak() - before,
        }


def main() -> None:
    """Attack with each kind, and print what happened."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=1_300, help="connections of each kind")
    parser.add_argument("--files", type=int, default=1_024, help="that the server may have open")
    parser.add_argument("--seconds", type=float, default=40, help="of each kind")
    parser.add_argument("--kind", choices=KINDS, action="append", help="only these")
    args = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    rows, raw = [], {}
    for name in args.kind or KINDS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        raw[name] = attack(name, args.count, args.files, args.seconds)
        rows.append({"kind": name, **{key: f"{value:.1f}" for key, value in raw[name].items()}})
        print(rows[-1], file=sys.stderr, flush=True)
    measure.publish("connections", "python -m benchmarks.connections", rows, raw)


if __name__ == "__main__":
    main()
