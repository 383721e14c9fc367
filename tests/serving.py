"""Real servers of this app, each in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import httpx2

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent


def finished(work: Callable[[], Coroutine[object, object, T]]) -> T:
    """Run asynchronous work to its end on a thread of its own.

    A browser of other tests may have left an event loop in this thread.
    """
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


def free_port() -> int:
    """Ask the system for a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def streamlit(home: Path, *options: str, script: str = "app.py", **variables: str) -> Iterator[str]:
    """Serve with ``streamlit run app.py``; give the address once it answers.

    Args:
        home: The folder of everything written, with the log ``server.log``.
        options: Options of Streamlit.
        script: What is run.
        variables: Environment variables.
    """
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.headless=true"]
    command += ["--server.address=127.0.0.1", f"--server.port={port}", *options]
    with _serve(command, home, port, "/_stcore/health", **variables) as address:
        yield address


@contextlib.contextmanager
def started(home: Path, *before: str) -> Iterator[str]:
    """Serve as ``streamlit`` does, started by a command that gets Streamlit's arguments."""
    port = free_port()
    command = [*before, "run", "app.py", "--server.headless=true"]
    command += ["--server.address=127.0.0.1", f"--server.port={port}"]
    with _serve(command, home, port, "/_stcore/health") as address:
        yield address


@contextlib.contextmanager
def dashboard(home: Path, folder: Path) -> Iterator[str]:
    """Serve with ``python -m cryptoforecast app`` from a folder; give the address."""
    port = free_port()
    command = [sys.executable, "-m", "cryptoforecast", "app", f"--port={port}", "--host=127.0.0.1"]
    with _serve(command, home, port, "/_stcore/health", folder) as address:
        yield address


@contextlib.contextmanager
def uvicorn(home: Path) -> Iterator[str]:
    """Serve with ``uvicorn app:app``; give the address once it answers."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "app:app", "--host=127.0.0.1", f"--port={port}"]
    with _serve(command, home, port, "/api/v1/health/live") as address:
        yield address


@contextlib.contextmanager
def alone(home: Path, *options: str, **variables: str) -> Iterator[str]:
    """Serve the API by itself with ``python -m cryptoforecast serve``; give the address."""
    port = free_port()
    command = [sys.executable, "-m", "cryptoforecast", "serve", f"--port={port}", *options]
    with _serve(command, home, port, "/api/v1/health/live", **variables) as address:
        yield address


@contextlib.contextmanager
def _serve(
    command: list[str], home: Path, port: int, path: str, folder: Path = ROOT, **variables: str
) -> Iterator[str]:
    environment = {
        **os.environ,
        "CRYPTOFORECAST_HOME": str(home),
        "CRYPTOFORECAST_LIVE": "0",
        "PYTHONPATH": str(ROOT),
        **variables,
    }
    address = f"http://127.0.0.1:{port}"
    log = home / "server.log"
    home.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            wait(process, address + path, log)
            yield address
        finally:
            process.terminate()
            process.wait(20)


def wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Wait until a server answers.

    Raises:
        RuntimeError: If it ends before, or does not answer in time.
    """
    until = time.monotonic() + 90
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        with contextlib.suppress(httpx2.HTTPError):
            if httpx2.get(url, timeout=2).status_code == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"The server did not start:\n{log.read_text(errors='replace')[-2000:]}")
