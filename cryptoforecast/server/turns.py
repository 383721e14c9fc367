"""Lets one prediction begin in each round of the event loop, so that a crowd delays nobody long."""

from __future__ import annotations

import asyncio
from collections import deque

from cryptoforecast.server.connections import Connection


class Turns:
    """A line of requests whose answer is computed in the event loop; first come, first served.

    Without it, a round takes as long as all requests that have come. A new connection needs several
    rounds until its request is answered, and behind a crowd it needs many until it is accepted.
    """

    def __init__(self) -> None:
        self._begun = False
        self._line: deque[tuple[asyncio.Future[None], Connection]] = deque()

    async def wait(self, connection: Connection) -> None:
        """Wait for a turn; a connection that closes meanwhile uses none up."""
        loop = asyncio.get_running_loop()
        if not self._begun:
            self._begin(loop)
            return
        place = loop.create_future()
        self._line.append((place, connection))
        await place

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Note that a request begins in this round."""
        self._begun = True
        loop.call_soon(self._next, loop)

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin a round."""
        self._begun = False
        while self._line and not self._begun:
            place, connection = self._line.popleft()
            if place.done():  # the request was cancelled
                continue
            place.set_result(None)
            if not connection.closed:
                self._begin(loop)
