"""Local times without a zone are seen where clocks change, and no candle is lost in silence."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, UnreadableFile
from cryptoforecast.prices import frames
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.prices.files.values.zone_changes import clock_changes, find_changes
from cryptoforecast.types import INTERVALS, Problem
from tests.prices.files import samples

#: A change of the clock in each, UTC: back, and forward.
CHANGES = {
    "America/New_York": ("2023-11-05 06:00", "2024-03-10 07:00"),
    "America/Chicago": ("2023-11-05 07:00", "2024-03-10 08:00"),
    "Europe/London": ("2023-10-29 01:00", "2024-03-31 01:00"),
    "Europe/Berlin": ("2023-10-29 01:00", "2024-03-31 01:00"),
    "Europe/Helsinki": ("2023-10-29 01:00", "2024-03-31 01:00"),
    "America/Sao_Paulo": ("2018-02-18 02:00", "2018-11-04 03:00"),
    "Australia/Sydney": ("2024-04-06 16:00", "2023-09-30 16:00"),
    "Australia/Lord_Howe": ("2024-04-06 15:00", "2023-09-30 15:30"),
    "Pacific/Chatham": ("2024-04-06 14:00", "2023-09-23 14:00"),
    "Asia/Tehran": ("2021-09-21 19:30", "2022-03-21 20:30"),
}
SHORT = ("1m", "5m", "15m", "30m", "1h")


def local(zone: str, start: str, rows: int, interval: str = "1h") -> pd.DataFrame:
    """Return candles whose index is what clocks showed, as a file without a zone has it."""
    index = pd.date_range(start, periods=rows, freq=INTERVALS[interval], tz="UTC")
    wall = index.tz_convert(ZoneInfo(zone)).tz_localize(None)
    return samples.candles("1h", rows).set_axis(wall)


def around(zone: str, change: str, interval: str) -> pd.DataFrame:
    """Return candles from some before a change of the clock to some after it."""
    length = INTERVALS[interval]
    moment = pd.Timestamp(change, tz="UTC")
    reach = max(30 * length, pd.Timedelta("3h"))
    start = (moment - reach).floor("1D" if length > INTERVALS["1h"] else "1h")
    return local(zone, str(start.tz_localize(None)), int(2 * reach / length), interval)


def written(frame: pd.DataFrame, form: str = "%Y-%m-%d %H:%M") -> bytes:
    return samples.dated(frame, form)


def problems(content: bytes, **options: object) -> list[Problem]:
    history = read(content, "x.csv", **options)
    return [each for each in history.quality.problems if each.kind == "local_time"]


@pytest.mark.parametrize("zone", CHANGES)
@pytest.mark.parametrize(("interval", "step"), [*((each, 1) for each in SHORT), ("30m", -1)])
def test_a_time_that_clocks_showed_twice_is_refused(zone: str, interval: str, step: int) -> None:
    if zone == "Australia/Lord_Howe" and interval == "1h":
        pytest.skip("Clocks there go back by half an hour, so that no hour comes twice.")
    frame = around(zone, CHANGES[zone][0], interval)
    assert not frame.index.is_unique
    for form in ("%Y-%m-%d %H:%M", "%d %b %Y %I:%M %p"):
        with pytest.raises(UnreadableFile, match=r"twice \(lines \d+ and \d+\), as local clocks.*"
                           r"Say which it is \(Time zone on the Data page"):  # fmt: skip
            read(written(frame[::step], form), "x.csv")
    reading = read(written(frame[::step]), "x.csv", corrections=Corrections(zone=zone))
    assert len(reading) == len(frame)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("minutes", [2, 15, 29])
def test_a_file_may_end_in_the_hour_that_comes_twice(zone: str, minutes: int) -> None:
    moment = pd.Timestamp(CHANGES[zone][0])
    start = moment - pd.Timedelta("3h")
    frame = local(zone, str(start), 180 + minutes, "1m")
    with pytest.raises(UnreadableFile, match="as local clocks"):
        read(written(frame), "x.csv")
    assert len(read(written(frame), "x.csv", corrections=Corrections(zone=zone))) == len(frame)
    before = local(zone, str(start), 150 + minutes, "1m")  # and what ends before it, shows nothing
    assert len(read(written(before), "x.csv")) == len(before)


@pytest.mark.parametrize(
    ("zone", "claim"),
    [
        ("Europe/London", "Europe/Berlin"), ("Europe/Berlin", "Europe/London"),
        ("America/New_York", "America/Havana"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("interval", "step"), [("15m", 1), ("1h", 1), ("1h", -1)])
def test_a_zone_that_times_do_not_fit_is_told(
    zone: str, claim: str, interval: str, step: int
) -> None:
    content = written(around(zone, CHANGES[zone][0], interval)[::step])
    with pytest.raises(UnreadableFile, match=rf"zone that is given, {claim}\. Received: times that "
                       rf"change at 202.* as clocks do in {zone}.*--zone {zone} on"):  # fmt: skip
        read(content, "x.csv", corrections=Corrections(zone=claim))
    with pytest.raises(UnreadableFile, match=rf"--zone {zone} on the command line, zone= in Py"):
        read(content, "x.csv")


@pytest.mark.parametrize("zone", CHANGES)
@pytest.mark.parametrize("interval", ["1m", "30m", "1h", "2h", "4h", "12h"])
def test_a_time_that_clocks_left_out_is_reported(zone: str, interval: str) -> None:
    frame = around(zone, CHANGES[zone][1], interval)
    (entry,) = problems(written(frame))
    assert "look local" in entry.detail
    assert "say the zone" in entry.detail
    assert entry.count == 1
    assert len(read(written(frame), "x.csv")) == len(frame)


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Australia/Sydney"])
@pytest.mark.parametrize("interval", ["2h", "4h", "6h", "8h", "12h"])
def test_longer_candles_lose_none_where_clocks_go_back(zone: str, interval: str) -> None:
    frame = around(zone, CHANGES[zone][0], interval)
    (entry,) = problems(written(frame))
    assert entry.count == 1
    assert len(read(written(frame), "x.csv")) == len(frame)


def test_years_of_local_times() -> None:
    frame = local("America/Chicago", "2019-06-01", 24 * 900)
    with pytest.raises(UnreadableFile, match="2019-11-03 01:00 twice"):
        read(written(frame), "x.csv")
    once = frame[~frame.index.duplicated()]
    (entry,) = problems(written(once))
    assert entry.count == 2
    assert "2020-03-08 03:00" in entry.detail


def test_a_user_who_says_utc_loses_no_candle_in_silence() -> None:
    frame = around("America/New_York", CHANGES["America/New_York"][0], "1h")
    with pytest.raises(UnreadableFile, match=r"Received: times that change at 20.* not as in UTC"):
        read(written(frame), "x.csv", corrections=Corrections(zone="UTC"))


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M+00:00", "%s"])
def test_times_with_a_zone_are_not_local(form: str) -> None:
    frame = around("America/New_York", CHANGES["America/New_York"][1], "1h")
    assert not problems(written(frame, form))


def test_a_data_frame_without_a_zone_is_looked_at_too() -> None:
    back, forward = CHANGES["Europe/Berlin"]
    with pytest.raises(InvalidInput, match="02:00 twice"):
        frames.read(around("Europe/Berlin", back, "1h"), coin="BTC")
    history = frames.read(around("Europe/Berlin", forward, "1h"), coin="BTC")
    assert "local_time" in {each.kind for each in history.quality.problems}


def test_the_fast_way_does_not_pass_over_local_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cryptoforecast.prices.files.readers.blocks.BLOCK_BYTES", 1_000)
    back, forward = CHANGES["Europe/Berlin"]
    content = written(around("Europe/Berlin", forward, "1h")).replace(b";", b",")
    assert problems(content, interval="4h")
    content = written(around("Europe/Berlin", back, "1h")).replace(b";", b",")
    with pytest.raises(UnreadableFile, match="02:00 twice"):
        read(content, "x.csv", interval="4h")


# ---------------------------------------------------------------------------- UTC


def hours(start: str, rows: int) -> pd.DataFrame:
    index = pd.date_range(start, periods=rows, freq="h", tz="UTC")
    return samples.candles("1h", rows).set_axis(index)


def test_utc_times_are_not_local() -> None:
    frame = hours("2019-01-01", 24 * 800)
    assert not problems(written(frame))
    rng = np.random.default_rng(5)
    gaps = frame.drop(frame.index[rng.choice(len(frame) - 2, 3_000, replace=False) + 1])
    assert not problems(written(gaps))


def test_a_gap_at_one_change_among_regular_ones_is_a_gap() -> None:
    frame = hours("2019-01-01", 24 * 800)
    gap = frame.drop(pd.Timestamp("2019-03-31 02:00", tz="UTC"))
    assert not problems(written(gap))
    assert not find_changes(gap.index.as_unit("ns").asi8, INTERVALS["1h"])


def test_rows_that_come_twice_all_over_are_no_clock() -> None:
    frame = hours("2023-10-20", 24 * 20)
    twice = pd.concat([frame, frame.iloc[200:260] * 1.001]).sort_index(kind="stable")
    history = read(written(twice), "x.csv")
    assert history.quality.duplicates == 60


def test_the_same_candle_twice_is_not_lost() -> None:
    frame = hours("2023-10-28", 48)
    twice = pd.concat([frame, frame.loc["2023-10-29 01:00":"2023-10-29 01:30"]]).sort_index()
    history = read(written(twice), "x.csv")
    assert history.quality.duplicates == 1
    assert len(history) == 48


def test_days_show_no_change_of_the_clock() -> None:
    frame = samples.candles("1d", 400, "2023-01-01").tz_localize(None)
    days = frame.drop(frame.index[[89, 90]])
    assert not problems(written(days, "%Y-%m-%d"))


@pytest.mark.parametrize("zone", CHANGES)
def test_the_changes_are_those_of_the_standard_library(zone: str) -> None:
    moments, shifts = clock_changes(zone)
    for change in CHANGES[zone]:
        time = pd.Timestamp(change, tz="UTC").to_pydatetime()
        before = (time - pd.Timedelta("1min").to_pytimedelta()).astimezone(ZoneInfo(zone))
        shown = pd.Timestamp(before.replace(tzinfo=None)) + pd.Timedelta("1min")
        at = np.flatnonzero(moments == shown.as_unit("ns").value)
        after = pd.Timestamp(time.astimezone(ZoneInfo(zone)).replace(tzinfo=None))
        assert [int(shifts[each]) for each in at] == [(after - shown).as_unit("ns").value]
