"""The history window of a query: made sound, and cut out of candles.

Imports ``types``, ``errors`` and its neighbours ``coins``, ``resample`` and ``sources``.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.prices.candles.coins import Coin
from cryptoforecast.prices.candles.resample import resample, step_of
from cryptoforecast.prices.live.sources import CANDLES
from cryptoforecast.types import MarketQuery

#: No window begins earlier: a span of time holds no more than 292 years.
EARLIEST = pd.Timestamp("1900-01-01", tz="UTC")


def checked(query: MarketQuery) -> MarketQuery:
    """Bring the window into UTC and refuse one that can't hold a candle."""
    step_of(query.interval)
    start, end = _utc(query.start), _utc(query.end)
    if start is not None and end is not None and start >= end:
        raise InvalidInput(
            f"The window's start must lie before its end. Received: {start} to {end}. "
            "Swap them or choose a longer window."
        )
    if start is not None and start < EARLIEST:
        raise InvalidInput(
            f"The window must begin in {EARLIEST:%Y} or later. Received: {start}. "
            "Choose a later start."
        )
    if start is not None and start >= pd.Timestamp.now("UTC"):
        raise InvalidInput(
            f"The window must begin in the past. Received: {start}. Choose an earlier start."
        )
    if start is not None and start + step_of(query.interval) > pd.Timestamp.now("UTC"):
        raise NotEnoughData(
            f"No {query.interval} candle that opens at {start} or later has closed yet. "
            "Choose an earlier start."
        )
    return replace(query, start=start, end=end)


def _utc(time: pd.Timestamp | None) -> pd.Timestamp | None:
    """Read a time without a zone as UTC."""
    if time is None:
        return None
    return time.tz_localize("UTC") if time.tzinfo is None else time.tz_convert("UTC")


def bounds(candles: pd.DataFrame, query: MarketQuery) -> slice:
    """Find the rows that open in [start, end)."""
    first = 0 if query.start is None else int(candles.index.searchsorted(query.start))
    last = len(candles) if query.end is None else int(candles.index.searchsorted(query.end))
    return slice(first, last)


def whole(candles: pd.DataFrame, fine: str, coarse: str) -> pd.DataFrame:
    """Merge candles, leaving out a first one whose beginning is missing."""
    merged = resample(candles, fine, coarse)
    late = len(merged) and merged.index[0] != candles.index[0]
    return merged.iloc[1:] if late else merged


def nothing_inside(coin: Coin, query: MarketQuery, candles: pd.DataFrame) -> str:
    """Explain an empty window."""
    span = f" They run from {candles.index[0]} to {candles.index[-1]}." if len(candles) else ""
    return (
        f"No closed {query.interval} candle of {coin.ticker} lies in the window.{span} "
        f"Received: {query.start} to {query.end}. Choose another window."
    )


def late_start(query: MarketQuery, candles: pd.DataFrame, source: str, why: str) -> tuple[str, ...]:
    """Say that the source does not go back as far as was asked.

    Args:
        query: what was asked, with a start.
        candles: what there is.
        source: who has them, for the sentence.
        why: a sentence on its limit, or ``""``.
    """
    first = candles.index[0]
    if query.start is None or first - query.start <= 2 * step_of(query.interval):
        return ()
    kind = CANDLES[query.interval]
    told = (
        f"{kind[:1].upper()}{kind[1:]} from {query.start:%Y-%m-%d} were asked for; "
        f"{source} has them from {first:%Y-%m-%d}."
    )
    return (f"{told} {why}".rstrip(),)


def describe_age(age: pd.Timedelta) -> str:
    """Say a time span in words, for example ``"3 hours"``."""
    for unit, seconds in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count = int(age.total_seconds() // seconds)
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a minute"
