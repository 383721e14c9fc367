"""Yahoo Finance through yfinance: closed candles of one symbol, within a deadline.

yfinance is loaded by the first request, not by importing this module. Yahoo's terms allow
personal, research and educational use.
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
from cryptoforecast.prices.live.breaker import CircuitBreaker
from cryptoforecast.prices.live.sources import CANDLE_NAMES, Fetched
from cryptoforecast.types.quotes import DEFAULT_QUOTE, quote_of

#: How far back candles are requested, by interval: a little less than Yahoo's limit. ``None``
#: stands for no limit.
LOOK_BACK: dict[str, pd.Timedelta | None] = {
    "1m": pd.Timedelta(days=7, hours=12),
    "5m": pd.Timedelta(days=59),
    "15m": pd.Timedelta(days=59),
    "30m": pd.Timedelta(days=59),
    "1h": pd.Timedelta(days=729),
    "1d": None,
}

_EARLIEST = pd.Timestamp("2010-01-01", tz="UTC")
# Seconds of one request. A fetch may take several; the deadline bounds all of them together.
_REQUEST_TIMEOUT = 10.0


class Yahoo:
    """Fetches candles from Yahoo; volume is turnover in USD.

    Args:
        home: Folder in which yfinance keeps its own small caches.
        breaker: Bounds each fetch; one breaker serves all symbols.
    """

    name = "yahoo"
    title = "Yahoo"
    volume_unit = "quote"

    def __init__(self, home: Path, breaker: CircuitBreaker | None = None) -> None:
        self._home = home
        self._breaker = breaker or CircuitBreaker("Yahoo")
        self._lock = threading.Lock()
        self._prepared = False

    def symbol(self, coin: Coin) -> str:
        """Return Yahoo's symbol of a coin, as ``"BTC-USD"``."""
        return coin.symbol

    def earliest(self, interval: str, now: pd.Timestamp) -> pd.Timestamp:
        """Return the first time for which Yahoo may have candles of this interval, UTC."""
        back = LOOK_BACK[interval]
        return _EARLIEST if back is None else now - back

    def limit(self, interval: str) -> str:
        """Say how far back Yahoo goes."""
        back = LOOK_BACK[interval]
        if back is None:
            return f"Yahoo is asked for {CANDLE_NAMES[interval]} since {_EARLIEST.year}."
        return f"Yahoo gives {CANDLE_NAMES[interval]} of the last {back.days} days only."

    def fetch(
        self,
        symbol: str,
        interval: str,
        start: pd.Timestamp | None,
        end: pd.Timestamp | None,
        deadline: float,
    ) -> Fetched:
        """Fetch the closed candles in [start, end).

        Args:
            symbol: Yahoo's symbol, such as ``"BTC-USD"``.
            interval: A key of ``LOOK_BACK``.
            start: Open of the first candle, UTC. ``None``, or a time before ``earliest``, stands
                for ``earliest``.
            end: Candles open before this time, UTC; ``None``: now.
            deadline: Seconds in all.

        Raises:
            InvalidInput: If Yahoo has no such interval or symbol, or quotes it in another
                currency.
            SourceUnavailable: If Yahoo fails or does not answer in time.
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
        candles = self._breaker.run(
            lambda: canonical(self._request(symbol, interval, first, last)), deadline
        )
        candles = candles[(candles.index >= first) & (candles.index < last)]
        return Fetched(closed_only(candles, interval, now))

    def _request(
        self, symbol: str, interval: str, start: pd.Timestamp, end: pd.Timestamp
    ) -> pd.DataFrame:
        """Call yfinance, which may block for any length of time."""
        import yfinance
        from yfinance.data import YfData
        from yfinance.exceptions import YFRateLimitError

        self._prepare()
        ticker = yfinance.Ticker(symbol)
        if quote_of(symbol.rpartition("-")[2]):
            # Coins trade in UTC. Saying so saves yfinance a request for the time zone.
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
            # yfinance raises errors of many classes, some of them private. Each is raised again,
            # in our words where its meaning is known. yfinance also caches answers for as long
            # as the process lives, failures included, so its cache is cleared.
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
        quote = quote_of(symbol.rpartition("-")[2]) or DEFAULT_QUOTE
        if currency not in (quote, None):
            raise InvalidInput(
                f"The prices of {symbol} must be in {quote}. Received: {symbol}, which Yahoo "
                f"quotes in {currency}. Choose a symbol quoted in {quote}."
            )
        return frame

    def _prepare(self) -> None:
        """Set yfinance up once: our folder for its caches, and errors that are raised."""
        import yfinance

        with self._lock:
            if self._prepared:
                return
            folder = self._home / "yfinance"
            # Where the folder can't be written, yfinance works without its caches.
            with contextlib.suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
            yfinance.set_tz_cache_location(str(folder))
            yfinance.config.debug.hide_exceptions = False
            # Failures reach us as exceptions. Its log messages would only fill stderr.
            logging.getLogger("yfinance").setLevel(logging.CRITICAL)
            # yfinance still uses arguments of pandas that are deprecated.
            warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"yfinance\.")
            self._prepared = True


def canonical(raw: pd.DataFrame) -> pd.DataFrame:
    """Make a canonical frame from what ``Ticker.history`` returns, the open candle included.

    Candles with a price that is not positive and finite are left out. A volume that is negative
    or not finite becomes NaN.
    """
    if raw.empty:
        return empty()
    named = raw.rename(columns=str.lower)[list(COLUMNS)].astype(float)
    prices, volume = named[["open", "high", "low", "close"]], named["volume"]
    named["volume"] = volume.where((volume >= 0) & (volume < np.inf))
    return normalise(named[((prices > 0) & (prices < np.inf)).all(axis=1)])[0]


def _says_unknown(error: Exception) -> bool:
    """Return whether an error of yfinance means that there is no such symbol."""
    from yfinance.exceptions import YFTickerMissingError, YFTzMissingError

    if isinstance(error, YFTzMissingError):
        return True
    if isinstance(error, YFTickerMissingError):
        return "delisted" in error.rationale or "not found" in error.rationale.lower()
    return getattr(getattr(error, "response", None), "status_code", None) == 404
