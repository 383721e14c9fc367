"""The end of a search: the best trials with new seeds, and the one look at the test rows."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence

import numpy as np

from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.evaluation import ablation, backtest, losses
from cryptoforecast.evaluation.comparison import compare
from cryptoforecast.forecasting import baselines, network
from cryptoforecast.learning import samples
from cryptoforecast.searches.in_turn import Stage, Trainings
from cryptoforecast.searches.objective import Evaluation
from cryptoforecast.searches.space import Make
from cryptoforecast.types import (
    Finalist,
    Forecast,
    ModelSpec,
    PriceHistory,
    SearchPlan,
    SearchTest,
    Split,
    TrainedModel,
    Trial,
)

log = logging.getLogger(__name__)


def trainings(plan: SearchPlan) -> int:
    """Count the trainings after the trials: those of the finalists and of the test, at most."""
    return (plan.finalists + 1 + 2) * plan.seeds


def best(
    trials: Sequence[Trial], make: Make, default: ModelSpec, plan: SearchPlan
) -> list[tuple[int, ModelSpec]]:
    """Return the best trials and the default preset, each with its number and settings.

    Args:
        trials: Trials that have ended.
        make: Makes the spec of settings.
        default: Settings of the default preset, whose number is 0.
        plan: How many trials, at most.
    """
    complete = [each for each in trials if each.state == "complete"]
    complete.sort(key=lambda each: each.loss)
    candidates: dict[ModelSpec, int] = {default: 0}
    for trial in complete:
        if len(candidates) > plan.finalists:
            break
        candidates.setdefault(make(trial.values), trial.number)
    return [(number, spec) for spec, number in candidates.items()]


def compete(
    candidates: Sequence[tuple[int, ModelSpec]],
    trainings: Trainings,
    plan: SearchPlan,
    stage: Stage,
) -> tuple[Finalist, ...]:
    """Train each of the best settings with several new seeds, so that luck does not win.

    Args:
        candidates: Number and settings of each; see ``best``.
        trainings: Trains them, and measures them on the validation rows.
        plan: What decides, and how many seeds.
        stage: The part of the search.

    Returns:
        The finalists, the best first. One whose training fails with a seed is left out.

    Raises:
        CryptoForecastError: If the default preset can't be trained.
        Cancelled: If the monitor stopped the work.
    """
    several = [
        dataclasses.replace(spec, seed=seed)
        for _, spec in candidates
        # The seed of the trial itself is left out: without luck the trial might not be here.
        for seed in ablation.seeds_of(spec, plan.seeds + 1)[1:]
    ]
    results = trainings.evaluate(several, plan.metric, stage)
    finalists = []
    for i, (number, spec) in enumerate(candidates):
        own = results[i * plan.seeds : (i + 1) * plan.seeds]
        error = next((each for each in own if isinstance(each, CryptoForecastError)), None)
        if error is None:
            losses_of_seeds = tuple(each.loss for each in own if isinstance(each, Evaluation))
            finalists.append(Finalist(number, spec, losses_of_seeds))
        elif number == 0:
            raise error
        else:
            log.warning("A finalist failed and is left out: %s", error)
    return tuple(sorted(finalists, key=lambda each: (each.loss, each.trial)))


def test(
    history: PriceHistory,
    winner: ModelSpec,
    default: ModelSpec,
    trainings: Trainings,
    plan: SearchPlan,
    stage: Stage,
) -> SearchTest:
    """Look at the test rows: forecast them with the winner and with the default preset.

    Args:
        history: ``n`` candles.
        winner: Settings that did best on the validation rows.
        default: Settings of the default preset, with the same horizon and spans.
        trainings: Trains networks on the history.
        plan: What decides, and how many seeds.
        stage: The part of the search.

    Raises:
        InvalidInput: If the settings or the prices are outside the rules.
        NotEnoughData: If a span of the split would be too short.
        Cancelled: If the monitor stopped the work.
    """
    history = samples.in_one_unit(history)
    cut = samples.split(history, default)
    several = [
        dataclasses.replace(spec, seed=ablation.seeds_of(spec, plan.seeds)[i])
        for i in range(plan.seeds)
        for spec in (winner, default)
    ]
    forecasts = [_forecast(history, each, cut) for each in trainings.train(several, stage)]
    seeds = ablation.seeds_of(default, plan.seeds)
    return judge(forecasts[::2], forecasts[1::2], _naive(history, cut), plan.metric, seeds)


def judge(
    own: Sequence[Forecast],
    base: Sequence[Forecast],
    naive: Forecast,
    metric: str,
    seeds: tuple[int, ...],
) -> SearchTest:
    """Compare the winner's forecasts with those of the default preset and of the last price.

    Args:
        own: Forecasts of the winner, of each seed, from the test origins.
        base: Forecasts of the default preset, of as many seeds, from the same origins.
        naive: The last price with the band of constant quantiles, from the same origins.
        metric: What decides.
        seeds: Seeds of each side.
    """
    step = naive.horizon
    point, band = ablation.contributions(own, base)
    mean = np.mean([losses.of_metric(each, metric, step) for each in own], axis=0)
    reference = losses.of_metric(naive, metric, step)
    difference = compare({"winner": mean}, reference, step)["winner"]
    return SearchTest(
        metric=metric,
        step=step,
        origins=len(reference),
        seeds=seeds,
        point=point,
        band=band,
        naive_skill=difference.skill,
        naive_low=difference.low,
        naive_high=difference.high,
    )


def _forecast(history: PriceHistory, model: TrainedModel, cut: Split) -> Forecast:
    """Forecast the test origins with a network alone: a stack would hide a part of it."""
    predictor = network.for_test(model, cut)
    return backtest.forecasts(history, [predictor], cut)[predictor.name]


def _naive(history: PriceHistory, cut: Split) -> Forecast:
    return backtest.forecasts(history, baselines.fit({"naive"}, history, cut), cut)["naive"]
