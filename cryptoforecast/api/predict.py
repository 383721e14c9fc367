"""``POST /predict``, without FastAPI: 60 closes in, the next one out, or a refusal.

Requests are validated by hand: FastAPI's own validation takes ``true`` for a number, and fails
with status 500 on NaN because it echoes it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from cryptoforecast.api.closes import read_closes, shown
from cryptoforecast.errors import (
    CryptoForecastError,
    InvalidBundle,
    InvalidInput,
    SourceUnavailable,
    UnknownModel,
)

if TYPE_CHECKING:
    from cryptoforecast.service import Service

#: Bytes a request may have; 60 closes of 25 characters are 1,600.
MAX_BODY = 65_536
#: Bytes of a longer request that are read and dropped, so that its sender gets to the answer.
MAX_DROPPED = 32_000_000
#: What is said where there is nothing a sender could do.
FAILED = {"detail": "Something failed here. The server's log says what."}

log = logging.getLogger(__name__)


class Predict:
    """The endpoint as an app of its own, for the server's own list of routes.

    Args:
        service: gives what answers; not called before the first request.
    """

    def __init__(self, service: Callable[[], Service]) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await answer(self._service(), Request(scope, receive))
        except ClientDisconnect:
            return  # nobody is there to be answered
        except Exception:  # the sender gets no traceback; the server's log does
            log.exception("A prediction failed")
            response = JSONResponse(FAILED, 500)
        await response(scope, receive, send)


async def answer(service: Service, request: Request) -> Response:
    """Read the closes and predict, right here in the event loop.

    A prediction takes less time than handing it to a thread and back does on a server whose
    other threads are busy, because each handing over waits for the interpreter's lock.
    """
    try:
        closes = read_closes(await _read_body(request))
        price = service.forecasts.predict_closes(closes)
    except CryptoForecastError as error:
        return refusal(error)
    return JSONResponse({"predicted_next_hour_price": price})


def refusal(error: CryptoForecastError) -> JSONResponse:
    """Say what was wrong, with the status that fits."""
    return JSONResponse({"detail": str(error)}, _status(error))


async def _read_body(request: Request) -> bytes:
    """Read the body, keeping ``MAX_BODY`` bytes at most.

    Raises:
        InvalidInput: if it is longer, or not said to be JSON.
    """
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    if kind.lower() != "application/json":
        raise InvalidInput(
            f"`prices` must come as application/json. Received: {shown(kind)}. "
            "Set the header Content-Type."
        )
    kept, seen = bytearray(), 0
    async for part in request.stream():
        seen += len(part)
        if seen <= MAX_BODY:
            kept += part
        elif seen > MAX_DROPPED:
            break
    if seen > MAX_BODY:
        raise InvalidInput(
            f"`prices` and all of the body must be at most {MAX_BODY} bytes. "
            f"Received: {'more than ' * (seen > MAX_DROPPED)}{seen}."
        )
    return bytes(kept)


def _status(error: CryptoForecastError) -> int:
    if isinstance(error, UnknownModel):
        return 404
    if isinstance(error, InvalidInput):
        return 422
    return 503 if isinstance(error, SourceUnavailable | InvalidBundle) else 500
