"""Coinbase Exchange, without a key: closed candles of one product, 300 a page.

Imports ``errors`` and its neighbours ``coins``, ``gate``, ``quality``, ``resample``, ``rows``,
``sources``, ``web`` and ``window``.
"""

from __future__ import annotations

import re

import pandas as pd

from cryptoforecast.errors import InvalidInput, SourceUnavailable
from cryptoforecast.prices.candles.coins import COINS, Coin
from cryptoforecast.prices.candles.quality import closed_only, empty
from cryptoforecast.prices.candles.resample import floor, step_of
from cryptoforecast.prices.live.breaker import Gate
from cryptoforecast.prices.live.http import Visit, Web
from cryptoforecast.prices.live.query import describe_age
from cryptoforecast.prices.live.rows import to_candles
from cryptoforecast.prices.live.sources import CANDLES, Fetched

GRANULARITY = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86_400}
PAGE = 300
#: Pages that one fetch may take; at the pace below they fit into the deadline.
PAGES = 60
_COLUMNS = {"time": 0, "low": 1, "high": 2, "open": 3, "close": 4, "volume": 5}
_EARLIEST = pd.Timestamp("2015-01-01", tz="UTC")
#: Ten requests a second are allowed to an address without a key.
PER_SECOND = 8.0
# A market without any trade for so many pages had not begun.
_EMPTY_PAGES = 3
# Of the deadline; the rest is for bringing home what came.
_ASKING = 0.85
# Seconds that a further page should have at least.
_PAGE_TIME = 0.3
_PLAIN = re.compile(r"([A-Z0-9]{1,10})-USD")


class Coinbase:
    """Asks Coinbase for candles; volume in coins.

    Args:
        base: scheme and host.
        gate: bounds each fetch; one gate for all symbols.
        per_second: requests a second, at most.
    """

    name = "coinbase"
    title = "Coinbase"
    volume_unit = "coins"

    def __init__(
        self,
        base: str = "https://api.exchange.coinbase.com",
        gate: Gate | None = None,
        per_second: float = PER_SECOND,
    ) -> None:
        self._web = Web(self.title, base, per_second)
        self._gate = gate or Gate(self.title)

    def symbol(self, coin: Coin) -> str | None:
        """Name the product: ``"BTC-USD"``; none for symbols that only Yahoo knows."""
        ticker = exchange_ticker(coin)
        return f"{ticker}-USD" if ticker else None

    def earliest(self, interval: str, now: pd.Timestamp) -> pd.Timestamp:
        """First time for which candles are asked."""
        return max(_EARLIEST, floor(now, interval) - PAGE * PAGES * step_of(interval))

    def limit(self, interval: str) -> str:
        """Say how far back candles are asked for."""
        rows = PAGE * PAGES
        span = describe_age(rows * step_of(interval))
        return f"Coinbase is asked for the last {rows:,} {CANDLES[interval]} ({span}) at most."

    def fetch(
        self,
        symbol: str,
        interval: str,
        start: pd.Timestamp | None,
        end: pd.Timestamp | None,
        deadline: float,
    ) -> Fetched:
        """Fetch closed candles in [start, end), the latest first.

        Args:
            symbol: a product, such as ``"BTC-USD"``.
            interval: a key of ``GRANULARITY``.
            start: first candle's open, UTC; clamped to ``earliest``, its default.
            end: candles open before this, UTC; now by default.
            deadline: seconds in all.

        Raises:
            InvalidInput: if Coinbase has no such interval or product.
            SourceUnavailable: if Coinbase fails or does not answer in time.
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
        return self._gate.run(
            lambda: self._pages(symbol, interval, first, last, _ASKING * deadline), deadline
        )

    def _pages(
        self,
        symbol: str,
        interval: str,
        first: pd.Timestamp,
        last: pd.Timestamp,
        deadline: float,
    ) -> Fetched:
        """Turn pages from the latest back to ``first``, as far as the time allows."""
        step = step_of(interval)
        parts: list[pd.DataFrame] = []
        cursor = floor(last - pd.Timedelta(1, "ns"), interval)
        had = cursor + step
        bare, unfinished = 0, False
        with self._web.visit(deadline) as visit:
            while had > first and bare < _EMPTY_PAGES:
                if parts and visit.left < _PAGE_TIME:
                    unfinished = True
                    break
                begin = cursor - (PAGE - 1) * step
                try:
                    page = self._page(visit, symbol, interval, begin, cursor)
                except SourceUnavailable:
                    # What came is in order and closed; the rest is asked for another time.
                    if not any(len(part) for part in parts):
                        raise
                    unfinished = True
                    break
                bare = 0 if len(page) else bare + 1
                parts.append(page[(page.index >= max(begin, first)) & (page.index < had)])
                # Pages share a candle, so that none is lost should an end count as outside.
                cursor = had = begin
        filled = [part for part in reversed(parts) if len(part)]
        candles = pd.concat(filled) if filled else empty()
        return Fetched(candles[candles.index < last], unfinished)

    def _page(
        self,
        visit: Visit,
        symbol: str,
        interval: str,
        begin: pd.Timestamp,
        end: pd.Timestamp,
    ) -> pd.DataFrame:
        """Fetch the candles that open in [begin, end]; open ones left out."""
        reply = visit.json(
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
        candles = to_candles(self.title, reply.document, _COLUMNS, now, most=10 * PAGE)
        # A clock that is ahead must not take an open candle for a closed one.
        return closed_only(candles, interval, min(now, reply.date or now))

    def _unknown(self, symbol: str, document: object) -> InvalidInput | SourceUnavailable:
        """Tell "no such product" from a page that is not there."""
        if isinstance(document, dict) and "message" in document:
            return InvalidInput(f"Coinbase has no {symbol}.")
        return SourceUnavailable("Coinbase's candles are not where they were (404).")


def exchange_ticker(coin: Coin) -> str | None:
    """Find what exchanges call the coin; ``None`` for symbols that only Yahoo knows.

    Yahoo's own symbols hold ``. ^ =`` or end in a number of three digits or more.
    """
    if coin.ticker in COINS:
        return coin.ticker
    plain = _PLAIN.fullmatch(coin.symbol)
    if plain is None or re.search(r"[0-9]{3}$", plain[1]):
        return None
    return plain[1]
