"""Bounds the connections of the server, and ends those whose client stands still.

Nothing else does: uvicorn waits for ever for the rest of a header, of a body, or for a client that
does not read its answer.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import math
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, cast

#: Connections at once, and websockets at once, where the system allows that many open files.
MAX_CONNECTIONS, MAX_WEBSOCKETS = 2_500, 500
#: Seconds in which a client that has to send or to read moves at least so many bytes.
PATIENCE, MIN_BYTES = 12.0, 12_000
#: Seconds from one look at all connections to the next.
PERIOD = 2.0
#: Bytes of a message from a page; 50 MB would be allowed otherwise, for every connection.
MAX_MESSAGE = 2_000_000

log = logging.getLogger(__name__)

#: The connection on which the request came that is now answered.
current: ContextVar[Connection | None] = ContextVar("connection", default=None)


class Connections:
    """All open connections of the server.

    Args:
        places: Connections at once, beside websockets.
        websockets: Websockets at once. Each has a session of the app, which takes more.
    """

    def __init__(self, places: int = MAX_CONNECTIONS, websockets: int = MAX_WEBSOCKETS) -> None:
        self.places = places
        self._plain = _Pool("connections", places)
        self._websockets = _Pool("websockets", websockets)

    def __iter__(self) -> Iterator[Connection]:
        yield from [*self._plain.open, *self._websockets.open]

    def add(self, connection: Connection) -> None:
        """Give a new connection a place; another has to leave if there is none."""
        self._plain.add(connection)

    def upgrade(self, connection: Connection) -> None:
        """Give a connection the place of a websocket instead."""
        self._plain.remove(connection)
        self._websockets.add(connection)

    def touch(self, connection: Connection) -> None:
        """Note that a connection is not silent."""
        self._plain.touch(connection)
        self._websockets.touch(connection)

    def remove(self, connection: Connection) -> None:
        """Free the place of a connection; do nothing if it has none."""
        self._plain.remove(connection)
        self._websockets.remove(connection)

    async def watch(self) -> None:
        """End the connections that stand still, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(PERIOD)
            now = loop.time()
            for connection in self:
                if connection.stands_still(now):
                    connection.abort()


class _Pool:
    """Places for connections; where all are taken, a new connection takes the place of another.

    That is the connection that was silent longest, among those of the addresses that have the most
    or at least half as many.

    Args:
        what: What they are, for the log.
        places: How many there are.
    """

    def __init__(self, what: str, places: int) -> None:
        self.open: OrderedDict[Connection, None] = OrderedDict()
        self._what, self._places = what, places
        self._of: Counter[str] = Counter()

    def add(self, connection: Connection) -> None:
        if len(self.open) >= self._places:
            log.warning(
                "All %d %s are taken. The one that was silent longest is closed.",
                self._places,
                self._what,
            )
            self._most_silent().abort()
        self.open[connection] = None
        self._of[connection.network] += 1

    def touch(self, connection: Connection) -> None:
        if connection in self.open:
            self.open.move_to_end(connection)

    def remove(self, connection: Connection) -> None:
        if connection in self.open:
            del self.open[connection]
            self._of[connection.network] -= 1
            if not self._of[connection.network]:
                del self._of[connection.network]

    def _most_silent(self) -> Connection:
        """Return the connection that is to leave: first one that never sent anything.

        One whose request is being answered leaves last of all.
        """
        most = max(self._of.values())
        crowd = [one for one in self.open if 2 * self._of[one.network] >= most]
        return (
            next((one for one in crowd if not one.spoken), None)
            or next((one for one in crowd if not one.busy), None)
            or crowd[0]
        )


class Connection(asyncio.Protocol):
    """One connection; what its client sends passes through here to uvicorn's protocol.

    Args:
        protocol: Speaks HTTP with the client.
        connections: All connections of the server.

    Attributes:
        opened: When the server got it, in ``time.monotonic()``.
        network: The address of the client, or the part of it that one client has for itself.
        closed: Whether it has ended, by itself or because it had to leave.
        spoken: Whether it has sent anything, as a websocket if it is one.
    """

    def __init__(self, protocol: asyncio.BaseProtocol, connections: Connections) -> None:
        self._protocol = cast(asyncio.Protocol, protocol)
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._sending, self._answering = True, False
        self._moved, self._turn = 0, 0
        self._seen: tuple[float, int] | None = None
        self.opened = math.inf
        self.network = ""
        self.closed = self.spoken = False

    @property
    def busy(self) -> bool:
        """Whether a whole request has come, and nothing waits for the client."""
        return self._answering and not self._unsent()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.opened = time.monotonic()
        self.network = network(transport.get_extra_info("peername"))
        self._connections.add(self)
        self._protocol.connection_made(cast(asyncio.Transport, _Transport(self._transport, self)))

    def data_received(self, data: bytes) -> None:
        self._moved += len(data)
        self.spoken = True
        self._connections.touch(self)
        current.set(self)
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        return self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._connections.remove(self)
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()

    def begin(self) -> int:
        """Note that the header of a request has come, and return the number of the request."""
        self._turn += 1
        self._answering, self._sending, self._seen = True, False, None
        return self._turn

    def wait(self, turn: int) -> None:
        """Note that the client of a request has to send the rest of its body."""
        if turn == self._turn:
            self._answering, self._sending = False, True

    def work(self, turn: int) -> None:
        """Note that the client of a request waits for the server now."""
        if turn == self._turn:
            self._answering, self._sending = True, False

    def end(self, turn: int) -> None:
        """Note that an answer is sent, and that the client may send the next request."""
        if turn == self._turn:
            self._answering, self._sending, self._seen = False, True, None

    def replace_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Speak a websocket's protocol from now on; uvicorn pings its client."""
        self._connections.upgrade(self)
        self._protocol = cast(asyncio.Protocol, protocol)
        self._answering = self._sending = self.spoken = False

    def count(self, size: int) -> None:
        """Note bytes that were given to the connection."""
        self._moved += size

    def stands_still(self, now: float) -> bool:
        """Say whether the client had to move something for ``PATIENCE``, and did not."""
        unsent = self._unsent()
        moved = self._moved - unsent
        if not unsent and not self._sending:
            self._seen = None
        elif self._seen is None:
            self._seen = now, moved
        elif now - self._seen[0] >= PATIENCE:
            still = moved - self._seen[1] < MIN_BYTES
            self._seen = now, moved
            return still
        return False

    def _unsent(self) -> int:
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def abort(self) -> None:
        """Close at once, whatever is unsent."""
        self.closed = True
        self._connections.remove(self)
        if self._transport is not None:
            self._transport.abort()


class Unwatched(Connection):
    """The connection of a request that did not come through a socket of this server."""

    def __init__(self) -> None:
        super().__init__(asyncio.Protocol(), Connections())


class _Transport:
    """Stands for a transport: counts what is written, and keeps watching a websocket."""

    def __init__(self, transport: asyncio.Transport, connection: Connection) -> None:
        self._transport = transport
        self._connection = connection

    def write(self, data: bytes) -> None:
        self._connection.count(len(data))
        self._transport.write(data)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._connection.replace_protocol(protocol)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def network(peer: object) -> str:
    """Return the part of a peer's address that one client has for itself: of IPv6 a /64."""
    if not isinstance(peer, tuple):
        return ""
    try:
        address = ipaddress.ip_address(str(peer[0]).partition("%")[0])
    except ValueError:
        return str(peer[0])
    if isinstance(address, ipaddress.IPv4Address) or address.ipv4_mapped:
        return str(peer[0])
    return str(ipaddress.ip_network((address, 64), strict=False))
