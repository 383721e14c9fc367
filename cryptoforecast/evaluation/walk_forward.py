"""Walk forward: fit again before each of several spans, and score all forecasts as one test.

In a holdout test one fit has to serve the whole test share. In use, a model is fitted again from
time to time. Here the test share is cut into folds, and the network and every baseline are fitted
on the rows before each fold. The folds fill the test share without gaps, so the origins are those
of the holdout test.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import pairwise

from cryptoforecast.errors import Cancelled, InvalidInput, NotEnoughData
from cryptoforecast.evaluation import walk_folds
from cryptoforecast.evaluation.walk_folds import FoldForecasts, FoldSpan
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.learning import samples, specs, training, training_cache
from cryptoforecast.learning.samples import MIN_ORIGINS, RawSamples
from cryptoforecast.types import (
    UNWATCHED,
    ModelSpec,
    Monitor,
    PriceHistory,
    Progress,
    Split,
    Stretches,
    TrainedModel,
    WalkForward,
    WalkPlan,
)

WINDOWS = ("expanding", "sliding")
#: More fits than this and the training cache would begin to drop the first.
MAX_FOLDS = 50
#: Share of the epochs for a fit that starts from the weights of the fold before.
WARM_SHARE = 1 / 3

#: Returns the model of a key, and whether it came from a cache.
ModelOf = Callable[[str, Callable[[], TrainedModel]], tuple[TrainedModel, bool]]


def _without_cache(_: str, make: Callable[[], TrainedModel]) -> tuple[TrainedModel, bool]:
    return make(), False


def run(
    history: PriceHistory,
    spec: ModelSpec,
    plan: WalkPlan,
    monitor: Monitor = UNWATCHED,
    model_of: ModelOf = _without_cache,
    *,
    baselines: Collection[str] = tuple(BASELINES),
) -> WalkForward:
    """Fit the model and every baseline for each fold, and score all forecasts as one.

    Args:
        history: ``n`` candles.
        spec: Settings of the tested network or baseline, with its ``test`` share.
        plan: The number of folds, and how each is fitted.
        monitor: Follows the progress, and may stop the work.
        model_of: Returns a fit from a cache, or makes it; by default each fit is made.
        baselines: Names of the baselines to compare with; see ``backtest.predictors``.

    Returns:
        Scores by fold, and a backtest of all forecasts together. MASE's scale comes from the
        training rows of each fold, and from those of the holdout test for all folds together.

    Raises:
        InvalidInput: If ``check`` or ``training.check`` refuses the plan or the settings.
        NotEnoughData: If a span of a fold would be too short.
        Cancelled: If the monitor stopped the work.
    """
    history = samples.in_one_unit(history)
    spans, plan = fold_spans(history, spec, plan)
    fits: Iterator[tuple[TrainedModel | None, bool]] = ((None, False) for _ in spans)
    if specs.is_network(spec):
        fits = _fits(history, spec, plan, spans, monitor, model_of)
    parts: list[FoldForecasts] = []
    for span, (model, cached) in zip(spans, fits, strict=True):
        if monitor.cancelled():
            raise Cancelled("The test was cancelled.")
        forecasts = walk_folds.forecasts(history, spec, span, model, baselines)
        parts.append(FoldForecasts(forecasts, model, cached))
    return walk_folds.combined(history, spec, plan, spans, parts)


def fold_spans(
    history: PriceHistory, spec: ModelSpec, plan: WalkPlan
) -> tuple[tuple[FoldSpan, ...], WalkPlan]:
    """Return the spans of a test that the rules allow, and the plan with all its values.

    Args:
        history: ``n`` candles.
        spec: Settings of the tested network or baseline.
        plan: The plan.

    Raises:
        InvalidInput: If ``check`` or ``training.check`` refuses the plan or the settings.
        NotEnoughData: If a span of a fold would be too short.
    """
    holdout, plan, splits = _splits(history, spec, plan)
    ends = [*(split.test_start for split in splits[1:]), holdout.rows]
    spans = (FoldSpan(split, end) for split, end in zip(splits, ends, strict=True))
    return tuple(spans), plan


def check_all(history: PriceHistory, spec: ModelSpec, plan: WalkPlan) -> None:
    """Raise the errors that ``run`` would raise before its first fit; nothing is fitted."""
    _splits(history, spec, plan)


def check(plan: WalkPlan, spec: ModelSpec) -> None:
    """Raise ``InvalidInput`` unless the plan is within the rules, whatever the history."""
    if not 1 <= plan.folds <= MAX_FOLDS:
        raise InvalidInput(f"`folds` must be between 1 and {MAX_FOLDS}. Received: {plan.folds}.")
    if plan.window not in WINDOWS:
        raise InvalidInput(f"`window` must be {' or '.join(WINDOWS)}. Received: {plan.window!r}.")
    if plan.window_rows is not None and plan.window != "sliding":
        raise InvalidInput(
            f"`window_rows` goes with a sliding window. Received: {plan.window_rows} with an "
            f"{plan.window} one. Choose the sliding window, or leave it out."
        )
    if plan.gap is not None and plan.gap < spec.horizon:
        raise InvalidInput(
            f"`gap` must be at least the horizon, {spec.horizon}: else a target of the fit lies "
            f"in the span it is judged on. Received: {plan.gap}."
        )
    if plan.warm_start and (plan.folds == 1 or not specs.is_network(spec)):
        raise InvalidInput(
            "`warm_start` needs a network and at least 2 folds: there must be weights to start "
            f"from. Received: {spec.network} and {plan.folds}. Leave it out."
        )


def folds_every(distance: int, rows: int, spec: ModelSpec) -> int:
    """Count the folds of a test whose fits lie ``distance`` candles apart, or a little less.

    Args:
        distance: Candles from one fit to the next.
        rows: Candles of the history.
        spec: Settings of the tested predictor, with its ``test`` share.

    Raises:
        InvalidInput: If the distance is below 1, or so short that there would be too many fits.
    """
    test_rows = rows - samples.first_of_test(rows, spec.test)
    least = max(1, math.ceil(test_rows / MAX_FOLDS))
    if distance < least:
        raise InvalidInput(
            f"`refit_every` must be at least {least:,} for a test of {test_rows:,} candles: it can "
            f"have {MAX_FOLDS} fits. Received: {distance:,}."
        )
    return math.ceil(test_rows / distance)


def complete(plan: WalkPlan, spec: ModelSpec, holdout: Split) -> WalkPlan:
    """Fill in what a plan leaves open.

    Args:
        plan: The plan; settings that are ``None`` are open.
        spec: Settings of the tested predictor.
        holdout: The split of the history in a test without folds.

    Raises:
        InvalidInput: If ``check`` refuses the plan, or if the gap or the window is longer than
            the rows before the first fold.
    """
    check(plan, spec)
    gap = spec.horizon if plan.gap is None else plan.gap
    before = holdout.test_start - (gap - spec.horizon)
    if before < 1:
        raise InvalidInput(
            f"`gap` must leave candles to learn from: there are {holdout.test_start:,} before the "
            f"first fold. Received: {gap}. Choose a smaller gap."
        )
    rows = plan.window_rows
    if plan.window == "sliding" and rows is None:
        rows = before
    if rows is not None and not 1 <= rows <= before:
        raise InvalidInput(
            f"`window_rows` must be between 1 and {before:,}, the candles that the first fold "
            f"can learn from. Received: {rows:,}."
        )
    return dataclasses.replace(plan, gap=gap, window_rows=rows)


def folds(plan: WalkPlan, spec: ModelSpec, holdout: Split) -> tuple[Split, ...]:
    """Cut the test share into spans of similar length, each with the rows it is fitted on.

    The rows of a fit are divided between training and validation as in ``holdout``.

    Args:
        plan: A plan that ``complete`` returned.
        spec: Settings of the tested predictor.
        holdout: The split of the history in a test without folds.

    Returns:
        The splits in time order. Together they have each test origin of ``holdout`` once.

    Raises:
        NotEnoughData: If a span of a fold would hold too few origins.
    """
    length = holdout.rows - holdout.test_start
    borders = [holdout.test_start + length * i // plan.folds for i in range(plan.folds + 1)]
    splits = tuple(_fold(plan, holdout, begin, end) for begin, end in pairwise(borders))
    for number, split in enumerate(splits, start=1):
        _check_spans(split, spec, f"fold {number} of {plan.folds}")
    return splits


def shortened(spec: ModelSpec) -> ModelSpec:
    """Return settings with fewer epochs, for a fit that starts from earlier weights."""
    return dataclasses.replace(spec, epochs=max(1, round(WARM_SHARE * spec.epochs)))


def _splits(
    history: PriceHistory, spec: ModelSpec, plan: WalkPlan
) -> tuple[Split, WalkPlan, tuple[Split, ...]]:
    """Return the holdout's split, the complete plan and the folds, all of them checked."""
    holdout = samples.split(history, spec)
    plan = complete(plan, spec, holdout)
    splits = folds(plan, spec, holdout)
    if specs.is_network(spec):
        for split in splits:
            training.check(history, spec, split)
        training.check_inputs(samples.in_one_unit(history), spec, splits[0])
    return holdout, plan, splits


def _fold(plan: WalkPlan, holdout: Split, begin: int, end: int) -> Split:
    embargo = (plan.gap or holdout.horizon) - holdout.horizon
    fit_end = begin - embargo
    first = 0 if plan.window_rows is None else fit_end - plan.window_rows
    return Split(
        # A fold's last targets lie in the next one's span, which its fit has not seen either.
        rows=min(end + holdout.horizon, holdout.rows),
        train_end=first + (fit_end - first) * holdout.train_end // holdout.test_start,
        test_start=begin,
        horizon=holdout.horizon,
        gaps=holdout.gaps,
        first=first,
        embargo=embargo,
    )


def _check_spans(split: Split, spec: ModelSpec, where: str) -> None:
    spans: dict[str, Stretches] = {"test": (split.test_origins(),)}
    if specs.is_network(spec):
        needed = specs.needs(spec)
        spans |= {
            "training": split.train_origins(needed),
            "validation": split.validation_origins(needed),
        }
    for name, stretches in spans.items():
        count = sum(map(len, stretches))
        if count < MIN_ORIGINS[name]:
            remedy = (
                "fewer folds or a larger test share"
                if name == "test"
                else ("a longer window, or a smaller gap, lookback or horizon")
            )
            raise NotEnoughData(
                f"The {name} span of every fold must hold at least {MIN_ORIGINS[name]} origins. "
                f"Received: {count} in {where}. Choose a longer history, {remedy}."
            )


def _fits(
    history: PriceHistory,
    spec: ModelSpec,
    plan: WalkPlan,
    spans: Sequence[FoldSpan],
    monitor: Monitor,
    model_of: ModelOf,
) -> Iterator[tuple[TrainedModel, bool]]:
    """Yield the network of each fold, fitted when its turn comes, and whether a cache had it."""
    began = time.perf_counter()
    measure = functools.cache(functools.partial(samples.raw_samples, history, spec))
    splits = [span.split for span in spans]
    specs_by_fold = [shortened(spec) if plan.warm_start and i else spec for i in range(len(splits))]
    work = [(c.train_end - c.first) * s.epochs for c, s in zip(splits, specs_by_fold, strict=True)]
    total, spent = sum(work), 0
    model, key = None, ""
    for i, (split, fold_spec) in enumerate(zip(splits, specs_by_fold, strict=True)):
        initial = model if plan.warm_start else None
        key = fold_key(history, fold_spec, split, "" if initial is None else key)

        def report(progress: Progress, i: int = i, total: int = total, spent: int = spent) -> None:
            monitor.report(
                dataclasses.replace(
                    progress,
                    fold=i + 1,
                    folds=len(splits),
                    done=(spent + progress.done * work[i]) / total,
                    seconds=time.perf_counter() - began,
                )
            )

        fold_monitor = Monitor(report, monitor.cancelled)
        make = functools.partial(_fit, history, fold_spec, split, measure, fold_monitor, initial)
        model, cached = model_of(key, make)
        # A cached fit took no time. Counted as done, it would make the rest seem short.
        total, spent = (total - work[i], spent) if cached else (total, spent + work[i])
        yield model, cached


def _fit(
    history: PriceHistory,
    spec: ModelSpec,
    split: Split,
    measure: Callable[[], RawSamples],
    monitor: Monitor,
    initial: TrainedModel | None,
) -> TrainedModel:
    return training.fit(history, spec, split, measure(), monitor, initial)


def fold_key(history: PriceHistory, spec: ModelSpec, split: Split, before: str = "") -> str:
    """Return the cache key of a fold's fit; a fit on the holdout's rows has the holdout's key.

    Args:
        history: The prices that it is fitted on.
        spec: Settings of the network.
        split: The rows of the fit.
        before: Key of the fit whose weights it starts from; ``""`` where there is none.
    """
    borders = (split.first, split.train_end, split.fit_end)
    plain = samples.split(history, spec)
    if not before and borders == (0, plain.train_end, plain.test_start):
        return training_cache.key(history, spec)
    return training_cache.key(history, spec, borders, before)
