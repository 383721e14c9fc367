"""A crowd of requests, and sources that fall ill and get well: a known coin is answered soon."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.prices.candles.coins import COINS
from cryptoforecast.prices.live import flights
from cryptoforecast.prices.live.breaker import CircuitBreaker
from cryptoforecast.prices.live.coinbase import Coinbase
from cryptoforecast.prices.live.kraken import Kraken
from cryptoforecast.prices.live.market import LivePrices
from cryptoforecast.prices.live.sources import Source
from cryptoforecast.prices.live.yahoo import Yahoo
from cryptoforecast.settings import Settings
from cryptoforecast.types import MarketQuery
from tests.prices.live.exchange_server import ExchangeServer
from tests.prices.live.hostile_server import forget_peak, peak
from tests.prices.live.yahoo_server import YahooServer

#: Seconds within which a known coin is answered on a busy machine; by itself it takes less than 1.
SOON = 4.0


class Town:
    """The three sources at the pace at which they are really asked."""

    def __init__(self, yahoo: YahooServer, exchange: ExchangeServer, home: Path) -> None:
        self.yahoo, self.exchange, self.home = yahoo, exchange, home
        self.settings = Settings(home, price_files=40)
        self.prices = LivePrices(
            self.settings, [Yahoo(home), Coinbase(exchange.url), Kraken(exchange.url)]
        )

    def ask(self, coin: str, interval: str = "1h", days: int = 5, wait: float = 0) -> str:
        """Return the source that answers, or the error."""
        start = pd.Timestamp.now("UTC").floor("h") - pd.Timedelta(days=days)
        query = MarketQuery(coin, interval, start)
        try:
            return self.prices.history(query, wait, simulated=False).source
        except CryptoForecastError as error:
            return str(error)


@pytest.fixture
def town(yahoo_server: YahooServer, exchange: ExchangeServer, home: Path) -> Iterator[Town]:
    yahoo_server.latency = exchange.latency = 0.05
    town = Town(yahoo_server, exchange, home)
    yield town
    # Nothing goes on when the next test begins.
    for lane in town.prices._flights._lanes:
        lane._waiting.clear()
    until = time.monotonic() + 10
    while time.monotonic() < until and any(lane._running for lane in town.prices._flights._lanes):
        time.sleep(0.01)


@contextlib.contextmanager
def counting(most: list[int]) -> Iterator[None]:
    """Note the most threads that there are beyond those at first."""
    before, over = threading.active_count(), threading.Event()

    def count() -> None:
        while not over.wait(0.01):
            most.append(threading.active_count() - before)

    counter = threading.Thread(target=count)
    counter.start()
    yield
    over.set()
    counter.join()


@pytest.mark.parametrize("healthy", [True, False])
def test_sixty_invented_coins_hold_up_no_known_one(town: Town, healthy: bool) -> None:
    """Whether Yahoo answers or not: an invented coin costs a turn at each source."""
    if not healthy:
        town.yahoo.behaviour = "broken"
    assert town.ask("ETH", wait=10) == ("yahoo" if healthy else "coinbase")
    most: list[int] = []
    with counting(most):
        for number in range(60):
            town.ask(f"NOSUCH{number}")
            if number % 20 == 19:
                coin = ("BTC", "SOL", "ADA")[number // 20]
                assert town.ask(coin, wait=SOON) == ("yahoo" if healthy else "coinbase")
    assert max(most) < 60


def test_a_thousand_queries_are_bounded_in_threads_memory_and_disk(town: Town) -> None:
    town.ask("BTC", wait=10)
    most: list[int] = []
    before = forget_peak()
    coins = [coin for coin in COINS if coin != "XRP"][:20]
    with counting(most):
        for number in range(500):
            interval = ("1m", "5m", "15m", "1h", "1d")[number // 20 % 5]
            town.ask(coins[number % 20], interval, 1 + number // 100)
            town.ask(f"NOSUCH{number}", interval)
        assert town.ask("XRP", wait=SOON) in ("yahoo", "coinbase", "kraken")
    # Six and two requests, each with a source or two that are asked, and Coinbase's pages.
    assert max(most) < 110
    assert peak() - before < 150_000_000
    assert len(list((town.home / "prices").glob("*.parquet"))) <= town.settings.price_files


def test_an_invented_coin_is_asked_for_once_in_a_while(town: Town) -> None:
    for _ in range(20):
        assert "no prices under this symbol" in town.ask("NOSUCH", wait=10)
    requests = [request for request in town.yahoo.charts if "NOSUCH-USD" in request["path"]]
    assert 1 <= len(requests) <= 2


# ---------------------------------------------------------------------------- getting well


def comes_back(
    source: Callable[[CircuitBreaker], Source], home: Path, name: str, heal: Callable[[], None]
) -> bool:
    """Fail once with a sick source, heal it, and return whether its prices come soon."""
    settings = Settings(home, deadline=0.8, pause=0.4, retry=0.1)
    prices = LivePrices(settings, [source(CircuitBreaker(name, settings.pause))])
    query = MarketQuery("BTC", "1h", pd.Timestamp.now("UTC").floor("h") - pd.Timedelta("5D"))
    with pytest.raises(CryptoForecastError):
        prices.history(query, simulated=False)
    heal()
    until = time.monotonic() + settings.pause + settings.retry + SOON
    while time.monotonic() < until:
        with contextlib.suppress(CryptoForecastError):
            return not prices.history(query, simulated=False).simulated
        time.sleep(0.02)
    return False


SICK = ["silent", "reset", "drip", "truncated", "huge", "html", "302", "403", "429", "451", "503"]


@pytest.mark.parametrize("behaviour", SICK)
@pytest.mark.parametrize("kind", [Coinbase, Kraken])
def test_an_exchange_is_asked_again_soon_after_it_is_well(
    exchange: ExchangeServer, home: Path, kind: type[Coinbase | Kraken], behaviour: str
) -> None:
    exchange.behaviour = behaviour

    def heal() -> None:
        exchange.behaviour = "answer"

    assert comes_back(
        lambda breaker: kind(exchange.url, breaker, per_second=500), home, kind.title, heal
    )


@pytest.mark.parametrize("behaviour", ["silent", "limited", "broken"])
def test_yahoo_is_asked_again_soon_after_it_is_well(
    yahoo_server: YahooServer, home: Path, behaviour: str
) -> None:
    yahoo_server.behaviour = behaviour

    def heal() -> None:
        yahoo_server.behaviour = "answer"

    assert comes_back(lambda breaker: Yahoo(home, breaker), home, "Yahoo", heal)


def test_with_the_real_times_it_takes_half_a_minute_at_most(home: Path) -> None:
    """A call that is left behind ends at its deadline, the pause ends, and a failure is forgotten.

    The pause begins with the failure, so that a source that is well again is asked after it at the
    latest; whoever asked just before remembers the refusal for some seconds more.
    """
    settings = Settings(home)
    assert settings.pause + settings.retry <= 25
    assert max(flights.UNKNOWN_FOR, settings.deadline) <= 25
    assert replace(settings, pause=1.0).pause == 1.0
    for source in LivePrices(replace(settings, pause=3.0))._sources:
        assert source._breaker.pause == 3.0  # type: ignore[attr-defined]
