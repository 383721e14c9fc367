"""How fast forecasts are recorded, and how fast the page's questions are answered among a million.

    python -m benchmarks.ledger [--million 1000000]

The first part records 10,000 forecasts of 24 steps through the ledger, 100 in a call, each call
written to disk, and verifies them. The second part fills the tables of a ledger directly with a
million graded forecasts of 100 series, and asks what the Ledger page asks.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import sqlalchemy as sa

from cryptoforecast.ledger import evidence, reading, rows, sums, tables, verification
from cryptoforecast.ledger.database import Database
from cryptoforecast.ledger.store import Ledger
from cryptoforecast.types.ledger import LedgerForecast, SeriesName

RECORDED, CALL, SERIES, WEEKS = 10_000, 100, 100, 60
_START = pd.Timestamp("2026-01-01", tz="UTC")
_HOUR = pd.Timedelta(hours=1)


def main() -> None:
    """Print both parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--million", type=int, default=1_000_000)
    count = parser.parse_args().million
    with tempfile.TemporaryDirectory() as folder:
        _record(f"sqlite:///{Path(folder, 'first.sqlite')}")
        database = Database(f"sqlite:///{Path(folder, 'second.sqlite')}")
        _fill(database, count)
        _ask(database, count)
        database.close()


def _record(url: str) -> None:
    now = _START
    database = Database(url)
    ledger = Ledger(database, lambda: now)
    ledger.head()
    seconds = computing = 0.0
    for hour in range(RECORDED // CALL):
        forecasts = [_forecast(name, hour, 24) for name in range(CALL)]
        now = forecasts[0].known_at + pd.Timedelta(minutes=1)
        begin, worked = time.perf_counter(), time.process_time()
        ledger.record(forecasts)
        seconds += time.perf_counter() - begin
        computing += time.process_time() - worked
    print(
        f"recorded {RECORDED:,} forecasts of 24 steps in {seconds:.1f} s, of which the processor "
        f"worked {computing:.1f} s"
    )
    begin = time.perf_counter()
    with database.reading() as connection:
        intact = verification.verify(connection).intact
    print(f"verified them in {time.perf_counter() - begin:.1f} s, intact: {intact}")
    database.close()


def _forecast(number: int, hour: int, horizon: int) -> LedgerForecast:
    steps = np.arange(1, horizon + 1)[:, None]
    prices = 60_000 * np.exp(np.linspace(-0.02, 0.02, 9) * np.sqrt(steps))
    return LedgerForecast(
        series=SeriesName(f"model-{number}", "stack", "BTC", "USD", "1h", False, horizon),
        made_at=_START,
        version="sha256:" + 64 * "0",
        fingerprint=16 * "0",
        source="coinbase",
        origin=_START + hour * _HOUR,
        last_close=60_000.0,
        quantiles=prices,
        naive=1.01 * prices,
        cone=0.99 * prices,
    )


def _fill(database: Database, count: int) -> None:
    """Write rows as the ledger would, without their hashes."""
    each = count // SERIES
    outcome = '{"actual":[60000.0],"inside_50":[1],"inside_80":[1],"inside_95":[1],"pinball":[1.0],'
    outcome += '"pinball_naive":[1.0],"pinball_cone":[1.0],"transform":[0.5]}'
    figures = sums.text(np.ones((24, len(sums.FIGURES))))
    with database.writing() as connection:
        for number in range(SERIES):
            name = _forecast(number, 0, 1).series
            forecast = rows.of_forecast(_forecast(number, 0, 1))
            first = 2 * number * each
            entries = [
                {**forecast, "position": first + 2 * hour + 1,
                 "origin": rows.time_text(_START + hour * _HOUR)}
                for hour in range(each)
            ]  # fmt: skip
            graded = [
                {"position": first + 2 * hour + 2, "forecast": first + 2 * hour + 1,
                 "graded_at": forecast["due_at"], "state": "graded", "reason": "",
                 "fingerprint": "", "steps": outcome}
                for hour in range(each)
            ]  # fmt: skip
            links = [
                {"position": first + place + 1, "kind": "forecast", "previous": "", "hash": ""}
                for place in range(2 * each)
            ]
            connection.execute(sa.insert(tables.forecasts), entries)
            connection.execute(sa.insert(tables.outcomes), graded)
            connection.execute(sa.insert(tables.chain), links)
            connection.execute(
                sa.insert(tables.series),
                {**rows.of_series(name), "recorded": each, "settled": each, "source_gone": 0,
                 "candle_revised": 0, "evidence": sums.text(evidence.empty(24))},
            )  # fmt: skip
            weeks = [
                {"series": number + 1, "week": f"{_START + week * 7 * 24 * _HOUR:%Y-%m-%d}",
                 "figures": figures}
                for week in range(WEEKS)
            ]  # fmt: skip
            connection.execute(sa.insert(tables.tallies), weeks)


def _ask(database: Database, count: int) -> None:
    """Ask what the page asks, and print the median of some rounds."""
    with database.reading() as connection:
        name = reading.series(connection)[SERIES // 2].name
    questions: dict[str, Callable[[sa.Connection], object]] = {
        "series": reading.series,
        "record": lambda connection: reading.record(connection, name, 1),
        "newest 44": lambda connection: reading.entries(connection, name, 44),
        "due": lambda connection: reading.due(connection, _START, 100),
    }
    spent: dict[str, list[float]] = {each: [] for each in questions}
    for _ in range(9):
        for each, question in questions.items():
            begin = time.perf_counter()
            with database.reading() as connection:
                question(connection)
            spent[each].append(1000 * (time.perf_counter() - begin))
    medians = {each: statistics.median(times) for each, times in spent.items()}
    parts = ", ".join(f"{each} {median:.0f} ms" for each, median in medians.items())
    print(f"among {count:,} forecasts: {parts}; all {sum(medians.values()):.0f} ms")


if __name__ == "__main__":
    main()
