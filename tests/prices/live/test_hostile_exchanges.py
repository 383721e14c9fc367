"""Coinbase and Kraken against hosts that send what no host should: bounded, and ours to say."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from cryptoforecast.errors import SourceUnavailable
from cryptoforecast.prices.live.coinbase import Coinbase
from cryptoforecast.prices.live.kraken import Kraken
from tests.prices.live.hostile_server import (
    Attack,
    HostileServer,
    bomb,
    deadline,
    drip,
    endless,
    forever,
    forget_peak,
    peak,
    reply,
)

#: Seconds that a fetch may take where an attack has no end.
DEADLINE = 0.6
MAX_MEMORY = 150_000_000


def once(answer: bytes) -> Attack:
    return lambda path: [answer]


ATTACKS: dict[str, Callable[[], Attack]] = {
    "gzip bomb": lambda: once(reply(bomb("gzip"), "Content-Encoding: gzip")),
    "endless body": lambda: lambda path: endless(),
    "endless body of a 404": lambda: (
        lambda path: (piece.replace(b"200 OK", b"404 No") for piece in endless())
    ),
    "huge length": lambda: once(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n"),
    "drip of the body": lambda: lambda path: drip([reply(b" " * 1000)]),
    "drip of headers": lambda: lambda path: drip([b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000]),
    "drip of a chunk": lambda: (
        lambda path: drip(
            [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * 1000]
        )
    ),
    "endless header": lambda: lambda path: forever(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 65_536),
    "endless headers": lambda: lambda path: forever(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 9999),
    "endless continue": lambda: lambda path: forever(b"", b"HTTP/1.1 100 Go on\r\n\r\n"),
    "endless chunk size": lambda: (
        lambda path: forever(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x" * 65_536
        )
    ),
    "endless trailer": lambda: (
        lambda path: forever(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"x" * 65_536
        )
    ),
    "small objects": lambda: once(reply(b"[" + b"{}," * 600_000 + b"0]")),
    "members": lambda: once(reply(b"{" + b",".join(b'"%x":1' % n for n in range(150_000)) + b"}")),
    "nested lists": lambda: once(reply(b"[" * 1_900_000)),
    "digits": lambda: once(reply(b"[[" + b"9" * 1_000_000 + b"]]")),
    "many rows": lambda: once(reply(b"[[1,1,1,1,1,1]" + b",[1]" * 40_000 + b"]")),
}


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = HostileServer()
    yield server
    server.close()


@pytest.mark.parametrize("kind", [Coinbase, Kraken])
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_ends_in_an_error_of_ours(
    hostile: HostileServer, kind: type[Coinbase | Kraken], name: str
) -> None:
    hostile.attack = ATTACKS[name]()
    source = kind(hostile.url, per_second=500)
    before, seconds = forget_peak(), deadline(hostile.attack, DEADLINE)
    with pytest.raises(SourceUnavailable) as raised:
        source.fetch("BTC-USD", "1h", None, None, seconds)
    assert hostile.outlasted == 0
    assert "did not answer" not in str(raised.value) or seconds == DEADLINE
    assert peak() - before < MAX_MEMORY
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 400


@pytest.mark.parametrize("kind", [Coinbase, Kraken])
def test_no_call_is_left_behind_by_a_drip(
    hostile: HostileServer, kind: type[Coinbase | Kraken]
) -> None:
    """A call that never ended would keep its source from being asked again."""
    hostile.attack = lambda path: drip([b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000])
    source = kind(hostile.url, per_second=500)
    with pytest.raises(SourceUnavailable):
        source.fetch("BTC-USD", "1h", None, None, 1)
    time.sleep(0.5)
    with pytest.raises(SourceUnavailable, match="asked again in"):
        source.fetch("BTC-USD", "1h", None, None, 1)
