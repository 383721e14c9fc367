"""The line of the heavy baselines: one of them is fitted at a time, and few may wait."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from cryptoforecast.errors import Busy
from cryptoforecast.forecasting.baselines import HEAVY
from cryptoforecast.service import effort
from cryptoforecast.service.memory import Memory

#: Fits that may wait. A session of the app waits for one at a time.
MAX_WAITING = 8


class OneHeavyFit:
    """Lets one thread at a time fit a heavy baseline: several would only slow each other down.

    Args:
        memory: Into which every fit must fit.
        max_waiting: Fits that may wait; one more is refused.
    """

    def __init__(self, memory: Memory, max_waiting: int = MAX_WAITING) -> None:
        self._memory, self._max_waiting = memory, max_waiting
        self._lock = threading.Lock()
        self._present, self._counter = 0, threading.Lock()

    @contextlib.contextmanager
    def of(self, predictor: str, rows: int, horizon: int) -> Iterator[None]:
        """Fit a predictor in this context; only heavy baselines wait for one another.

        Args:
            predictor: Name of the predictor.
            rows: Candles that it is fitted and tested on.
            horizon: Steps that it forecasts.

        Raises:
            Busy: If too many wait.
            InvalidInput: If the fit needs more memory than there is.
        """
        if predictor not in HEAVY:
            yield
            return
        with self._place(), self._lock:
            self._memory.check(
                "A regression or boosted trees",
                effort.megabytes_of_heavy(rows, horizon),
                "Choose fewer or longer candles, or a shorter horizon.",
            )
            yield

    @contextlib.contextmanager
    def _place(self) -> Iterator[None]:
        """Count those who fit or wait."""
        with self._counter:
            if self._present > self._max_waiting:
                raise Busy(
                    f"At most {self._max_waiting} fits of regressions and boosted trees may wait. "
                    "Received: one more. Try again in a minute."
                )
            self._present += 1
        try:
            yield
        finally:
            with self._counter:
                self._present -= 1
