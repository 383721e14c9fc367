"""Findings of the quality report: what, how many, on which line, how bad."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.prices.candles import findings
from cryptoforecast.prices.candles.quality import outliers
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.types import PriceHistory, Problem
from tests.prices.files import samples

HOURS = samples.candles("1h", 200)


def problem(history: PriceHistory, kind: str) -> Problem:
    (match,) = (each for each in history.quality.problems if each.kind == kind)
    return match


def load(frame: pd.DataFrame) -> PriceHistory:
    return read(samples.own(frame), "BTC.csv")


def test_gaps_tell_blocks_and_the_longest() -> None:
    entry = problem(load(HOURS.drop(HOURS.index[[9, 40, 41, 42]])), "missing")
    assert (entry.count, entry.first_line) == (4, 11)
    assert entry.detail == "2 blocks, the longest of 3 after 2024-03-02 15:00"


def test_duplicates_tell_how_many_differ() -> None:
    frame = pd.concat([HOURS, HOURS.iloc[[5]], HOURS.iloc[[8]] + 1.0])
    entry = problem(load(frame), "duplicates")
    assert entry == Problem(
        "duplicates", 2, 7, "the last of each was kept", "1 of them with other values"
    )


def test_a_delisted_pair_is_a_flat_tail() -> None:
    frame = HOURS.copy()
    frame.iloc[110:, :4], frame.iloc[110:, 4] = frame["close"].iloc[109], 0.0
    history = load(frame)
    assert history.quality.flat_tail == 90
    entry = problem(history, "flat_tail")
    assert (entry.count, entry.first_line) == (90, 112)
    assert entry.detail == "45% of all, from 2024-03-05 14:00"
    assert problem(history, "zero_volume").detail == "45.0% of all"


def test_flat_stretches_within_are_found() -> None:
    frame = HOURS.copy()
    frame.iloc[50:80, :4] = frame["close"].iloc[49]
    entry = problem(load(frame), "flat")
    assert (entry.count, entry.first_line) == (30, 52)


def test_the_same_candle_under_two_labels_loses_the_one_off_the_grid() -> None:
    days = samples.candles("1d", 40)
    copies = days.set_axis(days.index + pd.Timedelta(hours=5))
    history = load(pd.concat([days, copies]).sort_index())
    assert history.candles.index.equals(days.index)
    entry = problem(history, "two_labels")
    assert (entry.count, entry.first_line) == (40, 3)
    assert "left out" in entry.repair


def test_the_same_candle_twice_on_the_grid_is_only_reported() -> None:
    frame = HOURS.copy()
    frame.iloc[103:106] = frame.iloc[100:103].to_numpy()
    history = load(frame)
    assert len(history) == 200
    entry = problem(history, "two_labels")
    assert (entry.count, entry.first_line, entry.repair) == (3, 105, "none")
    assert entry.detail.startswith("the same candle again 3 hours later")


def distinct(rows: int, step: str = "1h") -> pd.DataFrame:
    """Make candles that are all different, with four different prices and volume."""
    base = np.arange(rows, dtype=float)
    index = pd.date_range("2024-01-01", periods=rows, freq=step, tz="UTC", name="time", unit="ns")
    values = {"open": 100 + base, "high": 103 + base, "low": 99 + base, "close": 102 + base}
    return pd.DataFrame({**values, "volume": 1 + base}, index=index)


def repeats(candles: pd.DataFrame) -> tuple[list[int], list[int]]:
    values = {name: candles[name].to_numpy() for name in candles}
    earlier, later = findings.find_copies(values, candles.index.asi8)
    return earlier.tolist(), later.tolist()


@pytest.mark.parametrize(
    ("step", "rows", "is_found"),
    [("1h", 1, True), ("30min", 1, False), ("1h", 48, True), ("1h", 49, False), ("1D", 2, True)],
)
def test_a_repeat_lies_one_to_48_hours_later(step: str, rows: int, is_found: bool) -> None:
    candles = distinct(120, step)
    candles.iloc[20 + rows] = candles.iloc[20]
    assert repeats(candles) == (([20], [20 + rows]) if is_found else ([], []))


def test_only_the_most_frequent_distance_counts() -> None:
    candles = distinct(200)
    for row, later in ((20, 25), (40, 45), (60, 65), (80, 83), (100, 110)):
        candles.iloc[later] = candles.iloc[row]
    assert repeats(candles) == ([20, 40, 60], [25, 45, 65])


@pytest.mark.parametrize(
    ("change", "is_found"),
    [
        ({}, True),
        ({"volume": 0.0}, True),  # four different prices
        ({"open": 106.0, "close": 106.0}, True),  # volume
        ({"open": 106.0, "close": 106.0, "volume": 0.0}, False),
        ({"open": 108.0, "volume": 0.0}, False),  # the open is the high
        ({"open": 104.0, "volume": 0.0}, False),  # the open is the low
        ({"close": 108.0, "volume": 0.0}, False),
        ({"close": 104.0, "volume": 0.0}, False),
        ({"open": 106.0, "high": 106.0, "low": 106.0, "close": 106.0}, False),  # one price
    ],
)
def test_a_repeat_has_volume_or_four_different_prices(
    change: dict[str, float], is_found: bool
) -> None:
    candles = distinct(60)
    candle = {"open": 105.0, "high": 108.0, "low": 104.0, "close": 107.0, "volume": 0.5, **change}
    for row in (20, 25):
        candles.iloc[row] = [candle[name] for name in candles]
    assert repeats(candles) == (([20], [25]) if is_found else ([], []))


@pytest.mark.parametrize(("rows", "is_found"), [(10_000, True), (10_001, False)])
def test_one_repeat_in_more_than_ten_thousand_is_chance(rows: int, is_found: bool) -> None:
    candles = distinct(rows)
    candles.iloc[25] = candles.iloc[20]
    assert repeats(candles) == (([20], [25]) if is_found else ([], []))


def test_candles_without_a_gap_have_no_finding_of_one() -> None:
    assert findings.gaps(distinct(9), "1h", np.ones(9, dtype=bool), None) == []


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_hardly_a_candle_has_no_repeats(rows: int) -> None:
    assert repeats(distinct(rows)) == ([], [])


def test_two_candles_may_be_a_repeat() -> None:
    candles = distinct(2)
    candles.iloc[1] = candles.iloc[0]
    assert repeats(candles) == ([0], [1])


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        ([], ([0], [0])),
        ([0, 0], ([0], [0])),
        ([1], ([0], [1])),
        ([1, 1, 0, 1], ([0, 3], [2, 1])),
        ([0, 1, 1, 0], ([1], [2])),
    ],
)
def test_runs_of_true_values(mask: list[int], expected: tuple[list[int], list[int]]) -> None:
    starts, lengths = findings.runs(np.array(mask, dtype=bool))
    assert (starts.tolist(), lengths.tolist()) == expected


def stale(first: int, stretch: int, tail: int) -> dict[str, Problem]:
    """Report on candles with a stretch at one price from ``first`` on, and a flat tail."""
    candles = distinct(200)
    for start, rows in ((first, stretch), (200 - tail, tail)):
        candles.iloc[start : start + rows, :4] = candles["close"].iloc[min(start, 199)]
        candles.iloc[start : start + rows, 4] = 0.0
    reported = findings.stale(candles, tail, np.arange(200) + 2)
    return {each.kind: each for each in reported}


@pytest.mark.parametrize("first", [0, 50])
@pytest.mark.parametrize("tail", [0, 30])
@pytest.mark.parametrize(("stretch", "is_flat"), [(24, False), (25, True), (40, True)])
def test_a_flat_stretch_repeats_a_price_24_times_before_the_tail(
    first: int, stretch: int, is_flat: bool, tail: int
) -> None:
    mask = stale(first, stretch, tail)
    assert ("flat" in mask) is is_flat
    if is_flat:
        assert (mask["flat"].count, mask["flat"].first_line) == (stretch - 1, first + 3)
        assert mask["flat"].detail.startswith("1 stretches of at least 24 candles at one price")
    assert ("flat_tail" in mask) is (tail > 0)
    if tail:
        assert (mask["flat_tail"].count, mask["flat_tail"].first_line) == (30, 172)
    assert mask["zero_volume"].count == stretch + tail


def test_joins_of_sources_tell_the_largest_step() -> None:
    frame = HOURS.assign(source=["a"] * 100 + ["b"] * 100)
    frame.iloc[100:, :4] *= 1.05
    entry = problem(load(frame), "splices")
    assert (entry.count, entry.first_line) == (1, 102)
    step = frame["close"].iloc[100] / frame["close"].iloc[99] - 1
    assert entry.detail == (
        f"another source begins; the largest step between closes is {step:.1%} at 2024-03-05 04:00"
    )


def test_the_largest_step_where_sources_join_is_not_across_a_gap() -> None:
    candles = distinct(100).drop(pd.Timestamp("2024-01-02 12:00", tz="UTC"))
    candles["close"] = 100.0
    candles.iloc[20:, 3], candles.iloc[30:, 3], candles.iloc[36:, 3] = 104.0, 97.76, 200.0
    splices = np.isin(np.arange(99), [20, 30, 36])
    (join,) = findings.joins(candles, splices, np.arange(99) + 2)
    assert (join.count, join.first_line) == (3, 22)
    assert join.detail == (
        "another source begins; the largest step between closes is 6.0% at 2024-01-02 06:00"
    )
    (late,) = findings.joins(candles, np.arange(99) == 36, None)
    assert (late.first_line, late.detail) == (None, "another source begins")


@pytest.mark.parametrize("name", ["open", "high"])
def test_an_absurd_open_or_high_is_an_outlier(name: str) -> None:
    frame = HOURS.copy()
    frame.iloc[0, frame.columns.get_loc(name)] *= 3.7
    assert np.flatnonzero(outliers(frame)).tolist() == [0]


def test_trades_make_candles() -> None:
    rng = np.random.default_rng(3)
    seconds = np.sort(rng.uniform(0, 6 * 3600, 4000)) + 1_709_251_200
    price = np.round(100 * np.exp(np.cumsum(rng.normal(0, 1e-4, 4000))), 4)
    rows = [[f"{s:.4f}", f"{p}", "0.5"] for s, p in zip(seconds, price, strict=True)]
    history = read(samples.lines(rows), "BTCUSD.csv", interval="1h")
    bucket = (seconds // 3600).astype(int)
    for i, hour in enumerate(np.unique(bucket)[:-1]):
        inside = price[bucket == hour]
        assert history.candles.iloc[i].tolist() == [
            inside[0], inside.max(), inside.min(), inside[-1], 0.5 * len(inside)
        ]  # fmt: skip
    assert len(history) == 5
    newest_first = samples.lines(rows[::-1], ["timestamp", "price", "amount"])
    again = read(newest_first, "BTCUSD.csv", interval="1h")
    assert again.fingerprint == history.fingerprint
    assert read(samples.lines(rows), "BTCUSD.csv").interval == "1m"


def test_volumes_that_cannot_be_are_unknown_and_reported() -> None:
    frame = HOURS.copy()
    frame.iloc[[7, 9], 4] = -3.0
    history = load(frame)
    assert history.candles["volume"].isna().sum() == 2
    assert problem(history, "volume") == Problem("volume", 2, 9, "taken as unknown")
