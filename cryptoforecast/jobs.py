"""Background work: one worker thread, a bounded queue, progress and cancelling.

The worker never touches a page. Pages read the state of a ``Job`` from time to time.
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

#: Finished jobs in memory.
MAX_FINISHED = 8
#: Share of the work after which the time left is estimated.
MIN_DONE = 0.02


class Job(Generic[Result]):
    """One piece of work, and how far it is.

    Args:
        key: Names the work.
        title: Describes the work to users.
        work: Returns the result. It reports progress to its monitor, which also says whether the
            job is cancelled.

    Attributes:
        key: Names the work. A second submission with the same key returns the same job.
        title: Describes the work to users.
        progress: The latest progress; ``None`` before the first report.
        result: The result; ``None`` unless done.
        error: Why the job failed or was cancelled; ``None`` otherwise.
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

        A cancelled job has this state at once. Its work stops before its next update.
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
        """Whether the job waits or runs."""
        return self.state in ("queued", "running")

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds until the work ends; ``None`` while there is too little to go by."""
        progress = self.progress
        if progress is None or progress.done < MIN_DONE:
            return None
        return progress.seconds * (1 - progress.done) / progress.done

    def cancel(self) -> None:
        """Request the work to stop, which it does before its next update."""
        self._cancel.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, for ``timeout`` seconds at most; return whether it came."""
        return self._finished.wait(timeout)

    def _run(self) -> None:
        self._started = time.monotonic()
        try:
            if self._work is None or self._cancel.is_set():
                raise Cancelled("Training was cancelled.")
            self.result = self._work(Monitor(self._report, self._cancel.is_set))
        except CryptoForecastError as error:
            # A copy, because the traceback of the original holds the history and the network.
            self.error = type(error)(*error.args)
        except Exception as error:  # logged and shown; the worker goes on with the next job
            log.exception("A background job failed: %s", self.title)
            self.error = CryptoForecastError(f"Training failed unexpectedly: {error}")
        finally:
            self._work = None  # releases the history
            self._finished.set()

    def _report(self, progress: Progress) -> None:
        self.progress = progress


class Runner(Generic[Result]):
    """Runs jobs one after another, in the order in which they were submitted.

    Args:
        limit: Jobs that may wait; one more is refused.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Condition()
        self._jobs: OrderedDict[str, Job[Result]] = OrderedDict()
        self._queue: list[Job[Result]] = []
        self._current: Job[Result] | None = None
        self._worker: threading.Thread | None = None

    def submit(self, key: str, title: str, work: Work[Result]) -> Job[Result]:
        """Queue work, or return the job of the same key that waits, runs or is done.

        Args:
            key: Names the work.
            title: Describes the work to users.
            work: See ``Job``.

        Raises:
            InvalidInput: If the queue is full.
        """
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and (job.active or job.state == "done"):
                return job
            self._drop_cancelled()
            if len(self._queue) >= self.limit:
                raise InvalidInput(
                    f"At most {self.limit} trainings may wait. Received one more. Try again when "
                    "one has finished."
                )
            job = Job(key, title, work)
            self._jobs[key] = job
            self._jobs.move_to_end(key)
            self._queue.append(job)
            self._drop_finished()
            if self._worker is None:
                self._worker = threading.Thread(target=self._loop, name="training", daemon=True)
                self._worker.start()
            self._lock.notify()
            return job

    def get(self, key: str) -> Job[Result] | None:
        """Return a job by its key, or ``None`` if there is none in memory."""
        with self._lock:
            return self._jobs.get(key)

    def forget(self, key: str) -> None:
        """Drop a finished job, so that the next submission of its key runs again."""
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
        # Each state is read once: a job that is cancelled meanwhile stays until the next time.
        cancelled = [job for job in self._queue if not job.active]
        for job in cancelled:
            job._run()  # ends at once as cancelled, also for those who wait for it
        self._queue = [job for job in self._queue if job not in cancelled]

    def _drop_finished(self) -> None:
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
