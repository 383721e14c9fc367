"""The one question the rest of the project asks of this package: prices of a coin.

Imports ``types``, ``errors``, ``settings`` and its neighbours. A live source within a deadline,
else what it said before, else the simulated market; and always which of the three it was.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Protocol

import pandas as pd

from cryptoforecast.errors import (
    CryptoForecastError,
    InvalidInput,
    NotEnoughData,
    SourceUnavailable,
)
from cryptoforecast.prices import quality, simulated
from cryptoforecast.prices.cache import Entry, PriceCache
from cryptoforecast.prices.coins import COINS, Coin, resolve
from cryptoforecast.prices.flight import Flight
from cryptoforecast.prices.resample import floor, resample, step_of
from cryptoforecast.prices.window import (
    bounds,
    checked,
    describe_age,
    late_start,
    nothing_inside,
)
from cryptoforecast.prices.yahoo import SOURCE, Yahoo
from cryptoforecast.settings import Settings
from cryptoforecast.types import MarketQuery, PriceHistory

# Intervals the source lacks are merged from these.
_FETCHED_AS = {"4h": "1h", "1w": "1d"}
# Candles fetched again each time, because a source may correct its last ones.
_OVERLAP = 3
# Seconds for which a failure of one symbol and interval is remembered.
_REFUSAL = 30.0
_HISTORIES = 32
_FLIGHTS_REMEMBERED = 256

Key = tuple[str, str]


class Source(Protocol):
    """Where live candles come from; ``Yahoo`` is one."""

    def fetch(
        self,
        symbol: str,
        interval: str,
        start: pd.Timestamp | None,
        end: pd.Timestamp | None,
        deadline: float,
    ) -> pd.DataFrame:
        """Fetch closed canonical candles in [start, end)."""
        ...


class Prices:
    """Histories of any coin, from the best source that answers.

    Safe for several threads; one request at a time for each symbol and interval.

    Args:
        settings: where the cache lies, whether the network may be asked, and for how long.
        source: where live candles come from; Yahoo by default.
    """

    def __init__(self, settings: Settings, source: Source | None = None) -> None:
        self._settings = settings
        self._source = source or Yahoo(settings.home)
        self._cache = PriceCache(settings.home / "prices", settings.price_files)
        self._lock = threading.Lock()
        self._flights: OrderedDict[Key, Flight] = OrderedDict()
        self._histories: OrderedDict[Hashable, PriceHistory] = OrderedDict()

    def history(self, query: MarketQuery, wait: float | None = None) -> PriceHistory:
        """Answer with closed candles in [start, end).

        Fresh cached prices, else the source's within ``wait`` seconds, else the last cached ones
        however old, else the simulated market. ``notes`` of the answer say which and why.

        Args:
            query: coin, interval and window.
            wait: seconds the source may take; the settings' deadline by default. 0 answers at
                once while the source is asked in the background.

        Raises:
            InvalidInput: if the query can't be met by any source.
            NotEnoughData: if no closed candle lies in the window.
        """
        coin = resolve(query.coin)
        query = checked(query)
        key = (coin.symbol, _FETCHED_AS.get(query.interval, query.interval))
        entry = self._cache.load(*key)
        trouble: CryptoForecastError | None = None
        if not self._settings.live:
            trouble = SourceUnavailable("Live prices are switched off.")
        elif entry is None or not self._suffices(entry, query, key[1]):
            limit = self._settings.deadline
            trouble = self._refresh(key, query, limit if wait is None else min(wait, limit))
            entry = self._cache.load(*key)
        listed = coin.ticker in COINS and not isinstance(trouble, NotEnoughData)
        if isinstance(trouble, InvalidInput) and not listed:
            raise trouble
        if entry is None:
            return self._simulate(coin, query, trouble)
        return self._answer(coin, query, entry, key[1], trouble)

    def refreshing(self, query: MarketQuery) -> bool:
        """Whether the source is being asked for this coin and interval right now."""
        interval = _FETCHED_AS.get(query.interval, query.interval)
        with self._lock:
            flight = self._flights.get((resolve(query.coin).symbol, interval))
            return flight is not None and not flight.done.is_set()

    # ------------------------------------------------------------------ asking the source

    def _suffices(self, entry: Entry, query: MarketQuery, interval: str) -> bool:
        """Whether the cache answers the query as well as the source would."""
        if not entry.reaches(query.start):
            return False
        now = pd.Timestamp.now("UTC")
        step = step_of(interval)
        next_close = entry.candles.index[-1] + 2 * step
        if query.end is not None and query.end <= next_close - step:
            return True
        return now < next_close or now - entry.fetched_at < pd.Timedelta(
            seconds=self._settings.fresh
        )

    def _refresh(self, key: Key, query: MarketQuery, wait: float) -> CryptoForecastError | None:
        """Ask the source, or join whoever is asking it; give what went wrong, if anything."""
        until = time.monotonic() + wait
        while True:
            flight = self._flight(key, query.start)
            if not flight.done.wait(max(until - time.monotonic(), 0)):
                return SourceUnavailable("Live prices are still being fetched.")
            if flight.error is not None or flight.covers(query.start):
                return flight.error

    def _flight(self, key: Key, start: pd.Timestamp | None) -> Flight:
        """Find the request under way or the refusal remembered, else start a request."""
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None and (not flight.done.is_set() or flight.refused_within(_REFUSAL)):
                return flight
            flight = Flight(lambda: self._update(key, start), start)
            self._flights[key] = flight
            self._flights.move_to_end(key)
            while len(self._flights) > _FLIGHTS_REMEMBERED:
                self._flights.popitem(last=False)
        threading.Thread(target=flight.run, daemon=True).start()
        return flight

    def _update(self, key: Key, start: pd.Timestamp | None) -> None:
        """Fetch what the cache lacks and store it; runs in a flight's thread."""
        symbol, interval = key
        entry = self._cache.load(symbol, interval)
        known = entry is not None and entry.reaches(start)
        since = entry.since if entry is not None and known else start
        begin = since
        if entry is not None and known:
            begin = entry.candles.index[max(len(entry.candles) - _OVERLAP, 0)]
        asked = pd.Timestamp.now("UTC")
        # A little less than anyone waits for the flight, so that they learn what happened.
        deadline = 0.9 * self._settings.deadline
        candles = self._source.fetch(symbol, interval, begin, None, deadline)
        if entry is not None:
            old = entry.candles
            before = old if candles.empty else old[old.index < candles.index[0]]
            candles = pd.concat([before, candles]) if len(before) else candles
        if candles.empty:
            raise NotEnoughData(
                f"The source has no closed {interval} candle of {symbol} since {start}. "
                "Choose an earlier start."
            )
        self._cache.store(symbol, interval, Entry(candles, asked, since, SOURCE, "usd"))

    # ------------------------------------------------------------------ answering

    def _answer(
        self,
        coin: Coin,
        query: MarketQuery,
        entry: Entry,
        interval: str,
        trouble: CryptoForecastError | None,
    ) -> PriceHistory:
        """Cut cached candles to the window."""
        notes: tuple[str, ...] = ()
        if trouble is not None:
            age = describe_age(pd.Timestamp.now("UTC") - entry.fetched_at)
            notes = (f"{trouble} These prices were fetched {age} ago.",)

        candles = resample(entry.candles, interval, query.interval)
        inside = bounds(candles, query)
        if inside.start >= inside.stop:
            raise NotEnoughData(nothing_inside(coin, query, candles))
        notes += late_start(query, candles)

        def build() -> PriceHistory:
            cut = candles.iloc[inside]
            return PriceHistory(
                coin=coin.ticker,
                interval=query.interval,
                candles=cut,
                source=entry.source,
                fetched_at=entry.fetched_at,
                volume_unit=entry.volume_unit,
                quality=quality.report(cut, query.interval),
                notes=notes,
            )

        state = (coin, query.interval, inside.start, inside.stop, entry.fetched_at, entry.since)
        return self._remember((*state, notes), build)

    def _simulate(
        self, coin: Coin, query: MarketQuery, trouble: CryptoForecastError | None
    ) -> PriceHistory:
        """Fall back on the embedded market, and say so."""
        if query.interval not in simulated.INTERVALS_OFFERED:
            raise SourceUnavailable(
                f"{trouble} Nothing is cached, and the simulated market has no {query.interval} "
                f"candles. Choose one of {', '.join(simulated.INTERVALS_OFFERED)}, or try later."
            )
        note = f"{trouble} Nothing is cached, so these prices are simulated, not a real market's."

        def build() -> PriceHistory:
            made = simulated.simulate(coin, query.interval, query.start, query.end)
            return replace(made, notes=(note,))

        times = (query.start, query.end, pd.Timestamp.now("UTC"))
        candles = [None if time is None else floor(time, query.interval) for time in times]
        exact = [time == candle for time, candle in zip(times, candles, strict=True)]
        return self._remember((coin, query.interval, *candles, *exact[:2], note), build)

    def _remember(self, key: Hashable, build: Callable[[], PriceHistory]) -> PriceHistory:
        """Give the same object for the same question and state."""
        with self._lock:
            if key in self._histories:
                self._histories.move_to_end(key)
                return self._histories[key]
        history = build()
        with self._lock:
            history = self._histories.setdefault(key, history)
            while len(self._histories) > _HISTORIES:
                self._histories.popitem(last=False)
        return history
