"""Sets up the sockets of the server: small answers at once, connections within bounds."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from cryptoforecast.server.connections import MAX_MESSAGE, PATIENCE, Connection, Connections

#: Connections that the system keeps until they are accepted.
BACKLOG = 2_048
#: Seconds between two pings of a websocket, and until the answer of its client.
PING = 10.0
#: Bytes that the system keeps for a client that does not read; it would keep up to 4 MB.
MAX_UNREAD = 262_144


def watch(loop: asyncio.AbstractEventLoop, connections: Connections) -> None:
    """Send small answers at once, and watch the connections of what the loop will serve.

    Streamlit hands uvicorn a socket that asyncio does not recognise as TCP, so asyncio leaves
    Nagle's algorithm on. The body of an answer then waits until the client has confirmed the head,
    which takes about 40 ms for every request after the first few of a connection.

    Args:
        loop: The event loop whose ``create_server`` is replaced.
        connections: Gets every connection.
    """
    original = loop.create_server

    async def create_server(
        factory: Callable[[], asyncio.BaseProtocol], *args: Any, **options: Any
    ) -> asyncio.Server:
        def watched() -> Connection:
            protocol = factory()
            _configure(protocol)
            return Connection(protocol, connections)

        if options.get("ssl"):
            options["ssl_handshake_timeout"] = PATIENCE
        # Asyncio accepts so many at once, before it closes any of those that are too many.
        options["backlog"] = max(4, connections.places // 8)
        server = await original(watched, *args, **options)
        for listener in server.sockets:
            _tune(listener.fileno())
        return server

    loop.create_server = create_server  # type: ignore[assignment, method-assign]


def _tune(number: int) -> None:
    """Set the options of a listening socket; a connection inherits them."""
    with socket.socket(fileno=number) as listener:
        try:
            if listener.family in (socket.AF_INET, socket.AF_INET6):
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MAX_UNREAD)
                listener.listen(BACKLOG)
        finally:
            listener.detach()  # it belongs to the server


def _configure(protocol: asyncio.BaseProtocol) -> None:
    """Let uvicorn refuse large websocket messages, and notice soon that a client has left."""
    config = getattr(protocol, "config", None)
    if config is None:
        return
    config.ws_max_size = min(config.ws_max_size, MAX_MESSAGE)
    config.ws_ping_interval = config.ws_ping_timeout = PING
