"""The single flight: one request at a time for the same prices, however many wait for it.

Name and pattern: Go's ``golang.org/x/sync/singleflight``.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import pandas as pd

from cryptoforecast.errors import CryptoForecastError, SourceUnavailable
from cryptoforecast.prices.live.documents import plain

logger = logging.getLogger(__name__)


class SingleFlight:
    """A request for everything from ``start`` on, made once.

    Args:
        work: Makes the request and stores the answer.
        start: Open of the first candle requested, UTC. ``None`` requests all candles that the
            source has.

    Attributes:
        done: Set when the request has ended, whether or not it succeeded.
        error: What went wrong; ``None`` if nothing did, or while the request runs.
    """

    def __init__(self, work: Callable[[], None], start: pd.Timestamp | None) -> None:
        self.done = threading.Event()
        self.error: CryptoForecastError | None = None
        self._work = work
        self._start = start
        self._began_at = float("-inf")
        self._ended_at = float("inf")

    def run(self) -> None:
        """Do the work, then wake everyone who waits for ``done``."""
        self._began_at = time.monotonic()
        try:
            self._work()
        except CryptoForecastError as error:
            self.error = error
        except Exception as error:
            # Those who wait must neither wait for ever nor take silence for success.
            logger.exception("Prices could not be updated")
            self.error = SourceUnavailable(
                f"Prices could not be updated: {type(error).__name__}: {plain(error)}"
            )
        finally:
            self._ended_at = time.monotonic()
            self.done.set()

    def refuse(self, message: str) -> None:
        """Do no work, and tell those who wait why."""
        self.error = SourceUnavailable(message)
        self._ended_at = time.monotonic()
        self.done.set()

    def covers(self, start: pd.Timestamp | None) -> bool:
        """Return whether the answer holds everything from ``start`` on."""
        return self._start is None or (start is not None and start >= self._start)

    def failed_within(self, seconds: float) -> bool:
        """Return whether the request failed less than ``seconds`` ago."""
        return self.error is not None and time.monotonic() - self._ended_at < seconds

    def answered_within(self, seconds: float) -> bool:
        """Return whether the request succeeded, and began less than ``seconds`` ago."""
        is_answered = self.done.is_set() and self.error is None
        return is_answered and time.monotonic() - self._began_at < seconds
