"""Messages between two of our own processes, by the means of the standard library.

They are pickles, as in every pool of processes: whoever can send them can run any code. So they
only come from a process that this one has started, which knows a secret of 32 bytes, over a socket
that no other user of the machine can open. Nothing here listens on a network or reads a file.
"""

from __future__ import annotations

import threading
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any

#: Bytes of the secret.
SECRET = 32


def pack(thing: object) -> bytes:
    """Turn an object into bytes for another process of ours."""
    return bytes(ForkingPickler.dumps(thing))


def unpack(content: bytes) -> Any:
    """Turn the bytes of another process of ours into the object."""
    return ForkingPickler.loads(content)


class Channel:
    """A connection over which objects are sent; any thread may send.

    Args:
        connection: The connection.

    Attributes:
        bytes_sent: Bytes that were sent so far.
    """

    def __init__(self, connection: Connection[Any, Any]) -> None:
        self._connection = connection
        self._one_sends = threading.Lock()
        self.bytes_sent = 0

    def send(self, message: object) -> None:
        """Send an object.

        Raises:
            OSError: If nobody is at the other end any more.
        """
        content = pack(message)
        with self._one_sends:
            self._connection.send_bytes(content)
            self.bytes_sent += len(content)

    def receive(self) -> Any:
        """Wait for the next object.

        Raises:
            EOFError: If nobody is at the other end any more.
            OSError: If this end was closed.
        """
        return unpack(self._connection.recv_bytes())

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
