"""Deribit's DVOL: the volatility that options expect for the next 30 days, per cent a year.

API: https://docs.deribit.com, "public/get_volatility_index_data", without a key. There is an index
of Bitcoin and one of Ether, each hour since 2021-03. An answer has at most 1,000 values, the latest
of the span that is asked for, and says where the next one ends.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.errors import SourceUnavailable
from cryptoforecast.prices.live.documents import plain
from cryptoforecast.prices.live.http import Reply
from cryptoforecast.prices.live.sources import Fetched
from cryptoforecast.signals.sources import HttpSource, Request, frame, unreadable
from cryptoforecast.types import INTERVALS, Array

#: Answers that one fetch may take.
MAX_PAGES = 80
# Seconds that must be left for another page, and the share of the deadline for requests.
_MIN_PAGE_TIME, _FETCH_SHARE = 0.3, 0.85
_HOUR, _HALF_DAY = pd.Timedelta(hours=1), pd.Timedelta(hours=12)
_MILLISECOND = 10**6


class Dvol(HttpSource):
    """Fetches the index: hourly, or each half day beside candles of half a day or longer."""

    name = "dvol"
    title = "Deribit"
    start = pd.Timestamp("2021-03-24", tz="UTC")
    max_age = pd.Timedelta(hours=24)
    BASE = "https://www.deribit.com"
    # Less than Deribit allows.
    PER_SECOND, BURST = 8.0, 10

    def request(self, coin: str, interval: str, /) -> Request:
        """Return what is asked for: Ether's index beside Ether, and Bitcoin's beside all others."""
        step = _HALF_DAY if INTERVALS[interval] >= _HALF_DAY else _HOUR
        # A value is the last one of its step.
        return Request("ETH" if coin == "ETH" else "BTC", step, lag=step)

    def fetch(
        self, request: Request, start: pd.Timestamp, end: pd.Timestamp, deadline: float, /
    ) -> Fetched:
        """Fetch the last values of the steps that begin in [start, end) and are over.

        Raises:
            SourceUnavailable: If Deribit fails or does not answer in time.
        """
        return self._breaker.run(lambda: self._fetch(request, start, end, deadline), deadline)

    def _fetch(
        self, request: Request, start: pd.Timestamp, end: pd.Timestamp, deadline: float
    ) -> Fetched:
        first, last = (time.value // _MILLISECOND for time in (start, end))
        pages, until, unfinished = [], last, True
        with self._client.session(_FETCH_SHARE * deadline) as session:
            for _ in range(MAX_PAGES):
                reply = session.get(
                    "/api/v2/public/get_volatility_index_data",
                    {
                        "currency": request.symbol,
                        "start_timestamp": first,
                        "end_timestamp": until,
                        "resolution": int(request.step.total_seconds()),
                    },
                )
                rows, earlier = _page(reply)
                pages.append(rows)
                if earlier is None or not first < earlier < until:
                    unfinished = False
                    break
                until = earlier
                if session.seconds_left < _MIN_PAGE_TIME:
                    break
        times, values = np.concatenate(pages).T
        result = frame(times.astype(np.int64) * _MILLISECOND, values)
        over = result.index + request.step <= pd.Timestamp.now("UTC")
        result = result[over & (result.index >= start) & (result.index < end)]
        return Fetched(result, unfinished and not result.empty)


def _page(reply: Reply) -> tuple[Array, int | None]:
    """Read an answer: ``(n, 2)`` times in ms and values, and where the page before it ends.

    Raises:
        SourceUnavailable: If it has another shape, or says that something failed.
    """
    document = reply.document
    if isinstance(document, dict) and isinstance(document.get("error"), dict):
        reason = plain(document["error"].get("message"), 80)
        raise SourceUnavailable(f"{Dvol.title} refused the request ({reason}).")
    result = document.get("result") if isinstance(document, dict) else None
    if not isinstance(result, dict) or not isinstance(result.get("data"), list):
        raise unreadable(Dvol.title)
    try:
        rows = [(float(row[0]), float(row[4])) for row in result["data"]]
        pairs = np.array(rows).reshape(-1, 2)
        earlier = result.get("continuation")
        earlier = None if earlier is None else int(earlier)
    except (IndexError, KeyError, TypeError, ValueError, OverflowError) as failure:
        raise unreadable(Dvol.title) from failure
    times, values = pairs.T
    if not np.isfinite(values).all() or (values < 0).any():
        raise unreadable(Dvol.title)
    if ((times < 1e12) | (times > 4e12)).any():
        raise unreadable(Dvol.title)
    return pairs, earlier
