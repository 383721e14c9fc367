"""The messages between this process and a worker process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.types import Progress
from cryptoforecast.workers.code import Code
from cryptoforecast.workers.task import Task


@dataclass(frozen=True)
class Hello:
    """A worker process is ready.

    Attributes:
        code: What it runs.
    """

    code: Code


@dataclass(frozen=True, eq=False)
class Start:
    """Do a task.

    Attributes:
        task: The task.
    """

    task: Task[Any]


@dataclass(frozen=True)
class Stop:
    """Stop the task before its next update."""


@dataclass(frozen=True)
class Wanted:
    """A worker lacks prices.

    Attributes:
        name: Their name.
    """

    name: str


@dataclass(frozen=True, eq=False)
class Prices:
    """Prices that a worker lacked.

    Attributes:
        name: Their name.
        content: The prices, packed; a process that only passes them on does not unpack them.
    """

    name: str
    content: bytes


@dataclass(frozen=True, eq=False)
class Report:
    """How far the task is.

    Attributes:
        progress: The progress.
    """

    progress: Progress


@dataclass(frozen=True, eq=False)
class Done:
    """The task has ended.

    Attributes:
        result: What it returned; ``None`` if it failed.
        error: Why it failed, if that is meant for users.
        failure: Why it failed, if it should not have: a traceback.
    """

    result: Any = None
    error: CryptoForecastError | None = None
    failure: str | None = None
