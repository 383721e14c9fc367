"""The Fear & Greed index of alternative.me: one number a day, 0 (fear) to 100 (greed), since 2018.

API: https://alternative.me/crypto/fear-and-greed-index, without a key. About half of the index is
made of the volatility and the volume of Bitcoin itself. The value of a day is published at its
beginning, some minutes after midnight UTC.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.errors import SourceUnavailable
from cryptoforecast.prices.live.documents import plain
from cryptoforecast.prices.live.sources import Fetched
from cryptoforecast.signals.sources import HttpSource, Request, frame, unreadable

_DAY = pd.Timedelta(days=1)
_SECOND = 10**9


class FearGreed(HttpSource):
    """Fetches the index."""

    name = "fear_greed"
    title = "alternative.me"
    start = pd.Timestamp("2018-02-01", tz="UTC")
    max_age = pd.Timedelta(days=3)
    #: The value of a day counts as known an hour after midnight, later than it was published.
    LAG = pd.Timedelta(hours=1)
    BASE = "https://api.alternative.me"
    PER_SECOND = 1.0

    def request(self, _coin: str, _interval: str, /) -> Request:
        """Return what is asked for: one index for all coins."""
        return Request("INDEX", _DAY, self.LAG)

    def fetch(
        self, _request: Request, start: pd.Timestamp, end: pd.Timestamp, deadline: float, /
    ) -> Fetched:
        """Fetch the values of the days in [start, end).

        Raises:
            SourceUnavailable: If alternative.me fails or does not answer in time.
        """
        days = (pd.Timestamp.now("UTC") - start) // _DAY + 2

        def work() -> Fetched:
            with self._client.session(deadline) as session:
                reply = session.get("/fng/", {"limit": max(days, 1), "format": "json"})
            values = _values(reply.document)
            return Fetched(values[(values.index >= start) & (values.index < end)])

        return self._breaker.run(work, deadline)


def _values(document: object) -> pd.DataFrame:
    """Read an answer.

    Raises:
        SourceUnavailable: If it has another shape, or says that something failed.
    """
    if not isinstance(document, dict) or not isinstance(document.get("data"), list):
        raise unreadable(FearGreed.title)
    metadata = document.get("metadata")
    error = metadata.get("error") if isinstance(metadata, dict) else None
    if error is not None:
        raise SourceUnavailable(f"{FearGreed.title} refused the request ({plain(error, 80)}).")
    try:
        rows = [(int(row["timestamp"]), float(row["value"])) for row in document["data"]]
        times, values = np.array(rows, dtype=float).reshape(-1, 2).T
    except (KeyError, TypeError, ValueError, OverflowError) as failure:
        raise unreadable(FearGreed.title) from failure
    if ((values < 0) | (values > 100)).any() or ((times < 1e9) | (times > 4e9)).any():
        raise unreadable(FearGreed.title)
    return frame(times.astype(np.int64) * _SECOND, values)
