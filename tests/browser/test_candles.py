"""Every candle length in a real browser: picked by hand, and never wider than the screen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

CANDLES = ("1m", "5m", "15m", "1h", "4h", "1d", "1w")
CHART = ".js-plotly-plot"


@pytest.mark.parametrize("path", ["/", "/market"])
def test_every_candle_can_be_reached_and_picked(url: str, page: Page, path: str):
    page.goto(f"{url}{path}?interval=15m")
    expect(page.get_by_text(re.compile(r"\d 15-minute prices, "))).to_be_visible()
    width = page.viewport_size["width"] if page.viewport_size else 0
    for candle in CANDLES:
        box = page.get_by_role("radio", name=candle, exact=True).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    page.get_by_role("radio", name="1w", exact=True).click()
    expect(page.get_by_text(re.compile(r"\d weekly prices, "))).to_be_visible()
    expect(page.locator(CHART).first).to_be_visible()
    assert "interval=1w" in page.url


@pytest.mark.parametrize("page", ["phone"], indirect=True)
def test_the_candle_picked_stays_from_page_to_page(url: str, page: Page):
    page.goto(f"{url}/?interval=5m")
    expect(page.get_by_role("heading", name="1 hour ahead")).to_be_visible()
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Market").click()
    expect(page.get_by_text(re.compile(r"\d 5-minute prices, "))).to_be_visible()
