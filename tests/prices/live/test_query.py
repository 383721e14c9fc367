"""The window of a query: checked, cut out of candles, and explained."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.prices.candles.coins import resolve
from cryptoforecast.prices.candles.resample import COLUMNS
from cryptoforecast.prices.live import query as window
from cryptoforecast.types import MarketQuery

HOUR = pd.Timedelta("1h")
NOW = pd.Timestamp("2024-05-16 13:47:11", tz="UTC")


class Clock(pd.Timestamp):
    """A time stamp whose ``now`` stands still."""

    @classmethod
    def now(cls, tz: str | None = None) -> pd.Timestamp:
        return NOW


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window.pd, "Timestamp", Clock)


def hours(first: str, rows: int) -> pd.DataFrame:
    index = pd.date_range(first, periods=rows, freq="h", tz="UTC", name="time", unit="ns")
    return pd.DataFrame(dict.fromkeys(COLUMNS, 1.0), index=index)


def query(start: object = None, end: object = None, interval: str = "1h") -> MarketQuery:
    times = [None if time is None else pd.Timestamp(time) for time in (start, end)]
    return MarketQuery("BTC", interval, *times)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-01-31", "2024-01-31T00:00Z"),
        ("2024-01-31T12:00", "2024-01-31T12:00Z"),
        ("2024-01-31T12:00+02:00", "2024-01-31T10:00Z"),
        ("1900-01-01", "1900-01-01T00:00Z"),
        (date(2024, 1, 31), "2024-01-31T00:00Z"),
        (datetime(2024, 1, 31, 12, tzinfo=UTC), "2024-01-31T12:00Z"),
        (np.datetime64("2024-01-31"), "2024-01-31T00:00Z"),
    ],
)
def test_a_time_is_read_in_each_of_its_forms(value: str, expected: str) -> None:
    assert window.parse_time(value) == pd.Timestamp(expected)


@pytest.mark.parametrize(
    "value", ["1899-12-31", "tomorrow", "", "2024-13-01", pd.NaT, 5, None, ("2024", "01")]
)
def test_what_is_no_time_or_too_early_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        window.parse_time(value)  # type: ignore[arg-type]
    if value is not None:
        with pytest.raises(InvalidInput, match="`start` must be a date or time from 1900 on"):
            window.window("BTC", start=value)  # type: ignore[arg-type]
        with pytest.raises(InvalidInput, match="`end` must be a date or time from 1900 on"):
            window.window("BTC", end=value)  # type: ignore[arg-type]


def test_a_window_is_made_of_a_start_or_of_days() -> None:
    assert window.window("BTC") == MarketQuery("BTC", "1h", None, None)
    start, end = pd.Timestamp("2024-01-01T00Z"), pd.Timestamp("2024-02-01T00Z")
    both = window.window("ETH", "4h", start="2024-01-01", end="2024-02-01")
    assert both == MarketQuery("ETH", "4h", start, end)
    half = window.window("ETH", days=0.5, end="2024-02-01")
    assert half == MarketQuery("ETH", "1h", end - pd.Timedelta("12h"), end)
    assert window.window("ETH", days=2) == MarketQuery("ETH", "1h", NOW - pd.Timedelta("2D"), None)
    assert window.window("ETH", days=window.MAX_DAYS).start < pd.Timestamp("1930-01-01T00Z")
    with pytest.raises(InvalidInput, match="takes `start` or `days`"):
        window.window("BTC", start="2024-01-01", days=2)
    for days in (0, -1, window.MAX_DAYS + 1, float("nan")):
        with pytest.raises(InvalidInput, match="`days` must be above 0 and at most 36500"):
            window.window("BTC", days=days)


def test_times_without_a_zone_are_utc_and_others_are_brought_there() -> None:
    window_query = window.validate(query("2024-05-01 10:00", "2024-05-02T10:00+02:00"))
    assert window_query.start == pd.Timestamp("2024-05-01 10:00Z")
    assert window_query.end == pd.Timestamp("2024-05-02 08:00Z")
    assert str(window_query.start.tzinfo) == str(window_query.end.tzinfo) == "UTC"
    assert window.validate(query()) == query()


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ("2024-05-02", "2024-05-02", "start must lie before its end"),
        ("2024-05-03", "2024-05-02", "start must lie before its end"),
        ("1899-12-31 23:59", None, "must begin in 1900 or later"),
        (NOW, None, "must begin in the past"),
        (NOW + HOUR, None, "must begin in the past"),
    ],
)
def test_windows_that_can_not_be_are_refused(start: object, end: object, message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as raised:
        window.validate(query(start, end))
    assert "Received: " in str(raised.value)
    assert not isinstance(raised.value, NotEnoughData)


def test_the_edges_of_the_rules_are_allowed() -> None:
    for sound in (
        query("1900-01-01"),
        query("2024-05-02", "2024-05-02 00:00:01"),
        query(NOW - HOUR),
        query(None, NOW + HOUR),
    ):
        window.validate(sound)


@pytest.mark.parametrize(("interval", "length"), [("1h", "1h"), ("1d", "1D"), ("1m", "1min")])
def test_a_window_too_young_for_a_closed_candle_has_not_enough(interval: str, length: str) -> None:
    late = NOW - pd.Timedelta(length) + pd.Timedelta("1s")
    with pytest.raises(NotEnoughData, match=f"No {interval} candle that opens at"):
        window.validate(query(late, interval=interval))


@pytest.mark.parametrize(
    ("start", "end", "rows"),
    [
        (None, None, range(10)),
        ("2024-05-01 03:00", None, range(3, 10)),
        ("2024-05-01 02:30", None, range(3, 10)),
        (None, "2024-05-01 03:00", range(3)),
        (None, "2024-05-01 03:01", range(4)),
        ("2024-05-01 03:00", "2024-05-01 05:00", range(3, 5)),
        ("2024-04-01", "2024-04-02", range(0)),
        ("2024-05-10", "2024-05-11", range(10, 10)),
    ],
)
def test_candles_that_open_in_the_window_are_cut_out(
    start: object, end: object, rows: range
) -> None:
    candles = hours("2024-05-01", 10)
    window_query = window.rows_inside(candles, window.validate(query(start, end)))
    assert range(window_query.start, window_query.stop) == rows


def test_a_first_candle_without_its_beginning_is_left_out() -> None:
    assert list(window.merge_complete(hours("2024-05-01 00:00", 9), "1h", "4h").index.hour) == [
        0,
        4,
    ]
    assert list(window.merge_complete(hours("2024-05-01 01:00", 9), "1h", "4h").index.hour) == [4]
    assert window.merge_complete(hours("2024-05-01 01:00", 2), "1h", "4h").empty
    same = hours("2024-05-01 01:00", 2)
    assert window.merge_complete(same, "1h", "1h") is same


def test_an_empty_window_says_where_there_are_candles() -> None:
    target = window.validate(query("2024-04-01", "2024-04-02"))
    text = window.empty_window_message(resolve("BTC"), target, hours("2024-05-01", 10))
    assert text == (
        "No closed 1h candle of BTC lies in the window. They run from 2024-05-01 00:00:00+00:00 "
        "to 2024-05-01 09:00:00+00:00. Received: 2024-04-01 00:00:00+00:00 to 2024-04-02 "
        "00:00:00+00:00. Choose another window."
    )
    nothing = window.empty_window_message(resolve("BTC"), target, hours("2024-05-01", 0))
    assert "They run" not in nothing


def test_a_late_start_is_noted_from_the_third_candle_on() -> None:
    candles = hours("2024-05-01", 10)
    target = window.validate(query(candles.index[0] - 2 * HOUR))
    assert window.late_start_notes(target, candles, "Kraken", "Why.") == ()
    assert window.late_start_notes(replace(target, start=None), candles, "Kraken", "Why.") == ()
    later = replace(target, start=target.start - pd.Timedelta("1s"))
    assert window.late_start_notes(later, candles, "Kraken", "Why.") == (
        "Hourly candles from 2024-04-30 were asked for; Kraken has them from 2024-05-01. Why.",
    )
    (note,) = window.late_start_notes(later, candles, "Kraken", "")
    assert note.endswith("from 2024-05-01.")


def test_a_query_without_a_start_is_valid() -> None:
    query = window.validate(MarketQuery("BTC", "1h"))
    assert (query.start, query.end) == (None, None)
