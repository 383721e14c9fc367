"""The pages of one fetch from Coinbase: asked for by several threads, then joined.

A page without candles may mean three things. If three in a row are empty, and no page further back
is known to have candles, the market had not started yet. If candles lie before it, Coinbase left
them out, and the fetch is unfinished. If it is the last page that was wanted, pages before it are
asked for, to tell these two apart.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import pandas as pd

from cryptoforecast.errors import CryptoForecastError, SourceUnavailable
from cryptoforecast.prices.candles.quality import empty
from cryptoforecast.prices.candles.resample import floor, step_of
from cryptoforecast.prices.live.sources import Fetched

#: Candles in one answer, at most.
PAGE_ROWS = 300
#: Requests that may wait for their answers at the same time. They ask for neighbouring pages, so
#: that few pages from before the start of a market are asked for while another page takes long.
MAX_IN_FLIGHT = 4
# Where so many pages in a row are empty, the market had not started yet.
_MAX_EMPTY = 3

#: Asks for the candles that open in [begin, end]; ``None`` means that no time is left.
Ask = Callable[[pd.Timestamp, pd.Timestamp], "pd.DataFrame | None"]


class Pages:
    """The pages of [first, last), numbered from the latest back.

    Args:
        interval: Candle length.
        first: Open of the first candle wanted, UTC.
        last: Candles open before this time, UTC.

    Attributes:
        count: Pages that cover the span.
    """

    def __init__(self, interval: str, first: pd.Timestamp, last: pd.Timestamp) -> None:
        self._step = step_of(interval)
        # Pages share a candle, so that none is lost if Coinbase excludes the end.
        self._width = (PAGE_ROWS - 1) * self._step
        self._first = first
        self._newest = floor(last - pd.Timedelta(1, "ns"), interval)
        self.count = max(1, -((first - self._newest) // self._width))
        self._lock = threading.Condition()
        self._next = 0
        self._stopped = False
        self._pages: dict[int, pd.DataFrame] = {}
        self._error: CryptoForecastError | None = None

    def work(self, ask: Ask) -> None:
        """Ask for one page after another until all are there; for several threads at once."""
        while (number := self._take()) is not None:
            end = self._newest - number * self._width
            try:
                page = ask(end - self._width, end)
            except CryptoForecastError as error:
                self._stop(error)
                return
            except BaseException:
                self._stop(None)  # the other threads would wait for this page
                raise
            if page is None:
                self._stop(None)
                return
            with self._lock:
                self._pages[number] = page
                self._lock.notify_all()

    def joined(self) -> Fetched:
        """Join the pages from the latest back to the first gap.

        Raises:
            CryptoForecastError: What a request raised, if no candle came before it.
            SourceUnavailable: If time ran out before any candle came.
        """
        numbers: list[int] = []
        empty_pages, unfinished = 0, False
        for number in range(max(self._next, self.count)):
            if number not in self._pages:
                if not numbers:
                    raise self._error or SourceUnavailable("Coinbase did not answer in time.")
                unfinished = number < self.count or bool(empty_pages)
                break
            if self._pages[number].empty:
                empty_pages += 1
                if empty_pages == _MAX_EMPTY:
                    unfinished = bool(numbers) and self._has_older(number)
                    break
                continue
            if numbers and empty_pages:
                unfinished = True
                break
            numbers.append(number)
            empty_pages = 0
        return Fetched(self._candles(numbers), unfinished)

    def _has_older(self, number: int) -> bool:
        """Return whether a page further back than this one has candles."""
        return any(later > number and len(page) for later, page in self._pages.items())

    def _candles(self, numbers: list[int]) -> pd.DataFrame:
        """Join pages, the latest first, without the candles that two of them share."""
        parts = [self._pages[number] for number in reversed(numbers)]
        candles = pd.concat(parts) if parts else empty()
        candles = candles[~candles.index.duplicated(keep="last")]
        return candles[candles.index >= self._first]

    def _take(self) -> int | None:
        """Return the number of the next page to ask for; ``None`` if there is none."""
        with self._lock:
            self._lock.wait_for(lambda: self._stopped or self._is_near())
            if self._stopped or self._before_the_market():
                return None
            if self._next >= self.count and not self._in_doubt():
                return None
            self._next += 1
            return self._next - 1

    def _is_near(self) -> bool:
        """Return whether the next page is near the first without an answer; under the lock."""
        first = next(number for number in range(self._next + 1) if number not in self._pages)
        return self._next < first + MAX_IN_FLIGHT

    def _before_the_market(self) -> bool:
        """Return whether three pages in a row are empty. The caller holds the lock."""
        run = 0
        for number in range(self._next):
            page = self._pages.get(number)
            run = run + 1 if page is not None and page.empty else 0
            if run == _MAX_EMPTY:
                return True
        return False

    def _in_doubt(self) -> bool:
        """Return whether the last page is empty, but pages after it are not; under the lock."""
        last = self._pages.get(self._next - 1)
        return last is not None and last.empty and any(len(page) for page in self._pages.values())

    def _stop(self, error: CryptoForecastError | None) -> None:
        """Ask for no further page."""
        with self._lock:
            self._stopped = True
            self._error = self._error or error
            self._lock.notify_all()
