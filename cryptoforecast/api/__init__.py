"""The HTTP API: ``POST /predict``, and read-only answers about saved models.

``predict`` serves the frequent request. ``rest`` serves the whole API, described by OpenAPI. It is
the only module that imports FastAPI, which takes a quarter of a second and 12 MB; the first
request for more than a prediction loads it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from cryptoforecast.api.predict import Predict

if TYPE_CHECKING:
    from cryptoforecast.service import Service

__all__ = ["Predict", "Rest", "create"]


def create(service: Service) -> ASGIApp:
    """Build the whole API; it serves at the root and mounted under a prefix alike.

    Args:
        service: Does the work.
    """
    from cryptoforecast.api import rest

    return rest.create(service)


class Rest:
    """The whole API, built at the first request.

    Args:
        service: Returns the service; called at the first request.
    """

    def __init__(self, service: Callable[[], Service]) -> None:
        self._service = service
        self._app: ASGIApp | None = None
        self._one = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._one:
            if self._app is None:
                self._app = await run_in_threadpool(lambda: create(self._service()))
        await self._app(scope, receive, send)
