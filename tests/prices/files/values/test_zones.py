"""Zones that a time, a column or the user names."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.prices.files.values.zones import (
    FIRST,
    LAST,
    LocalZone,
    as_utc_ns,
    check_zones,
    in_ns,
    to_utc,
    to_utc_by_label,
    without_remarks,
    zone_of_column,
)
from tests.prices.files import samples

NAT = np.iinfo(np.int64).min
#: A place where clocks show what each abbreviation says, and whether that is in summer.
PLACES = {
    "EST": ("America/New_York", False), "EDT": ("America/New_York", True),
    "CET": ("Europe/Berlin", False), "CEST": ("Europe/Berlin", True),
    "MEZ": ("Europe/Vienna", False), "MESZ": ("Europe/Vienna", True),
    "WET": ("Europe/Lisbon", False), "WEST": ("Europe/Lisbon", True),
    "EET": ("Europe/Athens", False), "EEST": ("Europe/Athens", True),
    "MSK": ("Europe/Moscow", False), "JST": ("Asia/Tokyo", False), "KST": ("Asia/Seoul", False),
    "HKT": ("Asia/Hong_Kong", False), "SGT": ("Asia/Singapore", False),
    "AKST": ("America/Anchorage", False), "HST": ("Pacific/Honolulu", False),
    "AEST": ("Australia/Sydney", True), "AEDT": ("Australia/Sydney", False),
    "NZST": ("Pacific/Auckland", True), "NZDT": ("Pacific/Auckland", False),
}  # fmt: skip


def stamps(*times: str) -> np.ndarray:
    return pd.DatetimeIndex(times).as_unit("ns").asi8


@pytest.mark.parametrize("label", PLACES)
def test_each_abbreviation_means_what_clocks_show_there(label: str) -> None:
    place, july = PLACES[label]
    wall = pd.Timestamp("2024-07-15 12:00" if july else "2024-01-15 12:00")
    moved, decision = to_utc_by_label(stamps(str(wall)), label, LocalZone(), "line 2")
    expected = wall.tz_localize(ZoneInfo(place)).tz_convert("UTC")
    assert moved.tolist() == [expected.as_unit("ns").value]
    hours = (wall.tz_localize("UTC") - expected) / pd.Timedelta(hours=1)
    assert decision == f"{label} read as UTC{hours:+03.0f}:00"


@pytest.mark.parametrize("label", PLACES)
def test_an_abbreviation_out_of_season_is_refused(label: str) -> None:
    place, july = PLACES[label]
    months = range(1, 13)
    shown = {m: pd.Timestamp(2024, m, 15, 12).tz_localize(ZoneInfo(place)) for m in months}
    usual = shown[7 if july else 1].utcoffset()
    # Months in which clocks change may show either.
    changing = {3, 4, 10, 11}
    if label in ("HST", "AKST", "MSK", "JST", "KST", "HKT", "SGT"):
        return
    for month in set(months) - changing:
        time = stamps(f"2024-{month:02d}-15 12:00")
        if shown[month].utcoffset() == usual:
            to_utc_by_label(time, label, LocalZone(), "line 2")
        else:
            with pytest.raises(UnreadableFile, match=rf"season. Received: {label} \(line 2\)"):
                to_utc_by_label(time, label, LocalZone(), "line 2")


@pytest.mark.parametrize(
    ("label", "hours"),
    [
        ("", 0), ("Z", 0), ("UT", 0), ("GMT", 0), ("(UTC)", 0), ("[GMT]", 0), ("+1", 1),
        ("-0330", -3.5), ("UTC+14", 14), ("GMT-12:00", -12), ("Z+02:45", 2.75),
        ("GMT+0900 (Japan Standard Time)", 9), ("+09:00[Asia/Tokyo]", 9), ("Asia/Tokyo", 9),
        ("(Asia/Tokyo)", 9), ("[Asia/Tokyo]", 9),
    ],
)  # fmt: skip
def test_offsets_and_names_move_the_clock(label: str, hours: float) -> None:
    moved, decision = to_utc_by_label(
        np.r_[stamps("2024-03-01 12:00"), NAT], label or "UTC", LocalZone(), "line 2"
    )
    assert moved[0] == stamps("2024-03-01 12:00")[0] - int(hours * 3600) * 10**9
    assert moved[1] == NAT
    assert decision == ("Asia/Tokyo as named" if label.strip("([])") == "Asia/Tokyo" else "")


@pytest.mark.parametrize("label", ["UTC+15", "CST", "Mars/Base", "ABCDEF", "+1:2:3", "E5T"])
def test_what_names_no_one_zone_is_refused(label: str) -> None:
    with pytest.raises(UnreadableFile, match=r"\(line 2\), which means several zones or none"):
        to_utc_by_label(stamps("2024-03-01 12:00"), label, LocalZone(), "line 2")


@pytest.mark.parametrize("label", ["CST", "EST", "XY"])
def test_the_zone_that_the_user_gives_explains_abbreviations(label: str) -> None:
    here = LocalZone("Asia/Shanghai")
    moved, decision = to_utc_by_label(stamps("2024-07-01 08:00"), label, here, "line 2")
    assert moved.tolist() == stamps("2024-07-01 00:00").tolist()
    assert decision == f"{label} read as Asia/Shanghai"
    for other in ("X", "ABCDEF", "A1"):
        with pytest.raises(UnreadableFile, match="several zones or none"):
            to_utc_by_label(stamps("2024-07-01 08:00"), other, here, "line 2")


@pytest.mark.parametrize("step", [1, -1])
def test_the_zones_own_names_tell_the_two_hours_apart(step: int) -> None:
    """CDT comes before CST where clocks go back, even where a row of the hour is missing."""
    hours = pd.date_range("2023-11-05 03:00", periods=10, freq="h", tz="UTC")
    corrections = Corrections(zone="America/Chicago")
    for index in (hours, hours.delete(3), hours.delete(4)):
        frame = samples.candles("1h", len(index)).set_axis(index.tz_convert("America/Chicago"))
        content = samples.dated(frame[::step], "%Y-%m-%d %H:%M %Z")
        assert b"CDT" in content
        assert b"CST" in content
        reading = read(content, "x.csv", corrections=corrections).candles
        assert reading.index.equals(index.as_unit("ns").rename("time"))
        assert (reading["close"].to_numpy() == frame["close"].to_numpy()).all()


@pytest.mark.parametrize(("label", "hour"), [("CDT", 6), ("CST", 7)])
def test_the_zones_own_name_is_enough_for_a_single_time(label: str, hour: int) -> None:
    here = LocalZone("America/Chicago")
    moved, _ = to_utc_by_label(stamps("2023-11-05 01:00"), label, here, "line 2")
    assert moved.tolist() == stamps(f"2023-11-05 0{hour}:00").tolist()


def test_a_name_that_the_zone_does_not_have_tells_no_hour_apart() -> None:
    here = LocalZone("Europe/Berlin")
    with pytest.raises(UnreadableFile, match=r"Times of Europe/Berlin must be clear when clocks"):
        to_utc_by_label(stamps("2024-10-27 02:00"), "XY", here, "line 2")


def test_the_repeated_hour_out_of_order_is_refused() -> None:
    """The order of the rows tells which 02:00 is meant, but only where there is an order."""
    frame = samples.candles("1h", 30, "2024-10-26 20:00")
    wall = frame.tz_convert("Europe/Berlin").tz_localize(None)
    corrections = Corrections(zone="Europe/Berlin")
    order = [*range(15), 16, 15, *range(17, 30)]
    with pytest.raises(UnreadableFile, match=r"Times of Europe/Berlin must be clear when clocks"):
        read(samples.dated(wall.iloc[order], "%Y-%m-%d %H:%M"), "x.csv", corrections=corrections)
    calm = samples.candles("1h", 30, "2024-06-01")
    shuffled = samples.dated(calm.iloc[order], "%Y-%m-%d %H:%M")
    assert len(read(shuffled, "x.csv", corrections=corrections)) == 30


def test_an_hour_that_clocks_leave_out_is_the_one_after_it() -> None:
    index = pd.DatetimeIndex(["2024-03-31 01:00", "2024-03-31 02:30"])
    moved = to_utc(index, LocalZone("Europe/Berlin"))
    assert moved.tolist() == [*pd.DatetimeIndex(["2024-03-31", "2024-03-31 01:00"], tz="UTC")]


def test_times_whose_zone_is_in_doubt_are_refused_with_the_reason() -> None:
    with pytest.raises(UnreadableFile, match=r"Received: no reason\. Say which it is"):
        to_utc(pd.DatetimeIndex(["2024-03-01"]), LocalZone(doubt="no reason"))


@pytest.mark.parametrize(
    ("column", "example"),
    [
        ("Date (EST)", "America/New_York"), ("CST", "America/Chicago"), ("CET", "Europe/Berlin"),
        ("Time (Asia/Ho_Chi_Minh)", "Asia/Ho_Chi_Minh"), ("Time (Sydney)", "Australia/Sydney"),
        ("local time", "Europe/Berlin"),
    ],
)  # fmt: skip
def test_a_zone_in_doubt_is_the_example(column: str, example: str) -> None:
    with pytest.raises(UnreadableFile, match=rf"--zone {example} on the command line"):
        to_utc(pd.DatetimeIndex(["2024-03-01"]), zone_of_column(column, None))


@pytest.mark.parametrize(
    ("label", "example"),
    [
        ("EXXXX", "America/New_York"), ("EXXXXX", "Europe/Berlin"), ("CEXX", "Europe/Berlin"),
        ("Sydney time", "Australia/Sydney"), ("nowhere", "Europe/Berlin"),
    ],
)  # fmt: skip
def test_the_example_for_an_unknown_zone_is_likely_if_it_may_be_an_abbreviation(
    label: str, example: str
) -> None:
    stamps = pd.DatetimeIndex(["2024-03-01"]).as_unit("ns").asi8
    with pytest.raises(UnreadableFile, match=rf"--zone {example} on the command line"):
        to_utc_by_label(stamps, label, LocalZone(), "line 2")


@pytest.mark.parametrize(
    ("column", "doubtful"),
    [
        ("Date (EST)", True), ("date_[pst]", True), ("<LOCAL TIME>", True), ("local_time", True),
        ("Time (Europe/Berlin)", True), ("Time (UTC+2)", True), ("EST", True),
        ("Time (UTC+00:30)", True),
        ("Time (Mars/Base)", False), ("Date", False), ("Date (UTC)", False), ("time/local", False),
        ("Date (close)", False), ("Time (New York)", True), ("Date (Eastern)", True),
        ("Date (Tokyo time)", True), ("时间(北京时间)", True), ("日付(日本時間)", True),
        ("Время (МСК)", True), ("일시(한국시간)", True), ("Time (server time)", True),
        ("Date (GMT+0)", False), ("Time (Etc/UTC)", False), ("Date (Zulu)", False),
        ("时间(Time)", False), ("Date (YYYY-MM-DD)", False), ("time (ms)", False),
    ],
)  # fmt: skip
def test_a_column_may_name_another_zone_than_utc(column: str, doubtful: bool) -> None:
    here = zone_of_column(column, None)
    assert bool(here.doubt) is doubtful
    assert (here.zone, here.name) == (None, "UTC")
    if doubtful:
        assert column in here.doubt
    zone = zone_of_column(column, "Asia/Tokyo")
    assert (zone.zone, zone.name, zone.doubt) == ("Asia/Tokyo", "Asia/Tokyo", "")


def test_times_that_nanoseconds_cannot_hold_are_absent() -> None:
    seconds = pd.DatetimeIndex(["1500-01-01", FIRST, LAST, "2024-01-01"], dtype="M8[s, UTC]")
    times = as_utc_ns(seconds)
    assert times.unit == "ns"
    assert times.isna().tolist() == [True, False, True, False]
    zoned = pd.DatetimeIndex(["2024-01-01T01:00+01:00"]).as_unit("ns")
    assert as_utc_ns(zoned)[0] == pd.Timestamp("2024-01-01", tz="UTC")


def test_times_without_a_zone_are_kept_a_day_beyond_those_of_prices() -> None:
    day, second = pd.Timedelta(days=1), pd.Timedelta(seconds=1)
    first, last = FIRST.tz_localize(None) - day, LAST.tz_localize(None) + day
    ends = pd.DatetimeIndex([first - second, first, last - second, last]).as_unit("s")
    assert in_ns(ends).isna().tolist() == [True, False, False, True]


def test_seven_hundred_different_zones_are_the_most() -> None:
    check_zones(700)
    with pytest.raises(UnreadableFile, match=r"may name 700 zones\. Received: 701 different"):
        check_zones(701)


def test_times_in_nanoseconds_stay_as_they_are() -> None:
    index = pd.DatetimeIndex(["1990-01-01", "2024-01-01"]).as_unit("ns")
    assert in_ns(index).tolist() == index.tolist()
    zoned = index.tz_localize("UTC")
    assert as_utc_ns(zoned).tolist() == zoned.tolist()


@pytest.mark.parametrize(
    ("label", "bare"),
    [
        ("GMT+0200 (Central European Time)", "GMT+0200"), ("+02:00[Europe/Berlin]", "+02:00"),
        ("+0000 UTC m=+0.12", "+0000"), ("UTC [whatever]", "UTC"), ("Z (Zulu time)", "Z"),
        ("UTC +01:00", "UTC +01:00"), ("Europe/Berlin", "Europe/Berlin"),
        ("+01:00 CET", "+01:00 CET"),
        ("UTC+01:00 CET", "UTC+01:00"), ("CET (Paris)", "CET (Paris)"),
    ],
)  # fmt: skip
def test_what_follows_an_offset_is_a_remark(label: str, bare: str) -> None:
    labels = pd.Series([label, "Z", None, "CET"], dtype="str")
    assert without_remarks(labels).fillna("").tolist() == [bare, "Z", "", "CET"]


@pytest.mark.parametrize(
    ("label", "example"),
    [
        ("europe/paris", "Europe/Paris"), ("america/new york", "America/New_York"),
        ("Mars/Base", "Europe/Berlin"), ("CXX", "America/Chicago"), ("PXXX", "America/Los_Angeles"),
        ("MXX", "America/Denver"), ("MEXX", "Europe/Berlin"), ("BST", "Europe/London"),
        ("IST", "Asia/Kolkata"), ("NZX", "Pacific/Auckland"), ("AEXX", "Australia/Sydney"),
        ("WEX", "Europe/Lisbon"), ("EEX", "Europe/Athens"), ("XYZ", "Europe/Berlin"),
    ],
)  # fmt: skip
def test_the_example_is_the_zone_whose_letters_begin_alike(label: str, example: str) -> None:
    with pytest.raises(UnreadableFile, match=rf"--zone {example} on the command line"):
        to_utc_by_label(stamps("2024-03-01"), label, LocalZone(), "line 2")


def clocks(zone: str, day: str, interval: str) -> pd.DatetimeIndex:
    """What clocks showed two days long, around a change in the middle."""
    middle = pd.Timestamp(day, tz="UTC")
    day_before, day_after = middle - pd.Timedelta("1D"), middle + pd.Timedelta("1D")
    index = pd.date_range(day_before, day_after, freq=interval, unit="ns")
    return index.tz_convert(zone).tz_localize(None)


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize("interval", ["15min", "1h"])
@pytest.mark.parametrize(
    ("zone", "claim", "day"),
    [
        ("Europe/London", "Europe/Berlin", "2023-10-29 01:00"),
        ("Europe/Berlin", "Europe/London", "2023-10-29 01:00"),
        ("America/New_York", "America/Havana", "2023-11-05 06:00"),
        ("Europe/Berlin", "America/New_York", "2023-10-29 01:00"),
        ("Europe/Berlin", "Asia/Tokyo", "2023-10-29 01:00"),
    ],
)
def test_times_that_change_as_in_another_zone_are_told(
    zone: str, claim: str, day: str, interval: str, step: int
) -> None:
    wall = clocks(zone, day, interval)[::step]
    told = (
        rf"zone that is given, {claim}\. Received: times that change at {day[:10]}.* "
        rf"as clocks do in {zone}, .*--zone {zone} on"
    )
    with pytest.raises(UnreadableFile, match=told):
        to_utc(wall, LocalZone(claim))
    if step == 1:
        expected = pd.Timestamp(day, tz="UTC") - pd.Timedelta("1D")
        assert to_utc(wall, LocalZone(zone))[0] == expected


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Tokyo"])
def test_times_that_come_twice_without_a_change_of_clocks_stay_so(zone: str) -> None:
    wall = pd.date_range("2024-06-01", periods=50, freq="h", unit="ns")
    twice = wall[np.r_[0:30, 10:50]]
    expected = twice.tz_localize(zone).tz_convert("UTC")
    assert to_utc(twice, LocalZone(zone)).tolist() == expected.tolist()
    assert to_utc(wall[:0], LocalZone(zone)).empty
    one = to_utc(wall[[0, 0]], LocalZone(zone))
    assert one.tolist() == expected[[0, 0]].tolist()


@pytest.mark.parametrize(
    ("zone", "claim"),
    [("Europe/Berlin", "Europe/London"), ("Europe/London", "Europe/Berlin")],
)
def test_a_time_that_clocks_of_the_claimed_zone_left_out_tells_the_other_one(
    zone: str, claim: str
) -> None:
    wall = clocks(zone, "2024-03-31 01:00", "15min")
    with pytest.raises(UnreadableFile, match=rf"given, {claim}\..* as clocks do in {zone}, "):
        to_utc(wall, LocalZone(claim))


@pytest.mark.parametrize("before", [1, 30])
def test_one_row_before_a_repeated_hour_is_enough_to_tell_it(before: int) -> None:
    minutes = pd.to_timedelta(np.r_[60 - before : 60, 0:70], unit="min")
    wall = (pd.Timestamp("2023-10-29 02:00") + minutes).as_unit("ns")
    with pytest.raises(UnreadableFile, match=r"change at 2023-10-29 02:00 as clocks do in Europe"):
        to_utc(wall, LocalZone("Asia/Tokyo"))
    half = wall[: 60 - before]  # no hour comes twice yet
    assert len(to_utc(half, LocalZone("Asia/Tokyo"))) == len(half)


def test_the_hour_that_comes_twice_is_told_and_not_the_one_left_out_before_it() -> None:
    hours = pd.date_range("2024-03-30", "2024-10-28", freq="h", tz="UTC", unit="ns")
    wall = hours.tz_convert("Europe/Berlin").tz_localize(None)
    with pytest.raises(UnreadableFile, match=r"change at 2024-10-27 02:00 as clocks do in Europe"):
        to_utc(wall, LocalZone("Asia/Tokyo"))


@pytest.mark.parametrize("unit", ["s", "ns"])
def test_times_of_no_zone_are_utc(unit: str) -> None:
    index = pd.DatetimeIndex(["2024-03-31 02:30", None, "2024-10-27 02:30"]).as_unit(unit)
    times = to_utc(index, LocalZone())
    assert times.unit == "ns"
    assert times.equals(index.as_unit("ns").tz_localize("UTC"))
