"""In a real browser, each page by itself: it stands still, asks no other host, breaks no policy.

And the first screen has few words.
"""

from __future__ import annotations

from typing import TypedDict

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import policy
from tests.browser.waiting import until

PAGES = ("", "backtest", "market", "anomalies", "ledger", "models", "data", "learn", "about")
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
#: How far a page may jump: a good value of the layout shift, as web-vitals defines it.
MAX_SHIFT = 0.1
MAX_WORDS = 90
#: Milliseconds: a pause that ends a burst of shifts, and the longest burst.
MAX_PAUSE, MAX_BURST = 1000, 5000
OBSERVE = """
window.shifts = [];
new PerformanceObserver(list => {
    for (const each of list.getEntries())
        if (!each.hadRecentInput) window.shifts.push({time: each.startTime, size: each.value});
}).observe({type: 'layout-shift', buffered: true});
"""
LOADED = """() => !!document.querySelector('h1')
    && document.querySelector('[data-test-script-state="notRunning"]')
    && !document.querySelector('[data-testid="stSkeleton"]')"""
#: The words that are drawn in the window, with those of fields. A number or an icon is no word.
WORDS = r"""() => {
    const seen = (box, element) => box.width && box.height && box.right > 0 && box.bottom > 0
        && box.top < innerHeight && getComputedStyle(element).visibility != 'hidden'
        && !element.closest('style, script, [data-testid="stSkipToContent"], [translate="no"]');
    const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const range = new Range();
    const texts = [...document.querySelectorAll('input')]
        .filter(field => seen(field.getBoundingClientRect(), field)).map(field => field.value);
    while (nodes.nextNode()) {
        range.selectNode(nodes.currentNode);
        if (seen(range.getBoundingClientRect(), nodes.currentNode.parentElement))
            texts.push(nodes.currentNode.data);
    }
    return texts.join(' ').split(/\s+/).filter(word => /^[^\d]*\p{L}[^\d]*$/u.test(word));
}"""
#: A page that jumps half a second after it was drawn.
JUMPING = """<body style="margin: 0"><p id="late"></p><h1 style="height: 600px">Text</h1>
<script>setTimeout(() => document.getElementById('late').style.height = '300px', 500)</script>"""


class Shift(TypedDict):
    """One layout shift: when, in milliseconds, and how large."""

    time: float
    size: float


def largest_burst(shifts: list[Shift]) -> float:
    """Return the cumulative layout shift: that of the largest burst of shifts."""
    largest = burst = 0.0
    first = last = -float(MAX_BURST)
    for shift in shifts:
        if shift["time"] - last > MAX_PAUSE or shift["time"] - first > MAX_BURST:
            first, burst = shift["time"], 0.0
        burst, last = burst + shift["size"], shift["time"]
        largest = max(largest, burst)
    return largest


def open_tab(browser: Browser, size: str) -> Page:
    """Open a tab that notes every layout shift."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(60_000)
    context.add_init_script(OBSERVE)
    return context.new_page()


@pytest.mark.parametrize("size", SIZES)
def test_each_page_stands_still_by_its_policy_and_the_first_has_few_words(
    url: str, browser: Browser, size: str
):
    tab, complaints = open_tab(browser, size), []
    policy.watch(tab, url, complaints)
    shifts, words = {}, []
    for name in PAGES:
        tab.goto(f"{url}/{name}")
        until(tab, LOADED)
        if not name:
            expect(tab.locator(".js-plotly-plot .main-svg").first).to_be_visible()
            words = tab.evaluate(WORDS)
        tab.wait_for_timeout(300)
        shifts[name] = largest_burst(tab.evaluate("window.shifts"))
    assert {name: shift for name, shift in shifts.items() if shift > MAX_SHIFT} == {}
    assert 0 < len(words) <= MAX_WORDS, words
    assert complaints == []
    tab.context.close()


def test_a_page_that_jumps_is_noticed(browser: Browser):
    tab = open_tab(browser, "phone")
    tab.route(
        "http://jumping.test/",
        lambda route: route.fulfill(body=JUMPING, content_type="text/html"),
    )
    tab.goto("http://jumping.test/")
    until(tab, "document.getElementById('late').style.height != ''")
    tab.wait_for_timeout(300)
    assert largest_burst(tab.evaluate("window.shifts")) > MAX_SHIFT
    tab.context.close()


def test_shifts_add_up_within_a_burst():
    apart: list[Shift] = [{"time": 0, "size": 0.05}, {"time": 2000, "size": 0.06}]
    together: list[Shift] = [{"time": 0, "size": 0.05}, {"time": 900, "size": 0.06}]
    long: list[Shift] = [{"time": 900 * i, "size": 0.01} for i in range(20)]
    assert largest_burst(apart) == pytest.approx(0.06)
    assert largest_burst(together) == pytest.approx(0.11)
    assert largest_burst(long) == pytest.approx(0.06)
    assert largest_burst([]) == 0
