"""Where a request came from: this machine itself, or anywhere else."""

from __future__ import annotations

import pytest

from cryptoforecast.server.guard import Guard
from cryptoforecast.server.locality import Locality
from cryptoforecast.server.requests import Rules
from cryptoforecast.ui import arrival
from tests.serving import finished

LOOPBACK = ("127.0.0.1", 50_000)


def headers(**values: str) -> list[tuple[bytes, bytes]]:
    fields = {"host": "localhost:8501", **values}
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]


@pytest.mark.parametrize(
    ("client", "fields"),
    [
        (LOOPBACK, {}),
        (LOOPBACK, {"origin": "http://localhost:8501"}),
        (LOOPBACK, {"host": "127.0.0.1:8501", "origin": "http://127.0.0.1:8501"}),
        (("::1", 50_000), {"host": "[::1]:8501", "origin": "http://[::1]:8501"}),
        (("::ffff:127.0.0.1", 50_000), {"host": "LOCALHOST:8501"}),
        (LOOPBACK, {"host": "localhost", "origin": "https://localhost"}),
    ],
)
def test_a_browser_on_this_machine_is_local(client, fields):
    locality = Locality()
    assert locality.is_local(client, headers(**fields))
    assert not locality.proxied


@pytest.mark.parametrize(
    "fields",
    [
        {"host": "forecasts.example"},
        {"host": "localhost.evil.example:8501"},
        {"host": "localhost@evil.example"},
        {"host": ""},
        {"host": "localhost:99999"},
        {"origin": "https://forecasts.example"},
        {"origin": "http://localhost:8502"},
        {"origin": "http://127.0.0.1:8501"},
        {"origin": "null"},
        {"origin": "file://localhost:8501"},
        {"x_forwarded_for": "127.0.0.1"},
        {"x_forwarded_proto": "https"},
        {"forwarded": "for=127.0.0.1"},
        {"x_real_ip": "127.0.0.1"},
        {"via": "1.1 proxy"},
        {"cf_connecting_ip": "127.0.0.1"},
        {"true_client_ip": "127.0.0.1"},
    ],
)
def test_one_sign_of_a_proxy_ends_all_trust(fields):
    locality = Locality()
    assert locality.is_local(LOOPBACK, headers())
    assert not locality.is_local(LOOPBACK, headers(**fields))
    assert locality.proxied
    assert not locality.is_local(LOOPBACK, headers())


def test_an_address_that_uvicorn_took_from_a_header_is_a_sign_of_a_proxy():
    locality = Locality()
    assert not locality.is_local(("203.0.113.9", 0), headers(x_forwarded_for="203.0.113.9"))
    assert locality.proxied


@pytest.mark.parametrize("address", ["203.0.113.9", "192.168.1.5", "::ffff:10.0.0.1", "testclient"])
def test_others_are_not_local_and_cannot_end_the_trust(address):
    locality = Locality()
    forged = headers(x_forwarded_for="127.0.0.1", origin="http://localhost:8501")
    assert not locality.is_local((address, 50_000), headers())
    assert not locality.is_local((address, 50_000), forged)
    assert not locality.is_local(None, headers())
    assert locality.is_local(LOOPBACK, headers())


def test_another_site_in_this_machines_browser_is_refused_but_no_proxy():
    locality = Locality()
    raw_headers = headers(origin="https://evil.example", sec_fetch_site="cross-site")
    assert not locality.is_local(LOOPBACK, raw_headers)
    assert not locality.proxied


def test_two_hosts_are_none():
    assert not Locality().is_local(LOOPBACK, [*headers(), (b"host", b"localhost:8501")])


def received(guard: Guard, raw_headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Send a request through the guard; return the headers that reach the app."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "client": LOOPBACK,
        "headers": raw_headers,
    }
    finished(lambda: guard(scope, None, None))
    return {name.decode(): value.decode() for name, value in scope["headers"]}


async def app(scope, receive, send):
    """Serve nothing."""


def test_a_page_reads_the_mark_of_the_server_and_no_other():
    guard = Guard(app, Rules((), lambda _: ()))
    local = received(guard, headers())
    assert arrival.is_local(local)
    forged = [(arrival.HEADER.encode(), b"local")]
    assert not arrival.is_local({arrival.HEADER: "local"})
    assert arrival.is_local(received(guard, [*headers(), *forged]))
    elsewhere = received(guard, [*headers(host="forecasts.example"), *forged])
    assert arrival.HEADER not in elsewhere
    assert not arrival.is_local(elsewhere)
    assert not arrival.is_local(local)  # what came before the proxy counts no more
    assert not arrival.is_local(received(guard, headers()))


def test_a_refused_websocket_is_a_sign_of_a_proxy_too():
    """As behind nginx by default: the host is ours, the origin is that of the public page."""
    guard = Guard(app, Rules((), {"server.corsAllowedOrigins": (), "server.enableCORS": 1}.get))
    local = received(guard, headers())
    assert arrival.is_local(local)
    messages = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        messages.append(message)

    raw_headers = headers(origin="https://forecasts.example")
    scope = {
        "type": "websocket",
        "path": "/_stcore/stream",
        "client": LOOPBACK,
        "headers": raw_headers,
    }
    finished(lambda: guard(scope, receive, send))
    assert messages[0]["type"] == "websocket.close"
    assert not arrival.is_local(local)
    assert not arrival.is_local(received(guard, headers()))
