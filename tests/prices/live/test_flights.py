"""The line of requests: how many run, who is next, who is refused, and what is remembered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from cryptoforecast.errors import InvalidInput, SourceUnavailable
from cryptoforecast.prices.live import flights
from cryptoforecast.prices.live.flights import Flights, Lane
from cryptoforecast.prices.live.single_flight import SingleFlight


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_the_newest_goes_first_and_the_oldest_is_refused() -> None:
    lane, gate, order = Lane(1, 3), threading.Event(), list[int]()

    def make(number: int) -> SingleFlight:
        return SingleFlight(lambda: (gate.wait(10), order.append(number))[1], None)

    all_flights = [make(number) for number in range(6)]
    for flight in all_flights:
        lane.start(flight)
    # The first runs; the last three wait; those between them are refused at once.
    for flight in all_flights[1:3]:
        assert flight.done.is_set()
        assert isinstance(flight.error, SourceUnavailable)
        assert "Try again in some seconds" in str(flight.error)
    gate.set()
    until(lambda: all(flight.done.is_set() for flight in all_flights))
    assert order == [0, 5, 4, 3]
    again = make(9)
    lane.start(again)
    assert again.done.wait(10)


def test_no_more_run_at_once_than_may() -> None:
    lane, gate, running, most = Lane(3, 100), threading.Event(), [0], [0]
    lock = threading.Lock()

    def work() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        gate.wait(10)
        with lock:
            running[0] -= 1

    all_flights = [SingleFlight(work, None) for _ in range(50)]
    before = threading.active_count()
    for flight in all_flights:
        lane.start(flight)
    assert threading.active_count() <= before + 3
    gate.set()
    until(lambda: all(flight.done.is_set() for flight in all_flights))
    assert most[0] == 3


def fail() -> None:
    raise SourceUnavailable("Down.")


def nothing() -> None:
    pass


def test_others_never_take_the_places_of_known_coins() -> None:
    gate, line = threading.Event(), Flights(120, 5)
    for number in range(60):
        line.join((f"X{number}-USD", "1h"), None, lambda: lambda: gate.wait(10), is_listed=False)  # type: ignore[return-value]
    flight = line.join(("BTC-USD", "1h"), None, lambda: nothing, is_listed=True)
    assert flight.done.wait(5)
    assert line.is_running(("X59-USD", "1h"))
    gate.set()


@pytest.mark.parametrize("is_listed", [True, False])
def test_what_is_remembered_is_bounded(is_listed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "MAX_REMEMBERED", 8)
    line = Flights(120, 120)
    for number in range(100):
        line.join((f"X{number}-USD", "1h"), None, lambda: fail, is_listed=is_listed).done.wait(5)
    asked: list[str] = []

    def work(coin: str) -> Callable[[], None]:
        asked.append(coin)
        return fail

    # From the newest on: one that is asked anew takes the place of none that comes later.
    for number in reversed(range(100)):
        coin = f"X{number}-USD"
        line.join((coin, "1h"), None, partial(work, coin), is_listed=is_listed).done.wait(5)
    assert len(asked) >= 100 - 8


def test_a_flood_of_others_makes_nobody_forget_known_coins() -> None:
    line = Flights(120, 5)
    first = line.join(("BTC-USD", "1h"), None, lambda: nothing, is_listed=True)
    for number in range(400):
        line.join((f"X{number}-USD", "1h"), None, lambda: nothing, is_listed=False)
    assert line.join(("BTC-USD", "1h"), None, lambda: nothing, is_listed=True) is first


@pytest.mark.parametrize(
    ("error", "seconds", "remembered"),
    [
        (SourceUnavailable("Down."), 4.9, True),
        (SourceUnavailable("Down."), 5.1, False),
        (InvalidInput("Unknown."), 24.9, True),
        (InvalidInput("Unknown."), 25.1, False),
    ],
)
def test_how_long_a_failure_is_remembered(
    error: Exception, seconds: float, remembered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work() -> None:
        raise error

    line = Flights(120, 5)
    first = line.join(("X-USD", "1h"), None, lambda: work, is_listed=False)
    assert first.done.wait(5)
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + seconds)
    again = line.join(("X-USD", "1h"), None, lambda: work, is_listed=False)
    assert (again is first) is remembered
