"""Live signals: fetched when needed, once for all who wait, and cached on disk as prices are."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pandas as pd

from cryptoforecast.errors import CryptoForecastError, SourceUnavailable
from cryptoforecast.prices.live.breaker import CircuitBreaker
from cryptoforecast.prices.live.disk_cache import Entry, Key, PriceCache
from cryptoforecast.prices.live.flights import Flights
from cryptoforecast.settings import Settings
from cryptoforecast.signals.dvol import Dvol
from cryptoforecast.signals.fear_greed import FearGreed
from cryptoforecast.signals.series import from_series, text_of
from cryptoforecast.signals.simulation import empty_index
from cryptoforecast.signals.sources import Request, SignalSource
from cryptoforecast.types import PriceHistory, Signal

#: For so long, values count as fresh: they change once an hour or once a day.
FRESH = pd.Timedelta(minutes=10)


class LiveSignals:
    """Gives the values of live signals. Safe for several threads.

    Args:
        settings: Where the cache lies, whether the network may be used, and for how long.
        sources: The live sources; by default Fear & Greed and DVOL.
    """

    def __init__(self, settings: Settings, sources: Sequence[SignalSource] | None = None) -> None:
        self._settings = settings
        self._sources = {each.name: each for each in sources or live_sources(settings.pause)}
        self._cache = PriceCache(settings.home / "signals", settings.price_files)
        self._flights = Flights(FRESH.total_seconds(), settings.retry)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the signals."""
        return tuple(self._sources)

    def signal(self, name: str, history: PriceHistory, wait: float | None = None) -> Signal:
        """Return a signal in the time of a history; a simulated one beside simulated prices.

        Args:
            name: One of ``names``.
            history: The prices that it will be beside.
            wait: Seconds that the source may take; the settings' deadline by default.

        Raises:
            SourceUnavailable: If its source does not answer, and nothing is cached.
            NotEnoughData: If the source has fewer than two values.
        """
        source = self._sources[name]
        request = source.request(history.coin, history.interval)
        if history.simulated:
            series, about = _simulated(source, request, history)
        else:
            series, about = self._real(source, request, history, wait)
        return from_series(
            name,
            series,
            about,
            lag=request.lag,
            max_age=source.max_age,
            simulated=history.simulated,
        )

    def _real(
        self, source: SignalSource, request: Request, history: PriceHistory, wait: float | None
    ) -> tuple[pd.Series, str]:
        """Return the values of a source, fetched now or before, and where they come from."""
        start = max(source.start, history.start - source.max_age - request.lag)
        start = start.floor("D")
        key = (source.name, request.symbol, text_of(request.step))
        entry, failure = self._cache.load(key), None
        if entry is None or not self._suffices(entry, start, history):
            failure = self._refresh(source, request, key, start, wait)
            entry = self._cache.load(key)
        if entry is None:
            reason = failure or f"{source.title} has no values in the time of these prices."
            raise SourceUnavailable(
                f"The signal {source.name} could not be had. {reason} Give it as a file (--signal "
                f"{source.name}=FILE on the command line, signals= in Python), or leave it out."
            )
        return entry.candles["close"], f"{source.title} ({request.symbol})"

    def _suffices(self, entry: Entry, start: pd.Timestamp, history: PriceHistory) -> bool:
        """Return whether nothing is gained by asking again."""
        if not entry.reaches(start):
            return False
        now = pd.Timestamp.now("UTC")
        return entry.is_fresh(now, FRESH) or entry.candles.index[-1] >= history.closes_at

    def _refresh(
        self,
        source: SignalSource,
        request: Request,
        key: Key,
        start: pd.Timestamp,
        wait: float | None,
    ) -> CryptoForecastError | None:
        """Ask a source, or wait for whoever is asking it; return what went wrong."""
        if not self._settings.live:
            return SourceUnavailable("Live signals are switched off.")
        seconds = self._settings.deadline
        flight = self._flights.join(
            ("_".join(key), text_of(request.step)),
            start,
            lambda: lambda: self._update(source, request, key, start, seconds),
            is_listed=True,
        )
        if not flight.done.wait(seconds if wait is None else min(wait, seconds)):
            if wait is not None and wait < seconds:
                return SourceUnavailable(f"{source.title} is being asked. Try again in a moment.")
            return SourceUnavailable(f"{source.title} did not answer within {seconds:g} s.")
        return flight.error

    def _update(
        self,
        source: SignalSource,
        request: Request,
        key: Key,
        start: pd.Timestamp,
        seconds: float,
    ) -> None:
        """Fetch what the cache lacks, and store it."""
        until, now = time.monotonic() + seconds, pd.Timestamp.now("UTC")
        entry = self._cache.load(key)
        parts, since, begin = [], start, start
        if entry is not None:
            parts.append(entry.candles)
            since = entry.since or entry.candles.index[0]
            begin = entry.candles.index[-1]
        newer = source.fetch(request, begin, now, until - time.monotonic())
        parts.append(newer.candles)
        if newer.unfinished:
            # A gap lies between the cached values and these. The next fetch can close it.
            parts, since = [newer.candles], newer.candles.index[0]
        elif entry is not None and start < since:
            first = entry.candles.index[0]
            older = source.fetch(request, start, first, max(until - time.monotonic(), 0.1))
            parts.append(older.candles)
            since = older.candles.index[0] if older.unfinished else start
        values = pd.concat(parts)
        if values.empty:
            raise SourceUnavailable(f"{source.title} sent no values.")
        values = values[~values.index.duplicated(keep="last")].sort_index()
        self._cache.store(key, Entry(values, now, since, source.name, "unknown"))


def live_sources(pause: float) -> tuple[FearGreed, Dvol]:
    """Make the live sources anew; each is left alone for ``pause`` seconds after a failure."""
    return (
        FearGreed(breaker=CircuitBreaker(FearGreed.title, pause)),
        Dvol(breaker=CircuitBreaker(Dvol.title, pause)),
    )


def _simulated(
    source: SignalSource, request: Request, history: PriceHistory
) -> tuple[pd.Series, str]:
    """Return an index that knows nothing of the prices, and what it is."""
    values = empty_index(source.name, request.step, history.closes_at)
    return values, "a random index that knows nothing of any price"
