"""Files are read one at a time, in the order in which they came."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from cryptoforecast.service import shared
from cryptoforecast.service.line import Line
from tests.prices.files.bombs import good_rows

_PATIENCE = 30.0


class Goodbye(BaseException):
    """As Streamlit ends a script."""


def in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_each_is_told_how_many_are_before_it() -> None:
    line, order = Line(), []
    inside, go = threading.Event(), threading.Event()
    places: dict[str, list[int]] = {"second": [], "third": []}
    events = {name: threading.Event() for name in places}

    def first() -> None:
        with line.turn():
            inside.set()
            go.wait(_PATIENCE)
            order.append("first")

    def later(name: str) -> None:
        def wait(before: int) -> None:
            places[name].append(before)
            events[name].set()

        with line.turn(wait):
            order.append(name)

    threads = [in_thread(first)]
    assert inside.wait(_PATIENCE)
    for name in places:
        threads.append(in_thread(lambda name=name: later(name)))
        assert events[name].wait(_PATIENCE)
    go.set()
    for thread in threads:
        thread.join(_PATIENCE)
    assert order == ["first", "second", "third"]
    assert set(places["second"]) == {1}
    assert places["third"][0] == 2


def test_who_leaves_makes_room() -> None:
    line = Line()

    def leave(_before: int) -> None:
        raise Goodbye

    with line.turn(), pytest.raises(Goodbye), line.turn(leave):
        pass
    with line.turn(leave):
        pass


def test_the_service_reads_one_file_at_a_time() -> None:
    prices = shared().prices
    inside, go = threading.Event(), threading.Event()
    places: list[int] = []

    def report(_share: float) -> None:
        inside.set()
        go.wait(_PATIENCE)

    def wait(before: int) -> None:
        places.append(before)
        go.set()

    first = in_thread(lambda: prices.read(good_rows(), "first.csv", report=report))
    assert inside.wait(_PATIENCE)
    assert len(prices.read(good_rows(), "second.csv", wait=wait)) == 700
    first.join(_PATIENCE)
    assert set(places) == {1}


def test_a_refused_file_leaves_the_line() -> None:
    prices = shared().prices
    for _ in range(2):
        with pytest.raises(Exception, match="can't be read"):
            prices.read(b"\x89PNG", "x.csv")
    assert len(prices.read(good_rows(), "x.csv")) == 700
