"""What stands before the app, on a real server: headers, hosts, origins, uploads."""

from __future__ import annotations

import json
import re
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx2
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from benchmarks.page_client import PageClient
from tests import serving

MEGABYTE = 2**20
CLOSES = json.dumps({"prices": [61_000.0 + i for i in range(60)]})
#: What each answer says, and what a page says beside it.
ALL = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "same-origin",
}
PAGE = {"cross-origin-opener-policy": "same-origin"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRYPTOFORECAST_SESSION_UPLOADS", "4")
        patch.setenv("CRYPTOFORECAST_SERVER_UPLOADS", "6")
        with serving.streamlit(tmp_path_factory.mktemp("home")) as address:
            yield address


def static(server: str) -> str:
    match = re.search(r"static/js/index\.[\w-]+\.js", httpx2.get(server).text)
    assert match is not None
    return f"/{match[0]}"


def ask(server: str, method: str, path: str, **headers: str) -> httpx2.Response:
    return httpx2.request(method, f"{server}{path}", headers=headers, content="", timeout=30)


@pytest.mark.parametrize(
    ("method", "path", "status", "policy"),
    [
        ("GET", "/", 200, "default-src 'self'"),
        ("GET", "/predict", 405, "default-src 'none'"),
        ("GET", "/component/none", 404, "default-src 'self'"),
        ("GET", "/favicon.png", 200, "default-src 'self'"),
        ("GET", "/_stcore/health", 200, "default-src 'none'"),
        ("GET", "/_stcore/metrics", 404, "default-src 'none'"),
        ("GET", "/api/v1/health/live", 200, "default-src 'none'"),
        ("GET", "/api/v1/models/none", 404, "default-src 'none'"),
        ("GET", "/api/v1/docs", 200, "default-src 'none'"),
        ("GET", "/media/none", 404, "default-src 'none'"),
        ("POST", "/predict", 422, "default-src 'none'"),
        ("PUT", "/_stcore/upload_file/a/b", 415, "default-src 'none'"),
        ("PUT", "/", 405, "default-src 'self'"),
    ],
)
def test_every_answer_has_the_headers_of_security(server, method, path, status, policy):
    answer = ask(server, method, path)
    assert answer.status_code == status
    page = PAGE if policy == "default-src 'self'" else {}
    for name, value in (ALL | page).items():
        assert answer.headers.get_list(name) == [value]
    assert answer.headers["content-security-policy"].startswith(policy)
    assert "frame-ancestors" in answer.headers["content-security-policy"]


def test_static_files_have_them_too(server):
    answer = ask(server, "GET", static(server))
    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("origin", [None, "https://evil.example"])
def test_a_websocket_of_another_origin_is_refused(server, origin):
    address = f"{server.replace('http', 'ws')}/_stcore/stream"
    named = None if origin is None else Origin(origin)
    with pytest.raises(InvalidStatus) as refused, connect(address, origin=named):
        pass
    assert refused.value.response.status_code == 403
    assert refused.value.response.headers["x-content-type-options"] == "nosniff"


def test_a_websocket_of_an_own_page_is_opened(server):
    with connect(f"{server.replace('http', 'ws')}/_stcore/stream", origin=Origin(server)):
        pass


@pytest.mark.parametrize("path", ["/predict", "/api/predict"])
def test_a_page_of_another_site_cannot_post(server, path):
    headers = {"content-type": "application/json"}
    for origin, status in ((server, 200), ("https://evil.example", 403), ("null", 403)):
        answer = httpx2.post(
            f"{server}{path}", content=CLOSES, headers={**headers, "origin": origin}, timeout=30
        )
        assert answer.status_code == status
    assert "Origin" in answer.json()["detail"]


def test_a_malformed_host_is_refused(server):
    for host in ("a b", "user@localhost", "localhost:x", "a/../b"):
        assert ask(server, "GET", "/", host=host).status_code == 400


def test_no_second_request_hides_in_the_body_of_one(server):
    """A proxy may go by the other of two lengths than the server."""
    address = urlsplit(server)
    hidden = f"GET /api/v1/health/live HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n"
    request = (
        f"POST /predict HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {5 + len(hidden)}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"
    )
    with socket.create_connection((address.hostname, address.port), timeout=30) as client:
        client.sendall(request.encode())
        answer = b"".join(iter(lambda: client.recv(65_536), b""))  # until the server closes
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "path", ["metrics", "agent/openapi.json", "message", "script-health-check"]
)
def test_what_tells_about_the_server_is_closed(server, path):
    assert ask(server, "GET", f"/_stcore/{path}").text == "There is nothing here."


class Uploader:
    """Uploads as a page does, and says what the server answered."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.client = PageClient(server)
        self.client.open()
        cookie = httpx2.get(f"{server}/_stcore/health").cookies["_streamlit_xsrf"]
        self.headers = {"X-Xsrftoken": cookie, "Cookie": f"_streamlit_xsrf={cookie}"}

    def __enter__(self) -> Uploader:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.__exit__(None, None, None)

    def place(self) -> str:
        return self.client.ask_for_place("a.csv").upload_url

    def delete(self, *places: str) -> None:
        for place in places:
            httpx2.delete(f"{self.server}{place}", headers=self.headers).raise_for_status()

    def put(self, place: str, size: int, chunked: bool = False) -> httpx2.Response:
        head = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\n'
        body = head + bytes(size) + b"\r\n--x--\r\n"
        parts = (body[i : i + 65_536] for i in range(0, len(body), 65_536))
        headers = {**self.headers, "content-type": "multipart/form-data; boundary=x"}
        return httpx2.put(
            f"{self.server}{place}", content=parts if chunked else body, headers=headers, timeout=30
        )


@pytest.mark.parametrize("chunked", [False, True], ids=["sized", "chunked"])
def test_a_session_keeps_no_more_than_its_share(server, chunked):
    with Uploader(server) as one:
        first, second = one.place(), one.place()
        assert one.put(first, 3 * MEGABYTE, chunked).status_code == 204
        refused = one.put(second, 2 * MEGABYTE, chunked)
        assert refused.status_code == 413
        assert "may have 4 MB together" in refused.text
        assert one.put(first, 3 * MEGABYTE, chunked).status_code == 204  # in place of itself
        one.delete(first)
        assert one.put(second, 2 * MEGABYTE, chunked).status_code == 204
        one.delete(second)


def test_all_sessions_keep_no_more_than_the_servers_share(server):
    with Uploader(server) as one, Uploader(server) as another:
        places = one.place(), another.place()
        assert one.put(places[0], 3 * MEGABYTE).status_code == 204
        assert another.put(places[1], 2 * MEGABYTE).status_code == 204
        refused = another.put(another.place(), 2 * MEGABYTE)
        assert refused.status_code == 413
        assert "This server keeps as many" in refused.text
        one.delete(*places)


def test_files_that_arrive_at_once_share_the_quota(server):
    with Uploader(server) as one:
        places = [one.place() for _ in range(6)]
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda place: one.put(place, 2_000_000), places))
        assert sum(answer.status_code == 204 for answer in answers) == 2
        assert {answer.status_code for answer in answers} == {204, 413}


def test_only_a_place_that_an_uploader_asked_for_takes_a_file(server):
    with Uploader(server) as one, Uploader(server) as another:
        session, file = one.place().split("/")[-2:]
        assert one.put(f"/_stcore/upload_file/{session}/invented", 10).status_code == 404
        assert another.put(f"/_stcore/upload_file/{'0' * 36}/{file}", 10).status_code == 404
        assert one.put(f"/_stcore/upload_file/{session}/{file}", 10).status_code == 204
    assert "no longer connected" in one.put(f"/_stcore/upload_file/{session}/{file}", 10).text


def test_a_body_that_is_no_file_is_refused_before_it_is_read(server):
    with Uploader(server) as one:
        url = f"{server}{one.place()}"
        for kind in ("application/x-www-form-urlencoded", "text/plain"):
            headers = {**one.headers, "content-type": kind}
            assert httpx2.put(url, content=b"a=b", headers=headers).status_code == 415


#: Runs Streamlit with less patience for sessions that have left.
HASTY = """
import runpy
from cryptoforecast.server import uploads
uploads.PERIOD, uploads.GRACE = 0.2, 2.0
runpy.run_module("streamlit", run_name="__main__", alter_sys=True)
"""


def test_the_files_of_a_session_are_gone_soon_after_it_has_left(tmp_path, monkeypatch):
    monkeypatch.setenv("CRYPTOFORECAST_SERVER_UPLOADS", "4")
    with serving.started(tmp_path, sys.executable, "-c", HASTY) as server:
        with Uploader(server) as one:
            assert one.put(one.place(), 3 * MEGABYTE).status_code == 204
        with Uploader(server) as another:
            assert another.put(another.place(), 3 * MEGABYTE).status_code == 413
            until = time.monotonic() + 20  # Streamlit itself would keep them for minutes
            while another.put(another.place(), 3 * MEGABYTE).status_code == 413:
                assert time.monotonic() < until
                time.sleep(0.5)
