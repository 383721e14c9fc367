"""Requests for ``POST /predict``, over plain sockets so that the client costs little.

    python -m benchmarks.load PORT flood SECONDS CONNECTIONS
    python -m benchmarks.load PORT pace SECONDS RATE

*Flood*: so many keep-alive connections, each asking again as soon as it has its answer.
*Pace*: so many requests a second, each sent when it is due whether or not others are answered; a
latency counts from the moment it was due. Prints one JSON object: requests a second, or the
latencies' percentiles in milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time

import numpy as np

_BODY = json.dumps({"prices": [61_000 + 25.5 * (7 * i % 11) for i in range(60)]}).encode()
_REQUEST = (
    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: " + str(len(_BODY)).encode() + b"\r\n\r\n" + _BODY
)
#: Seconds before anything counts.
_WARM_UP = 2.0


class _Connection:
    """One keep-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> _Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self) -> None:
        """Send one request and read its answer.

        Raises:
            RuntimeError: If the answer is no prediction.
        """
        self._writer.write(_REQUEST)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        body = await self._reader.readexactly(length)
        if b" 200 " not in head[:16] or b"predicted_next_hour_price" not in body:
            raise RuntimeError(f"No prediction arrived: {head[:40]!r} {body[:200]!r}.")


async def flood(port: int, seconds: float, connections: int) -> dict[str, float]:
    """Keep every connection busy; count the answers after the warm-up."""
    begin = time.perf_counter() + _WARM_UP
    end = begin + seconds

    async def one() -> int:
        connection, answered = await _Connection.open(port), 0
        while (now := time.perf_counter()) < end:
            await connection.ask()
            answered += now >= begin
        return answered

    counts = await asyncio.gather(*(one() for _ in range(connections)))
    rate = sum(counts) / (time.perf_counter() - begin)
    return {"requests_per_second": rate, "warm_up": _WARM_UP}


async def pace(port: int, seconds: float, rate: float) -> dict[str, float]:
    """Send each request when it is due, on a connection that is free."""
    free = [await _Connection.open(port)]
    taken: list[float] = []
    begin = time.perf_counter() + 0.1

    async def one(due: float) -> None:
        connection = free.pop() if free else await _Connection.open(port)
        try:
            await connection.ask()
        except (asyncio.IncompleteReadError, ConnectionError):  # closed while nobody used it
            connection = await _Connection.open(port)
            await connection.ask()
        if due >= begin + _WARM_UP:
            taken.append(1e3 * (time.perf_counter() - due))
        free.append(connection)

    tasks = []
    for i in range(round((seconds + _WARM_UP) * rate)):
        due = begin + i / rate
        await asyncio.sleep(due - time.perf_counter())
        tasks.append(asyncio.create_task(one(due)))
    await asyncio.gather(*tasks)
    p50, p99 = np.percentile(taken, [50, 99])
    return {"p50": float(p50), "p99": float(p99), "worst": max(taken), "requests": len(taken)}


def main() -> None:
    """Ask, and print what was measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("how", choices=["flood", "pace"])
    parser.add_argument("seconds", type=float)
    parser.add_argument("many", type=int, help="connections, or requests a second")
    args = parser.parse_args()
    how = flood if args.how == "flood" else pace
    print(json.dumps(asyncio.run(how(args.port, args.seconds, args.many))))


if __name__ == "__main__":
    main()
