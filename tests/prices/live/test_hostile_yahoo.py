"""Yahoo's path, through the real yfinance and curl, against hostile and sick hosts.

Whatever comes, it ends in time, takes little memory, goes nowhere else, and is an error of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.prices.live import yahoo_session
from cryptoforecast.prices.live.breaker import CircuitBreaker
from cryptoforecast.prices.live.yahoo import Yahoo
from tests.prices.live.hostile_server import (
    MEGABYTE,
    Attack,
    HostileServer,
    bomb,
    deadline,
    drip,
    empty_blocks,
    endless,
    forever,
    forget_peak,
    peak,
    reply,
    silence,
    table,
)
from tests.prices.live.yahoo_server import route

#: Seconds that a fetch may take where an attack has no end.
DEADLINE = 1.2
#: Bytes of memory that an answer may take.
MAX_MEMORY = 150 * MEGABYTE
#: Bytes that are sent before the client hangs up: what it takes, and what lies in buffers.
MAX_SENT = 20 * MEGABYTE


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = HostileServer()
    route(monkeypatch, server)  # type: ignore[arg-type]
    yield server
    server.close()


def once(answer: bytes) -> Attack:
    return lambda path: [answer]


def json_of(body: bytes, *headers: str) -> Attack:
    return once(reply(body, "Content-Type: application/json", *headers))


def packed(codec: str, name: str) -> Attack:
    return once(reply(bomb(codec), f"Content-Encoding: {name}"))


def redirect(location: str, status: int = 302) -> Attack:
    return once(reply(b"", f"Location: {location}", status=status))


def head(status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\n".encode()


CHART = "https://query2.finance.yahoo.com/v8/finance/chart/BTC-USD"
#: Name: what is sent, and what is said of it.
ATTACKS: dict[str, tuple[Callable[[], Attack], str]] = {
    "gzip bomb": (lambda: packed("gzip", "gzip"), "more than 4 MB"),
    "brotli bomb": (lambda: packed("brotli", "br"), "more than 4 MB"),
    "zstd bomb": (lambda: packed("zstd", "zstd"), "."),
    "packed twice": (lambda: packed("gzip", "gzip, gzip"), "."),
    "endless empty blocks": (lambda: lambda path: empty_blocks(), "."),
    "endless body": (lambda: lambda path: endless(), "more than 4 MB"),
    "endless body of a refusal": (
        lambda: (
            lambda path: (
                piece.replace(b"200 OK", b"404 No") for piece in endless("Content-Type: text/html")
            )
        ),
        "more than 4 MB",
    ),
    "huge length": (
        lambda: once(head() + b"Content-Length: 99999999999\r\n\r\n{}"),
        "more than 4 MB",
    ),
    "short body": (lambda: once(head() + b"Content-Length: 99\r\n\r\n{}"), "."),
    "long body": (lambda: once(head() + b'Content-Length: 2\r\n\r\n{"a": 1}'), "."),
    "no length that is one": (lambda: once(head() + b"Content-Length: 5, 6\r\n\r\n{}"), "."),
    "drip of the body": (lambda: lambda path: drip([reply(b" " * 1000)]), "in time|within"),
    "drip of headers": (
        lambda: lambda path: drip([head() + b"X: " + b"y" * 1000]),
        "in time|within",
    ),
    "silence": (lambda: lambda path: silence(), "in time|within"),
    "endless header": (lambda: lambda path: forever(head() + b"X: ", b"y" * 65_536), "."),
    "endless headers": (lambda: lambda path: forever(head(), b"X: y\r\n" * 10_000), "."),
    "endless continue": (lambda: lambda path: forever(b"", head("100 Go on") + b"\r\n"), "."),
    "endless chunk size": (
        lambda: (
            lambda path: forever(head() + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x" * 65_536)
        ),
        ".",
    ),
    "cookies": (
        lambda: once(
            reply(b"{}", *(f"Set-Cookie: n{n}={'v' * 3000}; Domain=yahoo.com" for n in range(80)))
        ),
        ".",
    ),
    "page": (lambda: once(reply(b"<html>" + b"<p>" * 100_000)), "something other than JSON"),
    "codec that takes hours": (
        lambda: json_of(b"x" * 3_900_000 + b"-999", "Content-Type: text/x; charset=punycode"),
        "something other than JSON",
    ),
    "codec of a refusal": (
        lambda: once(reply(b"a" * 3_900_000, "Content-Type: text/x; charset=punycode", status=400)),
        ".",
    ),
    "nested lists": (lambda: json_of(b"[" * 1_900_000), "more than 50,000 parts"),
    "nested objects": (lambda: json_of(b'{"a":' * 20_000), "something other than JSON"),
    "small objects": (lambda: json_of(b"[" + b"{}," * 1_300_000 + b"0]"), "50,000 parts"),
    "small objects of a refusal": (
        lambda: once(reply(b"[" + b"{}," * 1_300_000 + b"0]", status=404)),
        "50,000 parts",
    ),
    "digits": (
        lambda: json_of(table(9).replace(b"1.5", b"9" * 1_000_000, 1)),
        "something other than JSON",
    ),
    "integer beyond floats": (
        lambda: json_of(table(9, volume=[10**400] * 9)),
        "something other than numbers",
    ),
    "no numbers": (lambda: json_of(table(9, low=["1.5"] * 9)), "something other than numbers"),
    "NaN": (lambda: json_of(table(9, low=[float("nan")] * 9)), "something other than numbers"),
    "columns of different lengths": (
        lambda: json_of(table(9, high=[1.5] * 8)),
        "columns of different lengths",
    ),
    "ten million rows": (
        lambda: (
            lambda path: forever(
                head() + b"\r\n" + table(9).split(b"[17")[0] + b"[", b"1600000000," * 10_000
            )
        ),
        "more than 4 MB",
    ),
    "many rows": (lambda: json_of(table(60_000)), "more than 50,000 candles"),
    "time that can't be": (
        lambda: json_of(table(9, timestamp=[10**15] * 9)),
        "a time that can't be",
    ),
    "currency": (lambda: json_of(table(9, currency="\x1b[31m" + "x" * 10**6)), "Yahoo quotes in"),
    "description": (
        lambda: once(
            reply(
                b'{"chart": {"error": {"description": "\\u001b[31m' + b"evil\\n" * 9999 + b'"}}}',
                status=400,
            )
        ),
        "refused the request",
    ),
    "circle": (lambda: redirect(CHART), "in a circle"),
    "other host": (lambda: redirect("https://example.com/"), "another address"),
    "look-alike": (lambda: redirect("https://query1.finance.yahoo.com.example.com/"), "another"),
    "host before an at": (lambda: redirect("https://fc.yahoo.com@169.254.169.254/"), "another"),
    "another port": (lambda: redirect("https://fc.yahoo.com:22/"), "another address"),
    "no address": (lambda: redirect("https://[::1/"), "another address"),
    "metadata": (lambda: redirect("http://169.254.169.254/latest", 307), "another address"),
    "file": (lambda: redirect("file:///etc/passwd", 308), "another address"),
}


def ago(span: str) -> pd.Timestamp:
    return pd.Timestamp.now("UTC") - pd.Timedelta(span)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_ends_in_an_error_of_ours(hostile: HostileServer, home: Path, name: str) -> None:
    make, words = ATTACKS[name]
    hostile.attack = make()
    yahoo = Yahoo(home, CircuitBreaker("Yahoo"))
    yahoo._prepare()
    before, seconds = forget_peak(), deadline(hostile.attack, DEADLINE)
    with pytest.raises(CryptoForecastError, match=words) as raised:
        yahoo.fetch("BTC-USD", "1h", ago("2D"), None, seconds)
    assert hostile.outlasted == 0
    assert "did not answer" not in str(raised.value) or seconds == DEADLINE
    assert peak() - before < MAX_MEMORY
    # What comes before a body or beside it is thrown away, for as long as the time allows.
    assert hostile.size < MAX_SENT or "chunk" in name
    text = str(raised.value)
    assert text.isprintable()
    assert len(text) < 400
    assert "[31m" + "x" * 20 not in text


def test_the_same_server_can_give_candles(hostile: HostileServer, home: Path) -> None:
    """Without an attack in it, the table of the attacks is an answer."""
    hostile.attack = json_of(table(40).replace(b"1.5", b"1.5" + b"0" * 1_000_000, 1))
    fetched = Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 10)
    assert len(fetched.candles) == 40
    assert set(fetched.candles["close"]) == {1.5}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("place", ["chart", "cookie", "crumb", "form"])
def test_nothing_leads_away_from_yahoo(
    hostile: HostileServer, home: Path, place: str, status: int
) -> None:
    """Neither charts nor cookies nor forms may send us to a host beside us, such as this one."""
    elsewhere = HostileServer()
    elsewhere.attack = json_of(table(9))
    away = reply(b"", f"Location: {elsewhere.url}/secret", status=status)
    refusal = reply(b'{"finance": {"error": {"description": "Invalid Crumb"}}}', status=401)
    form = reply(
        f'<form action="{elsewhere.url}/secret" method="post">'
        '<input name="csrfToken" value="1"><input name="sessionId" value="1"></form>'.encode()
    )
    consent = reply(b"", "Location: https://consent.yahoo.com/x", status=302)

    def attack(path: str) -> list[bytes]:
        if "/chart/" in path:
            return [{"chart": away, "form": consent}.get(place, refusal)]
        if place == "form":
            return [form]
        if place == "crumb" and "getcrumb" not in path:
            return [reply(b"", "Set-Cookie: A3=x; Domain=yahoo.com; Path=/")]
        return [away]

    hostile.attack = attack
    with pytest.raises(CryptoForecastError):
        Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 5)
    assert len(hostile.paths) >= (1 if place == "chart" else 2)
    assert elsewhere.paths == []
    elsewhere.close()


def test_a_page_about_cookies_is_short(hostile: HostileServer, home: Path) -> None:
    """A parser makes an object of each tag; 300,000 bytes of tags would be 100 MB of memory."""
    tags = reply(b"<form>" + b"<a>" * 90_000)

    def attack(path: str) -> list[bytes]:
        if "/chart/" in path:
            return [reply(b"", "Location: https://consent.yahoo.com/x", status=302)]
        return [tags]

    hostile.attack = attack
    before = forget_peak()
    with pytest.raises(CryptoForecastError, match=f"more than {yahoo_session.MAX_TAGS:,} tags"):
        Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 5)
    assert peak() - before < MAX_MEMORY


def test_a_handshake_that_drips_ends_in_time(
    hostile: HostileServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host speaks TLS, one byte at a time."""
    secure = HostileServer()
    secure.attack = lambda path: drip([b"\x16\x03\x03\x40\x00" + b"\x02" * 1000])
    hostile.url = secure.url.replace("http:", "https:")
    with pytest.raises(CryptoForecastError, match=r"in time|within"):
        Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, DEADLINE)
    assert secure.outlasted == 0
    assert secure.size
    secure.close()


def test_cookies_do_not_pile_up(hostile: HostileServer, home: Path) -> None:
    """Every answer sets 40 more of them."""
    yahoo = Yahoo(home)
    for turn in range(6):
        cookies = [f"Set-Cookie: n{turn}-{n}=v; Domain=yahoo.com; Path=/" for n in range(40)]
        hostile.attack = json_of(table(9), *cookies)
        assert len(yahoo.fetch("BTC-USD", "1h", ago("2D"), None, 10).candles)
    assert yahoo._session is not None
    assert len(yahoo._session.cookies.jar) <= 50
