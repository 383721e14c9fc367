"""Calls that may never return: a total deadline, and a pause after failure.

Imports only ``errors``. Knows nothing of prices.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from cryptoforecast.errors import CryptoForecastError, SourceUnavailable

T = TypeVar("T")

_LONGEST_PAUSE = 3600.0


class Refused(SourceUnavailable):
    """A source that wants to be left alone for ``pause`` seconds."""

    def __init__(self, message: str, pause: float) -> None:
        super().__init__(message)
        self.pause = pause


class Gate:
    """Runs one source's calls in daemon threads, each within a deadline.

    A library that waits on a silent network can't be interrupted, only left behind. So the call
    runs in a thread of its own; when the deadline passes the caller goes on and the thread is
    abandoned. While an abandoned call is still out, and for a pause after any failure, further
    calls fail at once instead of holding another thread each.

    Args:
        name: of the source, for messages.
        pause: seconds without calls after a failure.
        limit: calls under way at once.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        name: str,
        pause: float = 60.0,
        limit: int = 4,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.pause = pause
        self.limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        self._running = 0
        self._abandoned = 0
        self._closed_until = float("-inf")
        self._reason = ""

    def run(self, work: Callable[[], T], deadline: float) -> T:
        """Do ``work`` in a thread and give its result.

        Args:
            work: the call; raises ``SourceUnavailable`` if the source fails.
            deadline: seconds it may take in all.

        Raises:
            SourceUnavailable: at once while the gate is closed, else when the work fails or the
                deadline passes.
            CryptoForecastError: whatever else of our family the work raises.
        """
        call = _Call(work)
        with self._lock:
            self._admit()
            self._running += 1
        threading.Thread(target=self._carry_out, args=(call,), daemon=True).start()
        call.done.wait(deadline)
        with self._lock:
            if not call.finished:
                call.abandoned = True
                self._abandoned += 1
                message = f"{self.name} did not answer within {deadline:g} s."
                self._close(message, self.pause)
                raise SourceUnavailable(message)
        if call.error is not None:
            raise call.error
        return call.result[0]

    def _admit(self) -> None:
        """Refuse the call if the gate is closed; the lock is held."""
        left = self._closed_until - self._clock()
        if self._abandoned:
            raise SourceUnavailable(
                f"{self.name} has not answered an earlier request yet. Asked again when it ends."
            )
        if left > 0:
            raise SourceUnavailable(f"{self._reason} Asked again in {left:.0f} s at the earliest.")
        if self._running >= self.limit:
            raise SourceUnavailable(
                f"{self.name} is busy with {self._running} requests. Try again in some seconds."
            )

    def _carry_out(self, call: _Call[T]) -> None:
        """Run in the thread: do the work, then account for it."""
        try:
            call.result.append(call.work())
        except CryptoForecastError as error:
            call.error = error
        except Exception as error:
            # The thread's end is a boundary: the caller gets it, with its cause.
            call.error = SourceUnavailable(
                f"{self.name} failed: {type(error).__name__}: {str(error)[:200]}"
            )
            call.error.__cause__ = error
        with self._lock:
            call.finished = True
            self._running -= 1
            if call.abandoned:
                self._abandoned -= 1
            elif isinstance(call.error, SourceUnavailable):
                asked = call.error.pause if isinstance(call.error, Refused) else 0.0
                self._close(str(call.error), max(self.pause, asked))
        call.done.set()

    def _close(self, reason: str, pause: float) -> None:
        """Start the pause, unless a longer one is under way; the lock is held."""
        until = self._clock() + min(pause, _LONGEST_PAUSE)
        if until > self._closed_until:
            self._reason, self._closed_until = reason, until


class _Call(Generic[T]):
    """One call under way."""

    def __init__(self, work: Callable[[], T]) -> None:
        self.work = work
        self.done = threading.Event()
        self.result: list[T] = []
        self.error: CryptoForecastError | None = None
        self.finished = False
        self.abandoned = False
