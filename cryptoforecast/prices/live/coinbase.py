"""Coinbase Exchange, without a key: closed candles of one product, 300 a page.

API: https://docs.cdp.coinbase.com/exchange, "Get product candles" and "REST rate limits": ten
requests a second for each address, fifteen in a burst.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace

import pandas as pd

from cryptoforecast.errors import InvalidInput, SourceUnavailable
from cryptoforecast.prices.candles.coins import COINS, Coin
from cryptoforecast.prices.candles.quality import closed_only, empty
from cryptoforecast.prices.candles.resample import floor, step_of
from cryptoforecast.prices.live.breaker import CircuitBreaker
from cryptoforecast.prices.live.coinbase_pages import MAX_IN_FLIGHT, PAGE_ROWS, Pages
from cryptoforecast.prices.live.http import JsonClient, JsonSession
from cryptoforecast.prices.live.rows import to_candles
from cryptoforecast.prices.live.sources import CANDLE_NAMES, Fetched
from cryptoforecast.prices.live.wire import Tap
from cryptoforecast.types import span_text
from cryptoforecast.types.quotes import quote_of

#: Seconds of a candle, by interval.
GRANULARITY = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86_400}
#: Pages that one fetch may take. At the rate below they fit into the deadline.
MAX_PAGES = 60
_COLUMNS = {"time": 0, "low": 1, "high": 2, "open": 3, "close": 4, "volume": 5}
_EARLIEST = pd.Timestamp("2015-01-01", tz="UTC")
#: Requests a second and in a burst: less than Coinbase allows, since others may share the address.
MAX_PER_SECOND, MAX_BURST = 8.0, 10
# An empty page may be a fault that is over at once, so it is asked for again.
_TRIES_OF_EMPTY_PAGES = 2
# Share of the deadline for requests. The rest is for returning what came.
_FETCH_SHARE = 0.85
# Seconds that must be left for another page.
_MIN_PAGE_TIME = 0.3
_PAIR = re.compile(r"([A-Z0-9]{1,15})-([A-Z]{3,5})")


class Coinbase:
    """Fetches candles from Coinbase; volume is in coins.

    Args:
        base: Scheme and host.
        breaker: Bounds each fetch; one breaker serves all symbols.
        per_second: Requests a second, at most.
    """

    name = "coinbase"
    title = "Coinbase"
    volume_unit = "coins"

    def __init__(
        self,
        base: str = "https://api.exchange.coinbase.com",
        breaker: CircuitBreaker | None = None,
        per_second: float = MAX_PER_SECOND,
    ) -> None:
        self.base = base
        self._per_second = per_second
        self._client = JsonClient(self.title, base, per_second, MAX_BURST)
        self._breaker = breaker or CircuitBreaker(self.title)

    def symbol(self, coin: Coin) -> str | None:
        """Return the product, as ``"BTC-USD"``; ``None`` for symbols that only Yahoo knows."""
        ticker = exchange_ticker(coin)
        return f"{ticker}-{coin.quote}" if ticker else None

    def earliest(self, interval: str, now: pd.Timestamp) -> pd.Timestamp:
        """Return the first time for which candles are requested, UTC."""
        return max(_EARLIEST, floor(now, interval) - PAGE_ROWS * MAX_PAGES * step_of(interval))

    def limit(self, interval: str) -> str:
        """Say how far back candles are requested."""
        rows = PAGE_ROWS * MAX_PAGES
        span = span_text(rows * step_of(interval))
        return f"Coinbase is asked for the last {rows:,} {CANDLE_NAMES[interval]} ({span}) at most."

    def observe(self, tap: Tap | None) -> None:
        """Pass every answer to ``tap``; ``None`` ends that."""
        self._client.tap = tap

    def cost(self, rows: int, seconds: float) -> tuple[int, float]:
        """Return the requests that ``rows`` candles take, and about how many seconds in all.

        See ``doctor.Observable``.
        """
        pages = max(1, -(-rows // (PAGE_ROWS - 1)))
        waiting = max(pages - MAX_BURST, 0) / self._per_second
        return pages, max(pages / MAX_IN_FLIGHT * seconds, waiting + seconds)

    def fetch(
        self,
        symbol: str,
        interval: str,
        start: pd.Timestamp | None,
        end: pd.Timestamp | None,
        deadline: float,
    ) -> Fetched:
        """Fetch the closed candles in [start, end), the latest page first.

        Args:
            symbol: A product, such as ``"BTC-USD"``.
            interval: A key of ``GRANULARITY``.
            start: Open of the first candle, UTC. ``None``, or a time before ``earliest``, stands
                for ``earliest``.
            end: Candles open before this time, UTC; ``None``: now.
            deadline: Seconds in all.

        Raises:
            InvalidInput: If Coinbase has no such interval or product.
            SourceUnavailable: If Coinbase fails or does not answer in time.
        """
        if interval not in GRANULARITY:
            raise InvalidInput(
                f"Coinbase has {', '.join(GRANULARITY)} candles. Received: {interval!r}. "
                "Choose one of these."
            )
        now = pd.Timestamp.now("UTC")
        first = self.earliest(interval, now)
        first = first if start is None else max(start, first)
        last = now if end is None else min(end, now)
        if first >= last:
            return Fetched(empty())
        return self._breaker.run(
            lambda: self._fetch(symbol, interval, first, last, _FETCH_SHARE * deadline), deadline
        )

    def _fetch(
        self,
        symbol: str,
        interval: str,
        first: pd.Timestamp,
        last: pd.Timestamp,
        deadline: float,
    ) -> Fetched:
        """Fetch pages from the latest back to ``first``, as far as the time allows."""
        pages = Pages(interval, first, last)
        clocks: list[pd.Timestamp] = []
        until = time.monotonic() + deadline

        def work() -> None:
            with self._client.session(until - time.monotonic()) as session:
                pages.work(
                    lambda begin, end: self._page(session, symbol, interval, begin, end, clocks)
                )

        # Each thread ends with its last request, at the deadline at the latest.
        helpers = [
            threading.Thread(target=work, daemon=True)
            for _ in range(min(pages.count, MAX_IN_FLIGHT) - 1)
        ]
        for helper in helpers:
            helper.start()
        work()
        for helper in helpers:
            helper.join()
        fetched = pages.joined()
        candles = fetched.candles[fetched.candles.index < last]
        return replace(fetched, candles=candles, clock=max(clocks, default=None))

    def _page(
        self,
        session: JsonSession,
        symbol: str,
        interval: str,
        begin: pd.Timestamp,
        end: pd.Timestamp,
        clocks: list[pd.Timestamp],
    ) -> pd.DataFrame | None:
        """Fetch the closed candles that open in [begin, end]; ``None`` if no time is left.

        Coinbase's time of each answer goes into ``clocks``.
        """
        for _ in range(_TRIES_OF_EMPTY_PAGES):
            if session.seconds_left < _MIN_PAGE_TIME:
                return None
            reply = session.get(
                f"/products/{symbol}/candles",
                {
                    "granularity": GRANULARITY[interval],
                    "start": f"{begin:%Y-%m-%dT%H:%M:%SZ}",
                    "end": f"{end:%Y-%m-%dT%H:%M:%SZ}",
                },
            )
            if reply.status == 404:
                raise self._unknown(symbol, reply.document)
            now = pd.Timestamp.now("UTC")
            if reply.date is not None:
                clocks.append(reply.date)
            candles = to_candles(self.title, reply.document, _COLUMNS, now, max_rows=10 * PAGE_ROWS)
            # If our clock is ahead, it must not make an open candle count as closed.
            candles = closed_only(candles, interval, min(now, reply.date or now))
            candles = candles[(candles.index >= begin) & (candles.index <= end)]
            if len(candles):
                break
        return candles

    def _unknown(self, symbol: str, document: object) -> InvalidInput | SourceUnavailable:
        """Return the error of a 404: "no such product", or a page that has moved."""
        if isinstance(document, dict) and "message" in document:
            return InvalidInput(f"Coinbase has no {symbol}.")
        return SourceUnavailable("Coinbase's candles are no longer at their address (404).")


def exchange_ticker(coin: Coin) -> str | None:
    """Return what exchanges call a coin; ``None`` for symbols that only Yahoo knows.

    Symbols of Yahoo's own contain ``.``, ``^`` or ``=``, or end in three digits or more that are
    no part of the ticker.
    """
    ticker = coin.ticker.partition("-")[0]
    if coin.ticker in COINS:
        return coin.ticker
    pair = _PAIR.fullmatch(coin.symbol)
    if pair is None or quote_of(pair[2]) != coin.quote or re.search(r"[0-9]{3}$", ticker):
        return None
    return ticker if re.fullmatch(f"{re.escape(ticker)}[0-9]*", pair[1]) else None
