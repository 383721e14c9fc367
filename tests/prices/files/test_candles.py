"""Rows of a table put in order, freed of repeats, and made into candles."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.candles import candles_from_table
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.table import Reading, Table
from tests.prices.files import samples

HOURS = samples.candles("1h", 40)


def table(frame: pd.DataFrame, **columns: object) -> Table:
    """Make a table of candles, with other columns in place of theirs or beside them."""
    values = frame.rename_axis("time").reset_index().assign(**columns)
    return Table(values, {name: name for name in values}, "row", 10)


def read(frame: pd.DataFrame, interval: str | None = None, **columns: object) -> Reading:
    return candles_from_table(table(frame, **columns), Corrections(), interval)


def problems(reading: Reading) -> dict[str, tuple[int, int, str]]:
    return {each.kind: (each.count, each.first_line, each.detail) for each in reading.problems}


def test_candles_know_the_row_in_which_they_begin() -> None:
    reading = read(HOURS.iloc[::-1])
    assert reading.candles.index.equals(HOURS.index)
    assert reading.lines.tolist() == list(range(49, 9, -1))
    assert reading.decisions["order"] == "newest first, turned round"
    merged = read(HOURS, "4h")
    assert merged.lines.tolist() == list(range(10, 50, 4))
    assert "order" not in merged.decisions


def test_candles_of_the_file_s_own_length_keep_their_times() -> None:
    moved = HOURS.set_axis(HOURS.index + pd.Timedelta("20min"))
    assert read(moved).candles.index.equals(moved.index)


def test_the_last_row_of_each_time_stays_and_the_others_are_counted() -> None:
    again = HOURS.iloc[[3, 7]].assign(close=HOURS["close"].iloc[[3, 7]] + [0.0, 1.0])
    reading = read(pd.concat([HOURS, again]))
    assert reading.duplicates == 2
    assert problems(reading)["duplicates"] == (2, 13, "1 of them with other values")
    assert reading.candles["close"].iloc[7] == HOURS["close"].iloc[7] + 1
    assert reading.lines[[3, 7]].tolist() == [50, 51]


def test_an_unknown_volume_is_no_other_value() -> None:
    again = HOURS.iloc[[3]].assign(volume=np.nan)
    assert (
        problems(read(pd.concat([HOURS, again])))["duplicates"][2] == "0 of them with other values"
    )


@pytest.mark.parametrize(("factor", "repeated", "refused"), [
    (1.25, 3, True), (1.25, 2, False), (1.2, 3, False), (0.8, 3, True),
])  # fmt: skip
def test_three_times_of_quite_different_prices_are_of_two_coins(
    factor: float, repeated: int, refused: bool
) -> None:
    prices = ["open", "high", "low", "close"]
    other = HOURS.iloc[5 : 5 + repeated].copy()
    other[prices] *= factor
    both = pd.concat([HOURS, other])
    if not refused:
        assert read(both).duplicates == repeated
        return
    with pytest.raises(UnreadableFile, match=r"different prices \(row 15 and row 50; 3 times"):
        read(both)


@pytest.mark.parametrize(("rows", "repeated", "refused"), [
    (6, 3, True), (7, 3, False), (4, 2, False), (60, 20, False),
])  # fmt: skip
def test_a_third_of_the_rows_with_another_open_are_other_candles(
    rows: int, repeated: int, refused: bool
) -> None:
    frame = samples.candles("1h", rows)
    other = frame.iloc[1 : 1 + repeated]
    both = pd.concat([frame, other.assign(open=(other["low"] + other["high"]) / 2)])
    if not refused:
        assert read(both).duplicates == repeated
        return
    with pytest.raises(UnreadableFile, match=r"row 11 and row 16; 3 of 9 rows"):
        read(both)


def test_volumes_that_cannot_be_are_unknown() -> None:
    volume = HOURS["volume"].to_numpy().copy()
    volume[[4, 9, 12]] = [-1.0, np.inf, 0.0]
    reading = read(HOURS, volume=volume)
    assert problems(reading)["volume"][:2] == (2, 14)
    assert reading.candles["volume"].isna().to_numpy().nonzero()[0].tolist() == [4, 9]
    assert reading.candles["volume"].iloc[12] == 0


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.inf])
def test_a_price_that_cannot_be_is_refused_with_its_row(wrong: float) -> None:
    low = HOURS["low"].to_numpy().copy()
    low[[8, 9]] = wrong
    with pytest.raises(UnreadableFile, match=rf"{wrong:g} as low \(row 18; 2 rows in all\)"):
        read(HOURS, low=low)


@pytest.mark.parametrize(("outside", "refused"), [(4, False), (5, True)])
def test_one_row_in_ten_may_have_an_open_outside_its_range(outside: int, refused: bool) -> None:
    opens = HOURS["open"].to_numpy().copy()
    opens[:outside] = HOURS["high"].iloc[:outside] + 1
    if not refused:
        assert len(read(HOURS, open=opens).candles) == 40
        return
    with pytest.raises(UnreadableFile, match="12% of the rows"):
        read(HOURS, open=opens)


def test_rows_without_a_price_are_reported_and_blank_rows_are_not() -> None:
    frame = HOURS.copy()
    frame.iloc[[5, 8], 3] = np.nan
    assert problems(read(frame))["without a price"][:2] == (2, 15)
    blank = table(HOURS)
    blank.frame.loc[7] = None
    reading = candles_from_table(blank, Corrections())
    assert "without a price" not in problems(reading)
    assert len(reading.candles) == 39


def test_two_different_times_are_needed() -> None:
    assert len(read(HOURS.iloc[:2]).candles) == 2
    for frame, rows in ((HOURS.iloc[:1], "1 row"), (HOURS.iloc[[0, 0, 0]], "3 rows")):
        with pytest.raises(UnreadableFile, match=f"Received: {rows} with a price"):
            read(frame)
    with pytest.raises(UnreadableFile, match="Received: 0 rows with a price"):
        read(HOURS.assign(close=np.nan))
    with pytest.raises(UnreadableFile, match="a header without rows"):
        read(HOURS.iloc[:0])


def test_sources_are_compared_from_candle_to_candle() -> None:
    source = ["a"] * 10 + ["b"] * 30
    reading = read(HOURS, source=source)
    assert reading.splices is not None
    assert reading.splices.nonzero()[0].tolist() == [10]
    assert not reading.simulated
    assert read(HOURS, source=["simulated", *source[1:]]).simulated
    assert read(HOURS).splices is None


def test_trades_of_one_time_are_turned_round_where_the_newest_is_first() -> None:
    times = np.repeat(HOURS.index[:20].as_unit("s").asi8, 5)
    prices = np.linspace(100, 120, 100)
    frame = pd.DataFrame({"time": times, "price": prices, "volume": 1.0})
    roles = {name: name for name in frame}
    for order in (1, -1):
        trades = Table(frame[::order].reset_index(drop=True), roles, "row", 1)
        candles = candles_from_table(trades, Corrections(), "1h").candles
        assert candles["open"].tolist() == prices[::5][:-1].tolist()
        assert candles["close"].tolist() == prices[4::5][:-1].tolist()


def test_a_closing_label_may_be_given_or_refused() -> None:
    closing = Table(table(HOURS).frame, table(HOURS).roles, "row", 1, closing=True)
    hour = pd.Timedelta("1h")
    assert candles_from_table(closing, Corrections()).candles.index[0] == HOURS.index[0] - hour
    for label, moved in (("open", 0), ("close", 1)):
        reading = candles_from_table(closing, Corrections(label=label))
        assert reading.candles.index[0] == HOURS.index[0] - moved * hour
        assert ("label" in reading.decisions) is bool(moved)


def test_two_labels_of_one_candle_leave_the_last_row_in_the_file() -> None:
    ends = HOURS.set_axis(HOURS.index + pd.Timedelta("59min"))
    start = HOURS.iloc[[5]].assign(close=HOURS["close"].iloc[5] + 1)
    for frame, row, close in (
        (pd.concat([ends, start]), 50, start["close"].iloc[0]),
        (pd.concat([start, ends]), 16, HOURS["close"].iloc[5]),
    ):
        reading = read(frame)
        assert reading.candles.index.equals(HOURS.index)
        assert reading.candles["close"].iloc[5] == close
        assert (reading.lines[5], reading.duplicates) == (row, 1)
        assert problems(reading)["duplicates"][2] == "1 of them with other values"


def test_closing_times_tell_when_the_last_merged_candle_ends() -> None:
    for rows, last in ((40, "2024-03-02 08:00"), (41, "2024-03-02 12:00")):
        frame = samples.candles("1h", 41).iloc[:rows]
        closing = Table(table(frame).frame, table(frame).roles, "row", 1, closing=True)
        reading = candles_from_table(closing, Corrections(), "4h")
        assert reading.candles.index[-1] == pd.Timestamp(last, tz="UTC")
        assert reading.candles.index[0] == pd.Timestamp("2024-02-29 20:00", tz="UTC")


def test_sources_of_merged_candles_are_those_of_their_first_rows() -> None:
    reading = read(HOURS, "4h", source=["a"] * 9 + ["b"] * 31)
    assert reading.splices is not None
    assert reading.splices.nonzero()[0].tolist() == [3]
    assert reading.lines.tolist() == list(range(10, 50, 4))


def test_turnover_stands_in_for_a_volume_that_is_not_there() -> None:
    frame = HOURS.rename(columns={"volume": "turnover"})
    frame.iloc[3, 4] = -0.0
    reading = read(frame)
    assert reading.candles["volume"].tolist() == frame["turnover"].tolist()
    assert not np.signbit(reading.candles["volume"]).any()
    assert reading.volume_unit == "quote"
    assert reading.decisions["columns"].endswith("close=close, turnover=turnover")
    in_thousands = frame["turnover"].map(lambda turnover: f"{turnover / 1000:.2f}K")
    reading = read(frame.assign(turnover=in_thousands))
    np.testing.assert_allclose(reading.candles["volume"], frame["turnover"])
    assert read(HOURS, turnover=0.0).candles["volume"].tolist() == HOURS["volume"].tolist()


def test_the_decimal_mark_is_told_where_numbers_are_text() -> None:
    assert "numbers" not in read(HOURS).decisions
    assert read(HOURS.astype("str")).decisions["numbers"] == "decimal point"
    assert read(HOURS, volume="1,5").decisions["numbers"] == "decimal comma"


def test_a_row_of_nothing_but_a_source_is_blank() -> None:
    blank = table(HOURS, source="a")
    blank.frame.loc[7, ["time", *HOURS]] = None
    assert "without a price" not in problems(candles_from_table(blank, Corrections()))
    blank.frame.loc[7, "volume"] = 1.0
    assert problems(candles_from_table(blank, Corrections()))["without a price"][:2] == (1, 17)


def test_trades_must_make_two_whole_candles() -> None:
    times = pd.DatetimeIndex(np.repeat(HOURS.index[:3], 2))
    frame = pd.DataFrame({"time": times, "price": 10.0})
    roles = {name: name for name in frame}
    reading = candles_from_table(Table(frame, roles, "row", 5), Corrections(), "1h")
    assert reading.lines.tolist() == [5, 7]
    assert (reading.duplicates, reading.simulated, reading.volume_unit) == (0, False, "unknown")
    assert reading.decisions["ticks"].startswith("6 trades made into 1h candles")
    with pytest.raises(UnreadableFile, match="Received: trades for 1 of 1h"):
        candles_from_table(Table(frame[:4], roles, "row", 5), Corrections(), "1h")


def test_the_first_of_the_repeats_is_named_in_either_order() -> None:
    again = pd.concat([HOURS, HOURS.iloc[[20, 30]]])
    assert problems(read(again))["duplicates"][:2] == (2, 30)
    assert problems(read(again[::-1]))["duplicates"][:2] == (2, 10)
