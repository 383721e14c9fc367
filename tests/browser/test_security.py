"""What a browser says about the headers of security: nothing, on any page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Request, expect

from tests import serving
from tests.browser import policy
from tests.prices.files import samples

CHART = ".js-plotly-plot"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the app with a small share for the files of a session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRYPTOFORECAST_SESSION_UPLOADS", "3")
        with serving.streamlit(tmp_path_factory.mktemp("home")) as address:
            yield address


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_the_documentation_of_the_api_is_whole_without_another_host(url: str, page: Page):
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda one: None if _is_own(one, url) else complaints.append(one.url))
    page.goto(f"{url}/docs")
    expect(page).to_have_url(f"{url}/api/v1/docs")
    expect(page.locator("#operations-forecasts-forecast")).to_be_visible()
    assert page.locator(".opblock").count() >= 15
    page.locator("#operations-models-model .opblock-summary").first.click()
    page.locator("tr[data-param-name=name] input").fill("har")
    page.locator("button.execute").click()
    expect(page.locator(".live-responses-table").first).to_contain_text("HAR regression")
    assert complaints == []


def _is_own(request: Request, url: str) -> bool:
    return request.url.startswith((url, "data:", "blob:"))


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_no_download_or_upload_breaks_the_policy_or_asks_another_host(url: str, page: Page):
    """Every page by itself is watched by ``test_stillness``."""
    complaints: list[str] = []
    policy.watch(page, url, complaints)
    page.goto(f"{url}/models?card=btc-1h-dense")
    _settle(page)
    page.goto(f"{url}/backtest?history_1h=90+days&model=cone&view=Errors")
    expect(page.locator(CHART).first).to_be_visible()
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as waiting:
        page.get_by_test_id("stDownloadButton").first.locator("button").first.click()
    assert waiting.value.failure() is None

    page.goto(f"{url}/data")
    chooser = page.locator("input[type=file]")
    content = samples.candles("1h", 200).rename_axis("time").to_csv().encode()
    chooser.set_input_files({"name": "BTC.csv", "mimeType": "text/csv", "buffer": content})
    expect(page.locator(CHART).first).to_be_visible()
    assert complaints == []

    # The policy does hold: a script of another host is refused, and would have been heard.
    page.evaluate(
        """() => { const script = document.createElement('script');
        script.src = 'https://evil.example/x.js'; document.head.append(script); }"""
    )
    page.wait_for_timeout(500)
    assert any("Content Security Policy" in text for text in complaints)


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_an_uploader_says_what_a_session_may_upload(url: str, page: Page):
    page.goto(f"{url}/data")
    expect(page.get_by_text("at most 3 MB")).to_be_visible()
    large = {"name": "BTC.csv", "mimeType": "text/csv", "buffer": b"x" * (4 * 2**20)}
    page.locator("input[type=file]").set_input_files(large)
    expect(page.get_by_text("File must be 3.0MB or smaller.")).to_be_visible()


def _settle(page: Page) -> None:
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_timeout(500)
