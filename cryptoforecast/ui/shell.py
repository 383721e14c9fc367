"""The frame around every page: mark, navigation, a running training, clear messages, a note."""

from __future__ import annotations

import base64
import contextlib
import functools

import streamlit as st
from streamlit import delta_generator

from cryptoforecast.service import shared
from cryptoforecast.settings import ROOT
from cryptoforecast.ui import dialogs, elements, ending, live, ownership, training_status, url

#: Pages in the navigation: file and title.
PAGES = {
    "forecast": "Forecast",
    "backtest": "Backtest",
    "market": "Market",
    "anomalies": "Anomalies",
    "ledger": "Ledger",
    "models": "Models",
    "data": "Data",
    "learn": "Learn",
}
#: Pages that are linked elsewhere.
HIDDEN = {"about": "About"}
#: Widest content, in pixels.
WIDTH = 1240


@functools.cache
def _icon() -> str:
    """Return the icon of the browser tab as a data URL.

    Streamlit would open a file with Pillow, and send it at every run.
    """
    icon = (ROOT / ".streamlit" / "icon.png").read_bytes()
    return f"data:image/png;base64,{base64.b64encode(icon).decode()}"


@functools.cache
def _logo(theme: str) -> str:
    """Return the name of the app in the colours of a theme, as SVG."""
    return (ROOT / ".streamlit" / f"logo-{theme}.svg").read_text("utf-8")


def run() -> None:
    """Draw the navigation and the page; our errors become clear messages."""
    # Before its first element, Streamlit looks up the file of every loaded module, to warn a user
    # who runs a page without a server. Here a server runs, and the look-up would take a tenth of
    # the first visit.
    delta_generator._use_warning_has_been_displayed = True
    dialogs.begin()
    live.begin()
    st.set_page_config(page_title="CryptoForecast", page_icon=_icon(), layout="wide")
    st.logo(_logo("dark" if elements.dark() else "light"), size="medium")
    page = st.navigation(
        [
            st.Page(
                ROOT / "pages" / f"{name}.py",
                title=title,
                default=name == "forecast",
                visibility="hidden" if name in HIDDEN else "visible",
            )
            for name, title in (PAGES | HIDDEN).items()
        ],
        position="top",
    )
    with st.container(horizontal_alignment="center"), st.container(width=WIDTH, gap="small"):
        with elements.errors(), contextlib.suppress(ending.EndOfPage):
            page.run()
        url.write()
        _note()
    live.watch(shared())
    training_status.show()  # it stands in the header, wherever it is drawn


def _note() -> None:
    """Write what the app is not, and who uses this server.

    The key tells the style sheet whether the page is dark, for dialogs and menus outside of it.
    """
    key = "note-dark" if elements.dark() else "note-light"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=key):
        st.caption("For learning and research. Not financial advice.", width="content")
        st.page_link(ROOT / "pages" / "about.py", label="About")
    ownership.note()
