"""How pages are asked for and joined, without a network."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import SourceUnavailable
from cryptoforecast.prices.live.coinbase_pages import MAX_IN_FLIGHT, PAGE_ROWS, Pages

HOUR = pd.Timedelta("1h")
LAST = pd.Timestamp("2026-06-01", tz="UTC")
WIDTH = (PAGE_ROWS - 1) * HOUR


def candles(begin: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    index = pd.date_range(begin, end, freq="h", name="time", unit="ns")
    return pd.DataFrame({"close": np.arange(len(index), dtype=float)}, index=index)


class Market:
    """Gives the candles of each page but some, and counts."""

    def __init__(self, empty: set[int] = frozenset(), stop: int | None = None) -> None:  # type: ignore[assignment]
        self.empty, self.stop, self.requests = empty, stop, []

    def __call__(self, begin: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame | None:
        number = round((LAST - HOUR - end) / WIDTH)
        self.requests.append(number)
        if number == self.stop:
            return None
        page = candles(begin, end)
        return page.iloc[:0] if number in self.empty else page


def joined(market: Market, pages: int) -> tuple[list[int], bool, pd.DataFrame]:
    first = LAST - HOUR - pages * WIDTH + 5 * HOUR
    requests = Pages("1h", first, LAST)
    assert requests.count == pages
    requests.work(market)
    fetched = requests.joined()
    return market.requests, fetched.unfinished, fetched.candles


@pytest.mark.parametrize(
    ("empty", "requests", "unfinished", "first"),
    [
        (set(), 5, False, None),
        ({1}, 5, True, 0),
        ({2, 3}, 5, True, 1),
        # The last pages are empty: those before them tell why.
        ({4}, 6, True, 3),
        ({4, 5}, 7, True, 3),
        ({4, 5, 6}, 7, False, 3),
        ({3, 4, 5}, 6, False, 2),
        ({1, 2, 3}, 4, False, 0),
        # The newest pages are empty: trading has ended.
        ({0}, 5, False, None),
        ({0, 1}, 5, False, None),
    ],
)
def test_what_empty_pages_mean(
    empty: set[int], requests: int, unfinished: bool, first: int | None
) -> None:
    numbers, is_unfinished, candles = joined(Market(empty), 5)
    assert numbers == list(range(requests))
    assert is_unfinished is unfinished
    start = (
        LAST - HOUR - 5 * WIDTH + 5 * HOUR if first is None else LAST - HOUR - WIDTH * (first + 1)
    )
    assert candles.index[0] == start
    newest = next(number for number in range(9) if number not in empty)
    assert candles.index[-1] == LAST - HOUR - newest * WIDTH
    assert candles.index.is_unique
    assert candles.index.is_monotonic_increasing


def test_three_empty_pages_are_a_gap_if_an_older_page_came_meanwhile() -> None:
    """Several threads ask at once, so a page beyond them may be there already."""
    older_request = threading.Event()
    market = Market({2, 3, 4})

    def ask(begin: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame | None:
        page = market(begin, end)
        if begin == LAST - HOUR - 6 * WIDTH:
            older_request.set()
        elif begin == LAST - HOUR - 4 * WIDTH:
            older_request.wait(5)  # page 3 comes last
        return page

    pages = Pages("1h", LAST - 9 * WIDTH, LAST)
    helper = threading.Thread(target=pages.work, args=(ask,))
    helper.start()
    pages.work(ask)
    helper.join()
    fetched = pages.joined()
    assert fetched.unfinished
    assert fetched.candles.index[0] == LAST - HOUR - 2 * WIDTH


def test_nobody_runs_far_ahead_of_a_page_that_takes_long() -> None:
    """Else many pages before the start of a market would be asked for in vain."""
    market, is_far = Market(set(range(1, 60))), threading.Event()

    def ask(begin: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame | None:
        page = market(begin, end)
        number = round((LAST - HOUR - end) / WIDTH)
        if number > 6:
            is_far.set()
        elif number in (1, 4):
            is_far.wait(0.5)
        return page

    pages = Pages("1h", LAST - 50 * WIDTH, LAST)
    helpers = [threading.Thread(target=pages.work, args=(ask,)) for _ in range(MAX_IN_FLIGHT)]
    for helper in helpers:
        helper.start()
    for helper in helpers:
        helper.join()
    assert max(market.requests) <= 6
    assert not pages.joined().unfinished


def test_an_unforeseen_error_ends_the_other_threads() -> None:
    def ask(begin: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame | None:
        number = round((LAST - HOUR - end) / WIDTH)
        if number == 0:
            raise RuntimeError("a fault of ours")
        return candles(begin, end)

    pages = Pages("1h", LAST - 50 * WIDTH, LAST)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            pages.work(ask)
        except RuntimeError as error:
            failures.append(error)

    helpers = [threading.Thread(target=work, daemon=True) for _ in range(MAX_IN_FLIGHT)]
    for helper in helpers:
        helper.start()
    for helper in helpers:
        helper.join(20)
    assert not any(helper.is_alive() for helper in helpers)
    assert len(failures) == 1


@pytest.mark.parametrize(("stop", "rows"), [(1, 300), (3, 3 * 299 + 1)])
def test_what_came_before_time_ran_out_is_kept(stop: int, rows: int) -> None:
    _, unfinished, candles = joined(Market(stop=stop), 5)
    assert (unfinished, len(candles)) == (True, rows)


def test_no_time_for_the_first_page_is_an_error() -> None:
    with pytest.raises(SourceUnavailable, match="did not answer in time"):
        joined(Market(stop=0), 5)


@pytest.mark.parametrize(
    ("span", "count"), [(HOUR, 1), (WIDTH, 1), (WIDTH + HOUR, 1), (WIDTH + 2 * HOUR, 2)]
)
def test_no_more_pages_than_the_span_needs(span: pd.Timedelta, count: int) -> None:
    pages = Pages("1h", LAST - span, LAST)
    assert pages.count == count
    pages.work(Market())
    assert pages.joined().candles.index[0] == LAST - span
