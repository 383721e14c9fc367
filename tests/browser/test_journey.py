"""The main job in a real browser: look, train, cancel, train again, save, come back, delete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.waiting import Line
from tests.prices.files import samples

CHART = ".js-plotly-plot"
ANSWER = re.compile(r"80 % likely: \$[0-9,]+ to \$[0-9,]+")
FINDING = re.compile("the price stays put|Too few past forecasts")
MODELS = Path(__file__).resolve().parent.parent.parent / "models"
SHIPPED = f"1 of {len(list(MODELS.glob('*/bundle.json')))} models beats"


def test_the_first_screen_answers_judges_and_offers_a_training(url: str, page: Page):
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    answer, judgement = page.get_by_role("heading", level=1), page.get_by_role("heading", level=2)
    expect(answer).to_have_text(ANSWER)
    expect(judgement).to_have_text(FINDING)
    expect(page.get_by_text("Simulated prices").filter(visible=True)).to_have_count(1)
    expect(page.locator(CHART)).to_have_count(1)
    expect(page.locator(CHART)).to_be_visible()
    train = page.get_by_role("button", name="Train my own")
    expect(train).to_be_visible()
    screen = page.viewport_size
    assert screen is not None
    for element in (answer, judgement, train):
        box = element.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= screen["height"]
    assert not errors
    assert _overflow(page) <= 0


def test_what_is_read_does_not_jump_when_the_chart_and_the_fields_are_there(url: str, page: Page):
    waiting: list[Route] = []
    late = re.compile(r"/(PlotlyChart|Selectbox)\.[^/]*\.js$")
    page.route(late, lambda route: waiting.append(route))
    page.goto(url)
    expect(page.get_by_role("heading", level=1)).to_have_text(ANSWER)
    expect(page.get_by_role("tab", name="Chances")).to_be_visible()
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    before = _places(page)
    assert len(waiting) == 2

    for route in waiting:
        route.continue_()
    expect(page.locator(CHART)).to_be_visible()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    for name, place in _places(page).items():
        assert abs(place - before[name]) < 50, name


def _places(page: Page) -> dict[str, float]:
    """Where the answer, the judgement and the tabs begin, in pixels from the top."""
    elements = {
        "answer": page.get_by_role("heading", level=1),
        "judgement": page.get_by_role("heading", level=2),
        "tabs": page.get_by_role("tab", name="Chances"),
    }
    return {name: (element.bounding_box() or {})["y"] for name, element in elements.items()}


@pytest.mark.parametrize("page", ["phone"], indirect=True)
def test_times_and_labels_fit_a_phone(url: str, page: Page):
    page.goto(url)
    expect(page.locator(CHART)).to_be_visible()
    labels = page.locator(f"{CHART} .annotation").filter(visible=True)
    expect(labels).to_have_count(4)  # 80 %, its ends and the middle
    texts = labels.all_text_contents()
    assert texts[0] == "80 %"
    assert "$" in texts[1]
    page.get_by_role("tab", name="Numbers").click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    assert _overflow(page) <= 0


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
def test_defaults_are_one_step_of_the_back_button(url: str, page: Page):
    page.goto(url)
    expect(page).to_have_url(re.compile("coin=BTC.*&model="))
    begun = page.evaluate("history.length")
    page.get_by_role("link", name="Backtest").click()
    expect(page).to_have_url(re.compile(r"/backtest\?coin=BTC.*&metric=mae&against=naive"))
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    assert page.evaluate("history.length") == begun + 2  # the page, and what it fills in
    page.go_back()
    page.go_back()
    expect(page).to_have_url(re.compile(rf"^{re.escape(url)}/\?coin=BTC"))
    expect(page.get_by_role("heading", level=1)).to_have_text(ANSWER)


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_a_choice_and_what_it_changes_are_one_step_of_the_back_button(url: str, page: Page):
    page.goto(url)
    expect(page).to_have_url(re.compile("interval=1h&.*model=global-1h-lstm"))
    begun = page.evaluate("history.length")
    page.get_by_role("combobox", name="Candle").click()
    page.get_by_role("option", name="Daily").click()
    expect(page).to_have_url(re.compile("interval=1d&.*model=global-1d-lstm"))
    expect(page.get_by_role("heading", level=1)).to_have_text(ANSWER)
    assert page.evaluate("history.length") == begun + 1
    page.wait_for_timeout(3_500)  # an address that comes back sooner counts as a late one
    page.go_back()
    expect(page).to_have_url(re.compile("interval=1h&.*model=global-1h-lstm"))
    expect(page.get_by_text("What comes next · 24 hours")).to_be_visible()


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_train_cancel_train_again_save_and_come_back(url: str, page: Page, browser: Browser):
    line = Line(page)
    page.goto(f"{url}/?history_1h=90+days")
    _customise(page)
    page.get_by_role("button", name="Choose", exact=True).first.click()  # the careful one
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text("Training LSTM for BTC 1h")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text(ANSWER)  # the default meanwhile
    expect(page).to_have_url(re.compile("model=run-"))
    link = page.url

    # The link leads back to it from elsewhere, and who cancels it has nothing of it in the list.
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_text("Training LSTM for BTC 1h")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("The training was cancelled.")).to_be_visible()
    page.get_by_role("combobox", name="Model").click()
    expect(page.get_by_role("option", name="All-coin LSTM hourly")).to_be_visible()
    expect(page.get_by_role("option", name="LSTM for")).to_have_count(0)
    page.keyboard.press("Escape")

    # On a slow line, a click on Train still has the other settings of the LSTM on the screen.
    _customise(page)
    line.hold()
    page.get_by_role("radio", name="Dense").click()
    expect(page.get_by_role("radio", name="Dense")).to_be_checked()
    line.wait(page)
    page.get_by_role("button", name="Train", exact=True).click()
    line.let_go()
    again = page.get_by_role("button", name="Train again")
    expect(again).to_be_visible(timeout=240_000)
    expect(page.get_by_text("What comes next · 20 hours · your Dense network")).to_be_visible()
    expect(page).to_have_url(re.compile("model=run-"))
    first = page.url
    assert first != link

    # Training again keeps what was set, so that one change is one change.
    again.click()
    expect(page.get_by_role("radio", name="Dense")).to_be_checked()
    slider = page.get_by_role("slider", name="Looks back")
    expect(slider).to_have_value("60")
    slider.press("ArrowLeft")
    expect(slider).to_have_value("59")
    page.wait_for_timeout(500)  # a slider that moves tells the server when it rests
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page).not_to_have_url(first)
    expect(again).to_be_visible(timeout=240_000)
    page.get_by_role("combobox", name="Model").click()
    expect(page.get_by_role("option", name="My Dense network for BTC 1h")).to_have_count(2)
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("browser-model")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as browser-model")).to_be_visible()

    # Another browser: the link of the training, and that of the saved model.
    context = browser.new_context()
    other = context.new_page()
    other.goto(first)
    made = "What comes next · 20 hours · a linked Dense network"
    expect(other.get_by_text(made)).to_be_visible()
    # A year's last fifth begins before these ninety days were fitted, and the page says so.
    other.goto(f"{url}/?model=browser-model")
    expect(other.get_by_role("heading", name="Not a fair test")).to_be_visible()
    other.goto(f"{url}/?model=browser-model&history_1h=90+days")
    expect(other.get_by_role("heading", level=2)).to_have_text(FINDING)
    context.close()

    page.goto(f"{url}/models?card=browser-model")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_role("heading", name=SHIPPED)).to_be_visible()
    expect(page.get_by_text("Deleted browser-model.")).to_be_visible()


def _customise(page: Page) -> None:
    """Open the dialog of a training."""
    page.get_by_role("button", name="Customise").click()
    expect(
        page.get_by_role("dialog").get_by_role("button", name="Train", exact=True)
    ).to_be_visible()


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
    expect(page.get_by_role("button", name="Undo the repair")).to_be_visible()
    page.reload()  # a new session: the link still shows the file
    expect(page.get_by_role("heading", name="Good to forecast")).to_be_visible()
    page.get_by_role("button", name="Forecast these prices").click()
    expect(page.locator(CHART).first).to_be_visible()
    expect(page).to_have_url(re.compile("coin=file-"))  # the Data page has a chart too


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
