"""What stands before the app: rules for requests, a quota of uploads, bounded connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.middleware import Middleware
from starlette.types import ASGIApp

from cryptoforecast.server import ledger_ticks, log_limit, preload, process, sockets
from cryptoforecast.server.compressed_files import CompressedFiles
from cryptoforecast.server.connections import MAX_CONNECTIONS, MAX_WEBSOCKETS, Connections
from cryptoforecast.server.guard import Guard
from cryptoforecast.server.page_head import PageHead
from cryptoforecast.server.requests import Rules
from cryptoforecast.server.uploads import Quota, Uploads
from cryptoforecast.settings import Settings
from cryptoforecast.ui import messages, uploads

MEGABYTE = 2**20
#: Open files of the sessions that Streamlit keeps when their page has left: 3 of each of 128.
SESSION_FILES = 3 * 128
#: Open files for everything else: prices, models, modules and uploads.
OTHER_FILES = 100


class Front:
    """What the app of a server is built with.

    Args:
        settings: Bounds and names of the server.
        option: Returns an option of Streamlit by its name.
        posts: What answers ``POST`` at a path by itself: as fast as it can.
    """

    def __init__(
        self,
        settings: Settings,
        option: Callable[[str], Any],
        posts: Mapping[str, ASGIApp],
    ) -> None:
        self._tick = settings.tick
        self._quota = Quota(
            int(settings.session_uploads * MEGABYTE), int(settings.server_uploads * MEGABYTE)
        )
        self.middleware = [
            Middleware(Guard, Rules(settings.hosts, option), posts),
            Middleware(Uploads, self._quota),
            Middleware(PageHead),
            Middleware(CompressedFiles),
        ]

    @asynccontextmanager
    async def lifespan(self, _: object) -> AsyncIterator[None]:
        """Prepare the event loop before it serves, and start the preload."""
        loop = asyncio.get_running_loop()
        connections = _places(process.max_open_files())
        sockets.watch(loop, connections)
        log_limit.limit()
        uploads.on_request(self._quota.note)
        messages.restrict()
        tasks = [loop.create_task(connections.watch()), loop.create_task(self._quota.watch())]
        preload.start()
        ledger_ticks.start(self._tick, preload.service)
        yield
        for task in tasks:
            task.cancel()


def _places(files: int) -> Connections:
    """Share the open files out: a connection takes one, a websocket with its session four.

    A fifth is left for the connections that come at once, before others can leave.
    """
    rest = max(80, files - SESSION_FILES - OTHER_FILES)
    return Connections(min(MAX_CONNECTIONS, rest * 4 // 10), min(MAX_WEBSOCKETS, rest // 10))
