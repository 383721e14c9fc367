"""What the page shows is what API, command line and library answer, to the last digit."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pandas as pd
import pytest
from playwright.sync_api import Locator, Page, expect

import cryptoforecast as cf
from cryptoforecast.ui.columns import HEADINGS
from tests.command_line import runner

MODEL = "global-1h-lstm"
#: What says when and from where, which differs.
APART = {"data", "version", "warnings"}

Row = dict[str, str]


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_page_api_command_and_library_give_the_same_numbers(
    url: str, page: Page, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    page.goto(f"{url}/?history_1h=90+days&model={MODEL}&price_BTC=60000")
    page.get_by_role("tab", name="Numbers").click()
    grid = page.get_by_test_id("stDataFrame").first
    expect(grid.get_by_test_id("glide-cell-0-0")).to_be_attached()
    names, *cells = grid.evaluate(
        "grid => [...grid.querySelectorAll('tr')]"
        ".map(row => [...row.children].map(cell => cell.textContent))"
    )
    numbers = _download(page)
    page.get_by_role("tab", name="Chances").click()
    expect(page.get_by_text("The numbers behind these charts")).to_be_visible()
    odds = _download(_unfolded(page, "The numbers behind these charts"))
    ways = _download(_unfolded(page, "On the way: prices that are touched"))

    # A question for each column of a price, one about the way, and one about the forecast itself.
    above, touch = _prices(odds, "above"), _prices(ways, "touches")
    assert 60_000 in above.values()
    assert len(above) + len(touch) + 2 >= 10
    history = _history(pd.Timestamp(numbers[0]["origin_closes_at"]))
    levels = {"above": [*above.values()], "touch": [*touch.values()]}
    forecast = _of_api(url, history, levels)
    file = tmp_path / "BTC_1h.csv"
    history.frame().to_csv(file)
    for answer in (_of_command(capsys, file, levels), _of_library(file, levels)):
        assert answer.keys() == forecast.keys()
        for key in forecast.keys() - APART:
            assert answer[key] == forecast[key], key

    _assert_quantiles(numbers, names, cells, forecast["steps"])
    for name, one in zip(above, forecast["odds"], strict=True):
        assert _column(odds, name) == [step["probability"] for step in one["steps"]], name
    for name, one in zip(touch, forecast["touch"], strict=True):
        assert _column(ways, name) == one["probability"], name
    for level in ("0.1", "0.5", "0.9"):
        for name, key in (("highest", "high"), ("lowest", "low"), ("fall", "largest_fall")):
            expected = [step[key][level] for step in forecast["extremes"]]
            assert _column(ways, f"{name} q{level}") == expected, (name, level)


def _rest(page: Page) -> None:
    """Wait until the page has run: what is drawn anew meanwhile takes no click."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def _unfolded(page: Page, title: str) -> Locator:
    """Unfold a table and wait until it is open.

    Until then its button is cut off and moves, between the two halves of a click too.
    """
    _rest(page)
    table = page.get_by_test_id("stExpander").filter(has_text=title)
    table.get_by_text(title).click()
    page.wait_for_function(
        """table => {
            const button = table.querySelector('[data-testid=stDownloadButton]');
            const bottom = element => element.getBoundingClientRect().bottom;
            return button !== null && bottom(button) <= bottom(table);
        }""",
        arg=table.element_handle(),
    )
    _rest(page)
    return table


def _download(place: Page | Locator) -> list[Row]:
    """Read the table of a page, or of a part of it, as the CSV file that it offers."""
    page = place if isinstance(place, Page) else place.page
    with page.expect_download() as download:
        place.get_by_role("button", name="Download CSV").click()
    with Path(download.value.path()).open(encoding="utf-8", newline="") as file:
        return [*csv.DictReader(file)]


def _prices(table: list[Row], word: str) -> dict[str, float]:
    """Return the price of each column whose name begins with a word."""
    names = [name for name in table[0] if name.startswith(word)]
    return {name: float(re.sub(r"[^0-9.]", "", name)) for name in names}


def _column(table: list[Row], name: str) -> list[float]:
    return [float(row[name]) for row in table]


def _assert_quantiles(
    table: list[Row], names: list[str], cells: list[list[str]], steps: list[Any]
) -> None:
    """Compare the prices of a forecast with the file and with what is seen of its table."""
    assert len(table) == len(steps) == 24
    assert len(cells) >= 5
    for number, step in enumerate(steps):
        expected = {f"q{level}": price for level, price in step["quantiles"].items()}
        assert {name: float(table[number][name]) for name in expected} == expected
        if number < len(cells):
            shown = dict(zip(names, cells[number], strict=True))
            # The columns that are in view: those of the 80 % range come first.
            seen = {name: shown.get(HEADINGS[name][0]) for name in expected}
            prices = {name: float(text) for name, text in seen.items() if text is not None}
            assert {"q0.1", "q0.9"} <= prices.keys()
            assert prices.items() <= expected.items()


def _history(end: pd.Timestamp) -> cf.Prices:
    """Read the simulated prices that the page has read."""
    start = end.normalize() - pd.Timedelta(days=90)
    return cf.fetch("BTC", start=start, end=end, simulated="only")


def _of_api(url: str, history: cf.Prices, levels: dict[str, list[float]]) -> dict[str, Any]:
    """Send the candles to the API of the server that serves the page."""
    frame = history.frame()
    candles = {name: frame[name].tolist() for name in ("open", "high", "low", "close", "volume")}
    candles["time"] = [time.isoformat() for time in frame.index]
    body = {"series": [{"id": "page", "candles": candles}], **levels}
    address = f"{url}/api/v1/models/{MODEL}/forecast"
    (answer,) = httpx2.post(address, json=body, timeout=60).json()["series"]
    assert answer["problem"] is None
    forecast: dict[str, Any] = answer["forecast"]
    return forecast


def _of_command(
    capsys: pytest.CaptureFixture[str], file: Path, levels: dict[str, list[float]]
) -> dict[str, Any]:
    """Ask the command line about the same candles in a file."""
    options = [f"--{kind}={price}" for kind, prices in levels.items() for price in prices]
    run = runner(capsys)
    status, out, err = run("forecast", "--model", MODEL, "--data", file, *options, "--json")
    assert status == 0, err
    forecast: dict[str, Any] = json.loads(out)
    return forecast


def _of_library(file: Path, levels: dict[str, list[float]]) -> dict[str, Any]:
    """Ask the library about the same candles in a file."""
    forecast: dict[str, Any] = json.loads(
        json.dumps(cf.load(MODEL).forecast(cf.read(file), **levels).to_dict())
    )
    return forecast
