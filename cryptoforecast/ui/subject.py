"""What the Forecast page is about: the chosen model, judged and asked for what comes next."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cryptoforecast.errors import UnknownModel
from cryptoforecast.jobs import Job
from cryptoforecast.learning.baselines import BASELINES
from cryptoforecast.service import Run, Service
from cryptoforecast.types import Backtest, Future, MarketQuery, PriceHistory, TrainedModel
from cryptoforecast.ui import inputs
from cryptoforecast.ui.inputs import RUN


@dataclass(frozen=True)
class Subject:
    """A model's past test and its forecast of the next steps."""

    judged: Backtest
    future: Future


def job(service: Service, chosen: str) -> Job[Run] | None:
    """Return the background training that ``chosen`` names, while it is remembered."""
    return service.runner.get(chosen.removeprefix(RUN)) if chosen.startswith(RUN) else None


def find(service: Service, chosen: str, history: PriceHistory) -> Subject:
    """Judge what was chosen, and forecast from the newest candle of ``history``.

    Raises:
        UnknownModel: if a linked training is no longer kept.
    """
    if chosen in BASELINES:
        steps = inputs.steps(history.interval, len(history))
        return Subject(
            service.judge_baseline(history, chosen, steps),
            service.future_baseline(history, chosen, steps),
        )
    if not chosen.startswith(RUN):
        model = service.model(chosen).model
        return Subject(service.judge_saved(history, model), service.future(history, model, chosen))
    finished = job(service, chosen)
    run = finished.result if finished is not None else None
    model = run.model if run is not None else _kept(service, chosen)
    asked = run.history if run is not None else _history_of(service, model)
    future = service.future(history, model)
    if (asked.coin, asked.interval) != (history.coin, history.interval):
        return Subject(service.judge_saved(history, model), future)
    if asked.fingerprint != model.card.fingerprint:
        # The prices it was trained on can't be had again: judge it on those of today.
        return Subject(service.judge_saved(history, model), future)
    cached = run is None or run.cached
    return Subject(service.judge(asked, model, cached=cached), future)


def _kept(service: Service, chosen: str) -> TrainedModel:
    model = service.run(chosen.removeprefix(RUN))
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
    return service.history(query, wait=0)
