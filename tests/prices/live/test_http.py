"""Whatever a host sends, a document or an error of ours comes back, bounded."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator

import pandas as pd
import pytest
from curl_cffi import CurlECode
from curl_cffi.requests import Session, exceptions

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
        with_headers(b"X: " + b"y" * 400_000),
        with_headers(b"\r\n".join(b"X%d: y" % n for n in range(40_000))),
        with_headers(b"Transfer-Encoding: chunked", b"1;" + b"x" * 3_000_000),
        b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000,
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
    ("value", "pause"),
    [(b"7", 7), (b"9" * 30, 1e18), (b"soon", None), (b"-1", None), (b"1e9", None), (b"", None)],
)
def test_how_long_to_wait(raw: RawServer, value: bytes, pause: float | None) -> None:
    reply = b"HTTP/1.1 429 No\r\nRetry-After: " + value + b"\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(SourceUnavailable, match="limits requests") as raised:
        get(raw, reply)
    assert getattr(raised.value, "pause", None) == pause


@pytest.mark.parametrize(
    ("status", "kind", "message", "pause"),
    [
        (418, SourceUnavailable, "limits requests from this address for now", None),
        (429, SourceUnavailable, "limits requests from this address for now", None),
        (401, SourceUnavailable, r"bars requests from this address or country \(401\)", None),
        (403, SourceUnavailable, r"bars requests from this address or country \(403\)", None),
        (451, SourceUnavailable, r"bars requests from this address or country \(451\)", None),
        (300, SourceUnavailable, r"another address \(300\), which is not followed", None),
        (399, SourceUnavailable, r"another address \(399\), which is not followed", None),
        (400, SourceUnavailable, r"refused the request \(400\)", None),
        (499, SourceUnavailable, r"refused the request \(499\)", None),
        (500, SourceUnavailable, r"has a problem on its side \(500\)", None),
        (201, SourceUnavailable, r"refused the request \(201\)", None),
    ],
)
def test_each_status_has_its_meaning(
    raw: RawServer, status: int, kind: type[Exception], message: str, pause: float | None
) -> None:
    with pytest.raises(kind, match=f"^Host .*{message}") as raised:
        get(raw, b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status)
    assert getattr(raised.value, "pause", None) == pause


def test_a_404_is_an_answer(raw: RawServer) -> None:
    raw.reply = b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n{}"
    with JsonClient("Host", raw.url, 10_000).session(2) as session:
        reply = session.get("/x", {})
    assert (reply.status, reply.document) == (404, {})


def test_a_date_is_brought_to_utc(raw: RawServer) -> None:
    raw.reply = with_headers(b"Date: Sat, 21 Nov 2026 02:00:00 +0200")
    with JsonClient("Host", raw.url + "/", 10_000).session(2) as session:
        assert session.get("/x", {}).date == pd.Timestamp("2026-11-21T00:00Z")
    assert raw.seen.startswith(b"GET /x HTTP/1.1\r\n")


@pytest.mark.parametrize(("size", "fits"), [(http.MAX_BYTES, True), (http.MAX_BYTES + 1, False)])
def test_a_body_has_two_megabytes_at_most(raw: RawServer, size: int, fits: bool) -> None:
    assert http.MAX_BYTES == 2_000_000
    body = b"[1]" + b" " * (size - 3)
    if fits:
        assert get(raw, with_headers(b"X: y", body)) == [1]
    else:
        with pytest.raises(SourceUnavailable, match=r"^Host answered with more than 2 MB\.$"):
            get(raw, with_headers(b"X: y", body))


class Clock:
    """A clock that only sleeping moves, and what slept."""

    def __init__(self) -> None:
        self.now, self.slept = 1000.0, []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(http, "time", clock)
    monkeypatch.setattr(http.random, "uniform", lambda low, high: high)
    return clock


def attempts(
    monkeypatch: pytest.MonkeyPatch, deadline: float, errors: list[Exception]
) -> tuple[int, object]:
    """Let each attempt raise one of the errors, then answer; count the attempts."""
    calls = []

    def once(session: object, path: str, params: object) -> http.Reply:
        calls.append(path)
        if len(calls) <= len(errors):
            raise errors[len(calls) - 1]
        return http.Reply(200, "document", None)

    monkeypatch.setattr(http.JsonSession, "_get_once", once)
    with JsonClient("Host", "http://127.0.0.1:9", 1e9).session(deadline) as session:
        try:
            return len(calls), session.get("/x", {}).document if not calls else None
        except SourceUnavailable as error:
            return len(calls), error


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        ("Timeout", 28, "did not answer in time"),
        ("ConnectionError", 7, "can't be reached"),
        ("DNSError", 6, "can't be reached"),
        ("ProxyError", 5, "can't be reached"),
        ("CertificateVerifyError", 60, "can't be reached"),
        ("ConnectionError", 52, "broke the connection off"),
        ("ConnectionError", 56, "broke the connection off"),
        ("ConnectionError", 55, "broke the connection off"),
        ("IncompleteRead", 18, "'s answer broke off"),
        ("ConnectionError", 8, r"can't be read \(ConnectionError\)"),
        ("InvalidURL", 3, r"can't be read \(InvalidURL\)"),
        ("RequestException", 27, r"can't be read \(RequestException\)"),
    ],
)
@pytest.mark.parametrize(("deadline", "timeout"), [(2.0, (1.0, 1.0)), (60.0, (4.0, 56.0))])
def test_each_failure_of_the_network_has_its_words_and_its_time(
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    error: str,
    code: int,
    message: str,
    deadline: float,
    timeout: tuple[float, float],
) -> None:
    monkeypatch.setattr(http, "_MAX_ATTEMPTS", 1)
    calls: list[dict[str, object]] = []

    def fail(session: object, method: str, url: str, **options: object) -> None:
        calls.append(options)
        raise getattr(exceptions, error)("words", CurlECode(code))

    monkeypatch.setattr(Session, "request", fail)
    with (
        JsonClient("Host", "http://127.0.0.1:9", 1e9).session(deadline) as session,
        pytest.raises(SourceUnavailable, match=f"^Host.*{message}") as raised,
    ):
        session.get("/x", {})
    assert raised.value.__cause__ is not None
    (options,) = calls
    assert options["timeout"] == timeout
    assert options["allow_redirects"] is False


def test_a_passing_failure_is_tried_three_times_with_a_longer_wait(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = [http._TransientError("Once."), http._TransientError("Twice.")]
    assert attempts(monkeypatch, 60, errors)[1] == "document"
    waits = [seconds for seconds in clock.slept if seconds > 0]
    assert waits == pytest.approx([0.3, 0.6])
    third = http._TransientError("Thrice.")
    pauses = attempts(monkeypatch, 60, [*errors, third])[1]
    assert (type(pauses), str(pauses)) == (SourceUnavailable, "Thrice.")


@pytest.mark.parametrize(
    ("wait", "deadline", "tried_again"),
    [(2.0, 60, True), (2.1, 60, False), (1.0, 2.1, True), (1.0, 2.0, False), (1.0, 1.5, False)],
)
def test_a_wait_must_be_short_and_leave_as_much_time_as_it_takes(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, wait: float, deadline: float, tried_again: bool
) -> None:
    waits = attempts(monkeypatch, deadline, [RetryLater("Later.", wait)])[1]
    assert (waits == "document") is tried_again
    assert tried_again or isinstance(waits, RetryLater)


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


def test_a_turn_beyond_the_deadline_is_not_waited_for(raw: RawServer, clock: Clock) -> None:
    host = JsonClient("Host", raw.url, per_second=0.2)
    raw.reply = OK
    with host.session(5.5) as session:
        session.get("/x", {})
        session.get("/x", {})
        with pytest.raises(SourceUnavailable, match="did not answer in time"):
            session.get("/x", {})
    assert [seconds for seconds in clock.slept if seconds] == [5.0]
