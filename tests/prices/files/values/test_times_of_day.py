"""Times of day in a column of their own, or without names."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.price_file import read
from tests.prices.files import samples
from tests.prices.files.values.times import DAYS, HOURS, check


@pytest.mark.parametrize("columns", [4, 5])
@pytest.mark.parametrize("step", [1, -1])
def test_a_time_of_day_apart_without_column_names(columns: int, step: int) -> None:
    rows = [[f"{t:%Y-%m-%d}", f"{t:%H:%M}", *map(str, row[:columns])]
            for t, row in zip(HOURS.index, HOURS.to_numpy(), strict=True)]  # fmt: skip
    history = read(samples.lines(rows[::step]), "x.csv")
    check(history, HOURS)
    assert history.candles["volume"].notna().all() == (columns == 5)


@pytest.mark.parametrize(
    ("day", "clock"),
    [
        ("%Y%m%d", "%H%M%S"), ("%Y%m%d", "%H:%M"), ("%Y.%m.%d", "%H:%M:%S"), ("%d/%m/%y", "%H%M%S"),
        ("%m/%d/%Y", "%I:%M %p"), ("%Y-%m-%d", "%H%M"),
    ],
)  # fmt: skip
def test_the_time_of_day_may_have_its_own_column(day: str, clock: str) -> None:
    rows = [["BTC", "60", f"{t:{day}}", f"{t:{clock}}", *map(str, row)]
            for t, row in zip(HOURS.index, HOURS.to_numpy(), strict=True)]  # fmt: skip
    header = ["<TICKER>", "<PER>", "<DATE>", "<TIME>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>",
              "<VOL>"]  # fmt: skip
    check(read(samples.lines(rows, header), "x.csv"), HOURS)


def test_a_time_of_day_that_may_be_two_is_refused() -> None:
    frame = samples.candles("1d", 20)
    rows = [[f"{t:%Y%m%d}", "1000", *map(str, row)]
            for t, row in zip(frame.index, frame.to_numpy(), strict=True)]  # fmt: skip
    header = ["Date", "Time", "Open", "High", "Low", "Close", "Volume"]
    with pytest.raises(UnreadableFile, match=r"Received: 1000 \(line 2, column 'Time'\)"):
        read(samples.lines(rows, header), "x.csv")
    midnight = [[row[0], "0", *row[2:]] for row in rows]
    check(read(samples.lines(midnight, header), "x.csv"), frame)


def test_times_before_the_first_coin_are_refused() -> None:
    frame = samples.candles("1d", 60, "2008-03-01")
    for form in ("%Y-%m-%d", "%d %b %Y", "%d.%m.%y", "%Y%m%d"):
        with pytest.raises(UnreadableFile, match=r"from 2009 on.*\(line 2"):
            read(samples.dated(frame, form), "x.csv")


def test_a_time_with_a_line_break_is_no_other_row_s() -> None:
    records = [{"t": f"{t:%d %b %Y}", **row} for t, row in DAYS.T.to_dict().items()]
    records[7]["t"] = "\n"
    with pytest.raises(UnreadableFile, match=r"from 2009 on.*\(record 8"):
        read(json.dumps(records).encode(), "x.json")


@pytest.mark.parametrize("last", [1200, 2300])
def test_hours_and_minutes_without_a_leading_zero_are_known_by_their_size(last: int) -> None:
    """1200 can't be twelve minutes: with it, 100 is one o'clock."""
    start = "2024-03-10 00:00"
    frame = samples.candles("1h", 24 + last // 100 + 1, start)
    rows = [[f"{t:%Y%m%d}", f"{t.hour * 100}", *map(str, row)]
            for t, row in zip(frame.index, frame.to_numpy(), strict=True)]  # fmt: skip
    header = ["Date", "Time", "Open", "High", "Low", "Close", "Volume"]
    if last == 1200:
        rows = [row for row in rows if int(row[1]) <= 1200]
    history = read(samples.lines(rows, header), "x.csv")
    assert history.start == frame.index[0]
    assert history.end == frame.index[-1]
    assert (history.interval, len(history)) == ("1h", len(rows))


@pytest.mark.parametrize(
    ("clocks", "days"),
    [
        (["1300"], 20),  # the same every day: perhaps thirteen minutes past midnight
        ([str(100 * hour) for hour in range(1, 14)], 1),  # one day alone: minutes and seconds?
        ([str(100 * hour) for hour in range(1, 12)], 20),  # none that only hours reach
    ],
)
def test_times_of_day_that_may_be_minutes_and_seconds_are_refused(
    clocks: list[str], days: int
) -> None:
    dates = pd.date_range("2024-03-10", periods=days, freq="D")
    rows = [[f"{day:%Y%m%d}", clock, "10", "12", "9", "11"] for day in dates for clock in clocks]
    content = samples.lines(rows, ["Date", "Time", "Open", "High", "Low", "Close"])
    largest = max(map(int, clocks))
    with pytest.raises(UnreadableFile, match=rf"Received: {largest} \(line"):
        read(content, "x.csv")


@pytest.mark.parametrize(
    ("clock", "expected"),
    [("%H%M%S", "%H%M%S"), ("%-H%M%S", "%-H%M%S"), ("%H%M", "%H%M")],
)
def test_digits_of_the_time_of_day_may_have_no_colons(clock: str, expected: str) -> None:
    rows = [[f"{t:%Y%m%d}", t.strftime(clock).lstrip("-"), *map(str, row)]
            for t, row in zip(HOURS.index, HOURS.to_numpy(), strict=True)]  # fmt: skip
    header = ["Date", "Time", "Open", "High", "Low", "Close", "Volume"]
    check(read(samples.lines(rows, header), "x.csv"), HOURS)
