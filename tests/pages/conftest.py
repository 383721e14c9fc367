"""Pages run in process, on the simulated market and the shipped models."""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.context import ContextProxy
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import AppTest, app_test

from cryptoforecast.ui import arrival

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session", autouse=True)
def installed_components() -> Iterator[None]:
    """Look once, not for every page, which of the installed packages have components."""
    scan = functools.cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_pages() -> Iterator[None]:
    """Compile every page once and beforehand, as a server does.

    A training compiles as well, in a thread of its own, and there are versions of Python 3.11 in
    which one of two threads that compile at once may fail.
    """
    scripts = ScriptCache()
    for path in (ROOT / "cryptoforecast/ui/main.py", *(ROOT / "pages").glob("*.py")):
        scripts.get_bytecode(str(path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app_test, "ScriptCache", lambda: scripts)
        yield


@pytest.fixture(autouse=True)
def headers(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the headers of the page: those of a browser on this machine. AppTest has none."""
    values = {arrival.HEADER: arrival.mark()}
    monkeypatch.setattr(ContextProxy, "headers", values)
    return values


@pytest.fixture
def open_page() -> Callable[..., AppTest]:
    """Return ``open_page(name, **query)``: a page after its first run, without an exception."""

    def run(name: str = "", **query: str) -> AppTest:
        page = AppTest.from_file(str(ROOT / "cryptoforecast/ui/main.py"), default_timeout=60)
        for key, value in query.items():
            page.query_params[key] = value
        page.run()
        if name:
            page.switch_page(str(ROOT / "pages" / f"{name}.py")).run()
        assert not page.exception, page.exception
        return page

    return run


def words(page: AppTest) -> str:
    """Return all text of the page in one string."""
    kinds = (
        "title", "header", "subheader", "markdown", "caption",
        "error", "warning", "info", "success",
    )  # fmt: skip
    return "\n".join(shown(str(element.value)) for kind in kinds for element in page.get(kind))


def shown(markdown: str) -> str:
    """Return what a browser shows of text that ``words.plain`` wrote."""
    return html.unescape(markdown.replace(":small[]", ""))


def open_tab(page: AppTest, name: str) -> AppTest:
    """Open a tab of the Forecast page; only the open one is drawn."""
    page.session_state["tab"] = name
    page.run()
    assert not page.exception, page.exception
    return page


def setting(page: AppTest, field: str) -> Any:
    """Return the control of a setting; the end of its key says how often it was renewed."""
    kinds = (page.slider, page.select_slider, page.segmented_control, page.multiselect)
    key = re.compile(rf"setting-{field}-\d+")
    (control,) = (each for kind in kinds for each in kind if key.fullmatch(each.key or ""))
    return control


def customise(page: AppTest) -> AppTest:
    """Run the page with its training dialog open, which AppTest closes at every run."""
    page.button(key="customise").click().run()
    assert not page.exception, page.exception
    return page


def rows(page: AppTest) -> dict[str, tuple[str, str]]:
    """Return the word and the number beside each bar of the page, by its label; the first one."""
    markup = "".join(str(element.value) for element in page.get("html"))
    matches = re.findall(
        r"<div>([^<]*)(?:: <b>([^<]*)</b>)?</div><div class=\"cf-track\">.*?"
        r"<div class=\"cf-value\">([^<]*)</div>",
        markup,
    )
    first: dict[str, tuple[str, str]] = {}
    for label, word, text in matches:  # the errors stand above the shares of the same predictors
        first.setdefault(html.unescape(label), (word, html.unescape(text)))
    return first


def helps(page: AppTest) -> list[str]:
    """Return the help beside every text of the page, as a browser shows it."""
    kinds = ("title", "header", "markdown", "caption", "metric")
    texts = [element.proto.help for kind in kinds for element in page.get(kind)]
    return [shown(text) for text in texts if text]
