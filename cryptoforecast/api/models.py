"""Routes of saved models: the list, the card of each, and its versions."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Header, Request
from starlette.responses import JSONResponse, Response

from cryptoforecast import json_views
from cryptoforecast.api.answers import CardJson, MethodJson, ModelsJson
from cryptoforecast.api.lanes import Lane
from cryptoforecast.api.links import of_model
from cryptoforecast.api.parameters import CHECKS, ModelName
from cryptoforecast.api.questions import at_model
from cryptoforecast.api.responses import answer, problems
from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.json_views.renewals import HistoryJson, history_json
from cryptoforecast.service import Service, choices
from cryptoforecast.types import SavedModel, predictor_name


def add(api: FastAPI, service: Service) -> None:
    """Add the routes."""
    lane = Lane()

    @api.get(
        "/api/v1/models", tags=["models"], summary="List everything that forecasts",
        dependencies=CHECKS, response_model=ModelsJson, responses=problems(),
    )  # fmt: skip
    async def models(request: Request) -> JSONResponse:
        """List saved models, those that can't be read, and baselines, which need no training."""
        return answer({**await lane.run(_all, service, request)})

    @api.get(
        "/api/v1/models/{name}", tags=["models"], summary="Show the card of a model",
        dependencies=CHECKS, response_model=CardJson | MethodJson,
        responses=problems(404, 503) | {304: {"description": "the card is still the same"}},
    )  # fmt: skip
    async def model(
        request: Request,
        name: ModelName,
        etags: Annotated[
            str | None, Header(alias="If-None-Match", description="an ETag of an earlier answer")
        ] = None,
    ) -> Response:
        """Answer with the card. Its `version` is also the ETag.

        A baseline has a name, a title and links, and no version.
        """
        content = await lane.run(_one, service, request, name)
        tag = f'"{content.get("version", name)}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if etags is not None and {tag, "*"} & {
            one.strip().removeprefix("W/") for one in etags.split(",")
        }:
            return Response(status_code=304, headers=headers)
        return answer(content, headers=headers)

    @api.get(
        "/api/v1/models/{name}/history", tags=["models"],
        summary="List the versions of a saved model", dependencies=CHECKS,
        response_model=HistoryJson, responses=problems(404, 503),
    )  # fmt: skip
    async def history(name: ModelName) -> JSONResponse:
        """List the current version and those that renewals have stored, the newest first.

        `last_renewal` says how the last attempt to renew the model went.
        """
        return answer(await lane.run(_history, service, name))


def _all(service: Service, request: Request) -> ModelsJson:
    damaged = service.saved_models.damaged()
    cards: list[CardJson] = []
    for summary in service.saved_models.all():
        try:
            cards.append(_card(service.saved_models.load(summary.name), request))
        except CryptoForecastError as error:  # it was damaged or deleted a moment ago
            damaged[summary.name] = str(error)
    return {
        "models": cards,
        "damaged": [{"name": name, "problem": reason} for name, reason in damaged.items()],
        "methods": [_method(request, name) for name in choices.BASELINES],
    }


def _one(service: Service, request: Request, name: str) -> json_views.Json:
    with at_model("/path/name", name):
        saved = service.outlooks.saved(name)
        if saved is None:
            return {**_method(request, name)}
    return {**_card(saved, request)}


def _card(saved: SavedModel, request: Request) -> CardJson:
    return {
        **json_views.model_json(saved.summary),
        "version": str(saved.version),
        "links": of_model(request, saved.name),
    }


def _history(service: Service, name: str) -> json_views.Json:
    with at_model("/path/name", name, "A baseline has no versions."):
        versions = service.renewals.history(name)
    return {**history_json(name, versions, service.renewals.last_attempt(name))}


def _method(request: Request, name: str) -> MethodJson:
    return {"name": name, "title": predictor_name(name), "links": of_model(request, name)}
