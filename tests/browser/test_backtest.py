"""The Backtest page in a real browser: a link, its views, folds in the background, the report."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

CHART = ".js-plotly-plot"


def test_views_are_in_the_link_and_fit_the_screen(url: str, page: Page):
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{url}/backtest?history_1h=90+days&model=har&view=Bands")
    expect(page.get_by_text("past forecasts of BTC")).to_be_visible()
    expect(page.locator(CHART)).to_have_count(4)
    assert _overflow(page) <= 0
    page.get_by_role("radio", name="Is it yesterday’s price?").click()
    expect(page.get_by_text("Is it just a delayed price?")).to_be_visible()
    expect(page.locator(CHART)).to_have_count(1)
    assert "view=Delay" in page.url
    assert "history_1h=90+days" in page.url
    page.get_by_role("radio", name="Who wins?").click()
    expect(page.get_by_role("heading", name="Average miss against")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.locator(".js-plotly-plot .ytick")).to_have_count(3)
    assert not errors
    assert _overflow(page) <= 0


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_a_network_walks_forward_and_its_link_brings_the_result_back(url: str, page: Page):
    page.goto(f"{url}/backtest?history_1h=90+days&test=Walk-forward&folds=2&model=btc-1h-dense")
    expect(page.get_by_role("heading", name="Walk forward in 2 folds")).to_be_visible()
    page.get_by_role("button", name="Run the test").click()
    expect(page.get_by_role("heading", name=re.compile("in 2 folds"))).to_be_visible()
    expect(page.get_by_text("Fitted again for each of 2 folds")).to_be_visible(timeout=240_000)
    link = page.url
    assert "walk=walk-" in link
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_text("Fitted again for each of 2 folds")).to_be_visible()
    expect(page.locator(CHART)).to_have_count(1)


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_the_report_opens_without_a_network(url: str, page: Page, tmp_path):
    page.goto(f"{url}/backtest?history_1h=90+days&model=cone")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export").click()
        page.get_by_role("button", name="Report (HTML)").click()
    assert waiting.value.suggested_filename == "simulated-btc-1h-cone-report.html"
    target = tmp_path / "report.html"
    waiting.value.save_as(target)
    page.context.set_offline(True)
    tab, failed = page.context.new_page(), []
    tab.on("requestfailed", lambda request: failed.append(request.url))
    tab.on("pageerror", lambda error: failed.append(str(error)))
    tab.goto(target.as_uri())
    expect(tab.get_by_role("heading", level=1)).to_contain_text("CryptoForecast backtest: BTC 1h")
    expect(tab.locator(f"{CHART} .main-svg").first).to_be_visible()
    assert tab.locator(CHART).count() > 10
    assert not failed


def _overflow(page: Page) -> int:
    """Pixels by which the page is wider than the screen."""
    return int(
        page.evaluate(
            """() => { const main = document.querySelector('[data-testid="stMain"]');
            return main.scrollWidth - main.clientWidth; }"""
        )
    )
