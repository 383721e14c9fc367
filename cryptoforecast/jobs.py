"""Background work: one worker thread, a bounded queue, progress and cancelling.

The worker never touches a page. Pages read the state of a ``Job`` from time to time. A job belongs
to all users who wait for its result: it ends early only when the last of them has cancelled it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

import pandas as pd

from cryptoforecast.errors import Busy, Cancelled, CryptoForecastError, InvalidInput, NotAllowed
from cryptoforecast.types import OWNER, Monitor, Progress, User
from cryptoforecast.types.durations import span_text

Result = TypeVar("Result")
Work = Callable[[Monitor], Result]

log = logging.getLogger(__name__)

#: Finished jobs in memory.
MAX_FINISHED = 8
#: Share of the work that has to be timed before the time left is estimated.
MIN_TIMED = 0.1


class Job(Generic[Result]):
    """One piece of work, and how far it is.

    Args:
        key: Names the work.
        title: Describes the work to users.
        work: Returns the result. It reports progress to its monitor, which also says whether the
            job is cancelled.
        seconds: How long the work may run unless the owner waits for it; ``None`` for no limit.

    Attributes:
        key: Names the work. A second submission with the same key returns the same job.
        title: Describes the work to users.
        users: Who waits for the result. The owner is the same user in all sessions.
        progress: The latest progress; ``None`` before the first report.
        result: The result; ``None`` unless done.
        error: Why the job failed or was cancelled; ``None`` otherwise.
    """

    def __init__(
        self, key: str, title: str, work: Work[Result], seconds: float | None = None
    ) -> None:
        self.key, self.title = key, title
        self.users: set[User] = set()
        self.progress: Progress | None = None
        self.result: Result | None = None
        self.error: CryptoForecastError | None = None
        self._work: Work[Result] | None = work
        self._seconds = seconds
        self._cancel = threading.Event()
        self._finished = threading.Event()
        self._started: float | None = None
        self._first: Progress | None = None

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
        """Estimated seconds until the work ends; ``None`` while there is too little to go by.

        The first epoch, in which the network is built, says nothing of the pace.
        """
        first, progress = self._first, self.progress
        if first is None or progress is None or progress.done - first.done < MIN_TIMED:
            return None
        pace = (progress.seconds - first.seconds) / (progress.done - first.done)
        return pace * (1 - progress.done)

    def has_user(self, user: User) -> bool:
        """Return whether a user waits for the result."""
        return not self.users.isdisjoint(_names(user))

    def has_others(self, user: User) -> bool:
        """Return whether someone else than this user waits for the result."""
        return not self.users <= _names(user)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, for ``timeout`` seconds at most; return whether it came."""
        return self._finished.wait(timeout)

    def _stop(self) -> None:
        """Request the work to stop, which it does before its next update."""
        self._cancel.set()

    def _run(self) -> None:
        self._started = time.monotonic()
        try:
            if self._work is None or self._cancel.is_set():
                raise Cancelled("Training was cancelled.")
            self.result = self._work(Monitor(self._report, self._stopped))
        except CryptoForecastError as error:
            self.error = _without_frames(error)
        except Exception as error:  # logged and shown; the worker goes on with the next job
            log.exception("A background job failed: %s", self.title)
            self.error = CryptoForecastError(f"Training failed unexpectedly: {error}")
        finally:
            self._work = None  # releases the history
            self._finished.set()

    def _report(self, progress: Progress) -> None:
        if self._first is None and progress.epoch > 1:
            self._first = progress
        self.progress = progress

    def _stopped(self) -> bool:
        """Return whether the job is cancelled.

        Raises:
            InvalidInput: If the time that it may take is over.
        """
        if self._seconds is None or self._started is None or OWNER in self.users:
            return self._cancel.is_set()
        if time.monotonic() - self._started > self._seconds:
            done = 0.0 if self.progress is None else self.progress.done
            raise InvalidInput(
                f"A training may take {_in_words(self._seconds)} on this server. Received: one "
                f"that had done {done:.0%} of its work by then, and was ended. Choose fewer "
                "epochs, fewer candles or a smaller network, or train on your own machine."
            )
        return self._cancel.is_set()


class Runner(Generic[Result]):
    """Runs jobs one after another, in the order in which they were submitted.

    Args:
        limit: Jobs that may wait; one more is refused.
        waiting: Jobs of one user that may wait. The owner may fill the queue.
        seconds: How long a job may run unless the owner waits for it; ``None`` for no limit.
    """

    def __init__(
        self, limit: int, *, waiting: int | None = None, seconds: float | None = None
    ) -> None:
        self.limit, self.waiting, self.seconds = limit, waiting, seconds
        self._lock = threading.Condition()
        self._jobs: OrderedDict[str, Job[Result]] = OrderedDict()
        self._queue: list[Job[Result]] = []
        self._current: Job[Result] | None = None
        self._worker: threading.Thread | None = None

    def submit(self, key: str, title: str, work: Work[Result], *, user: User) -> Job[Result]:
        """Queue work, or join the job of the same key that waits, runs or is done.

        Args:
            key: Names the work.
            title: Describes the work to users.
            work: See ``Job``.
            user: Who waits for the result.

        Raises:
            Busy: If the queue is full, or too many jobs of this user wait.
        """
        with self._lock:
            job = self._jobs.get(key)
            if job is None or not (job.active or job.state == "done"):
                self._drop_cancelled()
                self._check_room(user)
                job = Job(key, title, work, self.seconds)
                self._jobs[key] = job
                self._jobs.move_to_end(key)
                self._queue.append(job)
                self._drop_finished()
                if self._worker is None:
                    self._worker = threading.Thread(target=self._loop, name="training", daemon=True)
                    self._worker.start()
                self._lock.notify()
            job.users.add(OWNER if user.owner else user)
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

    def join(self, key: str, *, user: User) -> None:
        """Let a user wait for the result of a job that waits or runs."""
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and job.active:
                job.users.add(OWNER if user.owner else user)

    def cancel(self, key: str, *, user: User, for_all: bool = False) -> None:
        """Let a user no longer wait for a job; it ends when nobody waits for it any more.

        Nothing happens if the user did not wait for it.

        Args:
            key: Names the work.
            user: Who cancels.
            for_all: Whether to end it although others wait for it, which only the owner may.

        Raises:
            NotAllowed: If someone else than the owner wants to end it for all.
        """
        if for_all and not user.owner:
            raise NotAllowed(
                "Only the owner of this server may end a training that others wait for. Received: "
                "a request of someone else. Cancel it for yourself."
            )
        with self._lock:
            job = self._jobs.get(key)
            if job is None or not (for_all or job.has_user(user)):
                return
            job.users -= job.users if for_all else _names(user)
            if not job.users:
                job._stop()

    def queue_position(self, job: Job[Result]) -> int:
        """Count the jobs that run or wait before this one."""
        with self._lock:
            waiting = [other for other in self._queue if other.active]
            if job not in waiting:
                return 0
            busy = self._current is not None
            return waiting.index(job) + int(busy)

    def _check_room(self, user: User) -> None:
        if len(self._queue) >= self.limit:
            raise Busy(
                f"At most {self.limit} trainings may wait. Received: one more. Try again when "
                "one has finished."
            )
        own = sum(job.has_user(user) for job in self._queue)
        if self.waiting is not None and not user.owner and own >= self.waiting:
            raise Busy(
                f"At most {self.waiting} trainings of one user may wait. Received: one more. Try "
                "again when one of yours has begun, or cancel one: choose it in the list of "
                "models."
            )

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


def _without_frames(error: CryptoForecastError) -> CryptoForecastError:
    """Copy an error, because the traceback of the original holds the history and the network.

    Its ``__init__`` is not called: it may need other arguments than the message.
    """
    copy = type(error).__new__(type(error), *error.args)
    copy.__dict__.update(vars(error))
    return copy


def _in_words(seconds: float) -> str:
    return span_text(pd.Timedelta(seconds, "s"), close=True)


def _names(user: User) -> set[User]:
    """Return the users as whom a job may have this one: an owner was a session before the key."""
    session = User(user.session, owner=False)
    return {session, OWNER} if user.owner else {session}
