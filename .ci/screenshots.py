"""Take screenshots of the running app's pages: desktop and phone, light and dark.

Usage: python .ci/screenshots.py URL FOLDER [PAGE ...] (needs Debian's chromium).
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

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
    page.wait_for_timeout(2000)


def full_height(page: Page) -> int:
    """Measure the whole scrolling content, in pixels."""
    return int(page.evaluate("document.querySelector('[data-testid=\"stMain\"]').scrollHeight"))


def main(url: str, folder: Path, pages: list[str]) -> None:
    """Write FOLDER/PAGE-SIZE-SCHEME.png for every page, size and colour scheme."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for scheme in ("light", "dark"):
            for size, (width, height) in SIZES.items():
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme=scheme,  # type: ignore[arg-type]
                )
                page = context.new_page()
                for name in pages:
                    page.set_viewport_size({"width": width, "height": height})
                    page.goto(f"{url}/{name}")
                    settle(page)
                    page.set_viewport_size({"width": width, "height": full_height(page) + 80})
                    page.wait_for_timeout(1200)
                    file = name.partition("?")[0] or "forecast"
                    page.screenshot(path=folder / f"{file}-{size}-{scheme}.png")
                context.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), Path(sys.argv[2]), sys.argv[3:] or ["", "market", "models"])
