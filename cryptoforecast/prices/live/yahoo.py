"""Yahoo Finance through yfinance: closed candles of one symbol, within a deadline.

Imports ``errors`` and its neighbours ``coins``, ``gate``, ``quality``, ``resample`` and
``sources``; yfinance on the first request. Yahoo's terms allow personal, research and
educational use.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput, SourceUnavailable
from cryptoforecast.prices.candles.coins import Coin
from cryptoforecast.prices.candles.quality import closed_only, empty, normalise
from cryptoforecast.prices.candles.resample import COLUMNS
from cryptoforecast.prices.live.breaker import Gate
from cryptoforecast.prices.live.sources import CANDLES, Fetched

#: How far back Yahoo goes, a little less than its limit; ``None``: as far as there is any.
LOOK_BACK: dict[str, pd.Timedelta | None] = {
    "1m": pd.Timedelta(days=7, hours=12),
    "5m": pd.Timedelta(days=59),
    "15m": pd.Timedelta(days=59),
    "30m": pd.Timedelta(days=59),
    "1h": pd.Timedelta(days=729),
    "1d": None,
}

_EARLIEST = pd.Timestamp("2010-01-01", tz="UTC")
# Of one request of the several that a fetch may take; the deadline bounds the whole.
_REQUEST_TIMEOUT = 10.0


class Yahoo:
    """Asks Yahoo for candles; volume is turnover in USD.

    Args:
        home: folder for yfinance's own small caches.
        gate: bounds each fetch; one gate for all symbols.
    """

    name = "yahoo"
    title = "Yahoo"
    volume_unit = "usd"

    def __init__(self, home: Path, gate: Gate | None = None) -> None:
        self._home = home
        self._gate = gate or Gate("Yahoo")
        self._lock = threading.Lock()
        self._prepared = False

    def symbol(self, coin: Coin) -> str:
        """Name the coin as Yahoo does."""
        return coin.symbol

    def earliest(self, interval: str, now: pd.Timestamp) -> pd.Timestamp:
        """First time for which Yahoo may have candles of this interval."""
        back = LOOK_BACK[interval]
        return _EARLIEST if back is None else now - back

    def limit(self, interval: str) -> str:
        """Say how far back Yahoo goes."""
        back = LOOK_BACK[interval]
        if back is None:
            return f"Yahoo is asked for {CANDLES[interval]} since {_EARLIEST.year}."
        return f"Yahoo gives {CANDLES[interval]} of the last {back.days} days only."

    def fetch(
        self,
        symbol: str,
        interval: str,
        start: pd.Timestamp | None,
        end: pd.Timestamp | None,
        deadline: float,
    ) -> Fetched:
        """Fetch closed candles in [start, end).

        Args:
            symbol: Yahoo's, such as ``"BTC-USD"``.
            interval: a key of ``LOOK_BACK``.
            start: first candle's open, UTC; earlier than the look-back limit is clamped to it.
                As far back as Yahoo goes by default.
            end: candles open before this, UTC; now by default.
            deadline: seconds in all.

        Raises:
            InvalidInput: if Yahoo has no such interval or symbol, or quotes it in another
                currency.
            SourceUnavailable: if Yahoo fails or does not answer in time.
        """
        if interval not in LOOK_BACK:
            raise InvalidInput(
                f"Yahoo has {', '.join(LOOK_BACK)} candles. Received: {interval!r}. "
                "Choose one of these."
            )
        now = pd.Timestamp.now("UTC")
        first = self.earliest(interval, now)
        first = first if start is None else max(start, first)
        last = now if end is None else min(end, now)
        if first >= last:
            return Fetched(empty())
        candles = self._gate.run(
            lambda: canonical(self._ask(symbol, interval, first, last)), deadline
        )
        candles = candles[(candles.index >= first) & (candles.index < last)]
        return Fetched(closed_only(candles, interval, now))

    def _ask(
        self, symbol: str, interval: str, start: pd.Timestamp, end: pd.Timestamp
    ) -> pd.DataFrame:
        """Call yfinance; blocks for as long as it likes."""
        import yfinance
        from yfinance.data import YfData
        from yfinance.exceptions import YFRateLimitError

        self._prepare()
        ticker = yfinance.Ticker(symbol)
        if symbol.endswith("-USD"):
            # Saves the request by which yfinance asks for the zone first: coins trade in UTC.
            ticker._tz = "UTC"
        try:
            frame = ticker.history(
                interval=interval,
                start=start,
                end=end,
                actions=False,
                auto_adjust=False,
                timeout=_REQUEST_TIMEOUT,
            )
        except Exception as error:
            # yfinance fails in many classes, some private: each is raised again, in our words
            # where it is known. It remembers answers for as long as the process lives, failures
            # included.
            YfData.cache_get.cache_clear()
            if isinstance(error, YFRateLimitError):
                raise SourceUnavailable(
                    "Yahoo limits requests from this address for now."
                ) from error
            if not _says_unknown(error):
                if isinstance(error, OSError):
                    raise SourceUnavailable(
                        f"Yahoo can't be reached ({type(error).__name__})."
                    ) from error
                raise
            raise InvalidInput(
                f"Yahoo has no prices under this symbol. Received: {symbol}. "
                "Look it up on finance.yahoo.com (some coins carry a number, as UNI7083-USD)."
            ) from error
        currency = ticker.history_metadata.get("currency")
        if currency not in ("USD", None):
            raise InvalidInput(
                f"Prices here are in USD. Received: {symbol}, which Yahoo quotes in {currency}. "
                "Choose a symbol quoted in USD."
            )
        return frame

    def _prepare(self) -> None:
        """Point yfinance at our folder, once, and let its failures be seen."""
        import yfinance

        with self._lock:
            if self._prepared:
                return
            folder = self._home / "yfinance"
            # Where it can't be written yfinance goes without, which is fine.
            with contextlib.suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
            yfinance.set_tz_cache_location(str(folder))
            yfinance.config.debug.hide_exceptions = False
            # Its failures reach us as exceptions; what it logs besides would fill stderr.
            logging.getLogger("yfinance").setLevel(logging.CRITICAL)
            # It still sorts and renames in place, which pandas announces to remove.
            warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"yfinance\.")
            self._prepared = True


def canonical(raw: pd.DataFrame) -> pd.DataFrame:
    """Bring what ``Ticker.history`` returns into the canonical shape; open candle included."""
    if raw.empty:
        return empty()
    named = raw.rename(columns=str.lower)[list(COLUMNS)].astype(float)
    prices, volume = named[["open", "high", "low", "close"]], named["volume"]
    named["volume"] = volume.where((volume >= 0) & (volume < np.inf))
    return normalise(named[((prices > 0) & (prices < np.inf)).all(axis=1)])[0]


def _says_unknown(error: Exception) -> bool:
    """Tell "no such symbol" from every other failure."""
    from yfinance.exceptions import YFTickerMissingError, YFTzMissingError

    if isinstance(error, YFTzMissingError):
        return True
    if isinstance(error, YFTickerMissingError):
        return "delisted" in error.rationale or "not found" in error.rationale.lower()
    return getattr(getattr(error, "response", None), "status_code", None) == 404
