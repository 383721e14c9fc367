"""Each exchange of the API has an id, a line in the access log, and its part in the metrics."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Logger of the lines; they are written only if the server gives it a handler.
ACCESS = "cryptoforecast.access"
_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

log = logging.getLogger(ACCESS)

#: Called with method, route, status and seconds of an exchange.
Observe = Callable[[str, str, int, float], None]


class Exchange:
    """Gives each request an id, which its answer repeats, and logs one line of it.

    Args:
        app: What answers.
        observe: Called after each exchange.
    """

    def __init__(self, app: ASGIApp, observe: Observe | None = None) -> None:
        self._app = app
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, size = time.perf_counter(), 499, 0  # 499: the client has gone
        named = _id(scope)

        async def observed(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", named)]
            size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, observed)
        finally:
            seconds = time.perf_counter() - started
            if self._observe is not None:
                route = getattr(scope.get("route"), "path", "") or "none"
                self._observe(scope["method"], route, status, seconds)
            log.info(
                "%s %s %s %d %d bytes %.1f ms",
                named.decode(), scope["method"], scope["path"], status, size, 1000 * seconds,
            )  # fmt: skip


def _id(scope: Scope) -> bytes:
    """Return the id that the client sent, or a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _ID.fullmatch(value):
            return bytes(value)
    return uuid.uuid4().hex.encode()
