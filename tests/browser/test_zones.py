"""Charts are in UTC, wherever the browser is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.waiting import until

#: The times of a chart's lines as they are sent, and as Plotly has them, in ms since 1970.
TIMES = """() => {
    const chart = document.querySelector('.js-plotly-plot');
    const sent = text => Date.parse(text + (text.length > 10 ? 'Z' : ''));
    return chart.calcdata.map(points => points.map((point, i) =>
        [sent(points[0].trace.x[i]), point.x ?? point.pos ?? point.p])).flat();
}"""


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/Los_Angeles"])
def test_charts_are_in_utc_whatever_the_zone_of_the_browser(
    url: str, browser: Browser, zone: str
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, timezone_id=zone)
    page = context.new_page()
    for path in ("/", "/market"):
        page.goto(f"{url}{path}")
        expect(page.locator(".js-plotly-plot").first).to_be_visible()
        until(page, "document.querySelector('.js-plotly-plot')?.calcdata?.length > 0")
        times = page.evaluate(TIMES)
        assert len(times) > 100
        assert [seen for _, seen in times] == [expected for expected, _ in times]
    context.close()
