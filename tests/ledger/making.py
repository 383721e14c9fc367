"""Ledgers of the tests: forecasts of a random walk, and the candles that came."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd
import sqlalchemy as sa

from cryptoforecast.ledger import grading
from cryptoforecast.ledger.database import Database
from cryptoforecast.ledger.store import Ledger
from cryptoforecast.types import QUANTILES, PriceHistory
from cryptoforecast.types.ledger import LedgerForecast, LedgerOutcome, SeriesName
from tests import synthetic

HISTORY = synthetic.history(400, seed=3, source="kraken")
SERIES = SeriesName("global-1h-lstm", "stack", "BTC", "USD", "1h", False, 3)
HOUR = pd.Timedelta(hours=1)
#: What was opened in a test.
DATABASES: list[Database] = []
_NORMAL = np.array([-1.96, -1.645, -1.282, -0.674, 0, 0.674, 1.282, 1.645, 1.96])
assert len(_NORMAL) == len(QUANTILES)


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: pd.Timestamp) -> None:
        self.now = now

    def __call__(self) -> pd.Timestamp:
        return self.now


def forecast(row: int = 100, *, shift: float = 0.001, **changes: object) -> LedgerForecast:
    """A forecast from a row of ``HISTORY``; its series may be changed by ``series``."""
    series = changes.pop("series", SERIES)
    close = float(HISTORY.candles["close"].iloc[row])
    spread = 0.01 * np.sqrt(np.arange(1, series.horizon + 1))[:, None] * _NORMAL
    values = {
        "series": series,
        "made_at": HISTORY.candles.index[row] + HOUR,
        "version": "sha256:00",
        "fingerprint": "0123456789abcdef",
        "source": HISTORY.source,
        "origin": HISTORY.candles.index[row],
        "last_close": close,
        "quantiles": close * np.exp(spread + shift),
        "naive": close * np.exp(1.1 * spread),
        "cone": close * np.exp(0.9 * spread),
    }
    return LedgerForecast(**{**values, **changes})


def outcome(
    position: int, forecast_: LedgerForecast, history: PriceHistory | None = HISTORY
) -> LedgerOutcome:
    """The outcome of a forecast as soon as it is due."""
    result = grading.grade(position, forecast_, history, forecast_.due_at)
    assert result is not None
    return result


def fill(ledger: Ledger, clock: Clock, count: int, first: int = 100) -> list[int]:
    """Record forecasts of two models from so many rows, and grade what is due in between."""
    other = dataclasses.replace(SERIES, model="btc-1h-dense", horizon=2)
    waiting: list[tuple[int, LedgerForecast]] = []
    positions = []
    for row in range(first, first + count):
        new = [forecast(row), forecast(row, shift=-0.002, series=other)]
        clock.now = new[0].known_at + pd.Timedelta(minutes=1)
        due = [one for one in waiting if one[1].due_at <= clock.now]
        waiting = [one for one in waiting if one[1].due_at > clock.now]
        if due:
            positions += ledger.grade([outcome(*one) for one in due])
        entries = ledger.record(new)
        positions += entries
        waiting += zip(entries, new, strict=True)
    return positions


def opened(url: str, row: int = 100) -> tuple[Ledger, Database, Clock]:
    """A ledger, its database, and its clock a minute after a candle of ``HISTORY``."""
    clock = Clock(HISTORY.candles.index[row] + HOUR + pd.Timedelta(minutes=1))
    opened = database(url)
    return Ledger(opened, clock), opened, clock


def database(url: str) -> Database:
    """A database that is closed after the test."""
    DATABASES.append(Database(url))
    return DATABASES[-1]


@contextlib.contextmanager
def locked(url: str) -> Iterator[None]:
    """Let nobody write, whatever locks the ledger itself uses."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    lock = ("BEGIN IMMEDIATE",) if url.startswith("sqlite") else ("BEGIN", "LOCK TABLE waiting")
    with engine.connect() as connection:
        for statement in lock:
            connection.exec_driver_sql(statement)
        yield
        connection.exec_driver_sql("ROLLBACK")
    engine.dispose()
