"""What one source says, joined to what it said before.

Imports ``errors`` and its neighbours ``cache``, ``coins``, ``quality``, ``resample`` and
``sources``. Each source's candles are kept by themselves: two markets differ in price and in the
unit of volume, so one's candles are never continued with another's.
"""

from __future__ import annotations

import time
from typing import Protocol

import numpy as np
import pandas as pd

from cryptoforecast.errors import NotEnoughData, SourceUnavailable
from cryptoforecast.prices.candles.coins import COINS, Coin
from cryptoforecast.prices.candles.quality import closed_only
from cryptoforecast.prices.candles.resample import step_of
from cryptoforecast.prices.live.disk_cache import Entry, Key, PriceCache
from cryptoforecast.prices.live.sources import Fetched, Source, ended

# Candles fetched again each time, because a source may correct its last ones.
_OVERLAP = 3
# A candle counts as revised if a price of it moved by more than a basis point. Less is the
# rounding of a source that closes its candles late; it is replaced without a word.
_REVISED = 1e-4
# Candles fetched again that differ by this share are another market's, or in another unit.
_CONTRADICTS = 0.2
# About 140 days of minutes, or 22 years of hours.
_ROWS_KEPT = 200_000


class Updater:
    """Asks sources for what the cache lacks, and stores it.

    Args:
        cache: where candles are kept.
        fresh: seconds for which cached candles need no continuation.
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
    ) -> None:
        """Bring one source's cached candles up to date, from ``start`` on.

        Args:
            source: who is asked.
            coin: known to the source.
            interval: one that every source has.
            start: first candle wanted, UTC; ``None``: as far back as the source goes.
            budget: seconds in all.
            reasons: why the sources before this one did not answer.

        Raises:
            NotEnoughData: if the source has no closed candle there.
            SourceUnavailable: if it fails, or has nothing recent.
        """
        symbol = source.symbol(coin)
        if symbol is None:
            raise NotEnoughData(f"{source.title} does not know {coin.symbol}.")
        key: Key = (source.name, symbol, interval)
        asked = pd.Timestamp.now("UTC")
        until = time.monotonic() + budget

        def fetch(begin: pd.Timestamp | None, end: pd.Timestamp | None = None) -> Fetched:
            left = max(until - time.monotonic(), 0.001)
            got = source.fetch(symbol, interval, begin, end, left)
            return Fetched(closed_only(got.candles, interval, asked), got.unfinished)

        notes = told(source, coin, reasons)
        entry = self._cache.load(key)
        candles, since = None, start
        if entry is not None:
            candles, since, found = self._extend(source, interval, entry, start, asked, fetch)
            notes += found
        if candles is None:
            got = fetch(start)
            candles = got.candles
            if candles.empty:
                raise NotEnoughData(
                    f"{source.title} has no closed {interval} candle of {coin.ticker} there."
                )
            since = candles.index[0] if got.unfinished else start
        if len(candles) > _ROWS_KEPT:
            candles = candles.iloc[-_ROWS_KEPT:]
            since = candles.index[0]
        over = ended(candles, interval, asked)
        if over:
            notes = (
                f"{source.title}'s last {interval} candle of {coin.ticker} is from "
                f"{candles.index[-1]:%Y-%m-%d}; trading there may have ended.",
            )
        self._cache.store(key, Entry(candles, asked, since, source.name, source.volume_unit, notes))
        if over:
            raise SourceUnavailable(notes[0])

    def _extend(
        self,
        source: Source,
        interval: str,
        entry: Entry,
        start: pd.Timestamp | None,
        asked: pd.Timestamp,
        fetch: _Fetch,
    ) -> tuple[pd.DataFrame | None, pd.Timestamp | None, tuple[str, ...]]:
        """Fetch what lies after the cached candles, and before them.

        Returns:
            Joined candles (``None`` if the cached ones must be fetched anew), the start they
            reach back to, and notes.
        """
        candles, since = entry.candles, entry.since
        notes: tuple[str, ...] = ()
        if entry.reaches(start) or asked - entry.fetched_at >= self._fresh:
            got = fetch(candles.index[max(len(candles) - _OVERLAP, 0)])
            new = got.candles
            if got.unfinished and len(new):
                # Between the cached ones and these lies a gap that the next fetch can close.
                return new, new.index[0], ()
            if contradicts(candles, new):
                return (
                    None,
                    since,
                    (
                        f"{source.title} now gives other prices than before, so all of them were "
                        "fetched anew.",
                    ),
                )
            notes = compared(source.title, candles, new, interval)
            candles = join(candles, new)
        if not entry.reaches(start):
            head = fetch(start, candles.index[min(_OVERLAP, len(candles) - 1)])
            candles = join(candles, head.candles)
            since = candles.index[0] if head.unfinished else start
        return candles, since, notes


class _Fetch(Protocol):
    """Fetches [begin, end) within what is left of the budget."""

    def __call__(self, begin: pd.Timestamp | None, end: pd.Timestamp | None = None) -> Fetched: ...


def told(source: Source, coin: Coin, reasons: tuple[str, ...]) -> tuple[str, ...]:
    """Say why it is this source that answers."""
    if not reasons:
        return ()
    notes = (*reasons, f"These prices are {source.title}'s.")
    if coin.ticker not in COINS:
        notes += (
            f"{coin.symbol} is looked up there by its letters, so make sure that it is the coin "
            "you mean.",
        )
    return notes


def join(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Replace the span that ``new`` covers; both canonical and of one source."""
    if new.empty:
        return old
    before, after = old[old.index < new.index[0]], old[old.index > new.index[-1]]
    parts = [part for part in (before, new, after) if len(part)]
    return pd.concat(parts) if len(parts) > 1 else new


def contradicts(old: pd.DataFrame, new: pd.DataFrame) -> bool:
    """Whether candles fetched again show that the old ones are of no use any more."""
    moved = _differences(old, new)
    return bool(len(moved)) and bool(np.median(moved) > _CONTRADICTS)


def compared(title: str, old: pd.DataFrame, new: pd.DataFrame, interval: str) -> tuple[str, ...]:
    """Say what was revised, and what can't be had any more."""
    notes: tuple[str, ...] = ()
    moved = _differences(old, new)
    revised = int((moved > _REVISED).sum())
    if revised:
        candles = "1 candle" if revised == 1 else f"{revised} candles"
        notes += (
            f"{title} has revised {candles}, by up to {100 * moved.max():.2g} %, since it was "
            "last asked.",
        )
    if len(new) and new.index[0] > old.index[-1] + step_of(interval):
        notes += (
            f"{title} does not give the candles between {old.index[-1]:%Y-%m-%d %H:%M} and "
            f"{new.index[0]:%Y-%m-%d %H:%M} any more; they are missing.",
        )
    return notes


def _differences(old: pd.DataFrame, new: pd.DataFrame) -> np.ndarray:
    """Largest relative move of a price in each candle that both have; `(n,)`."""
    common = old.index.intersection(new.index)
    columns = ["open", "high", "low", "close"]
    before, after = old.loc[common, columns].to_numpy(), new.loc[common, columns].to_numpy()
    return np.abs(after / before - 1).max(axis=1) if len(common) else np.empty(0)
