"""The clock of a machine is set back or forward while its cache has real prices.

A child process sees another time than this one; see ``shifted_clock``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from tests.prices.live import shifted_clock
from tests.prices.live.exchange_server import ExchangeServer

CHILD = """
import ctypes, json, sys
from pathlib import Path
import pandas as pd
from cryptoforecast.json_views import data_json
from cryptoforecast.prices.live.coinbase import Coinbase
from cryptoforecast.prices.live.market import LivePrices
from cryptoforecast.settings import Settings
from cryptoforecast.types import MarketQuery

shim, home, alive, dead, interval, offsets = sys.argv[1:]
clock = ctypes.CDLL(shim)
answers = []
# The same span is wanted each time, whatever the clock says by then.
start = pd.Timestamp.now("UTC").floor("h") - pd.Timedelta("4h" if interval == "1m" else "60h")
for url, offset in zip((alive, *[dead, alive] * 9), map(int, offsets.split(","))):
    clock.set_offset(offset)
    # As after a restart: nothing is in memory.
    prices = LivePrices(Settings(Path(home), deadline=3.0), [Coinbase(url, per_second=500)])
    history = prices.history(MarketQuery("BTC", interval, start))
    described = data_json(history)
    answers.append(
        {"source": history.source, "age": described["age_seconds"], "notes": history.notes,
         "ahead": (history.fetched_at - pd.Timestamp.now("UTC")).total_seconds(),
         "clock_ahead": history.clock_ahead and history.clock_ahead.total_seconds()}
    )
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shifted_clock.built(tmp_path_factory.mktemp("shim"))


def answers(
    shim: Path, exchange: ExchangeServer, home: Path, interval: str, *offsets: int
) -> list[dict[str, object]]:
    """Ask at each offset of the clock: with the source, without it, with it and so on."""
    arguments = [str(shim), str(home), exchange.url, "http://127.0.0.1:9", interval]
    run = subprocess.run(
        [sys.executable, "-c", CHILD, *arguments, ",".join(map(str, offsets))],
        env=shifted_clock.environment(shim),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    documents: list[dict[str, object]] = json.loads(run.stdout)
    return documents


@pytest.mark.slow
@pytest.mark.parametrize("interval", ["1m", "1h"])
def test_real_prices_stay_when_the_clock_is_set_back(
    shim: Path, exchange: ExchangeServer, home: Path, interval: str
) -> None:
    live, cached, live_again, later = answers(shim, exchange, home, interval, 0, -600, -600, -590)
    assert [one["source"] for one in (live, cached, live_again, later)] == ["coinbase"] * 4
    assert all(float(str(one["age"])) >= 0 for one in (live, cached, live_again, later))
    # Minutes of the future are there already, so the source is not asked.
    assert ("These prices were fetched" in str(cached["notes"])) is (interval == "1h")
    assert live_again["notes"] == []


@pytest.mark.slow
def test_a_clock_that_was_ahead_makes_nothing_fresh_for_ever(
    shim: Path, exchange: ExchangeServer, home: Path
) -> None:
    day = 86_400
    # An exchange's own clock keeps an open candle from counting as closed.
    exchange.headers["Date"] = formatdate(time.time(), usegmt=True)
    ahead, cached, live = answers(shim, exchange, home, "1h", day, 0, 0)
    assert [one["source"] for one in (ahead, cached, live)] == ["coinbase"] * 3
    # The source is asked although the prices seem to come from tomorrow, and they are replaced.
    assert "can't be reached" in str(cached["notes"])
    assert float(str(cached["ahead"])) > day - 60
    assert live["notes"] == []
    assert abs(float(str(live["ahead"]))) < 60
    # How far it was ahead is known, also of prices that come from the cache.
    for one, seconds in ((ahead, day), (cached, day), (live, 0)):
        assert float(str(one["clock_ahead"])) == pytest.approx(seconds, abs=60)


@pytest.mark.slow
@pytest.mark.parametrize(("says", "ended"), [(True, False), (False, True)])
def test_a_clock_that_is_known_to_be_ahead_ends_no_market(
    shim: Path, exchange: ExchangeServer, home: Path, says: bool, ended: bool
) -> None:
    if says:
        exchange.headers["Date"] = formatdate(time.time(), usegmt=True)
    (answer,) = answers(shim, exchange, home, "1h", 10 * 86_400)
    assert ("trading there may have ended" in str(answer["notes"])) is ended
