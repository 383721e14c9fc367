"""A real server and a real browser; skipped, with the reason, where Chromium is absent."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests import serving

expect.set_options(timeout=60_000)

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--js-flags=--no-opt",  # a page is used for seconds: making its scripts fast takes longer
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # there is nobody but our server
]
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium once; its form without windows needs a fifth less of a processor."""
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if path is None:
        pytest.skip("needs a browser: apt-get install chromium-headless-shell")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def home_of_server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Name the folder of everything that the served app writes. Tests leave it as it was."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def url(home_of_server: Path) -> Iterator[str]:
    """Serve the app from an empty home, without a network."""
    with serving.streamlit(home_of_server) as address:
        yield address


@pytest.fixture(scope="session")
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """Open the profile of a browser that keeps the scripts which it has read.

    Reading those of a page takes longer than all else that a page does.
    """
    context = browser.new_context()
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture
def clean_profile(profile: BrowserContext) -> Iterator[BrowserContext]:
    """Give a profile without pages, and leave nothing in it but scripts."""
    yield profile
    profile.set_offline(False)
    profile.clear_cookies()
    for page in profile.pages:
        if page.url.startswith("http"):
            page.evaluate("localStorage.clear()")
        page.close()


@pytest.fixture(params=list(SIZES))
def page(request: pytest.FixtureRequest, clean_profile: BrowserContext) -> Page:
    """Open a tab at desktop or phone width."""
    width, height = SIZES[request.param]
    tab = clean_profile.new_page()
    tab.set_viewport_size({"width": width, "height": height})
    return tab
