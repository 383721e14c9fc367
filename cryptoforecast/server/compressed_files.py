"""Sends Streamlit's scripts and styles compressed, to a third of their size.

A first visit takes about 7 MB of them. Streamlit does not compress them, and many servers stand
behind no proxy that would. Each file is compressed once in a process, and then sent from memory.
"""

from __future__ import annotations

import asyncio
import gzip

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cryptoforecast.api.encodings import takes_gzip
from cryptoforecast.cache import LruCache

#: Where the files are, and how their names end.
FOLDER, ENDINGS = "/static/", (".js", ".css")
#: Bytes of a file, at most; the largest one, Plotly, has 4.7 million.
MAX_FILE = 8_000_000
#: Bytes of compressed files in memory; all of Streamlit's take 7 million.
MAX_MEMORY = 12_000_000

Answer = tuple[Message, Message]


class CompressedFiles:
    """Compresses the answers that are scripts and styles, for browsers that read gzip.

    Args:
        app: What is served.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._answers: LruCache[Answer] = LruCache(MAX_MEMORY, lambda each: len(each[1]["body"]))
        # One file is read and compressed at a time, however many ask for it.
        self._one = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = None
        if scope["type"] == "http" and _can_be_compressed(scope):
            answer = await self._answer(scope, receive)
        if answer is None:
            await self._app(scope, receive, send)
            return
        start, body = answer
        await send({**start, "headers": list(start["headers"])})  # others add their own
        await send(body)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer | None:
        """Return the compressed answer; ``None`` if the path is that of no such file."""
        path = scope["path"]
        answer = self._answers.get(path)
        if answer is None:
            async with self._one:
                answer = self._answers.get(path)
                if answer is None:
                    file = _File()
                    await self._app(scope, receive, file.take)
                    answer = await asyncio.to_thread(file.compressed)
                if answer is not None:
                    self._answers.put(path, answer)
        return answer


def _can_be_compressed(scope: Scope) -> bool:
    path, headers = scope["path"], Headers(scope=scope)
    return (
        scope["method"] == "GET"
        and path.startswith(FOLDER)
        and path.endswith(ENDINGS)
        and takes_gzip(scope)
        and not {"range", "if-none-match", "if-modified-since"} & set(headers.keys())
    )


class _File:
    """Takes an answer, and keeps what it has if it is a file that can be compressed."""

    def __init__(self) -> None:
        self._start: Message | None = None
        self._parts: list[bytes] = []

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            size = int(headers.get("content-length", MAX_FILE + 1))
            if message["status"] == 200 and size <= MAX_FILE and "content-encoding" not in headers:
                self._start = message
        elif message["type"] == "http.response.body" and self._start is not None:
            self._parts.append(message.get("body", b""))

    def compressed(self) -> Answer | None:
        """Return the answer compressed; ``None`` if it was no file, or only a part of one.

        An answer ends early where the browser that asked for it has left.
        """
        if self._start is None:
            return None
        content = b"".join(self._parts)
        headers = MutableHeaders(raw=list(self._start["headers"]))
        if len(content) != int(headers["content-length"]):
            return None
        body = gzip.compress(content, 6)
        headers["content-length"] = str(len(body))
        headers["content-encoding"] = "gzip"
        headers["etag"] = f"W/{headers.get('etag', '')}"
        headers.add_vary_header("accept-encoding")
        del headers["accept-ranges"]
        start = {**self._start, "headers": headers.raw}
        return start, {"type": "http.response.body", "body": body}
