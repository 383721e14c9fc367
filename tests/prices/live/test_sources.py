"""Which source is asked first, and when a market counts as ended."""

from __future__ import annotations

import pandas as pd
import pytest

from cryptoforecast.prices.live.sources import (
    CANDLE_NAMES,
    Fetched,
    base_interval,
    by_reach,
    ended,
)
from cryptoforecast.types import INTERVALS

NOW = pd.Timestamp("2026-06-01", tz="UTC")


class Reaching:
    """A source that goes back so many days."""

    def __init__(self, days: float) -> None:
        self.days = days

    def earliest(self, interval: str, now: pd.Timestamp) -> pd.Timestamp:
        return now - pd.Timedelta(days=self.days)


def order(days: list[float], start: float | None) -> tuple[list[float], list[float]]:
    """Return the reaches of the sources before the first one, and of all others."""
    since = None if start is None else NOW - pd.Timedelta(days=start)
    sources = [Reaching(each) for each in days]
    further, rest = by_reach(sources, "1h", since, NOW)  # type: ignore[arg-type]
    return [source.days for source in further], [source.days for source in rest]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("days", "start", "expected"),
    [
        ([10, 100, 5], None, ([], [10, 100, 5])),
        ([10, 100, 5], 10, ([], [10, 100, 5])),  # the first source has all of it
        ([10, 100, 5], 10.1, ([], [10, 100, 5])),  # hardly more is wanted
        ([10, 100, 5], 15, ([], [10, 100, 5])),  # exactly half as much again
        ([10, 100, 5], 15.1, ([100], [10, 5])),
        ([10, 15, 5], 90, ([], [10, 15, 5])),  # the second source goes hardly further
        ([10, 16, 5], 90, ([16], [10, 5])),
        ([10, 40, 5, 60], 90, ([40, 60], [10, 5])),
        ([10, 40], 12, ([], [10, 40])),
    ],
)
def test_a_source_that_goes_back_much_further_is_asked_first(
    days: list[float], start: float | None, expected: tuple[list[float], list[float]]
) -> None:
    assert order(days, start) == expected


@pytest.mark.parametrize("interval", ["1m", "1h", "1d"])
def test_a_market_has_ended_a_week_and_ten_candles_after_its_last(interval: str) -> None:
    quiet = pd.Timedelta(days=7) + 10 * INTERVALS[interval]
    for last, expected in ((NOW - quiet, False), (NOW - quiet - pd.Timedelta("1s"), True)):
        candles = pd.DataFrame(index=pd.DatetimeIndex([last - pd.Timedelta("90D"), last]))
        assert ended(candles, interval, NOW) is expected


def test_every_interval_has_a_name_and_one_that_is_fetched() -> None:
    assert set(CANDLE_NAMES) == set(INTERVALS)
    assert {name: base_interval(name) for name in INTERVALS} == {
        "1m": "1m", "5m": "5m", "15m": "15m", "30m": "15m",
        "1h": "1h", "2h": "1h", "4h": "1h", "6h": "1h", "8h": "1h", "12h": "1h",
        "1d": "1d", "3d": "1d", "1w": "1d",
    }  # fmt: skip


def test_what_was_fetched_is_all_there_is_unless_it_says_otherwise() -> None:
    assert not Fetched(pd.DataFrame()).unfinished
    assert Fetched(pd.DataFrame(), unfinished=True).unfinished
