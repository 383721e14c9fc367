"""Workers of a Dask cluster. Only this module imports ``distributed``, an extra.

A worker of Dask does no task itself. Each of its threads has a worker process of ours, which has
one thread, as on a single machine. So the figures are the same, a task can be stopped at once, and
a worker of Dask may have any number of threads.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import threading
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import distributed
from distributed.scheduler import KilledWorker

from cryptoforecast.errors import Cancelled, InvalidInput, WorkersUnavailable
from cryptoforecast.types import EpochLoss, Monitor, Progress
from cryptoforecast.workers import code
from cryptoforecast.workers.channel import pack, unpack
from cryptoforecast.workers.child import Child, WorkerEnded
from cryptoforecast.workers.code import Code
from cryptoforecast.workers.engine import Handle, Pool
from cryptoforecast.workers.process import MAX_HISTORIES
from cryptoforecast.workers.task import Histories, Task

Result = TypeVar("Result")

#: Seconds in which a scheduler must answer, and seconds for which it may have no worker.
TIMEOUT, WITHOUT_WORKERS = 5.0, 30.0
#: Seconds between two looks at which workers there are.
LOOK = 1.0
AGAIN = "What has finished is in the cache: the same command goes on from there."


class Cluster(Pool):
    """Runs tasks on the workers of a Dask cluster.

    Args:
        address: Address of the scheduler, such as ``tcp://host:8786``.

    Raises:
        InvalidInput: If no scheduler answers.
        WorkersUnavailable: If it has no worker, or a worker runs other code.
    """

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address
        try:
            self._client = distributed.Client(address, timeout=TIMEOUT, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InvalidInput(
                "`scheduler` must be the address of a Dask scheduler that runs. Received: "
                f"{address!r:.80}, which does not answer. Start one with `dask scheduler`, and "
                "give the address that it prints."
            ) from error
        self._name = f"cryptoforecast-{uuid.uuid4().hex[:12]}"
        self._progress: dict[str, Progress] = {}
        self._shipped = 0
        self._sent: set[tuple[str, str]] = set()
        self._looked, self._size, self._seen = 0.0, 0, time.monotonic()
        try:
            self._client.subscribe_topic(self._name, self._note)
            self._check_workers()
        except BaseException:
            self.close()
            raise

    @property
    def size(self) -> int:
        """Threads of all workers; workers may come and go."""
        now = time.monotonic()
        if now - self._looked >= LOOK:
            self._looked = now
            try:
                self._size = sum(self._client.nthreads().values())
            except OSError as error:
                raise self.gone() from error
            if self._size:
                self._seen = now
        return self._size

    @property
    def shipped(self) -> int:
        """Bytes of tasks and prices that were sent."""
        return self._shipped

    def check(self) -> None:
        """Look whether the scheduler and at least one worker are there.

        Raises:
            WorkersUnavailable: If not.
        """
        if self._client.status != "running":
            raise self.gone()
        if time.monotonic() - self._seen > WITHOUT_WORKERS:
            raise WorkersUnavailable(
                f"The Dask scheduler must have workers. Received: {self._address} has had none "
                f"for {WITHOUT_WORKERS:.0f} seconds. Start some with `dask worker "
                f"{self._address}`. {AGAIN}"
            )

    def gone(self) -> WorkersUnavailable:
        """Return the error that the scheduler does not answer any more."""
        return WorkersUnavailable(
            f"The Dask scheduler must answer until all is done. Received: {self._address}, which "
            f"no longer answers. {AGAIN}"
        )

    def start(self, task: Task[Result]) -> Handle[Result]:
        """Give a task to the scheduler."""
        return _OnCluster(self, task)

    def close(self) -> None:
        """Leave the cluster; its workers stop what they did for this process."""
        with contextlib.suppress(Exception):  # the scheduler may be gone
            self._client.close(timeout=1)

    def submit(self, key: str, task: Task[Any]) -> distributed.Future[Any]:
        """Let any worker do a task; if this worker ends meanwhile, another one does the task."""
        order = Order.of(task, key, self._name)
        self._shipped += len(order.content)
        return self._client.submit(_do, order, key=key, pure=False)

    def send(self, lack: Lack, *, again: bool) -> None:
        """Send a worker the prices that it lacks; one that is gone needs none.

        Args:
            lack: What a task did not find there. Another task may have asked for it meanwhile.
            again: Whether the same task has not found it there before: then it was dropped.
        """
        for name in lack.names:
            if (lack.address, name) in self._sent and not again:
                continue
            self._sent.add((lack.address, name))
            content = self.prices(name)
            self._shipped += len(content)
            with contextlib.suppress(OSError, ValueError, KeyError):
                self._client.run(_remember, name, content, workers=[lack.address])

    def next_progress(self, key: str) -> Progress | None:
        """Return the last progress of a task since the last call."""
        return self._progress.pop(key, None)

    def new_key(self) -> str:
        """Name a task as no other one is."""
        return f"{self._name}-{uuid.uuid4().hex[:12]}"

    def _note(self, event: tuple[float, Any]) -> None:
        key, values = event[1]
        curve = tuple(EpochLoss(**epoch) for epoch in values.pop("curve"))
        self._progress[key] = Progress(**values, curve=curve)

    def _check_workers(self) -> None:
        if not self._client.nthreads():
            with contextlib.suppress(TimeoutError):
                self._client.wait_for_workers(1, timeout=TIMEOUT)
        answers = self._client.run(code.own, on_error="return")
        # A worker that does not answer has ended, and the scheduler has not noticed yet.
        codes = {name: one for name, one in answers.items() if not isinstance(one, OSError)}
        if not codes:
            raise WorkersUnavailable(
                f"The Dask scheduler must have workers. Received: {self._address} has none. Start "
                f"some with `dask worker {self._address}`."
            )
        for worker, other in codes.items():
            if not isinstance(other, Code):
                raise WorkersUnavailable(
                    "Every worker must have the same version of cryptoforecast. Received: the "
                    f"worker {worker} can't load it ({other!r:.200}). Install it there, and "
                    "start the worker again."
                )
            code.check(f"the worker {worker}", other)


@dataclass(frozen=True)
class Order:
    """A task on its way to a worker process. A worker of Dask passes it on without loading it.

    Attributes:
        content: The task packed.
        prices: Names of the prices that it reads.
        key: Its key in the cluster.
        topic: Where its progress is told.
        code: What the process that gave the task runs.
        effort: Every task has one; this one is not read.
    """

    content: bytes
    prices: tuple[str, ...]
    key: str
    topic: str
    code: Code
    effort: float = 1.0

    @classmethod
    def of(cls, task: Task[Any], key: str, topic: str) -> Order:
        """Pack a task."""
        content = pack(task)
        return cls(content, task.prices, key, topic, code.own())

    def run(self, histories: Histories, monitor: Monitor) -> bytes:
        """Do the task, and return its result packed; see ``Task.run``."""
        result = unpack(self.content).run(histories, monitor)
        return pack(result)


@dataclass(frozen=True)
class Lack:
    """A worker lacks prices.

    Attributes:
        address: Address of the worker.
        names: Names of the prices.
    """

    address: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Ended:
    """A worker process ended in the middle of a task.

    Attributes:
        words: What is known of it.
    """

    words: str


class _OnCluster(Generic[Result]):
    """A task that a worker of the cluster does."""

    def __init__(self, cluster: Cluster, task: Task[Result]) -> None:
        self._cluster, self._task = cluster, task
        self._cancelled = False
        self._value: bytes | Lack | Ended | None = None
        self._lacked: set[str] = set()
        self._submit()

    def _submit(self) -> None:
        self._key = self._cluster.new_key()
        self._future = self._cluster.submit(self._key, self._task)

    def done(self) -> bool:
        """Return whether it has ended; a worker that lacks prices gets them first."""
        if self._cancelled or self._future.status != "finished":
            return self._cancelled or self._future.status in ("error", "cancelled", "lost")
        self._value = self._future.result()
        if isinstance(self._value, Lack):
            address = self._value.address
            self._cluster.send(self._value, again=address in self._lacked)
            self._lacked.add(address)
            self._submit()
            return False
        return True

    def result(self) -> Result:
        """Return its result, or raise its error."""
        if self._cancelled:
            raise Cancelled("The work was cancelled.")
        if isinstance(self._value, Ended):
            raise WorkerEnded(self._value.words)
        if self._future.status == "finished":
            return cast(Result, unpack(cast(bytes, self._value)))
        try:
            return cast(Result, self._future.result())  # raises
        except concurrent.futures.CancelledError as error:
            raise self._cluster.gone() from error
        except KilledWorker as error:
            raise WorkersUnavailable(
                "A worker must not end in the middle of a task. Received: "
                f"{error.allowed_failures + 1} workers ended while they did the same task. Perhaps "
                "there is too little memory there: use fewer workers a machine."
            ) from error

    def progress(self) -> Progress | None:
        """Return the last progress since the last call."""
        return self._cluster.next_progress(self._key)

    def cancel(self) -> None:
        """Let it end before its next update."""
        if not self._cancelled:
            self._cancelled = True
            with contextlib.suppress(Exception):  # the scheduler may be gone
                self._future.cancel()


# ---------------------------------------------------------------------------- on a worker

_HISTORIES: OrderedDict[str, bytes] = OrderedDict()
_LOCK = threading.Lock()
_THREAD = threading.local()


def _remember(name: str, content: bytes) -> None:
    """Keep prices for the tasks to come, at least until the next one begins."""
    with _LOCK:
        _HISTORIES[name] = content


def _take(names: tuple[str, ...]) -> dict[str, bytes]:
    """Return those prices of a task that are here; if all are, forget the oldest others.

    If they were forgotten whenever others arrive, a task that reads more than ``MAX_HISTORIES``
    would never find all of its own.
    """
    with _LOCK:
        histories = {name: _HISTORIES[name] for name in names if name in _HISTORIES}
        if len(histories) == len({*names}):
            for name in histories:
                _HISTORIES.move_to_end(name)
            while len(_HISTORIES) > max(MAX_HISTORIES, len(histories)):
                _HISTORIES.popitem(last=False)
        return histories


def _do(order: Order) -> bytes | Lack | Ended:
    """Do a task in the worker process of this thread.

    Raises:
        CryptoForecastError: If the task can't be done.
        WorkersUnavailable: If this worker runs other code.
    """
    worker = distributed.get_worker()
    code.check(f"the worker {worker.address}", code.own(), order.code)
    histories = _take(order.prices)
    lacking = tuple(name for name in order.prices if name not in histories)
    if lacking:
        return Lack(worker.address, lacking)

    def report(progress: Progress) -> None:
        worker.log_event(order.topic, (order.key, dataclasses.asdict(progress)))

    def cancelled() -> bool:
        state = worker.state.tasks.get(order.key)
        return state is None or state.state != "executing"

    _THREAD.histories = histories
    try:
        return _child().run(order, Monitor(report, cancelled))
    except WorkerEnded as error:
        return Ended(f"on {worker.address}, {error}")
    finally:
        del _THREAD.histories


def _child() -> Child:
    """Return the worker process of this thread."""
    if not hasattr(_THREAD, "child"):
        _THREAD.child = Child(lambda name: cast(bytes, _THREAD.histories[name]))
    return cast(Child, _THREAD.child)
