"""Small searches: a short market, tiny networks, few choices."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from cryptoforecast.learning import samples, training
from cryptoforecast.searches import in_turn, run, space, study
from cryptoforecast.types import (
    UNWATCHED,
    ModelSpec,
    Monitor,
    PriceHistory,
    Search,
    SearchPlan,
    Split,
    TrainedModel,
)
from tests import synthetic

SPACE = {
    "units": [[2], [4], [8]],
    "lookback": [4, 8],
    "learning_rate": {"low": 1e-4, "high": 1e-1, "log": True},
}
PLAN = SearchPlan(trials=6, finalists=2, seeds=2)
HISTORY = synthetic.history(700)


def make(values: Mapping[str, object]) -> ModelSpec:
    """A network that trains in a moment, with these settings."""
    return synthetic.spec(**values)


_MODELS: dict[tuple[object, ...], TrainedModel] = {}


def fit(before: PriceHistory, spec: ModelSpec, cut: Split, monitor: Monitor) -> TrainedModel:
    """Train on a split of its own, each network once: other prices are another network."""
    key = (before.fingerprint, before.candles.index[-1], spec, cut)
    if key not in _MODELS:
        raw = samples.raw_samples(before, spec)
        _MODELS[key] = training.fit(before, spec, cut, raw, monitor)
    return _MODELS[key]


def search(
    storage: Path | str,
    history: PriceHistory = HISTORY,
    plan: SearchPlan = PLAN,
    monitor: Monitor = UNWATCHED,
    *,
    choices: Mapping[str, object] = SPACE,
    resume: bool = False,
) -> Search:
    """Search for settings of tiny networks."""

    def train(spec: ModelSpec, watched: Monitor) -> TrainedModel:
        key = (history.fingerprint, spec)
        if key not in _MODELS:
            _MODELS[key] = training.train(history, spec, watched)
        return _MODELS[key]

    chosen = space.parse(choices)
    with contextlib.closing(study.open_study(storage, "key", chosen, resume=resume)) as opened:
        trainings = in_turn.InTurn(history, fit, train)
        return run.run(history, make({}), opened, make, plan, trainings, monitor)
