"""Times as people and programs write them: each is read rightly, or refused with the reason."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.prices.files.values.months import find_months
from cryptoforecast.prices.files.values.times import read_epochs
from cryptoforecast.types import INTERVALS
from tests.prices.files import samples
from tests.prices.files.values.times import DAYS, HOURS, check, moved, times_of

# ---------------------------------------------------------------------------- years, days


@pytest.mark.parametrize(
    ("form", "decided"),
    [
        ("%d/%m/%y %H:%M", "day first, years of two digits (line 74 decides)"),
        ("%m/%d/%y %H:%M", "month first, years of two digits (line 74 decides)"),
        ("%d.%m.%y %H:%M", "day first, years of two digits (line 74 decides)"),
        ("%y-%m-%d %H:%M", "year first, of two digits (no other order makes candles)"),
        ("%y/%m/%d %I:%M %p", "year first, of two digits"),
        ("%d-%b-%y %H:%M", "years of two digits"),
        ("%y-%b-%d %H:%M", "year first, of two digits"),
        ("%b %d, %y %H:%M", "month names"),
    ],
)
def test_years_of_two_digits(form: str, decided: str) -> None:
    check(read(samples.dated(HOURS, form), "x.csv"), HOURS, decided)


def test_two_days_tell_the_day_from_the_year() -> None:
    """As years, 29 and 30 would lie a year apart, which no candles do."""
    history = read(samples.dated(samples.candles("1d", 2, "2013-04-29"), "%d-%m-%y"), "x.csv")
    assert history.start == pd.Timestamp("2013-04-29", tz="UTC")


def test_what_the_user_says_decides_years_of_two_digits() -> None:
    frame = samples.candles("1h", 20, "2010-12-11")
    content = samples.dated(frame, "%y.%d.%m %H:%M")
    corrections = Corrections(day_first=True)
    assert read(content, "x.csv", corrections=corrections).start == pd.Timestamp(
        "2012-11-10", tz="UTC"
    )


# ---------------------------------------------------------------------------- spreadsheets


@pytest.mark.parametrize("digits", [4, 5, 10])
@pytest.mark.parametrize("mark", [".", ","])
def test_days_as_spreadsheets_count_them(digits: int, mark: str) -> None:
    days = (HOURS.index - pd.Timestamp("1899-12-30", tz="UTC")) / pd.Timedelta(days=1)
    rows = [
        [f"{day:.{digits}f}", *(f"{value:.2f}" for value in row)]
        for day, row in zip(days, HOURS.to_numpy(), strict=True)
    ]
    header = ["Date", "Open", "High", "Low", "Close", "Volume"]
    content = samples.lines(rows, header, ";").replace(b".", mark.encode())
    check(read(content, "x.csv"), HOURS, "days since 1899-12-30, as spreadsheets count them")
    there = read(content, "x.csv", corrections=Corrections(zone="Asia/Tokyo"))
    check(there, moved(HOURS, 9), "Asia/Tokyo")


def test_days_that_a_spreadsheet_counted_only_here_and_there_are_refused() -> None:
    """It took those texts for dates whose day it could take for a month."""
    content = samples.dated(DAYS, "%d/%m/%Y").replace(b"02/03/2023", b"44961")
    with pytest.raises(UnreadableFile, match=r"'44961' \(line 3"):
        read(content, "x.csv")


@pytest.mark.parametrize("mark", [".", ","])
@pytest.mark.parametrize(
    ("interval", "unit", "digits"),
    [
        ("1h", "ms", 5), ("1h", "s", 5), ("1h", "us", 5), ("1h", "ns", 5), ("1h", "ms", 2),
        ("1h", "s", 6), ("1d", "ms", 5), ("1d", "s", 6), ("1m", "ms", 5), ("1m", "s", 7),
    ],
)  # fmt: skip
def test_epochs_that_a_spreadsheet_rounded_are_refused_for_that(
    interval: str, unit: str, digits: int, mark: str
) -> None:
    frame = samples.candles(interval, 48, "2024-03-13")
    for step in (1, -1):
        rows = [
            [f"{t:.{digits}E}".replace(".", mark), *(f"{v:.2f}".replace(".", mark) for v in row)]
            for t, row in zip(frame.index.as_unit(unit).asi8[::step], frame.to_numpy(), strict=True)
        ]
        content = samples.lines(rows, ["time", "open", "high", "low", "close", "volume"], ";")
        with pytest.raises(UnreadableFile, match=r"all their digits.*\(line 2, column 'time'\)"):
            read(content, "x.csv")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("interval", INTERVALS)
def test_epochs_with_exponents_that_have_all_digits_are_read(interval: str, unit: str) -> None:
    """Java writes 1.7092512E12; the zeros that it leaves out are no digits lost."""
    index = pd.date_range("2024-03-04", periods=48, freq=INTERVALS[interval], tz="UTC")
    frame = samples.candles("1h", 48).set_axis(index)
    rows = [
        [f"{t / 10 ** (len(str(t)) - 1):.15f}".rstrip("0") + f"E{len(str(t)) - 1}", *map(str, row)]
        for t, row in zip(index.as_unit(unit).asi8, frame.to_numpy(), strict=True)
    ]
    content = samples.lines(rows, ["time", "open", "high", "low", "close", "volume"])
    check(read(content, "x.csv"), frame, "since 1970")


@pytest.mark.parametrize("late", [10, 50, 100, 150])
def test_epochs_some_tens_of_seconds_off_the_minute_have_all_their_digits(late: int) -> None:
    index = pd.date_range("2024-03-04", periods=48, freq="5min", tz="UTC", unit="s")
    frame = samples.candles("1h", 48).set_axis(index + pd.Timedelta(seconds=late))
    rows = [[str(t), *map(str, row)] for t, row in zip(frame.index.as_unit("s").asi8,
            frame.to_numpy(), strict=True)]  # fmt: skip
    content = samples.lines(rows, ["time", "open", "high", "low", "close", "volume"])
    check(read(content, "x.csv"), frame.set_axis(frame.index.as_unit("ns")), "since 1970")


@pytest.mark.parametrize("form", [".2E", ".3E"])
def test_days_that_a_spreadsheet_rounded_are_refused_for_that(form: str) -> None:
    days = (HOURS.index - pd.Timestamp("1899-12-30", tz="UTC")) / pd.Timedelta(days=1)
    for mark in (".", ","):
        rows = [
            [
                f"{day:{form}}".replace(".", mark),
                *(f"{value:.2f}".replace(".", mark) for value in row),
            ]
            for day, row in zip(days, HOURS.to_numpy(), strict=True)
        ]
        content = samples.lines(rows, ["Date", "Open", "High", "Low", "Close", "Volume"], ";")
        with pytest.raises(UnreadableFile, match=r"all their digits.*such as 4[.,]?5[34]"):
            read(content, "x.csv")


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y", "%Y%m%d"])
def test_hours_whose_time_of_day_is_lost_are_no_days(form: str) -> None:
    with pytest.raises(UnreadableFile, match=r"a time of its own.*line 2 and line 3; 95 of 100"):
        read(samples.dated(HOURS, form), "x.csv")


def test_a_candle_that_was_recorded_again_and_again_is_read() -> None:
    """A recorder of a stream writes each state of a candle; the last one counts."""
    states = HOURS.iloc[np.repeat(np.arange(100), 3)].copy()
    states.iloc[0::3, 3] = states.iloc[0::3, 0]
    states.iloc[1::3, 4] /= 2
    history = read(samples.dated(states, "%Y-%m-%d %H:%M"), "x.csv")
    check(history, HOURS)
    assert history.quality.duplicates == 200


@pytest.mark.parametrize("text", ["1709251200,0", "1709251200000,5"])
def test_epochs_may_have_a_decimal_comma(text: str) -> None:
    assert times_of([text, text]).index[0].floor("s") == pd.Timestamp("2024-03-01", tz="UTC")


# ---------------------------------------------------------------------------- other forms


@pytest.mark.parametrize(
    "form",
    [
        "%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)",
        "%a, %d %b %Y %H:%M:%S +0000",
        "%a %b %d %H:%M:%S %Y",
        "%a %b %d %H:%M:%S UTC %Y",
        "%Y-%m-%dD%H:%M:%S.000000000",
        "%Y%m%dT%H%M%SZ",
        "%Y%m%d %H:%M:%S",
        "%Y%m%d %H%M%S",
        "%Y-%m-%d %I:%M:%S %p",
        "%Y-%m-%d, %H:%M",
        "%A %m/%d/%Y %H:%M",
        "%A, %B %-d, %Y %-I:%M %p",
        "%d.%m.%Y %H:%M:%S.000 GMT+0000",
        "%Y-%b-%d %H:%M",
        "%b-%d-%Y %H:%M",
        "%-dth of %B %Y %H:%M",
        "%Y年%-m月%-d日 %H:%M",
        "%Y년 %-m월 %-d일 %H:%M",
        "%Y. %-m. %-d. %H:%M",
    ],
)
def test_other_forms(form: str) -> None:
    check(read(samples.dated(HOURS, form), "x.csv"), HOURS)


def test_rows_may_be_of_different_forms() -> None:
    forms = itertools.cycle(["%Y-%m-%d %H:%M", "%b %d, %Y %H:%M", "%d/%m/%Y %H:%M"])
    rows = [[t.strftime(form), *map(str, row)]
            for (t, row), form in zip(HOURS.T.items(), forms, strict=False)]  # fmt: skip
    content = samples.lines(rows, ["Date", "Open", "High", "Low", "Close", "Volume"], ";")
    check(read(content, "x.csv"), HOURS, "ISO 8601 and with month names and day first")


@pytest.mark.parametrize("wrong", ["2023-03-32", "31 Foo 2023", "31/02/2023", "12:61", "x"])
def test_what_is_no_time_is_refused_with_its_line(wrong: str) -> None:
    content = samples.dated(DAYS, "%Y-%m-%d").replace(b"2023-03-12", wrong.encode())
    with pytest.raises(UnreadableFile, match=rf"Received: '{wrong}' \(line 13"):
        read(content, "x.csv")


# ---------------------------------------------------------------------------- months


@pytest.mark.parametrize(
    ("form", "months"),
    [
        ("{d}. {m} {y}", "Januar Februar März April Mai Juni Juli August September Oktober "
                         "November Dezember"),
        ("{d} de {m} de {y}", "enero febrero marzo abril mayo junio julio agosto septiembre "
                              "octubre noviembre diciembre"),
        ("{d} {m} {y}", "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."),
        ("{d} {m} {y}", "gen feb mar apr mag giu lug ago set ott nov dic"),
        ("{d} de {m}. de {y}", "jan fev mar abr mai jun jul ago set out nov dez"),
        ("{d} {m} {y}", "jan feb mrt apr mei jun jul aug sep okt nov dec"),
        ("{d} {m} {y}", "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września "
                        "października listopada grudnia"),
        ("{d} {m} {y}", "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım "
                        "Aralık"),
        ("{d} {m} {y} г.", "янв. февр. марта апр. мая июня июля авг. сент. окт. нояб. дек."),
        ("{m} {d}, {y}", "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"),
    ],
)  # fmt: skip
def test_months_in_many_languages(form: str, months: str) -> None:
    frame = samples.candles("1d", 365, "2023-01-01")
    names = months.split()
    rows = [
        [form.format(d=t.day, m=names[t.month - 1], y=t.year).replace("..", "."), *map(str, row)]
        for t, row in zip(frame.index, frame.to_numpy(), strict=True)
    ]
    content = samples.lines(rows, ["Date", "Open", "High", "Low", "Close", "Volume"], ";")
    check(read(content, "x.csv"), frame, "month names")


def test_a_word_for_two_months_needs_another_to_tell_the_language() -> None:
    assert find_months(["listopada"]) is None
    assert find_months(["listopada", "grudnia"]) == {"listopada": 11, "grudnia": 12}
    assert find_months(["listopada", "prosinca"]) == {"listopada": 10, "prosinca": 12}
    assert find_months(["jui"]) == {}
    content = samples.dated(samples.candles("1d", 9), "%d lis 2023")
    with pytest.raises(UnreadableFile, match=r"'01 lis 2023' \(line 2\), another month in another"):
        read(content, "x.csv")


# ---------------------------------------------------------------------------- numbers


@pytest.mark.parametrize("price", ["", "27 100.5"])
def test_days_of_a_spreadsheet_may_be_absent_where_there_is_no_price(price: str) -> None:
    """Written as text, because one price has a space between its thousands."""
    days = (DAYS.index - pd.Timestamp("1899-12-30", tz="UTC")) / pd.Timedelta(days=1)
    rows = [[f"{day:.0f}", *(f"{value:.2f}" for value in row)]
            for day, row in zip(days, DAYS.to_numpy(), strict=True)]  # fmt: skip
    rows[5][1:5] = ["27 100.5", "27 200.5", "27 000.5", "27 100.5"]
    rows[20] = ["", price, "", "", "", ""]
    content = samples.lines(rows, ["Date", "Open", "High", "Low", "Close", "Volume"], ";")
    history = read(content, "x.csv")
    assert len(history) == 59
    assert "as spreadsheets count them" in history.quality.decisions["time"]


@pytest.mark.parametrize(
    ("unit", "factor"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)]
)
@pytest.mark.parametrize("kind", ["whole", "float", "text"])
def test_numbers_since_1970_tell_their_unit(unit: str, factor: int, kind: str) -> None:
    """From the first coin on to 2100; a number just outside is no time."""
    for year, month, day, inside in ((2009, 1, 1, True), (2099, 12, 31, True),
                                     (2008, 12, 30, False), (2100, 1, 1, False)):  # fmt: skip
        time = pd.Timestamp(year, month, day, tz="UTC")
        number = int(time.timestamp()) * factor
        values = pd.Series([number, number], dtype="float64" if kind == "float" else "int64")
        times = read_epochs(values.astype("str").astype("float64") if kind == "text" else values)
        if inside:
            assert abs(times.index[0] - time) < pd.Timedelta("1us")
            assert times.how == f"{unit} since 1970, UTC"
        else:
            assert times.index.isna().all()


def test_numbers_of_two_units_are_read_row_by_row() -> None:
    second = int(pd.Timestamp("2024-03-10", tz="UTC").timestamp())
    times = read_epochs(pd.Series([float(second), second * 1000.0, float("nan")]))
    assert times.how == "s and ms, row by row, since 1970, UTC"
    assert times.index[0] == times.index[1] == pd.Timestamp("2024-03-10", tz="UTC")
    assert times.index.isna().tolist() == [False, False, True]


def test_fractions_of_seconds_are_kept_to_the_microsecond() -> None:
    times = read_epochs(pd.Series([1_710_028_800.123456, 1_710_028_800_123.456]))
    expected = pd.Timestamp("2024-03-10 00:00:00.123456", tz="UTC")
    assert times.index.tolist() == [expected, expected]
    halves = read_epochs(pd.Series([1_710_028_800_123_455.75]))
    assert halves.index.tolist() == [expected]


@pytest.mark.parametrize(
    ("form", "times"),
    [
        ("%Y%m%d", ["2009-01-01", "2024-12-31"]),
        ("%Y%m%d%H%M", ["2009-01-01 00:00", "2099-12-31 23:59"]),
        ("%Y%m%d%H%M%S", ["2009-01-01 00:00:00", "2099-12-31 23:59:59"]),
    ],
)
def test_numbers_that_spell_a_date(form: str, times: list[str]) -> None:
    index = pd.DatetimeIndex(times, tz="UTC")
    spelled = read_epochs(pd.Series([int(time.strftime(form)) for time in index]))
    assert spelled.index.tolist() == index.tolist()
    assert spelled.how == f"written as {form}, read as UTC"
    some = read_epochs(pd.Series([float(int(index[0].strftime(form))), float("nan")]))
    assert some.index.isna().tolist() == [False, True]


@pytest.mark.parametrize(("number", "day"), [(39_814, "2009-01-01"), (73_050, "2099-12-31")])
def test_the_days_that_a_spreadsheet_may_mean(number: int, day: str) -> None:
    times = read_epochs(pd.Series([number + 0.0, number + 0.5, float("nan")]))
    start = pd.Timestamp(day, tz="UTC")
    assert times.index[:2].tolist() == [start, start + pd.Timedelta(hours=12)]
    assert times.index.isna().tolist() == [False, False, True]
    for outside in (39_813, 73_051):
        assert read_epochs(pd.Series([outside, number])).index.isna()[0]


def test_a_spreadsheet_s_days_are_whole_minutes_where_all_are_close_to_one() -> None:
    minute = pd.Timestamp("2024-03-10 09:31", tz="UTC")
    zero = pd.Timestamp("1899-12-30", tz="UTC")
    days = [round((minute - zero) / pd.Timedelta("1D"), 4),
            round((minute + pd.Timedelta("7min") - zero) / pd.Timedelta("1D"), 4)]  # fmt: skip
    assert read_epochs(pd.Series(days)).index.tolist() == [minute, minute + pd.Timedelta("7min")]
    seconds = minute + pd.Timedelta("20s")
    times = read_epochs(pd.Series([(seconds - zero) / pd.Timedelta("1D"), 45_000.0])).index
    assert times[0] == seconds


def test_a_minute_before_midnight_is_an_hour_and_minute() -> None:
    frame = samples.candles("1h", 48, "2024-03-10")
    rows = [[f"{t:%Y%m%d}", f"{t.hour * 100 + 59}", *map(str, row)]
            for t, row in zip(frame.index, frame.to_numpy(), strict=True)]  # fmt: skip
    header = ["Date", "Time", "Open", "High", "Low", "Close", "Volume"]
    history = read(samples.lines(rows, header), "x.csv")
    assert history.candles.index.equals(frame.index)
    assert history.quality.decisions["label"].startswith("00:59:00 is the end of its candle")


def test_a_spreadsheet_s_days_some_seconds_off_a_minute_are_read_to_the_second() -> None:
    zero = pd.Timestamp("1899-12-30", tz="UTC")
    times = pd.DatetimeIndex(["2024-03-10 09:31:08", "2024-03-11 09:31:00"], tz="UTC")
    days = pd.Series((times - zero) / pd.Timedelta("1D"))
    assert read_epochs(days).index.tolist() == times.tolist()


@pytest.mark.parametrize(
    ("least", "form"), [(20090101, "%Y%m%d"), (200901010000, "%Y%m%d%H%M"),
                        (20090101000000, "%Y%m%d%H%M%S")],
)  # fmt: skip
def test_digits_spell_dates_from_2009_to_2109(least: int, form: str) -> None:
    """A number that no date is spelled like leaves none of them a date in digits."""
    day = int(pd.Timestamp("2024-03-10").strftime(form))
    for number, is_spelled in (
        (least, True), (least - 1, False), (int(least * 1.05) - 1, True),
        (int(least * 1.05) + 1, False),
    ):  # fmt: skip
        times = read_epochs(pd.Series([day, number]))
        assert times.how.startswith(f"written as {form}") is is_spelled
        assert (times.index[0] == pd.Timestamp("2024-03-10", tz="UTC")) is is_spelled


@pytest.mark.parametrize("off", [5, 7, -5, -7])
def test_days_six_seconds_off_a_minute_are_read_to_the_second(off: int) -> None:
    zero, minute = pd.Timestamp("1899-12-30", tz="UTC"), pd.Timestamp("2024-03-10 09:31", tz="UTC")
    time = minute + pd.Timedelta(seconds=off)
    days = [(each - zero) / pd.Timedelta("1D") for each in (time, minute)]
    read_time = read_epochs(pd.Series(days)).index[0]
    assert read_time == (minute if abs(off) < 6 else time)


def test_nanoseconds_and_fractions_of_microseconds() -> None:
    second = 1_710_028_800
    whole = read_epochs(pd.Series([second * 10**9 + 123_456_789]))
    assert whole.index[0].nanosecond == 789
    micro = read_epochs(pd.Series([second * 10**6 + 0.5, second * 10**6 + 7.0]))
    assert [time.microsecond for time in micro.index] == [0, 7]


def test_numbers_that_are_all_absent_are_no_times() -> None:
    assert read_epochs(pd.Series([float("nan")] * 2)).index.isna().all()
