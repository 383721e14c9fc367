"""Problems: why a request is refused, as RFC 9457 writes it.

``detail`` has the rule, what was received and the remedy in one text. ``errors`` has the same in
parts, each with a JSON Pointer into the request: ``/query/coin``, ``/body/series/0/closes``.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from cryptoforecast.api import predict as predicting
from cryptoforecast.api.closes import excerpt
from cryptoforecast.api.fields import names_at
from cryptoforecast.api.problem_values import (
    MAX_MISTAKES,
    MEDIA_TYPE,
    MistakeJson,
    ProblemJson,
    problem,
)
from cryptoforecast.errors import (
    Busy,
    CryptoForecastError,
    LedgerUnavailable,
    SourceUnavailable,
)
from cryptoforecast.service.statuses import status_of
from cryptoforecast.settings import RETRY_AFTER

#: Routes whose refusals stay as the first clients know them.
PLAIN = ("/predict", "/api/predict")

log = logging.getLogger(__name__)


class Refusal(Exception):
    """An error of ours with the place in the request that it is about.

    Args:
        error: The error.
        pointer: JSON Pointer into the request.
        received: What was received there, for errors that do not say it.
    """

    def __init__(self, error: CryptoForecastError, pointer: str, received: str = "") -> None:
        super().__init__(str(error))
        self.error, self.pointer, self.received = error, pointer, received


@contextlib.contextmanager
def at(pointer: str, received: str = "") -> Iterator[None]:
    """Note that errors in this context are about one place in the request.

    Args:
        pointer: JSON Pointer into the request.
        received: What was received there, for errors that do not say it.

    Raises:
        Refusal: From an error of ours.
    """
    try:
        yield
    except CryptoForecastError as error:
        raise Refusal(error, pointer, received) from error


def of_error(error: CryptoForecastError, pointer: str = "", named: str = "") -> ProblemJson:
    """Make the problem that an error of ours is.

    Args:
        error: The error.
        pointer: JSON Pointer into the request.
        named: What was received there, for errors that do not say it.
    """
    detail = str(error)
    rule, _, rest = detail.partition(" Received: ")
    received = rest.partition(". ")[0].removesuffix(".") or (excerpt(named) if named else "")
    mistakes: list[MistakeJson] = []
    if pointer:
        mistakes.append({"pointer": pointer, "rule": rule, "received": received})
    return problem(status_of(error), detail, mistakes)


def of_validation(
    errors: Sequence[Mapping[str, Any]], start: str = "", kind: object = None
) -> ProblemJson:
    """Make a problem of the errors of Pydantic.

    Args:
        errors: Its errors.
        start: Pointer to what was validated.
        kind: Type of what was validated, for the names that it can have.
    """
    mistakes = [_mistake(one, start, kind) for one in errors[:MAX_MISTAKES]]
    first = mistakes[0]
    detail = f"`{first['pointer']}`: {first['rule']} Received: {first['received']}."
    return problem(422, detail, mistakes)


def _mistake(error: Mapping[str, Any], start: str, kind: object) -> MistakeJson:
    if error.get("type") == "json_invalid":
        reason = error.get("ctx", {}).get("error", "unreadable")
        return {"pointer": "/body", "rule": "The body must be JSON.", "received": reason}
    rule, received = error["msg"], error.get("input")
    names = names_at(kind, error["loc"][:-1]) if error.get("type") == "extra_forbidden" else []
    if names:
        rule, received = f"The names here are {', '.join(names)}", error["loc"][-1]
    return {
        "pointer": "/".join([start, *map(_escaped, error["loc"])]),
        "rule": f"{rule}.",
        "received": excerpt(received),
    }


def respond(content: ProblemJson, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Make the answer that a problem is."""
    more = {"Cache-Control": "no-store", **(headers or {})}
    return JSONResponse(content, content["status"], more, MEDIA_TYPE)


def raw(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Make the answer to a request that is refused before it reaches a route."""
    return respond(problem(status, detail), headers)


def too_large() -> JSONResponse:
    """Make the answer to a body that is too large."""
    return raw(413, _DETAILS[413])


def add_handlers(api: FastAPI) -> None:
    """Give every failure one shape, and never a traceback."""

    @api.exception_handler(CryptoForecastError)
    async def refused(request: Request, error: CryptoForecastError) -> Response:
        if _is_plain(request):
            return predicting.refusal(error)
        return respond(of_error(error), _retry(error))

    @api.exception_handler(Refusal)
    async def located(_: Request, refusal: Refusal) -> Response:
        content = of_error(refusal.error, refusal.pointer, refusal.received)
        return respond(content, _retry(refusal.error))

    @api.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        body = getattr(request.scope.get("route"), "body_field", None)
        kind = None if body is None else body.field_info.annotation
        return respond(of_validation(error.errors(), kind=kind))

    @api.exception_handler(HTTPException)
    async def unusual(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == 400:  # FastAPI's, for a body that Python's reader gives up on
            return respond(of_validation([_NESTED]))
        detail = _DETAILS.get(error.status_code, str(error.detail))
        if error.status_code == 405:
            methods = _methods(api, request)
            headers["Allow"] = methods
            detail = f"This method is not allowed here. Received: {request.method}. Use {methods}."
        return respond(problem(error.status_code, detail), headers)

    @api.exception_handler(Exception)
    async def failed(request: Request, _: Exception) -> Response:
        # Starlette raises the error again after this, so the server's log has the traceback.
        if _is_plain(request):
            return JSONResponse(predicting.FAILED, 500)
        return respond(problem(500, predicting.FAILED["detail"]))


_NESTED = {
    "type": "nested",
    "loc": ("body",),
    "msg": "The body must be JSON that is not nested deeply",
    "input": "something else",
}
_DETAILS = {
    404: "There is nothing here. The description of the API, /api/v1/openapi.json, has all routes.",
    413: "The body is larger than this route takes. The description of the API states the limit.",
}


def _retry(error: CryptoForecastError) -> dict[str, str]:
    """Say when to ask again, where waiting may help."""
    waits = isinstance(error, SourceUnavailable | Busy | LedgerUnavailable)
    return {"Retry-After": f"{RETRY_AFTER:.0f}"} if waits else {}


def _is_plain(request: Request) -> bool:
    path: str = request.scope["path"]
    return path.endswith(PLAIN)


def _methods(api: FastAPI, request: Request) -> str:
    """List the methods of all routes at a path."""
    methods: set[str] = set()
    for route in api.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    if "GET" in methods:
        methods.add("HEAD")
    return ", ".join(sorted(methods))


def _escaped(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
