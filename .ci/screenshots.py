"""Take screenshots of the running app's pages: desktop and phone, light and dark.

    python .ci/screenshots.py URL FOLDER [PAGE ...] [--only NAME ...] [--height 1500]

Needs Debian's chromium and the test requirements.
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

PAGES = [
    "",
    "market",
    "models",
    "backtest",
    "backtest?view=Errors",
    "anomalies",
    "ledger",
    "data",
    "learn",
]
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def settle(page: Page) -> None:
    """Wait until Streamlit has stopped running and every figure is drawn."""
    page.wait_for_selector('[data-testid="stApp"]', timeout=60_000)
    page.wait_for_selector(
        '[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=60_000
    )
    for _ in range(120):  # Playwright's own wait needs `eval`, which the app's policy forbids
        if page.evaluate(
            """![...document.querySelectorAll('[data-testid="stPlotlyChart"]')]
            .some(place => !place.querySelector('.main-svg'))"""
        ):
            break
        page.wait_for_timeout(500)
    page.wait_for_timeout(4000)


def full_height(page: Page) -> int:
    """Measure the whole scrolling content, in pixels."""
    return int(page.evaluate("document.querySelector('[data-testid=\"stMain\"]').scrollHeight"))


def main() -> None:
    """Write FOLDER/PAGE-SIZE-SCHEME.png for every page, size and colour scheme."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("url", help="address of the running app")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("pages", nargs="*", default=PAGES)
    parser.add_argument("--only", nargs="*", help="such as forecast-desktop-light")
    parser.add_argument("--height", type=int, default=1500, help="at most so many pixels")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for scheme, (size, (width, height)), path in product(
            ("light", "dark"), SIZES.items(), given.pages
        ):
            words = path.replace("?view=", "-").partition("?")[0].lower()
            name = f"{words or 'forecast'}-{size}-{scheme}"
            if given.only and name not in given.only:
                continue
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=scheme,  # type: ignore[arg-type]
            )
            page = context.new_page()
            page.goto(f"{given.url.rstrip('/')}/{path}")
            settle(page)
            tall = min(full_height(page) + 80, given.height)
            page.set_viewport_size({"width": width, "height": tall})
            page.wait_for_timeout(1500)
            page.screenshot(path=given.folder / f"{name}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
