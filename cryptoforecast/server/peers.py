"""Says whose the other end of a connection within this machine is, where the system tells."""

from __future__ import annotations

import math
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

#: The tables of connections of Linux, and the columns of the two addresses and of the user.
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
LOCAL, REMOTE, USER = 1, 2, 7
#: The superuser may do everything on this machine anyway.
SUPERUSER = 0


class Peers:
    """The users at the other ends of the connections within this machine.

    The system lists all connections of the machine at once, which takes milliseconds while there
    are thousands. So the list is read again only for a connection that is younger than it.

    Args:
        tables: Files in which the system lists its connections.
    """

    def __init__(self, tables: Sequence[Path] = TABLES) -> None:
        self._tables = tables
        self._read_at = -math.inf
        self._users: dict[tuple[int, int], set[int]] | None = None

    def is_ours(self, client: tuple[str, int], server: tuple[str, int], opened: float) -> bool:
        """Say whether this process's own user, or the superuser, opened a local connection.

        A reverse proxy usually runs as a user of its own. Where the system does not say who opened
        the connection, the answer is yes.

        Args:
            client: Address and port of the client.
            server: Address and port of this server.
            opened: When the server got the connection, which is still open, in
                ``time.monotonic()``.
        """
        if opened >= self._read_at:
            self._read_at = time.monotonic()
            self._users = self._read()
        if self._users is None:
            return True
        return self._users.get((client[1], server[1]), set()) <= {os.getuid(), SUPERUSER}

    def _read(self) -> dict[tuple[int, int], set[int]] | None:
        """Return the users of each pair of ports, near and far; ``None`` if nothing tells."""
        users = defaultdict(set)
        try:
            for table in self._tables:
                for row in table.read_text().splitlines()[1:]:
                    cells = row.split()
                    users[_port(cells[LOCAL]), _port(cells[REMOTE])].add(int(cells[USER]))
        except OSError:
            return None
        return dict(users)


def _port(address: str) -> int:
    """Return the port of an address such as ``0100007F:2135``."""
    return int(address.rpartition(":")[2], 16)
