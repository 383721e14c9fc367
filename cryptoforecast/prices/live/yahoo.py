"""Yahoo Finance through yfinance: closed candles of one symbol, within a deadline.

yfinance is loaded by the first request, not by importing this module. Yahoo gives these prices for
personal use; they must not be shown to the public.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.candles.coins import Coin
from cryptoforecast.prices.candles.quality import closed_only, empty
from cryptoforecast.prices.live import yahoo_chart
from cryptoforecast.prices.live.breaker import CircuitBreaker
from cryptoforecast.prices.live.sources import CANDLE_NAMES, Fetched
from cryptoforecast.prices.live.wire import Tap

if TYPE_CHECKING:
    from cryptoforecast.prices.live.yahoo_session import YahooSession

#: How far back candles are requested, by interval: a little less than Yahoo's limit. ``None``
#: stands for no limit.
LOOK_BACK: dict[str, pd.Timedelta | None] = {
    "1m": pd.Timedelta(days=7, hours=12),
    "5m": pd.Timedelta(days=59),
    "15m": pd.Timedelta(days=59),
    "30m": pd.Timedelta(days=59),
    "1h": pd.Timedelta(days=729),
    "1d": None,
}

_EARLIEST = pd.Timestamp("2010-01-01", tz="UTC")
# Share of the deadline for requests. The rest is for returning what came.
_FETCH_SHARE = 0.95
# Seconds that must be left for a cookie, a crumb and the chart once more.
_MIN_COOKIE_TIME = 1.0


class Yahoo:
    """Fetches candles from Yahoo; volume is turnover in the quote currency.

    Args:
        home: Folder in which yfinance keeps its own small caches.
        breaker: Bounds each fetch; one breaker serves all symbols.
    """

    name = "yahoo"
    title = "Yahoo"
    volume_unit = "quote"

    def __init__(self, home: Path, breaker: CircuitBreaker | None = None) -> None:
        self.base = "https://query2.finance.yahoo.com"
        self._home = home
        self._tap: Tap | None = None
        self._breaker = breaker or CircuitBreaker("Yahoo")
        self._lock = threading.Lock()
        self._cookie_turn = threading.Lock()
        self._session: YahooSession | None = None

    def symbol(self, coin: Coin) -> str:
        """Return Yahoo's symbol of a coin, as ``"BTC-USD"``."""
        return coin.symbol

    def earliest(self, interval: str, now: pd.Timestamp) -> pd.Timestamp:
        """Return the first time for which Yahoo may have candles of this interval, UTC."""
        back = LOOK_BACK[interval]
        return _EARLIEST if back is None else now - back

    def limit(self, interval: str) -> str:
        """Say how far back Yahoo goes."""
        back = LOOK_BACK[interval]
        if back is None:
            return f"Yahoo is asked for {CANDLE_NAMES[interval]} since {_EARLIEST.year}."
        return f"Yahoo gives {CANDLE_NAMES[interval]} of the last {back.days} days only."

    def observe(self, tap: Tap | None) -> None:
        """Pass every answer to ``tap``; ``None`` ends that."""
        self._tap = tap

    def cost(self, rows: int, seconds: float) -> tuple[int, float]:
        """Return the requests that ``rows`` candles take, and about how many seconds in all.

        See ``doctor.Observable``.
        """
        return min(rows, 1), seconds

    def fetch(
        self,
        symbol: str,
        interval: str,
        start: pd.Timestamp | None,
        end: pd.Timestamp | None,
        deadline: float,
    ) -> Fetched:
        """Fetch the closed candles in [start, end).

        Args:
            symbol: Yahoo's symbol, such as ``"BTC-USD"``.
            interval: A key of ``LOOK_BACK``.
            start: Open of the first candle, UTC. ``None``, or a time before ``earliest``, stands
                for ``earliest``.
            end: Candles open before this time, UTC; ``None``: now.
            deadline: Seconds in all.

        Raises:
            InvalidInput: If Yahoo has no such interval or symbol, or quotes it in another
                currency.
            NotEnoughData: If Yahoo knows the symbol, but has no candles in the span.
            SourceUnavailable: If Yahoo fails or does not answer in time.
        """
        if interval not in LOOK_BACK:
            raise InvalidInput(
                f"Yahoo has {', '.join(LOOK_BACK)} candles. Received: {interval!r}. "
                "Choose one of these."
            )
        now = pd.Timestamp.now("UTC")
        first = self.earliest(interval, now)
        first = first if start is None else max(start, first)
        last = now if end is None else min(end, now)
        if first >= last:
            return Fetched(empty())
        chart = self._breaker.run(
            lambda: self._chart(symbol, interval, first, last, deadline), deadline
        )
        if chart.refusal is not None:
            raise chart.refusal
        quote = yahoo_chart.quote(symbol, chart)
        candles = empty() if chart.frame is None else yahoo_chart.canonical(chart.frame)
        candles = candles[(candles.index >= first) & (candles.index < last)]
        candles = closed_only(candles, interval, yahoo_chart.clock(chart, now))
        return Fetched(candles, quote=quote, clock=chart.date)

    def _chart(
        self,
        symbol: str,
        interval: str,
        start: pd.Timestamp,
        end: pd.Timestamp,
        deadline: float,
    ) -> yahoo_chart.Chart:
        """Ask for a chart, and with a cookie and a crumb if Yahoo refuses it without them.

        Raises:
            SourceUnavailable: If Yahoo gives no charts at all for now.
        """
        until = time.monotonic() + _FETCH_SHARE * deadline

        def ask(cookies: bool) -> yahoo_chart.Chart:
            with self._prepare().fetch(until - time.monotonic(), cookies, self._tap) as fetch:
                return yahoo_chart.ask(fetch, self._prepare(), symbol, interval, start, end)

        chart = ask(cookies=False)
        in_time = until - time.monotonic() >= _MIN_COOKIE_TIME
        # One thread at a time: yfinance keeps one cookie and one crumb for all of them.
        if chart.wants_cookie and in_time and self._cookie_turn.acquire(blocking=False):
            try:
                chart = ask(cookies=True)
            finally:
                self._cookie_turn.release()
        if chart.fault is not None:
            raise chart.fault
        return chart

    def _prepare(self) -> YahooSession:
        """Set yfinance up once: our session, our folder, and that it raises its errors."""
        with self._lock:
            if self._session is not None:
                return self._session
            import yfinance

            from cryptoforecast.prices.live.yahoo_session import YahooSession

            folder = self._home / "yfinance"
            # Where the folder can't be written, yfinance works without its caches.
            with contextlib.suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
            yfinance.set_tz_cache_location(str(folder))
            yfinance.config.debug.hide_exceptions = False
            # Failures reach us as exceptions. Log messages would only fill stderr.
            logging.getLogger("yfinance").setLevel(logging.CRITICAL)
            # yfinance still uses arguments of pandas that are deprecated.
            warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"yfinance\.")
            self._session = YahooSession()
            return self._session
