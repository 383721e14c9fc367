"""Candles out of rows that a stranger sent: strict, or not at all.

Imports ``errors`` and its neighbour ``quality``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from cryptoforecast.errors import SourceUnavailable
from cryptoforecast.prices.candles.quality import normalise
from cryptoforecast.prices.candles.resample import COLUMNS

_FIRST_SECOND = 1_230_768_000  # 2009, before the first coin had a price
_DAY = 86_400


def to_candles(
    title: str, rows: object, columns: Mapping[str, int], now: pd.Timestamp, most: int
) -> pd.DataFrame:
    """Bring rows of numbers into the canonical shape, open candle included.

    Args:
        title: of the source, for messages.
        rows: what should be a list of lists; numbers may be written as text.
        columns: where in a row to find ``time`` (whole seconds, UTC) and the five of a candle.
        now: no candle may open more than a day later.
        most: rows, at most.

    Returns:
        Canonical frame; of a time given twice the last row counts.

    Raises:
        SourceUnavailable: if anything else than finite numbers, positive prices and plausible
            times is there.
    """
    if not isinstance(rows, list) or len(rows) > most:
        raise SourceUnavailable(f"{title} answered with something else than a list of candles.")
    width = max(columns.values()) + 1
    last = int(now.timestamp()) + _DAY
    times = np.empty(len(rows), dtype=np.int64)
    values = np.empty((len(rows), len(COLUMNS)))
    for place, row in enumerate(rows):
        try:
            if not isinstance(row, list) or len(row) < width:
                raise ValueError("a row that is no candle")
            times[place] = _second(row[columns["time"]], last)
            values[place] = [_number(row[columns[name]]) for name in COLUMNS]
            if values[place].min() < 0 or values[place, :4].min() <= 0:
                raise ValueError("a price that is not positive")
        except (ValueError, OverflowError) as error:
            raise SourceUnavailable(f"{title} answered with {error} in its candles.") from error
    index = pd.DatetimeIndex(times.astype("datetime64[s]"), tz="UTC").as_unit("ns")
    return normalise(pd.DataFrame(values, columns=list(COLUMNS), index=index))[0]


def _second(value: object, last: int) -> int:
    """Read a time in whole seconds."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("a time that is no whole number")
    if not _FIRST_SECOND <= value <= last:
        raise ValueError("a time that can't be")
    return value


def _number(value: object) -> float:
    """Read a finite number, or the text of one."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError("something else than a number")
    if isinstance(value, str) and not (value.isascii() and len(value) <= 40):
        raise ValueError("something else than a number")
    try:
        number = float(value)
    except ValueError as error:
        raise ValueError("something else than a number") from error
    if not math.isfinite(number):
        raise ValueError("a number that is not finite")
    return number
