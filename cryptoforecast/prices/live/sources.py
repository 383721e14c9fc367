"""Live price sources: their interface, their answers, and the order of requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from cryptoforecast.prices.candles.coins import Coin
from cryptoforecast.prices.candles.resample import step_of

#: What candles of each interval are called in a sentence.
CANDLE_NAMES = {
    "1m": "1-minute candles", "5m": "5-minute candles", "15m": "15-minute candles",
    "30m": "30-minute candles", "1h": "hourly candles", "2h": "2-hour candles",
    "4h": "4-hour candles", "6h": "6-hour candles", "8h": "8-hour candles",
    "12h": "12-hour candles", "1d": "daily candles", "3d": "3-day candles", "1w": "weekly candles",
}  # fmt: skip

#: Intervals that only some sources have, and the shorter interval that they are merged from.
FETCHED_AS = {
    "30m": "15m", "2h": "1h", "4h": "1h", "6h": "1h", "8h": "1h", "12h": "1h",
    "3d": "1d", "1w": "1d",
}  # fmt: skip

# A market without a candle for this long (and ten candles more) has probably ended. An exchange's
# holidays and maintenance are shorter.
_MAX_PAUSE = pd.Timedelta(days=7)
#: A source that goes back this many times as far as the first source is worth asking before it.
MUCH_FURTHER = 1.5


@dataclass(frozen=True, eq=False)
class Fetched:
    """Closed candles as a source gave them.

    Attributes:
        candles: Canonical frame (see ``PriceHistory``); it may be empty.
        unfinished: Whether time ran out before the earliest candles came. The latest candles are
            there in any case.
        quote: Currency of the prices as the source names it; ``None``: that of the coin asked for.
        clock: The source's own time when it answered, UTC; ``None`` where it did not tell.
    """

    candles: pd.DataFrame
    unfinished: bool = False
    quote: str | None = None
    clock: pd.Timestamp | None = None


class Source(Protocol):
    """A place on the network that live candles come from.

    Attributes:
        name: The name in ``PriceHistory.source`` and in file names, for example ``"coinbase"``.
        title: The name in sentences, for example ``"Coinbase"``.
        volume_unit: The unit of volume, see ``PriceHistory``.
    """

    name: str
    title: str
    volume_unit: str

    def symbol(self, coin: Coin) -> str | None:
        """Return the source's own name of a coin; ``None`` if the source can't have it."""
        ...

    def earliest(self, interval: str, now: pd.Timestamp) -> pd.Timestamp:
        """Return the first time for which the source may have candles of this interval, UTC."""
        ...

    def limit(self, interval: str) -> str:
        """Say in one sentence how far back the source goes."""
        ...

    def fetch(
        self,
        symbol: str,
        interval: str,
        start: pd.Timestamp | None,
        end: pd.Timestamp | None,
        deadline: float,
    ) -> Fetched:
        """Fetch the closed candles that open in [start, end), within ``deadline`` seconds.

        Args:
            symbol: What ``symbol`` returned.
            interval: Candle length, a key of ``INTERVALS``.
            start: Open of the first candle, UTC; ``None``: as far back as the source goes.
            end: Candles open before this time, UTC; ``None``: now.
            deadline: Seconds in all.

        Raises:
            InvalidInput: If the source has no such interval or symbol.
            SourceUnavailable: If the source fails or does not answer in time.
        """
        ...


def base_interval(interval: str) -> str:
    """Return the interval that is fetched when ``interval`` is wanted."""
    return FETCHED_AS.get(interval, interval)


def ended(candles: pd.DataFrame, interval: str, now: pd.Timestamp) -> bool:
    """Return whether trading seems to have ended before ``now``."""
    return bool(candles.index[-1] < now - _MAX_PAUSE - 10 * step_of(interval))


def by_reach(
    sources: Sequence[Source], interval: str, start: pd.Timestamp | None, now: pd.Timestamp
) -> tuple[list[Source], list[Source]]:
    """Find the sources to ask before the first one, because it does not go back far enough.

    Args:
        sources: The sources in the order of preference, at least one.
        interval: Candle length that is fetched.
        start: Open of the first candle wanted, UTC; ``None``: all there are.
        now: The time, UTC.

    Returns:
        The sources that cover much more of the history wanted than the first one does, and all
        other sources; each list in the order given.
    """
    limit = sources[0].earliest(interval, now)
    if start is None or limit <= start:
        return [], list(sources)
    enough = now - MUCH_FURTHER * (now - limit)
    further = [s for s in sources if max(s.earliest(interval, now), start) < enough]
    return further, [source for source in sources if source not in further]


def share(first: pd.Timestamp, target: pd.Timestamp, now: pd.Timestamp, interval: str) -> float:
    """Return how much of a history is covered from ``first`` on.

    Args:
        first: Open of the first candle that there is, UTC.
        target: Open of the first candle that is wanted, UTC.
        now: The end of the history, UTC.
        interval: Candle length. Two candles may be absent at the start.

    Returns:
        The share, 1 for the whole.
    """
    if first <= target + 2 * step_of(interval):
        return 1.0
    return max(float((now - first) / (now - target)), 0.0)
