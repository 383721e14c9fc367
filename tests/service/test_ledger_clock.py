"""A clock that runs ahead: nothing is recorded, graded or made void by it."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import time
from email.utils import formatdate

import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.ledger import grading
from cryptoforecast.ledger.store import Ledger
from cryptoforecast.service import AlarmService, LedgerService, PriceService, Service
from cryptoforecast.settings import Settings
from cryptoforecast.types.alarms import SOURCE, AlarmRule
from cryptoforecast.types.ledger import SOURCE_GONE
from tests.ledger import making
from tests.prices.live import shifted_clock
from tests.prices.live.exchange_server import Bucket, ExchangeServer
from tests.service.test_ledger import HOUR, sixty_hours_ago

AHEAD = "must not be ahead of that of market. Received: one that is ahead by 10 days"

CHILD = """
import ctypes, json, sys
from pathlib import Path
from cryptoforecast.prices.live.coinbase import Coinbase
from cryptoforecast.service import LedgerService, PriceService, Service, ticks
from cryptoforecast.settings import Settings

shim, home, url = sys.argv[1:]
clock = ctypes.CDLL(shim)
answers = []
for offset in (0, 10 * 86_400, 40 * 60, 0):
    clock.set_offset(offset)
    settings = Settings(Path(home), fresh=0, retry=0, deadline=60)
    service = Service(settings)
    prices = PriceService(settings, [Coinbase(url, per_second=500)])
    service.ledger = LedgerService(
        settings, prices, service.signals, service.saved_models, service.forecasts,
        service.outlooks
    )
    tick = ticks.tick(service, ticks.Selection(["naive"], ["BTC"]))
    answers.append({
        "failures": {name: str(error) for name, error in tick.failures.items()},
        "states": [attempt.state for attempt in tick.attempts],
        "head": service.ledger.head().hash, "intact": service.ledger.verify().intact,
        "entries": [entry.state for entry in service.ledger.entries()],
    })
    service.ledger.close()
print(json.dumps(answers))
"""


@pytest.fixture
def market():
    return sixty_hours_ago()


@pytest.fixture
def service(home, market):
    settings = Settings(home=home, fresh=0, retry=0, pause=0)
    service = Service(settings)
    prices = PriceService(settings, [market])
    service.ledger = LedgerService(
        settings, prices, service.signals, service.saved_models, service.forecasts,
        service.outlooks,
        lambda: market.now + market.ahead,
    )  # fmt: skip
    service.alarms = AlarmService(
        settings, prices, service.anomalies, service.ledger, service.outlooks,
        lambda: market.now + market.ahead,
    )  # fmt: skip
    return service


def test_a_machine_whose_clock_is_set_ahead_and_back_loses_nothing(home, tmp_path):
    """A process whose clock really runs ahead; ten days later everything seems due and late."""
    with ExchangeServer.running() as exchange:
        exchange.coinbase_bucket = Bucket(1000, 1000)  # no rate limit here
        exchange.headers["Date"] = formatdate(time.time(), usegmt=True)
        shim = shifted_clock.built(tmp_path)
        run = subprocess.run(
            [sys.executable, "-c", CHILD, str(shim), str(home), exchange.url],
            env={**shifted_clock.environment(shim), "CRYPTOFORECAST_LIVE": "1"},
            capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip
    assert run.returncode == 0, run.stderr
    right, ten_days, minutes, again = json.loads(run.stdout)
    assert (right["failures"], right["states"]) == ({}, ["recorded"])
    assert "ahead by 10 days" in ten_days["failures"]["grade"]
    assert "ahead by 10 days" in ten_days["failures"]["record"]
    assert "ahead by 40 minutes" in minutes["failures"]["record"]
    assert (again["failures"], again["states"]) == ({}, ["there already"])
    for answer in (right, ten_days, minutes, again):
        assert (answer["head"], answer["intact"]) == (right["head"], True)
        assert answer["entries"] == ["open"]


def test_a_clock_that_jumps_ahead_makes_no_forecast_void(service, market):
    ledger = service.ledger
    ledger.record(["naive"], ["BTC"])
    head = ledger.head()
    market.ahead = pd.Timedelta(days=10)
    with pytest.raises(InvalidInput, match=AHEAD):
        ledger.grade()
    with pytest.raises(InvalidInput, match=AHEAD):
        ledger.record(["naive"], ["BTC"])
    assert ledger.head() == head
    market.ahead = pd.Timedelta(0)
    market.now += 25 * HOUR
    assert ledger.grade().graded == 1
    assert ledger.record(["naive"], ["BTC"])[0].state == "recorded"
    assert ledger.verify(head).intact


@pytest.fixture
def now(service, market):
    """Let market and ledger have the time of now."""
    market.now = pd.Timestamp.now("UTC")
    market.last = market.now + 1000 * HOUR
    service.ledger = LedgerService(
        service.settings, PriceService(service.settings, [market]), service.signals,
        service.saved_models, service.forecasts, service.outlooks,
    )  # fmt: skip


def plant(service, *, simulated=False):
    """Write an entry as one would whose clock was ahead by five days; return the head.

    Its candles are those of now: a clock that is ahead knows no others.
    """
    now, week = pd.Timestamp.now("UTC"), pd.Timedelta(days=7)
    series = dataclasses.replace(making.SERIES, interval="1w", simulated=simulated)
    made = making.forecast(origin=now.floor("h") - week, series=series)
    at = now + pd.Timedelta(days=5)
    Ledger(service.ledger.database, lambda: at).record([made])
    return service.ledger.head()


def test_recording_goes_on_once_a_source_confirms_the_time(service, market, now):
    ledger = service.ledger
    assert ledger.record(["naive"], ["BTC"])[0].state == "recorded"
    head = plant(service)
    market.name, market.answers = "another", False
    with pytest.raises(InvalidInput, match="when a live source answers, which confirms it"):
        ledger.grade()
    market.answers = True
    for ahead in (pd.Timedelta(days=-1), pd.Timedelta(minutes=-6)):  # our clock is behind
        market.name, market.ahead = f"behind{ahead.days}{ahead.seconds}", ahead
        with pytest.raises(InvalidInput, match="in the order of time"):
            ledger.record(["cone"], ["BTC"])
    assert ledger.head() == head
    # A source tells its time with its candles: this one has told none yet.
    market.name, market.ahead = "third", pd.Timedelta(0)
    assert ledger.record(["cone"], ["BTC"])[0].state == "recorded"
    ledger.grade()
    result = ledger.verify(head)
    assert (result.intact, result.clock_corrections) == (True, 1)
    assert len(ledger.entries()) == 3


def test_a_future_of_simulated_prices_needs_no_source(service, market, now):
    head = plant(service, simulated=True)
    market.answers = False
    assert service.ledger.grade().graded == 0
    result = service.ledger.verify(head)
    assert (result.intact, result.clock_corrections) == (True, 1)


def test_nothing_is_void_while_no_source_confirms_the_time(service, market, home):
    ledger = service.ledger
    ledger.record(["naive"], ["BTC"])
    market.now += 25 * HOUR + grading.MAX_WAIT
    market.name, market.answers = "another", False
    assert (ledger.grade().void, ledger.grade().waiting) == (0, 1)
    market.answers = True
    assert ledger.grade().void == 1
    assert ledger.entries()[0].outcome.reason == SOURCE_GONE


def test_a_clock_that_jumps_ahead_is_no_source_that_fell_silent(service, market):
    service.ledger.record(["naive"], ["BTC"])
    service.alarms.add(AlarmRule(SOURCE, coin="BTC"))
    market.ahead = pd.Timedelta(days=10)
    run = service.alarms.run()
    assert run.raised == ()
    ((_, reason),) = run.unchecked
    assert AHEAD in reason
