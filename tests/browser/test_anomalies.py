"""Anomalies in a real browser: moved, read, downloaded, and nothing asked of another host."""

from __future__ import annotations

import re

import pandas as pd
from playwright.sync_api import Page, expect

TITLE = re.compile(r"surprising hours? in 30 days, [\d.]+ expected")


def test_the_threshold_is_moved_and_the_list_is_downloaded(url: str, page: Page):
    complaints: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(f"{url}/anomalies")
    title = page.get_by_role("heading", level=1)
    expect(title).to_have_text(TITLE)
    expect(title).to_contain_text(", 1 expected")
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect(page.get_by_text("Measured on real test months")).to_be_visible()
    slider = page.get_by_role("slider")
    slider.focus()
    slider.press("End")
    expect(title).to_contain_text(", 20 expected")
    expect(page).to_have_url(re.compile("alarms_1h=20"))
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows.nth(5)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    table = pd.read_csv(download.value.path())
    assert download.value.suggested_filename == "simulated-btc-1h-anomalies.csv"
    assert (table["rarity"] >= 36).all()
    assert len(table) >= rows.count() - 1 >= 5
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # The two addresses of Streamlit's own that are not there below a page.
    assert all("404" in line for line in complaints)
    assert hosts == {url.split("/")[2]}
