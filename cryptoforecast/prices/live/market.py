"""The one question the rest of the project asks of this package: prices of a coin.

Imports ``types``, ``errors``, ``settings`` and its neighbours. The first live source that answers
within the deadline, else what one said before, else the simulated market; and always which of
them it was, and why not an earlier one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from cryptoforecast.cache import LruCache
from cryptoforecast.errors import (
    CryptoForecastError,
    InvalidInput,
    NotEnoughData,
    SourceUnavailable,
)
from cryptoforecast.prices.candles import quality
from cryptoforecast.prices.candles.coins import COINS, Coin, resolve
from cryptoforecast.prices.candles.resample import floor, step_of
from cryptoforecast.prices.live.coinbase import Coinbase
from cryptoforecast.prices.live.disk_cache import Entry, PriceCache
from cryptoforecast.prices.live.fallback import Chain, Link
from cryptoforecast.prices.live.kraken import Kraken
from cryptoforecast.prices.live.query import (
    bounds,
    checked,
    describe_age,
    late_start,
    nothing_inside,
    whole,
)
from cryptoforecast.prices.live.single_flight import Flight
from cryptoforecast.prices.live.sources import Source, base_interval, by_reach, ended
from cryptoforecast.prices.live.update import Updater
from cryptoforecast.prices.live.yahoo import Yahoo
from cryptoforecast.prices.simulation import market
from cryptoforecast.settings import Settings
from cryptoforecast.types import MarketQuery, PriceHistory

# Seconds for which a failure of one symbol and interval is remembered.
_REFUSAL = 30.0
# For how long another than the preferred source's candles are not asked for again.
_FALLBACK_KEPT = pd.Timedelta(minutes=15)
_HISTORIES = 32
_FLIGHTS_REMEMBERED = 256

Key = tuple[str, str]


class Prices:
    """Histories of any coin, from the first source that answers.

    Safe for several threads; one request at a time for each symbol and interval.

    Args:
        settings: where the cache lies, whether the network may be asked, and for how long.
        sources: where live candles come from, in the order of preference; Yahoo, Coinbase and
            Kraken by default.
    """

    def __init__(self, settings: Settings, sources: Sequence[Source] | None = None) -> None:
        self._settings = settings
        self._sources = sources or (Yahoo(settings.home), Coinbase(), Kraken())
        self._cache = PriceCache(settings.home / "prices", settings.price_files)
        self._updater = Updater(self._cache, settings.fresh)
        self._lock = threading.Lock()
        self._flights: LruCache[Flight] = LruCache(_FLIGHTS_REMEMBERED)
        self._histories: LruCache[PriceHistory] = LruCache(_HISTORIES)

    def history(self, query: MarketQuery, wait: float | None = None) -> PriceHistory:
        """Answer with closed candles in [start, end).

        Fresh cached prices, else a source's within ``wait`` seconds, else the last cached ones
        however old, else the simulated market. ``notes`` of the answer say which and why.

        Args:
            query: coin, interval and window.
            wait: seconds the sources may take; the settings' deadline by default. 0 answers at
                once while they are asked in the background.

        Raises:
            InvalidInput: if the query can't be met by any source.
            NotEnoughData: if no closed candle lies in the window.
        """
        coin = resolve(query.coin)
        query = checked(query)
        entry = self._choose(coin, query)
        trouble: CryptoForecastError | None = None
        if not self._settings.live:
            trouble = SourceUnavailable("Live prices are switched off.")
        elif entry is None or not self._suffices(entry, query):
            limit = self._settings.deadline
            trouble = self._refresh(coin, query, limit if wait is None else min(wait, limit))
            entry = self._choose(coin, query)
        listed = coin.ticker in COINS and not isinstance(trouble, NotEnoughData)
        if isinstance(trouble, InvalidInput) and not listed and entry is None:
            raise trouble
        if entry is None:
            return self._simulate(coin, query, trouble)
        return self._answer(coin, query, entry, trouble)

    def refreshing(self, query: MarketQuery) -> bool:
        """Whether the sources are being asked for this coin and interval right now."""
        with self._lock:
            flight = self._flights.get((resolve(query.coin).symbol, base_interval(query.interval)))
            return flight is not None and not flight.done.is_set()

    # ------------------------------------------------------------------ the cache

    def _choose(self, coin: Coin, query: MarketQuery) -> Entry | None:
        """Find the best cached answer: of those that suffice the most preferred source's, else
        the one last fetched. A market that has ended comes after one that goes on.
        """
        interval = base_interval(query.interval)
        found: list[tuple[tuple[bool, bool, bool, float], Entry]] = []
        for place, source in enumerate(self._sources):
            symbol = source.symbol(coin)
            entry = None if symbol is None else self._cache.load((source.name, symbol, interval))
            if entry is None:
                continue
            over = ended(entry.candles, interval, entry.fetched_at)
            good = self._suffices(entry, query)
            age = -entry.fetched_at.timestamp()
            inside = _overlaps(entry, query)
            found.append(((not inside, over, not good, place if good else age), entry))
        return min(found, key=lambda pair: pair[0])[1] if found else None

    def _suffices(self, entry: Entry, query: MarketQuery) -> bool:
        """Whether the cache answers the query as well as the source would."""
        if not entry.reaches(query.start):
            return False
        now = pd.Timestamp.now("UTC")
        step = step_of(base_interval(query.interval))
        next_close = entry.candles.index[-1] + 2 * step
        if query.end is not None and query.end <= next_close - step:
            return True
        age = now - entry.fetched_at
        if age < pd.Timedelta(seconds=self._settings.fresh):
            return True
        # Nothing newer can exist yet; but after a while the preferred source may be back.
        preferred = entry.source == self._sources[0].name
        return now < next_close and (preferred or age < _FALLBACK_KEPT)

    # ------------------------------------------------------------------ asking the sources

    def _refresh(self, coin: Coin, query: MarketQuery, wait: float) -> CryptoForecastError | None:
        """Ask the sources, or join whoever is asking; give what went wrong, if anything."""
        until = time.monotonic() + wait
        while True:
            flight = self._flight(coin, base_interval(query.interval), query.start)
            if not flight.done.wait(max(until - time.monotonic(), 0)):
                return SourceUnavailable("Live prices are still being fetched.")
            if flight.error is not None or flight.covers(query.start):
                return flight.error

    def _flight(self, coin: Coin, interval: str, start: pd.Timestamp | None) -> Flight:
        """Find the request under way or the refusal remembered, else start a request."""
        key = (coin.symbol, interval)
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None and (not flight.done.is_set() or flight.refused_within(_REFUSAL)):
                return flight
            flight = Flight(self._chain(coin, interval, start).run, start)
            self._flights.put(key, flight)
        threading.Thread(target=flight.run, daemon=True).start()
        return flight

    def _chain(self, coin: Coin, interval: str, start: pd.Timestamp | None) -> Chain:
        """Line up the sources that can have the coin."""

        def link(source: Source, before: tuple[str, ...]) -> Link:
            def ask(budget: float, reasons: tuple[str, ...]) -> None:
                told = (*before, *reasons)
                self._updater.update(source, coin, interval, start, budget, told)

            return Link(source.title, ask)

        known = [source for source in self._sources if source.symbol(coin) is not None]
        further, rest = by_reach(known, interval, start, pd.Timestamp.now("UTC"))
        links = [link(source, (known[0].limit(interval),)) for source in further]
        links += [link(source, ()) for source in rest]
        # A little less than anyone waits for the flight, so that they learn what happened.
        return Chain(links, 0.9 * self._settings.deadline)

    # ------------------------------------------------------------------ answering

    def _answer(
        self, coin: Coin, query: MarketQuery, entry: Entry, trouble: CryptoForecastError | None
    ) -> PriceHistory:
        """Cut cached candles to the window."""
        interval = base_interval(query.interval)
        notes = entry.notes
        if trouble is not None:
            age = describe_age(pd.Timestamp.now("UTC") - entry.fetched_at)
            notes = (f"{trouble} These prices were fetched {age} ago.",)

        candles = whole(entry.candles, interval, query.interval)
        inside = bounds(candles, query)
        if inside.start >= inside.stop:
            raise NotEnoughData(nothing_inside(coin, query, candles))
        notes += self._reach(query, entry, candles)

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

        state = (entry.source, entry.fetched_at, entry.since)
        return self._histories.answer(
            (coin, query.interval, inside.start, inside.stop, *state, notes), build
        )

    def _reach(self, query: MarketQuery, entry: Entry, candles: pd.DataFrame) -> tuple[str, ...]:
        """Say where the candles begin later than was asked, and whose limit that is."""
        source = next(source for source in self._sources if source.name == entry.source)
        interval = base_interval(query.interval)
        earliest = source.earliest(interval, entry.fetched_at)
        if query.start is None:
            # All there are was asked for: is it the market that begins here, or the source?
            cut = candles.index[0] <= earliest + 2 * step_of(query.interval)
            return (source.limit(interval),) if cut else ()
        why = ""
        if earliest > query.start:
            why = source.limit(interval)
        elif not entry.reaches(query.start):
            why = "Earlier ones did not come in time; ask again."
        return late_start(query, candles, source.title, why)

    def _simulate(
        self, coin: Coin, query: MarketQuery, trouble: CryptoForecastError | None
    ) -> PriceHistory:
        """Fall back on the embedded market, and say so."""
        note = f"{trouble} Nothing is cached, so these prices are simulated, not a real market's."

        def build() -> PriceHistory:
            made = market.simulate(coin, query.interval, query.start, query.end)
            reach = late_start(query, made.candles, "the simulated market", "")
            return replace(made, notes=(note, *reach))

        times = (query.start, query.end, pd.Timestamp.now("UTC"))
        candles = [None if time is None else floor(time, query.interval) for time in times]
        exact = [time == candle for time, candle in zip(times, candles, strict=True)]
        return self._histories.answer((coin, query.interval, *candles, *exact[:2], note), build)


def _overlaps(entry: Entry, query: MarketQuery) -> bool:
    """Whether any candle lies in the window."""
    first, last = entry.candles.index[0], entry.candles.index[-1]
    return (query.start is None or last >= query.start) and (query.end is None or first < query.end)
