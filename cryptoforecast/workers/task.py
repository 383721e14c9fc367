"""What a worker does: a task, a pure function of prices and settings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.types import Monitor, PriceHistory

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)

#: Prices by ``name_of``.
Histories = Mapping[str, PriceHistory]


class Task(Protocol[Result_co]):
    """One training or one test. It travels to a worker without its prices."""

    @property
    def prices(self) -> tuple[str, ...]:
        """Names of the prices that it reads; see ``name_of``."""
        ...

    @property
    def effort(self) -> float:
        """How much work it is, in any unit that all tasks of a run share."""
        ...

    def run(self, histories: Histories, monitor: Monitor) -> Result_co:
        """Do the task.

        Args:
            histories: The prices that it reads, by name.
            monitor: Follows the progress, and may stop the work.

        Raises:
            CryptoForecastError: If the task can't be done.
            Cancelled: If the monitor stopped the work.
        """
        ...


@dataclass(frozen=True, eq=False)
class Outcome(Generic[Result]):
    """What became of a task.

    Attributes:
        number: Number of the task, from 0, in the order in which the tasks were given.
        task: The task.
        result: What it returned; ``None`` if it failed.
        error: Why it failed; ``None`` if it did not.
    """

    number: int
    task: Task[Result]
    result: Result | None = None
    error: CryptoForecastError | None = None


def name_of(history: PriceHistory) -> str:
    """Name prices in 32 hexadecimal digits, by their candles and by all that is said of them."""
    facts = (
        history.coin, history.quote, history.source, history.fingerprint, history.simulated,
        history.volume_unit, history.fetched_at, history.unit_changes, history.notes,
        sorted(history.signals.items()),
    )  # fmt: skip
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
