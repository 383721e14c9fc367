"""The lessons in a real browser, with mouse and keyboard, on a screen and on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

CHART = ".js-plotly-plot .main-svg"


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_each_lesson_is_guessed_run_and_revealed(url: str, page: Page):
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: errors.extend(_elsewhere(url, request.url)))
    page.goto(f"{url}/learn")
    expect(_heading(page)).to_have_text("Why most price forecasts are worthless")
    assert _overflow(page) <= 0
    _press(page, "open-1")

    expect(_heading(page)).to_have_text("What does the network look at?")
    _answer_by_keyboard(page, 1)
    expect(page.get_by_role("heading", name="One candle is one hour")).to_be_visible()
    for heading in ("Candles become a row of numbers", "It answers, and is told how wrong"):
        _press(page, "stage")
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    page.get_by_role("radio", name="Price").click()
    expect(page.get_by_role("heading", name="Percent become a price again")).to_be_visible()
    assert _overflow(page) <= 0
    _press(page, "why")
    expect(_heading(page)).to_have_text("The network never sees a price, only how far it moved")
    _press(page, "next")

    expect(page).to_have_url(re.compile("lesson=2"))
    _press(page, "answer-0")
    _press(page, "train-small")
    expect(page.get_by_text("Stays put")).to_be_visible()
    expect(page.get_by_text("16 neurons")).to_be_visible()
    _press(page, "why")
    expect(_heading(page)).to_have_text("The popular recipe fails at every new high")
    expect(page.locator(CHART).first).to_be_visible()
    assert _overflow(page) <= 0
    _press(page, "next")

    _press(page, "answer-2")
    for leak in ("scaler", "shuffled", "ahead"):
        page.locator(f".st-key-leak-{leak} label").first.click()
    expect(page.get_by_role("cell", name="All three")).to_be_visible()
    _press(page, "why")
    expect(_heading(page)).to_have_text(re.compile(r"7\d % right in the test, 5\d % when it"))
    expect(page.get_by_text("You guessed it")).to_be_visible()
    assert _overflow(page) <= 0
    _press(page, "next")

    _yesterday(page)
    _press(page, "next")
    expect(page.get_by_role("button", name="Again")).to_have_count(4)
    assert not errors


@pytest.mark.parametrize("page", ["phone"], indirect=True)
def test_a_link_opens_a_lesson_on_a_phone(url: str, page: Page):
    page.goto(f"{url}/learn?lesson=4")
    expect(_heading(page)).to_have_text("This forecast looks good. Is it?")
    assert _overflow(page) <= 0
    _yesterday(page)


def _yesterday(page: Page) -> None:
    """Drag the line of the last lesson until it fits, with the arrow keys, and see why."""
    _press(page, "answer-0")
    slider = page.get_by_role("slider")
    slider.focus()
    for _ in range(24):
        slider.press("ArrowRight")
    expect(page.get_by_role("heading", name="They fit at 24 hours")).to_be_visible()
    _press(page, "why")
    expect(_heading(page)).to_have_text("It is yesterday’s price: it fits best 24 hours back")
    assert _overflow(page) <= 0


def _elsewhere(url: str, host: str) -> list[str]:
    """Return an address that is asked of another host than the app's; nothing if it is not."""
    ours = (url, url.replace("http", "ws"), "data:", "blob:")
    return [] if host.startswith(ours) else [host]


def _heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def _press(page: Page, key: str) -> None:
    page.locator(f".st-key-{key} button").click()


def _answer_by_keyboard(page: Page, number: int) -> None:
    page.locator(f".st-key-answer-{number} button").focus()
    page.keyboard.press("Enter")


def _overflow(page: Page) -> int:
    """Pixels by which the page is wider than the screen."""
    return int(
        page.evaluate(
            """() => { const main = document.querySelector('[data-testid="stMain"]');
            return main.scrollWidth - main.clientWidth; }"""
        )
    )
