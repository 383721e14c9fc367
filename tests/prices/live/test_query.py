"""Windows as users write them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.live import query

NOON = pd.Timestamp("2024-01-31T12:00", tz="UTC")


@pytest.mark.parametrize(
    "time",
    [
        "2024-01-31T12:00",
        "2024-01-31 12:00",
        "2024-01-31T13:00+01:00",
        datetime(2024, 1, 31, 12),
        datetime(2024, 1, 31, 12, tzinfo=UTC),
        pd.Timestamp("2024-01-31T07:00", tz="America/New_York"),
        np.datetime64("2024-01-31T12:00"),
    ],
    ids=repr,
)
def test_a_time_is_read_as_utc(time: date) -> None:
    found = query.parse_time(time)
    assert found == NOON
    assert (found.unit, str(found.tz)) == ("ns", "UTC")


def test_a_date_is_its_midnight() -> None:
    assert query.parse_time(date(2024, 1, 31)) == query.parse_time("2024-01-31")
    assert query.parse_time("2024-01-31") == pd.Timestamp("2024-01-31", tz="UTC")


@pytest.mark.parametrize(
    "time",
    ["noon", "31.01.2024", "1899-12-31", "9999-01-01", pd.NaT, 5, True, datetime.min],
    ids=repr,
)
def test_what_is_no_time_is_refused(time: object) -> None:
    with pytest.raises(InvalidInput, match="`end` must be a date or time from 1900 on, such as"):
        query.window("BTC", end=time)


def test_a_window_has_a_start_or_days() -> None:
    found = query.window("BTC", "4h", end="2024-01-31T12:00", days=1.5)
    assert (found.coin, found.interval, found.end) == ("BTC", "4h", NOON)
    assert found.start == pd.Timestamp("2024-01-30", tz="UTC")
    assert query.window("BTC", start="2024-01-31T12:00").start == NOON
    assert query.window("BTC") == query.MarketQuery("BTC", "1h")
    with pytest.raises(InvalidInput, match="takes `start` or `days`"):
        query.window("BTC", start="2024-01-31", days=3)


def test_days_without_an_end_reach_back_from_now() -> None:
    before = pd.Timestamp.now("UTC")
    found = query.window("BTC", days=2)
    assert found.end is None
    assert found.start is not None
    assert before <= found.start + pd.Timedelta(days=2) <= pd.Timestamp.now("UTC")


@pytest.mark.parametrize("days", [0, -1, 36_501, float("nan"), float("inf")])
def test_days_have_bounds(days: float) -> None:
    with pytest.raises(InvalidInput, match="`days` must be above 0 and at most 36500"):
        query.window("BTC", days=days)
