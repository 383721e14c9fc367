"""The progress of a training that is one of several."""

from __future__ import annotations

import dataclasses
import time

from cryptoforecast.types import Monitor, Progress


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
