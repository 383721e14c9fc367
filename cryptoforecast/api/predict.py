"""``POST /predict`` without FastAPI: 60 closes in, the next close out, or a refusal.

Requests are checked by hand. FastAPI would accept ``true`` as a number, and would fail with status
500 on NaN because it repeats the value in its answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from cryptoforecast.api.bodies import MAX_DROPPED
from cryptoforecast.api.closes import excerpt, read_closes
from cryptoforecast.errors import (
    CryptoForecastError,
    InvalidBundle,
    InvalidInput,
    NotAllowed,
    SourceUnavailable,
    UnknownModel,
)
from cryptoforecast.settings import RETRY_AFTER

if TYPE_CHECKING:
    from cryptoforecast.service import Service

#: Bytes of a request body; 60 closes of 25 characters take 1,600.
MAX_BODY = 65_536
#: The answer to a failure that the client cannot mend.
FAILED = {"detail": "Something failed here. The server's log says what."}

log = logging.getLogger(__name__)


class Predict:
    """The endpoint as an app, for the server's list of routes.

    Args:
        service: Returns the service; called at the first request.
    """

    def __init__(self, service: Callable[[], Service]) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await answer(self._service(), Request(scope, receive))
        except ClientDisconnect:
            return  # the client has gone
        except Exception:  # the traceback is for the server's log, not for the client
            log.exception("A prediction failed")
            response = JSONResponse(FAILED, 500)
        await response(scope, receive, send)


async def answer(service: Service, request: Request) -> Response:
    """Read the closes and predict, in the event loop itself.

    A thread would take longer: on a server with other busy threads, each of the two hand-overs
    waits for the interpreter's lock longer than a prediction takes.
    """
    try:
        closes = read_closes(await _read_body(request))
        price = service.forecasts.predict_closes(closes)
    except CryptoForecastError as error:
        return refusal(error)
    return JSONResponse({"predicted_next_hour_price": price})


def refusal(error: CryptoForecastError) -> JSONResponse:
    """Make the answer to a request that is refused, with the status of the error."""
    unavailable = isinstance(error, SourceUnavailable)
    headers = {"Retry-After": f"{RETRY_AFTER:.0f}"} if unavailable else None
    return JSONResponse({"detail": str(error)}, _status(error), headers)


async def _read_body(request: Request) -> bytes:
    """Read the body, and hold at most ``MAX_BODY`` bytes of it.

    Raises:
        InvalidInput: If it is longer, or its content type is not JSON.
    """
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    if kind.lower() != "application/json":
        raise InvalidInput(
            f"`prices` must come as application/json. Received: {excerpt(kind)}. "
            "Set the header Content-Type."
        )
    body, size = bytearray(), 0
    async for part in request.stream():
        size += len(part)
        if size <= MAX_BODY:
            body += part
        elif size > MAX_DROPPED:
            break
    if size > MAX_BODY:
        raise InvalidInput(
            f"`prices` and all of the body must be at most {MAX_BODY} bytes. "
            f"Received: {'more than ' * (size > MAX_DROPPED)}{size}."
        )
    return bytes(body)


def _status(error: CryptoForecastError) -> int:
    if isinstance(error, UnknownModel):
        return 404
    if isinstance(error, NotAllowed):
        return 403
    if isinstance(error, InvalidInput):
        return 422
    return 503 if isinstance(error, SourceUnavailable | InvalidBundle) else 500
