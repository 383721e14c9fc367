"""Rows that a stranger sent become candles, or an error of ours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoforecast.errors import SourceUnavailable
from cryptoforecast.prices.candles.resample import COLUMNS
from cryptoforecast.prices.live.rows import to_candles

PLACES = {"time": 0, "open": 1, "high": 2, "low": 3, "close": 4, "volume": 5}
NOW = pd.Timestamp("2024-06-01", tz="UTC")
SECOND = 1_700_000_000

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["1e5", "0x10", "1_0", " 7 ", "-0", "inf", 5e-324, 10**400, SECOND])
)
json = st.recursive(scalars, lambda inner: st.lists(inner, max_size=7), max_leaves=30)
nearly = st.lists(
    st.lists(st.floats(0.1, 1e6) | scalars, min_size=4, max_size=6).map(lambda row: [SECOND, *row]),
    max_size=5,
)


def read(rows: object) -> pd.DataFrame:
    return to_candles("Host", rows, PLACES, NOW, 100)


@given(json | nearly)
def test_anything_becomes_sound_candles_or_an_error_of_ours(rows: object) -> None:
    try:
        candles = read(rows)
    except SourceUnavailable:
        return
    assert tuple(candles) == COLUMNS
    assert np.isfinite(candles.to_numpy()).all()
    assert (candles[["open", "high", "low", "close"]] > 0).all().all()
    assert (candles["volume"] >= 0).all()
    assert candles.index.is_monotonic_increasing
    assert candles.index.is_unique


def test_order_and_repeats_do_not_matter() -> None:
    rows = [
        [SECOND + 60, 1, 1, 1, 1, 1],
        [SECOND, "2", "2", "2", "2", "0"],
        [SECOND, 3, 3, 3, 3, 3],
    ]
    candles = read(rows)
    assert list(candles["close"]) == [3, 1]
    assert list(candles.index.as_unit("s").asi8) == [SECOND, SECOND + 60]


@pytest.mark.parametrize("second", [0, 1_230_767_999, int(NOW.timestamp()) + 86_401])
def test_times_that_cannot_be_are_refused(second: int) -> None:
    with pytest.raises(SourceUnavailable, match="a time that can't be"):
        read([[second, 1, 1, 1, 1, 1]])


@pytest.mark.parametrize("value", ["1" + "0" * 39, " 1.5 ", "1e3", 7, 2.5])
def test_numbers_may_be_text_of_forty_characters(value: object) -> None:
    assert read([[SECOND, 1, 1, 1, value, 1]])["close"].iloc[0] == float(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([SECOND, 1, 1, 1, "1" + "0" * 40, 1], "something other than a number"),
        ([SECOND, 1, 1, 1, "\u0665", 1], "something other than a number"),
        ([SECOND, 1, 1, 1, "x", 1], "something other than a number"),
        ([SECOND, 1, 1, 1, None, 1], "something other than a number"),
        ([SECOND, 1, 1, 1, True, 1], "something other than a number"),
        ([SECOND, 1, 1, 1, "nan", 1], "a number that is not finite"),
        ([SECOND, 1, 1, 1, "1e999", 1], "a number that is not finite"),
        ([SECOND, 1, 1, 1, 1, -0.5], "a number below zero"),
        ([SECOND, 1, 1, 1, -0.5, 1], "a number below zero"),
        ([SECOND, 1, 1, 1, 1], "a row that is no candle"),
        ([float(SECOND), 1, 1, 1, 1, 1], "a time that is no whole number"),
        ([True, 1, 1, 1, 1, 1], "a time that is no whole number"),
        ([str(SECOND), 1, 1, 1, 1, 1], "a time that is no whole number"),
    ],
)
def test_each_fault_of_a_row_is_named(row: list[object], message: str) -> None:
    sound = [SECOND - 60, 1, 1, 1, 1, 0]
    with pytest.raises(SourceUnavailable, match=f"^Host answered with {message} in its candles"):
        read([sound, row])


def test_the_first_and_the_last_second_and_a_volume_of_zero_are_allowed() -> None:
    last = int(NOW.timestamp()) + 86_400
    candles = read([[1_230_768_000, 1, 1, 1, 1, 0], [last, 1, 1, 1, 1, 0, "more"]])
    assert list(candles.index.as_unit("s").asi8) == [1_230_768_000, last]
    assert list(candles["volume"]) == [0, 0]


@pytest.mark.parametrize("column", ["open", "high", "low", "close"])
def test_a_row_with_a_price_of_zero_is_left_out(column: str) -> None:
    rows = [[SECOND + 60 * i, 1, 1, 1, 1, 1] for i in range(3)]
    rows[1][PLACES[column]] = 0
    assert list(read(rows).index.as_unit("s").asi8) == [SECOND, SECOND + 120]


@pytest.mark.parametrize(
    ("zeros", "rows", "fails"), [(1, 1, False), (1, 50, False), (2, 50, True), (2, 199, True),
                                 (2, 200, False), (3, 300, False), (4, 300, True)],
)  # fmt: skip
def test_zero_prices_in_more_than_a_hundredth_are_refused(
    zeros: int, rows: int, fails: bool
) -> None:
    candles = [[SECOND + 60 * i, 1, 1, 1, int(i >= zeros), 1] for i in range(rows)]
    if fails:
        message = f"^Host answered with a price of zero in {zeros} of {rows} candles"
        with pytest.raises(SourceUnavailable, match=message):
            to_candles("Host", candles, PLACES, NOW, 1000)
    else:
        assert len(to_candles("Host", candles, PLACES, NOW, 1000)) == rows - zeros


@pytest.mark.parametrize("rows", [None, {}, "x", ((SECOND, 1, 1, 1, 1, 1),), [[]] * 101])
def test_what_is_no_list_or_too_long_is_refused(rows: object) -> None:
    with pytest.raises(SourceUnavailable, match="something other than a list of candles"):
        read(rows)


def test_as_many_rows_as_allowed_are_read_and_none_are_no_candles() -> None:
    assert len(read([[SECOND + 60 * i, 1, 1, 1, 1, 1] for i in range(100)])) == 100
    assert read([]).empty
