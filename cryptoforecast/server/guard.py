"""The middleware before everything that is served, Streamlit's own answers included."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from cryptoforecast.server.locality import Locality
from cryptoforecast.ui import arrival

_HEADER = arrival.HEADER.encode()


class Guard:
    """Marks each request that came from this machine itself.

    Args:
        app: What is served.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._locality = Locality()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope["headers"] = self._marked(scope)
        await self._app(scope, receive, send)

    def _marked(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        """Return the headers with our mark, or without one."""
        headers = [(name, value) for name, value in scope["headers"] if name != _HEADER]
        proxied = self._locality.proxied
        if self._locality.is_local(scope.get("client"), headers):
            headers.append((_HEADER, arrival.mark().encode()))
        if self._locality.proxied and not proxied:
            arrival.forget()
        return headers
