"""Bounds how many messages a page sends; those in a queue would hold up everyone else."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.types import Message, Receive

from cryptoforecast.server.connections import Connection

#: Messages of one page in a second, and how many may come at once. A user causes a few.
PER_SECOND, BURST = 50.0, 200.0


class Messages:
    """The messages of one websocket; too many end the connection.

    Args:
        receive: Returns the next message.
        connection: Brings them, if it is known.
        clock: Returns seconds.
    """

    def __init__(
        self,
        receive: Receive,
        connection: Connection | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._receive = receive
        self._connection = connection
        self._clock = clock
        self._free, self._since = BURST, clock()

    async def receive(self) -> Message:
        """Return the next message, or that the client has left."""
        message = await self._receive()
        if message["type"] != "websocket.receive" or self._has_room():
            return message
        if self._connection is not None:
            self._connection.abort()
        return {"type": "websocket.disconnect", "code": 1008}

    def _has_room(self) -> bool:
        now = self._clock()
        self._free = min(BURST, self._free + (now - self._since) * PER_SECOND) - 1
        self._since = now
        return self._free >= 0
