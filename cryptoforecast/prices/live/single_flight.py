"""One request under way, however many wait for it.

Imports only ``errors``.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import pandas as pd

from cryptoforecast.errors import CryptoForecastError, SourceUnavailable

logger = logging.getLogger(__name__)


class Flight:
    """A request for everything from ``start`` on, run once in a thread of its own.

    Args:
        work: makes the request and stores the answer.
        start: first candle asked for, UTC; ``None``: as far back as the source goes.
    """

    def __init__(self, work: Callable[[], None], start: pd.Timestamp | None) -> None:
        self.done = threading.Event()
        self.error: CryptoForecastError | None = None
        self._work = work
        self._start = start
        self._ended = float("inf")

    def run(self) -> None:
        """Do the work and tell everyone who waits."""
        try:
            self._work()
        except CryptoForecastError as error:
            self.error = error
        except Exception as error:
            # Whoever waits must not wait for ever, nor take silence for success.
            logger.exception("Prices could not be updated")
            self.error = SourceUnavailable(
                f"Prices could not be updated: {type(error).__name__}: {str(error)[:200]}"
            )
        finally:
            self._ended = time.monotonic()
            self.done.set()

    def covers(self, start: pd.Timestamp | None) -> bool:
        """Whether the answer holds everything from ``start`` on."""
        return self._start is None or (start is not None and start >= self._start)

    def refused_within(self, seconds: float) -> bool:
        """Whether it failed so recently that asking again would be rude."""
        return self.error is not None and time.monotonic() - self._ended < seconds
