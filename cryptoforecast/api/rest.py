"""The whole API as one FastAPI app: ``/api/v1``, ``/predict``, and where older addresses lead.

``openapi.json`` comes from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import Field
from starlette.requests import ClientDisconnect
from starlette.types import Lifespan

from cryptoforecast import __version__
from cryptoforecast.api import (
    anomalies,
    coins,
    documentation,
    forecasts,
    health,
    jobs,
    ledger,
    models,
    problems,
)
from cryptoforecast.api import predict as predicting
from cryptoforecast.api.bodies import ReadBodies
from cryptoforecast.api.closes import CLOSES, HIGHEST, LOWEST
from cryptoforecast.api.edge import Edge
from cryptoforecast.api.gate import Gate
from cryptoforecast.api.links import PREFIX
from cryptoforecast.api.options import Options
from cryptoforecast.api.responses import (
    Description,
    describe_events,
    describe_limits,
    describe_problems,
)
from cryptoforecast.api.responses import problems as refusals
from cryptoforecast.service import Service

_DESCRIPTION = """Forecasts of crypto prices, and how they fared against "the next price is the
last price". For learning and research, not financial advice. An answer built from simulated
prices says so in `data.simulated`. Times are ISO 8601 in UTC, shares and skills fractions. A figure
that is undefined is `null`.
"""

_EXAMPLE = [61000.0 + 25.5 * ((7 * i) % 11) for i in range(CLOSES)]

_REQUEST = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["prices"],
                "additionalProperties": False,
                "properties": {
                    "prices": {
                        "type": "array",
                        "description": "Hourly closes in USD, oldest first.",
                        "items": {"type": "number", "minimum": LOWEST, "maximum": HIGHEST},
                        "minItems": CLOSES,
                        "maxItems": CLOSES,
                    }
                },
            },
            "example": {"prices": _EXAMPLE},
        }
    },
}
#: Where older addresses lead; ``{rest}`` stands for the rest of a path.
_MOVED = {
    "/docs": "docs",
    "/openapi.json": "openapi.json",
    "/health": "health/live",
    "/api": "",
    "/api/docs": "docs",
    "/api/openapi.json": "openapi.json",
    "/api/health": "health/live",
    "/api/anomalies": "anomalies",
    "/api/models": "models",
    "/api/models/{rest:path}": "models/{rest}",
}


@dataclass(frozen=True)
class Prediction:
    """The close of the hour after the last given, USD."""

    predicted_next_hour_price: Annotated[float, Field(examples=[61_131.5])]


@dataclass(frozen=True)
class Refusal:
    """Why there is no answer."""

    detail: Annotated[
        str,
        Field(
            examples=[
                f"`prices` must hold exactly {CLOSES} hourly closes, oldest first. "
                f"Received: {CLOSES - 1}."
            ]
        ),
    ]


class _Api(FastAPI):
    """FastAPI, with problems, keys and limits described as they are.

    Attributes:
        limits: What is allowed.
    """

    limits = Options()

    def openapi(self) -> dict[str, Any]:
        """Return the description of the API, made once."""
        if self.openapi_schema is None:
            schema = super().openapi()
            describe_problems(schema)
            describe_events(schema)
            describe_limits(schema, self.limits)
        return super().openapi()


def create(
    service: Service, options: Options | None = None, lifespan: Lifespan[FastAPI] | None = None
) -> FastAPI:
    """Build the app; all its paths begin at the root of the server.

    Args:
        service: Does the work.
        options: What is allowed; by default everything that only reads, without a key.
        lifespan: What is done before the first request, and after the last.
    """
    options = options or Options()
    api = _Api(
        title="CryptoForecast",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,  # names in generated clients
    )
    problems.add_handlers(api)
    health.add(api, service)
    coins.add(api)
    models.add(api, service)
    forecasts.add(api, service)
    anomalies.add(api, service)
    ledger.add(api, service)
    jobs.add(api, service, options)
    documentation.add(api)
    _add_predict(api, service, options)
    for old in _MOVED:
        _add_moved(api, old)
    if options.metrics:
        from cryptoforecast.api import metrics

        metrics.add(api)
    api.add_middleware(Edge)
    api.add_middleware(Gate, options=options)
    api.add_middleware(ReadBodies)
    api.limits = options
    return api


def _add_predict(api: FastAPI, service: Service, options: Options) -> None:
    limited: Description = {} if options.predictions is None else {429: refusals()[429]}

    async def predict(request: Request) -> Response:
        """Answer with the median forecast of the model `btc-1h-lstm-close`, in USD."""
        try:
            return await predicting.answer(service, request)
        except ClientDisconnect:
            return Response(status_code=499)  # the client has gone

    api.post(
        "/predict",
        tags=["forecasts"],
        response_model=Prediction,
        summary="Predict the next hourly close from the last 60",
        responses={
            422: {"model": Refusal, "description": "the request breaks a rule"},
            503: {"model": Refusal, "description": "the model can't be read"},
            **limited,
        },
        openapi_extra={"requestBody": _REQUEST},
    )(predict)
    api.post("/api/predict", include_in_schema=False)(predict)


def _add_moved(api: FastAPI, old: str) -> None:
    """Lead an older address to where its answer is now, with its query."""

    @api.get(old, include_in_schema=False)
    async def moved(request: Request) -> RedirectResponse:
        place = _MOVED[old].format(**request.path_params)
        path = f"{request.scope.get('root_path', '')}{PREFIX}/{place}".rstrip("/")
        query = request.scope["query_string"].decode("latin-1")
        return RedirectResponse(f"{path}?{query}" if query else path, 308)
