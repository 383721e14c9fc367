"""Ablation: do some inputs help? The same model with and without them, on the same origins.

A network that is trained twice forecasts a little differently each time. So both models are
trained with several seeds, and a difference counts only if it is more than chance over the origins
*and* over the seeds.

A network with one more input has more to learn from the same candles, and forecasts a little worse
if the input is nothing but noise. So a signal harms only if the networks with it also forecast
worse than the same networks do with its values of other times. For a signal without information,
values of other times are as good as its own.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation import losses
from cryptoforecast.evaluation.comparison import SIGNIFICANCE, Difference, compare_pairs
from cryptoforecast.evaluation.difference_text import difference_text
from cryptoforecast.evaluation.parts import FitAll
from cryptoforecast.evaluation.significance import students_t
from cryptoforecast.forecasting import network
from cryptoforecast.forecasting.network import NetworkPredictor
from cryptoforecast.learning import samples, specs
from cryptoforecast.types import (
    INTERVAL_NOUNS,
    UNWATCHED,
    Ablation,
    Array,
    Contribution,
    Forecast,
    ModelSpec,
    Monitor,
    PriceHistory,
    input_name,
    is_signal,
)

#: Seeds by default, and the bounds of their number. One seed says nothing about the others.
SEEDS, MIN_SEEDS, MAX_SEEDS = 3, 2, 10
_METRICS = ("mae", "pinball")
#: How far a signal is shifted to give it the values of other times, shares of the test span.
_SHIFTS = tuple(tenth / 10 for tenth in range(1, 10))


def check(spec: ModelSpec, inputs: Collection[str], seeds: int = SEEDS) -> None:
    """Refuse an ablation that can't be made, before anything is trained.

    Args:
        spec: A network with the inputs.
        inputs: The inputs to leave out.
        seeds: Trainings of each model.

    Raises:
        InvalidInput: If the model has none of these inputs, or no others, or is no network; or if
            the number of seeds is outside its bounds.
    """
    specs.check_network(spec.network)
    absent = [name for name in inputs if name not in spec.features]
    others = [name for name in spec.features if name not in inputs]
    if absent or not inputs or not others:
        raise InvalidInput(
            "`ablate` must be some of the model's inputs, and not all. Received: "
            f"{', '.join(inputs) or 'none'}, of {', '.join(spec.features)}. Name some of these."
        )
    if not MIN_SEEDS <= seeds <= MAX_SEEDS:
        raise InvalidInput(f"`seeds` must be {MIN_SEEDS} to {MAX_SEEDS}. Received: {seeds}.")


def pairs(
    spec: ModelSpec, inputs: Collection[str], seeds: int = SEEDS
) -> list[tuple[ModelSpec, ModelSpec]]:
    """Return the settings with and without the inputs, for each seed."""
    others = tuple(name for name in spec.features if name not in inputs)
    whole = [dataclasses.replace(spec, seed=seed) for seed in seeds_of(spec, seeds)]
    return [(one, dataclasses.replace(one, features=others)) for one in whole]


def run(
    history: PriceHistory,
    spec: ModelSpec,
    inputs: Collection[str],
    fit_all: FitAll,
    seeds: int = SEEDS,
    monitor: Monitor = UNWATCHED,
) -> Ablation:
    """Train a network with and without some inputs, and compare its test forecasts.

    The networks are compared alone: what a stack mixes in would hide a part of the difference.

    Args:
        history: ``n`` candles, with the signals that the network reads.
        spec: The network with the inputs. It is trained with its seed and those that follow.
        inputs: The inputs to leave out.
        fit_all: Trains networks on the history: one after the other, or by workers.
        seeds: Trainings of each model.
        monitor: Follows the progress, and may stop the work.

    Raises:
        InvalidInput: See ``check``.
        NotEnoughData: If a span of the split would be too short.
        Cancelled: If the monitor stopped the work.
    """
    check(spec, inputs, seeds)
    history = samples.in_one_unit(history)
    cut = samples.split(history, spec)
    forecasts: tuple[list[Forecast], list[Forecast]] = [], []
    whole: list[NetworkPredictor] = []
    both = [one for pair in pairs(spec, inputs, seeds) for one in pair]
    for i, model in enumerate(fit_all(both, monitor)):
        predictor = network.for_test(model, cut)
        whole += [predictor] if i % 2 == 0 else []
        forecasts[i % 2].append(predictor.forecast(history, cut.test_origins()))
    result = compare(history, spec, inputs, *forecasts)
    if not (result.harms and all(map(is_signal, inputs))):
        return result
    others = [at_other_times(history, inputs, cut.test_start, share) for share in _SHIFTS]
    placebo = [each.forecast(other, cut.test_origins()) for each in whole for other in others]
    return compare(history, spec, inputs, *forecasts, placebo)


def compare(
    history: PriceHistory,
    spec: ModelSpec,
    inputs: Collection[str],
    whole: Sequence[Forecast],
    reduced: Sequence[Forecast],
    placebo: Sequence[Forecast] = (),
) -> Ablation:
    """Compare forecasts with some inputs and without them.

    Args:
        history: The prices of the test.
        spec: The network with the inputs.
        inputs: The inputs that are left out.
        whole: Forecasts with them, of each seed, from the same origins.
        reduced: Forecasts without them, of the same seeds, from the same origins.
        placebo: Forecasts of the networks with these inputs, from their values of other times;
            the same number for each seed, seed by seed. Without them, every significantly larger
            error counts as harm.
    """
    step = spec.horizon
    point, band = contributions(whole, reduced)
    if placebo:
        controls = _contributions(
            {metric: (_losses(whole, metric), _means(placebo, metric, len(whole)))
             for metric in _METRICS}, step,
        )  # fmt: skip
        point, band = (
            dataclasses.replace(one, high=max(one.high, control.high))
            for one, control in zip((point, band), controls, strict=True)
        )
    result = Ablation(
        inputs=tuple(inputs),
        others=tuple(name for name in spec.features if name not in inputs),
        seeds=seeds_of(spec, len(whole)),
        step=step,
        origins=len(whole[0].at(step)),
        simulated=history.simulated,
        point=point,
        band=band,
        sentence="",
    )
    return dataclasses.replace(result, sentence=_sentence(result, history.interval))


def contributions(
    own: Sequence[Forecast], base: Sequence[Forecast]
) -> tuple[Contribution, Contribution]:
    """Compare two models, each trained with several seeds, by the errors of point and band.

    Args:
        own: Forecasts of one model, of each seed, from the same origins.
        base: Forecasts of the other, of the same seeds, from the same origins.

    Returns:
        How much better the first model is by the point, and by the band. Each interval covers two
        others: the one over the origins, corrected for two measures, and the one over the seeds.
    """
    by_metric = {metric: (_losses(own, metric), _losses(base, metric)) for metric in _METRICS}
    return _contributions(by_metric, own[0].horizon)


def _contributions(
    by_metric: Mapping[str, tuple[Array, Array]], step: int
) -> tuple[Contribution, Contribution]:
    """Compare the losses of two models by each measure, ``(seeds, n)`` each."""
    means = {
        metric: (one.mean(axis=0), other.mean(axis=0)) for metric, (one, other) in by_metric.items()
    }
    differences = compare_pairs(means, step)
    point, band = (
        _contribution(metric, *by_metric[metric], differences[metric]) for metric in _METRICS
    )
    return point, band


def _losses(forecasts: Sequence[Forecast], metric: str) -> Array:
    """Return the losses of the last step, ``(seeds, n)``."""
    return np.array([losses.of_metric(each, metric, each.horizon) for each in forecasts])


def _means(forecasts: Sequence[Forecast], metric: str, seeds: int) -> Array:
    """Return the mean losses of each seed, which has several forecasts, ``(seeds, n)``."""
    every = _losses(forecasts, metric)
    means: Array = every.reshape(seeds, -1, every.shape[1]).mean(axis=1)
    return means


def at_other_times(
    history: PriceHistory, inputs: Collection[str], start: int, share: float
) -> PriceHistory:
    """Return the same prices with each signal's values of other times.

    Args:
        history: ``n`` candles.
        inputs: The inputs of the signals.
        start: The first row that is changed.
        share: How far the values are shifted, as a share of the rows from ``start`` on.
    """
    columns = {}
    for name in inputs:
        values = history.candles[name].to_numpy(float).copy()
        values[start:] = np.roll(values[start:], round(share * len(values[start:])))
        columns[name] = values
    return dataclasses.replace(history, candles=history.candles.assign(**columns))


def seeds_of(spec: ModelSpec, count: int) -> tuple[int, ...]:
    """Return the first seed of each training, so that no two trainings share a seed.

    A training of an ensemble uses ``spec.ensemble`` seeds in a row.
    """
    return tuple(spec.seed + i * spec.ensemble for i in range(count))


def _contribution(metric: str, own: Array, base: Array, difference: Difference) -> Contribution:
    """Make a contribution of losses, ``(seeds, n)`` each, and their difference over origins."""
    with np.errstate(divide="ignore", invalid="ignore"):
        by_seed = 1 - own.mean(axis=1) / base.mean(axis=1)
    half = _half_width(by_seed)
    low, high = by_seed.mean() - half, by_seed.mean() + half
    return Contribution(
        metric=metric,
        error=float(own.mean()),
        without=float(base.mean()),
        skill=difference.skill,
        low=float(np.minimum(difference.low, low)),
        high=min(float(np.maximum(difference.high, high)), 1.0),
        by_seed=tuple(by_seed.tolist()),
    )


def _half_width(values: Array) -> float:
    """Return half the width of the interval of a mean by Student's t."""
    distance = students_t(1 - SIGNIFICANCE, len(values) - 1)
    return float(distance * np.std(values, ddof=1) / math.sqrt(len(values)))


def _sentence(result: Ablation, interval: str) -> str:
    """Write the result in words."""
    names, several = _named(result.inputs), len(result.inputs) > 1
    outcomes: Mapping[str, bool] = {
        outcome: outcome in (result.point.outcome, result.band.outcome)
        for outcome in ("better", "worse", "unknown")
    }
    helps, harms = ("help", "harm") if several else ("helps", "harms")
    if outcomes["unknown"]:
        return f"Too few forecasts to tell whether {names} {helps}: {result.origins:,} were tested."
    if outcomes["better"] and outcomes["worse"]:
        opening = f"{names} {helps} in one way and {harms} in another"
    elif outcomes["better"]:
        opening = f"{names} {helps}"
    elif outcomes["worse"]:
        opening = f"{names} {harms}"
    else:
        verb = "make" if several else "makes"
        opening = f"{names} {verb} no difference that could be told from chance"
    price, band = (
        difference_text(each.skill, each.low, each.high) for each in (result.point, result.band)
    )
    noun = f"{'simulated ' if result.simulated else ''}{INTERVAL_NOUNS[interval]}s"
    return (
        f"{opening[0].upper()}{opening[1:]}: with {'them' if several else 'it'}, the error of the "
        f"price is {price} and that of the band is {band}, over {result.origins:,} {noun} and "
        f"{len(result.seeds)} trainings each way."
    )


def _named(inputs: Sequence[str]) -> str:
    *others, last = (input_name(name) for name in inputs)
    return f"{', '.join(others)} and {last}" if others else last
