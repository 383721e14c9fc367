"""The connection that yfinance uses: what it may ask Yahoo for, and for how long.

By itself yfinance asks for a cookie and a crumb before it asks for a chart, each within 30 s. Yahoo
gives charts without them. So a fetch asks for the chart alone at first, and for cookie and crumb
only after Yahoo has refused the chart.

By itself it also goes wherever an answer sends it, and takes answers of any length. Here every
request, the first and those that a redirect or a form asks for, goes to one of Yahoo's own hosts,
and every answer is bounded.

Importing this module loads curl_cffi.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from curl_cffi.requests import Response
from curl_cffi.requests.exceptions import ConnectionError as NotConnected
from curl_cffi.requests.exceptions import RequestException, Timeout

from cryptoforecast.prices.live import yahoo_answer
from cryptoforecast.prices.live.bounded import BoundedSession
from cryptoforecast.prices.live.wire import Roundtrip, Tap

#: Bytes of a chart. Two years of hours have 2.5 MB at most.
MAX_CHART_BYTES = 4_000_000
#: Bytes and tags of any other answer: a cookie, a crumb or the page about cookies. yfinance makes
#: an object of about a kilobyte from each tag.
MAX_PAGE_BYTES, MAX_TAGS = 300_000, 3000
#: Redirects from one request.
MAX_REDIRECTS = 5
# Seconds that a request for a cookie or a crumb may take: the chart needs the rest.
_COOKIE_TIMEOUT = 3.0
_MIN_TIME = 0.05


class Refusal(RequestException):
    """An answer of Yahoo's that is not taken; its text says why."""


class Fetch:
    """One call of yfinance: its limits, and what Yahoo answered.

    Attributes:
        until: Monotonic seconds at which it ends.
        cookies: Whether a cookie and a crumb may be asked for.
        tap: Called with every answer; ``None`` if nothing observes them.
        chart: The last answer to a request for a chart.
        refused_charts: Answers of status 400 or more, by the address and parameters of the request.
        silent_hosts: Hosts that gave no usable answer to a request for a cookie or a crumb.
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


class YahooSession(BoundedSession):
    """A session for yfinance; each of several threads may use it for a fetch of its own."""

    def __init__(self) -> None:
        super().__init__(MAX_CHART_BYTES, impersonate="chrome")
        self._fetches = threading.local()
        self._crumb_needed = False

    @contextmanager
    def fetch(self, seconds: float, cookies: bool, tap: Tap | None = None) -> Iterator[Fetch]:
        """Bound the requests of this thread.

        Args:
            seconds: What all of them together may take.
            cookies: Whether a cookie and a crumb may be asked for.
            tap: Called with every answer.
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
            raise NotConnected("Requests are made within a fetch only.")
        if yahoo_answer.is_chart(url):
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
        timeout = options.get("timeout")
        limit = min(limit, fetch.seconds_left, *([timeout] if timeout else []))
        if limit < _MIN_TIME:
            raise Timeout("No time is left.")
        until = time.monotonic() + limit
        for _ in range(MAX_REDIRECTS + 1):
            began = time.monotonic()
            response = self._ask(fetch, method, url, until - began, *args, **options)
            if not response.is_redirect:
                return response
            url = yahoo_answer.target(response.url, response.headers["Location"] or "")
            options = {name: value for name, value in options.items() if name != "params"}
            if response.status_code in (301, 302, 303):
                method = "GET"
                options = {name: options[name] for name in options if name not in ("data", "json")}
        raise Refusal("Yahoo sent us in a circle.")

    def _ask(
        self, fetch: Fetch, method: Any, url: str, seconds: float, *args: Any, **options: Any
    ) -> Response:
        """Make one request of one of Yahoo's hosts, and check its answer.

        Raises:
            RequestException: If it goes elsewhere, or no answer comes that can be used.
        """
        if not yahoo_answer.is_yahoos(url):
            raise Refusal("Yahoo sent us to another address, which is not followed.")
        if seconds < _MIN_TIME:
            raise Timeout("No time is left.")
        is_chart = yahoo_answer.is_chart(url)
        longest = MAX_CHART_BYTES if is_chart else MAX_PAGE_BYTES
        began = time.monotonic()
        response, is_whole = self.download(method, url, seconds, longest, *args, **options)
        if fetch.tap is not None:
            fetch.tap(Roundtrip.of(response, time.monotonic() - began))
        fault = ""
        if not is_whole:
            fault = f"more than {longest / 1e6:g} MB"
        elif is_chart and not response.is_redirect:
            fault = yahoo_answer.fault(response.content, response.status_code)
        elif not is_chart and response.content.count(b"<") > MAX_TAGS:
            fault = f"a page of more than {MAX_TAGS:,} tags"
        if fault:
            raise Refusal(f"Yahoo answered with {fault}.")
        return response


def _host(url: str) -> str:
    """Return the host of an address."""
    return urlsplit(url).hostname or ""
