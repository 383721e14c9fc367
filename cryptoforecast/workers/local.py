"""Workers in processes of this machine.

Why not the standard library's pool: one killed process breaks all of it. Why not a cluster of Dask
on this machine: it would have to be installed, and its tasks can't be stopped at once. The worker
processes are not forks either, because TensorFlow does not survive one, and start without the
main module of this process, so that scripts and notebooks need no guard.
"""

from __future__ import annotations

import queue
import threading
from typing import Generic, TypeVar

from cryptoforecast.errors import InvalidInput
from cryptoforecast.types import Monitor, Progress
from cryptoforecast.workers.child import Child
from cryptoforecast.workers.engine import Handle, Pool
from cryptoforecast.workers.task import Task

Result = TypeVar("Result")

#: Processes of one engine.
MAX_WORKERS = 64


def check_count(count: int) -> int:
    """Return the number of workers if it can be had.

    Raises:
        InvalidInput: Otherwise.
    """
    if not 1 <= count <= MAX_WORKERS:
        raise InvalidInput(
            f"`workers` must be between 1 and {MAX_WORKERS}. Received: {count}. One worker for "
            "each core of this machine works best."
        )
    return count


class Processes(Pool):
    """Runs tasks in processes of this machine, each with one thread.

    Args:
        count: Processes. Each starts with its first task.

    Raises:
        InvalidInput: If there would be none, or too many.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self._children = [Child(self.prices) for _ in range(check_count(count))]
        self._free: queue.SimpleQueue[Child] = queue.SimpleQueue()
        for child in self._children:
            self._free.put(child)

    @property
    def size(self) -> int:
        """As many as there are processes."""
        return len(self._children)

    @property
    def shipped(self) -> int:
        """Bytes that were sent to the processes."""
        return sum(child.shipped for child in self._children)

    @property
    def pids(self) -> tuple[int, ...]:
        """Numbers of the processes that have started."""
        return tuple(child.pid for child in self._children if child.pid is not None)

    def start(self, task: Task[Result]) -> Handle[Result]:
        """Give a task to a free process."""
        return _InProcess(self._free, task)

    def close(self) -> None:
        """End all processes."""
        for child in self._children:
            child.close()
        for child in self._children:
            child.kill()


class _InProcess(Generic[Result]):
    """A task in a process, followed by a thread of its own."""

    def __init__(self, free: queue.SimpleQueue[Child], task: Task[Result]) -> None:
        self._free, self._task = free, task
        self._cancelled = threading.Event()
        self._progress: Progress | None = None
        self._results: list[Result] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="task", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        child = self._free.get()
        try:
            monitor = Monitor(self._report, self._cancelled.is_set)
            self._results.append(child.run(self._task, monitor))
        except BaseException as error:  # raised again by ``result``
            self._error = error
        finally:
            self._free.put(child)

    def _report(self, progress: Progress) -> None:
        self._progress = progress

    def done(self) -> bool:
        """Return whether it has ended; then its process is free again."""
        return not self._thread.is_alive()

    def result(self) -> Result:
        """Return its result, or raise its error."""
        if self._error is not None:
            raise self._error
        return self._results[0]

    def progress(self) -> Progress | None:
        """Return the last progress since the last call."""
        progress, self._progress = self._progress, None
        return progress

    def cancel(self) -> None:
        """Let it end before its next update."""
        self._cancelled.set()
