"""Orders: tests and trainings that one process takes from many, through a file of SQLite.

The processes that answer requests write orders and read how far they are. The one that trains takes
the oldest, and writes its progress and its result.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sqlite3
import time
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptoforecast.errors import Busy
from cryptoforecast.json_views import Json

#: Orders that may wait, and finished ones that are kept.
MAX_WAITING, MAX_FINISHED = 8, 100
#: States of an order that waits or runs.
ACTIVE = ("queued", "running")

_TABLE = """
CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, kind TEXT NOT NULL, request TEXT NOT NULL,
    state TEXT NOT NULL, created REAL NOT NULL, changed REAL NOT NULL,
    progress TEXT, result TEXT, status INTEGER, error TEXT
)
"""
_ATTACHMENTS = "CREATE TABLE IF NOT EXISTS attachments (id TEXT PRIMARY KEY, content BLOB NOT NULL)"
#: Drops the attachments of orders that are over.
_DROP = (
    "DELETE FROM attachments WHERE id NOT IN "
    "(SELECT id FROM orders WHERE state IN ('queued', 'running'))"
)


@dataclass(frozen=True)
class Order:
    """An order, and how far it is.

    Attributes:
        id: Names it; it can't be guessed.
        kind: ``"backtest"`` or ``"training"``.
        request: What is to be done.
        state: ``queued``, ``running``, ``done``, ``failed`` or ``cancelled``.
        created: When it was given, seconds since 1970.
        progress: How far it is; ``None`` before the first report.
        result: The result; ``None`` unless done.
        status: HTTP status that an answer with this failure would have; ``None`` unless failed.
        error: Why it failed, for users; ``""`` unless failed.
        attachment: The large part of the request; only the process that takes the order gets it.
    """

    id: str
    kind: str
    request: Json
    state: str
    created: float
    progress: Json | None
    result: Json | None
    status: int | None
    error: str
    attachment: list[Json] | None = None

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ACTIVE


class OrderBook:
    """All orders of an installation.

    Args:
        path: The file of the book.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def give(
        self, kind: str, request: Json, owner: str, attachment: list[Json] | None = None
    ) -> Order:
        """Write an order.

        Args:
            kind: ``"backtest"`` or ``"training"``.
            request: What is to be done.
            owner: Who may see it.
            attachment: The large part of the request. It is kept until the order is over.

        Raises:
            Busy: If too many orders wait.
        """
        named, now = uuid.uuid4().hex, time.time()
        with self._open() as book:
            waiting = book.execute("SELECT count(*) FROM orders WHERE state = 'queued'").fetchone()
            if waiting[0] >= MAX_WAITING:
                raise Busy(
                    f"At most {MAX_WAITING} tests and trainings may wait. Received: one more. Try "
                    "again when one has finished."
                )
            book.execute(
                "INSERT INTO orders (id, owner, kind, request, state, created, changed) "
                "VALUES (?, ?, ?, ?, 'queued', ?, ?)",
                (named, owner, kind, json.dumps(request), now, now),
            )
            if attachment is not None:
                content = zlib.compress(json.dumps(attachment).encode(), 1)
                book.execute("INSERT INTO attachments VALUES (?, ?)", (named, content))
            book.execute(
                "DELETE FROM orders WHERE state NOT IN ('queued', 'running') AND id NOT IN "
                "(SELECT id FROM orders WHERE state NOT IN ('queued', 'running') "
                "ORDER BY changed DESC LIMIT ?)",
                (MAX_FINISHED,),
            )
        return Order(named, kind, request, "queued", now, None, None, None, "")

    def find(self, named: str, owner: str) -> Order | None:
        """Return an order of an owner; ``None`` where they have none of this name."""
        with self._open() as book:
            row = book.execute(
                f"{_SELECT} WHERE id = ? AND owner = ?", (named[:64], owner)
            ).fetchone()
        return None if row is None else _order(row)

    def take(self) -> Order | None:
        """Take the oldest order that waits; ``None`` where none does."""
        with self._open() as book:
            row = book.execute(
                f"{_SELECT} WHERE state = 'queued' ORDER BY created LIMIT 1"
            ).fetchone()
            if row is None:
                return None
            book.execute(
                "UPDATE orders SET state = 'running', changed = ? WHERE id = ?",
                (time.time(), row[0]),
            )
            content = book.execute(
                "SELECT content FROM attachments WHERE id = ?", (row[0],)
            ).fetchone()
        attachment = None if content is None else json.loads(zlib.decompress(content[0]))
        return dataclasses.replace(_order(row), attachment=attachment)

    def report(self, named: str, progress: Json) -> None:
        """Write how far an order is."""
        with self._open() as book:
            book.execute(
                "UPDATE orders SET progress = ?, changed = ? WHERE id = ?",
                (json.dumps(progress), time.time(), named),
            )

    def finish(self, named: str, result: Json) -> None:
        """Write a result, unless the order was cancelled."""
        with self._open() as book:
            book.execute(
                "UPDATE orders SET state = 'done', result = ?, changed = ? "
                "WHERE id = ? AND state = 'running'",
                (json.dumps(result), time.time(), named),
            )
            book.execute(_DROP)

    def fail(self, named: str, status: int, error: str) -> None:
        """Write why an order failed, unless it was cancelled."""
        with self._open() as book:
            book.execute(
                "UPDATE orders SET state = 'failed', status = ?, error = ?, changed = ? "
                "WHERE id = ? AND state = 'running'",
                (status, error, time.time(), named),
            )
            book.execute(_DROP)

    def cancel(self, named: str) -> None:
        """Cancel an order that waits or runs; one that is over stays as it is."""
        with self._open() as book:
            book.execute(
                "UPDATE orders SET state = 'cancelled', changed = ? "
                "WHERE id = ? AND state IN ('queued', 'running')",
                (time.time(), named),
            )
            book.execute(_DROP)

    def is_running(self, named: str) -> bool:
        """Return whether an order runs and was not cancelled."""
        with self._open() as book:
            row = book.execute("SELECT state FROM orders WHERE id = ?", (named,)).fetchone()
        return row is not None and row[0] == "running"

    def recover(self) -> None:
        """Mark as failed the orders that a trainer had taken before it was stopped."""
        with self._open() as book:
            book.execute(
                "UPDATE orders SET state = 'failed', status = 503, changed = ?, "
                "error = 'The trainer was stopped before this was done. Send it again.' "
                "WHERE state = 'running'",
                (time.time(),),
            )
            book.execute(_DROP)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the book for one change that is made as a whole."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        book = sqlite3.connect(self._path, timeout=10, isolation_level=None)
        try:
            with book:
                # It begins before anything is read, so that nobody changes that before the write.
                book.execute("BEGIN IMMEDIATE")
                book.execute(_TABLE)
                book.execute(_ATTACHMENTS)
                yield book
        finally:
            book.close()


_SELECT = "SELECT id, kind, request, state, created, progress, result, status, error FROM orders"


def _order(row: tuple[Any, ...]) -> Order:
    named, kind, request, state, created, progress, result, status, error = row
    return Order(
        named,
        kind,
        json.loads(request),
        state,
        created,
        None if progress is None else json.loads(progress),
        None if result is None else json.loads(result),
        status,
        error or "",
    )
