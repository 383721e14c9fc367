"""Live sources of signals: their interface, and what they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from cryptoforecast.errors import SourceUnavailable
from cryptoforecast.prices.live.breaker import CircuitBreaker
from cryptoforecast.prices.live.http import JsonClient
from cryptoforecast.prices.live.sources import Fetched
from cryptoforecast.types import Array


@dataclass(frozen=True)
class Request:
    """What a source is asked for.

    Attributes:
        symbol: The source's own name of the series.
        step: Time from one value to the next.
        lag: How long after its time a value was known.
    """

    symbol: str
    step: pd.Timedelta
    lag: pd.Timedelta


class SignalSource(Protocol):
    """A place on the network that the values of a signal come from.

    Attributes:
        name: Name of the signal, such as ``"fear_greed"``.
        title: What sentences call its provider, such as ``"Deribit"``.
        start: Time of its first value, UTC.
        max_age: For so long after it was known a value is used.
    """

    name: str
    title: str
    start: pd.Timestamp
    max_age: pd.Timedelta

    def request(self, coin: str, interval: str, /) -> Request:
        """Return what is asked for beside these candles."""
        ...

    def fetch(
        self, request: Request, start: pd.Timestamp, end: pd.Timestamp, deadline: float, /
    ) -> Fetched:
        """Fetch the values with times in [start, end), within ``deadline`` seconds.

        Raises:
            SourceUnavailable: If the source fails or does not answer in time.
        """
        ...


class HttpSource:
    """A source over HTTP: its client, and the breaker that bounds each fetch.

    Args:
        base: Scheme and host; by default ``BASE``.
        breaker: Bounds each fetch.
        per_second: Requests a second, at most; by default ``PER_SECOND``.

    Attributes:
        title: What sentences call the signal's provider, such as ``"Deribit"``.
        BASE: Scheme and host.
        PER_SECOND: Requests a second, at most.
        BURST: Requests that may follow each other at once after a pause.
    """

    title: str
    BASE: str
    PER_SECOND: float
    BURST = 1

    def __init__(
        self,
        base: str | None = None,
        breaker: CircuitBreaker | None = None,
        per_second: float | None = None,
    ) -> None:
        self._client = JsonClient(
            self.title, base or self.BASE, per_second or self.PER_SECOND, self.BURST
        )
        self._breaker = breaker or CircuitBreaker(self.title)


def frame(times: Array, values: Array) -> pd.DataFrame:
    """Put values into the canonical frame of candles, in which the cache stores them.

    Args:
        times: ``(n,)`` ns since 1970, in any order; of equal times the last one counts.
        values: ``(n,)``, at least 0.
    """
    index = pd.DatetimeIndex(np.asarray(times, dtype="datetime64[ns]"), tz="UTC", name="time")
    # Candles have prices above 0.
    prices = dict.fromkeys(("open", "high", "low", "close"), np.maximum(values, 1e-6))
    result = pd.DataFrame({**prices, "volume": np.nan}, index=index)
    return result[~result.index.duplicated(keep="last")].sort_index()


def unreadable(title: str) -> SourceUnavailable:
    """Return the error for an answer of another shape than documented."""
    return SourceUnavailable(f"{title} sent an answer that can't be read.")
