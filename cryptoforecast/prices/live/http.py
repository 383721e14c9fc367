"""The HTTP client: one JSON document from a host that may be slow, wrong or hostile.

Redirects are never followed. A body is read up to a limit and never decompressed. The package
curl_cffi is loaded by the first request, not by importing this module. It knows nothing of prices.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pandas as pd

from cryptoforecast.errors import SourceUnavailable
from cryptoforecast.prices.live.breaker import RetryLater
from cryptoforecast.prices.live.documents import parse
from cryptoforecast.prices.live.wire import Roundtrip, Tap

if TYPE_CHECKING:
    from curl_cffi.requests import Response
    from curl_cffi.requests.exceptions import RequestException

    from cryptoforecast.prices.live.bounded import BoundedSession

#: Longest body that is read.
MAX_BYTES = 2_000_000
_MAX_ATTEMPTS = 3
_FIRST_PAUSE = 0.2
# A longer wait is left to the next request; meanwhile other sources may answer.
_MAX_WAIT = 2.0
_HEADERS = {
    "User-Agent": "CryptoForecast/1 (personal use; candles cached)",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
}


@dataclass(frozen=True)
class Reply:
    """A parsed answer.

    Attributes:
        status: 200, or 404 where the host says in JSON that it does not have the resource.
        document: The parsed JSON. Nothing about its content has been checked.
        date: The host's clock, UTC; ``None`` where the host sent no readable date.
    """

    status: int
    document: object
    date: pd.Timestamp | None


class _TransientError(SourceUnavailable):
    """A failure that may be over at once: a reset connection, a cut body, a status of 5xx."""


class _RateLimiter:
    """Limits the requests of all threads together, as a token bucket does.

    Args:
        per_second: Requests a second, at most, in the long run.
        burst: Requests that may follow each other at once after a pause.
    """

    def __init__(self, per_second: float, burst: int = 1) -> None:
        self._gap = 1 / per_second
        self._advance = (burst - 1) / per_second
        self._lock = threading.Lock()
        self._next_turn = 0.0

    def wait(self, max_wait: float) -> bool:
        """Sleep until the turn of this request comes.

        Args:
            max_wait: Seconds that may be waited.

        Returns:
            Whether the turn came in time. If not, this returns at once and uses no turn.
        """
        with self._lock:
            now = time.monotonic()
            turn = max(self._next_turn - self._advance, now)
            if turn > now + max_wait:
                return False
            self._next_turn = max(self._next_turn, now) + self._gap
        time.sleep(max(turn - now, 0))
        return True


class JsonClient:
    """Gets JSON documents from one host.

    Args:
        title: The host's name in messages.
        base: Scheme and host, for example ``"https://api.kraken.com"``.
        per_second: Requests a second, at most, of all sessions together.
        burst: Requests that may follow each other at once after a pause.

    Attributes:
        title: The host's name in messages.
        tap: Called with every answer; ``None`` if nothing observes them.
    """

    def __init__(self, title: str, base: str, per_second: float, burst: int = 1) -> None:
        self.title = title
        self.tap: Tap | None = None
        self._base = base.rstrip("/")
        self._limiter = _RateLimiter(per_second, burst)

    @contextmanager
    def session(self, deadline: float) -> Iterator[JsonSession]:
        """Open a connection for several requests within ``deadline`` seconds in all."""
        from cryptoforecast.prices.live.bounded import BoundedSession

        with BoundedSession(
            MAX_BYTES, headers=_HEADERS, discard_cookies=True, http_version="v1"
        ) as session:
            until = time.monotonic() + deadline
            yield JsonSession(self.title, self._base, self._limiter, session, until, self.tap)


class JsonSession:
    """Requests to one host over one connection; made by ``JsonClient.session``."""

    def __init__(
        self,
        title: str,
        base: str,
        limiter: _RateLimiter,
        session: BoundedSession,
        until: float,
        tap: Tap | None = None,
    ) -> None:
        self._tap = tap
        self._title = title
        self._base = base
        self._limiter = limiter
        self._session = session
        self._until = until

    @property
    def seconds_left(self) -> float:
        """Seconds until the deadline."""
        return self._until - time.monotonic()

    def get(self, path: str, params: Mapping[str, str | int]) -> Reply:
        """Get one document, and try again where that helps.

        Args:
            path: Path on the host, starting with a slash.
            params: Query parameters.

        Raises:
            RetryLater: If the host limits requests, and says for how many seconds.
            SourceUnavailable: If the host does not answer in time, refuses, or does not send JSON.
        """
        pause = _FIRST_PAUSE
        for attempt in range(1, _MAX_ATTEMPTS + 1):
            if not self._limiter.wait(self.seconds_left):
                raise self._timeout()
            try:
                return self._get_once(path, params)
            except RetryLater as error:
                if attempt == _MAX_ATTEMPTS or not self._affordable(error.pause):
                    raise
                wait = error.pause
            except _TransientError as error:
                wait = pause * random.uniform(0.5, 1.5)
                if attempt == _MAX_ATTEMPTS or not self._affordable(wait):
                    raise SourceUnavailable(str(error)) from error
                pause *= 2
            time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _affordable(self, wait: float) -> bool:
        """Return whether a wait is short, and leaves more time than it takes."""
        return wait <= _MAX_WAIT and 2 * wait < self.seconds_left

    def _get_once(self, path: str, params: Mapping[str, str | int]) -> Reply:
        """Get one document without trying again."""
        from curl_cffi.requests.exceptions import RequestException

        seconds, began = self.seconds_left, time.monotonic()
        if seconds <= 0:
            raise self._timeout()
        try:
            response, is_whole = self._session.download(
                "GET",
                self._base + path,
                seconds,
                MAX_BYTES,
                params=dict(params),
                # None: libcurl unpacks nothing. The header asks for a body that is not packed.
                accept_encoding=None,
            )
        except RequestException as error:
            raise self._failure(error) from error
        self._show(response, began)
        self._check(response, is_whole=is_whole)
        date = response.headers.get("Date")
        return Reply(response.status_code, self._parse(response.content), parse_date(date))

    def _failure(self, error: RequestException) -> SourceUnavailable:
        """Say what an error of curl means."""
        from curl_cffi import CurlECode
        from curl_cffi.requests import exceptions

        if isinstance(error, exceptions.Timeout):
            return self._timeout()
        if error.code in (CurlECode.GOT_NOTHING, CurlECode.RECV_ERROR, CurlECode.SEND_ERROR):
            return _TransientError(f"{self._title} broke the connection off.")
        if isinstance(error, exceptions.IncompleteRead):
            return _TransientError(f"{self._title}'s answer broke off.")
        unreachable = (exceptions.ConnectionError, exceptions.ProxyError)
        if isinstance(error, unreachable) and error.code != CurlECode.WEIRD_SERVER_REPLY:
            return SourceUnavailable(f"{self._title} can't be reached.")
        return SourceUnavailable(
            f"{self._title} sent an answer that can't be read ({type(error).__name__})."
        )

    def _show(self, response: Response, began: float) -> None:
        """Pass an answer to the tap, if there is one."""
        if self._tap is not None:
            self._tap(Roundtrip.of(response, time.monotonic() - began))

    def _check(self, response: Response, *, is_whole: bool) -> None:
        """Raise the error that a status means, or a body that is not as it was asked for."""
        status = response.status_code
        if status in (200, 404):
            encoding = str(response.headers.get("Content-Encoding") or "identity").lower()
            if encoding != "identity":
                raise SourceUnavailable(f"{self._title} compressed its answer unasked.")
            if not is_whole:
                raise SourceUnavailable(
                    f"{self._title} answered with more than {MAX_BYTES // 1_000_000} MB."
                )
            return
        if status in (418, 429):
            message = f"{self._title} limits requests from this address for now."
            header = response.headers.get("Retry-After") or ""
            if header.isascii() and header.isdigit():
                raise RetryLater(message, float(header[:18]))
            raise SourceUnavailable(message)
        if status in (401, 403, 451):
            raise SourceUnavailable(
                f"{self._title} bars requests from this address or country ({status})."
            )
        if 300 <= status < 400:
            raise SourceUnavailable(
                f"{self._title} sent us to another address ({status}), which is not followed."
            )
        if status >= 500:
            raise _TransientError(f"{self._title} has a problem on its side ({status}).")
        raise SourceUnavailable(f"{self._title} refused the request ({status}).")

    def _parse(self, body: bytes) -> object:
        """Parse strict JSON: UTF-8, no NaN, no endless nesting."""
        try:
            return parse(body, strict=True)
        except ValueError as error:
            raise SourceUnavailable(
                f"{self._title} answered with something other than JSON."
            ) from error

    def _timeout(self) -> SourceUnavailable:
        """Make the error of a host that did not answer in time."""
        return SourceUnavailable(f"{self._title} did not answer in time.")


def parse_date(header: str | None) -> pd.Timestamp | None:
    """Read a ``Date`` header, UTC; ``None`` where it is absent or can't be read."""
    if header is None:
        return None
    try:
        return pd.Timestamp(parsedate_to_datetime(header)).tz_convert("UTC")
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
