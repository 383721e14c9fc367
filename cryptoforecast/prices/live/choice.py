"""The choice between the cached answers of several sources, and the check that they agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.candles.coins import Coin
from cryptoforecast.prices.candles.resample import step_of
from cryptoforecast.prices.live import checks
from cryptoforecast.prices.live.disk_cache import Entry
from cryptoforecast.prices.live.sources import MUCH_FURTHER, ended
from cryptoforecast.types import MarketQuery
from cryptoforecast.types.quotes import price_text

# An answer that ends so many candles before the newest one is a last resort.
_MAX_CANDLES_BEHIND = 48
# Answers fetched further apart than this are not compared.
_MAX_COMPARED_AGE = pd.Timedelta(hours=1)


def best(
    entries: Sequence[Entry],
    query: MarketQuery,
    interval: str,
    suffices: Callable[[Entry], bool],
) -> Entry | None:
    """Find the best of several sources' answers.

    The first answer that suffices is best, in the order of preference. If none suffices, the one
    fetched last is best. Four kinds of answers are taken only if there is no better one: first one
    that covers much less of the window than another, then one that is far behind the newest, then
    one of a market that has ended, and last one outside the window.

    Args:
        entries: At most one answer of each source, in the order of preference.
        query: The window.
        interval: Candle length of the answers.
        suffices: Says whether an answer is as good as asking its source again.

    Returns:
        One of the entries; ``None`` if there are none.
    """
    if not entries:
        return None
    newest = max(entry.candles.index[-1] for entry in entries)
    newest = newest if query.end is None else min(newest, query.end)
    behind = newest - _MAX_CANDLES_BEHIND * step_of(interval)
    longest = max(
        (_span(entry, query) for entry in entries if entry.candles.index[-1] >= behind),
        default=pd.Timedelta(0),
    )

    def rank(place: int) -> tuple[bool, bool, bool, bool, bool, float]:
        entry = entries[place]
        good = suffices(entry)
        return (
            not _overlaps(entry, query),
            ended(entry.candles, interval, entry.fetched_at),
            bool(entry.candles.index[-1] < behind),
            bool(MUCH_FURTHER * _span(entry, query) < longest),
            not good,
            place if good else -entry.fetched_at.timestamp(),
        )

    return entries[min(range(len(entries)), key=rank)]


def check_agreement(
    coin: Coin,
    interval: str,
    entry: Entry,
    others: Sequence[Entry],
    titles: Mapping[str, str],
) -> None:
    """Refuse prices that another source contradicts.

    Args:
        coin: The coin.
        interval: Candle length of all answers.
        entry: The answer that is chosen.
        others: The answers of all sources. Those fetched at about the same time are compared.
        titles: What messages call each source, by its name.

    Raises:
        InvalidInput: If the last closes of two sources can't be of one coin.
    """
    for other in others:
        if other is entry or abs(other.fetched_at - entry.fetched_at) > _MAX_COMPARED_AGE:
            continue
        closes = checks.last_closes(entry.candles, other.candles, interval)
        if closes is None or not checks.differ(*closes[1:]):
            continue
        time, one, another = closes
        raise InvalidInput(
            f"Sources must give about the same price of {coin.symbol}. Received: "
            f"{price_text(one, entry.quote)} from {titles[entry.source]} and "
            f"{price_text(another, other.quote)} from {titles[other.source]}, in the candle that "
            f"opened at {time:%Y-%m-%d %H:%M} UTC. Two coins may have the same letters: choose a "
            "coin of the list, or Yahoo's symbol with its number, such as TON11419-USD."
        )


def _span(entry: Entry, query: MarketQuery) -> pd.Timedelta:
    """Return the span of the window that an entry's candles cover."""
    first, last = entry.candles.index[0], entry.candles.index[-1]
    first = first if query.start is None else max(first, query.start)
    last = last if query.end is None else min(last, query.end)
    return max(last - first, pd.Timedelta(0))


def _overlaps(entry: Entry, query: MarketQuery) -> bool:
    """Return whether any candle of an entry lies in the window."""
    first, last = entry.candles.index[0], entry.candles.index[-1]
    return (query.start is None or last >= query.start) and (query.end is None or first < query.end)
