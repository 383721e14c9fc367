"""Answers that the API alone gives: lists, links, states."""

from __future__ import annotations

from typing import Annotated

from typing_extensions import TypedDict

from cryptoforecast.api.problem_values import ProblemJson
from cryptoforecast.json_views import ForecastJson, ModelJson, Says

_VERSION = f"sha256:{'5f0c9a417d1e2b38' * 4}"


class RouteJson(TypedDict):
    """A route of the API."""

    method: Annotated[str, Says("its method", "POST")]
    path: Annotated[str, Says("its address", "/api/v1/models/{name}/forecast")]
    summary: Annotated[str, Says("what it does", "Forecast series of your own")]


class IndexJson(TypedDict):
    """Where everything is."""

    name: Annotated[str, Says("name of the service", "CryptoForecast")]
    version: Annotated[str, Says("its version", "0.9.0")]
    links: Annotated[dict[str, str], Says("addresses by what is there")]
    routes: Annotated[list[RouteJson], Says("all routes, as the description has them")]


class LiveJson(TypedDict):
    """That the process answers."""

    status: Annotated[str, Says("always ok", "ok")]
    version: Annotated[str, Says("version of the service", "0.9.0")]


class ReadyJson(TypedDict):
    """That forecasts can be made."""

    status: Annotated[str, Says("always ready", "ready")]
    version: Annotated[str, Says("version of the service", "0.9.0")]
    models: Annotated[int, Says("saved models that can be read", 4)]


class CoinJson(TypedDict):
    """A coin of the list."""

    coin: Annotated[str, Says("ticker", "BTC")]
    name: Annotated[str, Says("name", "Bitcoin")]
    quote: Annotated[str, Says("currency of its prices unless another is chosen", "USD")]


class IntervalJson(TypedDict):
    """A length of candles."""

    interval: Annotated[str, Says("name", "1h")]
    seconds: Annotated[int, Says("length in seconds", 3600)]


class CoinsJson(TypedDict):
    """What has a name here."""

    coins: list[CoinJson]
    quotes: Annotated[list[str], Says("currencies of prices", ["USD", "EUR"])]
    intervals: list[IntervalJson]


class LinksJson(TypedDict):
    """Addresses of what belongs to a model."""

    self: Annotated[str, Says("its card", "/api/v1/models/global-1h-lstm")]
    forecast: Annotated[str, Says("its forecast", "/api/v1/models/global-1h-lstm/forecast")]


class CardJson(ModelJson):
    """The card of a saved model, its version and its links."""

    version: Annotated[str, Says("digest of all that the model is", _VERSION)]
    links: LinksJson


class MethodJson(TypedDict):
    """A baseline, which needs no training and forecasts candles of any length."""

    name: Annotated[str, Says("its name", "har")]
    title: Annotated[str, Says("its name in words", "HAR regression")]
    links: LinksJson


class DamagedJson(TypedDict):
    """A saved model that can't be read."""

    name: Annotated[str, Says("its name", "my-lstm")]
    problem: Annotated[str, Says("why", "The saved model my-lstm can't be read.")]


class ModelsJson(TypedDict):
    """Everything that forecasts."""

    models: Annotated[list[CardJson], Says("saved models")]
    damaged: Annotated[list[DamagedJson], Says("saved models that can't be read")]
    methods: Annotated[list[MethodJson], Says("baselines, which need no training")]


class SeriesAnswerJson(TypedDict):
    """The answer to one series: its forecast or its problem."""

    id: Annotated[str, Says("the id that was sent", "mine")]
    forecast: Annotated[
        ForecastJson | None, Says("null where there is a problem, and with format long")
    ]
    problem: Annotated[ProblemJson | None, Says("null where there is none")]


class RowJson(TypedDict):
    """One step of one series, in a table."""

    unique_id: Annotated[str, Says("the id that was sent", "mine")]
    step: Annotated[int, Says("1 to the horizon", 1)]
    ds: Annotated[str, Says("open of the candle, ISO 8601, UTC", "2026-01-31T12:00:00+00:00")]
    closes_at: Annotated[str, Says("when its close is known", "2026-01-31T13:00:00+00:00")]
    level: Annotated[str, Says("mean, or a quantile such as 0.5", "0.5")]
    value: Annotated[float | None, Says("a price", 61_250.0)]


class SeriesAnswersJson(TypedDict):
    """The answers to all series, in their order."""

    series: list[SeriesAnswerJson]
    rows: Annotated[list[RowJson], Says("all forecasts as one table; empty with format steps")]
