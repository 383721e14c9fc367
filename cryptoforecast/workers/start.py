"""Chooses an engine: processes of this machine, a Dask cluster, or this process itself."""

from __future__ import annotations

import importlib.util

from cryptoforecast.errors import InvalidInput
from cryptoforecast.workers.engine import Engine, Here
from cryptoforecast.workers.local import Processes, check_count


def check(workers: int | None, scheduler: str | None) -> None:
    """Refuse workers that can't be had, before anything else is done.

    Args:
        workers: Processes of this machine.
        scheduler: Address of a Dask scheduler.

    Raises:
        InvalidInput: If both are given, the number is outside the rules, the address is none, or
            Dask is not installed.
    """
    if workers is not None and scheduler is not None:
        raise InvalidInput(
            "Work is done by `workers` of this machine or by those of a `scheduler`. Received: "
            "both. Leave one out."
        )
    if workers is not None:
        check_count(workers)
    if scheduler is None:
        return
    kind, _, host = scheduler.partition("://")
    if kind not in ("tcp", "tls", "ws", "wss") or not host:
        raise InvalidInput(
            "`scheduler` must be the address of a Dask scheduler, such as tcp://host:8786. "
            f"Received: {scheduler!r:.80}."
        )
    if importlib.util.find_spec("distributed") is None:
        raise InvalidInput(
            "Workers of a scheduler need Dask, which is not installed. Install it with "
            '`pip install "cryptoforecast[cluster]"`, or use `workers` of this machine.'
        )


def open_engine(workers: int | None = None, scheduler: str | None = None) -> Engine:
    """Return an engine, which the caller has to close.

    Args:
        workers: Processes of this machine, each with one thread.
        scheduler: Address of a Dask scheduler, in place of ``workers``. With neither, this process
            does the work.

    Raises:
        InvalidInput: See ``check``.
        CryptoForecastError: If the scheduler has no workers, or they run other code.
    """
    check(workers, scheduler)
    if scheduler is not None:
        from cryptoforecast.workers.cluster import Cluster

        return Cluster(scheduler)
    return Here() if workers is None else Processes(workers)
