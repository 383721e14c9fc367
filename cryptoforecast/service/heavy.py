"""The lock of the heavy baselines: one of them is fitted at a time."""

from __future__ import annotations

import contextlib
import threading

from cryptoforecast.forecasting.baselines import HEAVY


class OneHeavyFit:
    """Lets one thread at a time fit a heavy baseline: several would only slow each other down."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def of(self, predictor: str) -> contextlib.AbstractContextManager[object]:
        """Return a context to fit a predictor in; only heavy baselines wait for one another."""
        return self._lock if predictor in HEAVY else contextlib.nullcontext()
