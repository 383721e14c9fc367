"""The HTTP API: ``POST /predict``, and everything else below ``/api/v1``.

``predict`` serves the frequent request. ``rest`` builds the whole API, described by OpenAPI, with
FastAPI. That takes a quarter of a second and 12 MB; the first request for more than a prediction
loads it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from cryptoforecast.api.exchange import Exchange
from cryptoforecast.api.predict import Predict

if TYPE_CHECKING:
    from cryptoforecast.service import Service

__all__ = ["PATHS", "Predict", "Rest", "create"]

#: Where the API answers, beside everything below ``/api/``.
PATHS = ("/api", "/predict", "/docs", "/openapi.json", "/health")


def create(service: Service) -> ASGIApp:
    """Build the whole API; its paths begin at the root of the server.

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
                app = await run_in_threadpool(lambda: create(self._service()))
                self._app = Exchange(app)
        # Its paths are whole, also where it is mounted below `/api`.
        root = scope.get("app_root_path", scope.get("root_path", ""))
        await self._app({**scope, "root_path": root}, receive, send)
