"""Times of a column of datetimes, numbers or texts, and of two columns, to the nanosecond."""

from __future__ import annotations

import pandas as pd
import pytest

from cryptoforecast.errors import UnreadableFile
from tests.prices.files.values.times import HOURS, moved, times_of


def test_columns_of_datetimes_are_taken_as_they_are() -> None:
    zoned = times_of(HOURS.index)
    assert zoned.how == "datetimes"
    assert zoned.index.equals(HOURS.index)
    naive = times_of(HOURS.index.tz_localize(None), zone="Asia/Tokyo")
    assert naive.how == "datetimes without a zone, read as Asia/Tokyo"
    assert naive.index.equals(moved(HOURS, 9).index)


@pytest.mark.parametrize("unit", ["s", "ns"])
def test_times_are_of_2009_to_2099(unit: str) -> None:
    first, last = "2009-01-01 00:00:00", "2099-12-31 23:59:59"
    assert len(times_of(pd.DatetimeIndex([first, last]).as_unit(unit)).index) == 2
    for outside in ("2008-12-31 23:59:59", "2100-01-01 00:00:00"):
        with pytest.raises(UnreadableFile, match=rf"Received: {outside} \(row 2, column 't'\)"):
            times_of(pd.DatetimeIndex([first, outside]).as_unit(unit))


def test_only_rows_with_a_price_need_a_time() -> None:
    values = ["2024-03-10", "Total", "2024-03-11", "x" * 80]
    times = times_of(values, needed=[True, False, True, False])
    assert times.index.isna().tolist() == [False, True, False, True]
    with pytest.raises(UnreadableFile, match=rf"Received: '{'x' * 60}' \(row 4, "):
        times_of(values, needed=[True, False, True, True])


def test_a_time_may_have_a_hundred_characters() -> None:
    date, clock = "2024-03-10", "09:30"
    assert times_of([f"{date}{clock:>90}"]).index[0] == pd.Timestamp("2024-03-10 09:30Z")
    with pytest.raises(UnreadableFile, match="Received: '2024-03-10"):
        times_of([f"{date}{clock:>91}"])


def test_numbers_among_texts_are_read_by_themselves() -> None:
    times = times_of(["2024-03-10", "1710028800", "1710028800000"])
    assert times.index.nunique() == 1
    assert times.how == (
        "ISO 8601, read as UTC where no zone is given and s and ms, row by row, since 1970, UTC"
    )
    digits = times_of(["2024-03-10", "20240310", None], needed=[True, True, False])
    assert digits.index[:2].nunique() == 1
    assert digits.how.endswith("and written as %Y%m%d, read as UTC")


@pytest.mark.parametrize(
    ("clocks", "expected"),
    [
        ("0930 0930", "09:30:00 09:30:00"), ("000930 000930", "00:09:30 00:09:30"),
        ("2359 100", "23:59:00 01:00:00"), ("2400 100", "00:24:00 00:01:00"),
        ("1200 100", "12:00:00 01:00:00"), ("0 0", "00:00:00 00:00:00"),
        ("930.0 93000.0", "00:09:30 09:30:00"), ("9:30 10:00", "09:30:00 10:00:00"),
        ("00930 00930", ""), ("100 1159", ""), ("930 0930", ""), ("930 930", ""),
    ],
)  # fmt: skip
def test_times_of_day_in_digits(clocks: str, expected: str) -> None:
    dates = ["20240310", "20240311"]
    if expected:
        index = times_of(dates, clocks.split()).index
        assert [f"{time:%H:%M:%S}" for time in index] == expected.split()
        return
    largest = max(clocks.split(), key=int)
    with pytest.raises(UnreadableFile, match=rf"Received: {largest} \(row ., column 'c'\)"):
        times_of(dates, clocks.split())


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("23:59:59", "23:59:59"), ("0:00", "00:00:00"), ("12:30 am", "00:30:00"),
        ("12:30 pm", "12:30:00"), ("1:05 PM", "13:05:00"), ("11:59 p.m.", "23:59:00"),
        ("1:05 A.M.", "01:05:00"), ("09:30:00.5", "09:30:00.500000"),
        ("09:30:00,000001", "09:30:00.000001"), ("24:00", ""), ("12:60", ""), ("12:30:60", ""),
        ("13:00 pm", ""), ("0:30 am", ""),
    ],
)  # fmt: skip
def test_times_of_day_beside_a_date_in_words(clock: str, expected: str) -> None:
    texts = ["9 March 2024", f"10 March 2024 {clock}"]
    if expected:
        first, second = times_of(texts).index
        assert first == pd.Timestamp("2024-03-09", tz="UTC")
        assert second == pd.Timestamp(f"2024-03-10 {expected}", tz="UTC")
        return
    with pytest.raises(UnreadableFile, match=rf"Received: '10 March 2024 {clock}' \(row 2"):
        times_of(texts)


def test_nanoseconds_in_a_text_are_kept() -> None:
    times = times_of(["10 March 2024 09:30:00.123456789", "2024-03-10 09:30:00.123456789"])
    assert [time.nanosecond for time in times.index] == [789, 789]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024/3/9 9:30", "09:30:00"), ("2024-03-09T09:30:00,25", "09:30:00.25"),
        ("2024-03-09 9:30 UTC", "09:30:00"), ("2024-03-09 09:30GMT", "09:30:00"),
        ("2024-03-09T09:30:00.5+02:00", "07:30:00.5"), ("2024-03-09 09:30 -0530", "15:00:00"),
        ("2024.03.09", "00:00:00"), ("2024-03-09 UTC", "00:00:00"), ("2024-03-09Z", "00:00:00"),
        ("2024-03-09+02:00", "22:00:00"),
        ("2024-03-09 09:30:00.5 +0000 UTC m=-0.25", "09:30:00.5"),
    ],
)  # fmt: skip
def test_iso_8601_with_a_zone_and_without(text: str, expected: str) -> None:
    first, second = times_of([text, "2024-03-08 05:00"]).index
    day = "2024-03-08" if expected == "22:00:00" else "2024-03-09"
    assert first == pd.Timestamp(f"{day} {expected}", tz="UTC")
    assert second == pd.Timestamp("2024-03-08 05:00", tz="UTC")


def test_rows_without_a_time_do_not_count_for_the_form() -> None:
    times = times_of(["9 March 2024", None, "10 March 2024"], needed=[True, False, True])
    assert times.how == "with month names, read as UTC where no zone is given"
    assert times.index.isna().tolist() == [False, True, False]


def test_a_zone_that_is_not_known_is_refused_with_its_row() -> None:
    texts = ["9 March 2024 09:30", None, "9 March 2024 09:30 XYZT", "9 March 2024 10:30 XYZT"]
    with pytest.raises(UnreadableFile, match=r"XYZT.*\(row 3\)"):
        times_of(texts, needed=[True, False, True, True])


def test_a_text_without_a_date_has_no_zone_to_refuse() -> None:
    times = times_of(["9 March 2024 09:30", "soon 09:30 XYZT"], needed=[True, False])
    assert times.index.isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("values", "is_local"),
    [
        (pd.DatetimeIndex(["2024-03-10", "2024-03-11"]), True),
        (pd.DatetimeIndex(["2024-03-10", "2024-03-11"], tz="UTC"), False),
        ([20240310, 20240311], True),
        ([45_361.5, 45_362.5], True),
        ([1_710_028_800, 1_710_115_200], False),
        (["2024-03-10", "2024-03-11"], True),
        (["2024-03-10Z", "2024-03-11Z"], False),
        (["2024-03-10Z", "20240311"], True),
        (["2024-03-10Z", "1710115200"], False),
        (["2024-03-10", "1710115200"], True),
    ],
)
def test_times_without_a_zone_are_local_until_somebody_says_it(
    values: object, is_local: bool
) -> None:
    times = times_of(values)
    assert times.local is is_local
    zoned = times_of(values, zone="Asia/Tokyo")
    assert not zoned.local
    assert (zoned.index[0] != times.index[0]) is (is_local and "Z" not in str(values))


@pytest.mark.parametrize(
    ("seconds", "is_refused"),
    [
        ([1_710_000_000], False),  # a single time tells nothing
        ([1_710_000_000, 1_710_001_000], True),
        ([1_710_000_000, 1_710_000_100], True),  # no whole minutes apart
        ([1_710_000_000, 1_710_000_600], False),
        ([1_710_000_100, 1_710_000_700], False),
        ([1_710_000_000, 1_710_000_090], False),
        ([1_710_000_000, 1_710_000_050], False),
        ([1_710_000_050, 1_710_000_150], False),
    ],
)
@pytest.mark.parametrize("factor", [1, 1_000])
def test_multiples_of_a_hundred_seconds_are_rounded_unless_whole_minutes_apart(
    seconds: list[int], is_refused: bool, factor: int
) -> None:
    values = [factor * second for second in seconds]
    if is_refused:
        with pytest.raises(UnreadableFile, match=r"all their digits.*\(row 1, column 't'\)"):
            times_of(values)
    else:
        stamps = times_of(values).index.as_unit("s").asi8.tolist()
        assert stamps == seconds


@pytest.mark.parametrize(
    ("days", "is_refused"),
    [([45_360], False), ([45_360, 45_370], True), ([45_360, 45_361], False),
     ([45_361, 45_371], False), ([45_360.0, 45_360.5], False)],
)  # fmt: skip
def test_a_spreadsheet_s_days_are_rounded_where_all_are_tens(
    days: list[float], is_refused: bool
) -> None:
    if is_refused:
        with pytest.raises(UnreadableFile, match="all their digits"):
            times_of(days)
    else:
        zero = pd.Timestamp("1899-12-30", tz="UTC")
        expected = [zero + pd.Timedelta(day, "D") for day in days]
        assert times_of(days).index.tolist() == expected


def test_fifty_thousand_texts_are_more_than_one_block() -> None:
    seconds = range(1_710_000_000, 1_710_000_000 + 60 * 50_001, 60)
    times = times_of([str(second) for second in seconds])
    assert times.index.as_unit("s").asi8.tolist() == list(seconds)


def test_a_number_that_cannot_be_is_named_in_sixty_characters() -> None:
    with pytest.raises(UnreadableFile, match=rf"Received: {'7' * 15} \(row 2, "):
        times_of([1_710_028_800, int("7" * 15)])
