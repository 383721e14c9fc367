"""Kraken, without a key: the last 720 candles of one pair.

Imports ``errors`` and its neighbours ``coinbase``, ``coins``, ``gate``, ``quality``,
``resample``, ``rows``, ``sources``, ``web`` and ``window``.
"""

from __future__ import annotations

import pandas as pd

from cryptoforecast.errors import CryptoForecastError, InvalidInput, SourceUnavailable
from cryptoforecast.prices.candles.coins import Coin
from cryptoforecast.prices.candles.quality import closed_only, empty
from cryptoforecast.prices.candles.resample import floor, step_of
from cryptoforecast.prices.live.breaker import Gate, Refused
from cryptoforecast.prices.live.coinbase import exchange_ticker
from cryptoforecast.prices.live.http import Reply, Web
from cryptoforecast.prices.live.query import describe_age
from cryptoforecast.prices.live.rows import to_candles
from cryptoforecast.prices.live.sources import CANDLES, Fetched

MINUTES = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "1d": 1440}
ROWS = 720
_COLUMNS = {"time": 0, "open": 1, "high": 2, "low": 3, "close": 4, "volume": 6}
# Kraken calls some coins by names of its own.
_OWN_NAMES = {"BTC": "XBT", "DOGE": "XDG"}
#: Kraken counts calls and lets about one a second pass.
PER_SECOND = 1.0
_ASKING = 0.85


class Kraken:
    """Asks Kraken for candles; volume in coins.

    Args:
        base: scheme and host.
        gate: bounds each fetch; one gate for all symbols.
        per_second: requests a second, at most.
    """

    name = "kraken"
    title = "Kraken"
    volume_unit = "coins"

    def __init__(
        self,
        base: str = "https://api.kraken.com",
        gate: Gate | None = None,
        per_second: float = PER_SECOND,
    ) -> None:
        self._web = Web(self.title, base, per_second)
        self._gate = gate or Gate(self.title)

    def symbol(self, coin: Coin) -> str | None:
        """Name the pair: ``"XBTUSD"``; none for symbols that only Yahoo knows."""
        ticker = exchange_ticker(coin)
        return f"{_OWN_NAMES.get(ticker, ticker)}USD" if ticker else None

    def earliest(self, interval: str, now: pd.Timestamp) -> pd.Timestamp:
        """First time for which there are candles if every one was traded in."""
        return floor(now, interval) - (ROWS - 1) * step_of(interval)

    def limit(self, interval: str) -> str:
        """Say how far back Kraken goes."""
        span = describe_age(ROWS * step_of(interval))
        return f"Kraken gives the last {ROWS} {CANDLES[interval]} ({span}) only."

    def fetch(
        self,
        symbol: str,
        interval: str,
        start: pd.Timestamp | None,
        end: pd.Timestamp | None,
        deadline: float,
    ) -> Fetched:
        """Fetch closed candles in [start, end), at most the last 720 there are.

        Args:
            symbol: a pair, such as ``"XBTUSD"``.
            interval: a key of ``MINUTES``.
            start: first candle's open, UTC; as far back as Kraken goes by default.
            end: candles open before this, UTC; now by default.
            deadline: seconds in all.

        Raises:
            InvalidInput: if Kraken has no such interval or pair.
            SourceUnavailable: if Kraken fails or does not answer in time.
        """
        if interval not in MINUTES:
            raise InvalidInput(
                f"Kraken has {', '.join(MINUTES)} candles. Received: {interval!r}. "
                "Choose one of these."
            )
        params: dict[str, str | int] = {"pair": symbol, "interval": MINUTES[interval]}
        if start is not None:
            # Candles *after* this time come back.
            params["since"] = int((start - step_of(interval)).timestamp())

        def ask() -> Reply:
            with self._web.visit(_ASKING * deadline) as visit:
                return visit.json("/0/public/OHLC", params)

        candles = self._gate.run(lambda: self._candles(ask(), symbol, interval), deadline)
        if start is not None:
            candles = candles[candles.index >= start]
        return Fetched(candles if end is None else candles[candles.index < end])

    def _candles(self, reply: Reply, symbol: str, interval: str) -> pd.DataFrame:
        """Take the one list out of the answer; its key is not the pair that was asked for."""
        document = reply.document
        if not isinstance(document, dict):
            raise SourceUnavailable("Kraken answered with something else than candles.")
        errors = document.get("error")
        if errors:
            raise _meaning(errors, symbol)
        result = document.get("result")
        named = dict(result) if isinstance(result, dict) else {}
        committed = named.pop("last", None)
        if len(named) != 1 or isinstance(committed, bool) or not isinstance(committed, int):
            raise SourceUnavailable("Kraken answered with something else than candles.")
        rows = next(iter(named.values()))
        now = pd.Timestamp.now("UTC")
        candles = to_candles(self.title, rows, _COLUMNS, now, most=2 * ROWS)
        if candles.empty:
            return empty()
        # The last row is open whatever our clock says; Kraken names the last that is not.
        closed = candles.index.as_unit("s").asi8 <= committed
        return closed_only(candles[closed], interval, min(now, reply.date or now))


def _meaning(errors: object, symbol: str) -> CryptoForecastError:
    """Turn Kraken's error codes, which come with status 200, into ours."""
    text = " ".join(map(str, errors)) if isinstance(errors, list) else str(errors)
    text = "".join(letter for letter in text if letter.isascii() and letter.isprintable())[:80]
    if "Unknown asset pair" in text:
        return InvalidInput(f"Kraken has no {symbol}.")
    if any(words in text for words in ("Too many requests", "Rate limit", "Throttled")):
        return Refused("Kraken limits requests from this address for now.", 60.0)
    return SourceUnavailable(f"Kraken refused the request ({text}).")
