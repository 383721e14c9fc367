"""Bounded background work: one worker thread, a queue, progress and cancel.

Knows nothing of what it runs. The worker never touches a page; pages poll a ``Job``.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from cryptoforecast.errors import Cancelled, CryptoForecastError, InvalidInput
from cryptoforecast.types import Monitor, Progress

Result = TypeVar("Result")
Work = Callable[[Monitor], Result]

log = logging.getLogger(__name__)

#: Finished jobs that stay readable.
MAX_FINISHED = 8


class Job(Generic[Result]):
    """One piece of work, as its waiting visitors see it.

    Attributes:
        key: names the work; submitting the same key again gives the same job.
        title: what a person calls it.
        progress: the latest report; ``None`` before the first.
        result: what came out; ``None`` unless done.
        error: why it failed; ``None`` unless failed.
    """

    def __init__(self, key: str, title: str, work: Work[Result]) -> None:
        self.key, self.title = key, title
        self.progress: Progress | None = None
        self.result: Result | None = None
        self.error: CryptoForecastError | None = None
        self._work: Work[Result] | None = work
        self._cancel = threading.Event()
        self._finished = threading.Event()
        self._started: float | None = None

    @property
    def state(self) -> str:
        """``queued``, ``running``, ``done``, ``failed`` or ``cancelled``.

        A cancelled job says so at once; its worker stops before its next update.
        """
        if self._finished.is_set():
            if self.error is None:
                return "done"
            return "cancelled" if isinstance(self.error, Cancelled) else "failed"
        if self._cancel.is_set():
            return "cancelled"
        return "queued" if self._started is None else "running"

    @property
    def active(self) -> bool:
        """Whether there is still something to wait for."""
        return self.state in ("queued", "running")

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds until the schedule ends; ``None`` until it can be told."""
        seen = self.progress
        if seen is None or seen.done < 0.02:
            return None
        return seen.seconds * (1 - seen.done) / seen.done

    def cancel(self) -> None:
        """Ask the work to stop; it does so before its next update."""
        self._cancel.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end; return whether it came."""
        return self._finished.wait(timeout)

    def _run(self) -> None:
        self._started = time.monotonic()
        try:
            if self._work is None or self._cancel.is_set():
                raise Cancelled("Training was cancelled.")
            self.result = self._work(Monitor(self._report, self._cancel.is_set))
        except CryptoForecastError as error:
            # A copy: the traceback of the original would keep the history and the network alive.
            self.error = type(error)(*error.args)
        except Exception as error:  # the worker must outlive any one job; it is logged and shown
            log.exception("A background job failed: %s", self.title)
            self.error = CryptoForecastError(f"Training failed unexpectedly: {error}")
        finally:
            self._work = None  # lets the history go
            self._finished.set()

    def _report(self, progress: Progress) -> None:
        self.progress = progress


class Runner(Generic[Result]):
    """Runs jobs one after another, in the order they came.

    Args:
        limit: jobs that may wait; one more is refused.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Condition()
        self._jobs: OrderedDict[str, Job[Result]] = OrderedDict()
        self._queue: list[Job[Result]] = []
        self._current: Job[Result] | None = None
        self._worker: threading.Thread | None = None

    def submit(self, key: str, title: str, work: Work[Result]) -> Job[Result]:
        """Queue work, or return the job that already does it.

        Raises:
            InvalidInput: if the queue is full.
        """
        with self._lock:
            known = self._jobs.get(key)
            if known is not None and (known.active or known.state == "done"):
                return known
            self._drop_cancelled()
            if len(self._queue) >= self.limit:
                raise InvalidInput(
                    f"At most {self.limit} trainings may wait. Try again when one has finished."
                )
            job = Job(key, title, work)
            self._jobs[key] = job
            self._jobs.move_to_end(key)
            self._queue.append(job)
            self._forget()
            if self._worker is None:
                self._worker = threading.Thread(target=self._loop, name="training", daemon=True)
                self._worker.start()
            self._lock.notify()
            return job

    def get(self, key: str) -> Job[Result] | None:
        """Return a job by its key, while it is remembered."""
        with self._lock:
            return self._jobs.get(key)

    def forget(self, key: str) -> None:
        """Forget a finished job, so that the same key is worked on anew."""
        with self._lock:
            if key in self._jobs and not self._jobs[key].active:
                del self._jobs[key]

    def queue_position(self, job: Job[Result]) -> int:
        """Count the jobs that run or wait before this one."""
        with self._lock:
            waiting = [other for other in self._queue if other.active]
            if job not in waiting:
                return 0
            busy = self._current is not None
            return waiting.index(job) + int(busy)

    def _drop_cancelled(self) -> None:
        # Asked once: who is cancelled meanwhile stays until the next time.
        cancelled = [job for job in self._queue if not job.active]
        for job in cancelled:
            job._run()  # finds itself cancelled, and ends for whoever waits
        self._queue = [job for job in self._queue if job not in cancelled]

    def _forget(self) -> None:
        finished = [key for key, job in self._jobs.items() if not job.active]
        for key in finished[: max(0, len(finished) - MAX_FINISHED)]:
            del self._jobs[key]

    def _loop(self) -> None:
        while True:
            with self._lock:
                while not self._queue:
                    self._lock.wait()
                job = self._current = self._queue.pop(0)
            job._run()
            with self._lock:
                self._current = None
