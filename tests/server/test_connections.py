"""Slow, silent and crowding connections: a real server, real sockets, shorter patience."""

from __future__ import annotations

import asyncio
import re
import select
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
import uvicorn
from starlette.types import Message

from cryptoforecast.server import connections, sockets
from cryptoforecast.server.connections import Connections
from cryptoforecast.server.guard import Guard
from cryptoforecast.server.requests import Rules
from tests.serving import finished

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"
WHOLE = HEAD + b"Content-Length: 2\r\n\r\nab"
ASK_LARGE = b"POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
LARGE = 30_000_000
WHOLE_ANSWER = re.compile(rb"\r\n\r\n\d|(101|400) .*\r\n\r\n", re.DOTALL)


async def app(scope, receive, send) -> None:
    """Answer with the length of the body, or with more bytes than a socket holds."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = bytes(LARGE) if scope["path"] == "/large" else str(size).encode()
    length = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    await send({"type": "http.response.body", "body": body})


class Server(uvicorn.Server):
    """A server in a thread, watched or not."""

    def __init__(self, places: int, watched: bool) -> None:
        rules = Rules((), lambda _: ())
        config = uvicorn.Config(
            Guard(app, rules), port=0, lifespan="off", log_level="critical", ws="websockets-sansio"
        )
        super().__init__(config)
        self.open = Connections(places, places // 2)
        self.watched = watched

    async def startup(self, sockets_: list[socket.socket] | None = None, **more: object) -> None:
        loop = asyncio.get_running_loop()
        if self.watched:
            sockets.watch(loop, self.open)
            self.task = loop.create_task(self.open.watch())
        await super().startup(**more)

    @property
    def port(self) -> int:
        return self.servers[0].sockets[0].getsockname()[1]


@contextmanager
def serving(places: int = 100, watched: bool = True) -> Iterator[Server]:
    server = Server(places, watched)
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(server.run)
        while not server.started and not done.done():
            time.sleep(0.01)
        try:
            yield server
        finally:
            server.should_exit = server.force_exit = True
            done.result(20)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 1.0)
    monkeypatch.setattr(sockets, "PING", 1.0)
    monkeypatch.setattr(connections, "PERIOD", 0.1)


def connect(server: Server, data: bytes = b"", **options: int) -> socket.socket:
    client = socket.socket()
    for name, value in options.items():
        client.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
    client.settimeout(20)
    client.connect(("127.0.0.1", server.port))
    client.sendall(data)
    return client


def answers(client: socket.socket) -> bytes:
    """Read one small answer, or nothing from a connection that is closed."""
    received = b""
    try:
        while not WHOLE_ANSWER.search(received) and (part := client.recv(65_536)):
            received += part
    except ConnectionError:
        return b""
    return received


def drip(client: socket.socket, data: bytes) -> bool:
    """Send one byte at a time for 6 seconds; say whether the connection was closed."""
    try:
        for number in range(60):
            client.sendall(data[number : number + 1])
            time.sleep(0.1)
    except ConnectionError:
        return True
    return False


def websocket(server: Server) -> bytes:
    return (
        f"GET /_stcore/stream HTTP/1.1\r\nHost: x:{server.port}\r\n"
        f"Origin: http://x:{server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


STALLED = {
    "nothing": b"",
    "half a header": HEAD,
    "half a body": HEAD + b"Content-Length: 100\r\n\r\nabc",
    "half a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    "half the next header": WHOLE + HEAD,
}


def stalled(server: Server, stack: ExitStack, *names: str) -> dict[str, socket.socket]:
    """Return connections that have stopped sending, all of them at the same time."""
    clients = {name: stack.enter_context(connect(server, STALLED[name])) for name in names}
    assert answers(clients["half the next header"]).endswith(b"2")
    return clients


@pytest.mark.usefixtures("impatient")
def test_a_client_that_stops_sending_is_cut_off():
    with serving() as server, ExitStack() as stack:
        for what, client in stalled(server, stack, *STALLED).items():
            client.settimeout(10)
            assert answers(client) == b"", what
        assert not list(server.open)


def test_nothing_else_would_cut_it_off():
    with serving(watched=False) as server, ExitStack() as stack:
        clients = stalled(server, stack, "half a header", "half a body", "half the next header")
        assert select.select(clients.values(), [], [], 2)[0] == []


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("what", ["header", "body"])
def test_a_client_that_sends_a_byte_now_and_then_is_cut_off(what):
    head = HEAD + b"X: " if what == "header" else HEAD + b"Content-Length: 100\r\n\r\n"
    with serving() as server, connect(server, head) as client:
        assert drip(client, b"a" * 60)


@pytest.mark.usefixtures("impatient")
def test_a_client_that_does_not_read_is_cut_off_and_little_is_kept_for_it():
    with serving() as server, connect(server, ASK_LARGE, SO_RCVBUF=4096):
        until = time.monotonic() + 10
        while not list(server.open):
            assert time.monotonic() < until
        unsent = max(one._unsent() for one in list(server.open))
        assert unsent < 1_000_000
        while list(server.open):
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.mark.usefixtures("impatient")
def test_a_client_that_sends_slowly_and_steadily_is_served():
    """The body takes two and a half times the patience."""
    head = HEAD + b"Content-Length: 250000\r\n\r\n"
    with serving() as server, connect(server, head) as client:
        for _ in range(25):
            client.sendall(bytes(10_000))
            time.sleep(0.1)
        assert answers(client).endswith(b"250000")


@pytest.mark.usefixtures("impatient")
def test_a_client_that_reads_slowly_and_steadily_is_served():
    """The answer takes two and a half times the patience."""
    with serving() as server, connect(server, ASK_LARGE, SO_RCVBUF=65_536) as client:
        size, began = 0, time.monotonic()
        while size < LARGE:
            part = client.recv(65_536)
            assert part
            size += len(part)
            time.sleep(max(0.0, 2.5 * size / LARGE - (time.monotonic() - began)))


@pytest.mark.usefixtures("impatient")
def test_a_websocket_that_answers_no_ping_is_cut_off():
    with serving() as server, connect(server, websocket(server)) as client:
        assert b"101 Switching" in answers(client)
        client.settimeout(10)
        while client.recv(100):
            pass
        assert not list(server.open)


def test_a_crowd_from_one_address_leaves_places_for_everyone():
    with serving(places=20) as server:
        crowd = [connect(server, HEAD) for _ in range(100)]
        with connect(server, WHOLE) as client:
            assert answers(client).endswith(b"2")
        assert len(list(server.open)) <= 20
        for one in crowd:
            one.close()


def test_a_crowd_of_websockets_leaves_places_for_everyone():
    with serving(places=20) as server:
        crowd = [connect(server, websocket(server)) for _ in range(40)]
        with connect(server, WHOLE) as client:
            assert answers(client).endswith(b"2")
        with connect(server, websocket(server)) as client:
            assert b"101 Switching" in answers(client)
        for one in crowd:
            one.close()


def test_the_address_with_the_most_connections_makes_place():
    everyone = Connections(4)

    def client(address: str) -> connections.Connection:
        one = connections.Connection(asyncio.Protocol(), everyone)
        one.network = address
        everyone.add(one)
        return one

    friend, *_ = client("a"), client("b"), client("b"), client("b")
    client("b")
    client("c")
    assert friend in list(everyone)  # though it was silent longest
    assert len(list(everyone)) == 4


def test_pipelined_requests_are_answered_in_turn():
    with serving() as server, connect(server, WHOLE * 50) as client:
        received = b""
        while received.count(b"HTTP/1.1 200") < 50:
            part = answers(client)
            assert part
            received += part
        time.sleep(0.2)
        with connect(server, WHOLE) as another:
            assert answers(another).endswith(b"2")


@pytest.mark.parametrize(
    "data", [HEAD + b"X: " + b"a" * 200_000, b"\x16\x03\x01\x00\xc8\x01\r\n\r\n"]
)
def test_huge_headers_and_other_protocols_are_refused_at_once(data, caplog):
    with serving() as server, connect(server, data) as client:
        assert answers(client).startswith(b"HTTP/1.1 400") or answers(client) == b""


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        (("10.0.0.1", 5), "10.0.0.1"),
        (("::ffff:10.0.0.1", 5, 0, 0), "::ffff:10.0.0.1"),
        (("2001:db8:1:2:3::4", 5, 0, 0), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 5, 0, 2), "fe80::/64"),
        ("", ""),
        (None, ""),
    ],
)
def test_one_client_has_one_network(peer, network):
    assert connections.network(peer) == network


@pytest.mark.parametrize(("left", "status"), [(False, 200), (True, 503)])
def test_a_prediction_whose_connection_had_to_leave_costs_no_work(left: bool, status: int):
    connection, sent = connections.Unwatched(), []
    connection.closed = left

    async def receive() -> Message:
        return {"type": "http.request", "body": b"ab"}

    async def send(message: Message) -> None:
        sent.append(message)

    async def ask() -> None:
        connections.current.set(connection)
        scope = {
            "type": "http", "method": "POST", "path": "/", "client": ("127.0.0.1", 40_001),
            "headers": [(b"host", b"localhost")],
        }  # fmt: skip
        await Guard(app, Rules((), lambda _: ()), {"/": app})(scope, receive, send)

    finished(ask)
    assert [each["status"] for each in sent if "status" in each] == [status]
