"""One JSON document from a host that may be slow, wrong or hostile.

Imports ``errors`` and its neighbour ``gate``. Knows nothing of prices. ``requests`` is imported
on the first visit. Redirects are never followed; a body is read up to a limit, uncompressed.
"""

from __future__ import annotations

import json
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
from cryptoforecast.prices.live.breaker import Refused

if TYPE_CHECKING:
    import requests

MAX_BYTES = 2_000_000
_ATTEMPTS = 3
_CHUNK = 65_536
_CONNECT = 4.0
_FIRST_PAUSE = 0.2
# A longer wait than this is left to whoever asks next; others may answer meanwhile.
_WAIT_AT_MOST = 2.0
_LEGAL_PAUSE = 3600.0
_HEADERS = {
    "User-Agent": "CryptoForecast/1 (educational; candles cached)",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
}


@dataclass(frozen=True)
class Reply:
    """A parsed answer.

    Attributes:
        status: 200, or 404 where the host says in JSON that it has no such thing.
        document: what the JSON said; nothing about it is checked.
        date: the host's clock, UTC; ``None`` if it did not tell.
    """

    status: int
    document: object
    date: pd.Timestamp | None


class _Passing(SourceUnavailable):
    """A failure that may be over at once: a reset connection, a cut body, a 5xx."""


class _Pace:
    """Spaces requests evenly, those of all threads together."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self, left: float) -> bool:
        """Sleep until it is this request's turn; tell if that is later than ``left`` seconds."""
        with self._lock:
            now = time.monotonic()
            turn = max(self._next, now)
            if turn > now + left:
                return False
            self._next = turn + self._gap
        time.sleep(max(turn - now, 0))
        return True


class Web:
    """One host.

    Args:
        title: what to call it in messages.
        base: scheme and host, for example ``"https://api.kraken.com"``.
        per_second: requests a second, at most.
    """

    def __init__(self, title: str, base: str, per_second: float) -> None:
        self.title = title
        self._base = base.rstrip("/")
        self._pace = _Pace(per_second)

    @contextmanager
    def visit(self, deadline: float) -> Iterator[Visit]:
        """Open a connection for several requests within ``deadline`` seconds in all."""
        import requests

        with requests.Session() as session:
            # Otherwise a .netrc file's passwords would be sent along.
            session.auth = _no_auth
            session.headers.clear()
            session.headers.update(_HEADERS)
            yield Visit(self.title, self._base, self._pace, session, time.monotonic() + deadline)


class Visit:
    """Requests to one host over one connection; made by ``Web.visit``."""

    def __init__(
        self, title: str, base: str, pace: _Pace, session: requests.Session, until: float
    ) -> None:
        self._title = title
        self._base = base
        self._pace = pace
        self._session = session
        self._until = until

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self._until - time.monotonic()

    def json(self, path: str, params: Mapping[str, str | int]) -> Reply:
        """Get one document, trying again where that helps.

        Raises:
            Refused: if the host limits or bars requests.
            SourceUnavailable: if it does not answer in time, or not with JSON.
        """
        pause = _FIRST_PAUSE
        for attempt in range(1, _ATTEMPTS + 1):
            if not self._pace.wait(self.left):
                raise self._silent()
            try:
                return self._get(path, params)
            except Refused as error:
                if attempt == _ATTEMPTS or not self._affordable(error.pause):
                    raise
                wait = error.pause
            except _Passing as error:
                wait = pause * random.uniform(0.5, 1.5)
                if attempt == _ATTEMPTS or not self._affordable(wait):
                    raise SourceUnavailable(str(error)) from error
                pause *= 2
            time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _affordable(self, wait: float) -> bool:
        """Whether a wait leaves as much time as it takes."""
        return wait <= _WAIT_AT_MOST and 2 * wait < self.left

    def _get(self, path: str, params: Mapping[str, str | int]) -> Reply:
        """Get it once."""
        import requests
        import urllib3.exceptions

        left = self.left
        if left <= 0:
            raise self._silent()
        try:
            with self._session.get(
                self._base + path,
                params=dict(params),
                timeout=(min(_CONNECT, left), left),
                allow_redirects=False,
                stream=True,
            ) as response:
                self._check(response)
                body = self._read(response)
                reply = response.status_code, response.headers.get("Date")
        except requests.Timeout as error:
            raise self._silent() from error
        except urllib3.exceptions.ReadTimeoutError as error:
            raise self._silent() from error
        except requests.ConnectionError as error:
            inner = error.args[0] if error.args else None
            if isinstance(inner, urllib3.exceptions.ProtocolError):
                raise _Passing(f"{self._title} broke the connection off.") from error
            raise SourceUnavailable(f"{self._title} can't be reached.") from error
        except (requests.RequestException, ValueError) as error:
            # A URL or a header that can't be parsed raises plain ValueErrors, too.
            raise SourceUnavailable(
                f"{self._title} answered nothing that can be read ({type(error).__name__})."
            ) from error
        except urllib3.exceptions.HTTPError as error:
            raise _Passing(f"{self._title}'s answer broke off.") from error
        return Reply(reply[0], self._parse(body), _clock(reply[1]))

    def _check(self, response: requests.Response) -> None:
        """Turn a status into the error it means."""
        status = response.status_code
        if status in (200, 404):
            return
        if status in (418, 429):
            given = response.headers.get("Retry-After", "")
            pause = float(given) if given.isascii() and given.isdigit() else 60.0
            raise Refused(f"{self._title} limits requests from this address for now.", pause)
        if status in (401, 403, 451):
            raise Refused(
                f"{self._title} bars requests from this address or country ({status}).",
                _LEGAL_PAUSE,
            )
        if 300 <= status < 400:
            raise SourceUnavailable(
                f"{self._title} sent us to another address ({status}), which is not followed."
            )
        if status >= 500:
            raise _Passing(f"{self._title} has trouble of its own ({status}).")
        raise SourceUnavailable(f"{self._title} refused the request ({status}).")

    def _read(self, response: requests.Response) -> bytes:
        """Read the body piece by piece, watching its length and the clock."""
        encoding = response.headers.get("Content-Encoding", "identity").lower()
        if encoding not in ("", "identity"):
            raise SourceUnavailable(f"{self._title} compressed its answer unasked.")
        body = bytearray()
        while True:
            if self.left <= 0:
                raise self._silent()
            piece = response.raw.read1(_CHUNK, decode_content=False)
            body += piece
            if len(body) > MAX_BYTES:
                raise SourceUnavailable(
                    f"{self._title} answered with more than {MAX_BYTES // 1_000_000} MB."
                )
            if not piece:
                break
        length = response.headers.get("Content-Length", "")
        if length.isascii() and length.isdigit() and len(body) != int(length[:18]):
            raise _Passing(f"{self._title}'s answer broke off.")
        return bytes(body)

    def _parse(self, body: bytes) -> object:
        """Parse strict JSON: UTF-8, no NaN, no endless nesting."""
        try:
            return json.loads(body.decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise SourceUnavailable(
                f"{self._title} answered with something else than JSON."
            ) from error

    def _silent(self) -> SourceUnavailable:
        return SourceUnavailable(f"{self._title} did not answer in time.")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send requests as they are."""
    return request


def _clock(header: str | None) -> pd.Timestamp | None:
    """Read a ``Date`` header."""
    try:
        return (
            None
            if header is None
            else pd.Timestamp(parsedate_to_datetime(header)).tz_convert("UTC")
        )
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
