"""The deadline and the pause, on calls that really block."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from cryptoforecast.errors import InvalidInput, SourceUnavailable
from cryptoforecast.prices.live.breaker import CircuitBreaker, RetryLater


@pytest.fixture
def silent() -> Iterator[tuple[str, int]]:
    """Listen, accept nothing and say nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


def until(condition: object, seconds: float = 5.0) -> None:
    """Wait for another thread's bookkeeping."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.01)


def test_a_result_comes_back() -> None:
    assert CircuitBreaker("Source").run(lambda: 42, 5) == 42


def test_a_silent_socket_is_left_behind_and_calls_fail_at_once_until_it_ends(
    silent: tuple[str, int],
) -> None:
    clock = [0.0]
    breaker = CircuitBreaker("Source", pause=60, clock=lambda: clock[0])
    client = socket.create_connection(silent)
    client.settimeout(None)
    with pytest.raises(SourceUnavailable, match=r"Source did not answer within 0\.2 s"):
        breaker.run(lambda: client.recv(1), 0.2)
    clock[0] = 1000.0
    with pytest.raises(SourceUnavailable, match="earlier request"):
        breaker.run(lambda: 1, 5)
    client.shutdown(socket.SHUT_RDWR)
    client.close()

    def answers() -> bool:
        try:
            return breaker.run(lambda: True, 5)
        except SourceUnavailable:
            return False

    until(answers)
    assert answers()


def test_after_a_failure_the_source_is_left_in_peace() -> None:
    clock = [0.0]
    breaker = CircuitBreaker("Source", pause=60, clock=lambda: clock[0])
    calls = []

    def fail() -> None:
        calls.append(1)
        raise ValueError("nonsense")

    with pytest.raises(SourceUnavailable, match="Source failed: ValueError: nonsense") as caught:
        breaker.run(fail, 5)
    assert isinstance(caught.value.__cause__, ValueError)
    clock[0] = 59
    with pytest.raises(SourceUnavailable, match="nonsense It is asked again in 1 s"):
        breaker.run(fail, 5)
    assert len(calls) == 1
    clock[0] = 61
    assert breaker.run(lambda: 7, 5) == 7


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    clock = [0.0]
    breaker = CircuitBreaker("Source", pause=60, clock=lambda: clock[0])
    hold, inside = threading.Event(), threading.Event()

    def wait_and_fail() -> None:
        inside.set()
        hold.wait(10)
        raise ValueError("nonsense")

    def refuse() -> None:
        raise RetryLater("Come back later.", pause=600)

    def late() -> None:
        with pytest.raises(SourceUnavailable, match="nonsense"):
            breaker.run(wait_and_fail, 10)

    thread = threading.Thread(target=late)
    thread.start()
    assert inside.wait(5)
    with pytest.raises(SourceUnavailable, match="later"):
        breaker.run(refuse, 5)
    hold.set()
    thread.join()
    clock[0] = 100
    with pytest.raises(SourceUnavailable, match=r"later\. It is asked again in 500 s"):
        breaker.run(lambda: 1, 5)


def test_bad_input_is_no_failure_of_the_source() -> None:
    breaker = CircuitBreaker("Source")

    def refuse() -> None:
        raise InvalidInput("no such symbol")

    with pytest.raises(InvalidInput, match="no such symbol"):
        breaker.run(refuse, 5)
    assert breaker.run(lambda: 7, 5) == 7


def test_calls_at_once_are_limited() -> None:
    breaker = CircuitBreaker("Source", max_calls=2)
    for _ in range(3):
        assert breaker.run(lambda: 1, 5) == 1
    hold, inside = threading.Event(), threading.Semaphore(0)

    def work() -> None:
        inside.release()
        hold.wait(10)

    threads = [threading.Thread(target=breaker.run, args=(work, 10)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in threads:
        inside.acquire()
    with pytest.raises(SourceUnavailable, match="busy with 2 requests"):
        breaker.run(lambda: 1, 5)
    hold.set()
    for thread in threads:
        thread.join()
    assert breaker.run(lambda: 1, 5) == 1


@pytest.mark.parametrize(
    ("pause", "longer", "seconds"), [(60, 600, 600), (60, 5, 60), (60, 1e9, 3600), (7200, 0, 3600)]
)
def test_the_longer_pause_counts_up_to_an_hour(pause: float, longer: float, seconds: int) -> None:
    breaker = CircuitBreaker("Source", pause=pause, clock=lambda: 0.0)

    def refuse() -> None:
        raise RetryLater("Later.", pause=longer)

    with pytest.raises(RetryLater):
        breaker.run(refuse, 5)
    with pytest.raises(SourceUnavailable, match=f"It is asked again in {seconds} s or later"):
        breaker.run(lambda: 1, 5)


def test_a_call_left_behind_does_not_keep_the_process_alive() -> None:
    assert CircuitBreaker("Source").run(lambda: threading.current_thread().daemon, 5) is True


def test_by_default_eight_calls_run_at_once_and_a_pause_lasts_twenty_seconds() -> None:
    breaker = CircuitBreaker("Source")
    assert (breaker.max_calls, breaker.pause) == (8, 20.0)


def test_after_a_deadline_the_pause_goes_on_when_the_call_has_ended() -> None:
    clock = [0.0]
    breaker = CircuitBreaker("Source", pause=60, clock=lambda: clock[0])
    hold, ended = threading.Event(), threading.Event()

    def late() -> None:
        hold.wait(10)
        ended.set()

    with pytest.raises(SourceUnavailable, match=r"did not answer within 0\.05 s"):
        breaker.run(late, 0.05)
    clock[0] = 20.0
    with pytest.raises(SourceUnavailable, match="earlier request"):
        breaker.run(lambda: 1, 5)
    hold.set()
    assert ended.wait(5)

    def refusal() -> str:
        with pytest.raises(SourceUnavailable) as raised:
            breaker.run(lambda: 1, 5)
        return str(raised.value)

    until(lambda: "earlier request" not in refusal())
    assert refusal() == ("Source did not answer within 0.05 s. It is asked again in 40 s or later.")
    clock[0] = 61.0
    assert breaker.run(lambda: 7, 5) == 7
    assert breaker.run(lambda: 8, 5) == 8


def test_a_late_failure_of_an_abandoned_call_prolongs_no_pause() -> None:
    clock = [0.0]
    breaker = CircuitBreaker("Source", pause=60, clock=lambda: clock[0])
    hold, ended = threading.Event(), threading.Event()

    def late() -> None:
        hold.wait(10)
        ended.set()
        raise RetryLater("Later.", pause=600)

    with pytest.raises(SourceUnavailable, match="did not answer"):
        breaker.run(late, 0.05)
    clock[0] = 61.0
    hold.set()
    assert ended.wait(5)

    def answers() -> bool:
        try:
            return breaker.run(lambda: True, 5)
        except SourceUnavailable:
            return False

    until(answers)
    assert answers()


@pytest.mark.parametrize(("seconds", "is_open"), [(59.75, True), (60.0, False)])
def test_a_pause_ends_when_its_last_second_is_over(seconds: float, is_open: bool) -> None:
    clock = [0.0]
    breaker = CircuitBreaker("Source", pause=60, clock=lambda: clock[0])

    def refuse() -> None:
        raise SourceUnavailable("Closed.")

    with pytest.raises(SourceUnavailable, match="Closed"):
        breaker.run(refuse, 5)
    clock[0] = seconds
    if is_open:
        with pytest.raises(SourceUnavailable, match="is asked again in 0 s or later"):
            breaker.run(lambda: 7, 5)
    else:
        assert breaker.run(lambda: 7, 5) == 7


def test_of_two_failures_of_one_moment_the_first_is_told() -> None:
    breaker = CircuitBreaker("Source", pause=60, clock=lambda: 0.0)
    hold, inside = threading.Event(), threading.Event()

    def fail_late() -> None:
        inside.set()
        hold.wait(10)
        raise SourceUnavailable("Second.")

    def late() -> None:
        with pytest.raises(SourceUnavailable, match="Second"):
            breaker.run(fail_late, 10)

    def fail() -> None:
        raise SourceUnavailable("First.")

    thread = threading.Thread(target=late)
    thread.start()
    assert inside.wait(5)
    with pytest.raises(SourceUnavailable, match="First"):
        breaker.run(fail, 5)
    hold.set()
    thread.join()
    with pytest.raises(SourceUnavailable, match=r"^First\. It is asked again in 60 s"):
        breaker.run(lambda: 1, 5)
