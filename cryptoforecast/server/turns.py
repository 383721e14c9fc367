"""Lets one request begin in each round of the event loop, so that a crowd delays nobody long."""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """A line of requests, first come, first served.

    Without it, a round takes as long as all requests that have come. A new connection needs several
    rounds until its request is answered, and behind a crowd it needs many until it is accepted.
    """

    def __init__(self) -> None:
        self._begun = False
        self._line: deque[asyncio.Future[None]] = deque()

    async def wait(self) -> None:
        """Wait for a turn."""
        loop = asyncio.get_running_loop()
        if not self._begun:
            self._begin(loop)
            return
        place = loop.create_future()
        self._line.append(place)
        await place

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Note that a request begins in this round."""
        self._begun = True
        loop.call_soon(self._next, loop)

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin a round."""
        self._begun = False
        while self._line:
            place = self._line.popleft()
            if not place.done():  # else the request was cancelled
                place.set_result(None)
                self._begin(loop)
                return
