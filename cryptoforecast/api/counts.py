"""How many requests each client has sent, counted by all workers of a server together."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path

from limits.storage import MemoryStorage

from cryptoforecast.settings import API_VARIABLES

#: Variable that names the file of the counts of all workers.
FILE = f"{API_VARIABLES}COUNTS"
#: Seconds for which a worker waits at most while others write.
WAIT = 1.0

_TABLE = """
CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, amount INTEGER, expires REAL)
WITHOUT ROWID
"""
_ADD = """
INSERT INTO counts VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET amount = max(amount + excluded.amount, 0) RETURNING amount
"""


class SharedCounts(MemoryStorage):
    """Counts in a file of SQLite, which several processes share.

    A file that can't be read or written, as on a full disk, counts nothing: requests are answered.

    Args:
        path: The file; it is made where there is none.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        # One thread at a time counts: that of the event loop.
        self._book = sqlite3.connect(
            path, timeout=WAIT, isolation_level=None, check_same_thread=False
        )
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=OFF", _TABLE):
            self._book.execute(statement)

    def get(self, key: str) -> int:
        """Return a count.

        Args:
            key: Names the client, the kind of request and the minute.
        """
        return self._amount("SELECT amount FROM counts WHERE name = ?", key)

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a count, and return it.

        Args:
            key: Names the client, the kind of request and the minute.
            expiry: Seconds for which a new count is kept.
            amount: What is added.
        """
        now = time.time()
        count = self._amount(_ADD, key, amount, now + expiry)
        if count == amount:  # the first of its minute clears the old ones away
            self._amount("DELETE FROM counts WHERE expires < ?", now)
        return count

    def decr(self, key: str, amount: int = 1) -> int:
        """Subtract from an existing count, and return it.

        Args:
            key: Names the client, the kind of request and the minute.
            amount: What is taken.
        """
        return self.incr(key, 0, -amount)

    def _amount(self, statement: str, *values: str | float) -> int:
        try:
            row = self._book.execute(statement, values).fetchone()
        except sqlite3.Error:
            return 0
        return 0 if row is None else int(row[0])


def storage(environ: Mapping[str, str] = os.environ) -> MemoryStorage:
    """Return where requests are counted: for all workers, or for this process alone.

    Args:
        environ: Names the file of the counts where there are several workers.
    """
    path = environ.get(FILE)
    return MemoryStorage() if path is None else SharedCounts(Path(path))
