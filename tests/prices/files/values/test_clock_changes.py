"""Local times over every change of the clock: each candle comes back as it was, or is refused."""

from __future__ import annotations

import itertools
from datetime import timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.prices.files.values.zones import FIRST, LocalZone, to_utc
from cryptoforecast.types import INTERVALS
from tests.prices.files import samples

#: Clocks that change by an hour at many hours of the day, by half an hour, or not at all; some
#: changed their hours for good.
ZONES = (
    "Europe/London", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "America/Havana",
    "America/St_Johns", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Chatham",
    "Asia/Tehran", "Asia/Beirut", "Asia/Kolkata", "Asia/Tokyo", "Europe/Moscow",
    "Atlantic/Azores", "America/Caracas",
)  # fmt: skip
LENGTHS = tuple(name for name, length in INTERVALS.items() if length < INTERVALS["1d"])
HOUR = pd.Timedelta("1h")


@cache
def changes(zone: str) -> tuple[pd.Timestamp, ...]:
    """Return the instants at which clocks of a zone changed, UTC, by the standard library."""
    place = ZoneInfo(zone)
    days = pd.date_range("2010-01-01", "2026-01-01", freq="D", tz="UTC")
    moments = []
    for day, after in itertools.pairwise(days.to_pydatetime()):
        if day.astimezone(place).utcoffset() != after.astimezone(place).utcoffset():
            quarters = [day + timedelta(minutes=15 * i) for i in range(97)]
            shown = [each.astimezone(place).utcoffset() for each in quarters]
            moments += [pd.Timestamp(quarters[i]) for i in range(1, 97) if shown[i] != shown[i - 1]]
    return tuple(moments)


def wall(index: pd.DatetimeIndex, zone: str) -> pd.DatetimeIndex:
    """Return what clocks of a zone showed, by the standard library."""
    shown = [each.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for each in index.to_pydatetime()]
    return pd.DatetimeIndex(shown).as_unit("ns")


def around(change: pd.Timestamp, interval: str, candles: int = 5) -> pd.DatetimeIndex:
    """Return the opens of candles from some before a change of the clock to some after it."""
    step = INTERVALS[interval]
    reach = max(3 * HOUR, candles * step)
    return pd.date_range((change - reach).floor("1D" if step > HOUR else "1h"),
                         change + reach, freq=step)  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("interval", LENGTHS)
def test_every_change_of_the_clock(zone: str, interval: str) -> None:
    for change in changes(zone):
        index = around(change, interval)
        local = wall(index, zone)
        assert to_utc(local, LocalZone(zone)).equals(index.as_unit("ns"))
        assert to_utc(local[::-1], LocalZone(zone)).equals(index[::-1].as_unit("ns"))


def test_the_zones_have_changes_of_many_kinds() -> None:
    sizes = {
        (wall(pd.DatetimeIndex([change]), zone)[0]
         - wall(pd.DatetimeIndex([change - pd.Timedelta("1min")]), zone)[0])
        / pd.Timedelta("1min") - 1
        for zone in ZONES for change in changes(zone)
    }  # fmt: skip
    assert {-60, -30, 30, 60} <= sizes
    assert not changes("Asia/Kolkata")
    assert len(changes("Europe/London")) == 32


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("interval", ["1h", "4h"])
def test_a_history_over_all_changes(zone: str, interval: str) -> None:
    index = pd.date_range("2016-01-01", "2019-01-01", freq=INTERVALS[interval], tz="UTC")
    assert to_utc(wall(index, zone), LocalZone(zone)).equals(index.as_unit("ns"))


@given(st.data())
def test_rows_that_are_missing_are_refused_or_leave_the_others_exact(data: st.DataObject) -> None:
    zone = data.draw(st.sampled_from([zone for zone in ZONES if changes(zone)]))
    change = data.draw(st.sampled_from(changes(zone)))
    interval = data.draw(st.sampled_from(LENGTHS[1:]))
    index = around(change, interval, candles=20)
    near = np.flatnonzero(abs(index - change) < max(2 * HOUR, 2 * INTERVALS[interval]))
    missing = data.draw(st.sets(st.sampled_from(near.tolist())))
    rest = index.delete(sorted(missing))
    step = data.draw(st.sampled_from([1, -1]))
    try:
        times = to_utc(wall(rest, zone)[::step], LocalZone(zone))
    except UnreadableFile:
        assert missing
    else:
        assert times[::step].equals(rest.as_unit("ns"))


@pytest.mark.parametrize("start", ["2009-06-01", "2024-03-31", "2024-10-27"])
def test_days_open_with_the_first_of_two_midnights(start: str) -> None:
    for zone in ("America/Havana", "Asia/Beirut", "America/Sao_Paulo", "Atlantic/Azores"):
        days = pd.date_range(start, periods=400, freq="D")
        times = to_utc(days, LocalZone(zone))
        shown = times.tz_convert(zone)
        assert (times.to_series().diff().dropna() >= pd.Timedelta("23h")).all()
        assert shown.tz_localize(None).normalize().equals(days.as_unit("ns"))
        before = (times - pd.Timedelta("1ns")).tz_convert(zone).tz_localize(None)
        assert (before < days).all()


def london(marks: str = "1234", *, before: bool = True, after: bool = True) -> pd.DatetimeIndex:
    """Return half hours from 20:00 to 06:00 UTC over the end of summer time at 01:00 UTC.

    Args:
        marks: Which of the half hours 00:00 00:30 01:00 01:30 UTC are there; clocks show 01:00 and
            01:30 twice.
        before: Whether those before them are there.
        after: Whether those after them are there.
    """
    index = pd.date_range("2023-10-28 20:00", "2023-10-29 06:00", freq="30min", tz="UTC")
    place = np.arange(len(index)) - index.get_loc(pd.Timestamp("2023-10-29", tz="UTC")) + 1
    return index[[(before or each > 0) and (after or each < 5)
                  and (not 1 <= each <= 4 or str(each) in marks) for each in place]]  # fmt: skip


@pytest.mark.parametrize("marks", ["1234", "124", "134", "234", "123", "24", "13", "23", ""])
def test_a_step_back_or_no_row_leaves_no_doubt(marks: str) -> None:
    check_london(london(marks), clear=True)


def test_two_repeated_hours_without_a_row_between_them_are_each_in_order() -> None:
    index = london(after=False).append(london(before=False) + pd.Timedelta(days=364))
    check_london(index, clear=True)


@pytest.mark.parametrize("marks", ["12", "34", "14", "1", "2", "3", "4"])
def test_an_hour_that_is_there_once_beside_a_gap_is_refused(marks: str) -> None:
    check_london(london(marks), clear=False)


@pytest.mark.parametrize(
    ("marks", "clear"),
    [("1", True), ("12", True), ("124", True), ("13", True), ("2", False)],
)
def test_the_end_of_the_file_is_clear_without_a_gap(marks: str, clear: bool) -> None:
    check_london(london(marks, after=False), clear=clear)


@pytest.mark.parametrize(
    ("marks", "clear"),
    [("4", True), ("34", True), ("234", True), ("24", True), ("3", False)],
)
def test_the_beginning_of_the_file_is_clear_without_a_gap(marks: str, clear: bool) -> None:
    check_london(london(marks, before=False), clear=clear)


def test_nothing_but_the_repeated_hour_is_refused() -> None:
    for rest in ("12", "34", "1", "1234"):
        check_london(london(rest, before=False, after=False), clear=False)


def check_london(index: pd.DatetimeIndex, *, clear: bool) -> None:
    for step in (1, -1):
        local = wall(index, "Europe/London")[::step]
        if clear:
            assert to_utc(local, LocalZone("Europe/London"))[::step].equals(index.as_unit("ns"))
            continue
        with pytest.raises(UnreadableFile, match=r"Received: 2023-10-29 01:[03]0, which clocks"):
            to_utc(local, LocalZone("Europe/London"))


@pytest.mark.parametrize("order", ["swapped", "turned", "twice"])
def test_rows_out_of_order_beside_the_change_are_refused(order: str) -> None:
    index = london()
    rows = np.arange(len(index))
    place = int(index.get_loc(pd.Timestamp("2023-10-29", tz="UTC")))
    if order == "swapped":
        rows[[place + 3, place + 4]] = rows[[place + 4, place + 3]]
    elif order == "turned":
        rows = np.r_[rows[place + 2 :], rows[: place + 2]]
    else:
        rows = np.insert(rows, place, [place, place + 1])
    with pytest.raises(UnreadableFile, match=r"2023-10-29 01:[03]0, which clocks showed twice"):
        to_utc(wall(index[rows], "Europe/London"), LocalZone("Europe/London"))


def test_rows_without_a_time_do_not_disturb() -> None:
    rest = london()
    local = wall(rest, "Europe/London").insert(4, pd.NaT).insert(0, pd.NaT).append(
        pd.DatetimeIndex([pd.NaT])
    )  # fmt: skip
    times = to_utc(local, LocalZone("Europe/London"))
    assert times.isna().sum() == 3
    assert times.dropna().equals(rest.as_unit("ns"))


@pytest.mark.parametrize("length", ["1h", "30min", "5min"])
def test_a_row_that_comes_twice_elsewhere_does_not_disturb(length: str) -> None:
    index = pd.date_range("2023-10-28", "2023-10-30", freq=length, tz="UTC")
    twice = index.insert(9, index[8]).insert(len(index) - 3, index[-4])
    for step in (1, -1):
        times = to_utc(wall(twice, "Europe/London")[::step], LocalZone("Europe/London"))
        assert times[::step].equals(twice.as_unit("ns"))


def test_trades_of_one_time_are_read_over_the_change() -> None:
    times = pd.date_range(london()[0], london()[-1], freq="7min").repeat(3)
    rng = np.random.default_rng(2)
    seconds = pd.to_timedelta(np.sort(rng.integers(0, 36_000, 3_000)), unit="s")
    for trades in (times, times[0] + seconds):
        instants = to_utc(wall(trades, "Europe/London"), LocalZone("Europe/London"))
        assert instants.equals(trades.as_unit("ns"))


def test_a_time_that_clocks_left_out_beside_the_next_is_of_another_zone() -> None:
    hours = pd.date_range("2024-03-31", periods=6, freq="h")
    with pytest.raises(UnreadableFile, match="2024-03-31 03:00, which clocks left out that day"):
        to_utc(hours, LocalZone("Europe/Berlin"))
    times = to_utc(hours.delete(3), LocalZone("Europe/Berlin"))
    assert times[2] == pd.Timestamp("2024-03-31 01:00", tz="UTC")


def test_a_year_that_nanoseconds_cannot_hold_is_absent_in_any_zone() -> None:
    times = pd.DatetimeIndex(["1500-01-01", "2023-10-29 01:30", "2024-01-01"], dtype="M8[s]")
    instants = to_utc(times[[0, 2]], LocalZone("Europe/London"))
    assert instants.isna().tolist() == [True, False]
    assert instants[1] > FIRST


# ---------------------------------------------------------------------------- files


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize("zone", ["Europe/London", "Australia/Lord_Howe", "Pacific/Chatham"])
@pytest.mark.parametrize("length", ["1min", "5min", "30min", "1h"])
def test_files_of_local_times(zone: str, length: str, step: int) -> None:
    change = changes(zone)[-1]
    rows = int(pd.Timedelta("12h") / pd.Timedelta(length))
    index = pd.date_range(change - pd.Timedelta("6h"), periods=rows, freq=length)
    frame = samples.candles("1h", rows).set_axis(index)
    local = frame.set_axis(wall(index, zone))[::step]
    for form, day_first in (
        ("%Y-%m-%d %H:%M", None), ("%d/%m/%Y %H:%M", True), ("%m/%d/%y %I:%M %p", False),
    ):  # fmt: skip
        corrections = Corrections(zone=zone, day_first=day_first)
        history = read(samples.dated(local, form), "x.csv", corrections=corrections)
        assert history.candles.index.equals(index.as_unit("ns").rename("time"))
        assert (history.candles["close"].to_numpy() == frame["close"].to_numpy()).all()
