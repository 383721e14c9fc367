"""The server of the API by itself, without Streamlit: what ``cryptoforecast serve`` runs.

Each worker is a process that answers requests. One more process trains, where that is allowed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from cryptoforecast.api import counts
from cryptoforecast.api.exchange import ACCESS, Exchange
from cryptoforecast.api.options import Options
from cryptoforecast.errors import InvalidInput
from cryptoforecast.server import log, log_limit, preload, process, sockets
from cryptoforecast.server.connections import MAX_CONNECTIONS, Connections
from cryptoforecast.server.guard import Guard
from cryptoforecast.server.requests import Rules

#: Variable that names the folder of the metrics of all workers; their counts of requests lie there
#: too.
METRICS = "PROMETHEUS_MULTIPROC_DIR"
#: Seconds before another process trains in place of one that has died.
RESTART = 1.0
#: Files that a worker may have open beside its connections.
OTHER_FILES = 100
#: Headers that pages of other sites may set in a request, and read in an answer.
REQUEST_HEADERS = ("Authorization", "Content-Type", "If-None-Match", "X-Request-ID")
ANSWER_HEADERS = ("ETag", "Location", "Retry-After", "X-Request-ID")


def create() -> ASGIApp:
    """Build what one worker serves, from the environment."""
    from cryptoforecast.api import metrics, rest

    process.set_up()
    log.set_up()
    settings, options = preload.read_settings(), Options.from_environment()
    app = _with_cors(rest.create(preload.service(), options, _lifespan), options)
    rules = Rules(settings.hosts, lambda name: _option(options, name))
    _log_access()
    return Exchange(Guard(app, rules), metrics.observe)


def _with_cors(app: ASGIApp, options: Options) -> ASGIApp:
    if not options.origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=options.origins,
        allow_methods=("GET", "HEAD", "POST", "DELETE"),
        allow_headers=REQUEST_HEADERS,
        expose_headers=ANSWER_HEADERS,
        max_age=3600,
    )


def _option(options: Options, name: str) -> Any:
    """Return an option that ``Rules`` reads; in the app, Streamlit has these options."""
    if name == "server.corsAllowedOrigins":
        return options.origins
    return name == "server.enableCORS" and options.origins != ("*",)


@asynccontextmanager
async def _lifespan(_: object) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    connections = Connections(min(MAX_CONNECTIONS, process.max_open_files() - OTHER_FILES))
    sockets.watch(loop, connections)
    log_limit.limit()
    task = loop.create_task(connections.watch())
    yield
    task.cancel()


def _log_access() -> None:
    """Write the lines of the access log to the standard error."""
    logger = logging.getLogger(ACCESS)
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False


class _Trainer:
    """The process that trains; if it dies, as when memory runs out, another takes its place."""

    def __init__(self) -> None:
        self._ending = threading.Event()
        self._process = self._started()
        self._thread = threading.Thread(target=self._replace, name="trainer", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End the process."""
        self._ending.set()
        self._process.terminate()
        self._thread.join()

    def _replace(self) -> None:
        while True:
            status = self._process.wait()
            if self._ending.wait(RESTART):
                return
            sys.stderr.write(
                f"The process that trains ended with status {status}. Another starts.\n"
            )
            self._process = self._started()
            if self._ending.is_set():
                self._process.terminate()

    @staticmethod
    def _started() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "cryptoforecast.server.trainer", str(os.getpid())]
        path = os.pathsep.join(sys.path)
        return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path})


def _check_address(host: str, port: int) -> None:
    """Refuse an address that can't be listened on, before a process is started.

    Raises:
        InvalidInput: If it is taken, or is no address of this computer.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:
        raise InvalidInput(
            "The address to listen on must be free, and one of this computer. Received: "
            f"{host}:{port} ({error.strerror}). Choose another --port or --host."
        ) from error


def main(host: str, port: int, workers: int) -> None:
    """Serve until stopped.

    Args:
        host: The address to listen on.
        port: The port to listen on.
        workers: Processes that answer.
    """
    import uvicorn

    preload.read_settings()
    try:
        options = Options.from_environment()
        _check_address(host, port)
    except InvalidInput as error:  # before a worker starts
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
    sys.stderr.write(f"The API is at http://{host}:{port}/api/v1/docs. Ctrl-C ends it.\n")
    # One worker would end at once, and leave the folder behind: uvicorn raises the signal again.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    folder = Path(tempfile.mkdtemp(prefix="cryptoforecast-workers-"))
    os.environ[METRICS] = str(folder)
    if workers > 1:
        counts.SharedCounts(folder / "requests.sqlite")  # made once, before the workers start
        os.environ[counts.FILE] = str(folder / "requests.sqlite")
    trainer = _Trainer() if options.training else None
    try:
        uvicorn.run(
            f"{__name__}:create"
            if __name__ != "__main__"
            else "cryptoforecast.server.alone:create",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    finally:
        if trainer is not None:
            trainer.end()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
