"""Which requests are refused before the app sees them."""

from __future__ import annotations

import pytest

from cryptoforecast.server.requests import Rules

OPTIONS = {
    "server.enableAgentApi": False,
    "server.enableCORS": True,
    "server.corsAllowedOrigins": ["https://friend.example"],
}
RULES = Rules((), OPTIONS.__getitem__)


def status(method="GET", path="/", rules=RULES, host="localhost:8501", **more) -> int | None:
    headers = [(b"host", host.encode("latin-1"))]
    headers += [(name.encode(), value.encode()) for name, value in more.items()]
    refusal = rules.refuse(method, path, headers)
    return None if refusal is None else refusal.status


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8501", "forecasts.example", "10.0.0.1:80", "[::1]:8501", "A.B"]
)
def test_a_name_or_an_address_is_a_host(host):
    assert status(host=host) is None


@pytest.mark.parametrize(
    "host",
    ["", "a b", "a/b", "user@a", "a:port", "a:123456", "[::1", "a,b", "<x>", "-a", "a" * 300, "ä"],
)
def test_anything_else_is_no_host(host):
    assert status(host=host) == 400


def test_there_is_one_host():
    assert RULES.refuse("GET", "/", []) is not None
    assert RULES.refuse("GET", "/", [(b"host", b"a"), (b"host", b"a")]) is not None


def test_only_the_listed_hosts_are_served():
    rules = Rules(("forecasts.example", "[::1]"), OPTIONS.__getitem__)
    for host in ("forecasts.example", "FORECASTS.example:8501", "[::1]:80"):
        assert status(rules=rules, host=host) is None
    for host in ("localhost", "evil.example", "x.forecasts.example", "forecasts.example.evil"):
        assert status(rules=rules, host=host) == 400


@pytest.mark.parametrize("path", ["health", "host-config", "stream", "upload_file/a/b"])
def test_what_pages_need_is_open(path):
    assert status(path=f"/_stcore/{path}") is None
    assert status(path=f"/base/_stcore/{path}") is None


@pytest.mark.parametrize(
    "path", ["metrics", "script-health-check", "message", "agent/openapi.json", "agent/interact"]
)
def test_what_tells_about_the_server_is_closed(path):
    assert status(path=f"/_stcore/{path}") == 404
    assert status(path=f"/base/_stcore/{path}") == 404
    agents = Rules((), {"server.enableAgentApi": True}.__getitem__)
    assert status(path=f"/_stcore/{path}", rules=agents) == (
        None if path.startswith("agent/") else 404
    )


@pytest.mark.parametrize("origin", ["http://localhost:8501", "https://localhost:8501"])
def test_own_pages_may_ask(origin):
    for method in ("POST", "PUT", "DELETE", "WEBSOCKET"):
        assert status(method, origin=origin) is None


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://localhost:8502",
        "http://localhost",
        "null",
        "",
        "localhost:8501",
    ],
)
def test_pages_of_others_may_only_look(origin):
    for method in ("POST", "PUT", "DELETE", "WEBSOCKET"):
        assert status(method, origin=origin) == 403
    assert status("GET", origin=origin) is None


def test_a_websocket_names_its_origin_and_a_program_need_not():
    assert status("WEBSOCKET") == 403
    assert status("POST", path="/predict") is None


def test_streamlits_list_of_origins_counts():
    assert status("WEBSOCKET", origin="https://friend.example") is None


def test_who_switches_streamlits_check_of_origins_off_has_none():
    rules = Rules((), {**OPTIONS, "server.enableCORS": False}.__getitem__)
    assert status("WEBSOCKET", rules=rules, origin="https://evil.example") is None
    assert status("WEBSOCKET", rules=rules) == 403
