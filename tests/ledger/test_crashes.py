"""Several processes write at once, and processes are killed: nothing is lost, doubled or halved."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import select
import signal
import time

import numpy as np
import pytest

from cryptoforecast.ledger import reading, verification
from tests.ledger import making

pytestmark = pytest.mark.slow
FORK = multiprocessing.get_context("fork")


def _write(url: str, name: str, pipe: int, count: int) -> None:
    """Record two forecasts a call in a process of its own; tell each position once written."""
    ledger, database, _ = making.opened(url)
    series = dataclasses.replace(making.SERIES, model=name)
    for number in range(count):
        forecast = making.forecast(series=dataclasses.replace(series, coin=f"C{number}"))
        positions = ledger.record([forecast, making.forecast(series=dataclasses.replace(
            series, coin=f"D{number}"))])  # fmt: skip
        os.write(pipe, "".join(f"{position}\n" for position in positions).encode())
    database.close()


def _grade(url: str, name: str, pipe: int, count: int) -> None:
    """Grade two forecasts a call, as ``_write`` records them."""
    ledger, database, clock = making.opened(url)
    clock.now = making.forecast().due_at
    for _ in range(count):
        with database.reading() as connection:
            due = reading.due(connection, clock.now, 2)
        outcomes = [making.outcome(entry.position, entry.forecast) for entry in due]
        positions = ledger.grade(outcomes)
        os.write(pipe, "".join(f"{position}\n" for position in positions).encode())


def _started(url: str, name: str, count: int, target=_write):
    reader, writer = os.pipe()
    process = FORK.Process(target=target, args=(url, name, writer, count))
    process.start()
    os.close(writer)
    return process, reader


def _numbers(reader: int) -> list[int]:
    with os.fdopen(reader, "rb") as stream:
        return [int(line) for line in stream.read().split()]


def test_two_processes_write_at_once(url):
    """The first one also makes the tables, while the other does."""
    started = [_started(url, name, 25) for name in ("one", "two")]
    numbers = [_numbers(reader) for _, reader in started]
    for process, _ in started:
        process.join()
        assert process.exitcode == 0
    assert sorted(numbers[0] + numbers[1]) == list(range(1, 101))
    _, database, _ = making.opened(url)
    with database.reading() as connection:
        result = verification.verify(connection)
    assert result.intact, result.problems
    assert result.forecasts == 100


def test_a_process_that_is_killed_leaves_whole_entries(url):
    """Killed at 50 random moments; what it said it had written is there, and nothing is half."""
    rng = np.random.default_rng(7)
    ledger, database, _ = making.opened(url)
    ledger.head()
    database.close()
    numbers: list[int] = []
    turns = 25 if url.startswith("sqlite") else 8
    for turn in range(2 * turns):
        target = _write if turn < turns else _grade
        process, reader = _started(url, f"model-{turn}", 10_000, target)
        if turn % 2:  # half of them are killed while they write, the others any time before
            select.select([reader], [], [], 30)
        time.sleep(rng.uniform(0, 0.04))
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        numbers += _numbers(reader)
    _, database, _ = making.opened(url)
    with database.reading() as connection:
        result = verification.verify(connection)
    assert result.intact, result.problems
    assert result.outcomes > turns // 2
    assert len(set(numbers)) == len(numbers) >= 2 * turns - 2
    assert max(numbers) <= result.head.position
    # Each call writes two entries, or none; the last of each process may not have been told.
    assert result.forecasts % 2 == 0
    assert result.head.position - len(numbers) <= 2 * 2 * turns
