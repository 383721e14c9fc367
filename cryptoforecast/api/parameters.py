"""Parameters of requests: how they are described, and how their text is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated, get_origin

from fastapi import Depends, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BeforeValidator, WithJsonSchema

from cryptoforecast.api.numbers import read_count, read_levels
from cryptoforecast.api.problems import at
from cryptoforecast.errors import InvalidInput
from cryptoforecast.service.choices import MAX_LEVELS, PREDICTORS, check_levels
from cryptoforecast.service.outlooks import MAX_HORIZON
from cryptoforecast.service.prices import check_prices
from cryptoforecast.types import INTERVALS

#: How the name of a model is written, and how the digest of one is.
NAME_PATTERN = "^[a-z0-9][a-z0-9._-]{0,63}$"
VERSION_PATTERN = "^sha256:[0-9a-f]{64}$"
#: How a coin or pair is written; which of these stand for one is decided later.
COIN_PATTERN = "^[A-Za-z0-9^][A-Za-z0-9 .^=/:_-]{0,39}$"


def _whole(value: object) -> object:
    """Take 24.0 for 24, as JSON does."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


#: The last annotation of a whole number in a body: the description would lack bounds after it.
WHOLE = BeforeValidator(_whole)

# Numbers arrive as text: FastAPI would accept "nan" and "1_000".
_PRICE = {"type": "number", "exclusiveMinimum": 0, "maximum": 1e15}

ModelName = Annotated[
    str,
    Path(
        description="a saved model, or a baseline such as har",
        json_schema_extra={"pattern": NAME_PATTERN},
        openapi_examples={"shipped": {"value": "global-1h-lstm"}},  # stands in the form of the docs
    ),
]
CoinText = Annotated[
    str | None,
    WithJsonSchema({"type": "string", "pattern": COIN_PATTERN, "examples": ["BTC"]}),
    Query(description="ticker, name or pair, such as BTC, bitcoin or BTC-EUR"),
]
QuoteText = Annotated[
    str | None,
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z]{3,5}$", "examples": ["USD"]}),
    Query(description="currency of the prices, unless `coin` is a pair"),
]
IntervalText = Annotated[
    str | None,
    WithJsonSchema({"type": "string", "enum": list(INTERVALS)}),
    Query(description="length of a candle; by default that of the model, or 1h"),
]
Levels = Annotated[
    list[Annotated[str, WithJsonSchema(_PRICE)]],
    Query(
        description="a price in the currency of the prices; can be repeated, "
        f"{MAX_LEVELS} prices in all",
        json_schema_extra={"maxItems": MAX_LEVELS},
        examples=[[65000]],
    ),
]
PriceRule = Annotated[
    str,
    WithJsonSchema({"type": "string", "enum": ["live", "any"], "default": "any"}),
    Query(description="live: status 503 without prices of a live source; any: else simulated"),
]
PredictorText = Annotated[
    str | None,
    WithJsonSchema({"type": "string", "enum": list(PREDICTORS)}),
    Query(description="by default stack, which combines a saved model with har; or one of the two"),
]
HorizonText = Annotated[
    str | None,
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_HORIZON, "examples": [24]}),
    Query(description="steps; of baselines only"),
]
VersionText = Annotated[
    str | None,
    WithJsonSchema(
        {"type": "string", "pattern": VERSION_PATTERN, "examples": [f"sha256:{'5f0c9a41' * 8}"]}
    ),
    Query(description="digest that the model must still have; else status 409"),
]
AlarmCount = Annotated[
    str | None,
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1000, "examples": [1]}),
    Query(description="alarms in 30 days that the threshold promises"),
]


async def check_query(request: Request) -> None:
    """Refuse parameters that the route does not have, and those that are given twice.

    Raises:
        RequestValidationError: If there are any.
    """
    route = request.scope["route"]
    if not isinstance(route, APIRoute):
        return
    several = {
        param.alias: get_origin(param.field_info.annotation) is list
        for param in route.dependant.query_params
    }
    names = ", ".join(several) or "none"
    counts = Counter(name for name, _ in request.query_params.multi_items())
    errors = []
    for name, count in counts.items():
        if name not in several:
            rule = f"The parameters here are {names}"
            errors.append({"loc": ("query", name[:80]), "msg": rule, "input": name})
        elif count > 1 and not several[name]:
            rule = "This parameter must be given once"
            errors.append({"loc": ("query", name), "msg": rule, "input": f"{count} times"})
    if errors:
        raise RequestValidationError(errors)


#: What every route checks.
CHECKS = [Depends(check_query)]


def levels(name: str, texts: Sequence[str]) -> list[float]:
    """Read price levels of the query."""
    with at(f"/query/{name}"):
        values = read_levels(name, texts)
        check_levels(values)
        return values


def horizon(text: str | None) -> int | None:
    """Read a number of steps."""
    if text is None:
        return None
    with at("/query/horizon"):
        if not (text.isascii() and text.isdigit() and len(text) <= 6):
            raise InvalidInput(
                f"`horizon` must be a whole number of steps. Received: {text!r:.60}. Give one "
                "such as 24."
            )
        return int(text)


def count(name: str, text: str | None) -> float | None:
    """Read a number of things a month."""
    if text is None:
        return None
    with at(f"/query/{name}"):
        return read_count(name, text)


def check_choice(name: str, text: str | None, allowed: Iterable[str]) -> None:
    """Refuse a value that is none of the allowed ones.

    Args:
        name: Name of the parameter.
        text: Its value; ``None`` where there is none, which is allowed.
        allowed: The values.

    Raises:
        Refusal: If it is another one.
    """
    choices = list(allowed)
    if text is not None and text not in choices:
        with at(f"/query/{name}"):
            raise InvalidInput(
                f"`{name}` must be one of {', '.join(choices)}. Received: {text!r:.60}. Choose one "
                "of them, or leave it out."
            )


def check_rule(prices: str) -> None:
    """Refuse a rule for prices that is neither ``live`` nor ``any``."""
    with at("/query/prices"):
        check_prices(prices)


def coin(ticker: str | None, quote: str | None, default: str) -> str:
    """Return the coin or pair that a request is about.

    Args:
        ticker: The coin; ``default`` where it is ``None``.
        quote: The currency of its prices; ``None`` where the coin says it.
        default: The coin or pair unless one is given.

    Raises:
        Refusal: If both name a currency.
    """
    chosen = default if ticker is None else ticker
    if quote is None:
        return chosen
    with at("/query/quote"):
        if not (quote.isascii() and quote.isalpha() and 3 <= len(quote) <= 5):
            raise InvalidInput(
                f"`quote` must be a currency of 3 to 5 letters. Received: {quote!r:.60}. Give one "
                "such as EUR."
            )
        if any(mark in chosen for mark in "-/:_"):
            raise InvalidInput(
                f"`quote` goes with a coin that is no pair. Received: {quote} with {chosen!r:.60}. "
                "Leave one out."
            )
    return f"{chosen}-{quote.upper()}"
