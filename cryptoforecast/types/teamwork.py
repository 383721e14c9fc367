"""How far several workers are, all together."""

from __future__ import annotations

from dataclasses import dataclass

from cryptoforecast.types.learning import Progress


@dataclass(frozen=True)
class TeamProgress(Progress):
    """How far many trainings and tests are, of which several run at once.

    ``done`` and ``seconds`` are those of all of them, ``epoch`` and ``epochs`` those of the one
    that has reported last.

    Attributes:
        workers: Workers that there are.
        finished: Trainings and tests that have ended, of ``folds``.
    """

    workers: int = 1
    finished: int = 0
