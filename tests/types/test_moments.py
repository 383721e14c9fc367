"""A time in words is the same in every language, and local only where that says more."""

from __future__ import annotations

import pandas as pd
import pytest

from cryptoforecast.types import local_text, moment_text, short_moment_text

WINTER, SUMMER = (pd.Timestamp(time, tz="UTC") for time in ("2026-12-07", "2026-07-01 22:05"))


def test_a_time_is_told_in_utc() -> None:
    assert moment_text(WINTER) == "Mon 7 Dec 2026, 00:00 UTC"
    assert moment_text(SUMMER.tz_convert("Asia/Tokyo")) == "Wed 1 Jul 2026, 22:05 UTC"


@pytest.mark.parametrize(
    ("time", "zone", "text"),
    [
        (WINTER, "Europe/Berlin", "Mon 7 Dec 2026, 01:00 (Europe/Berlin)"),
        (SUMMER, "Europe/Berlin", "Thu 2 Jul 2026, 00:05 (Europe/Berlin)"),
        (WINTER, "America/New_York", "Sun 6 Dec 2026, 19:00 (America/New_York)"),
        (SUMMER, "Asia/Kathmandu", "Thu 2 Jul 2026, 03:50 (Asia/Kathmandu)"),
        (SUMMER, "Europe/London", "Wed 1 Jul 2026, 23:05 (Europe/London)"),
    ],
)
def test_a_local_time_names_its_zone(time: pd.Timestamp, zone: str, text: str) -> None:
    assert local_text(time, zone) == text


@pytest.mark.parametrize(
    "zone",
    [None, "", "UTC", "Europe/London", "Nowhere/Here", "../../etc/passwd", "/etc/passwd", "a\0b"],
)
def test_a_zone_that_says_nothing_more_is_left_out(zone: str | None) -> None:
    assert local_text(WINTER, zone) == ""


def test_a_short_time_leaves_out_the_year_and_nothing_else() -> None:
    assert short_moment_text(WINTER) == "Mon 7 Dec, 00:00 UTC"
    assert short_moment_text(SUMMER.tz_convert("Asia/Tokyo")) == "Wed 1 Jul, 22:05 UTC"
    evening = pd.Timestamp("2026-12-31 20:26", tz="UTC")
    assert short_moment_text(evening) == "Thu 31 Dec, 20:26 UTC"
