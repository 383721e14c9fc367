"""Several trainings that do not depend on each other: one after the other, and their progress."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from cryptoforecast.types import ModelSpec, Monitor, Progress, TrainedModel

#: Trains a network.
Fit = Callable[[ModelSpec, Monitor], TrainedModel]
#: Trains several networks, and returns them in the order of their settings.
FitAll = Callable[[Sequence[ModelSpec], Monitor], Iterable[TrainedModel]]


def in_turn(fit: Fit) -> FitAll:
    """Return a function that trains networks one after the other, each when it is needed.

    Args:
        fit: Trains one network.
    """

    def fit_all(several: Sequence[ModelSpec], monitor: Monitor) -> Iterator[TrainedModel]:
        began = time.perf_counter()
        for number, spec in enumerate(several):
            yield fit(spec, part(monitor, number, len(several), began))

    return fit_all


def part(monitor: Monitor, number: int, total: int, began: float) -> Monitor:
    """Follow one of several trainings as a part of the whole.

    Args:
        monitor: Follows the whole.
        number: Trainings before this one.
        total: Trainings in all.
        began: When the first of them began, by ``time.perf_counter``.
    """

    def report(progress: Progress) -> None:
        monitor.report(
            dataclasses.replace(
                progress,
                fold=number + 1,
                folds=total,
                done=(number + progress.done) / total,
                seconds=time.perf_counter() - began,
            )
        )

    return Monitor(report, monitor.cancelled)
