"""A forecast's time is told in UTC; the help beside it has the time of the user's zone."""

from __future__ import annotations

import json

import pytest
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from cryptoforecast.service import shared
from cryptoforecast.types import OWNER
from tests import synthetic
from tests.pages.conftest import helps, words

pytestmark = pytest.mark.one_service

#: Of prices whose last candle closes on 26 Jan 2024 at 00:00 UTC, as many steps ahead as asked for.
FORECAST = "by Fri 26 Jan 2024, "


@pytest.fixture
def zone(monkeypatch):
    """Return ``zone(name)``, which sets the zone that the browser tells."""

    def choose(name: str | None) -> None:
        monkeypatch.setattr(ContextProxy, "timezone", property(lambda _: name))

    return choose


def of_file(open_page) -> AppTest:
    page = open_page("", coin=shared().prices.open(synthetic.history(), user=OWNER), model="cone")
    page.session_state["by-step"] = True  # the picture of a price's chances, opened
    return page.run()


def test_the_help_has_the_time_of_the_users_zone(open_page, zone):
    zone("Asia/Kathmandu")
    page = of_file(open_page)
    assert FORECAST in words(page)
    assert "Kathmandu" not in words(page)
    forecast, chance = (
        text for text in helps(page) if text.startswith(("The forecast is", "The last step is"))
    )
    hour = words(page).split(FORECAST)[1][:5]  # in UTC; Nepal is 5 h 45 min ahead
    local = f"{int(hour[:2]) + 5:02}:45"
    assert (
        forecast
        == f"The forecast is for Fri 26 Jan 2024, {local} (Asia/Kathmandu) in your time zone."
    )
    assert chance.endswith(f"{local} (Asia/Kathmandu) in your time zone.")
    closed = next(text for text in helps(page) if "The last candle closed" in text)
    assert "Fri 26 Jan 2024, 05:45 (Asia/Kathmandu)" in closed
    lines = [trace for chart in page.get("plotly_chart")
             for trace in json.loads(chart.proto.spec)["data"] if "hovertext" in trace]  # fmt: skip
    assert [line["name"] for line in lines] == ["median", "chance"]
    for line in lines:
        assert line["hovertext"][-1] == f"Fri 26 Jan 2024, {local} (Asia/Kathmandu)"
        assert "%{hovertext}" in line["hovertemplate"]


def test_the_last_price_has_its_local_time(open_page, zone):
    zone("America/New_York")
    page = open_page("market")
    title = page.title[0].proto.help
    assert title.startswith("The last candle closed ")
    assert title.endswith("(America/New_York) in your time zone.")


@pytest.mark.parametrize("name", [None, "UTC", "Mars/Olympus", "../../etc/passwd", "<b>"])
def test_a_zone_that_says_nothing_more_adds_nothing(open_page, zone, name):
    zone(name)
    page = of_file(open_page)
    assert FORECAST in words(page)
    assert not [text for text in helps(page) if "time zone" in text]
    assert not [chart for chart in page.get("plotly_chart") if "hovertext" in chart.proto.spec]
