"""What the pages compute for the model that the user chose.

A model name is that of a saved model or of a baseline, or ``run-`` and the key of a training.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from cryptoforecast.errors import CryptoForecastError, UnknownModel
from cryptoforecast.jobs import Job
from cryptoforecast.service import Run, Service, choices
from cryptoforecast.service.choices import BASELINES, default_coin, make_spec
from cryptoforecast.service.saved_models import RUN
from cryptoforecast.types import (
    Backtest,
    Forecast,
    MarketQuery,
    ModelSpec,
    NextSteps,
    PriceHistory,
    TrainedModel,
    predictor_name,
)
from cryptoforecast.ui import inputs, own_signals

if TYPE_CHECKING:
    from cryptoforecast.ui.coin_row import Choice

#: What one's own network is compared with.
DEFAULT, PREVIOUS = "default", "previous"


@dataclass(frozen=True)
class View:
    """What the Forecast page shows for the model that the user chose.

    Attributes:
        model: The model whose forecast is drawn; the default while a training runs.
        title: What it is called above the forecast; empty for the default.
        own: Whether it is a network that this user has trained, saved since or not.
        rivals: With what one's own network is compared: the default model and the network that was
            trained before it, by ``DEFAULT`` and ``PREVIOUS``.
        running: The training that waits or runs.
        failed: The training that has just ended without a network.
    """

    model: str
    title: str = ""
    own: bool = False
    rivals: Mapping[str, str] = field(default_factory=dict)
    running: Job[Run] | None = None
    failed: Job[Run] | None = None


def view(service: Service, choice: Choice) -> View:
    """Decide what the Forecast page shows.

    Args:
        service: Knows the trainings and the saved models.
        choice: What the user chose.
    """
    model_name, history = choice.model, choice.history
    first = inputs.first_model(service, history.interval, choice.query.coin)
    failed = job(service, str(st.session_state.pop("failed-run", "")))
    training = job(service, model_name)
    if training is not None and training.active:
        return View(first, running=training)
    if model_name == first:
        return View(first, failed=failed)
    trained = session_runs()
    if not model_name.startswith(RUN) and model_name not in trained:
        return View(model_name, predictor_name(model_name), failed=failed)
    own = spec(service, model_name, history)
    whose = "your" if model_name in trained else "a linked"
    title = f"{whose} LSTM" if own.network == "lstm" else f"{whose} Dense network"
    rivals = {DEFAULT: first}
    before = trained[: trained.index(model_name)] if model_name in trained else []
    if before:
        rivals[PREVIOUS] = before[-1]
    return View(model_name, title, own=True, rivals=rivals, failed=failed)


def session_runs() -> list[str]:
    """Return the networks that this session has trained, the oldest first.

    One that was saved stands there by the name that it was given.
    """
    return list(st.session_state.get("runs", []))


def rename_run(name: str, new: str) -> None:
    """Let a saved model take the place of the training or the model that it was before."""
    runs = session_runs()
    st.session_state["runs"] = [new if each == name else each for each in runs]


def forecast_of_default(service: Service, view: View, history: PriceHistory) -> Forecast | None:
    """Return what the default forecasts from the same prices, beside a network of one's own."""
    if DEFAULT not in view.rivals:
        return None
    return next_steps(service, view.rivals[DEFAULT], history).forecast


def tests_of_rivals(service: Service, view: View, history: PriceHistory) -> dict[str, Backtest]:
    """Return fair tests of what one's own network is compared with.

    What is gone, reads other candles or may have learnt from these prices is left out.
    """
    tests = {}
    for role, name in view.rivals.items():
        with contextlib.suppress(CryptoForecastError):
            model = network(service, name)
            if model is None or model.card.interval == history.interval:
                test = backtest(service, name, history)
                if not test.seen:
                    tests[role] = test
    return tests


def job(service: Service, model_name: str) -> Job[Run] | None:
    """Return the background training of a model name, if it is in memory."""
    if not model_name.startswith(RUN):
        return None
    return service.training.job(model_name.removeprefix(RUN))


def is_saved(model_name: str) -> bool:
    """Return whether this names a saved model."""
    return model_name not in BASELINES and not model_name.startswith(RUN)


def backtest(
    service: Service, model_name: str, history: PriceHistory, *, since_training: bool = False
) -> Backtest:
    """Test a model on the last share of a history, or a saved one on all that it has not seen.

    A training is tested on the very prices that it was trained on, if they are of the same coin,
    candle length and source and can still be had.

    Raises:
        UnknownModel: If there is no such model, or the training is no longer in the cache.
    """
    model = network(service, model_name)
    if model is None:
        steps = inputs.steps(history.interval, len(history))
        return service.backtests.of_baseline(history, model_name, steps)
    history = beside(service, [model], history)
    if is_saved(model_name):
        since = choices.since_training(history, model) if since_training else None
        return service.backtests.of_saved(history, model, since=since)
    run = _run(service, model_name)
    if run is None and history.fingerprint == model.card.fingerprint:
        return service.backtests.of_trained(history, model, cached=True)
    trained_on = run.history if run is not None else _training_history(service, model)
    if trained_on is None or trained_on.market != history.market:
        return service.backtests.of_saved(history, model)
    if (trained_on.interval, trained_on.source) != (history.interval, history.source):
        return service.backtests.of_saved(history, model)
    if trained_on.fingerprint != model.card.fingerprint:
        # These are not the prices that it was trained on: test it on those of today.
        return service.backtests.of_saved(history, model)
    return service.backtests.of_trained(trained_on, model, cached=run is None or run.cached)


def next_steps(service: Service, model_name: str, history: PriceHistory) -> NextSteps:
    """Forecast the steps after the last candle of a history.

    Raises:
        UnknownModel: If there is no such model, or the training is no longer in the cache.
    """
    model = network(service, model_name)
    if model is None:
        steps = inputs.steps(history.interval, len(history))
        return service.forecasts.of_baseline(history, model_name, steps)
    return service.forecasts.next_steps(
        beside(service, [model], history), model, None if model_name.startswith(RUN) else model_name
    )


def network(service: Service, model_name: str) -> TrainedModel | None:
    """Return the network of a model name; ``None`` for a baseline.

    Raises:
        UnknownModel: If there is no such model, or the training is no longer in the cache.
    """
    if model_name in BASELINES:
        return None
    if not model_name.startswith(RUN):
        return service.saved_models.load(model_name).model
    run = _run(service, model_name)
    return run.model if run is not None else _cached_network(service, model_name)


def spec(service: Service, model_name: str, history: PriceHistory) -> ModelSpec:
    """Return the settings of a model, to fit it anew.

    Raises:
        UnknownModel: If there is no such model, or the training is no longer in the cache.
    """
    model = network(service, model_name)
    if model is not None:
        return model.spec
    steps = inputs.steps(history.interval, len(history))
    return make_spec(network=model_name, horizon=steps)


def beside(service: Service, models: Iterable[TrainedModel], history: PriceHistory) -> PriceHistory:
    """Put the signals that networks read beside prices; see ``with_signals``."""
    features = dict.fromkeys(name for model in models for name in model.spec.features)
    return with_signals(service, features, history)


def with_signals(service: Service, features: Iterable[str], history: PriceHistory) -> PriceHistory:
    """Put the signals among some inputs beside prices, without waiting for a source.

    Those of files are the ones that this session has added.
    """
    return service.signals.beside(history, features, own_signals.all_of(service), wait=0)


def _run(service: Service, model_name: str) -> Run | None:
    finished = job(service, model_name)
    return None if finished is None else finished.result


def _cached_network(service: Service, model_name: str) -> TrainedModel:
    model = service.training.model(model_name.removeprefix(RUN))
    if model is None:
        raise UnknownModel(
            "The linked training is no longer in the cache. Received: "
            f"{model_name[:40]}. Choose another model, or train it again."
        )
    return model


def _training_history(service: Service, model: TrainedModel) -> PriceHistory | None:
    """Return today's prices of the span that a network was trained on; ``None`` without any."""
    card = model.card
    start, end = pd.Timestamp(card.start), pd.Timestamp(card.end)
    candle = (end - start) / max(1, card.rows - 1)
    query = MarketQuery(
        default_coin(card), card.interval, start.as_unit("ns"), (end + candle).as_unit("ns")
    )
    try:
        return beside(service, [model], service.prices.history(query, wait=0))
    except CryptoForecastError:  # a file's own coin, or one that no source has now
        return None
