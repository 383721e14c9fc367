"""What the doctor finds: how each live source answers, and which would give the prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True)
class SourceCheck:
    """How one live source answered a question about one coin.

    Attributes:
        source: Name, for example ``"coinbase"``.
        title: Name in sentences, for example ``"Coinbase"``.
        symbol: The source's own name of the coin; ``None`` if it does not know the coin.
        usable: Whether its candles can be used.
        problem: Why they can't; ``""`` if they can.
        warnings: Sentences about what is odd, though the candles can be used.
        host: The host that was asked.
        addresses: The addresses that its name stands for; empty if it can't be resolved.
        resolve_seconds: Seconds until the name was resolved; ``None`` if it was not.
        connect_seconds: Seconds until a connection stood; ``None`` if none did, or through a proxy.
        clock_ahead: Seconds by which our clock is ahead of the source's; ``None`` if unknown.
        status: HTTP status of the last answer; ``None`` if there was none.
        first_bytes: How an answer begins that is of no use; ``""`` otherwise.
        seconds: Seconds that the last answer took; ``None`` if there was none.
        rows: Closed candles that came.
        order: Order of the rows as they came: ``"oldest first"``, ``"newest first"`` or
            ``"unordered"``; ``""`` if unknown.
        start: Open of the first closed candle, UTC; ``None`` without one.
        end: Open of the last closed candle, UTC; ``None`` without one.
        last_close: Close of the last closed candle, in the coin's quote; ``None`` without one.
        price_step: Step that prices are rounded to, as a share of the median price; 0 for none.
        year_rows: Hourly candles of a year that the source can give.
        year_requests: Requests that they take.
        year_seconds: Seconds that they take, about; ``None`` if unknown.
    """

    source: str
    title: str
    symbol: str | None
    usable: bool = False
    problem: str = ""
    warnings: tuple[str, ...] = ()
    host: str = ""
    addresses: tuple[str, ...] = ()
    resolve_seconds: float | None = None
    connect_seconds: float | None = None
    clock_ahead: float | None = None
    status: int | None = None
    first_bytes: str = ""
    seconds: float | None = None
    rows: int = 0
    order: str = ""
    start: pd.Timestamp | None = None
    end: pd.Timestamp | None = None
    last_close: float | None = None
    price_step: float = 0.0
    year_rows: int = 0
    year_requests: int = 0
    year_seconds: float | None = None


@dataclass(frozen=True)
class Agreement:
    """How far the sources' closes of the same candle lie apart.

    Attributes:
        time: Open of the last candle that all usable sources have, UTC.
        closes: Close of that candle by the name of the source.
        difference: Largest close / smallest close - 1.
        within: Whether that is little enough for one market.
    """

    time: pd.Timestamp
    closes: Mapping[str, float]
    difference: float
    within: bool


@dataclass(frozen=True)
class CoinCheck:
    """What the sources have of one coin of the list.

    Attributes:
        coin: Ticker.
        closes: Last close, in USD, by the name of the source that has it.
        problems: Why a source gives no usable prices, by its name.
        difference: Largest close / smallest close - 1; ``None`` with fewer than two closes.
        in_time: Whether all sources were asked before time was up.
    """

    coin: str
    closes: Mapping[str, float] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    difference: float | None = None
    in_time: bool = True


@dataclass(frozen=True)
class Diagnosis:
    """The doctor's findings.

    Attributes:
        coin: Ticker of the coin that was asked for.
        quote: Currency of its prices.
        interval: Candle length.
        time: When it began, UTC.
        seconds: Seconds that it took.
        sources: The sources in the order in which they are asked.
        agreement: How far the usable sources agree; ``None`` with fewer than two.
        winner: Name of the source that would give a year of hours; ``None`` if none can.
        coins: All coins of the list, if that was asked for.
        recorded: Names of the files that were written.
    """

    coin: str
    quote: str
    interval: str
    time: pd.Timestamp
    seconds: float
    sources: tuple[SourceCheck, ...]
    agreement: Agreement | None = None
    winner: str | None = None
    coins: tuple[CoinCheck, ...] = ()
    recorded: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Return whether any source can be used."""
        return any(check.usable for check in self.sources)
