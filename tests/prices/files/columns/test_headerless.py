"""What the columns of a table are where no line names them."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns.headerless import recognise_columns
from cryptoforecast.prices.files.price_file import read
from tests.prices.files import samples

DAYS = samples.candles("1d", 71, "2024-03-25")


def without_header(frame: pd.DataFrame, form: str) -> bytes:
    return samples.dated(frame, form).split(b"\n", 1)[1]


@pytest.mark.parametrize("step", [1, -1], ids=["oldest first", "newest first"])
@pytest.mark.parametrize(
    "form",
    ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%Y%m%d 000000", "%d/%m/%Y 12:00 AM"],
)
def test_dates_without_a_header_tell_the_order_of_the_rows(form: str, step: int) -> None:
    """From 25 March to 3 June, so that the text of the first date is larger than the last's."""
    history = read(without_header(DAYS[::step], form), "x.csv")
    assert history.candles.index.equals(DAYS.index)
    assert history.candles["open"].tolist() == DAYS["open"].tolist()


@pytest.mark.parametrize("step", [1, -1], ids=["oldest first", "newest first"])
@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("%d/%m/%Y %H:%M", "2024-03-28"), ("%m/%d/%Y %I:%M %p", "2024-03-28"),
        ("%d/%m/%Y,%H:%M", "2024-03-28"), ("%d/%m/%y,%H:%M", "2023-12-30"),
        ("%d.%m.%Y %-H:%M", "2024-03-13"), ("%m/%d/%Y,%-I:%M %p", "2024-03-13"),
    ],
)  # fmt: skip
def test_hours_without_a_header_tell_the_order_of_the_rows(
    form: str, start: str, step: int
) -> None:
    hours = samples.candles("1h", 100, start)
    content = without_header(hours[::step], form).replace(b";", b",")
    history = read(content, "x.csv")
    assert history.candles.index.equals(hours.index)
    assert history.candles["open"].tolist() == hours["open"].tolist()


@pytest.mark.parametrize("start", ["2024-03-25 00:00", "2024-03-25 10:00", "2024-03-25 13:00"])
def test_hours_of_half_a_day_are_ordered_by_the_time_of_day(start: str) -> None:
    hours = samples.candles("1h", 6, start)
    content = without_header(hours[::-1], "%d/%m/%Y %I:%M %p")
    assert read(content, "x.csv").candles["open"].tolist() == hours["open"].tolist()


def test_days_of_december_tell_the_order_of_the_rows() -> None:
    days = samples.candles("1d", 20, "2024-12-05")
    history = read(without_header(days[::-1], "%d/%m/%Y"), "x.csv")
    assert history.candles["open"].tolist() == days["open"].tolist()


def test_two_rows_of_the_last_day_do_not_hide_the_order() -> None:
    days = without_header(DAYS.iloc[[1, 0, 0]], "%Y-%m-%d").decode().splitlines()
    roles = recognise_columns([line.split(";") for line in days], {}).roles
    assert (roles["open"], roles["close"]) == ("column 2", "column 5")


def test_a_volume_without_numbers_says_nothing_about_the_columns() -> None:
    days = without_header(DAYS.assign(volume="unknown"), "%Y-%m-%d").decode().splitlines()
    roles = recognise_columns([line.split(";") for line in days], {}).roles
    assert (roles["open"], roles["close"]) == ("column 2", "column 5")


def test_hours_of_one_day_are_ordered_by_the_time_of_day() -> None:
    hours = samples.candles("1h", 20, "2024-03-25")
    content = without_header(hours[::-1], "%d/%m/%Y,%H:%M").replace(b";", b",")
    assert read(content, "x.csv").candles["open"].tolist() == hours["open"].tolist()


def test_the_close_is_never_taken_for_the_open_of_dated_rows() -> None:
    """With open and close exchanged, only rows in the other order would look right."""
    swapped = DAYS[["close", "high", "low", "open", "volume"]]
    for frame, form in itertools.product((swapped, swapped[::-1]), ("%d/%m/%Y", "%Y-%m-%d")):
        with pytest.raises(UnreadableFile, match="another shape"):
            read(without_header(frame, form), "x.csv")


def test_dates_that_rise_or_fall_by_what_comes_first_are_refused() -> None:
    """The 12th of March and the 1st of April, or the 3rd of December and the 4th of January."""
    rows = [["12/03/2024", "10", "12", "9", "11", "1"], ["01/04/2024", "11", "13", "10", "12", "1"]]
    with pytest.raises(UnreadableFile, match=r"'12/03/2024' to '01/04/2024'.*day or the month"):
        recognise_columns(rows, {})
    rows[0][0] = "31/03/2024"
    roles = recognise_columns(rows, {})[1]
    assert (roles["open"], roles["close"]) == ("column 2", "column 5")


def test_a_footer_does_not_decide_the_order_of_the_rows() -> None:
    content = without_header(DAYS[::-1], "%Y-%m-%d").replace(b";", b",")
    rows = [line.split(",") for line in content.decode().splitlines()]
    assert recognise_columns([*rows, ["Z: the end"]], {})[1]["open"] == "column 2"


def test_text_without_a_number_names_the_columns_that_are_missing() -> None:
    with pytest.raises(UnreadableFile, match="No column for time, open, high, low, close was"):
        recognise_columns([["a", "b"], ["c", "d"]], {})


def test_a_correction_may_leave_no_time() -> None:
    rows = [line.split(",") for line in samples.kraken(DAYS).decode().splitlines()]
    with pytest.raises(UnreadableFile, match="No column for time, open"):
        recognise_columns(rows, {"symbol": "column 1"})


def test_a_table_of_given_columns_begins_in_the_first_forty_lines() -> None:
    title, row = [["My prices"]], ["BTC", "2024-03-01", "$ 1", "2"]
    roles = {"time": "column 2", "price": "column 3"}
    assert recognise_columns([*title * 39, row], roles).skip == 39
    with pytest.raises(UnreadableFile, match="must be a column of the file: My prices"):
        recognise_columns([*title * 40, row], roles)


def test_dates_and_times_of_day_without_names_are_one_time() -> None:
    rows = [
        ["2024-03-01", f"{n:02}:00", *(str(price + n) for price in (9, 12, 7, 10)), "7"]
        for n in range(9)
    ]
    header = recognise_columns(rows, {})
    assert (header.roles["time"], header.roles["clock"]) == ("column 1", "column 2")
    assert (header.roles["open"], header.roles["close"]) == ("column 3", "column 6")


def test_names_above_the_rows_that_say_nothing_are_shown() -> None:
    days = [line.split(",") for line in samples.own(DAYS).decode().splitlines()[1:]]
    with pytest.raises(UnreadableFile, match=r"Received: a, b, c, d, e, f\."):
        recognise_columns([["title"], list("abcdef"), *days], {})
    assert recognise_columns([["title"], list("abcde"), *days], {}).decisions == {
        "header": "none; 6 columns recognised by their shape",
        "preamble": "2 lines before the first row left out",
    }


def test_three_columns_of_numbers_below_a_blank_line_are_trades() -> None:
    header = recognise_columns([[""], ["1709251200", "10", "5"], ["1709251260", "11", "5"]], {})
    assert header.roles == {"time": "column 1", "price": "column 2", "volume": "column 3"}
    assert (header.skip, "preamble" in header.decisions) == (1, False)
