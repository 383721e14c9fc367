"""Live signals over real HTTP: known when they were published, cached, and never invented."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, SourceUnavailable
from cryptoforecast.prices.live.breaker import CircuitBreaker
from cryptoforecast.prices.live.disk_cache import PriceCache
from cryptoforecast.service.prices import PriceService
from cryptoforecast.service.signals import SignalService
from cryptoforecast.settings import Settings
from cryptoforecast.signals import dvol
from cryptoforecast.signals.dvol import Dvol
from cryptoforecast.signals.fear_greed import FearGreed
from cryptoforecast.types import INTERVALS, MarketQuery, PriceHistory
from tests import synthetic
from tests.signals.signal_server import SignalServer, index_at, running, volatility_at

HOUR, DAY = pd.Timedelta(hours=1), pd.Timedelta(days=1)


@pytest.fixture
def server() -> Iterator[SignalServer]:
    with running() as one:
        yield one


def service(server: SignalServer, home: Path, **settings: object) -> SignalService:
    own = Settings(home, **{"pause": 0.2, "retry": 0.0, **settings})
    sources = [
        kind(server.url, CircuitBreaker(kind.title, own.pause), 500) for kind in (FearGreed, Dvol)
    ]
    return SignalService(own, PriceService(own), sources)


def recent(rows: int = 200, interval: str = "1h", coin: str = "BTC") -> PriceHistory:
    """Candles up to now."""
    length = INTERVALS[interval]
    end = pd.Timestamp.now("UTC").floor(length)
    index = pd.date_range(end=end - length, periods=rows, freq=length, name="time", unit="ns")
    history = synthetic.history(rows)
    return dataclasses.replace(
        history,
        coin=coin,
        interval=interval,
        candles=history.candles.set_axis(index),
        fetched_at=end,
    )


def test_fear_and_greed_counts_from_an_hour_after_midnight(
    server: SignalServer, home: Path
) -> None:
    signals = service(server, home)
    history = signals.beside(recent(), ("return", "signal:fear_greed"))
    column = history.candles["signal:fear_greed"]
    for opened, value in column.items():
        published = (opened + HOUR - HOUR).floor("D")  # close, less the lag
        assert value == max(index_at(int(published.timestamp())), 1e-6)
    assert history.signals["fear_greed"] == (
        "alternative.me (INDEX), known 1h after its time, used for up to 3d"
    )
    assert history.notes == recent().notes
    # The cache answers, and another service finds it on disk.
    signals.beside(recent(100), ("signal:fear_greed",))
    service(server, home).beside(recent(), ("signal:fear_greed",))
    assert len(server.requests) == 1
    # An earlier history needs earlier values.
    signals.beside(recent(900), ("signal:fear_greed",))
    assert len(server.requests) > 1


@pytest.mark.parametrize(("interval", "step"), [("1h", HOUR), ("4h", HOUR), ("1d", 12 * HOUR)])
def test_dvol_comes_in_pages_and_is_known_when_its_step_is_over(
    server: SignalServer, home: Path, interval: str, step: pd.Timedelta
) -> None:
    server.page = 50
    history = service(server, home).beside(recent(120, interval), ("signal:dvol",))
    column = history.candles["signal:dvol"]
    for opened, value in column.items():
        begins = (opened + INTERVALS[interval]).floor(step) - step
        assert value == volatility_at(begins.value // 10**6)
    assert len(server.requests) > 2
    assert {request["currency"] for request in server.requests} == {"BTC"}
    assert {int(request["resolution"]) for request in server.requests} == {step.total_seconds()}


def test_a_gap_is_filled_by_the_next_fetch_where_one_was_cut_short(
    server: SignalServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service(server, home).beside(recent(), ("signal:dvol",))
    key, cache = ("dvol", "BTC", "1h"), PriceCache(home / "signals", 10)
    entry = cache.load(key)
    assert entry is not None
    old = dataclasses.replace(
        entry, candles=entry.candles.iloc[:-150], fetched_at=entry.fetched_at - 150 * HOUR
    )
    cache.path(key).unlink()  # a store never goes back in time
    cache.store(key, old)
    server.page = 20
    with monkeypatch.context() as patch:
        patch.setattr(dvol, "MAX_PAGES", 2)
        first = service(server, home).beside(recent(), ("signal:dvol",))
    assert first.candles["signal:dvol"].iloc[-30:].notna().all()
    stored = PriceCache(home / "signals", 10).load(key)
    assert stored is not None
    assert len(stored.candles) <= 40  # and none of those before the gap
    assert stored.since == stored.candles.index[0]
    server.page = 1000
    column = service(server, home).beside(recent(), ("signal:dvol",)).candles["signal:dvol"]
    for opened, value in column.items():
        assert value == volatility_at(opened.value // 10**6)


def test_ether_has_an_index_of_its_own(server: SignalServer, home: Path) -> None:
    service(server, home).beside(recent(coin="ETH"), ("signal:dvol",))
    assert {request["currency"] for request in server.requests} == {"ETH"}


#: Answers of other shapes.
WRONG = (
    b"", b"<html>", b"[]", b"{}", b'{"data": 1}', b'{"data": [{}]}', b'{"data": []}',
    b'{"data": [{"value": "101", "timestamp": "1700000000"}]}',
    b'{"data": [{"value": "nan", "timestamp": "1700000000"}]}',
    b'{"data": [{"value": "50", "timestamp": "17"}]}',
    b'{"data": [], "metadata": {"error": "busy"}}',
    b'{"result": {"data": [[1, 2]], "continuation": null}}',
    b'{"result": {"data": [[1700000000000, 1, 1, 1, -5]], "continuation": null}}',
    b'{"error": {"message": "busy", "code": 1}}',
)  # fmt: skip


@pytest.mark.parametrize("name", ["fear_greed", "dvol"])
def test_an_answer_of_another_shape_is_refused_with_a_remedy(
    server: SignalServer, home: Path, name: str
) -> None:
    signals, history = service(server, home, pause=0.0), recent()
    match = rf"^The signal {name} could not be had\. .* Give it as a file \(--signal {name}=FILE"
    for body in WRONG:
        server.body = body
        with pytest.raises(SourceUnavailable, match=match):
            signals.beside(history, (f"signal:{name}",))
    assert len(server.requests) == len(WRONG)


def test_a_silent_source_is_left_at_the_deadline_and_the_cache_answers_later(
    server: SignalServer, home: Path
) -> None:
    signals = service(server, home, deadline=0.5)
    server.latency = 1.5
    with pytest.raises(SourceUnavailable, match="could not be had"):
        signals.beside(recent(), ("signal:fear_greed",))
    server.latency = 0.0
    service(server, home).beside(recent(), ("signal:fear_greed",))
    server.status = 500
    history = service(server, home, live=False).beside(recent(), ("signal:fear_greed",))
    assert np.isfinite(history.candles["signal:fear_greed"]).all()


def test_many_who_wait_ask_once(server: SignalServer, home: Path) -> None:
    server.latency = 0.3
    signals, history = service(server, home), recent()
    results: list[PriceHistory] = []
    threads = [
        threading.Thread(
            target=lambda: results.append(signals.beside(history, ("signal:fear_greed",)))
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert len(server.requests) == 1


def test_beside_simulated_prices_a_signal_is_simulated_and_says_so(
    server: SignalServer, home: Path
) -> None:
    history = dataclasses.replace(recent(), simulated=True)
    for name in ("fear_greed", "dvol"):
        joined = service(server, home).beside(history, (f"signal:{name}",))
        assert joined.notes[-1].startswith(
            f"The signal {name} is simulated: a random index that knows nothing of any price"
        )
        assert joined.candles[f"signal:{name}"].between(0, 100).all()
        assert joined.candles[f"signal:{name}"].nunique() > 5
    assert server.requests == []


def test_another_coin_gives_its_moves_at_the_same_close(server: SignalServer, home: Path) -> None:
    signals = service(server, home, live=False)
    prices = PriceService(Settings(home, live=False))
    end = pd.Timestamp("2024-03-01", tz="UTC")
    query = MarketQuery("BTC", "1h", end - 10 * DAY, end)
    bitcoin = prices.simulated(query)
    ether = prices.simulated(dataclasses.replace(query, coin="ETH")).candles["close"]
    joined = signals.beside(bitcoin, ("signal:eth",))
    moves = np.log(ether / ether.shift()).to_numpy()
    np.testing.assert_allclose(joined.candles["signal:eth"].iloc[1:], moves[1:])
    assert joined.signals["eth"].startswith("moves of ETH (simulated), known 1h after its time")
    with pytest.raises(InvalidInput, match="There is no signal btc"):
        signals.beside(bitcoin, ("signal:btc",))
    # Real prices never stand beside a simulated coin.
    with pytest.raises(SourceUnavailable, match="The prices of ETH could not be had"):
        signals.beside(recent(), ("signal:eth",))


def test_too_many_signals_are_refused(server: SignalServer, home: Path) -> None:
    names = tuple(f"signal:x{i}" for i in range(9))
    with pytest.raises(InvalidInput, match=r"may read 8 signals\. Received: 9"):
        service(server, home).beside(recent(), names)
