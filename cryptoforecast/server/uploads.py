"""Bounds what users upload: for a session and for the server, also while the bytes arrive."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cryptoforecast.server.guard import refuse
from cryptoforecast.server.requests import Refusal
from cryptoforecast.service.departures import Departures
from cryptoforecast.ui import uploads

#: Files of a session that are kept at once, and places for files that it may ask for.
MAX_FILES, MAX_PLACES = 20, 50
#: Sessions whose places are remembered: those that asked last.
MAX_ASKING = 1_000
#: Seconds after a session has left in which its files are kept, should it come back.
GRACE = 30.0
#: Seconds from one look at the sessions that have left to the next.
PERIOD = 5.0
#: Bytes of an upload beside the file itself.
FRAME = 100_000

_PLACE = "/_stcore/upload_file/"


class Quota:
    """How much may be kept, and what has arrived so far.

    Args:
        session: Bytes of one session.
        server: Bytes of all sessions.
    """

    def __init__(self, session: int, server: int) -> None:
        self._session, self._server = session, server
        self._announced: Counter[str] = Counter()
        self._arrived = 0
        self._places: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()
        self._departures = Departures()

    def note(self, session: str, file: str) -> None:
        """Remember that an uploader asked for a place."""
        own = self._places.setdefault(session, OrderedDict())
        self._places.move_to_end(session)
        own[file] = None
        if len(own) > MAX_PLACES:
            own.popitem(last=False)
        if len(self._places) > MAX_ASKING:
            self._places.popitem(last=False)

    def refuse(self, session: str, file: str, size: int) -> Refusal | None:
        """Return why a file is refused before any of it is read, or ``None``.

        Args:
            session: Names the session.
            file: Names the file within the session.
            size: Bytes that are announced.
        """
        if not uploads.is_active(session):
            return Refusal(404, "This page is no longer connected. Reload it.")
        if file not in self._places.get(session, ()):
            return Refusal(404, "No uploader has asked for this file. Reload the page.")
        if len(uploads.sizes().get(session, {}).keys() - {file}) >= MAX_FILES:
            return Refusal(413, f"A session keeps at most {MAX_FILES} files. Remove one first.")
        return self.full(session, file, size, size)

    def full(self, session: str, file: str, size: int, more: int) -> Refusal | None:
        """Return why bytes are too many, or ``None``.

        Args:
            session: Names the session.
            file: Names the file; what is kept of it is replaced.
            size: Bytes that come beyond those that have arrived.
            more: Bytes beyond those that were announced.
        """
        sizes = uploads.sizes()
        sizes.get(session, {}).pop(file, None)
        own = sum(sizes.get(session, {}).values()) + self._announced[session] + more
        if own > self._session + FRAME:
            return Refusal(
                413,
                f"The files of a session may have {self._session // 2**20} MB together. "
                "Remove a file first.",
            )
        everyone = sum(sum(files.values()) for files in sizes.values())
        if everyone + self._arrived + size > self._server + FRAME:
            return Refusal(
                413, "This server keeps as many uploaded files as it may. Try again in a minute."
            )
        return None

    def announce(self, session: str, size: int) -> None:
        """Reserve bytes of a session's share; negative ones are free again."""
        self._announced[session] += size
        if not self._announced[session]:
            del self._announced[session]

    def arrive(self, size: int) -> None:
        """Note bytes that have arrived; negative ones are kept now, or gone."""
        self._arrived += size

    async def watch(self) -> None:
        """Forget the files of sessions that have left, until cancelled."""
        while True:
            await asyncio.sleep(PERIOD)
            for name in self._departures.gone(uploads.sizes(), uploads.is_active, GRACE):
                uploads.remove(name)


class Uploads:
    """The middleware that holds uploads to a quota.

    Args:
        app: What is served.
        quota: How much may be kept.
    """

    def __init__(self, app: ASGIApp, quota: Quota) -> None:
        self._app = app
        self._quota = quota

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, separator, place = str(scope.get("path", "")).partition(_PLACE)
        if scope["type"] != "http" or scope["method"] != "PUT" or not separator:
            await self._app(scope, receive, send)
            return
        session, _, file = place.partition("/")
        headers = dict(scope["headers"])
        refusal = _malformed(headers) or self._quota.refuse(session, file, _length(headers))
        if refusal is not None:
            await refuse(scope["path"], send, refusal)
            return
        arrival = _Arrival(self._quota, session, file, _length(headers), receive)
        await arrival.pass_to(self._app, scope, send)


class _Full(Exception):
    """The quota is full."""


class _Arrival:
    """A file on its way into the server.

    Args:
        quota: How much may be kept.
        session: Names the session.
        file: Names the file within the session.
        announced: Bytes that its sender announced; there may be more.
        receive: Returns the next part.
    """

    def __init__(
        self, quota: Quota, session: str, file: str, announced: int, receive: Receive
    ) -> None:
        self._quota, self._session, self._file = quota, session, file
        self._announced, self._size = announced, 0
        self._receive = receive
        self._refusal: Refusal | None = None

    async def pass_to(self, app: ASGIApp, scope: Scope, send: Send) -> None:
        """Let the app read the file as far as the quota goes."""
        self._quota.announce(self._session, self._announced)
        try:
            await app(scope, self._part, send)
        except _Full:
            if self._refusal is not None:
                await refuse(scope["path"], send, self._refusal)
        finally:
            self._quota.announce(self._session, -self._announced)
            self._quota.arrive(-self._size)

    async def _part(self) -> Message:
        message = await self._receive()
        size = len(message.get("body", b""))
        more = max(0, self._size + size - self._announced)
        self._refusal = self._quota.full(self._session, self._file, size, more)
        if self._refusal is not None:
            raise _Full
        self._quota.announce(self._session, more)
        self._announced += more
        self._quota.arrive(size)
        self._size += size
        return message


def _malformed(headers: dict[bytes, bytes]) -> Refusal | None:
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != b"multipart/form-data":
        return Refusal(415, "A file has to come as multipart/form-data.")
    length = headers.get(b"content-length", b"0")
    return None if length.isdigit() else Refusal(400, "Content-Length must be a number.")


def _length(headers: dict[bytes, bytes]) -> int:
    return int(headers.get(b"content-length", b"0"))
