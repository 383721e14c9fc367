"""Sets up the sockets of the server, so that small answers are sent at once."""

from __future__ import annotations

import asyncio
import socket
from typing import Any


def send_at_once(loop: asyncio.AbstractEventLoop) -> None:
    """Switch Nagle's algorithm off for sockets that the loop will serve on.

    Streamlit hands uvicorn a socket that asyncio does not recognise as TCP, so asyncio leaves
    the algorithm on. The body of an answer then waits until the client has confirmed the head,
    which takes about 40 ms for every request after the first few of a connection.

    Args:
        loop: The event loop whose ``create_server`` is replaced.
    """
    original = loop.create_server

    async def create_server(*args: Any, **options: Any) -> asyncio.Server:
        listener = options.get("sock")
        if listener is not None and listener.family in (socket.AF_INET, socket.AF_INET6):
            # A connection inherits the option from the socket that accepts it.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return await original(*args, **options)

    loop.create_server = create_server  # type: ignore[method-assign]
