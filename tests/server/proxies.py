"""A reverse proxy on this machine, as small as one can be."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Iterator

from tests.serving import free_port

#: Changes the head of a request: names in lower case, and values.
Change = Callable[[dict[str, str]], None]


@contextlib.contextmanager
def reverse_proxy(port: int, change: Change, user: int | None = None) -> Iterator[int]:
    """Forward to a port of this machine; give the port of the proxy.

    Args:
        port: Where the server listens.
        change: Is called with the headers of each connection's first request, to change them.
        user: Whose process the proxy seems to be, by number; only the superuser may choose.
    """
    own, started, ended = free_port(), threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        server = await asyncio.start_server(
            lambda reader, writer: _forward(reader, writer, port, change, user), "127.0.0.1", own
        )
        started.set()
        await ended.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield own
    finally:
        loops[0].call_soon_threadsafe(ended.set)
        thread.join(10)


async def _forward(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    port: int,
    change: Change,
    user: int | None,
) -> None:
    with contextlib.closing(writer):
        there, here = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.closing(here):
            if user is not None:
                os.fchown(here.get_extra_info("socket").fileno(), user, -1)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            request, *lines = head.strip().split("\r\n")
            pairs = (line.partition(": ") for line in lines)
            headers = {name.lower(): value for name, _, value in pairs}
            change(headers)
            lines = [request, *(f"{name}: {value}" for name, value in headers.items())]
            here.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
            await asyncio.gather(_copy(reader, here), _copy(there, writer), return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while part := await reader.read(65_536):
            writer.write(part)
            await writer.drain()
    writer.close()
