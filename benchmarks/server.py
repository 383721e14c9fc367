"""The real app in a process of its own, offline and from an empty home, for benchmarks."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptoforecast.settings import ROOT

#: Seconds a server may take to answer for the first time.
PATIENCE = 120


@dataclass(frozen=True)
class Server:
    """A server that answers.

    Attributes:
        pid: Number of its process.
        port: Its port on 127.0.0.1.
        seconds: Seconds from the start of its process to its first answer.
        log: File of what it prints.
    """

    pid: int
    port: int
    seconds: float
    log: Path

    @property
    def url(self) -> str:
        """Where its pages are."""
        return f"http://127.0.0.1:{self.port}"

    def megabytes(self) -> float:
        """Return the resident memory now, megabytes.

        Raises:
            OSError: If there is no ``/proc``.
        """
        return _status(self.pid, "VmRSS")

    def cpu(self) -> float:
        """Return the seconds of processor time so far; see ``megabytes``."""
        words = (
            Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        )
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def threads(self) -> int:
        """Count the threads now; see ``megabytes``."""
        return len(list(Path(f"/proc/{self.pid}/task").iterdir()))

    def descriptors(self) -> int:
        """Count the open files and sockets now; see ``megabytes``."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def log_bytes(self) -> int:
        """Return the bytes that it has written to its log; see ``megabytes``."""
        return Path(f"/proc/{self.pid}/fd/1").stat().st_size

    def peak(self) -> float:
        """Return the most resident memory so far, megabytes; see ``megabytes``."""
        return _status(self.pid, "VmHWM")


@contextlib.contextmanager
def app(*options: str, home: Path | None = None) -> Iterator[Server]:
    """Serve with ``streamlit run app.py``; see ``serve``."""
    words = ["streamlit", "run", "app.py", *options]
    with serve(words, "--server.port={}", home=home) as server:
        yield server


@contextlib.contextmanager
def serve(
    words: Sequence[str],
    port_option: str,
    path: str = "/",
    folder: Path = ROOT,
    home: Path | None = None,
    before: Sequence[str] = (),
) -> Iterator[Server]:
    """Run ``python -m WORDS`` until it answers, then give it; stop it at the end.

    Args:
        words: Module and arguments.
        port_option: The option for its port, with ``{}`` in place of the number.
        path: What has to be answered with 200.
        folder: Where it runs; Streamlit takes its settings from there.
        home: Where it writes; by default an empty folder that is deleted at the end.
        before: A command that starts the process and then becomes it.

    Raises:
        SystemExit: If it ends or stays silent; shows the end of its output.
    """
    port = _free_port()
    command = [*before, sys.executable, "-m", *words, port_option.format(port)]
    with tempfile.TemporaryDirectory() as own, tempfile.NamedTemporaryFile() as log:
        environment = {
            **os.environ,
            "CRYPTOFORECAST_HOME": str(home or own),
            "CRYPTOFORECAST_LIVE": "0",
            "PYTHONDONTWRITEBYTECODE": "",  # as on anyone's machine, from the second start on
            "STREAMLIT_SERVER_HEADLESS": "true",
            "STREAMLIT_SERVER_ADDRESS": "127.0.0.1",
            "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
        }
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            while not _answers(port, path):
                if process.poll() is not None or time.perf_counter() - began > PATIENCE:
                    log.seek(0)
                    output = log.read().decode(errors="replace")[-2000:]
                    sys.exit(f"{' '.join(command)} does not answer:\n{output}")
                time.sleep(0.01)
            yield Server(process.pid, port, time.perf_counter() - began, Path(log.name))
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _status(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise OSError(f"/proc/{pid}/status has no {field}.")
