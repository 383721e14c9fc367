"""Lets a few requests begin in each round of the event loop, so that a crowd delays nobody long."""

from __future__ import annotations

import asyncio
from collections import deque

#: Requests that begin in one round; a prediction takes half a millisecond.
AT_ONCE = 16


class Turns:
    """A line of requests, first come, first served.

    Without it, a round takes as long as all requests that have come. A new connection needs several
    rounds until its request is answered.
    """

    def __init__(self) -> None:
        self._begun = 0
        self._line: deque[asyncio.Future[None]] = deque()

    async def wait(self) -> None:
        """Wait for a turn."""
        loop = asyncio.get_running_loop()
        if not self._begun:
            loop.call_soon(self._next, loop)
        if self._begun < AT_ONCE and not self._line:
            self._begun += 1
            return
        place = loop.create_future()
        self._line.append(place)
        await place

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin a round."""
        self._begun = 0
        while self._line and self._begun < AT_ONCE:
            place = self._line.popleft()
            if not place.done():  # else the request was cancelled
                place.set_result(None)
                self._begun += 1
        if self._begun:
            loop.call_soon(self._next, loop)
