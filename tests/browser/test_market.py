"""The Market page in a real browser: a time enlarged, ranges, every candle length, a picture."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.waiting import Line, until

CHART = ".js-plotly-plot"
AXES = """() => { const layout = document.querySelector('.js-plotly-plot')._fullLayout;
return [...layout.xaxis.range.map(at => Date.parse(at.replace(' ', 'T') + 'Z')),
        ...layout.yaxis.range]; }"""
#: What is drawn: lowest and highest price, first and last time, number of candles.
DRAWN = """() => { const trace = document.querySelector('.js-plotly-plot')._fullData[0];
const low = [...(trace.low || trace.y)], high = [...(trace.high || trace.y)];
return [Math.min(...low), Math.max(...high), trace.x.length]; }"""


def settle(page: Page) -> dict[str, float]:
    """Wait until the page has run and its chart stands still; return where the prices are."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    place, before = page.locator(f"{CHART} .nsewdrag").first, None
    for _ in range(40):
        box = place.bounding_box()
        if box is not None and box == before:
            return dict(box)
        before = box
        page.wait_for_timeout(500)
    raise AssertionError("The chart does not stand still.")


def drag(page: Page, first: float, last: float) -> None:
    """Drag over the prices, from one share of their width to another."""
    box = settle(page)
    height = box["y"] + box["height"] / 3
    page.mouse.move(box["x"] + first * box["width"], height)
    page.mouse.down()
    page.mouse.move(box["x"] + last * box["width"], height + 9, steps=5)
    page.mouse.up()


def fits(page: Page) -> bool:
    """Whether the price axis is as long as the prices that are in view, and a little longer."""
    low, high, _ = page.evaluate(DRAWN)
    *_, bottom, top = page.evaluate(AXES)
    inside = bottom <= low and high <= top
    return bool(inside and (high - low) / (top - bottom) > 0.8)


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_the_price_axis_fits_what_is_in_view_after_zoom_and_ranges(url: str, page: Page):
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{url}/market")
    expect(page.get_by_role("heading", name="in 1 week, to $")).to_be_visible()
    expect(page.locator(f"{CHART} .nsewdrag").first).to_be_visible()
    left, right, *_ = page.evaluate(AXES)
    assert fits(page)
    assert page.evaluate(DRAWN)[2] == 168

    drag(page, 0.3, 0.5)
    expect(
        page.get_by_role("heading", name=re.compile("from .* to .*, (to|at) \\$"))
    ).to_be_visible()
    expect(page.get_by_role("button", name="Whole range")).to_be_visible()
    until(page, f"({DRAWN})()[2] < 50")
    first, last, *_ = page.evaluate(AXES)
    whole = right - left
    assert abs((first - left) / whole - 0.3) < 0.03
    assert abs((last - left) / whole - 0.5) < 0.03
    assert fits(page)
    assert "part=" in page.url

    # The range counts back from the last close, whatever was in view before.
    page.get_by_role("radio", name="1 month").click()
    expect(page.get_by_role("heading", name="in 1 month, to $")).to_be_visible()
    until(page, f"Math.abs(({AXES})()[1] - {right}) < 86400000")
    first, last, *_ = page.evaluate(AXES)
    assert abs((last - first) / 86_400_000 - 31) < 0.5
    assert fits(page)
    assert "part=" not in page.url
    assert page.locator(f"{CHART} .rangeselector .button").count() == 0  # one row of ranges
    assert not errors


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_the_chart_is_saved_as_png_and_its_candles_as_csv(url: str, page: Page):
    page.goto(f"{url}/market?coin=ETH&indicators=averages,rsi")
    expect(page.locator(f"{CHART} .nsewdrag").first).to_be_visible()
    settle(page)
    with page.expect_download() as picture:
        page.locator(f"{CHART} .modebar-btn").click()
    assert picture.value.suggested_filename == "simulated-ETH-1h.png"
    with page.expect_download() as table:
        page.get_by_role("button", name="CSV").first.click()
    assert table.value.suggested_filename == "simulated-eth-1h-shown.csv"
    lines = table.value.path().read_text().splitlines()
    assert len(lines) == 169
    assert lines[0].startswith("time,open,high,low,close,volume")


def test_every_candle_can_be_picked_and_fits_the_screen(url: str, page: Page):
    line = Line(page)
    page.goto(f"{url}/market?interval=15m")
    expect(page.get_by_role("heading", name="in 2 days, to $")).to_be_visible()
    phone = page.viewport_size is not None and page.viewport_size["width"] < 500
    if phone:
        page.get_by_role("button", name="BTC · 15-minute").click()
    page.get_by_role("combobox", name="Candle").last.click()
    if phone:  # on a slow line, "Show" comes before the choice is in the address
        line.hold()
    page.get_by_role("option", name="Weekly").click()
    if phone:
        line.wait(page)
        page.get_by_role("button", name="Show").click()
        line.let_go()
    expect(page.get_by_role("heading", name="in 3 years, to $")).to_be_visible()
    expect(page.locator(CHART).first).to_be_visible()
    assert "interval=1w" in page.url
    assert overflow(page) <= 0


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than the screen."""
    return int(
        page.evaluate(
            """() => { const main = document.querySelector('[data-testid="stMain"]');
            return main.scrollWidth - main.clientWidth; }"""
        )
    )
