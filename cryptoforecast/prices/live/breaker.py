"""The circuit breaker: a total deadline for calls that may never return, and a pause after failure.

Pattern: Nygard (2007), "Release it!", chapter "Stability patterns". This module knows nothing of
prices.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from cryptoforecast.errors import CryptoForecastError, SourceUnavailable
from cryptoforecast.prices.live.documents import plain

T = TypeVar("T")

#: Seconds without calls after a failure.
PAUSE = 20.0
#: Longest pause in seconds, whatever a source asks for.
_MAX_PAUSE = 3600.0


class RetryLater(SourceUnavailable):
    """A source asks to be left alone.

    Attributes:
        pause: Seconds without requests that it asks for.
    """

    def __init__(self, message: str, pause: float) -> None:
        super().__init__(message)
        self.pause = pause


class CircuitBreaker:
    """Runs the calls to one source in daemon threads, each within a deadline.

    A library that waits on a silent network can't be interrupted. So each call runs in a thread
    of its own. When the deadline passes, the caller goes on and the thread is abandoned.

    The breaker is open while an abandoned call still runs, and for a pause after any failure.
    While it is open, calls fail at once instead of occupying another thread.

    Args:
        name: The source's name in messages.
        pause: Seconds without calls after a failure.
        max_calls: Calls that may run at the same time.
        clock: Returns monotonic seconds.
    """

    def __init__(
        self,
        name: str,
        pause: float = PAUSE,
        max_calls: int = 8,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.pause = pause
        self.max_calls = max_calls
        self._clock = clock
        self._lock = threading.Lock()
        self._running = 0
        self._abandoned = 0
        self._open_until = float("-inf")
        self._reason = ""

    def run(self, work: Callable[[], T], deadline: float) -> T:
        """Run ``work`` in a thread and return its result.

        Args:
            work: The call. It raises ``SourceUnavailable`` if the source fails.
            deadline: Seconds that the call may take in all.

        Raises:
            SourceUnavailable: At once while the breaker is open or ``max_calls`` calls run;
                otherwise if the work fails or the deadline passes.
            CryptoForecastError: Any other error of the project that the work raises.
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
                self._trip(message, self.pause)
                raise SourceUnavailable(message)
        if call.error is not None:
            raise call.error
        return call.result[0]

    def _admit(self) -> None:
        """Refuse a call while the breaker is open or too many run. The caller holds the lock."""
        seconds = self._open_until - self._clock()
        if self._abandoned:
            raise SourceUnavailable(
                f"{self.name} has not answered an earlier request yet. "
                "It is asked again when that request ends."
            )
        if seconds > 0:
            raise SourceUnavailable(
                f"{self._reason} It is asked again in {seconds:.0f} s or later."
            )
        if self._running >= self.max_calls:
            raise SourceUnavailable(
                f"{self.name} is busy with {self._running} requests. Try again in some seconds."
            )

    def _carry_out(self, call: _Call[T]) -> None:
        """Do the work in the call's thread, then record how it ended."""
        try:
            call.result.append(call.work())
        except CryptoForecastError as error:
            call.error = error
        except Exception as error:
            # Nobody can catch an error at the end of a thread, so the caller gets it.
            call.error = SourceUnavailable(
                f"{self.name} failed: {type(error).__name__}: {plain(error)}"
            )
            call.error.__cause__ = error
        with self._lock:
            call.finished = True
            self._running -= 1
            if call.abandoned:
                self._abandoned -= 1
            elif isinstance(call.error, SourceUnavailable):
                pause = self.pause
                if isinstance(call.error, RetryLater):
                    pause = max(pause, call.error.pause)
                self._trip(str(call.error), pause)
        call.done.set()

    def _trip(self, reason: str, pause: float) -> None:
        """Open the breaker, unless it is open for longer already. The caller holds the lock."""
        until = self._clock() + min(pause, _MAX_PAUSE)
        if until > self._open_until:
            self._reason, self._open_until = reason, until


class _Call(Generic[T]):
    """One call that is running."""

    def __init__(self, work: Callable[[], T]) -> None:
        self.work = work
        self.done = threading.Event()
        self.result: list[T] = []
        self.error: CryptoForecastError | None = None
        self.finished = False
        self.abandoned = False
