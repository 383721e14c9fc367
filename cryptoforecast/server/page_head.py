"""Links the app's style sheet and font in the head of every page.

Streamlit has no option for it. A style that comes with the elements of a page arrives after the
first of them are drawn, and the page jumps.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: What is added to the head.
LINKS = (
    b'<link rel="preload" href="/fonts/Inter.woff2" as="font" type="font/woff2" crossorigin>'
    b'<link rel="stylesheet" href="/style.css"></head>'
)
#: Bytes of a page, at most; Streamlit's has a few thousand.
MAX_PAGE = 200_000


class PageHead:
    """Adds the links to answers that are HTML pages.

    Args:
        app: What is served.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        accepted = Headers(scope=scope).get("accept", "")
        # Only the page itself is asked for so; the API's documentation has a style of its own.
        if "text/html" not in accepted or scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        headers = MutableHeaders(scope=scope)
        del headers["accept-encoding"]  # compressed, it could not be read here
        await self._app(scope, receive, _Page(send).send)


class _Page:
    """Holds an answer until it is whole, if it is a page, and sends it with the links."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self._is_page(message):
            self._start = message
        elif message["type"] == "http.response.body" and self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._start)
        else:
            await self._send(message)

    async def _finish(self, start: Message) -> None:
        body = self._body.replace(b"</head>", LINKS, 1)
        headers = MutableHeaders(raw=start["headers"])
        headers["content-length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})

    @staticmethod
    def _is_page(start: Message) -> bool:
        headers = Headers(raw=start["headers"])
        size = int(headers.get("content-length", MAX_PAGE + 1))
        is_html = headers.get("content-type", "").startswith("text/html")
        return start["status"] == 200 and is_html and size <= MAX_PAGE
