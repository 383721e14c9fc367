"""A search from its trials to its result."""

from __future__ import annotations

import dataclasses
import time

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.searches import finals, objective, wording
from cryptoforecast.searches.in_turn import Stage, Trainings
from cryptoforecast.searches.space import Make, values_of
from cryptoforecast.searches.study import Study
from cryptoforecast.types import (
    UNWATCHED,
    ModelSpec,
    Monitor,
    PriceHistory,
    Search,
    SearchPlan,
)

#: What a search can be about, and the bounds of its plan.
METRICS = ("pinball", "mae")
MAX_TRIALS, MAX_SECONDS, MAX_FINALISTS, MAX_SEEDS = 10_000, 30 * 86_400.0, 10, 10
#: Seeds below which luck can't be told from merit.
MIN_SEEDS = 2


def check(plan: SearchPlan) -> None:
    """Refuse a plan that is outside the rules.

    Raises:
        InvalidInput: If a number is outside its bounds, or the metric is unknown.
    """
    if plan.metric not in METRICS:
        raise InvalidInput(
            f"`metric` must be {' or '.join(METRICS)}. Received: {plan.metric!r:.40}."
        )
    for name, value, low, high in (
        ("trials", plan.trials, 1, MAX_TRIALS),
        ("finalists", plan.finalists, 1, MAX_FINALISTS),
        ("seeds", plan.seeds, MIN_SEEDS, MAX_SEEDS),
    ):
        if type(value) is not int or not low <= value <= high:
            raise InvalidInput(
                f"`{name}` must be a whole number from {low} to {high:,}. Received: {value!r:.40}."
            )
    if plan.seconds is not None and not 0 < plan.seconds <= MAX_SECONDS:
        raise InvalidInput(
            f"A search may take up to 30 days. Received: {plan.seconds:g} seconds. Choose another "
            "time, such as 20m."
        )


def run(
    history: PriceHistory,
    default: ModelSpec,
    study: Study,
    make: Make,
    plan: SearchPlan,
    trainings: Trainings,
    monitor: Monitor = UNWATCHED,
) -> Search:
    """Try settings, choose the best on the validation rows, and test it once.

    Args:
        history: ``n`` candles. Trials and finalists see no row of the test span.
        default: Settings of the default preset, which the winner is compared with.
        study: Proposes settings, and remembers them.
        make: Makes the spec of settings.
        plan: How long it looks, and for what.
        trainings: Trains the networks: one after the other, or by workers.
        monitor: Follows the progress, and may stop the work.

    Raises:
        InvalidInput: If no settings could be trained, the plan or the prices are outside the rules,
            or the storage can't be used.
        NotEnoughData: If a span of the split would be too short.
        Cancelled: If the monitor stopped the work. The study can be resumed.
        WorkersUnavailable: If workers are lost or refused.
    """
    check(plan)
    began = time.perf_counter()
    before = objective.past(history, default)
    objective.split(before, default)  # refuses a history that is too short before any trial
    total = plan.trials + finals.trainings(plan)
    if study.is_new and (values := values_of(study.space, default)) is not None:
        study.suggest(values)
    trainings.trials(study, make, lambda spec: _unit(before, spec), plan, monitor, total)
    ended = study.trials()
    candidates = finals.best(ended, make, default, plan)
    if len(candidates) == 1 and not any(each.state == "complete" for each in ended):
        raise InvalidInput(
            f"A search needs a setting that can be trained. Received: {len(ended)} trials, none of "
            f"them complete. The first one: {next((x.reason for x in ended if x.reason), 'none')}"
        )
    stage = Stage(monitor, plan.trials, total, began)
    finalists = finals.compete(candidates, trainings, plan, stage)
    winner = finalists[0]
    test = None
    if winner.trial:
        tested = dataclasses.replace(stage, first=total - 2 * plan.seeds)
        test = finals.test(history, winner.spec, default, trainings, plan, tested)
    result = Search(
        study=study.name,
        coin=history.market,
        interval=history.interval,
        simulated=history.simulated,
        plan=plan,
        default=default,
        trials=ended,
        importances=study.importances(),
        finalists=finalists,
        winner=winner.spec,
        test=test,
        seconds=time.perf_counter() - began,
        sentence="",
    )
    return dataclasses.replace(result, sentence=wording.sentence(result))


def _unit(before: PriceHistory, spec: ModelSpec) -> float | None:
    try:
        return objective.constant_loss(before, spec)
    except NotEnoughData:  # the training itself says so
        return None
