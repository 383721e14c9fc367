"""Fifty requests a second for a minute, to the API by itself, while it trains a network.

    python -m benchmarks.api_load [--rate 50] [--seconds 60] [--workers 1]

Each request is sent when it is due, whether or not others are answered; its latency counts from
then. They go round the routes of ``ROUTES``. Prints one JSON object: answers by status, failures,
and the latencies' percentiles in milliseconds, before the training and beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import numpy as np

KEY = "a-key-0123456789"
_CLOSES = json.dumps({"prices": [61_000 + 25.5 * (7 * i % 11) for i in range(60)]}).encode()
#: Method, path and body of the requests.
ROUTES = (
    ("GET", "/api/v1/models/global-1h-lstm/forecast?coin=BTC&above=60000", b""),
    ("GET", "/api/v1/models/har/forecast?coin=ETH", b""),
    ("POST", "/predict", _CLOSES),
    ("GET", "/api/v1/models/global-1h-lstm", b""),
    ("GET", "/api/v1/coins", b""),
)


def main() -> None:
    """Serve, ask, train, ask again, and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as home:
        environ = os.environ | {"CRYPTOFORECAST_HOME": home, "CRYPTOFORECAST_LIVE": "0"}
        command = [sys.executable, "-m", "cryptoforecast", "serve", f"--port={port}",
                   f"--workers={args.workers}", "--allow-training", f"--key={KEY}"]  # fmt: skip
        server = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
        try:
            print(json.dumps(_measure(port, args.rate, args.seconds, args.workers), indent=1))
        finally:
            server.terminate()
            server.wait(30)


def _measure(port: int, rate: float, seconds: float, workers: int) -> dict[str, Any]:
    _wait(port)
    # What each worker computes once is there from now on: any of them may take a connection.
    for method, path, body in ROUTES * (1 if workers == 1 else 6 * workers):
        _ask(port, method, path, body)
    before = asyncio.run(_pace(port, rate, seconds / 4))
    settings = {"network": "lstm", "epochs": 200, "horizon": 24}
    body = json.dumps({"settings": settings}).encode()
    job = json.loads(_ask(port, "POST", "/api/v1/trainings", body))["links"]["self"]
    while (state := json.loads(_ask(port, "GET", job)))["progress"] is None:
        time.sleep(0.5)
        if state["state"] not in ("queued", "running"):
            raise RuntimeError(f"The training ended early: {state}")
    beside = asyncio.run(_pace(port, rate, seconds))
    after = json.loads(_ask(port, "GET", job))
    trained = {"state": after["state"], "done": after["progress"]["done"]}
    return {"idle": before, "beside a training": beside, "training at the end": trained}


async def _pace(port: int, rate: float, seconds: float) -> dict[str, Any]:
    """Send requests when they are due."""
    statuses: Counter[str] = Counter()
    latencies: list[float] = []

    async def one(number: int, due: float) -> None:
        method, path, body = ROUTES[number % len(ROUTES)]
        try:
            status = await asyncio.wait_for(_exchange(port, method, path, body), 30)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            status = type(error).__name__
        statuses[status] += 1
        latencies.append(1000 * (time.perf_counter() - due))

    start, tasks = time.perf_counter() + 0.1, []
    for number in range(int(rate * seconds)):
        due = start + number / rate
        await asyncio.sleep(max(0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(number, due)))
    await asyncio.gather(*tasks)
    shares = {f"p{q}": round(float(np.percentile(latencies, q)), 1) for q in (50, 95, 99, 100)}
    return {"requests": sum(statuses.values()), "answers": dict(statuses), "ms": shares}


async def _exchange(port: int, method: str, path: str, body: bytes) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(_head(method, path, body) + body)
        answer = await reader.read()
        return answer.split(b" ", 2)[1].decode() if answer else "empty"
    finally:
        writer.close()


def _head(method: str, path: str, body: bytes) -> bytes:
    lines = (
        f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {KEY}",
        "Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close",
    )  # fmt: skip
    return "\r\n".join((*lines, "", "")).encode()


def _ask(port: int, method: str, path: str, body: bytes = b"") -> bytes:
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    request = Request(f"http://127.0.0.1:{port}{path}", body or None, headers, method=method)
    with urlopen(request, timeout=120) as answer:
        content: bytes = answer.read()
    return content


def _wait(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            _ask(port, "GET", "/api/v1/health/live")
        except URLError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("The server did not start.")


if __name__ == "__main__":
    main()
