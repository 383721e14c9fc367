"""Candles of two lengths in one file are refused, or merged into the longer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.candles.resample import describe
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.lengths import find_lengths
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.types import INTERVALS
from tests.prices.files import samples

START = pd.Timestamp("2022-01-03", tz="UTC")
PAIRS = [
    (short, long)
    for short, length in INTERVALS.items()
    for long, other in INTERVALS.items()
    if other > length and not other % length
]


def times(*parts: tuple[str, int]) -> pd.DatetimeIndex:
    """Return opens of candles of several lengths, one part after the other without a gap."""
    index = pd.DatetimeIndex([START])
    for interval, rows in parts:
        index = index.append(
            pd.date_range(index[-1], periods=rows + 1, freq=INTERVALS[interval])[1:]
        )
    return index[:-1]


@pytest.mark.parametrize(("short", "long"), PAIRS)
@pytest.mark.parametrize(("few", "many"), [(40, 90), (90, 40), (21, 300), (300, 21)])
def test_two_lengths_in_either_order(short: str, long: str, few: int, many: int) -> None:
    for parts in (((long, few), (short, many)), ((short, few), (long, many))):
        index = times(*parts).as_unit("ns")
        steps = pd.Series(np.diff(index.asi8)).mode()
        lengths = find_lengths(index.asi8, pd.Timedelta(int(steps[0]), unit="ns"))
        assert lengths is not None
        assert (describe(lengths.short), describe(lengths.long)) == (short, long)
        assert describe(lengths.last_length) == parts[1][0]


def test_days_then_hours_and_hours_then_days() -> None:
    for parts in ((("1d", 40), ("1h", 90)), (("1h", 90), ("1d", 40)), (("1d", 3), ("1h", 90)),
                  (("1h", 90), ("1d", 4)), (("1d", 90), ("1h", 30)), (("1h", 30), ("1d", 90)),
                  (("1h", 60), ("1d", 9), ("1h", 60)), (("1w", 20), ("1d", 200)),
                  (("1d", 60), ("1h", 4))):  # fmt: skip
        index = times(*parts)
        frame = samples.candles("1h", len(index)).set_axis(index)
        for step in (1, -1):
            content = samples.dated(frame[::step], "%Y-%m-%d %H:%M")
            with pytest.raises(UnreadableFile, match=r"must have one length.*merged into 1[dw]"):
                read(content, "x.csv")


def test_of_three_lengths_the_two_most_frequent_are_told() -> None:
    index = times(("1h", 200), ("1d", 60), ("4h", 30)).as_unit("ns")
    lengths = find_lengths(index.asi8, INTERVALS["1h"])
    assert lengths is not None
    assert (describe(lengths.short), describe(lengths.long)) == ("1h", "1d")


def test_months_then_days() -> None:
    for months in (pd.date_range("2019-01-01", periods=12, freq="MS"),
                   pd.date_range("2019-01-31", periods=12, freq="ME")):  # fmt: skip
        days = pd.date_range(months[-1], periods=50, freq="D")[1:]
        index = months.append(days)
        frame = samples.candles("1h", len(index)).set_axis(index)
        for interval in (None, "1w"):
            with pytest.raises(UnreadableFile, match=r"1d and 30d candles.*Save them as two files"):
                read(samples.dated(frame, "%Y-%m-%d"), "x.csv", interval=interval)


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize("interval", [None, "1d", "1w"])
def test_two_lengths_of_the_same_time_are_refused(step: int, interval: str | None) -> None:
    """A folder joined to one file has the days, and then the hours of some of them."""
    days = pd.date_range("2024-01-01", periods=60, freq="D")
    hours = pd.date_range("2024-02-10", "2024-02-29 23:00", freq="h")
    for index in (days.append(hours), hours.append(days)):
        frame = samples.candles("1h", len(index)).set_axis(index)
        content = samples.dated(frame[::step], "%Y-%m-%d %H:%M")
        with pytest.raises(
            UnreadableFile, match=r"must have one length.*most are\). Save them as two"
        ):
            read(content, "x.csv", interval=interval)


def test_a_thin_market_has_one_length() -> None:
    """Minutes with a trade alone, and the full grid whose other minutes have no price."""
    rng = np.random.default_rng(11)
    grid = pd.date_range("2024-01-01", periods=60_000, freq="min")
    traded = rng.random(len(grid)) < 0.06
    traded[[0, 1, 2, 3]] = True
    frame = samples.candles("1h", len(grid)).set_axis(grid)
    full = frame.where(pd.Series(traded, index=grid))
    history = read(samples.own(full.rename_axis("time")), "x.csv", interval="1h")
    assert "lengths" not in history.quality.decisions
    index = grid[rng.random(len(grid)) < 0.4].as_unit("ns")
    assert find_lengths(index.asi8, INTERVALS["1m"]) is None


def test_the_place_of_the_other_candles_is_told() -> None:
    index = times(("1d", 40), ("1h", 90))
    content = samples.dated(samples.candles("1h", 130).set_axis(index), "%Y-%m-%d %H:%M")
    with pytest.raises(UnreadableFile, match=r"1h and 1d candles \(line 2 to line 41 are not"):
        read(content, "x.csv")
    with pytest.raises(UnreadableFile, match="must have one length"):
        read(content, "x.csv", interval="4h")


@pytest.mark.parametrize("order", ["days first", "hours first"])
@pytest.mark.parametrize(("days", "hours"), [(40, 120), (100, 48)])
def test_merged_into_the_longer_every_candle_is_right(order: str, days: int, hours: int) -> None:
    parts = [("1d", days), ("1h", hours)]
    index = times(*(parts if order == "days first" else parts[::-1]))
    frame = samples.candles("1h", len(index)).set_axis(index)
    history = read(samples.dated(frame, "%Y-%m-%d %H:%M"), "x.csv", interval="1d")
    expected = frame.resample("1D").agg(
        {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    )
    pd.testing.assert_frame_equal(
        history.candles, expected, check_freq=False, check_names=False, check_index_type=False
    )
    assert history.quality.decisions["lengths"] == "candles of 1h and of 1d in one file"
    assert not history.quality.problems


def test_two_lengths_with_a_candle_that_is_there_again_are_refused_in_any_case() -> None:
    index = times(("1d", 40), ("1h", 90))
    index = index[:6].append(index[5:])
    content = samples.dated(samples.candles("1h", 131).set_axis(index), "%Y-%m-%d %H:%M")
    with pytest.raises(UnreadableFile, match=r"must have one length.*most are\). Save them as two"):
        read(content, "x.csv", interval="1d")


def test_closing_times_of_two_lengths_are_refused_in_any_case() -> None:
    index = times(("1d", 40), ("1h", 90))
    content = samples.dated(samples.candles("1h", 130).set_axis(index), "%Y-%m-%d %H:%M")
    with pytest.raises(UnreadableFile, match=r"must have one length.*most are\). Save them as two"):
        read(content, "x.csv", interval="1d", corrections=Corrections(label="close"))


def test_the_fast_way_does_not_pass_over_two_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cryptoforecast.prices.files.readers.blocks.BLOCK_BYTES", 1_000)
    index = times(("1h", 912), ("1d", 40))
    frame = samples.candles("1h", len(index)).set_axis(index)
    content = samples.dated(frame, "%Y-%m-%d %H:%M").replace(b";", b",")
    with pytest.raises(UnreadableFile, match="must have one length"):
        read(content, "x.csv", interval="4h")
    assert len(read(content, "x.csv", interval="1d")) == 38 + 40


@given(st.lists(st.integers(1, 4), min_size=30, max_size=300), st.integers(0, 10**6))
def test_missing_candles_are_no_other_length(steps: list[int], seed: int) -> None:
    """Steps in no order, most of them of one hour, as in a thin market."""
    rng = np.random.default_rng(seed)
    mixed = np.r_[steps, np.ones(2 * len(steps), dtype=int)]
    rng.shuffle(mixed)
    index = START.value + np.r_[0, np.cumsum(mixed)] * INTERVALS["1h"].value
    assert find_lengths(index, INTERVALS["1h"]) is None


def test_a_row_between_two_candles_is_no_other_length() -> None:
    index = pd.date_range(START, periods=50, freq="h").as_unit("ns")
    extra = index.insert(10, index[9] + pd.Timedelta("30min"))
    assert find_lengths(extra.asi8, INTERVALS["1h"]) is None
    assert find_lengths(index.delete([5, 6, 20]).asi8, INTERVALS["1h"]) is None
    assert find_lengths(index.asi8, INTERVALS["1h"]) is None


@pytest.mark.parametrize(
    ("minutes", "count", "within", "at_end"),
    [
        # At an end 3 steps, as if 20 candles were missing, are enough; within it takes 5 and 100.
        (8 * 60, 2, False, False), (8 * 60, 3, False, True), (7 * 60, 3, False, False),
        (6 * 60, 4, False, True), (21 * 60, 5, True, True), (20 * 60, 5, False, True),
        (26 * 60, 4, False, True), (11 * 60, 10, True, True), (12 * 60, 9, False, True),
        (90, 60, False, False),
        # Of shorter steps 3 are enough at an end; within it takes 4, and those of a whole candle.
        (30, 2, False, False), (30, 3, False, True), (30, 4, True, True), (20, 3, False, True),
        (10, 5, False, True), (10, 6, True, True), (40, 50, False, False),
    ],
)  # fmt: skip
def test_few_steps_are_no_other_length(
    minutes: int, count: int, within: bool, at_end: bool
) -> None:
    hour, other = INTERVALS["1h"], pd.Timedelta(minutes=minutes)
    for before, after, is_found in ((60, 60, within), (120, 0, at_end), (0, 120, at_end)):
        steps = [hour] * before + [other] * count + [hour] * after
        index = START.value + np.cumsum([0, *(step.value for step in steps)])
        lengths = find_lengths(index, hour)
        assert (lengths is not None) is is_found
        if lengths is not None:
            assert (lengths.short, lengths.long) == (min(hour, other), max(hour, other))
            last = before + count - (after > 0)
            assert (lengths.first, lengths.last) == (before, last)
            assert lengths.last_length == (hour if after else other)


def test_a_february_is_a_month_too() -> None:
    months = pd.date_range("2019-01-01", "2019-04-01", freq="MS", unit="ns")
    days = pd.date_range("2019-04-02", periods=50, freq="D", unit="ns")
    lengths = find_lengths(months.append(days).asi8, INTERVALS["1d"])
    assert lengths is not None
    assert (lengths.short, lengths.long) == (pd.Timedelta(days=1), pd.Timedelta(days=30))
    assert (lengths.first, lengths.last) == (0, 2)


@pytest.mark.parametrize(("apart", "other"), [(27, 27), (28, 30), (31, 30), (32, 32)])
def test_steps_of_28_to_31_days_are_months(apart: int, other: int) -> None:
    steps = [pd.Timedelta(days=apart)] * 12 + [pd.Timedelta(days=1)] * 40
    index = START.value + np.cumsum([0, *(step.value for step in steps)])
    lengths = find_lengths(index, INTERVALS["1d"])
    assert lengths is not None
    assert lengths.long == pd.Timedelta(days=other)


def test_a_time_that_is_there_again_and_again_is_no_other_length() -> None:
    index = pd.date_range(START, periods=50, freq="h").as_unit("ns")
    assert find_lengths(np.repeat(index.asi8, [1] * 20 + [6] + [1] * 29), INTERVALS["1h"]) is None


@pytest.mark.parametrize(("first", "second", "place"), [(40, 40, 60), (40, 41, 160), (41, 40, 60)])
def test_of_two_other_stretches_the_longer_is_told_or_else_the_first(
    first: int, second: int, place: int
) -> None:
    hour, four = INTERVALS["1h"], INTERVALS["4h"]
    steps = [hour] * 60 + [four] * first + [hour] * 60 + [four] * second + [hour] * 60
    index = START.value + np.cumsum([0, *(step.value for step in steps)])
    lengths = find_lengths(index, hour)
    assert lengths is not None
    assert lengths.first == place
    assert lengths.last == lengths.first + max(first, second) - 1
