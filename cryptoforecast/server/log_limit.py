"""Keeps the log small when clients misbehave: each kind of message once a minute."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

#: Seconds in which a message of one kind is written once.
PAUSE = 60.0
#: Kinds that are told apart; messages of further kinds in the same time count as one.
MAX_KINDS = 100
#: The logs of requests are written only where whoever serves asks for them.
REQUESTS = ("uvicorn.access", "cryptoforecast.access")

_OTHERS = ("", "", "")


class OncePerMinute(logging.Filter):
    """Passes one message of each kind in ``PAUSE`` seconds, with the number that it left out.

    A kind is a logger, the text before its values are set in, and the type of the exception.

    Args:
        clock: Returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.RLock()
        self._next: dict[tuple[str, str, str], float] = {}
        self._left_out: dict[tuple[str, str, str], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name in REQUESTS:
            return True
        with self._lock:
            now = self._clock()
            kind = self._kind(record, now)
            if now < self._next.get(kind, now):
                self._left_out[kind] = self._left_out.get(kind, 0) + 1
                return False
            self._next[kind] = now + PAUSE
            left_out = self._left_out.pop(kind, 0)
        if left_out:
            record.msg = f"{record.getMessage()} ({left_out} more like it in the last minutes)"
            record.args = None
        return True

    def _kind(self, record: logging.LogRecord, now: float) -> tuple[str, str, str]:
        error = record.exc_info[0] if record.exc_info else None
        kind = record.name, str(record.msg)[:80], error.__name__ if error else ""
        if kind not in self._next and len(self._next) >= MAX_KINDS:
            self._next = {one: until for one, until in self._next.items() if until > now}
            self._left_out = {one: n for one, n in self._left_out.items() if one in self._next}
            if len(self._next) >= MAX_KINDS:  # messages that carry their values in their text
                return _OTHERS
        return kind


def limit() -> None:
    """Let no client fill the log through any logger, even one that is made later."""
    once = OncePerMinute()

    class Limited(logging.getLoggerClass()):  # type: ignore[misc]
        """A logger that is limited from its beginning."""

        def __init__(self, name: str, level: int = logging.NOTSET) -> None:
            super().__init__(name, level)
            self.addFilter(once)

    for logger in [logging.root, *logging.root.manager.loggerDict.values()]:
        if isinstance(logger, logging.Logger):  # else a place for one in the tree
            logger.addFilter(once)
    logging.setLoggerClass(Limited)
