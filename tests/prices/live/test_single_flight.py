"""One request at a time: what it covers, how it ends, and how long a failure is remembered."""

from __future__ import annotations

import threading

import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, SourceUnavailable
from cryptoforecast.prices.live import single_flight
from cryptoforecast.prices.live.single_flight import SingleFlight

YEAR = pd.Timestamp("2024-01-01", tz="UTC")
DAY = pd.Timedelta("1D")


def test_the_work_is_done_once_and_those_who_wait_are_woken() -> None:
    calls: list[bool] = []
    flight = SingleFlight(lambda: calls.append(True), None)
    assert not flight.done.is_set()
    waiting = threading.Thread(target=flight.done.wait, args=(5,))
    waiting.start()
    flight.run()
    waiting.join(5)
    assert not waiting.is_alive()
    assert calls == [True]
    assert flight.error is None
    assert not flight.failed_within(1000)


@pytest.mark.parametrize(
    ("start", "first", "covers"),
    [
        (None, None, True),
        (None, YEAR, True),
        (YEAR, None, False),
        (YEAR, YEAR, True),
        (YEAR, YEAR + DAY, True),
        (YEAR, YEAR - DAY, False),
    ],
)
def test_a_request_covers_what_starts_no_earlier(
    start: pd.Timestamp | None, first: pd.Timestamp | None, covers: bool
) -> None:
    assert SingleFlight(lambda: None, start).covers(first) is covers


def test_a_failure_is_remembered_for_some_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(single_flight.time, "monotonic", lambda: clock[0])

    def fail() -> None:
        raise InvalidInput("No such coin.")

    flight = SingleFlight(fail, YEAR)
    assert not flight.failed_within(30)
    flight.run()
    assert flight.done.is_set()
    assert isinstance(flight.error, InvalidInput)
    clock[0] = 129.0
    assert flight.failed_within(30)
    clock[0] = 130.0
    assert not flight.failed_within(30)


def test_a_bug_becomes_an_error_of_ours_and_nobody_waits_for_ever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("x" * 300)

    flight = SingleFlight(fail, None)
    flight.run()
    assert flight.done.is_set()
    assert isinstance(flight.error, SourceUnavailable)
    assert str(flight.error) == f"Prices could not be updated: ZeroDivisionError: {'x' * 200}"
    assert "ZeroDivisionError" in caplog.text


def test_a_failure_that_has_not_ended_yet_is_recent_however_late_the_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error is known before the end is: who asks in between must not start a second flight."""
    times: list[float] = []

    def clock() -> float:
        # The flight asks for the time when it begins, and when it has failed but not yet ended.
        times.append(1e9)
        if len(times) == 2:
            assert flight.error is not None
            assert flight.failed_within(30)
        return 1e9

    monkeypatch.setattr(single_flight.time, "monotonic", clock)

    def fail() -> None:
        raise InvalidInput("No such coin.")

    flight = SingleFlight(fail, YEAR)
    flight.run()
    assert len(times) == 3
    assert flight.failed_within(30)


def test_a_success_is_remembered_from_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    """What came is as old as the request, however long that took."""
    clock = [100.0]
    monkeypatch.setattr(single_flight.time, "monotonic", lambda: clock[0])

    def take_ten_seconds() -> None:
        assert not flight.answered_within(30)
        clock[0] += 10

    flight = SingleFlight(take_ten_seconds, YEAR)
    assert not flight.answered_within(1e9)
    flight.run()
    clock[0] = 129.0
    assert flight.answered_within(30)
    assert not flight.failed_within(30)
    clock[0] = 130.0
    assert not flight.answered_within(30)

    def fail() -> None:
        raise InvalidInput("No such coin.")

    failed = SingleFlight(fail, YEAR)
    failed.run()
    assert not failed.answered_within(30)
