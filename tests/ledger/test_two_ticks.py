"""Two processes tick at the same moment: each forecast is recorded once and graded once."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cryptoforecast.ledger import reading, verification
from tests.ledger import making

pytestmark = pytest.mark.slow
DUE = 30
TICK = [
    sys.executable, "-m", "cryptoforecast", "tick", "--models", "naive,cone", "--coins", "BTC,ETH",
    "--intervals", "1d", "--prices", "any", "--json",
]  # fmt: skip


def _uses(process: subprocess.Popen[str], url: str) -> bool:
    """Return whether a process has opened the database, or has ended."""
    open_files = Path(f"/proc/{process.pid}/fd")
    if process.poll() is not None or not open_files.exists():
        return True
    names = []
    for file in open_files.iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            names.append(str(file.readlink()))
    mark = url.removeprefix("sqlite:///") if url.startswith("sqlite") else "socket:"
    return any(name.startswith(mark) for name in names)


def test_two_ticks_record_and_grade_everything_once(url, home):
    ledger, database, clock = making.opened(url)
    series = dataclasses.replace(making.SERIES, simulated=True)  # no source confirms the time
    for row in range(100, 100 + DUE):  # practice, of other prices: they become void
        made = making.forecast(row, series=series, source="simulated")
        clock.now = made.known_at
        ledger.record([made])
    environment = {
        **os.environ, "CRYPTOFORECAST_LEDGER": url, "CRYPTOFORECAST_HOME": str(home),
        "CRYPTOFORECAST_LIVE": "0",
    }  # fmt: skip
    with making.locked(url):  # both begin before either may write
        processes = [
            subprocess.Popen(TICK, env=environment, stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        until = time.monotonic() + 50
        while time.monotonic() < until and not all(_uses(each, url) for each in processes):
            time.sleep(0.1)
        time.sleep(0.5)
    results = [json.loads(process.communicate(timeout=120)[0]) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert [result["failures"] for result in results] == [{}, {}]
    assert sum(result["grades"]["void"] for result in results) == DUE
    attempts = [attempt for result in results for attempt in result["forecasts"]]
    positions = [each["position"] for each in attempts if each["state"] == "recorded"]
    assert {each["state"] for each in attempts} == {"recorded", "there already"}
    assert len(set(positions)) == len(positions) >= 4
    with database.reading() as connection:
        verified = verification.verify(connection)
        newest = reading.entries(connection, None, len(positions))
    assert verified.intact, verified.problems
    assert (verified.forecasts, verified.outcomes) == (DUE + len(positions), DUE)
    assert sorted(positions) == sorted(entry.position for entry in newest)
