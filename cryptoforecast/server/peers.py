"""Says whose the other end of a connection within this machine is, where the system tells."""

from __future__ import annotations

import os
from pathlib import Path

#: The tables of connections of Linux, and the columns of the two addresses and of the user.
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
LOCAL, REMOTE, USER = 1, 2, 7
#: The superuser may do everything on this machine anyway.
SUPERUSER = 0


def is_ours(client: tuple[str, int], server: tuple[str, int]) -> bool:
    """Say whether this process's own user, or the superuser, opened a local connection.

    A reverse proxy usually runs as a user of its own. Where the system does not say who opened the
    connection, the answer is yes.

    Args:
        client: Address and port of the client.
        server: Address and port of this server.
    """
    try:
        rows = [row.split() for table in TABLES for row in table.read_text().splitlines()[1:]]
    except OSError:
        return True
    users = {
        int(row[USER])
        for row in rows
        if _port(row[LOCAL]) == client[1] and _port(row[REMOTE]) == server[1]
    }
    return users <= {os.getuid(), SUPERUSER}


def _port(address: str) -> int:
    """Return the port of an address such as ``0100007F:2135``."""
    return int(address.rpartition(":")[2], 16)
