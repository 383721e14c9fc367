"""Routes of forecasts: of a coin, and of series that are sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Body, FastAPI
from starlette.responses import JSONResponse

from cryptoforecast import json_views
from cryptoforecast.api import parameters, series
from cryptoforecast.api.answers import SeriesAnswersJson
from cryptoforecast.api.lanes import Lane
from cryptoforecast.api.parameters import (
    CHECKS,
    CoinText,
    HorizonText,
    IntervalText,
    Levels,
    ModelName,
    PredictorText,
    PriceRule,
    QuoteText,
    VersionText,
)
from cryptoforecast.api.problems import at
from cryptoforecast.api.questions import checked
from cryptoforecast.api.responses import FORECASTS, MAX_BODY, answer, problems
from cryptoforecast.api.series import ForecastRequest
from cryptoforecast.service import Service
from cryptoforecast.service.outlooks import Question, default_coin, interval_of
from cryptoforecast.types import MarketQuery


@dataclass(frozen=True)
class _Market:
    """The prices that a request is about: coin, quote, length of candles, live or any."""

    coin: str | None
    quote: str | None
    interval: str | None
    prices: str


def add(api: FastAPI, service: Service) -> None:
    """Add the routes."""
    # Prices may take seconds to arrive. A request for a card does not wait for them.
    lane, series_lane = Lane(), Lane()

    @api.get(
        "/api/v1/models/{name}/forecast",
        tags=["forecasts"], summary="Forecast the steps after the last closed candle",
        dependencies=CHECKS,
        response_model=json_views.ForecastJson, responses=problems(404, 409, 503),
    )  # fmt: skip
    async def forecast(
        name: ModelName,
        coin: CoinText = None,
        quote: QuoteText = None,
        interval: IntervalText = None,
        horizon: HorizonText = None,
        prices: PriceRule = "any",
        above: Levels = [],  # noqa: B006 - FastAPI copies it
        below: Levels = [],  # noqa: B006
        touch: Levels = [],  # noqa: B006
        predictor: PredictorText = None,
        version: VersionText = None,
    ) -> JSONResponse:
        """Forecast a coin, by default the one that the model was trained on.

        `odds` has the probability of ending above or below each price of `above` and `below`, at
        every step. `touch` has the probability that the price reaches each of its levels by each
        step, and `extremes` how far the price may go. Probabilities are bounded to 0.01 to 0.99.

        `verdict` and `coverage` are those of a test of the same forecaster on the last fifth of
        these prices.
        """
        question = Question(
            above=parameters.levels("above", above),
            below=parameters.levels("below", below),
            touch=parameters.levels("touch", touch),
            predictor=predictor,
            horizon=parameters.horizon(horizon),
            version=version,
        )
        market = _Market(coin, quote, interval, prices)
        content = await lane.run(_forecast, service, name, market, question)
        return answer(content, FORECASTS)

    @api.post(
        "/api/v1/models/{name}/forecast",
        tags=["forecasts"], summary="Forecast series of your own", dependencies=CHECKS,
        response_model=SeriesAnswersJson, responses=problems(404, 409, 413, 415, 503),
        max_body_size=MAX_BODY,
    )  # fmt: skip
    async def forecast_series(
        name: ModelName,
        body: Annotated[ForecastRequest, Body(openapi_examples=series.EXAMPLES)],
    ) -> JSONResponse:
        """Forecast one series or many, of whole candles or of closes alone.

        A series that can't be forecast has a problem in its place; the others are answered.
        Closes alone are enough for networks that read nothing else, such as `btc-1h-lstm-close`,
        and for `naive` and `drift`.
        """
        content = await series_lane.run(series.forecasts, service, name, body)
        return answer({**content})


def _forecast(
    service: Service, name: str, market: _Market, question: Question
) -> json_views.ForecastJson:
    saved = checked(service, name, question, "/query")
    parameters.check_rule(market.prices)
    with at("/query/interval"):
        interval = interval_of(saved, market.interval)
    coin = parameters.coin(market.coin, market.quote, default_coin(saved))
    with at("/query/coin"):
        history = service.prices.history(MarketQuery(coin, interval), prices=market.prices)
        if saved is not None:
            history = service.signals.beside(history, saved.model.spec.features)
    return service.outlooks.of(history, name, question).json()
