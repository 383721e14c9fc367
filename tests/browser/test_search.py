"""A search for better settings by click: progress, cancel, result, the winner in the form."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests import serving

CHART = ".js-plotly-plot"
PATIENCE = 240_000
#: Runs Streamlit with a default preset whose networks are small and learn in three passes, so that
#: the 28 trainings of the smallest search take seconds.
SMALL = """
import runpy
from cryptoforecast.learning import specs
specs.PRESETS["quick"] = {"epochs": 3, "final": 0.0, "units": (8,)}
specs.MAX_EPOCHS = 3
runpy.run_module("streamlit", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the app with small networks, from a home of its own."""
    home = tmp_path_factory.mktemp("searches")
    with serving.started(home, sys.executable, "-c", SMALL) as address:
        yield address


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_a_search_is_begun_cancelled_gone_on_with_and_its_winner_trained(small: str, page: Page):
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(
        f"{small}/backtest?history_1h=90+days&model=cone&view=Settings&trials=10&networks=dense"
    )
    expect(page.get_by_role("heading", name="Find better settings")).to_be_visible()
    search = page.get_by_role("button", name="Search", exact=True)
    duration = page.get_by_text(re.compile(r"^At most \d"))
    alone = duration.inner_text()
    page.get_by_text(re.compile(r"Train \d+ networks at once")).click()
    expect(duration).not_to_have_text(alone)  # less time
    search.click()

    expect(page.get_by_text("Searching settings for BTC 1h")).to_be_visible()
    expect(page.get_by_text(re.compile(r"\d of 28 trainings done, \d+ at once"))).to_be_visible(
        timeout=PATIENCE
    )
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("The search was cancelled. What was tried is kept")).to_be_visible()

    expect(page.get_by_role("switch", name=re.compile("networks at once"))).to_be_checked()
    search.click()
    expect(page.get_by_role("button", name="Use these settings")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("10 settings were tried")).to_be_visible()
    expect(page.locator(CHART)).to_have_count(3)
    for title in ("How far did the error fall?", "Which settings mattered?",
                  "What did good settings have in common?"):  # fmt: skip
        expect(page.locator(f"{CHART} .gtitle", has_text=title)).to_be_visible()
    page.get_by_text("All tries").click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    assert "networks=dense" in page.url

    page.get_by_role("button", name="Use these settings").click()
    form = page.get_by_role("dialog")
    expect(form.get_by_role("radio", name="Dense")).to_be_checked()
    expect(form.get_by_role("button", name="Train", exact=True)).to_be_enabled()
    assert not errors
