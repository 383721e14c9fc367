"""The prices of a coin: live, else cached, else simulated, and always labelled as what they are.

The first live source that answers the whole question within the deadline gives the prices; if none
does, the one that answers most of it. If no source answers, the cache does, and without cached
prices the simulated market. Notes say which of them it was, and why no earlier one answered.
"""

from __future__ import annotations

import contextlib
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
from cryptoforecast.prices.live import choice
from cryptoforecast.prices.live.defaults import live_sources
from cryptoforecast.prices.live.disk_cache import Entry, PriceCache
from cryptoforecast.prices.live.fallback import Attempt, Fallback
from cryptoforecast.prices.live.flights import Flights
from cryptoforecast.prices.live.no_prices import no_prices
from cryptoforecast.prices.live.query import (
    empty_window_message,
    late_start_notes,
    merge_complete,
    rows_inside,
    validate,
)
from cryptoforecast.prices.live.sources import MUCH_FURTHER, Source, base_interval, by_reach, share
from cryptoforecast.prices.live.update import Updater
from cryptoforecast.prices.simulation import market
from cryptoforecast.settings import Settings
from cryptoforecast.types import MarketQuery, PriceHistory, span_text

# For so long, candles of a source other than the preferred one count as fresh.
_FALLBACK_FRESH = pd.Timedelta(minutes=15)
# What is fetched to compare two sources: so many candles, within so many seconds.
_COMPARED_CANDLES, _MAX_COMPARE_TIME = 12, 3.0
# Seconds after which two sources are compared again: less than the age up to which their answers
# count in ``choice.check_agreement``.
_COMPARED_EVERY = 2400.0
_MAX_HISTORIES = 32
_MAX_COMPARED = 256


class LivePrices:
    """Gives the price history of any coin, from the first source that answers.

    Safe for several threads. Each symbol and interval is requested by one thread at a time.

    Args:
        settings: Where the cache lies, whether the network may be used, and for how long.
        sources: The live sources in the order of preference; Yahoo, Coinbase and Kraken by
            default.
    """

    def __init__(self, settings: Settings, sources: Sequence[Source] | None = None) -> None:
        self._settings = settings
        self._sources = sources or live_sources(settings.home, settings.pause)
        self._cache = PriceCache(settings.home / "prices", settings.price_files)
        self._updater = Updater(self._cache, settings.fresh)
        self._lock = threading.Lock()
        self._flights = Flights(settings.fresh, settings.retry)
        self._histories: LruCache[PriceHistory] = LruCache(_MAX_HISTORIES)
        self._comparisons: LruCache[float] = LruCache(_MAX_COMPARED)

    def only(self, source: str) -> LivePrices:
        """Return the prices of one of the sources alone.

        Raises:
            InvalidInput: If there is no source of this name.
        """
        matches = [each for each in self._sources if each.name == source]
        if not matches:
            names = ", ".join(each.name for each in self._sources)
            raise InvalidInput(f"A source must be one of {names}. Received: {source!r:.80}.")
        return LivePrices(self._settings, matches)

    def check(self, coin: str) -> None:
        """Refuse a coin that no source can have, without asking one.

        Raises:
            InvalidInput: If it is such a coin, or the text stands for none.
        """
        symbol = resolve(coin)
        failure = self._unknown(symbol)
        if failure is not None:
            raise no_prices(symbol, failure, simulated=False)

    def history(
        self, query: MarketQuery, wait: float | None = None, *, simulated: bool = True
    ) -> PriceHistory:
        """Return the closed candles that open in [start, end).

        These are fresh cached prices; otherwise the prices of a source that answers within
        ``wait`` seconds; otherwise the last cached prices, however old; otherwise simulated
        prices. The ``notes`` of the history say which, and why.

        Args:
            query: Coin, interval and window.
            wait: Seconds that the sources may take; the settings' deadline by default. With 0
                the answer comes at once, and the sources are asked in the background.
            simulated: Whether simulated prices may answer.

        Raises:
            InvalidInput: If the query is malformed, no source knows the coin, or two sources give
                the prices of different coins. With ``simulated``, also if no source answers for a
                coin outside the list, because such a coin has no simulated prices.
            SourceUnavailable: If no source answers, nothing is cached, and simulated prices may not
                answer, or there are none of a listed coin in this quote.
            NotEnoughData: If no closed candle lies in the window.
        """
        coin = resolve(query.coin)
        query = validate(query)
        entry = self._choose(coin, query)
        failure: CryptoForecastError | None = None
        if not self._settings.live:
            failure = SourceUnavailable("Live prices are switched off.")
        elif entry is None or not self._suffices(entry, query, coin):
            limit = self._settings.deadline
            is_listed = entry is not None or COINS.get(coin.ticker) == coin
            limit = limit if wait is None else min(wait, limit)
            failure = self._refresh(coin, query, limit, is_listed=is_listed)
            entry = self._choose(coin, query)
        if entry is None:
            if not (simulated and market.has(coin)) or isinstance(failure, NotEnoughData):
                raise no_prices(coin, failure, simulated=simulated)
            return self._simulate(coin, query, failure)
        return self._answer(coin, query, entry, failure)

    def refreshing(self, query: MarketQuery) -> bool:
        """Return whether the sources are being asked for this coin and interval right now."""
        return self._flights.is_running((resolve(query.coin).symbol, base_interval(query.interval)))

    # ------------------------------------------------------------------ the cache

    def _entries(self, coin: Coin, interval: str) -> list[tuple[Source, Entry]]:
        """Load the cached answers of all sources, in the order of preference."""
        entries = []
        for source in self._sources:
            symbol = source.symbol(coin)
            entry = None if symbol is None else self._cache.load((source.name, symbol, interval))
            if entry is not None:
                entries.append((source, entry))
        return entries

    def _choose(self, coin: Coin, query: MarketQuery) -> Entry | None:
        """Find the best cached answer; see ``choice.best``."""
        interval = base_interval(query.interval)
        entries = [entry for _, entry in self._entries(coin, interval)]
        return choice.best(
            entries, query, interval, lambda entry: self._suffices(entry, query, coin)
        )

    def _suffices(self, entry: Entry, query: MarketQuery, coin: Coin) -> bool:
        """Return whether the cache answers the query as well as the source would."""
        if not entry.reaches(query.start):
            return False
        now = pd.Timestamp.now("UTC")
        step = step_of(base_interval(query.interval))
        next_close = entry.candles.index[-1] + 2 * step
        if query.end is not None and query.end <= next_close - step:
            return True
        if entry.is_fresh(now, pd.Timedelta(seconds=self._settings.fresh)):
            return True
        if entry.is_dated_ahead(now):
            return False
        # Nothing newer can exist yet. But after a while the preferred source may be back, and a
        # source that goes back further may answer at any time.
        if now >= next_close or entry.source == self._sources[0].name:
            return bool(now < next_close)
        return entry.age(now) < _FALLBACK_FRESH and not self._is_short(entry, query, coin)

    def _is_short(self, entry: Entry, query: MarketQuery, coin: Coin) -> bool:
        """Return whether another source may go back much further than that of an entry."""
        interval, now = base_interval(query.interval), entry.fetched_at
        reaches = {
            source.name: source.earliest(interval, now)
            for source in self._sources
            if source.symbol(coin) is not None
        }
        furthest, own = min(reaches.values()), reaches[entry.source]
        start = furthest if query.start is None else max(furthest, query.start)
        return bool(now - start > MUCH_FURTHER * (now - own))

    # ------------------------------------------------------------------ asking the sources

    def _refresh(
        self, coin: Coin, query: MarketQuery, wait: float, *, is_listed: bool
    ) -> CryptoForecastError | None:
        """Ask the sources, or wait for a request that is running; return what went wrong."""
        unknown = self._unknown(coin)
        if unknown is not None:
            return unknown
        interval, start = base_interval(query.interval), query.start
        until = time.monotonic() + wait
        while True:
            flight = self._flights.join(
                (coin.symbol, interval),
                start,
                lambda: self._fallback(coin, interval, start).run,
                is_listed=is_listed,
            )
            if not flight.done.wait(max(until - time.monotonic(), 0)):
                return SourceUnavailable("Live prices are still being fetched.")
            if flight.error is not None or flight.covers(start):
                return flight.error

    def _unknown(self, coin: Coin) -> InvalidInput | None:
        """Return the error about a coin that none of the sources can have."""
        if any(source.symbol(coin) is not None for source in self._sources):
            return None
        titles = " and ".join(source.title for source in self._sources)
        has = "has" if len(self._sources) == 1 else "have"
        return InvalidInput(f"{titles} {has} no {coin.symbol}.")

    def _fallback(self, coin: Coin, interval: str, start: pd.Timestamp | None) -> Fallback:
        """Put the sources that can have the coin in their order."""
        now = pd.Timestamp.now("UTC")
        sources = [source for source in self._sources if source.symbol(coin) is not None]
        further, rest = by_reach(sources, interval, start, now)
        # What the first source can't reach is asked for only where another goes much further.
        limit = sources[0].earliest(interval, now)
        target = start if start is not None and further else max(start or limit, limit)

        def attempt(source: Source, before: tuple[str, ...]) -> Attempt:
            def request(budget: float, reasons: tuple[str, ...]) -> float:
                return self._ask(source, coin, interval, start, target, budget, (*before, *reasons))

            most = share(source.earliest(interval, now), target, now, interval)
            return Attempt(source.title, request, most)

        attempts = [attempt(source, (sources[0].limit(interval),)) for source in further]
        attempts += [attempt(source, ()) for source in rest]
        # A little less than anyone waits, so that those who wait learn what happened.
        return Fallback(attempts, 0.9 * self._settings.deadline)

    def _ask(
        self,
        source: Source,
        coin: Coin,
        interval: str,
        start: pd.Timestamp | None,
        target: pd.Timestamp,
        budget: float,
        reasons: tuple[str, ...],
    ) -> float:
        """Bring one source up to date, and return how much of the window it covers, 0 to 1.

        If the source was asked for all it has, or for this window once before, a late first candle
        means that the market began there. Then only the source's own limit makes the share smaller.
        """
        until = time.monotonic() + budget
        before = self._cache.load((source.name, source.symbol(coin) or "", interval))
        entry = self._updater.update(source, coin, interval, start, budget, reasons)
        now = entry.fetched_at
        if coin.ticker not in COINS and self._comparison_is_due(coin, interval):
            self._compare(source, coin, interval, now, until - time.monotonic())
        reached_start = before is not None and before.reaches(start)
        if entry.reaches(start) and (start is None or reached_start):
            return share(source.earliest(interval, now), target, now, interval)
        return share(entry.candles.index[0], target, now, interval)

    def _comparison_is_due(self, coin: Coin, interval: str) -> bool:
        """Return whether no comparison was tried for a while, and note that one is tried now."""
        key = (coin.symbol, interval)
        with self._lock:
            last = self._comparisons.get(key)
            if last is not None and time.monotonic() - last < _COMPARED_EVERY:
                return False
            self._comparisons.put(key, time.monotonic())
            return True

    def _compare(
        self, source: Source, coin: Coin, interval: str, now: pd.Timestamp, budget: float
    ) -> None:
        """Fetch another source's last candles of a coin that is looked up by its letters."""
        start = floor(now, interval) - _COMPARED_CANDLES * step_of(interval)
        until = time.monotonic() + min(budget, _MAX_COMPARE_TIME)
        for other in self._sources:
            seconds = until - time.monotonic()
            if other.name == source.name or other.symbol(coin) is None or seconds <= 0:
                continue
            # A source that does not answer, or does not know the coin, is no contradiction.
            with contextlib.suppress(CryptoForecastError):
                self._updater.update(other, coin, interval, start, seconds, ())
                return

    # ------------------------------------------------------------------ answering

    def _answer(
        self, coin: Coin, query: MarketQuery, entry: Entry, failure: CryptoForecastError | None
    ) -> PriceHistory:
        """Make a history of the cached candles inside the window."""
        interval = base_interval(query.interval)
        titles = {source.name: source.title for source in self._sources}
        others = [other for _, other in self._entries(coin, interval)]
        choice.check_agreement(coin, interval, entry, others, titles)
        notes, access = entry.notes, entry.access_notes
        if failure is not None:
            age = span_text(entry.age(pd.Timestamp.now("UTC")))
            notes = access = (f"{failure} These prices were fetched {age} ago.",)
        elif not self._suffices(entry, query, coin):
            older = self._older(entry)
            notes, access = (*notes, *older), (*access, *older)

        candles = merge_complete(entry.candles, interval, query.interval)
        inside = rows_inside(candles, query)
        if inside.start >= inside.stop:
            raise NotEnoughData(empty_window_message(coin, query, candles))
        reach = self._reach(query, entry, candles)
        notes, access = (*notes, *reach), (*access, *reach)

        def build() -> PriceHistory:
            cut = candles.iloc[inside]
            return PriceHistory(
                coin=coin.ticker,
                interval=query.interval,
                candles=cut,
                source=entry.source,
                fetched_at=entry.fetched_at,
                clock_ahead=entry.clock_ahead,
                volume_unit=entry.volume_unit,
                quote=entry.quote,
                quality=quality.report(cut, query.interval),
                notes=notes,
                access_notes=access,
            )

        state = (entry.source, entry.fetched_at, entry.since)
        return self._histories.get_or_make(
            (coin, query.interval, inside.start, inside.stop, *state, notes), build
        )

    def _reach(self, query: MarketQuery, entry: Entry, candles: pd.DataFrame) -> tuple[str, ...]:
        """Say whether the candles start later than the query wants, and why."""
        source = next(source for source in self._sources if source.name == entry.source)
        interval = base_interval(query.interval)
        earliest = source.earliest(interval, entry.fetched_at)
        if query.start is None:
            # All candles are wanted. Does the market begin here, or only the source?
            cut = candles.index[0] <= earliest + 2 * step_of(query.interval)
            return (source.limit(interval),) if cut else ()
        reason = ""
        if earliest > query.start:
            reason = source.limit(interval)
        elif not entry.reaches(query.start):
            reason = "Earlier ones did not come in time; ask again."
        return late_start_notes(query, candles, source.title, reason)

    def _older(self, entry: Entry) -> tuple[str, ...]:
        """Say that cached prices answer, because the sources that answered have fewer."""
        age = entry.age(pd.Timestamp.now("UTC"))
        if age < pd.Timedelta(seconds=max(self._settings.fresh, self._settings.deadline)):
            return ()
        title = next(source.title for source in self._sources if source.name == entry.source)
        return (
            f"These prices are {title}'s, fetched {span_text(age)} ago. The sources that answer "
            "now go back less far.",
        )

    def _simulate(
        self, coin: Coin, query: MarketQuery, failure: CryptoForecastError | None
    ) -> PriceHistory:
        """Make a history of simulated prices, with a note that says so."""
        note = f"{failure} Nothing is cached, so these prices are simulated, not a real market's."

        def build() -> PriceHistory:
            simulated = market.simulate(coin, query.interval, query.start, query.end)
            reach = late_start_notes(query, simulated.candles, "the simulated market", "")
            notes = (note, *reach)
            return replace(simulated, notes=notes, access_notes=notes)

        times = (query.start, query.end, pd.Timestamp.now("UTC"))
        candles = [None if time is None else floor(time, query.interval) for time in times]
        exact = [time == candle for time, candle in zip(times, candles, strict=True)]
        return self._histories.get_or_make(
            (coin, query.interval, *candles, *exact[:2], note), build
        )
