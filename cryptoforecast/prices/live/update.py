"""One source's candles, brought up to date: what it answers, joined to what is cached.

Each source's candles are kept by themselves. Two markets differ in price and in the unit of
volume, so the candles of one source are never continued with those of another.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Protocol

import numpy as np
import pandas as pd

from cryptoforecast.errors import NotEnoughData, SourceUnavailable
from cryptoforecast.prices.candles.coins import COINS, Coin
from cryptoforecast.prices.candles.quality import closed_only
from cryptoforecast.prices.candles.resample import floor, step_of
from cryptoforecast.prices.live import checks
from cryptoforecast.prices.live.disk_cache import Entry, Key, PriceCache
from cryptoforecast.prices.live.sources import Fetched, Source, ended
from cryptoforecast.types import Array

# Candles fetched again each time, because a source may correct its last ones.
_OVERLAP_ROWS = 3
# A candle counts as revised if one of its prices moved by more than a basis point. Less is the
# rounding of a source that closes its candles late; such a candle is replaced without a note.
_MIN_REVISION = 1e-4
# Candles fetched again that differ by this share are of another market, or in another unit.
_CONTRADICTION = 0.2
_NOT_AHEAD = pd.Timedelta(0)
# About 140 days of minutes, or 22 years of hours.
_MAX_ROWS = 200_000


class Updater:
    """Asks sources for the candles that the cache lacks, and stores them.

    Args:
        cache: Where candles are kept.
        fresh: Seconds for which cached candles need no continuation.
    """

    def __init__(self, cache: PriceCache, fresh: float) -> None:
        self._cache = cache
        self._fresh = pd.Timedelta(seconds=fresh)

    def update(
        self,
        source: Source,
        coin: Coin,
        interval: str,
        start: pd.Timestamp | None,
        budget: float,
        reasons: tuple[str, ...],
    ) -> Entry:
        """Bring one source's cached candles up to date, from ``start`` on.

        Args:
            source: The source that is asked.
            coin: The coin.
            interval: Candle length, one that every source has.
            start: Open of the first candle wanted, UTC; ``None``: as far back as the source
                goes.
            budget: Seconds in all.
            reasons: Sentences that say why the sources before this one did not answer.

        Returns:
            The entry that is stored.

        Raises:
            InvalidInput: If the source has no market of this symbol.
            NotEnoughData: If the source can't have the coin, or has no closed candle there.
            SourceUnavailable: If the source fails, has no recent candle, or rounds its prices too
                coarsely.
        """
        symbol = source.symbol(coin)
        if symbol is None:
            raise NotEnoughData(f"{source.title} does not know {coin.symbol}.")
        key: Key = (source.name, symbol, interval)
        now = pd.Timestamp.now("UTC")
        until = time.monotonic() + budget
        entry = self._cache.load(key)
        clock_ahead = None if entry is None else entry.clock_ahead

        def fetch(begin: pd.Timestamp | None, end: pd.Timestamp | None = None) -> Fetched:
            nonlocal clock_ahead
            seconds = max(until - time.monotonic(), 0.001)
            fetched = source.fetch(symbol, interval, begin, end, seconds)
            clock = fetched.clock
            clock_ahead = None if clock is None else pd.Timestamp.now("UTC") - clock
            return replace(fetched, candles=closed_only(fetched.candles, interval, now))

        notes = source_notes(source, coin, reasons)
        candles, since, quote = None, start, coin.quote
        if entry is not None:
            quote = entry.quote
            candles, since, changes = self._extend(source, interval, entry, start, now, fetch)
            notes += changes
        if candles is None:
            fetched = fetch(start)
            candles = fetched.candles
            if candles.empty:
                raise NotEnoughData(
                    f"{source.title} has no closed {interval} candle of {coin.ticker} there."
                )
            since = candles.index[0] if fetched.unfinished else start
            quote = fetched.quote or coin.quote
        _check_step(source, coin, candles)
        notes += _end_notes(source, coin, interval, candles, now)
        if len(candles) > _MAX_ROWS:
            candles = candles.iloc[-_MAX_ROWS:]
            since = candles.index[0]
        # A clock that is ahead ends no market.
        over = ended(candles, interval, now - max(clock_ahead or _NOT_AHEAD, _NOT_AHEAD))
        if over:
            notes = (
                f"{source.title}'s last {interval} candle of {coin.ticker} is from "
                f"{candles.index[-1]:%Y-%m-%d}; trading there may have ended.",
            )
        # If the clock was set back, cached candles may have closed later than it says.
        fetched_at = max(now, candles.index[-1] + step_of(interval))
        entry = Entry(
            candles, fetched_at, since, source.name, source.volume_unit, notes, quote, reasons,
            clock_ahead,
        )  # fmt: skip
        self._cache.store(key, entry)
        if over:
            raise SourceUnavailable(notes[0])
        return entry

    def _extend(
        self,
        source: Source,
        interval: str,
        entry: Entry,
        start: pd.Timestamp | None,
        now: pd.Timestamp,
        fetch: _Fetch,
    ) -> tuple[pd.DataFrame | None, pd.Timestamp | None, tuple[str, ...]]:
        """Fetch the candles after the cached ones, and those before them.

        Returns:
            The joined candles (``None`` if the cached ones must be fetched anew), the start that
            they reach back to, and notes.
        """
        candles, since = entry.candles, entry.since
        notes: tuple[str, ...] = ()
        if entry.reaches(start) or not entry.is_fresh(now, self._fresh):
            newer = fetch(candles.index[max(len(candles) - _OVERLAP_ROWS, 0)])
            new = newer.candles
            if newer.unfinished and len(new):
                # A gap lies between the cached candles and these. The next fetch can close it.
                return new, new.index[0], ()
            if newer.quote not in (None, entry.quote):
                return None, since, ()
            if contradicts(candles, new):
                note = (
                    f"{source.title} now gives other prices than before, so all of them were "
                    "fetched anew."
                )
                return None, since, (note,)
            notes = change_notes(source.title, candles, new, interval)
            candles = join(candles, new)
        if not entry.reaches(start):
            older = fetch(start, candles.index[min(_OVERLAP_ROWS, len(candles) - 1)])
            candles = join(candles, older.candles)
            since = candles.index[0] if older.unfinished else start
        return candles, since, notes


class _Fetch(Protocol):
    """Fetches the candles of [begin, end) within the rest of the budget."""

    def __call__(self, begin: pd.Timestamp | None, end: pd.Timestamp | None = None) -> Fetched: ...


def source_notes(source: Source, coin: Coin, reasons: tuple[str, ...]) -> tuple[str, ...]:
    """Say why this source answers and not an earlier one.

    Args:
        source: The source that answers.
        coin: The coin.
        reasons: Sentences that say why the earlier sources did not answer.

    Returns:
        The reasons and whose prices these are, or nothing if there are no reasons. For a coin
        that is not of the list, a warning in any case: another coin may have the same letters.
    """
    notes = (*reasons, f"These prices are {source.title}'s.") if reasons else ()
    if coin.ticker not in COINS:
        notes += (
            f"{coin.symbol} is not in the list of coins and is looked up by its letters, so make "
            "sure that it is the coin you mean.",
        )
    return notes


def _end_notes(
    source: Source, coin: Coin, interval: str, candles: pd.DataFrame, now: pd.Timestamp
) -> tuple[str, ...]:
    """Say that the candle of yesterday is not there yet; coins trade every day."""
    last, step = candles.index[-1], step_of(interval)
    if interval != "1d" or last + 2 * step > now or not coin.symbol.endswith(f"-{coin.quote}"):
        return ()
    return (
        f"{source.title} has no daily candle after {last:%Y-%m-%d} yet, though "
        f"{floor(now, interval) - step:%Y-%m-%d} is over.",
    )


def _check_step(source: Source, coin: Coin, candles: pd.DataFrame) -> None:
    """Refuse prices that are rounded so coarsely that a forecast means nothing.

    Raises:
        SourceUnavailable: If the step between them is too large.
    """
    step = checks.price_step(candles)
    if step > checks.MAX_PRICE_STEP:
        raise SourceUnavailable(
            f"{source.title} rounds the prices of {coin.ticker} to steps of {100 * step:.2g} %, "
            "which is too coarse to forecast them."
        )


def join(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Replace the span of ``old`` that ``new`` covers; both are canonical and of one source."""
    if new.empty:
        return old
    before, after = old[old.index < new.index[0]], old[old.index > new.index[-1]]
    parts = [part for part in (before, new, after) if len(part)]
    return pd.concat(parts) if len(parts) > 1 else new


def contradicts(old: pd.DataFrame, new: pd.DataFrame) -> bool:
    """Return whether candles fetched again differ so much that the old ones are of no use."""
    changes = _relative_changes(old, new)
    return bool(len(changes)) and bool(np.median(changes) > _CONTRADICTION)


def change_notes(
    title: str, old: pd.DataFrame, new: pd.DataFrame, interval: str
) -> tuple[str, ...]:
    """Say which candles were revised, and which can't be had any more.

    Args:
        title: The source's name in sentences.
        old: Cached candles, at least one.
        new: Candles fetched now.
        interval: Candle length of both.
    """
    notes: tuple[str, ...] = ()
    changes = _relative_changes(old, new)
    revised = int((changes > _MIN_REVISION).sum())
    if revised:
        candles = "1 candle" if revised == 1 else f"{revised} candles"
        notes += (
            f"{title} has revised {candles}, by up to {100 * changes.max():.2g} %, since it was "
            "last asked.",
        )
    if len(new) and new.index[0] > old.index[-1] + step_of(interval):
        notes += (
            f"{title} does not give the candles between {old.index[-1]:%Y-%m-%d %H:%M} and "
            f"{new.index[0]:%Y-%m-%d %H:%M} any more; they are missing.",
        )
    return notes


def _relative_changes(old: pd.DataFrame, new: pd.DataFrame) -> Array:
    """Return the largest relative change of a price in each candle that both have, ``(n,)``."""
    common = old.index.intersection(new.index)
    columns = ["open", "high", "low", "close"]
    before, after = old.loc[common, columns].to_numpy(), new.loc[common, columns].to_numpy()
    changes: Array = np.abs(after / before - 1).max(axis=1)
    return changes
