"""Candles from the rows of a source's answer; an answer that is not sound is refused.

A price of zero stands for "no price" in the answers of some sources. A few such rows are left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from cryptoforecast.errors import SourceUnavailable
from cryptoforecast.prices.candles.quality import normalise
from cryptoforecast.prices.candles.resample import COLUMNS

_FIRST_SECOND = 1_230_768_000  # 2009-01-01 UTC, before any coin had a price
_DAY = 86_400
#: Longest text of a number.
_MAX_DIGITS = 40
#: Share of the rows that may have a price of zero. A single row always may.
MAX_ZERO_SHARE = 0.01


def to_candles(
    title: str, rows: object, columns: Mapping[str, int], now: pd.Timestamp, max_rows: int
) -> pd.DataFrame:
    """Make a canonical frame from rows of numbers, the open candle included.

    Args:
        title: The source's name in messages.
        rows: Anything; it should be a list of lists. A number may be written as text.
        columns: The place in a row of ``time`` (whole seconds since 1970, UTC) and of each of
            ``open high low close volume``.
        now: The time, UTC. No candle may open more than a day later.
        max_rows: Rows, at most.

    Returns:
        Canonical frame (see ``PriceHistory``), without rows that have a price of zero. Where a
        time comes twice, the last row counts.

    Raises:
        SourceUnavailable: If a row is anything but finite numbers, none of them negative, and a
            plausible time; or if too many prices are zero.
    """
    if not isinstance(rows, list) or len(rows) > max_rows:
        raise SourceUnavailable(f"{title} answered with something other than a list of candles.")
    width = max(columns.values()) + 1
    last_second = int(now.timestamp()) + _DAY
    times = np.empty(len(rows), dtype=np.int64)
    values = np.empty((len(rows), len(COLUMNS)))
    for i, row in enumerate(rows):
        try:
            if not isinstance(row, list) or len(row) < width:
                raise ValueError("a row that is no candle")
            times[i] = _second(row[columns["time"]], last_second)
            values[i] = [_number(row[columns[name]]) for name in COLUMNS]
            if values[i].min() < 0:
                raise ValueError("a number below zero")
        except (ValueError, OverflowError) as error:
            raise SourceUnavailable(f"{title} answered with {error} in its candles.") from error
    index = pd.DatetimeIndex(times.astype("datetime64[s]"), tz="UTC").as_unit("ns")
    has_prices = (values[:, :4] > 0).all(axis=1)
    check_zeros(title, int((~has_prices).sum()), len(rows))
    return normalise(
        pd.DataFrame(values[has_prices], columns=list(COLUMNS), index=index[has_prices])
    )[0]


def check_zeros(title: str, zeros: int, rows: int) -> None:
    """Refuse an answer in which too many candles have a price of zero.

    Args:
        title: The source's name in messages.
        zeros: Candles with a price of zero.
        rows: All candles.

    Raises:
        SourceUnavailable: If it is more than one candle and more than ``MAX_ZERO_SHARE`` of them.
    """
    if zeros > max(1, MAX_ZERO_SHARE * rows):
        raise SourceUnavailable(
            f"{title} answered with a price of zero in {zeros} of {rows} candles."
        )


def _second(value: object, last: int) -> int:
    """Read a time in whole seconds since 1970; raise ``ValueError`` if it can't be one."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("a time that is no whole number")
    if not _FIRST_SECOND <= value <= last:
        raise ValueError("a time that can't be")
    return value


def _number(value: object) -> float:
    """Read a finite number or the text of one; raise ``ValueError`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError("something other than a number")
    if isinstance(value, str) and not (value.isascii() and len(value) <= _MAX_DIGITS):
        raise ValueError("something other than a number")
    try:
        number = float(value)
    except ValueError as error:
        raise ValueError("something other than a number") from error
    if not math.isfinite(number):
        raise ValueError("a number that is not finite")
    return number
