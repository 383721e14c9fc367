"""Real processes of a Dask cluster, and copies of the package that differ."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cryptoforecast

PACKAGE = Path(cryptoforecast.__file__).parent
PATIENCE = 60.0


def wait(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until a condition holds; fail if it does not in time."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended but was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def worker_processes(pid: int) -> list[int]:
    """The worker processes of ours that a process has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    for task in Path(f"/proc/{pid}/task").iterdir():
        children += (task / "children").read_text("ascii").split()
    return [
        int(child)
        for child in {*children}
        if b"cryptoforecast.workers.process" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def other_version(folder: Path) -> Path:
    """Copy the package into a folder, and change a line of it."""
    shutil.copytree(
        PACKAGE, folder / "cryptoforecast", ignore=shutil.ignore_patterns("__pycache__")
    )
    with (folder / "cryptoforecast" / "errors.py").open("a") as file:
        file.write("CHANGED = True\n")
    return folder


class Cluster:
    """A scheduler of Dask and its workers, each a process with one thread."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self._folder = folder
        self.scheduler = self._dask("scheduler", "--host", "127.0.0.1", "--port", str(port))
        self.workers: list[subprocess.Popen[bytes]] = []

    def add_worker(self, path: Path | None = None) -> None:
        """Start a worker, whose package may lie in a folder of its own."""
        place = self._folder / str(len(self.workers))
        options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(place))
        self.workers.append(self._dask("worker", self.address, *options, path=path))

    def _dask(self, *words: str, path: Path | None = None) -> subprocess.Popen[bytes]:
        roots = [str(PACKAGE.parent)] if path is None else [str(path), str(PACKAGE.parent)]
        command = [sys.executable, "-m", "dask", *words, "--no-dashboard"]
        return subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(roots)},
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def close(self) -> None:
        """End all processes."""
        for process in (*self.workers, self.scheduler):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def cluster(folder: Path, workers: int) -> Iterator[Cluster]:
    """Start a scheduler with so many workers."""
    started = Cluster(folder)
    try:
        for _ in range(workers):
            started.add_worker()
        yield started
    finally:
        started.close()
