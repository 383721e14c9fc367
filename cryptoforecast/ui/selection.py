"""What the Forecast and Backtest pages are about: the chosen model, judged and looking ahead."""

from __future__ import annotations

import pandas as pd

from cryptoforecast.errors import UnknownModel
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.jobs import Job
from cryptoforecast.learning import specs
from cryptoforecast.service import Run, Service
from cryptoforecast.types import (
    Backtest,
    MarketQuery,
    ModelSpec,
    NextSteps,
    PriceHistory,
    TrainedModel,
)
from cryptoforecast.ui import inputs
from cryptoforecast.ui.inputs import RUN


def job(service: Service, chosen: str) -> Job[Run] | None:
    """Return the background training that ``chosen`` names, while it is remembered."""
    return service.training.job(chosen.removeprefix(RUN)) if chosen.startswith(RUN) else None


def judge(service: Service, chosen: str, history: PriceHistory) -> Backtest:
    """Judge what was chosen on the last share of ``history``.

    Raises:
        UnknownModel: if a linked training is no longer kept.
    """
    model = trained(service, chosen)
    if model is None:
        steps = inputs.steps(history.interval, len(history))
        return service.backtests.of_baseline(history, chosen, steps)
    if not chosen.startswith(RUN):
        return service.backtests.of_saved(history, model)
    run = _run(service, chosen)
    if run is None and history.fingerprint == model.card.fingerprint:
        return service.backtests.of_trained(history, model, cached=True)
    asked = run.history if run is not None else _history_of(service, model)
    if (asked.coin, asked.interval) != (history.coin, history.interval):
        return service.backtests.of_saved(history, model)
    if asked.fingerprint != model.card.fingerprint:
        # The prices it was trained on can't be had again: judge it on those of today.
        return service.backtests.of_saved(history, model)
    return service.backtests.of_trained(asked, model, cached=run is None or run.cached)


def look_ahead(service: Service, chosen: str, history: PriceHistory) -> NextSteps:
    """Let what was chosen forecast from the newest candle of ``history``.

    Raises:
        UnknownModel: if a linked training is no longer kept.
    """
    model = trained(service, chosen)
    if model is None:
        steps = inputs.steps(history.interval, len(history))
        return service.forecasts.of_baseline(history, chosen, steps)
    return service.forecasts.next_steps(history, model, None if chosen.startswith(RUN) else chosen)


def trained(service: Service, chosen: str) -> TrainedModel | None:
    """Return the network that was chosen; ``None`` for a baseline.

    Raises:
        UnknownModel: if a linked training is no longer kept.
    """
    if chosen in BASELINES:
        return None
    if not chosen.startswith(RUN):
        return service.saved_models.load(chosen).model
    run = _run(service, chosen)
    return run.model if run is not None else _kept(service, chosen)


def spec(service: Service, chosen: str, history: PriceHistory) -> ModelSpec:
    """Return the settings of what was chosen, to fit it anew.

    Raises:
        UnknownModel: if a linked training is no longer kept.
    """
    model = trained(service, chosen)
    if model is not None:
        return model.spec
    return specs.make(network=chosen, horizon=inputs.steps(history.interval, len(history)))


def _run(service: Service, chosen: str) -> Run | None:
    finished = job(service, chosen)
    return None if finished is None else finished.result


def _kept(service: Service, chosen: str) -> TrainedModel:
    model = service.training.model(chosen.removeprefix(RUN))
    if model is None:
        raise UnknownModel(
            "The linked training is no longer kept. Received: "
            f"{chosen[:40]}. Choose another model, or train it again."
        )
    return model


def _history_of(service: Service, model: TrainedModel) -> PriceHistory:
    card = model.card
    start, end = pd.Timestamp(card.start), pd.Timestamp(card.end)
    step = (end - start) / max(1, card.rows - 1)
    query = MarketQuery(card.coin, card.interval, start.as_unit("ns"), (end + step).as_unit("ns"))
    return service.prices.history(query, wait=0)
