"""Routes of tests and trainings: they are ordered, watched and cancelled."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, cast

from fastapi import Body, Depends, FastAPI, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.responses import JSONResponse

from cryptoforecast.api import own_signals
from cryptoforecast.api.lanes import Lane
from cryptoforecast.api.links import address
from cryptoforecast.api.options import Options
from cryptoforecast.api.orders import (
    TESTS,
    TRAININGS,
    BacktestRequest,
    JobId,
    JobJson,
    JobLinksJson,
    OrderRequest,
    ProgressJson,
    ResultJson,
    TrainingRequest,
)
from cryptoforecast.api.parameters import CHECKS
from cryptoforecast.api.problem_values import problem
from cryptoforecast.api.problems import at
from cryptoforecast.api.questions import at_model
from cryptoforecast.api.responses import MAX_BODY, answer, events_of, problems
from cryptoforecast.errors import (
    AlreadyExists,
    CryptoForecastError,
    NotAllowed,
    UnknownModel,
)
from cryptoforecast.service import Service, trainer
from cryptoforecast.service.orders import Order, OrderBook

#: Seconds between two looks at an order whose events are sent.
LOOK = 0.5
#: How an error begins that is about one part of an order.
_NAMED = re.compile(r"(?:The )?`?([a-z_]+)`? must be ")
_UNKNOWN_SIGNAL = re.compile(r"There is no signal (\w+)\.")


#: What each event of a job holds.
_EVENT: dict[str, Any] = {
    "title": "Event",
    "required": ["event", "data"],
    "properties": {
        "event": {"description": "the state of the job", "examples": ["running"]},
        "data": {
            "description": "the job, without its result",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/JobJson"},
        },
    },
}


def add(api: FastAPI, service: Service, options: Options) -> None:
    """Add the routes."""
    jobs = _Jobs(service, options)
    api.state.jobs = jobs
    described = problems(403, 404)

    @api.post(
        "/api/v1/backtests", tags=["jobs"], summary="Order a test", dependencies=CHECKS,
        response_model=JobJson, status_code=202, responses=problems(403, 404, 413, 415, 503),
        max_body_size=MAX_BODY,
    )  # fmt: skip
    async def backtests(
        request: Request, body: Annotated[BacktestRequest, Body(openapi_examples=TESTS)]
    ) -> JSONResponse:
        """Test a saved model, a baseline, or a network that is trained, on the prices of a coin."""
        return await jobs.order(request, "backtest", body)

    @api.post(
        "/api/v1/trainings", tags=["jobs"], summary="Order a training", dependencies=CHECKS,
        response_model=JobJson, status_code=202, responses=problems(403, 404, 413, 415, 503),
        max_body_size=MAX_BODY,
    )  # fmt: skip
    async def trainings(
        request: Request, body: Annotated[TrainingRequest, Body(openapi_examples=TRAININGS)]
    ) -> JSONResponse:
        """Train a network on the prices of a coin, test it, and save it."""
        return await jobs.order(request, "training", body)

    @api.get(
        "/api/v1/jobs/{id}", tags=["jobs"], summary="Show how far a job is", dependencies=CHECKS,
        response_model=JobJson, responses=described,
    )  # fmt: skip
    async def job(request: Request, id: JobId) -> JSONResponse:
        """Answer with the state, and with the result once it is there."""
        return answer({**_job(request, await jobs.find(request, id))})

    @api.delete(
        "/api/v1/jobs/{id}", tags=["jobs"], summary="Cancel a job", dependencies=CHECKS,
        response_model=JobJson, responses=described,
    )  # fmt: skip
    async def cancel(request: Request, id: JobId) -> JSONResponse:
        """End a job that waits or runs; one that is over stays as it is."""
        await jobs.cancel(request, id)
        return answer({**_job(request, await jobs.find(request, id))})

    @api.get(
        "/api/v1/jobs/{id}/events", tags=["jobs"], summary="Follow a job", dependencies=CHECKS,
        response_class=EventSourceResponse, responses=described,
        openapi_extra=events_of(_EVENT),
    )  # fmt: skip
    async def events(
        request: Request, order: Annotated[Order, Depends(_order)]
    ) -> AsyncIterator[ServerSentEvent]:
        """Send an event whenever the job has changed, until it is over.

        Each is named after the state of the job, and its data are the job without its result.
        """
        last: Mapping[str, Any] | None = None
        while True:
            content = {**_job(request, order), "result": None}
            if content != last:
                yield ServerSentEvent(event=order.state, data=content)
                last = content
            if not order.active:
                return
            await asyncio.sleep(LOOK)
            order = await jobs.find(request, order.id)


async def _order(request: Request, id: JobId) -> Order:
    """Find the job of a path before its answer begins."""
    jobs: _Jobs = request.app.state.jobs
    return await jobs.find(request, id)


class _Jobs:
    """The orders that clients of the API gave.

    Args:
        service: Checks orders.
        options: Whether they are allowed.
    """

    def __init__(self, service: Service, options: Options) -> None:
        self._service, self._options = service, options
        self._book = OrderBook(service.settings.home / "orders.sqlite")
        self._lane = Lane()

    async def order(self, request: Request, kind: str, body: OrderRequest) -> JSONResponse:
        owner = self._owner(request)
        order = await self._lane.run(self._give, kind, body, owner)
        links = _links(request, order)
        headers = {"Location": links["self"], "Cache-Control": "no-store"}
        return JSONResponse(_job(request, order), 202, headers)

    async def find(self, request: Request, named: str) -> Order:
        order = await self._lane.run(self._book.find, named, self._owner(request))
        if order is None:
            with at("/path/id"):
                raise UnknownModel(f"No job of yours has this id. Received: {named!r:.60}.")
        return order

    async def cancel(self, request: Request, named: str) -> None:
        order = await self.find(request, named)
        await self._lane.run(self._book.cancel, order.id)

    def _give(self, kind: str, body: OrderRequest, owner: str) -> Order:
        own_signals.check(body.signals)
        content = body.model_dump(exclude={"signals"})
        settings = body.settings.model_dump(exclude_none=True)
        content["settings"] = settings
        content["signals"] = [signal.name for signal in body.signals]
        try:
            trainer.check(self._service, kind, content)
        except UnknownModel:
            with at_model("/body/model", content.get("model") or ""):
                raise
        except CryptoForecastError as error:
            pointer = _place(error, content)
            with at(pointer, str(_received(pointer, content))):
                raise
        sent = [signal.model_dump() for signal in body.signals]
        return self._book.give(kind, content, owner, sent or None)

    def _owner(self, request: Request) -> str:
        """Return who asks.

        Raises:
            NotAllowed: If this server does no tests and trainings.
        """
        if not self._options.training:
            raise NotAllowed(
                "This server takes no orders of tests and trainings, so it has no jobs. Received: "
                f"{request.method} {request.url.path!r:.80}. Its owner can allow them: "
                "cryptoforecast serve --allow-training --key KEY."
            )
        return str(request.scope.get("cryptoforecast.key"))


def _place(error: CryptoForecastError, content: Mapping[str, Any]) -> str:
    """Return the pointer to what an error of an order is about, as far as the error says it."""
    if isinstance(error, AlreadyExists):
        return "/body/save"
    if str(error).startswith("The name must "):
        return "/body/save"
    unknown = _UNKNOWN_SIGNAL.match(str(error))
    if unknown is not None:
        if content.get("model") is not None:
            return "/body/signals"
        ablated = f"signal:{unknown[1]}" in (content.get("ablate") or ())
        return "/body/ablate" if ablated else "/body/settings/features"
    named = _NAMED.match(str(error))
    if named is None:
        return "/body"
    return f"/body/{named[1]}" if named[1] in content else f"/body/settings/{named[1]}"


def _received(pointer: str, content: Mapping[str, Any]) -> object:
    """Return what a pointer points to, as far as it was sent."""
    value: object = content
    for name in pointer.split("/")[2:]:
        value = value.get(name, "") if isinstance(value, dict) else ""
    return "" if value is content else value


def _job(request: Request, order: Order) -> JobJson:
    created = datetime.fromtimestamp(int(order.created), UTC).isoformat()
    failure = None if order.status is None else problem(order.status, order.error)
    return {
        "id": order.id,
        "kind": order.kind,
        "state": order.state,
        "created": created,
        "progress": cast(ProgressJson | None, order.progress),
        "result": cast(ResultJson | None, order.result),
        "problem": failure,
        "links": _links(request, order),
    }


def _links(request: Request, order: Order) -> JobLinksJson:
    own = address(request, f"jobs/{order.id}")
    return {"self": own, "events": f"{own}/events"}
