"""Saved models as JSON: their cards."""

from __future__ import annotations

import dataclasses
from typing import Annotated, cast

from typing_extensions import TypedDict

from cryptoforecast.json_views.prices import DataJson
from cryptoforecast.json_views.scores import FiguresJson
from cryptoforecast.json_views.values import Figure, Names, Says, Time, finite
from cryptoforecast.types import ModelSpec, ModelSummary, TrainingRecord
from cryptoforecast.types.expiry import expires


class SpecJson(TypedDict):
    """A network or a baseline, and how it is trained."""

    network: Annotated[str, Says("lstm, dense, or the name of a baseline", "lstm")]
    target: Annotated[str, Says("what is learnt: return or price", "return")]
    loss: Annotated[str, Says("quantile or mse", "quantile")]
    training: Annotated[str, Says("sequences or windows", "sequences")]
    features: Annotated[Names, Says("inputs", ["scaled_return", "scaled_range"])]
    lookback: Annotated[int, Says("candles that the network reads", 60)]
    horizon: Annotated[int, Says("steps that are forecast at once", 24)]
    units: Annotated[list[int], Says("width of each hidden layer", [64, 32])]
    dropout: Annotated[float, Says("share of units switched off in training", 0.2)]
    learning_rate: Annotated[float, Says("step size of Adam", 0.004)]
    schedule: Annotated[str, Says("cosine or constant", "cosine")]
    batch_size: Annotated[int, Says("sequences or windows in one update", 32)]
    chunk: Annotated[int, Says("targets in one training sequence", 31)]
    epochs: Annotated[int, Says("passes over the training rows, at most", 15)]
    patience: Annotated[int, Says("epochs without improvement before the end; 0: never", 0)]
    test: Annotated[float, Says("share of rows to test on, the last ones", 0.2)]
    validation: Annotated[float, Says("share of rows before those", 0.16)]
    seed: Annotated[int, Says("seed of weights, dropout and order", 0)]
    unit: Annotated[str, Says("unit of returns: range or fixed", "range")]
    final: Annotated[
        float,
        Says(
            "further epochs on training and validation rows together, as a share of the epochs",
            0.33,
        ),
    ]
    ensemble: Annotated[int, Says("networks that are averaged", 1)]


class TrainingJson(TypedDict):
    """How a fit went."""

    epochs: Annotated[int, Says("epochs that were run", 15)]
    seconds: Annotated[Figure, Says("seconds of the whole fit", 31.5)]
    targets_per_second: Annotated[Figure, Says("origins with a loss in a second", 48_000.0)]
    best_epoch: Annotated[
        int | None, Says("epoch whose weights were taken; null for several fits", 14)
    ]


class ModelJson(TypedDict):
    """The card of a saved model."""

    name: Annotated[str, Says("its name", "global-1h-lstm")]
    network: Annotated[str, Says("lstm or dense", "lstm")]
    interval: Annotated[str, Says("length of the candles that it reads", "1h")]
    coin: Annotated[str, Says("coin that it was trained on; any for many", "any")]
    quote: Annotated[str, Says("currency of the prices that it was trained on", "any")]
    scope: Annotated[str, Says("coin or global", "global")]
    features: Annotated[Names, Says("inputs", ["scaled_return", "scaled_range"])]
    signals: Annotated[
        dict[str, str], Says("signals beside the prices that it reads, and where they are from", {})
    ]
    lookback: Annotated[int, Says("candles that the network reads", 60)]
    horizon: Annotated[int, Says("steps that it forecasts", 24)]
    needs: Annotated[int, Says("candles that a forecast needs, warm-up included", 228)]
    cutoff: Annotated[Time, Says("open of the last candle that shaped the weights")]
    expires: Annotated[Time, Says("when it is worth renewing")]
    created: Annotated[Time, Says("when it was trained")]
    shipped: Annotated[bool, Says("whether it comes with the project", True)]
    simulated: Annotated[bool, Says("whether it was trained on simulated prices", False)]
    scores: Annotated[
        dict[str, FiguresJson], Says("scores of its test at the last step, by predictor")
    ]
    verdict: Annotated[
        str | None, Says("verdict of its test in one sentence", "No better than the last price.")
    ]
    data: Annotated[DataJson, Says("the prices that it was trained and tested on")]
    spec: SpecJson
    parameters: Annotated[int, Says("numbers that its networks learnt", 33_129)]
    training: TrainingJson
    libraries: Annotated[
        dict[str, str], Says("libraries that trained it", {"tensorflow": "2.21.0"})
    ]
    guest: Annotated[bool, Says("whether a guest of a server saved it", False)]


def model_json(saved: ModelSummary) -> ModelJson:
    """Describe a saved model: its card, its inputs and its scores."""
    spec, card = saved.spec, saved.card
    scores = {
        name: {key: None if value is None else finite(value) for key, value in figures.items()}
        for name, figures in card.scores.items()
    }
    return {
        "name": saved.name,
        "network": spec.network,
        "interval": card.interval,
        "coin": card.coin,
        "quote": card.quote,
        "scope": card.scope,
        "features": list(spec.features),
        "signals": dict(card.signals),
        "lookback": spec.lookback,
        "horizon": spec.horizon,
        "needs": card.needs,
        "cutoff": card.cutoff,
        "expires": expires(card).isoformat(),
        "created": card.created,
        "shipped": saved.shipped,
        "simulated": card.simulated,
        "scores": cast(dict[str, FiguresJson], scores),
        "verdict": card.verdict or None,
        "data": {
            "coin": card.coin,
            "quote": card.quote,
            "interval": card.interval,
            "source": card.source,
            "simulated": card.simulated,
            "age_seconds": None,
            "rows": card.rows,
            "start": card.start,
            "end": card.end,
            "fingerprint": card.fingerprint,
        },
        "spec": spec_json(spec),
        "parameters": saved.parameters,
        "training": training_json(saved.record),
        "libraries": dict(card.libraries),
        "guest": card.guest,
    }


def spec_json(spec: ModelSpec) -> SpecJson:
    """Describe settings."""
    values = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(spec).items()
    }
    return cast(SpecJson, values)


def training_json(record: TrainingRecord) -> TrainingJson:
    """Describe how a fit went."""
    return {
        "epochs": record.epochs,
        "seconds": finite(record.seconds),
        "targets_per_second": finite(record.targets_per_second),
        "best_epoch": record.best_epoch,
    }
