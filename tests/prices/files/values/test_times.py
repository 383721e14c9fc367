"""Times as people and programs write them: each is read rightly, or refused with the reason."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.prices.files.table import Table
from cryptoforecast.prices.files.values.months import find_months
from cryptoforecast.prices.files.values.times import Times, read_epochs, read_times
from cryptoforecast.types import INTERVALS, PriceHistory
from tests.prices.files import samples

# From the 10th on: the day tells itself from the month.
HOURS = samples.candles("1h", 100, "2024-03-10")
DAYS = samples.candles("1d", 60, "2023-03-01")


def moved(frame: pd.DataFrame, hours: float) -> pd.DataFrame:
    return frame.set_axis(frame.index - pd.Timedelta(hours=hours))


def check(history: PriceHistory, frame: pd.DataFrame, decided: str = "") -> None:
    assert history.candles.index.equals(frame.index.rename("time"))
    assert (history.candles["close"].to_numpy() == frame["close"].to_numpy()).all()
    assert decided in history.quality.decisions["time"]


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


@pytest.mark.parametrize("late", [10, 50, 150])
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


# ---------------------------------------------------------------------------- zones


@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        ("Z", 0), (" UTC", 0), (" (UTC)", 0), (" GMT", 0), ("+01", 1), ("+0100", 1), (" +01:00", 1),
        (" UTC+2", 2), (" GMT+0200", 2), (" UTC+05:30", 5.5), (" GMT-3", -3), (" EST", -5),
        (" CET", 1), (" MSK", 3), (" JST", 9), (" Asia/Tokyo", 9), ("+09:00[Asia/Tokyo]", 9),
        (" GMT+0100 (Central European Standard Time)", 1),
        (" +0000 UTC", 0), (" +0100 CET", 1), (" -0500 EST", -5), (" +0530 +0530", 5.5),
        (" -0300 -03", -3), (" +0000 UTC m=+0.000012345", 0), ("Z[UTC]", 0),
        ("Z[Etc/UTC]", 0), ("Z[Europe/London]", 0), ("+01:00[Europe/Berlin]", 1),
        ("-05:00[America/New_York]", -5), ("[Asia/Tokyo]", 9), (" GMT (Greenwich)", 0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%S", "%d %b %Y, %H:%M"])
def test_zones(form: str, zone: str, hours: float) -> None:
    frame = samples.candles("1h", 60, "2024-01-12")
    check(read(samples.dated(frame, form + zone), "x.csv"), moved(frame, hours))


@pytest.mark.parametrize("zone", ["CST", "IST", "BST", "PST", "XYZT", "GMT+25", "Mars/Base"])
def test_zones_of_several_meanings_or_none_are_refused(zone: str) -> None:
    content = samples.dated(HOURS, f"%Y-%m-%d %H:%M:%S {zone}")
    with pytest.raises(UnreadableFile, match=r"\(line 2\).*several zones or none.*--zone"):
        read(content, "x.csv")


def test_the_user_says_what_an_abbreviation_means() -> None:
    content = samples.dated(HOURS, "%Y-%m-%d %H:%M:%S CST")
    corrections = Corrections(zone="Asia/Shanghai")
    check(
        read(content, "x.csv", corrections=corrections),
        moved(HOURS, 8),
        "CST read as Asia/Shanghai",
    )


@pytest.mark.parametrize(("zone", "start"), [("EST", "2024-07-01"), ("CEST", "2024-01-01")])
def test_winter_time_in_summer_may_mean_either(zone: str, start: str) -> None:
    content = samples.dated(samples.candles("1h", 30, start), f"%Y-%m-%d %H:%M {zone}")
    with pytest.raises(UnreadableFile, match=f"must fit the season. Received: {zone}.*--zone"):
        read(content, "x.csv")


@pytest.mark.parametrize("name", ["Date (EST)", "Date [CST]", "Time (Europe/Berlin)", "date_(PST)"])
@pytest.mark.parametrize("interval", [None, "4h"])
def test_a_zone_in_the_name_of_the_column_is_not_passed_over(
    name: str, interval: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cryptoforecast.prices.files.readers.blocks.BLOCK_BYTES", 1_000)
    content = samples.dated(HOURS, "%Y-%m-%d %H:%M").replace(b"Date", name.encode(), 1)
    with pytest.raises(UnreadableFile, match="the column is called"):
        read(content, "x.csv", interval=interval)
    # Clocks of Panama are five hours behind all year; New York left an hour out on this day.
    corrections = Corrections(zone="America/Panama")
    check(read(content, "x.csv", corrections=corrections), moved(HOURS, -5))
    with pytest.raises(UnreadableFile, match="2024-03-10 03:00, which clocks left out"):
        read(content, "x.csv", corrections=Corrections(zone="America/New_York"))
    universal = content.replace(name.encode(), b"Date (UTC)", 1)
    check(read(universal, "x.csv"), HOURS)


@pytest.mark.parametrize("step", [1, -1])
def test_the_hour_that_clocks_repeat_is_known_by_the_order(step: int) -> None:
    frame = samples.candles("1h", 30, "2024-10-26 20:00")
    wall = frame.tz_convert("Europe/Berlin").tz_localize(None)
    content = samples.dated(wall[::step], "%Y-%m-%d %H:%M")
    check(read(content, "x.csv", corrections=Corrections(zone="Europe/Berlin")), frame)


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


# ---------------------------------------------------------------------------- time of day apart


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


# ---------------------------------------------------------------------------- one column


def times_of(
    values: object, clock: object = None, needed: object = True, zone: str | None = None
) -> Times:
    """Read a column of times, and perhaps one of times of day."""
    frame = pd.DataFrame({"t": values} if clock is None else {"t": values, "c": clock})
    roles = {"time": "t"} if clock is None else {"time": "t", "clock": "c"}
    rows = np.broadcast_to(np.asarray(needed), len(frame))
    return read_times(Table(frame, roles, "row", 1), rows, Corrections(zone=zone))


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
