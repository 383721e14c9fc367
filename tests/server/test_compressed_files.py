"""Scripts and styles are sent compressed: whole, once made, and nothing else is."""

from __future__ import annotations

import asyncio
import gzip
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
import streamlit
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from cryptoforecast.server.compressed_files import MAX_FILE, CompressedFiles
from tests import serving
from tests.serving import finished

SCRIPT = b"let price = 64000; " * 5000


class Site:
    """Serves a script at every path, and counts how often it was asked for one."""

    def __init__(self, response: Response | None = None) -> None:
        self.requests = 0
        self._response = response
        self._app = CompressedFiles(Starlette(routes=[Route("/{path:path}", self._answer)]))

    def serve(self, app: ASGIApp) -> None:
        """Serve an app in place of the script."""
        self._app = CompressedFiles(app)

    async def _answer(self, _: Request) -> Response:
        self.requests += 1
        await asyncio.sleep(0.01)
        headers = {"etag": '"1"', "accept-ranges": "bytes", "cache-control": "immutable"}
        return self._response or Response(SCRIPT, media_type="text/javascript", headers=headers)

    def get(self, path: str, times: int = 1, **headers: str) -> list[httpx2.Response]:
        """Ask for a path at once so many times; the answers have their bytes as they were sent."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        async def ask() -> list[httpx2.Response]:
            transport = httpx2.ASGITransport(self._app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
                return await asyncio.gather(
                    *(client.get(path, headers=named) for _ in range(times))
                )

        return finished(ask)


def test_a_script_is_compressed_once_and_read_as_it_was():
    site = Site()
    answers = site.get("/static/js/a.js", times=20, accept_encoding="gzip, br")
    answers += site.get("/static/js/a.js", accept_encoding="gzip")
    assert site.requests == 1
    for answer in answers:
        assert answer.content == SCRIPT  # the client unpacks it
        assert answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) == len(gzip.compress(SCRIPT, 6))
        assert answer.headers["vary"] == "accept-encoding"
        assert answer.headers["etag"] == 'W/"1"'
        assert answer.headers["cache-control"] == "immutable"
        assert "accept-ranges" not in answer.headers


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/static/js/a.js", {"accept_encoding": "identity"}),
        ("/static/js/a.js", {"accept_encoding": "br, gzip;q=0"}),
        ("/static/media/a.woff2", {"accept_encoding": "gzip"}),
        ("/api/v1/a.js", {"accept_encoding": "gzip"}),
        ("/static/js/a.js", {"accept_encoding": "gzip", "range": "bytes=0-9"}),
        ("/static/js/a.js", {"accept_encoding": "gzip", "if_none_match": '"1"'}),
    ],
)
def test_what_is_asked_for_in_another_way_stays_as_it_is(path, headers):
    (answer,) = Site().get(path, **headers)
    assert "content-encoding" not in answer.headers
    assert answer.content == SCRIPT


@pytest.mark.parametrize(
    "response",
    [
        Response(SCRIPT, 404),
        Response(SCRIPT, headers={"content-encoding": "identity"}),
        Response(b" " * (MAX_FILE + 1)),
        StreamingResponse(iter([SCRIPT])),
    ],
    ids=["missing", "encoded", "huge", "without a length"],
)
def test_what_is_no_such_file_stays_as_it_is(response):
    site = Site(response)
    if isinstance(response, StreamingResponse):
        site = Site(StreamingResponse(iter([])))
    (answer,) = site.get("/static/js/a.js", accept_encoding="gzip")
    assert answer.headers.get("content-encoding") in (None, "identity")
    assert answer.status_code == response.status_code


def test_browsers_that_leave_at_once_spoil_no_file_of_a_real_server(tmp_path):
    folder = Path(streamlit.__file__).parent / "static"
    scripts = sorted(folder.glob("static/js/*.js"), key=lambda path: path.stat().st_size)[-12:]
    with serving.streamlit(tmp_path) as url:
        address = urlsplit(url).hostname, urlsplit(url).port
        for script in scripts:
            path = f"/{script.relative_to(folder).as_posix()}"
            with socket.create_connection(address) as leaving:
                lines = f"GET {path} HTTP/1.1", f"Host: {url[7:]}", "Accept-Encoding: gzip", "", ""
                leaving.sendall("\r\n".join(lines).encode())
        for script in scripts:
            path = f"/{script.relative_to(folder).as_posix()}"
            answer = httpx2.get(url + path, headers={"accept-encoding": "gzip"})
            assert answer.headers["content-encoding"] == "gzip"
            assert answer.content == script.read_bytes()


def test_a_file_of_which_a_part_came_is_not_kept():
    """The browser that asked first has left in the middle; the next one gets all of it."""
    whole = Response(SCRIPT, media_type="text/javascript")
    leaves = [True]

    async def app(scope, receive, send):
        async def cut(message):
            body = message.get("body", b"")
            await send({**message, "body": body[:100]} if leaves and body else message)

        await whole(scope, receive, cut)
        leaves.clear()

    site = Site()
    site.serve(app)
    answers = [site.get("/static/js/a.js", accept_encoding="gzip")[0] for _ in range(2)]
    assert [answer.content == SCRIPT for answer in answers] == [True, True]
    assert answers[1].headers["content-encoding"] == "gzip"
