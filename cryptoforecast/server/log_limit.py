"""Keeps the log small when clients misbehave: each kind of message once a minute."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

#: Seconds in which a message of one kind is written once.
PAUSE = 60.0
#: Loggers whose messages a client can cause as often as it likes.
LOGGERS = (
    "asyncio",
    "uvicorn.error",
    "cryptoforecast.api.predict",
    "cryptoforecast.server.connections",
    "cryptoforecast.server.guard",
    "streamlit.web.server.starlette.starlette_routes",
    "streamlit.web.server.starlette.starlette_websocket",
    "streamlit.runtime.runtime",
    "streamlit.runtime.websocket_session_manager",
)


class OncePerMinute(logging.Filter):
    """Passes one message of each kind in ``PAUSE`` seconds, with the number that it left out.

    Args:
        clock: Returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._next: dict[tuple[str, str], float] = {}
        self._left_out: dict[tuple[str, str], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        kind, now = (record.name, str(record.msg)[:80]), self._clock()
        if now < self._next.get(kind, now):
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return False
        if left_out := self._left_out.pop(kind, 0):
            record.msg = f"{record.getMessage()} ({left_out} more like it in the last minutes)"
            record.args = None
        if len(self._next) >= 100:  # messages that carry their values in their text
            self._next.clear()
        self._next[kind] = now + PAUSE
        return True


def limit() -> None:
    """Let no client fill the log."""
    once = OncePerMinute()
    for name in LOGGERS:
        logging.getLogger(name).addFilter(once)
