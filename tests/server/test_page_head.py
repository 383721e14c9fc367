"""The links in the head of a page: in pages, in nothing else, and once."""

from __future__ import annotations

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from cryptoforecast.server import page_head
from tests.serving import finished

PAGE = "<html><head><title>x</title></head><body>a</head>b</body></html>"
LINKED = PAGE.replace("</head>", page_head.LINKS.decode(), 1)


def answer(response: Response, accept: str = "text/html", method: str = "GET") -> httpx2.Response:
    """Ask an app that gives this response for a page."""
    app = Starlette(routes=[Route("/", lambda _: response, methods=["GET", "POST"])])

    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(page_head.PageHead(app))
        async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.request(method, "/", headers={"accept": accept})

    return finished(ask)


def test_a_page_has_the_links_once_at_the_end_of_its_head():
    page = answer(HTMLResponse(PAGE))
    assert page.text == LINKED
    assert int(page.headers["content-length"]) == len(LINKED)


@pytest.mark.parametrize(
    ("response", "accept", "method"),
    [
        (HTMLResponse(PAGE), "*/*", "GET"),
        (HTMLResponse(PAGE), "text/html", "POST"),
        (HTMLResponse(PAGE, 404), "text/html", "GET"),
        (JSONResponse({"page": PAGE}), "text/html", "GET"),
        (HTMLResponse(PAGE + " " * page_head.MAX_PAGE), "text/html", "GET"),
        (StreamingResponse(iter([PAGE]), media_type="text/html"), "text/html", "GET"),
    ],
)
def test_everything_else_stays_as_it_is(response, accept, method):
    assert page_head.LINKS not in answer(response, accept, method).content
