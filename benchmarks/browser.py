"""A real browser for benchmarks: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Iterator

from playwright.sync_api import Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextlib.contextmanager
def tab() -> Iterator[Page]:
    """Open one tab in a browser of its own.

    Raises:
        SystemExit: If there is no Chromium.
    """
    path = shutil.which("chromium")
    if path is None:
        sys.exit("This needs a browser: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(120_000)
        yield page
        chromium.close()
