"""The whole API as one FastAPI app: ``/predict``, read-only answers about saved models, and docs.

This is the only module that imports FastAPI. ``openapi.json`` comes from here. The interactive
documentation at ``docs`` loads Swagger UI from a public CDN, which therefore sees the users of
that page, and no others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, ParamSpec, TypeVar

from fastapi import FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.requests import ClientDisconnect

from cryptoforecast import __version__, json_views
from cryptoforecast.api import predict as predicting
from cryptoforecast.api.closes import CLOSES, HIGHEST, LOWEST
from cryptoforecast.api.levels import read_count, read_levels
from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.service import Service, choices
from cryptoforecast.types import MarketQuery

Result = TypeVar("Result")
Given = ParamSpec("Given")
#: Price levels in a query, as text: FastAPI would accept "nan" and "1_000" as numbers.
Levels = Annotated[Sequence[str], Query(description="price level, in `data.quote`; repeatable")]
AlarmCount = Annotated[str | None, Query(description="alarms in 30 days, a plain number")]
PriceRule = Annotated[str, Query(description="live or any: may prices be simulated?")]

#: Requests of each kind that run at once: Streamlit serves its files from the same threads.
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
        service: Does the work.
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
    _add_anomalies(api, service)

    @api.get("/health", summary="Say that the service is up, and its version")
    async def health() -> dict[str, str]:
        return {"status": "ok", "version": __version__}

    return api


class _Lane:
    """Runs blocking work in threads, a few at once; other requests wait without a thread."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)

    async def run(
        self, work: Callable[Given, Result], *args: Given.args, **more: Given.kwargs
    ) -> Result:
        async with self._places:
            return await run_in_threadpool(work, *args, **more)


def _add_predict(api: FastAPI, service: Service) -> None:
    @api.post(
        "/predict",
        response_model=Prediction,
        summary="Predict the next hourly close from the last 60",
        openapi_extra={"requestBody": _REQUEST},
    )
    async def predict(request: Request) -> Response:
        """Answer with the median forecast of the model `btc-1h-lstm-close`, in USD."""
        try:
            return await predicting.answer(service, request)
        except ClientDisconnect:
            return Response(status_code=499)  # the client has gone


def _add_models(api: FastAPI, service: Service) -> None:
    # Prices may take seconds to arrive. A request for a card does not wait for them.
    cards, forecasts = _Lane(), _Lane()
    unknown: dict[int | str, dict[str, object]] = {404: {"model": Refusal}}

    @api.get("/models", summary="List the saved models")
    async def models() -> JSONResponse:
        models = await cards.run(service.saved_models.all)
        return JSONResponse([json_views.model_json(saved) for saved in models])

    @api.get("/models/{name}", summary="Show one model's card", responses=unknown)
    async def model(name: str) -> JSONResponse:
        saved = await cards.run(service.saved_models.load, name)
        return JSONResponse(json_views.model_json(saved.summary))

    @api.get(
        "/models/{name}/forecast",
        summary="Forecast the steps after the last closed candle",
        responses={**unknown, 503: {"model": Refusal}},
    )
    async def forecast(
        name: str,
        coin: str | None = None,
        prices: PriceRule = "any",
        above: Levels = (),
        below: Levels = (),
        touch: Levels = (),
        predictor: str = "stack",
    ) -> JSONResponse:
        """Forecast a coin with the model, by default the coin that it was trained on.

        `coin` is a ticker, a name or a pair, such as `BTC`, `bitcoin` or `BTC-EUR`. With
        `prices=live` the answer is 503 where no live prices can be had; `Retry-After` says when
        to ask again. By default simulated prices take their place, and the answer says so.

        `above` and `below` are prices in the currency `data.quote`, and each can be repeated.
        `odds` has the probability of ending above or below each of them, at every step.

        `touch` is such a price as well. The list `touch` of the answer has the probability that
        the price reaches it by each step, and `extremes` how far the price may go.

        `predictor` is `stack`, which combines the model and HAR with the weights in `members`, or
        one of the two by its name: `lstm` or `dense`, and `har`. `verdict` is that of a test of
        the predictor on the last fifth of these prices.
        """
        levels = (
            read_levels("above", above),
            read_levels("below", below),
            read_levels("touch", touch),
        )
        choices.check_levels([level for some in levels for level in some])
        made = await forecasts.run(_forecast, service, name, coin, prices, *levels, predictor)
        return JSONResponse(made)


def _forecast(
    service: Service,
    name: str,
    coin: str | None,
    prices: str,
    above: Sequence[float],
    below: Sequence[float],
    touch: Sequence[float],
    predictor: str,
) -> json_views.Json:
    saved = service.saved_models.load(name)
    card = saved.model.card
    query = MarketQuery(choices.default_coin(card) if coin is None else coin, card.interval)
    history = service.prices.history(query, prices=prices)
    next_steps = service.forecasts.next_steps(history, saved.model, saved.name, predictor)
    probabilities = service.forecasts.probabilities(next_steps, above, below)
    touches = service.forecasts.touch(next_steps, touch)
    extremes = service.forecasts.extremes(next_steps) if touch else None
    loss = service.forecasts.loss(next_steps, saved.model)
    verdict = service.backtests.verdict(history, saved.model, predictor)
    return json_views.forecast_json(next_steps, loss, probabilities, touches, extremes, verdict)


def _add_anomalies(api: FastAPI, service: Service) -> None:
    lane = _Lane()

    @api.get(
        "/anomalies",
        summary="Find past candles that the forecast before them called very unlikely",
        responses={404: {"model": Refusal}, 503: {"model": Refusal}},
    )
    async def anomalies(
        coin: str = "BTC",
        interval: str = "1h",
        alarms: AlarmCount = None,
        model: str | None = None,
        prices: PriceRule = "any",
    ) -> JSONResponse:
        """List the candles whose move was rarer than a threshold, the newest first.

        `alarms` is how many alarms the threshold promises in 30 days, by default 1 or as near to
        it as candles of this length allow. `rate` counts the alarms on these prices, and
        `measured` on others, beside those of a plain spike rule that promises the same.

        `model` is a saved model, combined with HAR, or `har` for HAR alone. By default it is the
        global model for this candle length, if there is one.
        """
        query = MarketQuery(coin, interval)
        return JSONResponse(await lane.run(_anomalies, service, query, alarms, model, prices))


def _anomalies(
    service: Service, query: MarketQuery, alarms: str | None, model: str | None, prices: str
) -> json_views.Json:
    choices.check_interval(query.interval)
    promised = None if alarms is None else read_count("alarms", alarms)
    if promised is not None:
        choices.check_alarms(promised, query.interval)
    history = service.prices.history(query, prices=prices)
    saved = service.anomalies.model(history, model)
    found = service.anomalies.find(history, promised, None if saved is None else saved.model)
    return json_views.anomalies_json(found, None if saved is None else saved.name)


def _add_handlers(api: FastAPI) -> None:
    """Give every failure one shape, and never a traceback."""

    @api.exception_handler(CryptoForecastError)
    async def refused(_: Request, error: CryptoForecastError) -> Response:
        return predicting.refusal(error)

    @api.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        return JSONResponse({"detail": f"`{field}`: {first['msg']}."}, 422)

    @api.exception_handler(Exception)
    async def failed(_: Request, __: Exception) -> JSONResponse:
        # Starlette raises the error again after this, so the server's log has the traceback.
        return JSONResponse(predicting.FAILED, 500)
