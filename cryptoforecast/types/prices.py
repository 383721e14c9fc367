"""What is asked of prices, and what comes back: candles with what is known of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

Array = np.ndarray

#: Candle lengths, by their name.
INTERVALS: dict[str, pd.Timedelta] = {
    "1m": pd.Timedelta(minutes=1),
    "5m": pd.Timedelta(minutes=5),
    "15m": pd.Timedelta(minutes=15),
    "30m": pd.Timedelta(minutes=30),
    "1h": pd.Timedelta(hours=1),
    "4h": pd.Timedelta(hours=4),
    "1d": pd.Timedelta(days=1),
    "1w": pd.Timedelta(weeks=1),
}

#: What one candle of each interval is called in a sentence.
INTERVAL_NOUNS: dict[str, str] = {
    "1m": "minute", "5m": "5-minute candle", "15m": "15-minute candle", "30m": "half hour",
    "1h": "hour", "4h": "4-hour candle", "1d": "day", "1w": "week",
}  # fmt: skip


@dataclass(frozen=True)
class MarketQuery:
    """A coin and a history window.

    Attributes:
        coin: ticker such as ``"BTC"``, or any symbol of the source (``"ATOM-USD"``).
        interval: candle length, a key of ``INTERVALS``.
        start: first candle's open, UTC; ``None`` for as far back as the source goes.
        end: candles open before this time, UTC; ``None`` for now.
    """

    coin: str
    interval: str = "1h"
    start: pd.Timestamp | None = None
    end: pd.Timestamp | None = None


@dataclass(frozen=True)
class Problem:
    """One finding of the quality report: what, how many, where first, and what is done."""

    kind: str
    count: int
    first_line: int | None = None
    repair: str = "none"
    detail: str = ""


@dataclass(frozen=True)
class QualityReport:
    """What was found in a history, and what the reader decided.

    Attributes:
        missing: candles absent between the first and the last.
        duplicates: rows whose time was there already.
        flat_tail: candles at the end that repeat one price without volume.
        ohlc_violations: candles whose open or close lies outside high/low.
        outliers: candles far outside both neighbours.
        decisions: what the reader settled by itself (delimiter, time zone, ...).
    """

    missing: int = 0
    duplicates: int = 0
    flat_tail: int = 0
    ohlc_violations: int = 0
    outliers: int = 0
    decisions: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, eq=False)
class PriceHistory:
    """Closed candles of one coin, and where they came from.

    Attributes:
        coin: ticker, for example ``"BTC"``.
        interval: candle length, a key of ``INTERVALS``.
        candles: frame indexed by a UTC ``DatetimeIndex`` in ns named ``time`` (the candle's
            open, strictly rising), float64 columns ``open high low close`` (USD) and ``volume``
            (see ``volume_unit``; NaN where unknown).
        source: who answered: ``"yahoo"``, ``"coinbase"``, ``"kraken"``, ``"simulated"``, or
            ``"file NAME"``.
        fetched_at: when the source was last asked, UTC.
        simulated: whether these prices are not from a real market.
        volume_unit: ``"coins"``, ``"usd"`` or ``"unknown"``.
        notes: sentences a person should read, such as why the live source did not answer.
    """

    coin: str
    interval: str
    candles: pd.DataFrame
    source: str
    fetched_at: pd.Timestamp
    simulated: bool = False
    volume_unit: str = "unknown"
    quality: QualityReport = field(default_factory=QualityReport)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.candles)

    @property
    def start(self) -> pd.Timestamp:
        """Open of the first candle."""
        return self.candles.index[0]

    @property
    def end(self) -> pd.Timestamp:
        """Open of the last candle."""
        return self.candles.index[-1]

    @property
    def last_row(self) -> range:
        """The row of the last candle, as the one origin of a forecast of what comes next."""
        return range(len(self) - 1, len(self))

    @property
    def candle_length(self) -> pd.Timedelta:
        """Length of one candle."""
        return INTERVALS[self.interval]

    @cached_property
    def fingerprint(self) -> str:
        """Content hash of the interval and every candle, 16 hexadecimal digits."""
        digest = hashlib.sha256(self.interval.encode())
        digest.update(np.ascontiguousarray(self.candles.index.asi8).tobytes())
        for column in ("open", "high", "low", "close", "volume"):
            digest.update(np.ascontiguousarray(self.candles[column].to_numpy(float)).tobytes())
        return digest.hexdigest()[:16]
