"""Many tasks as one: how far all of them together are."""

from __future__ import annotations

import time
from collections.abc import Sequence

from cryptoforecast.errors import Cancelled
from cryptoforecast.types import Monitor, Progress, TeamProgress


class Whole:
    """Adds up the progress of tasks, each by its effort, and passes it on.

    Args:
        efforts: The effort of each task, in the order of their numbers.
        monitor: Gets the sum, and may stop all of them.
        workers: Tasks that run at once.
    """

    def __init__(self, efforts: Sequence[float], monitor: Monitor, workers: int) -> None:
        self._efforts, self._monitor = efforts, monitor
        self._workers = workers
        self._shares = [0.0] * len(efforts)
        self._finished = 0
        self._began = time.perf_counter()

    def of(self, number: int) -> Monitor:
        """Return the monitor of one task."""
        return Monitor(lambda progress: self._report(number, progress), self._cancelled)

    def finish(self, number: int) -> None:
        """Note that a task has ended."""
        self._finished += 1
        self._report(number, Progress(1, 1, 1.0, 0.0))

    def _report(self, number: int, progress: Progress) -> None:
        # Only ``finish`` ends a task: its test comes after its training.
        self._shares[number] = progress.done
        done = sum(
            effort * share for effort, share in zip(self._efforts, self._shares, strict=True)
        )
        self._monitor.report(
            TeamProgress(
                progress.epoch,
                progress.epochs,
                done=done / max(sum(self._efforts), 1e-9),
                seconds=time.perf_counter() - self._began,
                fold=min(self._finished + 1, len(self._efforts)),
                folds=len(self._efforts),
                workers=self._workers,
                finished=self._finished,
            )
        )

    def _cancelled(self) -> bool:
        """Return false, or stop all tasks at once."""
        if self._monitor.cancelled():
            raise Cancelled("The work was cancelled.")
        return False
