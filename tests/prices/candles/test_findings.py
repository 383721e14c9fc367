"""Findings of the quality report: what, how many, on which line, how bad."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.prices.candles.quality import outliers
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.types import PriceHistory, Problem
from tests.prices.files import samples

HOURS = samples.candles("1h", 200)


def problem(history: PriceHistory, kind: str) -> Problem:
    (found,) = (each for each in history.quality.problems if each.kind == kind)
    return found


def load(frame: pd.DataFrame) -> PriceHistory:
    return read(samples.own(frame), "BTC.csv")


def test_gaps_tell_blocks_and_the_longest() -> None:
    found = problem(load(HOURS.drop(HOURS.index[[9, 40, 41, 42]])), "missing")
    assert (found.count, found.first_line) == (4, 11)
    assert found.detail == "2 blocks, the longest of 3 after 2024-03-02 15:00"


def test_duplicates_tell_how_many_differ() -> None:
    frame = pd.concat([HOURS, HOURS.iloc[[5]], HOURS.iloc[[8]] + 1.0])
    found = problem(load(frame), "duplicates")
    assert found == Problem(
        "duplicates", 2, 7, "the last of each was kept", "1 of them with other values"
    )


def test_a_delisted_pair_is_a_flat_tail() -> None:
    frame = HOURS.copy()
    frame.iloc[110:, :4], frame.iloc[110:, 4] = frame["close"].iloc[109], 0.0
    history = load(frame)
    assert history.quality.flat_tail == 90
    found = problem(history, "flat_tail")
    assert (found.count, found.first_line) == (90, 112)
    assert found.detail == "45% of all, from 2024-03-05 14:00"
    assert problem(history, "zero_volume").detail == "45.0% of all"


def test_flat_stretches_within_are_found() -> None:
    frame = HOURS.copy()
    frame.iloc[50:80, :4] = frame["close"].iloc[49]
    found = problem(load(frame), "flat")
    assert (found.count, found.first_line) == (30, 52)


def test_the_same_candle_under_two_labels_loses_the_one_off_the_grid() -> None:
    days = samples.candles("1d", 40)
    copies = days.set_axis(days.index + pd.Timedelta(hours=5))
    history = load(pd.concat([days, copies]).sort_index())
    assert history.candles.index.equals(days.index)
    found = problem(history, "two_labels")
    assert (found.count, found.first_line) == (40, 3)
    assert "left out" in found.repair


def test_the_same_candle_twice_on_the_grid_is_only_reported() -> None:
    frame = HOURS.copy()
    frame.iloc[103:106] = frame.iloc[100:103].to_numpy()
    history = load(frame)
    assert len(history) == 200
    found = problem(history, "two_labels")
    assert (found.count, found.first_line, found.repair) == (3, 105, "none")
    assert found.detail.startswith("the same candle again 3 hours later")


def test_joins_of_sources_tell_the_largest_step() -> None:
    frame = HOURS.assign(source=["a"] * 100 + ["b"] * 100)
    frame.iloc[100:, :4] *= 1.05
    found = problem(load(frame), "splices")
    assert (found.count, found.first_line) == (1, 102)
    step = frame["close"].iloc[100] / frame["close"].iloc[99] - 1
    assert f"{step:.1%} at 2024-03-05 04:00" in found.detail


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
