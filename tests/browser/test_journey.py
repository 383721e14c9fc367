"""The main job in a real browser: look, train, save, come back, delete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.prices.files import samples

CHART = ".js-plotly-plot"
VERDICT = re.compile("the last price|Too few forecasts")
MODELS = Path(__file__).resolve().parent.parent.parent / "models"
SHIPPED = f"1 of {len(list(MODELS.glob('*/bundle.json')))} models beats"


def test_the_landing_page_shows_verdict_and_charts_without_a_click(url: str, page: Page):
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    expect(page.get_by_role("heading", name=VERDICT)).to_be_visible()
    expect(page.get_by_text("Simulated prices").first).to_be_visible()
    expect(page.locator(CHART).first).to_be_visible()
    assert not errors
    assert _overflow(page) <= 0


def test_the_first_chart_is_a_picture_until_plotly_has_drawn_it(url: str, page: Page):
    waiting: list[Route] = []
    page.route("**/PlotlyChart*", lambda route: waiting.append(route))
    page.goto(url)
    still = page.locator("[class*=st-key-still-] img")
    expect(still).to_be_visible()
    forecast = page.get_by_text("the BTC simulated price is expected at").inner_text()
    assert still.get_attribute("alt") == forecast
    expect(page.get_by_role("heading", name=VERDICT)).to_be_visible()
    expect(page.get_by_text("BTC: the next 24 hours")).to_be_visible()
    expect(page.get_by_role("combobox", name="Coin")).to_be_visible()  # all above it is there
    expect(page.get_by_role("radio", name="90 days")).to_be_visible()
    expect(page.get_by_test_id("stMetric")).to_have_count(4)
    place = page.locator("[class*=st-key-still-]").bounding_box()
    picture = still.bounding_box()
    assert place is not None
    assert picture is not None
    assert picture["width"] > 200
    assert place["y"] < picture["y"] < picture["y"] + picture["height"] < place["y"] + 400
    assert _overflow(page) <= 0

    for route in waiting:
        route.continue_()
    expect(page.locator(CHART).first).to_be_visible()
    expect(still).to_be_hidden()
    drawn = page.locator(CHART).first.bounding_box()
    assert drawn is not None
    assert abs(drawn["y"] - place["y"]) < 2  # where the picture was


@pytest.mark.parametrize("page", ["phone"], indirect=True)
def test_what_is_read_does_not_jump_when_fields_and_tiles_are_there(url: str, page: Page):
    waiting: list[Route] = []
    late = re.compile(r"/(Selectbox|ButtonGroup|Metric)\.[^/]*\.js$")
    page.route(late, lambda route: waiting.append(route))
    page.goto(url)
    heading = page.get_by_role("heading", name="What comes next")
    expect(page.locator("[class*=st-key-still-] img")).to_be_visible()
    page.wait_for_function("[...document.styleSheets].some(s => s.ownerNode.closest?.('.stHtml'))")
    before = heading.bounding_box()

    for route in waiting:
        route.continue_()
    expect(page.get_by_role("combobox", name="Coin")).to_be_visible()
    expect(page.get_by_role("radio", name="90 days")).to_be_visible()
    expect(page.get_by_test_id("stMetric")).to_have_count(4)
    after = heading.bounding_box()
    assert before is not None
    assert after is not None
    assert len(waiting) == 3
    assert abs(after["y"] - before["y"]) < 50


@pytest.mark.parametrize("name", ["market", "models"])
def test_every_page_opens_by_its_link_and_fits_the_screen(url: str, page: Page, name: str):
    page.goto(f"{url}/{name}?coin=ETH&interval=1d")
    if name == "market":
        expect(page.get_by_role("heading", name="in 6 months, to $")).to_be_visible()
        expect(page.locator(CHART)).to_be_visible()
    else:
        expect(page.get_by_role("heading", name=SHIPPED)).to_be_visible()
    assert _overflow(page) <= 0


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_train_watch_save_come_back_and_delete(url: str, page: Page):
    page.goto(f"{url}/?history_1h=90+days")
    page.get_by_text("Train your own network").click()
    page.get_by_role("radio", name="Dense").click()
    expect(page.get_by_text("More settings")).to_be_visible()
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("Training Dense network"))).to_be_visible()
    link = page.url
    assert "model=run-" in link

    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_text("Keep this model")).to_be_visible(timeout=240_000)
    expect(page.get_by_role("heading", name=VERDICT)).to_be_visible()

    page.get_by_label("Name").fill("browser-model")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as browser-model")).to_be_visible()

    # A year's last fifth begins before these ninety days were fitted, and the page says so.
    page.goto(f"{url}/?model=browser-model")
    expect(page.get_by_role("heading", name="Not a fair test")).to_be_visible()
    page.goto(f"{url}/?model=browser-model&history_1h=90+days")
    expect(page.get_by_role("heading", name=VERDICT)).to_be_visible()

    page.goto(f"{url}/models?card=browser-model")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_role("heading", name=SHIPPED)).to_be_visible()
    expect(page.get_by_text("Deleted browser-model.")).to_be_visible()


def test_a_messy_file_is_refused_corrected_repaired_and_forecast(url: str, page: Page):
    frame = samples.candles("1h", 400)
    frame.iloc[200, frame.columns.get_indexer(["high", "close"])] *= 4
    frame.index = frame.index.strftime("%m/%d/%Y %H:%M").where(frame.index.day <= 12)
    frame = frame[frame.index.notna()]
    content = frame.rename_axis("Date").to_csv().encode()
    page.goto(f"{url}/data")
    chooser = page.locator("input[type=file]")
    chooser.set_input_files({"name": "BTC.csv", "mimeType": "text/csv", "buffer": content})
    expect(page.get_by_role("heading", name="can't be read yet")).to_be_visible()
    expect(page.get_by_text("Say which comes first (Dates, below)")).to_be_visible()
    assert _overflow(page) <= 0

    dates = page.get_by_role("combobox", name="Dates")
    dates.scroll_into_view_if_needed()  # a list that is open closes when the page scrolls
    dates.click()
    page.get_by_role("option", name="Month first").click()
    expect(page.get_by_role("heading", name="Read as")).to_be_visible()
    expect(page.get_by_text("month first (as you said)")).to_be_visible()
    page.get_by_role("button", name="Check these prices").click()
    expect(page.get_by_role("heading", name="Good to forecast after one repair")).to_be_visible()
    expect(page.locator(CHART)).to_be_visible()
    assert _overflow(page) <= 0

    page.get_by_role("button", name="Leave out", exact=True).click()
    expect(page.get_by_role("button", name="Take the repair back")).to_be_visible()
    page.reload()  # a new session: the link still shows the file
    expect(page.get_by_role("heading", name="Good to forecast")).to_be_visible()
    page.get_by_role("link", name="Forecast these prices").click()
    expect(page.locator(CHART).first).to_be_visible()
    assert "coin=file-" in page.url


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_files_stay_on_the_data_page_and_a_closed_one_makes_room(url: str, page: Page):
    page.goto(f"{url}/data")
    for name in ("first.csv", "second.csv"):
        rows = 300 if name == "first.csv" else 400
        content = samples.candles("1h", rows).rename_axis("time").to_csv().encode()
        page.locator("input[type=file]").set_input_files(
            {"name": name, "mimeType": "text/csv", "buffer": content}
        )
        expect(page.get_by_text(f"{name} · {rows} hours")).to_be_visible()
        page.get_by_role("button", name="Open another").click()
        expect(page.get_by_role("heading", name="Open a file of prices")).to_be_visible()
    page.get_by_role("link", name="Market", exact=True).click()
    expect(page.locator(CHART).first).to_be_visible()
    page.get_by_role("link", name="Data", exact=True).click()
    page.get_by_role("button", name="first.csv").click()
    expect(page.get_by_text("first.csv · 300 hours")).to_be_visible()
    page.get_by_role("radio", name="Read").click()
    expect(page.get_by_role("combobox", name="Dates")).to_be_visible()  # its bytes are there
    page.get_by_role("radio", name="Check").click()
    page.get_by_role("button", name="Close", exact=True).last.click()
    expect(page.get_by_role("button", name="first.csv")).to_have_count(0)


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_a_file_beyond_the_limit_is_refused_before_it_is_sent(url: str, page: Page, tmp_path):
    large = tmp_path / "large.csv"
    with large.open("wb") as target:
        target.truncate(201 * 1024 * 1024)
    page.goto(f"{url}/data")
    expect(page.get_by_text("at most 200 MB")).to_be_visible()
    page.locator("input[type=file]").set_input_files(large)
    expect(page.get_by_text("File must be 200.0MB or smaller.")).to_be_visible()


def _overflow(page: Page) -> int:
    """Pixels by which the page is wider than the screen."""
    return int(
        page.evaluate(
            """() => { const main = document.querySelector('[data-testid="stMain"]');
            return main.scrollWidth - main.clientWidth; }"""
        )
    )
