"""The server's sockets: small answers are sent at once."""

from __future__ import annotations

import asyncio
import socket
from typing import Any


def send_at_once(loop: asyncio.AbstractEventLoop) -> None:
    """Switch Nagle's algorithm off on sockets that the loop is still to serve on.

    Streamlit hands uvicorn a socket that asyncio does not recognise as TCP, and so leaves as it
    is. The body of an answer then waits for the client to confirm its head: about 40 ms for
    every request after the first few of a connection.
    """
    serve = loop.create_server

    async def create_server(*args: Any, **options: Any) -> asyncio.Server:
        given = options.get("sock")
        if given is not None and given.family in (socket.AF_INET, socket.AF_INET6):
            # Connections take it over from the socket that accepts them.
            given.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return await serve(*args, **options)

    loop.create_server = create_server  # type: ignore[method-assign]
