"""Kraken, without a key: the last 720 candles of one pair.

API: https://docs.kraken.com/api, "Get OHLC data".
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from cryptoforecast.errors import CryptoForecastError, InvalidInput, SourceUnavailable
from cryptoforecast.prices.candles.coins import Coin
from cryptoforecast.prices.candles.quality import closed_only, empty
from cryptoforecast.prices.candles.resample import floor, step_of
from cryptoforecast.prices.live.breaker import CircuitBreaker
from cryptoforecast.prices.live.coinbase import exchange_ticker
from cryptoforecast.prices.live.documents import plain
from cryptoforecast.prices.live.http import JsonClient, Reply
from cryptoforecast.prices.live.rows import to_candles
from cryptoforecast.prices.live.sources import CANDLE_NAMES, Fetched
from cryptoforecast.prices.live.wire import Tap
from cryptoforecast.types import span_text

#: Minutes of a candle, by interval.
MINUTES = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "1d": 1440}
#: Candles that Kraken gives, at most.
MAX_ROWS = 720
_COLUMNS = {"time": 0, "open": 1, "high": 2, "low": 3, "close": 4, "volume": 6}
# Kraken has names of its own for some coins.
_OWN_NAMES = {"BTC": "XBT", "DOGE": "XDG"}
#: Kraken lets about one call a second pass.
MAX_PER_SECOND = 1.0
# Share of the deadline for the request. The rest is for returning what came.
_FETCH_SHARE = 0.85


class Kraken:
    """Fetches candles from Kraken; volume is in coins.

    Args:
        base: Scheme and host.
        breaker: Bounds each fetch; one breaker serves all symbols.
        per_second: Requests a second, at most.
    """

    name = "kraken"
    title = "Kraken"
    volume_unit = "coins"

    def __init__(
        self,
        base: str = "https://api.kraken.com",
        breaker: CircuitBreaker | None = None,
        per_second: float = MAX_PER_SECOND,
    ) -> None:
        self.base = base
        self._client = JsonClient(self.title, base, per_second)
        self._breaker = breaker or CircuitBreaker(self.title)

    def symbol(self, coin: Coin) -> str | None:
        """Return the pair, as ``"XBTUSD"``; ``None`` for symbols that only Yahoo knows."""
        ticker = exchange_ticker(coin)
        if ticker is None:
            return None
        return _OWN_NAMES.get(ticker, ticker) + _OWN_NAMES.get(coin.quote, coin.quote)

    def earliest(self, interval: str, now: pd.Timestamp) -> pd.Timestamp:
        """Return the open of the oldest candle of a market with a trade in each candle, UTC."""
        return floor(now, interval) - (MAX_ROWS - 1) * step_of(interval)

    def limit(self, interval: str) -> str:
        """Say how far back Kraken goes."""
        span = span_text(MAX_ROWS * step_of(interval))
        return f"Kraken gives the last {MAX_ROWS} {CANDLE_NAMES[interval]} ({span}) only."

    def observe(self, tap: Tap | None) -> None:
        """Pass every answer to ``tap``; ``None`` ends that."""
        self._client.tap = tap

    def cost(self, rows: int, seconds: float) -> tuple[int, float]:
        """Return the requests that ``rows`` candles take, and about how many seconds in all.

        See ``doctor.Observable``.
        """
        return min(rows, 1), seconds

    def fetch(
        self,
        symbol: str,
        interval: str,
        start: pd.Timestamp | None,
        end: pd.Timestamp | None,
        deadline: float,
    ) -> Fetched:
        """Fetch the closed candles in [start, end), at most the last 720 that exist.

        Args:
            symbol: A pair, such as ``"XBTUSD"``.
            interval: A key of ``MINUTES``.
            start: Open of the first candle, UTC; ``None``: as far back as Kraken goes.
            end: Candles open before this time, UTC; ``None``: now.
            deadline: Seconds in all.

        Raises:
            InvalidInput: If Kraken has no such interval or pair.
            SourceUnavailable: If Kraken fails or does not answer in time.
        """
        if interval not in MINUTES:
            raise InvalidInput(
                f"Kraken has {', '.join(MINUTES)} candles. Received: {interval!r}. "
                "Choose one of these."
            )
        params: dict[str, str | int] = {"pair": symbol, "interval": MINUTES[interval]}
        if start is not None:
            # Kraken returns the candles that open *after* this time.
            params["since"] = int((start - step_of(interval)).timestamp())

        def request() -> Reply:
            with self._client.session(_FETCH_SHARE * deadline) as session:
                return session.get("/0/public/OHLC", params)

        def work() -> Fetched:
            reply = request()
            return Fetched(self._candles(reply, symbol, interval), clock=reply.date)

        fetched = self._breaker.run(work, deadline)
        candles = fetched.candles
        if start is not None:
            candles = candles[candles.index >= start]
        candles = candles if end is None else candles[candles.index < end]
        return replace(fetched, candles=candles)

    def _candles(self, reply: Reply, symbol: str, interval: str) -> pd.DataFrame:
        """Take the candles out of an answer; Kraken lists them under a name of its own."""
        document = reply.document
        if not isinstance(document, dict):
            raise SourceUnavailable("Kraken answered with something other than candles.")
        errors = document.get("error")
        if errors:
            raise _as_error(errors, symbol)
        result = document.get("result")
        answers = dict(result) if isinstance(result, dict) else {}
        # "last" is a cursor for the next request. It says nothing about these candles.
        answers.pop("last", None)
        if len(answers) != 1:
            raise SourceUnavailable("Kraken answered with something other than candles.")
        rows = next(iter(answers.values()))
        now = pd.Timestamp.now("UTC")
        candles = to_candles(self.title, rows, _COLUMNS, now, max_rows=2 * MAX_ROWS)
        if candles.empty:
            return empty()
        # The newest candle is always the open one, whatever our clock says. The other candles are
        # closed, unless Kraken's clock or ours says otherwise.
        last_open = pd.Timestamp(max(row[_COLUMNS["time"]] for row in rows), unit="s", tz="UTC")
        return closed_only(
            candles[candles.index < last_open], interval, min(now, reply.date or now)
        )


def _as_error(errors: object, symbol: str) -> CryptoForecastError:
    """Return our error for Kraken's error codes, which come with status 200."""
    text = " ".join(map(str, errors)) if isinstance(errors, list) else str(errors)
    text = plain(text, 80)
    if "Unknown asset pair" in text:
        return InvalidInput(f"Kraken has no {symbol}.")
    if any(words in text for words in ("Too many requests", "Rate limit", "Throttled")):
        return SourceUnavailable("Kraken limits requests from this address for now.")
    return SourceUnavailable(f"Kraken refused the request ({text}).")
