"""Whatever a host sends, a document or an error of ours comes back, bounded."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from cryptoforecast.errors import SourceUnavailable
from cryptoforecast.prices.live import http
from cryptoforecast.prices.live.breaker import RetryLater
from cryptoforecast.prices.live.http import JsonClient


class RawServer:
    """Answers every connection with the same bytes, and hangs up."""

    def __init__(self) -> None:
        self.reply = b""
        self.seen = b""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                try:
                    self.seen = connection.recv(65536)
                    connection.sendall(self.reply)
                    connection.shutdown(socket.SHUT_WR)
                except OSError:
                    continue

    def close(self) -> None:
        # Closing alone would leave a thread that already waits.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def raw(monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(http, "_MAX_ATTEMPTS", 1)
    server = RawServer()
    yield server
    server.close()


def get(server: RawServer, reply: bytes) -> object:
    server.reply = reply
    with JsonClient("Host", server.url, 10_000).session(2) as session:
        return session.get("/x", {"a": 1}).document


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n[1, 2]"


def test_a_document_comes_back(raw: RawServer) -> None:
    assert get(raw, OK) == [1, 2]
    assert raw.seen.startswith(b"GET /x?a=1 HTTP/1.1\r\n")
    assert b"Accept-Encoding: identity" in raw.seen


def test_no_password_of_a_netrc_file_is_sent(
    raw: RawServer, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path_factory.mktemp("n") / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    get(raw, OK)
    assert b"uthorization" not in raw.seen


def with_headers(headers: bytes, body: bytes = b"[1, 2]") -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\x00\xff" * 50,
        b"garbage\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n[1]",
        b"HTTP/1.1 99999 OK\r\n\r\n[1]",
        b"HTTP/1.1 200 OK\r\n",
        with_headers(b"Content-Length: 99999999999999999999999"),
        with_headers(b"Content-Length: 7"),
        with_headers(b"Content-Length: 5, 6"),
        with_headers(b"Transfer-Encoding: chunked", b"ZZ\r\n[1]"),
        with_headers(b"Transfer-Encoding: chunked", b"fffffffffffffffff\r\n[1]"),
        with_headers(b"Transfer-Encoding: chunked", b"3\r\n[1]\r\n"),
        with_headers(b"Content-Encoding: gzip"),
        with_headers(b"X: " + b"y" * 100_000),
        with_headers(b"\r\n".join(b"X%d: y" % n for n in range(200))),
        with_headers(b"", b"[1, 2"),
        with_headers(b"", b"[1] [2]"),
        with_headers(b"", b"[NaN]"),
        with_headers(b"", b"[Infinity]"),
        with_headers(b"", b"[" * 100_000),
        with_headers(b"", b'{"a":' * 100_000),
        with_headers(b"", b"9" * 10_000),
        with_headers(b"", b"[1]" + b" " * (http.MAX_BYTES + 1)),
    ],
)
def test_what_is_no_document_is_an_error_of_ours(raw: RawServer, reply: bytes) -> None:
    with pytest.raises(SourceUnavailable, match=r"^Host"):
        get(raw, reply)


@pytest.mark.parametrize("date", [b"", b"yesterday", b"Mon, 99 Foo 2024 99:99:99", b"\xff"])
def test_a_date_that_cannot_be_read_is_none(raw: RawServer, date: bytes) -> None:
    raw.reply = with_headers(b"Date: " + date)
    with JsonClient("Host", raw.url, 10_000).session(2) as session:
        assert session.get("/x", {}).date is None


@pytest.mark.parametrize(
    ("given", "pause"),
    [(b"7", 7), (b"9" * 30, 1e30), (b"soon", 60), (b"-1", 60), (b"1e9", 60), (b"", 60)],
)
def test_how_long_to_wait(raw: RawServer, given: bytes, pause: float) -> None:
    reply = b"HTTP/1.1 429 No\r\nRetry-After: " + given + b"\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(RetryLater) as raised:
        get(raw, reply)
    assert raised.value.pause == pytest.approx(pause)


def test_mutated_answers_raise_nothing_else(raw: RawServer) -> None:
    dice = random.Random(1)
    whole = (
        b"HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 02:00:00 GMT\r\nContent-Type: x\r\n"
        b'Transfer-Encoding: chunked\r\n\r\n13\r\n[[1, 2.5, "3", {}]]\r\n0\r\n\r\n'
    )
    documents, refused = 0, 0
    for _ in range(300):
        reply = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            place = dice.randrange(len(reply))
            change = dice.choice(("flip", "drop", "cut", "repeat"))
            if change == "flip":
                reply[place] = dice.randrange(256)
            elif change == "drop":
                del reply[place : place + dice.randint(1, 5)]
            elif change == "cut" and place > 60:
                del reply[place:]
            else:
                reply[place:place] = reply[max(place - 9, 0) : place]
        try:
            get(raw, bytes(reply))
            documents += 1
        except SourceUnavailable:
            refused += 1
    assert min(documents, refused) > 10


def test_requests_of_all_threads_share_one_pace(raw: RawServer) -> None:
    host = JsonClient("Host", raw.url, per_second=50)
    raw.reply = OK

    def ask() -> None:
        with host.session(5) as session:
            session.get("/x", {})

    threads = [threading.Thread(target=ask) for _ in range(8)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began >= 7 / 50


def test_a_turn_beyond_the_deadline_is_not_waited_for(raw: RawServer) -> None:
    host = JsonClient("Host", raw.url, per_second=0.2)
    raw.reply = OK
    began = time.monotonic()
    with host.session(0.5) as session:
        session.get("/x", {})
        with pytest.raises(SourceUnavailable, match="did not answer in time"):
            session.get("/x", {})
    assert time.monotonic() - began < 1
