"""Engines: what runs tasks, and the loop that gives their results as they come."""

from __future__ import annotations

import abc
import collections
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from cryptoforecast.errors import Cancelled, CryptoForecastError, WorkersUnavailable
from cryptoforecast.types import UNWATCHED, Monitor, PriceHistory, Progress
from cryptoforecast.workers.channel import pack
from cryptoforecast.workers.child import WorkerEnded
from cryptoforecast.workers.task import Histories, Outcome, Task

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)
Watch = Callable[[int], Monitor]

#: Seconds between two looks at the tasks that run.
LOOK = 0.05
#: Workers that may end in the middle of one task. It may be the task that ends them.
MAX_ENDED = 3


class Handle(Protocol[Result_co]):
    """A task that a worker does."""

    def done(self) -> bool:
        """Return whether it has ended."""
        ...

    def result(self) -> Result_co:
        """Return its result, once it has ended, or raise its error."""
        ...

    def progress(self) -> Progress | None:
        """Return the last progress since the last call; ``None`` if there is none."""
        ...

    def cancel(self) -> None:
        """Let it end before its next update."""
        ...


class Engine(abc.ABC):
    """Runs tasks. Close it, or use it in a ``with`` statement, which ends its workers.

    Attributes:
        shipped: Bytes of tasks and prices that were sent to workers, where that is known.
    """

    @property
    @abc.abstractmethod
    def size(self) -> int:
        """Tasks that it runs at once, now."""

    @property
    def shipped(self) -> int:
        """Bytes that were sent to its workers."""
        return 0

    @abc.abstractmethod
    def close(self) -> None:
        """End its workers; tasks that run are cancelled."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @abc.abstractmethod
    def outcomes(
        self,
        tasks: Iterable[Task[Result]],
        histories: Histories,
        watch: Watch = lambda _: UNWATCHED,
    ) -> Iterator[Outcome[Result]]:
        """Run tasks, and yield what became of each, in the order in which they end.

        A task is taken from ``tasks`` when a worker is free, so what comes later may depend on
        the outcomes before. A task whose worker ends is run again by another one.

        Args:
            tasks: The tasks.
            histories: The prices that they read, by name. Each worker is sent those that it
                lacks.
            watch: Returns the monitor of a task by its number. If ``cancelled`` of the monitor
                returns true, this task ends with ``Cancelled`` as its error; if it raises, all
                tasks are cancelled and the error is raised here.

        Raises:
            WorkersUnavailable: If workers are lost or refused.
        """


class Here(Engine):
    """Runs tasks in this process, one after the other, with as many threads as TensorFlow uses."""

    @property
    def size(self) -> int:
        """One task at a time."""
        return 1

    def close(self) -> None:
        """Nothing is to be closed."""

    def outcomes(
        self,
        tasks: Iterable[Task[Result]],
        histories: Histories,
        watch: Watch = lambda _: UNWATCHED,
    ) -> Iterator[Outcome[Result]]:
        """Run one task after the other; see ``Engine.outcomes``."""
        for number, task in enumerate(tasks):
            try:
                result = task.run(histories, watch(number))
            except CryptoForecastError as error:
                yield Outcome[Result](number, task, error=error)
            else:
                yield Outcome(number, task, result)


class Pool(Engine):
    """An engine with several workers."""

    def __init__(self) -> None:
        self._histories: dict[str, PriceHistory] = {}

    def outcomes(
        self,
        tasks: Iterable[Task[Result]],
        histories: Histories,
        watch: Watch = lambda _: UNWATCHED,
    ) -> Iterator[Outcome[Result]]:
        """Run as many tasks at once as there are workers; see ``Engine.outcomes``."""
        self._histories |= histories
        numbered = ((number, task) for number, task in enumerate(tasks))
        yield from _Run[Result](self, numbered, watch).outcomes()

    def prices(self, name: str) -> bytes:
        """Return prices that a worker lacks, by their name, packed."""
        return pack(self._histories[name])

    @abc.abstractmethod
    def start(self, task: Task[Result]) -> Handle[Result]:
        """Give a task to a free worker."""

    def check(self) -> None:
        """Look whether there are workers at all.

        Raises:
            WorkersUnavailable: If they are lost.
        """


class _Run(Generic[Result]):
    """One run of tasks: which wait, which run, and how often the worker of one has ended."""

    def __init__(
        self, engine: Pool, tasks: Iterator[tuple[int, Task[Result]]], watch: Watch
    ) -> None:
        self._engine, self._watch = engine, watch
        self._again: collections.deque[tuple[int, Task[Result]]] = collections.deque()
        self._tasks = tasks
        self._running: dict[int, tuple[Task[Result], Handle[Result]]] = {}
        self._ended: collections.Counter[int] = collections.Counter()

    def outcomes(self) -> Iterator[Outcome[Result]]:
        """Run all tasks."""
        try:
            while True:
                self._start()
                if not self._running:
                    return
                yield from self._finished()
                self._engine.check()
                time.sleep(LOOK)
        finally:
            for _, handle in self._running.values():
                handle.cancel()

    def _start(self) -> None:
        while len(self._running) < self._engine.size:
            following = self._again.popleft() if self._again else next(self._tasks, None)
            if following is None:
                return
            number, task = following
            self._running[number] = (task, self._engine.start(task))

    def _finished(self) -> Iterator[Outcome[Result]]:
        """Yield the outcomes of the tasks that have ended, and look after the others."""
        for number, (task, handle) in list(self._running.items()):
            monitor = self._watch(number)
            progress = handle.progress()
            if progress is not None:
                monitor.report(progress)
            if handle.done():
                del self._running[number]
                outcome = self._outcome(number, task, handle)
                if outcome is not None:
                    yield outcome
            elif monitor.cancelled():
                handle.cancel()

    def _outcome(
        self, number: int, task: Task[Result], handle: Handle[Result]
    ) -> Outcome[Result] | None:
        """Return what became of a task; ``None`` if its worker has ended, and it runs again."""
        try:
            return Outcome(number, task, handle.result())
        except Cancelled as error:
            return Outcome(number, task, error=error)
        except WorkerEnded as error:
            self._ended[number] += 1
            if self._ended[number] < MAX_ENDED:
                self._again.append((number, task))
                return None
            raise WorkersUnavailable(
                f"A worker must not end in the middle of a task. Received: {MAX_ENDED} workers "
                f"ended while they did the same task ({error}). Perhaps there is too little "
                "memory: use fewer workers, fewer candles or a smaller network."
            ) from error
        except WorkersUnavailable:
            raise
        except CryptoForecastError as error:
            return Outcome(number, task, error=error)
