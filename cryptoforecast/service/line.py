"""The line in which files wait to be read: one of them is read at a time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

# Seconds between two calls of ``wait``, which learns how long the line is and may leave it.
_LOOK = 0.25


class Line:
    """Lets one thread at a time in, in the order in which they came."""

    def __init__(self) -> None:
        self._moved = threading.Condition()
        self._waiting: list[object] = []

    @contextlib.contextmanager
    def turn(self, wait: Callable[[int], None] | None = None) -> Iterator[None]:
        """Wait for a turn, and keep it until the context ends.

        Args:
            wait: Called a few times a second with how many threads are before this one; it may
                raise to leave the line.
        """
        place = object()
        with self._moved:
            self._waiting.append(place)
        try:
            while before := self._before(place):
                if wait is not None:
                    wait(before)
            yield
        finally:
            with self._moved:
                self._waiting.remove(place)
                self._moved.notify_all()

    def _before(self, place: object) -> int:
        """Return how many are before a place, after a moment if there are any."""
        with self._moved:
            if self._waiting.index(place):
                self._moved.wait(_LOOK)
            return self._waiting.index(place)
