"""Closing times are turned into opening times, by their clock or because somebody says so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.prices.files.labels import opening_times

DAY = pd.Timedelta("1D")
OPENS = pd.date_range("2024-03-01", periods=100, freq="D", unit="ns").asi8
LENGTH = DAY.value


@pytest.mark.parametrize(
    ("before", "label"),
    [
        ("1us", "23:59:59.999999"), ("1ms", "23:59:59.999000"), ("1s", "23:59:59"),
        ("1min", "23:59:00"),
    ],
)  # fmt: skip
def test_times_just_before_the_end_are_closing_times(before: str, label: str) -> None:
    closes = OPENS + LENGTH - pd.Timedelta(before).value
    opens, decision = opening_times(closes, DAY, False)
    assert opens.tolist() == OPENS.tolist()
    assert decision.startswith(f"{label} is the end of its candle")


def test_other_times_are_opening_times() -> None:
    for before in ("2us", "2s", "2min", "1h"):
        times = OPENS + LENGTH - pd.Timedelta(before).value
        opens, decision = opening_times(times, DAY, False)
        assert opens.tolist() == times.tolist()
        assert decision == ""


def test_a_minute_before_the_end_is_no_closing_time_of_candles_of_few_minutes() -> None:
    for minutes, moved in ((5, False), (9, False), (10, True), (15, True)):
        length = pd.Timedelta(minutes=minutes)
        closes = np.arange(50) * length.value + length.value - pd.Timedelta("1min").value
        assert bool(opening_times(closes, length, False)[1]) is moved


@pytest.mark.parametrize(("others", "moved"), [(0, 100), (5, 95), (6, 0)])
def test_some_rows_may_have_another_time(others: int, moved: int) -> None:
    """An update of today's candle has the time at which it was saved, and stays where it is."""
    closes = OPENS + LENGTH - pd.Timedelta("1s").value
    closes[:others] -= pd.Timedelta("9h").value
    opens, decision = opening_times(closes, DAY, False)
    assert (opens == OPENS).sum() == moved
    assert (opens == closes).sum() == 100 - moved
    if moved:
        assert decision.startswith("23:59:59 ")


def test_closing_times_that_are_said_to_be_so_move_by_one_candle() -> None:
    opens, decision = opening_times(OPENS + LENGTH, DAY, True)
    assert opens.tolist() == OPENS.tolist()
    assert decision.startswith("closing times; ")
