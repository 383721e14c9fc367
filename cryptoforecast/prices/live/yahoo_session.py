"""The connection that yfinance uses: what it may ask Yahoo for, and for how long.

By itself yfinance asks for a cookie and a crumb before it asks for a chart, each within 30 s. Yahoo
gives charts without them. So a fetch asks for the chart alone at first, and for cookie and crumb
only after Yahoo has refused the chart.

Importing this module loads curl_cffi.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import ConnectionError as NotConnected
from curl_cffi.requests.exceptions import RequestException, Timeout

from cryptoforecast.prices.live.wire import Roundtrip, Tap

# Seconds that a request for a cookie or a crumb may take: the chart needs the rest.
_COOKIE_TIMEOUT = 3.0
_MIN_TIME = 0.05


class Fetch:
    """One call of yfinance: its limits, and what Yahoo answered.

    Attributes:
        until: Monotonic seconds at which it ends.
        cookies: Whether a cookie and a crumb may be asked for.
        tap: Is shown every answer; ``None`` if nobody looks.
        chart: The last answer to a request for a chart.
    """

    def __init__(self, until: float, cookies: bool, tap: Tap | None = None) -> None:
        self.until = until
        self.tap = tap
        self.cookies = cookies
        self.chart: Response | None = None
        self.refused_charts: dict[str, Response] = {}
        self.silent_hosts: set[str] = set()

    @property
    def seconds_left(self) -> float:
        """Seconds until the end."""
        return self.until - time.monotonic()

    @property
    def asks_for_consent(self) -> bool:
        """Return whether Yahoo showed its page about cookies instead of a chart."""
        return self.chart is not None and _host(self.chart.url) == "consent.yahoo.com"


class YahooSession(Session[Response]):
    """A session for yfinance, which one thread at a time uses for one fetch."""

    def __init__(self) -> None:
        super().__init__(impersonate="chrome")
        self._fetches = threading.local()
        self._crumb_needed = False

    @contextmanager
    def fetch(self, seconds: float, cookies: bool, tap: Tap | None = None) -> Iterator[Fetch]:
        """Bound the requests of this thread.

        Args:
            seconds: What all of them together may take.
            cookies: Whether a cookie and a crumb may be asked for.
            tap: Is shown every answer.
        """
        fetch = Fetch(time.monotonic() + seconds, cookies, tap)
        self._fetches.current = fetch
        try:
            yield fetch
        finally:
            self._fetches.current = None
        if cookies and fetch.chart is not None:
            self._crumb_needed = fetch.chart.status_code == 200 and not fetch.asks_for_consent

    def request(self, method: Any, url: str, *args: Any, **options: Any) -> Response:
        """Make a request of yfinance within the limits of this thread's fetch.

        Raises:
            RequestException: If it is not allowed, or Yahoo does not answer in time.
        """
        fetch: Fetch | None = getattr(self._fetches, "current", None)
        if fetch is None:
            return super().request(method, url, *args, **options)
        if "/v8/finance/chart/" in url:
            return self._chart(fetch, method, url, *args, **options)
        return self._cookie(fetch, method, url, *args, **options)

    def _chart(self, fetch: Fetch, method: Any, url: str, *args: Any, **options: Any) -> Response:
        """Ask for a chart; without a crumb, unless Yahoo has wanted one before."""
        params = dict(options.get("params") or {})
        if not (fetch.cookies or self._crumb_needed):
            params.pop("crumb", None)
        key = f"{url} {sorted(params.items(), key=str)}"
        if key in fetch.refused_charts:
            # yfinance asks again with another kind of cookie. There is none.
            fetch.chart = fetch.refused_charts[key]
            return fetch.chart
        options["params"] = params
        fetch.chart = self._within(fetch, fetch.seconds_left, method, url, *args, **options)
        if fetch.chart.status_code >= 400:
            fetch.refused_charts[key] = fetch.chart
        return fetch.chart

    def _cookie(self, fetch: Fetch, method: Any, url: str, *args: Any, **options: Any) -> Response:
        """Ask for a cookie or a crumb, if that is allowed; a silent host is asked once."""
        if not fetch.cookies:
            raise NotConnected("No cookie is asked for.")
        host = _host(url)
        if host in fetch.silent_hosts:
            raise NotConnected(f"{host} did not answer before.")
        limit = min(_COOKIE_TIMEOUT, fetch.seconds_left / 2)
        try:
            return self._within(fetch, limit, method, url, *args, **options)
        except RequestException:
            fetch.silent_hosts.add(host)
            raise

    def _within(
        self, fetch: Fetch, limit: float, method: Any, url: str, *args: Any, **options: Any
    ) -> Response:
        """Make a request that ends within ``limit`` seconds and with the fetch."""
        wanted = options.get("timeout")
        limit = min(limit, fetch.seconds_left, *([wanted] if wanted else []))
        if limit < _MIN_TIME:
            raise Timeout("No time is left.")
        options["timeout"] = limit
        began = time.monotonic()
        response = super().request(method, url, *args, **options)
        if fetch.tap is not None:
            fetch.tap(_roundtrip(response, time.monotonic() - began))
        return response


def _roundtrip(response: Response, seconds: float) -> Roundtrip:
    """Describe an answer for those who look at it."""
    headers = {name: text or "" for name, text in response.headers.items()}
    now = pd.Timestamp.now("UTC")
    return Roundtrip(response.url, response.status_code, headers, response.content, seconds, now)


def _host(url: str) -> str:
    """Return the host of an address."""
    return urlsplit(url).hostname or ""
