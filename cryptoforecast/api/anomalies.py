"""The route of anomalies."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query
from starlette.responses import JSONResponse

from cryptoforecast import json_views
from cryptoforecast.api import parameters
from cryptoforecast.api.lanes import Lane
from cryptoforecast.api.parameters import (
    CHECKS,
    NAME_PATTERN,
    AlarmCount,
    CoinText,
    IntervalText,
    PriceRule,
    QuoteText,
)
from cryptoforecast.api.problems import at
from cryptoforecast.api.questions import at_model
from cryptoforecast.api.responses import FORECASTS, answer, problems
from cryptoforecast.service import Service, choices
from cryptoforecast.service.anomalies import HAR
from cryptoforecast.types import MarketQuery

Model = Annotated[
    str | None,
    Query(
        description="a saved model, combined with har, or har alone; by default the global model "
        "for this length of candles, or else har",
        json_schema_extra={"pattern": NAME_PATTERN},
        examples=["har"],
    ),
]


def add(api: FastAPI, service: Service) -> None:
    """Add the route."""
    lane = Lane()

    @api.get(
        "/api/v1/anomalies",
        tags=["prices"],
        summary="Find past candles that the forecast before them called very unlikely",
        dependencies=CHECKS, response_model=json_views.AnomaliesJson, responses=problems(404, 503),
    )  # fmt: skip
    async def anomalies(
        coin: CoinText = None,
        quote: QuoteText = None,
        interval: IntervalText = None,
        alarms: AlarmCount = None,
        model: Model = None,
        prices: PriceRule = "any",
    ) -> JSONResponse:
        """List the candles whose move was rarer than a threshold, the newest first.

        `alarms` is by default 1, or as near to it as candles of this length allow. `rate` counts
        the alarms on these prices, and `measured` on others, beside those of a plain spike rule
        that promises the same.
        """
        query = MarketQuery(
            parameters.coin(coin, quote, "BTC"), "1h" if interval is None else interval
        )
        promised = parameters.count("alarms", alarms)
        content = await lane.run(_anomalies, service, query, promised, model, prices)
        return answer(content, FORECASTS)


def _anomalies(
    service: Service, query: MarketQuery, promised: float | None, model: str | None, prices: str
) -> json_views.Json:
    parameters.check_rule(prices)
    with at("/query/interval"):
        choices.check_interval(query.interval)
    if promised is not None:
        with at("/query/alarms"):
            choices.check_alarms(promised, query.interval)
    with at("/query/coin"):
        history = service.prices.history(query, prices=prices)
    with at_model("/query/model", model or "", f"The baseline {HAR} can be named too."):
        saved = service.anomalies.model(history, model)
        if saved is not None:
            history = service.signals.beside(history, saved.model.spec.features)
        anomalies = service.anomalies.find(
            history, promised, None if saved is None else saved.model
        )
    return json_views.anomalies_json(anomalies, None if saved is None else saved.name)
