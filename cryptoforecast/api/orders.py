"""What clients order, and what they are told of it: tests and trainings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from cryptoforecast.api.own_signals import OwnSignals
from cryptoforecast.api.parameters import COIN_PATTERN, NAME_PATTERN, WHOLE
from cryptoforecast.api.problem_values import ProblemJson
from cryptoforecast.json_views import AblationJson, BacktestJson, FoldJson, Says
from cryptoforecast.json_views.values import Time
from cryptoforecast.service import choices
from cryptoforecast.types import INTERVALS

_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


def _within(name: str, example: float) -> Any:
    """Return the bounds of a setting, with an example."""
    lowest, highest = choices.BOUNDS[name]
    return Field(ge=lowest, le=highest, examples=[example])


class OrderSettings(BaseModel):
    """Settings of a network; those that are left out come from the preset."""

    model_config = _STRICT

    preset: Annotated[str | None, Field(max_length=20, examples=["quick"])] = None
    network: Annotated[str | None, Field(max_length=20, examples=["lstm"])] = None
    target: Literal["return", "price"] | None = None
    loss: Literal["quantile", "mse"] | None = None
    training: Literal["sequences", "windows"] | None = None
    features: Annotated[
        list[Annotated[str, Field(max_length=40)]] | None,
        Field(
            max_length=30,
            description="inputs; signals too, such as signal:fear_greed",
            examples=[["return", "range", "signal:fear_greed"]],
        ),
    ] = None
    lookback: Annotated[int, _within("lookback", 48), WHOLE] | None = None
    horizon: Annotated[int, _within("horizon", 24), WHOLE] | None = None
    units: Annotated[
        list[Annotated[int, WHOLE]] | None, Field(max_length=8, examples=[[64, 32]])
    ] = None
    dropout: Annotated[float | None, _within("dropout", 0.1)] = None
    learning_rate: Annotated[float | None, _within("learning_rate", 0.001)] = None
    batch_size: Annotated[int, _within("batch_size", 64), WHOLE] | None = None
    epochs: Annotated[int, _within("epochs", 40), WHOLE] | None = None
    patience: Annotated[int, _within("patience", 8), WHOLE] | None = None
    test: Annotated[float | None, _within("test", 0.2)] = None
    validation: Annotated[float | None, _within("validation", 0.2)] = None
    seed: Annotated[int, _within("seed", 0), WHOLE] | None = None
    ensemble: Annotated[int, _within("ensemble", 1), WHOLE] | None = None


class OrderRequest(BaseModel):
    """The prices and the settings of a test or a training."""

    model_config = _STRICT

    coin: Annotated[str, Field(pattern=COIN_PATTERN, examples=["BTC"])] = "BTC"
    interval: Annotated[str, Field(json_schema_extra={"enum": list(INTERVALS)})] = "1h"
    days: Annotated[
        float | None,
        Field(
            gt=0,
            le=10_000,
            description="the last days; by default all there are",
            examples=[365],
        ),
    ] = None
    prices: Literal["live", "any"] = "any"
    settings: OrderSettings = OrderSettings()
    signals: OwnSignals = []


class BacktestRequest(OrderRequest):
    """A test of a saved model, of a network that is trained first, or of a baseline."""

    model: Annotated[
        str | None,
        Field(
            pattern=NAME_PATTERN,
            description="a saved model, or a baseline such as har",
            examples=["global-1h-lstm"],
        ),
    ] = None
    folds: Annotated[
        int, Field(ge=1, le=20, description="spans with a fit of their own"), WHOLE
    ] = 1
    ablate: Annotated[
        list[Annotated[str, Field(max_length=40)]] | None,
        Field(
            min_length=1,
            max_length=30,
            description="inputs of the network that is trained without them too, to compare",
            examples=[["signal:fear_greed"]],
        ),
    ] = None


class TrainingRequest(OrderRequest):
    """A training, with a test on the last share of the prices; it need not be saved."""

    save: Annotated[
        str | None,
        Field(pattern=NAME_PATTERN, description="name to save it under", examples=["mine"]),
    ] = None
    force: Annotated[bool, Field(description="whether a saved model may be replaced")] = False


#: Bodies that can be sent as they are.
TESTS: dict[str, Any] = {
    "model": {
        "summary": "a saved model",
        "value": {"coin": "BTC", "days": 365, "model": "global-1h-lstm"},
    },
    "method": {
        "summary": "a baseline, which needs no training",
        "value": {"coin": "BTC", "days": 365, "model": "cone", "settings": {"horizon": 24}},
    },
    "network": {
        "summary": "a network that is trained in two folds",
        "value": {"coin": "ETH", "settings": {"network": "dense", "horizon": 3}, "folds": 2},
    },
}
TRAININGS: dict[str, Any] = {
    "network": {
        "summary": "a network that is saved",
        "value": {"coin": "ETH", "settings": {"preset": "quick", "horizon": 3}, "save": "mine"},
    },
}


class ProgressJson(TypedDict):
    """How far the work is."""

    epoch: Annotated[int, Says("the current epoch", 3)]
    epochs: Annotated[int, Says("epochs at most", 15)]
    fold: Annotated[int, Says("the fold that is fitted", 1)]
    folds: Annotated[int, Says("fits in all", 1)]
    done: Annotated[float, Says("share of all the work, a fraction", 0.2)]
    seconds: Annotated[float, Says("seconds since the start", 6.1)]


class WalkPlanJson(TypedDict):
    """How the fits of a test were made."""

    folds: Annotated[int, Says("spans with a fit of their own", 1)]
    window: Annotated[str, Says("expanding or sliding", "expanding")]
    window_rows: Annotated[int | None, Says("rows of a sliding window", 4_000)]
    gap: Annotated[
        int | None, Says("candles between the last origin learnt from and the first tested", 1)
    ]
    warm_start: Annotated[bool, Says("whether a fit starts from the one before", False)]
    without_target: Annotated[int, Says("last candles that are no origins", 1)]


class _More(TypedDict, total=False):
    walk_forward: WalkPlanJson
    folds: Annotated[list[FoldJson], Says("of a test that trains")]
    saved: Annotated[str | None, Says("name of the saved model, of a training", "mine")]
    ablation: Annotated[AblationJson, Says("of a test with inputs to ablate")]


class ResultJson(BacktestJson, _More):
    """The result of a test or a training."""


class JobLinksJson(TypedDict):
    """Addresses of a job."""

    self: Annotated[str, Says("its state", "/api/v1/jobs/4f2a")]
    events: Annotated[str, Says("its progress as server-sent events", "/api/v1/jobs/4f2a/events")]


class JobJson(TypedDict):
    """A test or a training, and how far it is."""

    id: Annotated[str, Says("its name", "4f2a8d1c0b9e4c6f8a7d5e3b2c1f0a9d")]
    kind: Annotated[str, Says("backtest or training", "training")]
    state: Annotated[str, Says("queued, running, done, failed or cancelled", "running")]
    created: Annotated[Time, Says("when it was ordered")]
    progress: Annotated[ProgressJson | None, Says("null before the first report")]
    result: Annotated[ResultJson | None, Says("null unless it is done")]
    problem: Annotated[ProblemJson | None, Says("why it failed; null unless it did")]
    links: JobLinksJson


JobId = Annotated[
    str,
    Path(
        description="id of a job",
        json_schema_extra={"pattern": "^[0-9a-f]{32}$"},
        examples=["4f2a8d1c0b9e4c6f8a7d5e3b2c1f0a9d"],
    ),
]
