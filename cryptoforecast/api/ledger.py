"""The route of the ledger."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import WithJsonSchema
from starlette.responses import JSONResponse

from cryptoforecast.api.lanes import Lane
from cryptoforecast.api.parameters import (
    CHECKS,
    COIN_PATTERN,
    NAME_PATTERN,
    IntervalText,
    PredictorText,
    check_choice,
)
from cryptoforecast.api.problems import at
from cryptoforecast.api.responses import FORECASTS, answer, problems
from cryptoforecast.errors import InvalidInput
from cryptoforecast.json_views.ledger import LedgerJson, view_json
from cryptoforecast.service import Service
from cryptoforecast.service.choices import PREDICTORS
from cryptoforecast.types import INTERVALS

#: Forecasts in one answer, and the last step that can be asked about.
MAX_FORECASTS, MAX_STEP = 200, 10_000

Model = Annotated[
    str | None,
    Query(
        description="only forecasts of this saved model or baseline",
        pattern=NAME_PATTERN,
        examples=["global-1h-lstm"],
    ),
]
Coin = Annotated[
    str | None,
    Query(description="only those of this ticker or pair", pattern=COIN_PATTERN, examples=["BTC"]),
]
Step = Annotated[
    str | None,
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_STEP, "examples": [24]}),
    Query(description="the step that `record` is about; by default the last"),
]
Limit = Annotated[
    str | None,
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_FORECASTS, "examples": [20]}),
    Query(description="forecasts in `entries`, the newest; by default 20"),
]


def add(api: FastAPI, service: Service) -> None:
    """Add the route."""
    lane = Lane()

    @api.get(
        "/api/v1/ledger",
        tags=["forecasts"],
        summary="Show forecasts that were stored before their outcome, and how they turned out",
        dependencies=CHECKS, response_model=LedgerJson, responses=problems(503),
    )  # fmt: skip
    async def ledger(
        model: Model = None,
        predictor: PredictorText = None,
        coin: Coin = None,
        interval: IntervalText = None,
        step: Step = None,
        limit: Limit = None,
    ) -> JSONResponse:
        """List the series of the ledger with their counts, and the newest forecasts.

        Where one series is left, `record` says how often its ranges held, and whether its
        forecasts are better than the last price and the volatility cone. `head` is the end of the
        chain: with it, anyone can find a later rewrite.
        """
        content = await lane.run(_look, service, model, predictor, coin, interval, step, limit)
        return answer(content, FORECASTS)


def _look(
    service: Service,
    model: str | None,
    predictor: str | None,
    coin: str | None,
    interval: str | None,
    step: str | None,
    limit: str | None,
) -> LedgerJson:
    number = _whole("limit", limit, MAX_FORECASTS) or 20
    about = _whole("step", step, MAX_STEP)
    check_choice("predictor", predictor, PREDICTORS)
    check_choice("interval", interval, INTERVALS)
    with at("" if about is None else "/query/step"):
        view = service.ledger.look(
            model=model, predictor=predictor, coin=coin, interval=interval, step=about,
            limit=number,
        )  # fmt: skip
    return view_json(view)


def _whole(name: str, text: str | None, highest: int) -> int | None:
    """Read a whole number from 1 to the highest."""
    if text is None:
        return None
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    if not 1 <= number <= highest:
        with at(f"/query/{name}"):
            raise InvalidInput(
                f"`{name}` must be a whole number from 1 to {highest:,}. Received: {text!r:.60}. "
                "Give one such as 10."
            )
    return number
