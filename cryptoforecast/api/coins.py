"""The route that lists coins, quotes and lengths of candles."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.responses import JSONResponse

from cryptoforecast.api.answers import CoinsJson
from cryptoforecast.api.parameters import CHECKS
from cryptoforecast.api.responses import LISTS, answer, problems
from cryptoforecast.service import choices
from cryptoforecast.types import INTERVALS
from cryptoforecast.types.quotes import MONEY


def add(api: FastAPI) -> None:
    """Add the route."""

    @api.get(
        "/api/v1/coins", tags=["prices"], summary="List coins, currencies and lengths of candles",
        dependencies=CHECKS, response_model=CoinsJson, responses=problems(),
    )  # fmt: skip
    async def coins() -> JSONResponse:
        """List what has a name here. Other symbols may be known to a live source."""
        content: CoinsJson = {
            "coins": [
                {"coin": coin.ticker, "name": coin.name, "quote": coin.quote}
                for coin in choices.COINS.values()
            ],
            "quotes": list(MONEY),
            "intervals": [
                {"interval": name, "seconds": int(length.total_seconds())}
                for name, length in INTERVALS.items()
            ],
        }
        return answer({**content}, LISTS)
