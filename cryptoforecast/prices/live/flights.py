"""The running requests for prices: few at once, so that no user holds up the others.

Known coins have places of their own. Names of other coins can be invented without end. So their
requests wait in a line of their own, and few of them are made at once.

Where many requests wait, the newest goes first, because whoever asked before may have left
meanwhile. Where too many wait, the oldest is refused. Pattern: "adaptive LIFO", Maurer (2015),
"Fail at scale".
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import pandas as pd

from cryptoforecast.cache import LruCache
from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.live.single_flight import SingleFlight

#: The source's symbol of a coin, and an interval.
Key = tuple[str, str]

#: Requests at once for known coins, and for others. Each asks one source after another.
MAX_LISTED, MAX_OTHERS = 6, 2
#: Requests that may wait, for known coins and for others.
MAX_LISTED_WAITING, MAX_OTHERS_WAITING = 64, 16
#: Requests of each kind that are remembered, with what became of them.
MAX_REMEMBERED = 256
#: Seconds for which it is remembered that no source has a coin.
UNKNOWN_FOR = 25.0


class Lane:
    """Carries out requests in a few threads; the newest of those that wait is next.

    Args:
        max_running: Requests at once, at most.
        max_waiting: Requests that may wait.
    """

    def __init__(self, max_running: int, max_waiting: int) -> None:
        self._max_running = max_running
        self._max_waiting = max_waiting
        self._lock = threading.Lock()
        self._running = 0
        self._waiting: deque[SingleFlight] = deque()

    def start(self, flight: SingleFlight) -> None:
        """Carry out a request, now or when its turn comes; the oldest one may be refused for it."""
        oldest = None
        with self._lock:
            if self._running < self._max_running:
                # Counted only once it has started, which may fail. It can't end before: it needs
                # the lock for that.
                threading.Thread(target=self._work, args=(flight,), daemon=True).start()
                self._running += 1
                return
            self._waiting.append(flight)
            if len(self._waiting) > self._max_waiting:
                oldest = self._waiting.popleft()
        if oldest is not None:
            oldest.refuse(
                "Prices of many coins are being fetched at once. Try again in some seconds."
            )

    def _work(self, flight: SingleFlight) -> None:
        """Carry out a request, then those that wait, until none is left."""
        next_flight: SingleFlight | None = flight
        while next_flight is not None:
            next_flight.run()
            with self._lock:
                next_flight = self._waiting.pop() if self._waiting else None
                if next_flight is None:
                    self._running -= 1


class Flights:
    """The requests of all users, one at a time for each symbol and interval.

    Args:
        fresh: Seconds for which an answer is not asked for again.
        retry: Seconds for which a failure is remembered.
    """

    def __init__(self, fresh: float, retry: float) -> None:
        self._fresh, self._retry = fresh, retry
        self._lock = threading.Lock()
        self._lanes = (
            Lane(MAX_OTHERS, MAX_OTHERS_WAITING),
            Lane(MAX_LISTED, MAX_LISTED_WAITING),
        )
        self._flights: tuple[LruCache[SingleFlight], ...] = (
            LruCache(MAX_REMEMBERED),
            LruCache(MAX_REMEMBERED),
        )

    def is_running(self, key: Key) -> bool:
        """Return whether the sources are being asked, or will be when its turn comes."""
        with self._lock:
            flight = self._get(key)
            return flight is not None and not flight.done.is_set()

    def join(
        self,
        key: Key,
        start: pd.Timestamp | None,
        work: Callable[[], Callable[[], None]],
        *,
        is_listed: bool,
    ) -> SingleFlight:
        """Return the running request or the recent answer; start a request if there is none.

        Args:
            key: What is asked for.
            start: Open of the first candle wanted, UTC; ``None``: all that there are.
            work: Prepares the request, and returns the call that makes it.
            is_listed: Whether the coin is known not to be an invented one.
        """
        with self._lock:
            flight = self._get(key)
            if flight is not None and self._still_counts(flight, start):
                return flight
            flight = SingleFlight(work(), start)
            self._flights[is_listed].put(key, flight)
            self._flights[not is_listed].drop(key)
        self._lanes[is_listed].start(flight)
        return flight

    def _get(self, key: Key) -> SingleFlight | None:
        """Return the last request for a key."""
        return self._flights[True].get(key) or self._flights[False].get(key)

    def _still_counts(self, flight: SingleFlight, start: pd.Timestamp | None) -> bool:
        """Return whether nothing is gained by another request."""
        if not flight.done.is_set():
            return True
        remembered = UNKNOWN_FOR if isinstance(flight.error, InvalidInput) else self._retry
        if flight.failed_within(remembered):
            return True
        return flight.answered_within(self._fresh) and flight.covers(start)
