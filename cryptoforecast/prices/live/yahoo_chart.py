"""A chart of Yahoo's: asked for through yfinance, and judged.

Yahoo's own answer says what an error of yfinance means: whether Yahoo refuses this symbol, or gives
no charts at all for now.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cryptoforecast.errors import (
    CryptoForecastError,
    InvalidInput,
    NotEnoughData,
    SourceUnavailable,
)
from cryptoforecast.prices.candles.quality import empty, normalise
from cryptoforecast.prices.candles.resample import COLUMNS
from cryptoforecast.prices.live.documents import parse, plain
from cryptoforecast.prices.live.http import parse_date
from cryptoforecast.prices.live.rows import check_zeros
from cryptoforecast.prices.live.sources import CANDLE_NAMES
from cryptoforecast.types.quotes import DEFAULT_QUOTE, quote_of

if TYPE_CHECKING:
    from curl_cffi.requests import Response

    from cryptoforecast.prices.live.yahoo_session import Fetch, YahooSession

# Seconds of one request. A fetch may take several; the deadline bounds all of them together.
_REQUEST_TIMEOUT = 10.0
# What Yahoo says where it knows the symbol, but has no candles in the span.
_NO_CANDLES = re.compile(r"Data doesn't exist|not available for startTime|must be within the last")
# What Yahoo says where it does not know the symbol.
_UNKNOWN = re.compile(r"No data found|not found|delisted", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Chart:
    """What Yahoo answered about one symbol.

    Attributes:
        frame: What yfinance made of it; ``None`` if there is no candle in the span.
        meta: What Yahoo says about the symbol.
        date: The clock of Yahoo's server, UTC; ``None`` where that is unknown.
        refusal: Why Yahoo gives no chart of this symbol. It may give those of others.
        fault: Why Yahoo gives no charts at all for now.
        wants_cookie: Whether it might give the chart to someone with a cookie and a crumb.
    """

    frame: pd.DataFrame | None = None
    meta: Mapping[str, object] = field(default_factory=dict)
    date: pd.Timestamp | None = None
    refusal: CryptoForecastError | None = None
    fault: SourceUnavailable | None = None
    wants_cookie: bool = False


def ask(
    fetch: Fetch,
    session: YahooSession,
    symbol: str,
    interval: str,
    start: pd.Timestamp,
    end: pd.Timestamp,
) -> Chart:
    """Call yfinance within the limits of a fetch, and judge what comes back.

    Args:
        fetch: The limits of the call; it keeps Yahoo's own answer.
        session: Makes the requests of yfinance.
        symbol: Yahoo's symbol.
        interval: Candle length, a key of ``yahoo.LOOK_BACK``.
        start: Open of the first candle, UTC.
        end: Candles open before this time, UTC.
    """
    import yfinance
    from yfinance.data import YfData

    ticker = yfinance.Ticker(symbol, session=session)
    if _named_quote(symbol):
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
        # yfinance raises errors of many classes, some of them private. Yahoo's own answer says
        # more. yfinance also caches answers for as long as the process lives, failures included,
        # so its cache is cleared.
        YfData.cache_get.cache_clear()
        return _failure(error, fetch, symbol, interval)
    names = ("currency", "instrumentType", "regularMarketTime")
    about = ticker.history_metadata
    date = None if fetch.chart is None else parse_date(fetch.chart.headers.get("Date"))
    return Chart(frame, {name: about.get(name) for name in names}, date)


def _failure(error: Exception, fetch: Fetch, symbol: str, interval: str) -> Chart:
    """Say what an error of yfinance means: for this symbol, or for all that Yahoo has."""
    from cryptoforecast.prices.live.yahoo_session import Refusal

    if isinstance(error, Refusal):
        return _fault(plain(error), error)
    status = None if fetch.chart is None else fetch.chart.status_code
    if fetch.asks_for_consent:
        return _fault("Yahoo asks for consent to cookies first.", error, wants_cookie=True)
    if status in (None, 200) and isinstance(error, OSError) and not isinstance(error, ValueError):
        if _is_timeout(error):
            return _fault("Yahoo did not answer in time.", error)
        return _fault(f"Yahoo can't be reached ({type(error).__name__}).", error)
    if status == 429 or type(error).__name__ == "YFRateLimitError":
        return _fault("Yahoo limits requests from this address for now.", error, wants_cookie=True)
    if status in (403, 451):
        return _fault(f"Yahoo bars requests from this address or country ({status}).", error)
    if status is not None and status >= 500:
        return _fault(f"Yahoo has a problem on its side ({status}).", error)
    document = _document(fetch.chart)
    text = _description(document)
    if status == 401:
        refusal = SourceUnavailable(f"Yahoo refused the request ({_code(status, text)}).")
        return Chart(refusal=_caused(refusal, error), wants_cookie=True)
    if _NO_CANDLES.search(text):
        nothing = NotEnoughData(f"Yahoo has no {CANDLE_NAMES[interval]} of {symbol} there.")
        return Chart(refusal=_caused(nothing, error))
    if status == 404 and not text:
        return _fault("Yahoo's charts are no longer at their address (404).", error)
    if status == 404 or _UNKNOWN.search(text):
        unknown = InvalidInput(
            f"Yahoo has no prices under this symbol. Received: {symbol}. "
            "Look it up on finance.yahoo.com (some coins carry a number, as UNI7083-USD)."
        )
        return Chart(refusal=_caused(unknown, error))
    if status is not None and (status != 200 or text):
        refusal = SourceUnavailable(f"Yahoo refused the request ({_code(status, text)}).")
        return Chart(refusal=_caused(refusal, error))
    meta = _meta(document)
    if meta is not None and type(error).__name__ == "YFPricesMissingError":
        return Chart(meta=meta)
    return _fault(f"Yahoo failed: {type(error).__name__}: {plain(error)}", error)


def _fault(message: str, cause: Exception, wants_cookie: bool = False) -> Chart:
    """Make the answer of a Yahoo that gives no charts at all for now."""
    fault = SourceUnavailable(message)
    fault.__cause__ = cause
    return Chart(fault=fault, wants_cookie=wants_cookie)


def _caused(error: CryptoForecastError, cause: Exception) -> CryptoForecastError:
    """Name the cause of an error that is raised later."""
    error.__cause__ = cause
    return error


def _is_timeout(error: Exception) -> bool:
    """Return whether an error of curl_cffi is a time-out."""
    return any(kind.__name__ == "Timeout" for kind in type(error).__mro__)


def _document(response: Response | None) -> object:
    """Read the JSON of an answer; ``None`` if there is none."""
    try:
        return None if response is None else parse(response.content)
    except ValueError:
        return None


def _description(document: object) -> str:
    """Return what Yahoo says is wrong; ``""`` if it says nothing."""
    for name in ("chart", "finance"):
        part = document.get(name) if isinstance(document, dict) else None
        error = part.get("error") if isinstance(part, dict) else None
        if isinstance(error, dict):
            return plain(error.get("description") or error.get("code") or "")
    return ""


def _code(status: int, text: str) -> str:
    """Join a status and what Yahoo says: "401: Invalid Crumb"."""
    return f"{status}: {text}" if text else str(status)


def _meta(document: object) -> Mapping[str, object] | None:
    """Return what Yahoo says about a symbol; ``None`` if the answer is no chart."""
    try:
        meta = document["chart"]["result"][0]["meta"]  # type: ignore[index]
    except (LookupError, TypeError):
        return None
    return meta if isinstance(meta, dict) else None


def _named_quote(symbol: str) -> str | None:
    """Return the quote that a symbol names: "EUR" of "BTC-EUR"; ``None`` if it names none."""
    _, dash, end = symbol.rpartition("-")
    return quote_of(end) if dash else None


def quote(symbol: str, chart: Chart) -> str:
    """Return the currency of a symbol's prices, from what Yahoo says about them.

    Raises:
        InvalidInput: If Yahoo names a currency that the symbol does not, or an unknown one.
    """
    in_name, currency = _named_quote(symbol), chart.meta.get("currency")
    if currency is None:
        return in_name or DEFAULT_QUOTE
    # "GBp" are pence: a currency counts only as it is written.
    in_chart = quote_of(currency) if isinstance(currency, str) and currency.isupper() else None
    if in_chart is None or (in_name is not None and in_chart != in_name):
        raise InvalidInput(
            "Prices must be in the currency that their symbol names. "
            f"Received: {symbol}, which Yahoo quotes in {str(currency)[:12]!r}. "
            "Choose another symbol."
        )
    return in_chart


def clock(chart: Chart, now: pd.Timestamp) -> pd.Timestamp:
    """Return the time up to which candles may count as closed, UTC.

    Our clock may be ahead, so Yahoo's clock and the time of the last trade bound it. Coins trade
    all the time; the last trade of anything else may lie before a weekend.
    """
    times = [now] if chart.date is None else [now, chart.date]
    traded = chart.meta.get("regularMarketTime")
    is_coin = chart.meta.get("instrumentType") == "CRYPTOCURRENCY"
    # yfinance has made a time of the seconds.
    if is_coin and isinstance(traded, pd.Timestamp):
        times.append(traded.tz_convert("UTC"))
    return min(times)


def canonical(raw: pd.DataFrame) -> pd.DataFrame:
    """Make a canonical frame from what ``Ticker.history`` returns, the open candle included.

    Candles with a price that is not positive and finite are left out. A volume that is negative
    or not finite becomes NaN. So does a volume of zero where the price moved: Yahoo gives zero for
    most of its intraday candles.

    Raises:
        SourceUnavailable: If too many prices are zero.
    """
    if raw.empty:
        return empty()
    candles = raw.rename(columns=str.lower)[list(COLUMNS)].astype(float)
    prices, volume = candles[["open", "high", "low", "close"]], candles["volume"]
    check_zeros("Yahoo", int((prices == 0).any(axis=1).sum()), len(prices))
    still = candles["high"] <= candles["low"]
    is_sure = (volume > 0) & (volume < np.inf) | (volume == 0) & still
    candles["volume"] = volume.where(is_sure)
    return normalise(candles[((prices > 0) & (prices < np.inf)).all(axis=1)])[0]
