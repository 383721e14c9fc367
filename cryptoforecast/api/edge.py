"""What stands before every route: HEAD, the kind of a body, compression, ``Cache-Control``."""

from __future__ import annotations

import asyncio

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cryptoforecast.api import problems
from cryptoforecast.api.encodings import takes_gzip
from cryptoforecast.api.links import PREFIX

#: Bytes from which on an answer is compressed, and how hard; 9 takes three times as long for 2 %.
MIN_COMPRESSED, LEVEL = 1_000, 6


class Edge:
    """Answers HEAD as GET without its body, refuses bodies that are not JSON, and compresses.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = GZipMiddleware(app, MIN_COMPRESSED, LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _never_used_unasked(send)
        if not takes_gzip(scope):  # the middleware compresses for whoever names it at all
            scope["headers"] = [one for one in scope["headers"] if one[0] != b"accept-encoding"]
        if scope["method"] == "HEAD":
            await _Head(self._app)(scope, receive, send)
        elif scope["method"] == "POST" and scope["path"].startswith(PREFIX) and not _is_json(scope):
            answer = problems.raw(
                415,
                "A body must come as application/json. Set the header Content-Type.",
                {"Accept-Post": "application/json"},
            )
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, _Explained(scope, receive, send))


class _Explained:
    """Replaces the plain answer to a body that is too large by a problem, as all refusals are.

    Args:
        scope: The request.
        receive: Returns the body of the request.
        send: Sends the answer.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._replaced = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 413:
            self._replaced = True
            answer = problems.too_large()
            await answer(self._scope, self._receive, self._send)
        elif not self._replaced:
            await self._send(message)


class _Head:
    """Answers a request for the head of an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        begun, ended = asyncio.Event(), False

        async def leave() -> Message:
            await begun.wait()  # an answer that is left before it begins is never sent
            return {"type": "http.disconnect"}  # ends an answer that streams

        async def without_body(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                await send(message)
                begun.set()
            elif not ended:
                ended = True
                await send({"type": "http.response.body", "body": b""})

        inner = {**scope, "method": "GET"}
        await self._app(inner, leave, without_body)
        scope["route"] = inner.get("route")


def _never_used_unasked(send: Send) -> Send:
    """Add ``no-cache`` to answers without ``Cache-Control``: caches then ask before each use."""

    async def stated(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", ())]
            if all(name.lower() != b"cache-control" for name, _ in headers):
                message = {**message, "headers": [*headers, (b"cache-control", b"no-cache")]}
        await send(message)

    return stated


def _is_json(scope: Scope) -> bool:
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    kind = kinds[0].partition(b";")[0].strip().lower() if kinds else b"application/json"
    return kind == b"application/json"
