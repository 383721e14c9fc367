"""Routes of tests and trainings: they are ordered, watched and cancelled."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, cast

from fastapi import Body, Depends, FastAPI, Path, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse
from typing_extensions import TypedDict

from cryptoforecast.api import own_signals
from cryptoforecast.api.lanes import Lane
from cryptoforecast.api.links import address
from cryptoforecast.api.options import Options
from cryptoforecast.api.own_signals import OwnSignals
from cryptoforecast.api.parameters import CHECKS, COIN_PATTERN, NAME_PATTERN, WHOLE
from cryptoforecast.api.problem_values import ProblemJson, problem
from cryptoforecast.api.problems import at
from cryptoforecast.api.responses import MAX_BODY, answer, events_of, problems
from cryptoforecast.errors import (
    AlreadyExists,
    CryptoForecastError,
    NotAllowed,
    UnknownModel,
)
from cryptoforecast.json_views import AblationJson, BacktestJson, FoldJson, Says
from cryptoforecast.json_views.values import Time
from cryptoforecast.service import Service, choices, trainer
from cryptoforecast.service.orders import Order, OrderBook
from cryptoforecast.types import INTERVALS

#: Seconds between two looks at an order whose events are sent.
LOOK = 0.5
#: How an error begins that is about one part of an order.
_NAMED = re.compile(r"(?:The )?`?([a-z_]+)`? must be ")
_UNKNOWN_SIGNAL = re.compile(r"There is no signal (\w+)\.")
_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


def _within(name: str, example: float) -> Any:
    """Return the bounds of a setting, with an example."""
    lowest, highest = choices.BOUNDS[name]
    return Field(ge=lowest, le=highest, examples=[example])


class OrderSettings(BaseModel):
    """Settings of a network; those that are left out come from the preset."""

    model_config = _STRICT

    preset: Annotated[str | None, Field(max_length=20, examples=["quick"])] = None
    network: Annotated[str | None, Field(max_length=20, examples=["lstm"])] = None
    target: Literal["return", "price"] | None = None
    loss: Literal["quantile", "mse"] | None = None
    training: Literal["sequences", "windows"] | None = None
    features: Annotated[
        list[Annotated[str, Field(max_length=40)]] | None,
        Field(
            max_length=30,
            description="inputs; signals too, such as signal:fear_greed",
            examples=[["return", "range", "signal:fear_greed"]],
        ),
    ] = None
    lookback: Annotated[int, _within("lookback", 48), WHOLE] | None = None
    horizon: Annotated[int, _within("horizon", 24), WHOLE] | None = None
    units: Annotated[
        list[Annotated[int, WHOLE]] | None, Field(max_length=8, examples=[[64, 32]])
    ] = None
    dropout: Annotated[float | None, _within("dropout", 0.1)] = None
    learning_rate: Annotated[float | None, _within("learning_rate", 0.001)] = None
    batch_size: Annotated[int, _within("batch_size", 64), WHOLE] | None = None
    epochs: Annotated[int, _within("epochs", 40), WHOLE] | None = None
    patience: Annotated[int, _within("patience", 8), WHOLE] | None = None
    test: Annotated[float | None, _within("test", 0.2)] = None
    validation: Annotated[float | None, _within("validation", 0.2)] = None
    seed: Annotated[int, _within("seed", 0), WHOLE] | None = None
    ensemble: Annotated[int, _within("ensemble", 1), WHOLE] | None = None


class _OrderRequest(BaseModel):
    model_config = _STRICT

    coin: Annotated[str, Field(pattern=COIN_PATTERN, examples=["BTC"])] = "BTC"
    interval: Annotated[str, Field(json_schema_extra={"enum": list(INTERVALS)})] = "1h"
    days: Annotated[
        float | None,
        Field(
            gt=0,
            le=10_000,
            description="the last days; by default all there are",
            examples=[365],
        ),
    ] = None
    prices: Literal["live", "any"] = "any"
    settings: OrderSettings = OrderSettings()
    signals: OwnSignals = []


class BacktestRequest(_OrderRequest):
    """A test of a saved model, of a network that is trained first, or of a method."""

    model: Annotated[
        str | None,
        Field(pattern=NAME_PATTERN, description="a saved model", examples=["global-1h-lstm"]),
    ] = None
    folds: Annotated[
        int, Field(ge=1, le=20, description="spans with a fit of their own"), WHOLE
    ] = 1
    ablate: Annotated[
        list[Annotated[str, Field(max_length=40)]] | None,
        Field(
            min_length=1,
            max_length=30,
            description="inputs of the network that is trained without them too, to compare",
            examples=[["signal:fear_greed"]],
        ),
    ] = None


class TrainingRequest(_OrderRequest):
    """A training, with a test on the last share of the prices."""

    save: Annotated[
        str | None,
        Field(pattern=NAME_PATTERN, description="name to save it under", examples=["mine"]),
    ] = None
    force: Annotated[bool, Field(description="whether a saved model may be replaced")] = False


#: Bodies that can be sent as they are.
TESTS: dict[str, Any] = {
    "model": {
        "summary": "a saved model",
        "value": {"coin": "BTC", "days": 365, "model": "global-1h-lstm"},
    },
    "method": {
        "summary": "a method without training",
        "value": {"coin": "BTC", "days": 365, "settings": {"network": "cone", "horizon": 24}},
    },
    "network": {
        "summary": "a network that is trained in two folds",
        "value": {"coin": "ETH", "settings": {"network": "dense", "horizon": 3}, "folds": 2},
    },
}
TRAININGS: dict[str, Any] = {
    "network": {
        "summary": "a network that is saved",
        "value": {"coin": "ETH", "settings": {"preset": "quick", "horizon": 3}, "save": "mine"},
    },
}


class ProgressJson(TypedDict):
    """How far the work is."""

    epoch: Annotated[int, Says("the current epoch", 3)]
    epochs: Annotated[int, Says("epochs at most", 15)]
    fold: Annotated[int, Says("the fold that is fitted", 1)]
    folds: Annotated[int, Says("fits in all", 1)]
    done: Annotated[float, Says("share of all the work, a fraction", 0.2)]
    seconds: Annotated[float, Says("seconds since the start", 6.1)]


class WalkPlanJson(TypedDict):
    """How the fits of a test were made."""

    folds: Annotated[int, Says("spans with a fit of their own", 1)]
    window: Annotated[str, Says("expanding or sliding", "expanding")]
    window_rows: Annotated[int | None, Says("rows of a sliding window", 4_000)]
    gap: Annotated[int | None, Says("rows before the first origin of a test", 1)]
    warm_start: Annotated[bool, Says("whether a fit starts from the one before", False)]
    without_target: Annotated[int, Says("last candles that are no origins", 1)]


class _More(TypedDict, total=False):
    walk_forward: WalkPlanJson
    folds: Annotated[list[FoldJson], Says("of a test that trains")]
    saved: Annotated[str | None, Says("name of the saved model, of a training", "mine")]
    ablation: Annotated[AblationJson, Says("of a test with inputs to ablate")]


class ResultJson(BacktestJson, _More):
    """The result of a test or a training."""


class JobLinksJson(TypedDict):
    """Addresses of a job."""

    self: Annotated[str, Says("its state", "/api/v1/jobs/4f2a")]
    events: Annotated[str, Says("its progress as server-sent events", "/api/v1/jobs/4f2a/events")]


class JobJson(TypedDict):
    """A test or a training, and how far it is."""

    id: Annotated[str, Says("its name", "4f2a8d1c0b9e4c6f8a7d5e3b2c1f0a9d")]
    kind: Annotated[str, Says("backtest or training", "training")]
    state: Annotated[str, Says("queued, running, done, failed or cancelled", "running")]
    created: Annotated[Time, Says("when it was ordered")]
    progress: Annotated[ProgressJson | None, Says("null before the first report")]
    result: Annotated[ResultJson | None, Says("null unless it is done")]
    problem: Annotated[ProblemJson | None, Says("why it failed; null unless it did")]
    links: JobLinksJson


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

JobId = Annotated[
    str,
    Path(
        description="id of a job",
        json_schema_extra={"pattern": "^[0-9a-f]{32}$"},
        examples=["4f2a8d1c0b9e4c6f8a7d5e3b2c1f0a9d"],
    ),
]


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
        """Test a saved model, or train and test a network, on the prices of a coin."""
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

    async def order(self, request: Request, kind: str, body: _OrderRequest) -> JSONResponse:
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

    def _give(self, kind: str, body: _OrderRequest, owner: str) -> Order:
        own_signals.check(body.signals)
        content = body.model_dump(exclude={"signals"})
        settings = body.settings.model_dump(exclude_none=True)
        content["settings"] = settings
        content["signals"] = [signal.name for signal in body.signals]
        try:
            trainer.check(self._service, kind, content)
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
                "This server does not test or train for others. Received: a request to do so. Its "
                "owner can allow it: cryptoforecast serve --allow-training --key KEY."
            )
        return str(request.scope.get("cryptoforecast.key"))


def _place(error: CryptoForecastError, content: Mapping[str, Any]) -> str:
    """Return the pointer to what an error of an order is about, as far as the error says it."""
    if isinstance(error, AlreadyExists):
        return "/body/save"
    if isinstance(error, UnknownModel):
        return "/body/model"
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
