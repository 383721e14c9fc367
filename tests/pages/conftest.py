"""Pages run in process, on the simulated market and the shipped models."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from cryptoforecast.ui import arrival

ROOT = Path(__file__).resolve().parent.parent.parent


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
        page.session_state["form-opened"] = True  # so that the training form is drawn
        page.run()
        if name:
            page.switch_page(str(ROOT / "pages" / f"{name}.py")).run()
        assert not page.exception, page.exception
        return page

    return run


def words(page: AppTest) -> str:
    """Return all text of the page in one string."""
    kinds = ("markdown", "caption", "subheader", "error", "warning", "info", "success")
    return "\n".join(shown(str(element.value)) for kind in kinds for element in page.get(kind))


def shown(markdown: str) -> str:
    """Return what a browser shows of text that ``words.plain`` wrote."""
    return html.unescape(markdown.replace(":small[]", ""))
