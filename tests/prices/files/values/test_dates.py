"""Dates in text, in every order of day, month and year."""

from __future__ import annotations

import pandas as pd
import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.table import Table
from cryptoforecast.prices.files.values.dates import read_dates
from cryptoforecast.prices.files.values.months import find_months, plain_letters


def days(*texts: str, day_first: bool | None = None) -> tuple[list[str], list[str]]:
    """Read dates; return them as text, ``NaT`` where they are none, and how they are written."""
    text = pd.Series(texts, dtype="str")
    table = Table(pd.DataFrame({"x": text}), {"time": "x"}, "line", 2)
    corrections = Corrections(day_first=day_first)
    dates, how = read_dates(table, text, text, text.index.to_numpy(), corrections)
    return [str(day) for day in dates], how


@pytest.mark.parametrize(
    "text",
    ["2024-03-09", "2024/3/9", "2024.03.09", "20240309", "2024年3月9日", "2024. 3. 9.",
     "9 March 2024", "9. Mar 2024", "9th of March, 2024", "March 9, 2024", "Mar-09-2024",
     "2024-Mar-09", "2024 Mar 9", "9 de marzo de 2024", "9 mars 2024", "09-Mar-2024",
     "9 марта 2024 г."],
)  # fmt: skip
def test_forms_in_which_nothing_is_in_doubt(text: str) -> None:
    assert days(text)[0] == ["2024-03-09"]


@pytest.mark.parametrize(
    ("texts", "first", "reason"),
    [
        (["12/03/2024", "13/03/2024"], "2024-03-12", "day first (line 3 decides)"),
        (["03/12/2024", "03/13/2024"], "2024-03-12", "month first (line 3 decides)"),
        (["12.03.2024", "11.03.2024"], "2024-03-12",
         "day first (dates with points are written so)"),
        (["12.03.24", "13.03.24"], "2024-03-12", "day first, years of two digits (line 3 decides)"),
        (["13-Mar-24", "14-Mar-24"], "2024-03-13", "with month names, years of two digits"),
        (["24-Mar-13", "24-Mar-14"], "2024-03-13",
         "with month names, year first, of two digits (no other order makes candles)"),
    ],
)  # fmt: skip
def test_one_row_decides_for_all(texts: list[str], first: str, reason: str) -> None:
    read, how = days(*texts)
    assert (read[0], how) == (first, [reason])


def test_the_twelfth_decides_nothing() -> None:
    with pytest.raises(UnreadableFile, match=r"'12/03/2024' \(line 2\).*which the month"):
        days("12/03/2024", "12/04/2024")
    with pytest.raises(UnreadableFile, match=r"'02/03/2024' \(line 3\).*which the month"):
        days("02/02/2024", "02/03/2024")
    assert days("12/03/2024", "12/04/2024", day_first=True) == (
        ["2024-03-12", "2024-04-12"],
        ["day first (as you said)"],
    )
    assert days("12/03/2024", day_first=False)[0] == ["2024-12-03"]


def test_rows_that_contradict_each_other_or_the_user_are_refused() -> None:
    with pytest.raises(UnreadableFile, match="day first in line 3, month first in line 2"):
        days("03/13/2024", "13/03/2024")
    with pytest.raises(UnreadableFile, match=r"With the day first.*'03/13/2024' \(line 3\)"):
        days("03/12/2024", "03/13/2024", day_first=True)
    with pytest.raises(UnreadableFile, match=r"With the month first.*'13/03/2024' \(line 2\)"):
        days("13/03/2024", "12/03/2024", day_first=False)


def test_years_of_two_digits_turn_at_69() -> None:
    # With the day first in every row, so that only the year differs.
    read, _ = days("13.01.68", "13.01.69", "13.01.99", "13.01.00", day_first=True)
    assert read == ["2068-01-13", "1969-01-13", "1999-01-13", "2000-01-13"]


@pytest.mark.parametrize(
    "text", ["2024-02-30", "2024-13-01", "2024-00-10", "2024-01-00", "31 April 2024", "1 Foo 2024"]
)
def test_days_that_do_not_exist_are_absent(text: str) -> None:
    assert days(text, "2024-02-29")[0] == ["NaT", "2024-02-29"]


def test_an_order_whose_dates_are_too_far_apart_is_not_the_order() -> None:
    """As days or months, 9 to 12 fit; as years, the rows would be a year apart."""
    texts = [f"{day:02}-11-12" for day in (9, 10, 11, 12)]
    with pytest.raises(UnreadableFile, match="no row shows which is the day and which the month"):
        days(*texts)
    monthly = [f"24-{month:02}-01" for month in range(1, 13)]
    assert days(*monthly)[0][:2] == ["2024-01-01", "2024-02-01"]


def test_the_users_word_counts_more_than_the_order_that_makes_candles() -> None:
    dates, how = days("24-03-15", "24-03-16")
    assert dates == ["2024-03-15", "2024-03-16"]
    assert how == ["year first, of two digits (no other order makes candles)"]
    assert days("24-03-15", "24-03-16", day_first=True)[0] == ["2015-03-24", "2016-03-24"]


@pytest.mark.parametrize("text", ["2024-03-00", "2024-00-10", "2024-13-10", "2024-02-30"])
def test_a_day_or_month_outside_the_calendar_is_absent(text: str) -> None:
    assert days("2024-03-09", text)[0] == ["2024-03-09", "NaT"]


def test_months_are_known_by_their_first_three_letters() -> None:
    assert find_months(["ja", "jan", "janu", "january"]) == {"jan": 1, "janu": 1, "january": 1}
    assert find_months(["ju", "jun", "jul"]) == {"jun": 6, "jul": 7}
    assert find_months([]) == {}
    assert find_months(["mar", "März"]) == {"mar": 3, "März": 3}


def test_letters_have_no_case_accents_or_signs() -> None:
    assert plain_letters("É. ßł ı-9") == "essli9"
    assert plain_letters("날짜") == "날짜"


def test_one_date_with_a_year_of_two_digits_may_be_three() -> None:
    with pytest.raises(UnreadableFile, match=r"'11\.12\.10' \(line 2\).*which the year"):
        days("11.12.10")
    assert days("11.12.10", day_first=True)[0] == ["2010-12-11"]
    assert days("11.12.10", day_first=False)[0] == ["2010-11-12"]
