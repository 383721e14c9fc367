"""What a live price source is, and what it answers with.

Imports ``types`` and its neighbours ``coins`` and ``resample``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from cryptoforecast.prices.candles.coins import Coin
from cryptoforecast.prices.candles.resample import step_of

#: What candles of each interval are called in a sentence.
CANDLES = {
    "1m": "1-minute candles", "5m": "5-minute candles", "15m": "15-minute candles",
    "30m": "30-minute candles", "1h": "hourly candles", "4h": "4-hour candles",
    "1d": "daily candles", "1w": "weekly candles",
}  # fmt: skip

#: Intervals that no two sources share are merged from these.
FETCHED_AS = {"30m": "15m", "4h": "1h", "1w": "1d"}

# A market without a candle for this long (and ten steps more) has probably ended; an exchange's
# holidays and maintenance are shorter.
_QUIET = pd.Timedelta(days=7)
# A source that goes back this many times as far as the first one is worth asking before it.
_MUCH_FURTHER = 1.5


@dataclass(frozen=True, eq=False)
class Fetched:
    """Closed candles as a source gave them.

    Attributes:
        candles: canonical frame (see ``PriceHistory``), possibly empty.
        unfinished: whether time ran out before the earliest candles came; the latest are there.
    """

    candles: pd.DataFrame
    unfinished: bool = False


class Source(Protocol):
    """Where live candles come from.

    Attributes:
        name: in ``PriceHistory.source`` and in file names, for example ``"coinbase"``.
        title: in sentences, for example ``"Coinbase"``.
        volume_unit: see ``PriceHistory``.
    """

    name: str
    title: str
    volume_unit: str

    def symbol(self, coin: Coin) -> str | None:
        """What the source calls the coin; ``None`` if it can't have it."""
        ...

    def earliest(self, interval: str, now: pd.Timestamp) -> pd.Timestamp:
        """First time for which the source may have candles of this interval."""
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
        """Fetch closed candles that open in [start, end), within ``deadline`` seconds."""
        ...


def base_interval(interval: str) -> str:
    """Find the interval that is fetched when this one is asked for."""
    return FETCHED_AS.get(interval, interval)


def ended(candles: pd.DataFrame, interval: str, now: pd.Timestamp) -> bool:
    """Whether trading seems to have ended before ``now``."""
    return bool(candles.index[-1] < now - _QUIET - 10 * step_of(interval))


def by_reach(
    sources: Sequence[Source], interval: str, start: pd.Timestamp | None, now: pd.Timestamp
) -> tuple[list[Source], list[Source]]:
    """Find the sources to ask before the first one, because that does not go back far enough.

    Returns:
        Those that cover much more of the history wanted, and all others, each in their order.
    """
    limit = sources[0].earliest(interval, now)
    if start is None or limit <= start:
        return [], list(sources)
    enough = now - _MUCH_FURTHER * (now - limit)
    further = [s for s in sources if max(s.earliest(interval, now), start) < enough]
    return further, [source for source in sources if source not in further]
