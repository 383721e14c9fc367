"""What may be asked of Yahoo and what it may answer, before yfinance makes anything of it."""

from __future__ import annotations

import math
from urllib.parse import urljoin, urlsplit

from cryptoforecast.prices.live.documents import MAX_PARTS, fits, parse

#: The hosts that may be asked, over HTTPS only.
HOSTS = frozenset(
    f"{name}.yahoo.com"
    for name in ("query1.finance", "query2.finance", "finance", "fc", "guce", "consent")
)
#: Candles in one answer. Two years of hours are 17,520.
MAX_ROWS = 50_000
# The last time that is believed, in the year 2096, as seconds since 1970.
_LAST_SECOND = 4_000_000_000


def is_yahoos(url: str) -> bool:
    """Return whether an address is one of Yahoo's own, over HTTPS."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and parts.netloc.lower() in HOSTS


def is_chart(url: str) -> bool:
    """Return whether an address is that of a chart."""
    return "/v8/finance/chart/" in url


def target(url: str, location: str) -> str:
    """Return where a redirect leads; ``""`` if that is no address."""
    try:
        return urljoin(url, location)
    except ValueError:
        return ""


def fault(body: bytes, status: int) -> str:
    """Say what is wrong with the answer to a request for a chart; ``""`` if nothing is.

    Args:
        body: The answer. Only its number of parts counts if the status is not 200.
        status: HTTP status.
    """
    if not fits(body):
        return f"a document of more than {MAX_PARTS:,} parts"
    if status != 200:
        return ""
    try:
        document = parse(body)
    except ValueError:
        return "something other than JSON"
    chart = document.get("chart") if isinstance(document, dict) else None
    results = chart.get("result") if isinstance(chart, dict) else None
    # An answer without a result says in words that there is none.
    if not results:
        return ""
    if not isinstance(results, list) or not isinstance(results[0], dict):
        return "something other than candles"
    return _table_fault(results[0].get("timestamp", []), results[0].get("indicators", {}))


def _table_fault(times: object, indicators: object) -> str:
    """Say what is wrong with a table of times and columns; ``""`` if nothing is."""
    if not isinstance(times, list) or not isinstance(indicators, dict):
        return "something other than candles"
    if len(times) > MAX_ROWS:
        return f"more than {MAX_ROWS:,} candles"
    if not all(type(time) is int and 0 <= time <= _LAST_SECOND for time in times):
        return "a time that can't be"
    for group in indicators.values():
        columns = group[0] if isinstance(group, list) and group else None
        if not isinstance(columns, dict):
            return "something other than candles"
        for column in columns.values():
            if not isinstance(column, list) or len(column) != len(times):
                return "columns of different lengths"
            if not all(value is None or _is_number(value) for value in column):
                return "something other than numbers"
    return ""


def _is_number(value: object) -> bool:
    """Return whether a value is a number; an infinite one counts, NaN does not."""
    if type(value) is int:
        return abs(value) < 10**300
    return type(value) is float and not math.isnan(value)
