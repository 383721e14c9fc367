"""What the contenders of ``train_networks`` share: the arrays, and how they are timed.

Imports nothing but NumPy, and our types for the quantiles, so that it runs in an interpreter
that has a peer's library and none of ours.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from cryptoforecast.types import MEDIAN, QUANTILES, Array

__all__ = ["MEDIAN", "QUANTILES", "Steady", "Task", "Watch", "arguments", "rate", "say"]

#: Updates at the start that are not timed: compiling, filling caches.
_FIRST = 10
#: Looks at the validation loss in one training.
LOOKS = 16


@dataclass(frozen=True, eq=False)
class Task:
    """One question to a network: scaled arrays, and the origins of each span.

    Attributes:
        inputs: ``(n, inputs)`` float32; the first column is what is forecast, one row earlier.
        targets: ``(n,)`` float32; NaN where unknown.
        train: Rows to fit on.
        validation: Rows to choose on.
        test: Rows on which nothing is chosen.
        lookback: Rows of a window.
        outputs: 1 for the mean under squared error, 9 for the quantiles.
    """

    inputs: Array
    targets: Array
    train: Array
    validation: Array
    test: Array
    lookback: int
    outputs: int

    def write(self, path: Path) -> None:
        """Write it for the contenders to read."""
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def read(cls, path: Path) -> Task:
        """Read what ``write`` wrote."""
        with np.load(path) as arrays:
            values = {name: arrays[name] for name in arrays.files}
        lookback, outputs = int(values.pop("lookback")), int(values.pop("outputs"))
        return cls(**values, lookback=lookback, outputs=outputs)

    def windows(self, origins: Array) -> Array:
        """Copy the rows up to each origin: ``(m, lookback, inputs)``."""
        return self.inputs[origins[:, None] + np.arange(1 - self.lookback, 1)]


def arguments(about: str | None) -> argparse.Namespace:
    """Read a contender's command line.

    Either ``--seconds`` (train so long and say how fast) or ``--updates`` (train to the end of
    a schedule, and write to ``--to`` how well).
    """
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument("task", type=Path, help="a file that `Task.write` wrote")
    parser.add_argument("--network", default="lstm", choices=("lstm", "dense"))
    parser.add_argument("--batch", type=int, default=256, help="windows an update")
    parser.add_argument("--rate", type=float, default=4e-3, help="Adam's highest step size")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--to", type=Path, help="where the forecasts go")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--seconds", type=float, help="how long to train")
    length.add_argument("--updates", type=int, help="updates of the schedule")
    return parser.parse_args()


def rate(step: int, updates: int) -> float:
    """Return the share of the highest step size: warm-up for 8 % of updates, cosine to 2 %."""
    ramp = max(1, round(0.08 * updates))
    if step < ramp:
        return max(0.01, step / ramp)
    done = min(1.0, (step - ramp) / max(1, updates - ramp))
    return 0.02 + 0.98 * (1 + math.cos(math.pi * done)) / 2


class Steady:
    """Times every update, until enough seconds have gone by."""

    def __init__(self, batch: int, seconds: float) -> None:
        self.batch, self.seconds = batch, seconds
        self.times: list[float] = []

    def updated(self) -> bool:
        """Note the end of an update; say whether it is time to stop."""
        self.times.append(time.perf_counter())
        timed = len(self.times) - _FIRST
        return timed > 1 and self.times[-1] - self.times[_FIRST] >= self.seconds

    def targets_per_second(self) -> float:
        """Return the windows of an update over the median time of one."""
        return self.batch / statistics.median(np.diff(self.times[_FIRST:]).tolist())


class Watch:
    """A clock that stands still while the validation loss is looked at.

    Attributes:
        curve: Seconds of training and pinball loss (in the scaled target's unit) of each look.
        best: What ``weights`` gave at the lowest of them.
    """

    def __init__(
        self,
        task: Task,
        updates: int,
        predict: Callable[[Array], Array],
        weights: Callable[[], object],
    ) -> None:
        self.task, self.predict, self.weights = task, predict, weights
        self.windows = task.windows(task.validation)
        self.every = max(1, updates // LOOKS)
        self.updates, self.done = updates, 0
        self.curve: list[tuple[float, float]] = []
        self.best: object = None
        self.paused = 0.0
        self.began = time.perf_counter()

    def updated(self) -> bool:
        """Note the end of an update, look if it is time to; say whether it was the last."""
        self.done += 1
        if self.done % self.every == 0 or self.done == self.updates:
            self._look()
        return self.done >= self.updates

    def _look(self) -> None:
        now = time.perf_counter()
        quantiles = np.sort(self.predict(self.windows), axis=1)
        error = self.task.targets[self.task.validation, None] - quantiles
        levels = np.array(QUANTILES)
        loss = float(np.maximum(levels * error, (levels - 1) * error).mean())
        if not self.curve or loss < min(past for _, past in self.curve):
            self.best = self.weights()
        self.curve.append((now - self.began - self.paused, loss))
        self.paused += time.perf_counter() - now

    def write(self, to: Path) -> float:
        """Write the quantiles that the network now forecasts; return the seconds it trained."""
        seconds = self.curve[-1][0]
        test = self.predict(self.task.windows(self.task.test))
        np.savez(to, validation=self.predict(self.windows), test=test, curve=self.curve)
        return seconds


def say(**figures: float) -> None:
    """Print the figures as the last line of output."""
    print(json.dumps(figures), flush=True)
