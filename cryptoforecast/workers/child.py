"""A worker process of this machine, seen from the process that has started it."""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing import AuthenticationError
from multiprocessing.connection import Listener
from typing import IO, TypeVar, cast

from cryptoforecast.errors import Cancelled
from cryptoforecast.types import Monitor
from cryptoforecast.workers import code, messages
from cryptoforecast.workers.channel import SECRET, Channel
from cryptoforecast.workers.task import Task

Result = TypeVar("Result")

#: One thread for every library that computes: as many processes as cores use the machine best,
#: and the last digits of a sum depend on the number of threads.
ONE_THREAD = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
#: Seconds between two looks whether a task is cancelled, and those that it then has to stop by
#: itself before its process is killed.
LOOK, GRACE = 0.1, 1.0
#: Tasks of a process, after which it is replaced: each training leaves a little in its memory.
MAX_TASKS = 100


class WorkerEnded(Exception):
    """The process ended in the middle of a task; the message says what is known of it."""


class TaskFailed(Exception):
    """A task failed in a way that is not meant for users; the message is the traceback."""


class Child:
    """One worker process. It starts with its first task, and again after it has ended.

    One thread at a time may run a task in it; any thread may close it.

    Args:
        prices: Returns prices by their name, packed.

    Attributes:
        pid: Number of the process; ``None`` while there is none.
        shipped: Bytes that were sent to its processes.
    """

    def __init__(self, prices: Callable[[str], bytes]) -> None:
        self._prices = prices
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._inbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._listener: Listener | None = None
        self._log: IO[bytes] | None = None
        self._tasks = 0
        self._past = 0
        self._closed = threading.Event()
        self._one_starts_or_ends = threading.Lock()

    @property
    def pid(self) -> int | None:
        """Number of the process; ``None`` while there is none."""
        return None if self._process is None else self._process.pid

    @property
    def shipped(self) -> int:
        """Bytes that were sent to its processes."""
        return self._past + (0 if self._channel is None else self._channel.bytes_sent)

    def run(self, task: Task[Result], monitor: Monitor) -> Result:
        """Do a task in the process, and wait for its result.

        Args:
            task: The task.
            monitor: Follows the progress, and may stop the work.

        Raises:
            CryptoForecastError: If the task could not be done.
            WorkersUnavailable: If the process runs other code.
            Cancelled: If the monitor stopped the work.
            WorkerEnded: If the process ended in the middle.
            TaskFailed: If the task failed in a way that is not meant for users.
        """
        if self._process is None or self._tasks >= MAX_TASKS:
            self.kill()
            self._start(monitor)
        self._tasks += 1
        self._send(messages.Start(task))
        done = self._wait(monitor)
        if done.failure is not None:
            raise TaskFailed(done.failure)
        if done.error is not None:
            raise done.error
        return cast(Result, done.result)

    def kill(self) -> None:
        """End the process at once; the next task starts another one.

        It has ended on return, even if another thread was ending it.
        """
        with self._one_starts_or_ends:
            process, self._process = self._process, None
            if process is not None:
                process.kill()
                process.wait()
        for end in (self._listener, self._channel, self._log):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.close()
        if self._channel is not None:
            self._past += self._channel.bytes_sent
            self._channel = None

    def close(self) -> None:
        """Cancel a task that runs, and start no process any more; ``kill`` ends an idle one."""
        self._closed.set()

    def _start(self, monitor: Monitor) -> None:
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)  # noqa: PTH109
        secret = secrets.token_bytes(SECRET)
        with self._one_starts_or_ends:
            if self._closed.is_set():
                raise Cancelled("The work was cancelled.")
            self._log = tempfile.TemporaryFile()  # noqa: SIM115
            listener = self._listener = Listener(authkey=secret)
            process = self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "cryptoforecast.workers.process", listener.address],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._log,
                env={**os.environ, **ONE_THREAD, "PYTHONPATH": path},
                # Ctrl-C at the terminal is for the process that cancels the tasks.
                start_new_session=True,
            )
        with contextlib.suppress(OSError):
            cast(IO[bytes], process.stdin).write(secret)
            cast(IO[bytes], process.stdin).close()
        self._inbox, self._tasks = queue.SimpleQueue(), 0
        reader = threading.Thread(
            target=self._read, args=(listener, self._inbox), name="worker", daemon=True
        )
        reader.start()
        hello = self._next(monitor)
        if isinstance(hello, messages.Hello):
            code.check("a worker process", hello.code)

    def _wait(self, monitor: Monitor) -> messages.Done:
        """Serve the process until its task has ended."""
        while True:
            message = self._next(monitor)
            if isinstance(message, messages.Done):
                return message
            if isinstance(message, messages.Wanted):
                self._send(messages.Prices(message.name, self._prices(message.name)))
            elif isinstance(message, messages.Report):
                monitor.report(message.progress)

    def _next(self, monitor: Monitor) -> object:
        """Return the next message; a task that is cancelled has a moment to end by itself."""
        deadline: float | None = None
        while True:
            with contextlib.suppress(queue.Empty):
                message = self._inbox.get(timeout=LOOK)
                if message is None:
                    raise self._ended()
                return message
            if self._channel is None and self._has_ended():
                raise self._ended()  # before it has connected
            if self._closed.is_set() or (deadline is not None and time.monotonic() > deadline):
                self.kill()
                raise Cancelled("The work was cancelled.")
            if deadline is None and monitor.cancelled():
                deadline = time.monotonic() + GRACE
                self._send(messages.Stop())

    def _has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _send(self, message: object) -> None:
        if self._channel is None:
            raise WorkerEnded("it was not running")
        try:
            self._channel.send(message)
        except (OSError, ValueError) as error:
            raise self._ended() from error

    def _ended(self) -> WorkerEnded:
        """Say how the process ended, and clear it away."""
        last = ""
        if self._log is not None:
            with contextlib.suppress(OSError, ValueError):
                self._log.seek(0)
                last = self._log.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
        status: int | None = None
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = self._process.wait(GRACE)
        self.kill()
        return WorkerEnded(
            f"its exit status was {status}" + f"; its last words: {last}" * bool(last)
        )

    def _read(self, listener: Listener, inbox: queue.SimpleQueue[object]) -> None:
        """Put messages into the inbox as they come, and ``None`` when there will be no more."""
        with contextlib.suppress(EOFError, OSError, AuthenticationError):
            channel = self._channel = Channel(listener.accept())
            while True:
                inbox.put(channel.receive())
        inbox.put(None)
