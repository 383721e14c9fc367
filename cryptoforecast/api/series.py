"""Series that are sent to be forecast: their shape, their limits and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, WrapValidator

from cryptoforecast import json_views
from cryptoforecast.api import own_signals
from cryptoforecast.api.answers import RowJson, SeriesAnswerJson, SeriesAnswersJson
from cryptoforecast.api.closes import excerpt
from cryptoforecast.api.own_signals import OwnSignals
from cryptoforecast.api.parameters import COIN_PATTERN, VERSION_PATTERN, WHOLE
from cryptoforecast.api.problem_values import ProblemJson
from cryptoforecast.api.problems import Refusal, at, of_error, of_validation
from cryptoforecast.api.questions import checked
from cryptoforecast.errors import InvalidInput
from cryptoforecast.service import Service
from cryptoforecast.service.choices import MAX_LEVELS
from cryptoforecast.service.outlooks import MAX_HORIZON, Question, interval_of
from cryptoforecast.types import INTERVALS, PriceHistory, Signal

#: Before this time there were no coins, and so no prices.
FIRST_CANDLE = pd.Timestamp("2009-01-01", tz="UTC")
#: Series of one request, candles of one series and of all together.
MAX_SERIES, MAX_CANDLES, MAX_CANDLES_IN_ALL = 100, 20_000, 50_000

Price = Annotated[float, Field(gt=0, le=1e15)]
#: Leaves a value unchecked, while the description refers to its model by name.
CheckedLater = WrapValidator(lambda value, _check: value)
_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Candles(BaseModel):
    """Closed candles as columns of one length, the oldest first."""

    model_config = _STRICT

    time: Annotated[
        list[Annotated[str, Field(max_length=40)]],
        Field(
            min_length=1,
            max_length=MAX_CANDLES,
            description="open of each candle, ISO 8601; UTC where there is no zone",
            examples=[["2026-01-31T11:00:00Z", "2026-01-31T12:00:00Z"]],
        ),
    ]
    open: Annotated[list[Price], Field(max_length=MAX_CANDLES, examples=[[61_000.0, 61_100.0]])]
    high: Annotated[list[Price], Field(max_length=MAX_CANDLES, examples=[[61_200.0, 61_300.0]])]
    low: Annotated[list[Price], Field(max_length=MAX_CANDLES, examples=[[60_900.0, 61_000.0]])]
    close: Annotated[list[Price], Field(max_length=MAX_CANDLES, examples=[[61_100.0, 61_250.0]])]
    volume: Annotated[
        list[Annotated[float, Field(ge=0)]] | None,
        Field(max_length=MAX_CANDLES, examples=[[12.5, 9.1]]),
    ] = None


class Series(BaseModel):
    """One series: whole candles, or closes alone."""

    model_config = _STRICT

    id: Annotated[str, Field(min_length=1, max_length=80, examples=["mine"])]
    coin: Annotated[
        str, Field(pattern=COIN_PATTERN, description="coin of the series", examples=["BTC"])
    ] = "BTC"
    candles: Annotated[Candles | None, Field(description="unless there are closes")] = None
    closes: Annotated[
        list[Price] | None,
        Field(
            description="closes, the oldest first, unless there are candles",
            min_length=1,
            max_length=MAX_CANDLES,
            examples=[[61_100.0, 61_250.0]],
        ),
    ] = None


class ForecastRequest(BaseModel):
    """Series to forecast, and the question about each."""

    model_config = _STRICT

    series: Annotated[
        list[Annotated[Series, CheckedLater]],
        Field(
            min_length=1,
            max_length=MAX_SERIES,
            description=f"at most {MAX_CANDLES_IN_ALL} candles together",
        ),
    ]
    above: Annotated[list[Price], Field(max_length=MAX_LEVELS, examples=[[65_000.0]])] = []
    below: Annotated[list[Price], Field(max_length=MAX_LEVELS, examples=[[60_000.0]])] = []
    touch: Annotated[list[Price], Field(max_length=MAX_LEVELS, examples=[[66_000.0]])] = []
    predictor: Annotated[str | None, Field(max_length=20, examples=["stack"])] = None
    interval: Annotated[
        str | None,
        Field(description="length of the candles", json_schema_extra={"examples": ["1h"]}),
    ] = None
    horizon: Annotated[
        Annotated[int, Field(ge=1, le=MAX_HORIZON), WHOLE] | None, Field(examples=[24])
    ] = None
    quote: Annotated[
        str | None, Field(pattern="^[A-Za-z]{3,5}$", description="currency", examples=["USD"])
    ] = None
    version: Annotated[
        str | None, Field(pattern=VERSION_PATTERN, examples=[f"sha256:{'5f0c9a41' * 8}"])
    ] = None
    signals: OwnSignals = []
    format: Annotated[
        Literal["steps", "long"],
        Field(description="steps: a forecast for each series; long: one table of all"),
    ] = "steps"


_CLOSES = [round(61_000 + 25.5 * ((7 * i) % 11), 2) for i in range(60)]
#: Bodies that can be sent as they are.
EXAMPLES: dict[str, Any] = {
    "closes": {
        "summary": "60 closes, for btc-1h-lstm-close",
        "value": {"series": [{"id": "mine", "closes": _CLOSES}], "above": [61_200.0]},
    },
    "long": {
        "summary": "two series as one table, for naive",
        "value": {
            "series": [
                {"id": "first", "closes": _CLOSES},
                {"id": "second", "closes": _CLOSES[::-1]},
            ],
            "format": "long",
        },
    },
}


def forecasts(service: Service, name: str, body: ForecastRequest) -> SeriesAnswersJson:
    """Forecast each series of a request, or say what is wrong with it.

    Args:
        service: Does the work.
        name: Name of the model or method.
        body: The request.

    Raises:
        Refusal: If the question is outside the rules, whatever the series are.
    """
    question = Question(
        body.above, body.below, body.touch, body.predictor, body.horizon, body.version
    )
    saved = checked(service, name, question, "/body")
    with at("/body/interval"):
        interval = interval_of(saved, body.interval)
    own = own_signals.read(body.signals, () if saved is None else saved.model.spec.features)
    with at("/body/series"):
        _check_sizes(body.series)
    answers: list[SeriesAnswerJson] = []
    rows: list[RowJson] = []
    names: set[str] = set()
    for place, item in enumerate(body.series):
        named = _id(item, place)
        if body.format == "long" and named in names:
            answers.append({"id": named, "forecast": None, "problem": _repeated(named, place)})
            continue
        names.add(named)
        answer = _answer(service, name, question, body, interval, own, place, item)
        if body.format == "long" and answer["forecast"] is not None:
            rows += _rows(answer["id"], answer["forecast"])
            answer["forecast"] = None
        answers.append(answer)
    return {"series": answers, "rows": rows}


def _answer(
    service: Service,
    name: str,
    question: Question,
    body: ForecastRequest,
    interval: str,
    own: Sequence[Signal],
    place: int,
    item: object,
) -> SeriesAnswerJson:
    """Answer one series: its forecast, or its problem."""
    pointer = f"/body/series/{place}"
    answer: SeriesAnswerJson = {"id": _id(item, place), "forecast": None, "problem": None}
    try:
        one = Series.model_validate(item)
        with at(pointer):
            if one.closes is not None:
                question = service.outlooks.check_closes(name, question)
            history = _history(service, one, interval, body.quote)
            saved = service.outlooks.saved(name)
            if saved is not None:
                history = service.signals.beside(history, saved.model.spec.features, own)
            outlook = service.outlooks.of(history, name, question)
        answer["forecast"] = outlook.json()
    except ValidationError as error:
        answer["problem"] = of_validation(error.errors(include_url=False), pointer, Series)
    except Refusal as refusal:
        answer["problem"] = of_error(refusal.error, refusal.pointer)
    return answer


def _history(service: Service, one: Series, interval: str, quote: str | None) -> PriceHistory:
    """Make the history of a series.

    Raises:
        InvalidInput: If the series is outside the rules of a price file.
    """
    if (one.candles is None) == (one.closes is None):
        raise InvalidInput(
            "A series has either candles or closes. Received: "
            f"{'neither' if one.candles is None else 'both'}. Send one of them."
        )
    if one.candles is not None:
        frame = _frame(one.candles)
    else:
        frame = _closes_frame(one.closes or [], interval)
    return service.prices.from_frame(
        frame, coin=one.coin, interval=interval, source="request", quote=quote, noun="series"
    )


def _frame(candles: Candles) -> pd.DataFrame:
    columns = {name: values for name, values in candles.model_dump().items() if values is not None}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidInput(
            "All columns of `candles` must have one length. Received: "
            f"{', '.join(f'{name} {length}' for name, length in lengths.items())}. Send as many "
            "of each."
        )
    times = pd.Index(columns["time"])
    repeated = times[times.duplicated()]
    if len(repeated):
        raise InvalidInput(
            "Each candle must have a time of its own. Received: "
            f"{excerpt(repeated[0])} again. Send one candle of each time."
        )
    return pd.DataFrame(columns)


def _closes_frame(closes: list[float], interval: str) -> pd.DataFrame:
    """Give closes the times of the last closed candles; models of closes alone ignore times.

    Raises:
        InvalidInput: If the first would be from before there were coins.
    """
    length = INTERVALS[interval]
    last = pd.Timestamp.now("UTC").floor(length) - length
    most = (last - FIRST_CANDLE) // length
    if len(closes) > most:
        raise InvalidInput(
            f"`closes` of {interval} candles must be at most {most:,}, which reach back to "
            f"{FIRST_CANDLE.year}. Received: {len(closes):,}. Send the last of them."
        )
    times = pd.date_range(end=last, periods=len(closes), freq=length)
    return pd.DataFrame({"time": times, "close": closes})


def _check_sizes(series: list[Any]) -> None:
    """Refuse more candles together than a request may have.

    Raises:
        InvalidInput: If there are more.
    """
    total = sum(map(_size, series))
    if total > MAX_CANDLES_IN_ALL:
        raise InvalidInput(
            f"All series together may have {MAX_CANDLES_IN_ALL:,} candles. Received: {total:,}. "
            "Send them in several requests."
        )


def _size(item: object) -> int:
    if not isinstance(item, dict):
        return 0
    candles = item.get("candles")
    columns = [item.get("closes"), *(candles.values() if isinstance(candles, dict) else ())]
    return max((len(column) for column in columns if isinstance(column, list)), default=0)


def _id(item: object, place: int) -> str:
    named = item.get("id") if isinstance(item, dict) else None
    return named if isinstance(named, str) and 0 < len(named) <= 80 else f"series {place}"


def _repeated(named: str, place: int) -> ProblemJson:
    """Return the problem of a series whose rows would look like those of another."""
    error = InvalidInput(
        "In the long format each `id` must be of one series. Received: "
        f"{excerpt(named)} again. Give each series an id of its own."
    )
    return of_error(error, f"/body/series/{place}/id")


def _rows(named: str, forecast: json_views.ForecastJson) -> list[RowJson]:
    """Write a forecast as rows of a table: a mean and nine quantiles for each step."""
    return [
        {
            "unique_id": named,
            "step": step["step"],
            "ds": step["time"],
            "closes_at": step["closes_at"],
            "level": level,
            "value": value,
        }
        for step in forecast["steps"]
        for level, value in {"mean": step["mean"], **step["quantiles"]}.items()
    ]
