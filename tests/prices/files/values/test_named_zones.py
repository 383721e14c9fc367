"""Times with the name or the offset of a zone."""

from __future__ import annotations

import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.price_file import read
from tests.prices.files import samples
from tests.prices.files.values.times import HOURS, check, moved


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
