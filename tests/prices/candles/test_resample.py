"""Merging candles, against a hand loop."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.candles.resample import (
    check_multiple,
    describe,
    floor,
    floors,
    merge,
    resample,
    step_of,
)
from cryptoforecast.types import INTERVALS


def candles_at(times: pd.DatetimeIndex, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    body = rng.uniform(90, 110, (len(times), 2))
    return pd.DataFrame(
        {
            "open": body[:, 0],
            "high": body.max(axis=1) + rng.uniform(0, 5, len(times)),
            "low": body.min(axis=1) - rng.uniform(0, 5, len(times)),
            "close": body[:, 1],
            "volume": rng.uniform(0, 9, len(times)),
        },
        index=times.rename("time"),
    )


def known_sum(volumes: list[float]) -> float:
    """Add up the known volumes; NaN if none is known."""
    values = [volume for volume in volumes if not np.isnan(volume)]
    return sum(values) if values else np.nan


def by_hand(candles: pd.DataFrame, fine: str, coarse: str) -> list[tuple[object, ...]]:
    """Merge row by row; drop a last candle that the rows do not fill."""
    buckets: dict[pd.Timestamp, list[int]] = {}
    for row, time in enumerate(candles.index):
        buckets.setdefault(floor(time, coarse), []).append(row)
    if candles.index[-1] + INTERVALS[fine] < max(buckets) + INTERVALS[coarse]:
        del buckets[max(buckets)]
    return [
        (
            time,
            candles["open"].iloc[rows[0]],
            max(candles["high"].iloc[row] for row in rows),
            min(candles["low"].iloc[row] for row in rows),
            candles["close"].iloc[rows[-1]],
            pytest.approx(known_sum(candles["volume"].iloc[rows].tolist()), nan_ok=True),
        )
        for time, rows in sorted(buckets.items())
    ]


@settings(max_examples=40, deadline=None)
@given(
    offset=st.integers(0, 3000),
    presence=st.lists(st.booleans(), min_size=2, max_size=120).filter(any),
    unknown=st.integers(0, 2**32 - 1),
    pair=st.sampled_from([("1h", "4h"), ("1h", "1d"), ("15m", "1h"), ("1d", "1w"), ("1h", "1w")]),
)
def test_merging_equals_a_hand_loop(
    offset: int, presence: list[bool], unknown: int, pair: tuple[str, str]
) -> None:
    fine, coarse = pair
    start = pd.Timestamp("2024-02-28", tz="UTC") + offset * INTERVALS[fine]
    times = pd.date_range(start, periods=len(presence), freq=INTERVALS[fine], unit="ns")
    candles = candles_at(times[np.array(presence)], offset)
    # Volumes are unknown in runs, so that some merged candles have none that is known.
    runs = np.random.default_rng(unknown).random(len(candles) // 7 + 1).repeat(7)
    candles.loc[runs[: len(candles)] < 0.3, "volume"] = np.nan
    merged = resample(candles, fine, coarse)
    assert list(merged.itertuples(name=None)) == by_hand(candles, fine, coarse)
    assert merged.index.name == "time"
    assert merged.index.dtype == "datetime64[ns, UTC]"


def test_the_same_interval_and_no_candles_are_left_as_they_are() -> None:
    candles = candles_at(pd.date_range("2024-01-01", periods=3, freq="h", tz="UTC", unit="ns"))
    assert resample(candles, "1h", "1h") is candles
    nothing = candles.iloc[:0]
    assert resample(nothing, "1h", "4h") is nothing
    values = {name: nothing[name].to_numpy() for name in nothing}
    assert merge(nothing.index.asi8, values, pd.Timedelta("4h")).candles().empty


def test_weeks_begin_on_mondays() -> None:
    days = pd.date_range("2024-01-01", periods=21, freq="D", tz="UTC", unit="ns")
    assert set(resample(candles_at(days), "1d", "1w").index.day_name()) == {"Monday"}


@pytest.mark.parametrize("place", range(3))
def test_unknown_volume_stays_unknown(place: int) -> None:
    candles = candles_at(pd.date_range("2024-01-01", periods=12, freq="h", tz="UTC", unit="ns"))
    candles.loc[candles.index[4 * place : 4 * place + 4], "volume"] = np.nan
    expected = [candles["volume"].iloc[4 * i : 4 * i + 4].sum() for i in range(3)]
    expected[place] = np.nan
    np.testing.assert_allclose(resample(candles, "1h", "4h")["volume"], expected)


@pytest.mark.parametrize("row", range(8))
def test_one_unknown_volume_among_others_counts_as_none(row: int) -> None:
    candles = candles_at(pd.date_range("2024-01-01", periods=8, freq="h", tz="UTC", unit="ns"))
    candles.loc[candles.index[row], "volume"] = np.nan
    expected = [candles["volume"].iloc[4 * i : 4 * i + 4].sum() for i in range(2)]
    np.testing.assert_allclose(resample(candles, "1h", "4h")["volume"], expected)


def test_a_row_without_a_trade_shows_that_the_last_candle_is_complete() -> None:
    times = pd.date_range("2024-01-01", periods=7, freq="h", tz="UTC", unit="ns")
    candles = candles_at(times)
    assert len(resample(candles, "1h", "4h")) == 1
    values = {name: candles[name].to_numpy() for name in candles}
    merged = merge(times.asi8, values, pd.Timedelta("4h"))
    assert list(merged.rows) == [4, 3]
    assert len(merged.until(pd.Timestamp("2024-01-01 07:59Z").as_unit("ns").value).opens) == 1
    assert len(merged.until(pd.Timestamp("2024-01-01 08:00Z").as_unit("ns").value).opens) == 2


@pytest.mark.parametrize(
    ("text", "remedy"),
    [("60m", "Write 1h"), ("1hour", "Write 1h"), ("24H", "Write 1d"), ("7 days", "Write 1w"),
     ("3h", "Choose one"), ("often", "Choose one"), ("", "Choose one"), ("nat", "Choose one"),
     # A text may have any length: its first 20 characters are looked at.
     ("7 days 00:00:00.0000" + "x" * 9, "Write 1w"), (" " * 20 + "7 days", "Choose one"),
     (" " * 18 + "1h", "Write 1h"), (" " * 18 + "1hx", "Write 1h")],
)  # fmt: skip
def test_another_spelling_of_an_interval_is_refused_with_ours(text: str, remedy: str) -> None:
    with pytest.raises(InvalidInput, match=f"must be one of 1m, .* {remedy}"):
        step_of(text)


def test_finer_or_uneven_intervals_are_refused() -> None:
    candles = candles_at(pd.date_range("2024-01-01", periods=9, freq="h", tz="UTC", unit="ns"))
    with pytest.raises(InvalidInput, match="1h candles, 15m wanted"):
        resample(candles, "1h", "15m")
    with pytest.raises(InvalidInput, match="3h candles, 4h wanted"):
        check_multiple(pd.Timedelta(hours=3), "4h")
    with pytest.raises(InvalidInput, match=r"must be one of 1m, .*Received: '3h'"):
        resample(candles, "1h", "3h")


@pytest.mark.parametrize(
    ("length", "name"),
    [("60min", "1h"), ("7D", "1w"), ("3min", "3m"), ("2h", "2h"), ("30s", "30 s"), ("31D", "31d")],
)
def test_lengths_are_named_as_intervals_are(length: str, name: str) -> None:
    assert describe(pd.Timedelta(length)) == name


def test_floor_finds_the_candle_that_holds_a_time() -> None:
    time = pd.Timestamp("2024-05-16 13:47:11", tz="UTC")
    assert floor(time, "1h") == pd.Timestamp("2024-05-16 13:00Z")
    assert floor(time, "4h") == pd.Timestamp("2024-05-16 12:00Z")
    assert floor(time, "1w") == pd.Timestamp("2024-05-13 00:00Z")


@given(second=st.integers(-(10**9), 4 * 10**9), name=st.sampled_from(list(INTERVALS)))
def test_every_time_lies_in_its_candle_and_an_open_in_its_own(second: int, name: str) -> None:
    time = pd.Timestamp(second, unit="s", tz="UTC")
    opened = floor(time, name)
    assert opened <= time < opened + INTERVALS[name]
    assert floor(opened, name) == opened
    assert floor(opened - pd.Timedelta(1, "ns"), name) == opened - INTERVALS[name]
    assert floors(np.array([time.as_unit("ns").value]), INTERVALS[name]) == opened.value


def test_a_last_candle_that_is_not_complete_is_dropped_from_every_part() -> None:
    times = pd.date_range("2024-01-01", periods=10, freq="1h", tz="UTC").as_unit("ns")
    values = {name: np.arange(1.0, 11.0) for name in ("open", "high", "low", "close", "volume")}
    merged = merge(times.asi8, values, pd.Timedelta("4h"))
    end = (times[8] + pd.Timedelta("4h")).value
    assert merged.until(end) is merged
    shorter = merged.until(end - 1)
    for part in (shorter.opens, shorter.first, shorter.rows, *shorter.values.values()):
        assert len(part) == 2
    np.testing.assert_array_equal(shorter.first, [0, 4])
    np.testing.assert_array_equal(shorter.rows, [4, 4])
    assert len(shorter.candles()) == 2
