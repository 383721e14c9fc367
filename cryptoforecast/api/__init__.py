"""HTTP and JSON <-> service: ``POST /predict`` and read-only answers about saved models.

The only module that imports FastAPI. Requests are validated here by hand: FastAPI's own
validation takes ``true`` for a number, and fails with status 500 on NaN because it echoes it.
Interactive documentation lies at ``docs``; its page loads Swagger UI from a public CDN, so a
visitor of that page alone is seen by the CDN. ``openapi.json`` is served from here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from cryptoforecast import __version__, report
from cryptoforecast.api.closes import CLOSES, HIGHEST, LOWEST, read_closes, shown
from cryptoforecast.errors import (
    CryptoForecastError,
    InvalidBundle,
    InvalidInput,
    SourceUnavailable,
    UnknownModel,
)
from cryptoforecast.service import Service
from cryptoforecast.types import MarketQuery

Result = TypeVar("Result")
Given = ParamSpec("Given")

#: Bytes a request may have; 60 closes of 25 characters are 1,600.
MAX_BODY = 65_536
#: Bytes of a longer request that are read and dropped, so that its sender gets to the answer.
MAX_DROPPED = 32_000_000
#: Requests of each kind at work at once: Streamlit serves its files from the same threads.
AT_ONCE = 4

_DESCRIPTION = """Forecasts of crypto prices, and how they fared against "the next price is the
last price". For learning and research, not financial advice. An answer built from simulated
prices says so in `data.simulated`. Errors are `{"detail": "the rule, what arrived, the remedy"}`.
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


@dataclass(frozen=True)
class Prediction:
    """The close of the hour after the last given, USD."""

    predicted_next_hour_price: float


@dataclass(frozen=True)
class Refusal:
    """Why there is no answer."""

    detail: str


def create(service: Service) -> FastAPI:
    """Build the app; it serves at the root and mounted under a prefix alike.

    Args:
        service: what answers.
    """
    api = FastAPI(
        title="CryptoForecast",
        version=__version__,
        description=_DESCRIPTION,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        responses={422: {"model": Refusal}},
    )
    _add_handlers(api)
    _add_predict(api, service)
    _add_models(api, service)

    @api.get("/health", summary="Say that the service is up, and its version")
    async def health() -> dict[str, str]:
        return {"status": "ok", "version": __version__}

    return api


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


class _Lane:
    """Runs blocking work in threads, a few at once; the rest waits without a thread."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)

    async def run(
        self, work: Callable[Given, Result], *args: Given.args, **more: Given.kwargs
    ) -> Result:
        async with self._places:
            return await run_in_threadpool(work, *args, **more)


def _add_predict(api: FastAPI, service: Service) -> None:
    lane = _Lane()

    @api.post(
        "/predict",
        response_model=Prediction,
        summary="Predict the next hourly close from the last 60",
        openapi_extra={"requestBody": _REQUEST},
    )
    async def predict(request: Request) -> JSONResponse:
        """Answer with the median forecast of the model `btc-1h-lstm-close`, in USD."""
        closes = read_closes(await _read_body(request))
        price = await lane.run(service.predict_closes, closes)
        return JSONResponse({"predicted_next_hour_price": price})


def _add_models(api: FastAPI, service: Service) -> None:
    # Prices may take seconds to arrive: whoever only reads a card does not wait behind that.
    reading, asking = _Lane(), _Lane()
    unknown: dict[int | str, dict[str, object]] = {404: {"model": Refusal}}

    @api.get("/models", summary="List the saved models")
    async def models() -> JSONResponse:
        found = await reading.run(service.models)
        return JSONResponse([report.model_json(saved) for saved in found])

    @api.get("/models/{name}", summary="Show one model's card", responses=unknown)
    async def model(name: str) -> JSONResponse:
        found = await reading.run(service.model, name)
        return JSONResponse(report.model_json(found))

    @api.get(
        "/models/{name}/forecast",
        summary="Forecast the steps after the last closed candle",
        responses=unknown,
    )
    async def forecast(name: str, coin: str | None = None) -> JSONResponse:
        """Ask the model about a coin, by default the one it was trained on."""
        return JSONResponse(await asking.run(_forecast, service, name, coin))


def _forecast(service: Service, name: str, coin: str | None) -> report.Json:
    saved = service.model(name)
    card = saved.model.card
    wanted = coin if coin is not None else "BTC" if card.coin == "any" else card.coin
    history = service.history(MarketQuery(wanted, card.interval))
    future = service.future(history, saved.model, saved.name)
    return report.forecast_json(future, saved.model.spec.loss)


def _add_handlers(api: FastAPI) -> None:
    """Give every failure one shape, and never a traceback."""

    @api.exception_handler(CryptoForecastError)
    async def refused(_: Request, error: CryptoForecastError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, _status(error))

    @api.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        return JSONResponse({"detail": f"`{field}`: {first['msg']}."}, 422)

    @api.exception_handler(Exception)
    async def failed(_: Request, __: Exception) -> JSONResponse:
        # The server's log gets the traceback: Starlette raises the error again after this.
        return JSONResponse({"detail": "Something failed here. The server's log says what."}, 500)


def _status(error: CryptoForecastError) -> int:
    if isinstance(error, UnknownModel):
        return 404
    if isinstance(error, InvalidInput):
        return 422
    return 503 if isinstance(error, SourceUnavailable | InvalidBundle) else 500
