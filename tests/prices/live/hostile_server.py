"""A local server that does whatever a hostile or sick host may do to its clients."""

from __future__ import annotations

import contextlib
import functools
import gzip
import itertools
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pyarrow as pa

#: What is sent, piece by piece, to a client that asked for this path.
Attack = Callable[[str], Iterable[bytes]]

MEGABYTE = 1_000_000
#: Seconds after which an attack without an end stops: longer than any deadline of the tests.
HANG = 5.0
#: Seconds that no whole answer needs, whatever is in it, even on a busy machine.
MUCH_TIME = 5.0


class HostileServer:
    """Sends an attack to every client, each in a thread of its own.

    Attributes:
        attack: What is sent.
        paths: The paths that were asked for.
        size: Bytes that were sent.
        outlasted: Clients that bore an attack without an end until it stopped.
    """

    def __init__(self) -> None:
        self.attack: Attack = lambda path: []
        self.paths: list[str] = []
        self.size = 0
        self.outlasted = 0
        self.closed = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(HANG)
            request = connection.recv(65536).decode("latin-1")
            path = request.split(" ")[1] if request.count(" ") > 1 else ""
            self.paths.append(path)
            try:
                self._send(connection, path)
            except TimeoutError:
                self.outlasted += 1
                return
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(10)
            connection.recv(65536)

    def _send(self, connection: socket.socket, path: str) -> None:
        until = time.monotonic() + HANG
        for piece in self.attack(path):
            if self.closed.is_set():
                return
            if time.monotonic() > until:
                raise TimeoutError
            connection.sendall(piece)
            self.size += len(piece)

    def close(self) -> None:
        self.closed.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def reply(body: bytes, *headers: str, status: int = 200) -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status} Some", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def endless(*headers: str) -> Iterator[bytes]:
    """An answer without an end, as fast as it is read."""
    yield "\r\n".join(["HTTP/1.1 200 OK", *headers, "", ""]).encode()
    yield from itertools.repeat(b" " * MEGABYTE)


def forever(first: bytes, piece: bytes) -> Iterator[bytes]:
    """The first piece, then the other one again and again."""
    yield first
    yield from itertools.repeat(piece)


def drip(pieces: Iterable[bytes], seconds: float = 0.05) -> Iterator[bytes]:
    """One byte after another."""
    for piece in pieces:
        for number in range(len(piece)):
            time.sleep(seconds)
            yield piece[number : number + 1]


def silence() -> Iterator[bytes]:
    """Nothing, while the connection stays open."""
    while True:
        time.sleep(0.05)
        yield b""


@functools.cache
def bomb(codec: str, megabytes: int = 300) -> bytes:
    """Spaces, packed."""
    if codec == "gzip":
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        pieces = [packer.compress(b" " * MEGABYTE) for _ in range(megabytes)]
        return b"".join(pieces) + packer.flush()
    packed: bytes = pa.compress(b" " * (megabytes * MEGABYTE), codec=codec, asbytes=True)
    return packed


def empty_blocks() -> Iterator[bytes]:
    """A gzip that never ends and holds nothing."""
    yield b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10]
    yield from itertools.repeat(b"\x00\x00\x00\xff\xff" * 50_000)


def table(rows: int, **changes: object) -> bytes:
    """A chart of so many hours up to the last one, with changed parts."""
    now = int(time.time())
    times: object = [now - now % 3600 - 3600 * (rows - row) for row in range(rows)]
    quote: dict[str, object] = {
        name: [1.5] * rows for name in ("open", "high", "low", "close", "volume")
    }
    meta: dict[str, object] = {
        "currency": "USD",
        "instrumentType": "CRYPTOCURRENCY",
        "exchangeTimezoneName": "UTC",
        "priceHint": 2,
        "validRanges": ["1d"],
        "dataGranularity": "1h",
        "tradingPeriods": [[{"timezone": "UTC", "start": 0, "end": 86340, "gmtoffset": 0}]],
        "currentTradingPeriod": {
            name: {"timezone": "UTC", "start": 0, "end": 86399, "gmtoffset": 0}
            for name in ("pre", "regular", "post")
        },
    }
    quote |= {name: change for name, change in changes.items() if name in quote}
    meta |= {name: change for name, change in changes.items() if name == "currency"}
    times = changes.get("timestamp", times)
    result = {"meta": meta, "timestamp": times, "indicators": {"quote": [quote]}}
    return json.dumps({"chart": {"result": [result], "error": None}}).encode()


def deadline(attack: Attack, seconds: float) -> float:
    """Seconds for a fetch: few where only they end an attack, many where its size must."""
    return MUCH_TIME if isinstance(attack(""), list) else seconds


def peak() -> int:
    """The largest memory of this process since ``forget_peak``, bytes."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def forget_peak() -> int:
    """Begin to measure ``peak`` anew, and return it."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak()
