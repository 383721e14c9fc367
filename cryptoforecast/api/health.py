"""Routes that say whether the service runs, and where everything is."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse

from cryptoforecast import __version__
from cryptoforecast.api.answers import IndexJson, LiveJson, ReadyJson, RouteJson
from cryptoforecast.api.lanes import Lane
from cryptoforecast.api.links import address
from cryptoforecast.api.parameters import CHECKS
from cryptoforecast.api.responses import answer, problems
from cryptoforecast.service import PREDICT_MODEL, Service

_PLACES = (
    "health/live", "health/ready", "coins", "models", "anomalies", "ledger", "docs", "openapi.json",
)  # fmt: skip


def _routes(request: Request) -> list[RouteJson]:
    """List what the description of the API lists, as this client reaches it."""
    root = request.scope.get("root_path", "")
    return [
        {"method": method.upper(), "path": f"{root}{path}", "summary": operation["summary"]}
        for path, item in request.app.openapi()["paths"].items()
        for method, operation in item.items()
    ]


def add(api: FastAPI, service: Service) -> None:
    """Add the routes."""
    lane = Lane()

    @api.get(
        "/api/v1", tags=["service"], summary="List what is here", dependencies=CHECKS,
        response_model=IndexJson, responses=problems(),
    )  # fmt: skip
    async def index(request: Request) -> JSONResponse:
        links = {place: address(request, place) for place in _PLACES}
        content = {"name": "CryptoForecast", "version": __version__, "links": links}
        return answer({**content, "routes": _routes(request)})

    @api.get(
        "/api/v1/health/live", tags=["service"], summary="Say that the process answers",
        dependencies=CHECKS, response_model=LiveJson, responses=problems(),
    )  # fmt: skip
    async def live() -> JSONResponse:
        return answer({"status": "ok", "version": __version__})

    @api.get(
        "/api/v1/health/ready", tags=["service"], summary="Say whether forecasts can be made",
        dependencies=CHECKS, response_model=ReadyJson, responses=problems(404, 503),
    )  # fmt: skip
    async def ready() -> JSONResponse:
        """Answer 200 once the model behind `POST /predict` can be read."""
        await lane.run(service.saved_models.load, PREDICT_MODEL)
        models = await lane.run(service.saved_models.all)
        return answer({"status": "ready", "version": __version__, "models": len(models)})
