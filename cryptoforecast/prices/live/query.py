"""The history window of a query: checked, and cut out of candles."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.prices.candles.coins import Coin
from cryptoforecast.prices.candles.resample import resample, step_of
from cryptoforecast.prices.live.sources import CANDLE_NAMES
from cryptoforecast.types import MarketQuery

#: No window starts earlier: a span of time in nanoseconds holds at most 292 years.
EARLIEST = pd.Timestamp("1900-01-01", tz="UTC")
#: What a time must be, for messages.
TIME_RULE = f"a date or time from {EARLIEST:%Y} on, such as 2024-01-31 or 2024-01-31T12:00"
#: Days that a window may have.
MAX_DAYS = 36_500


def window(
    coin: str,
    interval: str = "1h",
    *,
    start: str | date | None = None,
    end: str | date | None = None,
    days: float | None = None,
) -> MarketQuery:
    """Make a query from what a user writes.

    Args:
        coin: Ticker or symbol.
        interval: Candle length, a key of ``INTERVALS``.
        start: Open of the first candle, see ``parse_time``; by default as far back as the source
            goes.
        end: Candles open before this time, see ``parse_time``; now by default.
        days: Length of the window instead of ``start``, above 0 and at most ``MAX_DAYS``.

    Raises:
        InvalidInput: If a time can't be read, both ``start`` and ``days`` are given, or ``days`` is
            outside its bounds.
    """
    first, last = _parse("start", start), _parse("end", end)
    if days is not None:
        if start is not None:
            raise InvalidInput("A window takes `start` or `days`. Received: both. Leave one out.")
        if not 0 < days <= MAX_DAYS:
            raise InvalidInput(f"`days` must be above 0 and at most {MAX_DAYS}. Received: {days}.")
        first = (last or pd.Timestamp.now("UTC")) - pd.Timedelta(days=days)
    return MarketQuery(coin, interval, first, last)


def parse_time(time: str | date) -> pd.Timestamp:
    """Read a time.

    Args:
        time: ISO 8601 text, a date or a datetime. A time without a zone is in UTC.

    Returns:
        The time in UTC.

    Raises:
        ValueError: If it can't be read, or lies before ``EARLIEST``.
    """
    if isinstance(time, str):
        time = datetime.fromisoformat(time)
    elif not isinstance(time, date | np.datetime64):
        raise ValueError("no time")
    utc_time = _utc(pd.Timestamp(time).as_unit("ns"))
    if utc_time is None or pd.isna(utc_time) or utc_time < EARLIEST:
        raise ValueError("too early, or no time")
    return utc_time


def _parse(name: str, time: str | date | None) -> pd.Timestamp | None:
    """Read an argument that may be absent; raise ``InvalidInput`` if it is no time."""
    try:
        return None if time is None else parse_time(time)
    except ValueError as error:
        raise InvalidInput(f"`{name}` must be {TIME_RULE}. Received: {time!r:.60}.") from error


def validate(query: MarketQuery) -> MarketQuery:
    """Bring the window into UTC and refuse one that can't hold a candle.

    Args:
        query: Times without a zone count as UTC.

    Returns:
        The same query with both times in UTC.

    Raises:
        InvalidInput: If the interval is unknown, or the window is empty, starts before
            ``EARLIEST`` or starts in the future.
        NotEnoughData: If no candle of the window can have closed yet.
    """
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
    """Bring a time into UTC; a time without a zone is UTC already."""
    if time is None:
        return None
    return time.tz_localize("UTC") if time.tzinfo is None else time.tz_convert("UTC")


def rows_inside(candles: pd.DataFrame, query: MarketQuery) -> slice:
    """Return the rows of the candles that open in [start, end)."""
    first = 0 if query.start is None else int(candles.index.searchsorted(query.start))
    last = len(candles) if query.end is None else int(candles.index.searchsorted(query.end))
    return slice(first, last)


def merge_complete(candles: pd.DataFrame, fine: str, coarse: str) -> pd.DataFrame:
    """Merge candles into longer ones, without a first one whose beginning is missing.

    Args:
        candles: Canonical frame of interval ``fine``.
        fine: Interval of ``candles``.
        coarse: Interval wanted, a multiple of ``fine``.
    """
    longer = resample(candles, fine, coarse)
    incomplete = len(longer) and longer.index[0] != candles.index[0]
    return longer.iloc[1:] if incomplete else longer


def empty_window_message(coin: Coin, query: MarketQuery, candles: pd.DataFrame) -> str:
    """Say that no candle lies in the window, and where there are some."""
    span = f" They run from {candles.index[0]} to {candles.index[-1]}." if len(candles) else ""
    return (
        f"No closed {query.interval} candle of {coin.ticker} lies in the window.{span} "
        f"Received: {query.start} to {query.end}. Choose another window."
    )


def late_start_notes(
    query: MarketQuery, candles: pd.DataFrame, source: str, reason: str
) -> tuple[str, ...]:
    """Say that the candles start later than the query wants.

    Args:
        query: The query. Without a start there is nothing to say.
        candles: The candles that there are, at least one.
        source: Name of the source in the sentence.
        reason: A sentence that says why, or ``""``.

    Returns:
        One note, or none if the candles start within two candles of the query's start.
    """
    first = candles.index[0]
    if query.start is None or first - query.start <= 2 * step_of(query.interval):
        return ()
    kind = CANDLE_NAMES[query.interval]
    note = (
        f"{kind[:1].upper()}{kind[1:]} from {query.start:%Y-%m-%d} were asked for; "
        f"{source} has them from {first:%Y-%m-%d}."
    )
    return (f"{note} {reason}".rstrip(),)
