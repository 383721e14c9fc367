"""Prices: the query for them, the candles that answer it, and what is known about them."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from cryptoforecast.types.quotes import DEFAULT_QUOTE, market_name
from cryptoforecast.types.signals import is_signal

Array = np.ndarray

#: Ticker of prices whose coin nobody says.
UNKNOWN_COIN = "UNKNOWN"

#: Candle length by its name.
INTERVALS: dict[str, pd.Timedelta] = {
    "1m": pd.Timedelta(minutes=1),
    "5m": pd.Timedelta(minutes=5),
    "15m": pd.Timedelta(minutes=15),
    "30m": pd.Timedelta(minutes=30),
    "1h": pd.Timedelta(hours=1),
    "2h": pd.Timedelta(hours=2),
    "4h": pd.Timedelta(hours=4),
    "6h": pd.Timedelta(hours=6),
    "8h": pd.Timedelta(hours=8),
    "12h": pd.Timedelta(hours=12),
    "1d": pd.Timedelta(days=1),
    "3d": pd.Timedelta(days=3),
    "1w": pd.Timedelta(weeks=1),
}

#: What one candle of each interval is called in a sentence.
INTERVAL_NOUNS: dict[str, str] = {
    "1m": "minute", "5m": "5-minute candle", "15m": "15-minute candle", "30m": "half hour",
    "1h": "hour", "2h": "2-hour candle", "4h": "4-hour candle", "6h": "6-hour candle",
    "8h": "8-hour candle", "12h": "12-hour candle", "1d": "day", "3d": "3-day candle",
    "1w": "week",
}  # fmt: skip


@dataclass(frozen=True)
class MarketQuery:
    """Which prices are wanted: a coin, a candle length and a history window.

    Attributes:
        coin: Ticker, name or pair, such as ``"BTC"``, ``"bitcoin"`` or ``"BTC-EUR"``.
        interval: Candle length, a key of ``INTERVALS``.
        start: Open of the first candle, UTC; ``None`` for as far back as the source goes.
        end: Candles open before this time, UTC; ``None`` for now.
    """

    coin: str
    interval: str = "1h"
    start: pd.Timestamp | None = None
    end: pd.Timestamp | None = None


@dataclass(frozen=True)
class Problem:
    """A kind of irregularity in the candles, as the quality report lists it.

    Attributes:
        kind: Name of the irregularity, for example ``"outliers"``.
        count: Candles, or rows of the file, that have it.
        first_line: Line of the file at which it occurs first; ``None`` where that is unknown.
        repair: What was done about it; ``"none"`` if nothing was.
        detail: Where and how much, in words; ``""`` if there is nothing to add.
        repairs: Names of the repairs that the user may choose for it; known for files and frames.
    """

    kind: str
    count: int
    first_line: int | None = None
    repair: str = "none"
    detail: str = ""
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True)
class QualityReport:
    """The irregularities of a history, and how its file was read.

    Attributes:
        missing: Candles that are absent between the first and the last one.
        duplicates: Rows with the time of another row. Of rows with the same time one is kept.
        flat_tail: Candles at the end that repeat one price without volume.
        ohlc_violations: Candles whose open or close lies outside the range from low to high.
        outliers: Candles with a price far from all prices around it.
        decisions: How the file was read, by subject (delimiter, time zone, ...).
        problems: Every kind of irregularity that occurs at least once, with its count.
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
    """Closed candles of one coin and one interval, and where they come from.

    The candles are in the *canonical frame*, which every function of the project takes and gives:
    its index is a ``DatetimeIndex`` in ns, UTC, named ``time``, with the open of each candle,
    strictly rising. Its columns are float64: ``open``, ``high``, ``low`` and ``close`` in
    ``quote``, all above 0, and ``volume`` in ``volume_unit``, NaN where unknown. Candles may be
    absent, so row *t + 1* is the next candle that exists. A candle that is still open is never part
    of a history. A column such as ``signal:fear_greed`` has the value of a signal that was known at
    the close of each candle, NaN where it is missing.

    Attributes:
        coin: Ticker, for example ``"BTC"``.
        interval: Candle length, a key of ``INTERVALS``.
        candles: Canonical frame, ``n`` rows, at least one.
        source: Where the prices come from: ``"yahoo"``, ``"coinbase"``, ``"kraken"``,
            ``"simulated"``, ``"file NAME"``, or what was said of a DataFrame.
        fetched_at: When the source was last asked, UTC.
        simulated: Whether the prices are not those of a real market.
        volume_unit: Unit of the column ``volume``: ``"coins"``, ``"quote"`` (turnover in the quote
            currency) or ``"unknown"``.
        quote: Currency of the prices, such as ``"USD"``, ``"EUR"`` or ``"BTC"``; see
            ``types.quotes``.
        quality: The irregularities of the candles, and how their file was read.
        notes: Sentences that a user should read, for example why a live source did not answer.
        access_notes: Those of the notes that say which sources were asked, and what they answered.
        unit_changes: Opens of candles, UTC, before which the coin had another unit. The candles
            before them were brought into the newest unit; see ``learning.samples.in_one_unit``.
        signals: What is known about each signal beside the candles, by its name; see ``Signal``.
        clock_ahead: How far this machine's clock was ahead of the source's when that was last
            asked; ``None`` where the source did not tell its time.
    """

    coin: str
    interval: str
    candles: pd.DataFrame
    source: str
    fetched_at: pd.Timestamp
    simulated: bool = False
    volume_unit: str = "unknown"
    quote: str = DEFAULT_QUOTE
    quality: QualityReport = field(default_factory=QualityReport)
    notes: tuple[str, ...] = ()
    access_notes: tuple[str, ...] = ()
    unit_changes: tuple[pd.Timestamp, ...] = ()
    signals: Mapping[str, str] = field(default_factory=dict)
    clock_ahead: pd.Timedelta | None = None

    def __len__(self) -> int:
        """Return the number of candles."""
        return len(self.candles)

    @property
    def data_notes(self) -> tuple[str, ...]:
        """The notes about the prices themselves, however they were had."""
        return tuple(note for note in self.notes if note not in self.access_notes)

    @property
    def of_file(self) -> bool:
        """Whether the candles were read from a file, whose prices have no age."""
        return self.source.startswith("file ")

    @property
    def market(self) -> str:
        """Name of the market: the ticker, and the quote unless it is USD, as ``"BTC-EUR"``."""
        return market_name(self.coin, self.quote)

    @property
    def title(self) -> str:
        """What a chart calls the prices: the market, or their source where it is unknown."""
        if self.coin != UNKNOWN_COIN:
            return self.market
        return self.source if len(self.source) <= 32 else f"{self.source[:31]}…"

    @property
    def start(self) -> pd.Timestamp:
        """Open of the first candle, UTC."""
        return self.candles.index[0]

    @property
    def end(self) -> pd.Timestamp:
        """Open of the last candle, UTC. The candle closes one ``candle_length`` later."""
        return self.candles.index[-1]

    @property
    def closes_at(self) -> pd.Timestamp:
        """Close of the last candle, UTC: when its close was known."""
        return self.end + self.candle_length

    @property
    def last_row(self) -> range:
        """The row of the last candle, as the one origin of a forecast of what comes next."""
        return range(len(self) - 1, len(self))

    @property
    def candle_length(self) -> pd.Timedelta:
        """Length of one candle."""
        return INTERVALS[self.interval]

    def change(self, span: pd.Timedelta) -> tuple[float, pd.Timedelta] | None:
        """Return how far the last close is from the one a span before it.

        Args:
            span: The span; where no candle ends then, the last one before counts.

        Returns:
            The change, a fraction, and the span that it took; ``None`` where the history is
            shorter.
        """
        row = int(self.candles.index.searchsorted(self.end - span, side="right")) - 1
        if row < 0:
            return None
        close = self.candles["close"].to_numpy(float)
        return float(close[-1] / close[row] - 1), self.end - self.candles.index[row]

    def in_unit(
        self, candles: pd.DataFrame, unit_changes: tuple[pd.Timestamp, ...]
    ) -> PriceHistory:
        """Return the same prices in one unit; they keep the fingerprint of the given ones."""
        result = dataclasses.replace(self, candles=candles, unit_changes=unit_changes)
        result.__dict__["fingerprint"] = self.fingerprint
        return result

    @cached_property
    def fingerprint(self) -> str:
        """Hash of interval, quote and all candles, 16 hexadecimal digits; not of their source.

        A quote in US dollars leaves no trace in it. Signals beside the candles do.
        """
        digest = hashlib.sha256(self.interval.encode())
        if self.quote != DEFAULT_QUOTE:
            digest.update(self.quote.encode())
        digest.update(np.ascontiguousarray(self.candles.index.asi8).tobytes())
        for column in ("open", "high", "low", "close", "volume"):
            digest.update(np.ascontiguousarray(self.candles[column].to_numpy(float)).tobytes())
        for column in filter(is_signal, self.candles.columns):
            digest.update(column.encode())
            digest.update(np.ascontiguousarray(self.candles[column].to_numpy(float)).tobytes())
        return digest.hexdigest()[:16]
