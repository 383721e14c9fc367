"""The frame around every page: navigation, errors as clear messages, a note at the end."""

from __future__ import annotations

import base64
import functools

import streamlit as st
from streamlit import delta_generator

from cryptoforecast.settings import ROOT
from cryptoforecast.ui import elements, ownership

PAGES = (
    (
        "forecast",
        "Forecast",
        ":material/query_stats:",
        "What comes next, and does a network forecast it better than the last price?",
    ),
    (
        "backtest",
        "Backtest",
        ":material/leaderboard:",
        "A longer look at past forecasts: which method is better, and when does it err?",
    ),
    (
        "market",
        "Market",
        ":material/candlestick_chart:",
        "Candles, volume and the last price, and whether the data can be trusted.",
    ),
    (
        "data",
        "Data",
        ":material/upload_file:",
        "Open your own price file, check it, and forecast its prices.",
    ),
    (
        "models",
        "Models",
        ":material/inventory_2:",
        "The saved models and their scores, to compare, open or delete.",
    ),
)


@functools.cache
def _icon() -> str:
    """Return the icon of the browser tab as an address that holds it.

    Without it the tab has the icon of the page, which the browser would ask of another host. A file
    would be opened with Pillow and sent at every run.
    """
    icon = (ROOT / ".streamlit" / "icon.png").read_bytes()
    return f"data:image/png;base64,{base64.b64encode(icon).decode()}"


def run() -> None:
    """Draw the navigation and the page; our errors become clear messages."""
    # Before its first element, Streamlit looks up the file of every loaded module, to warn a user
    # who runs a page without a server. Here a server runs, and the look-up would take a tenth of
    # the first visit.
    delta_generator._use_warning_has_been_displayed = True
    st.set_page_config(page_title="CryptoForecast", page_icon=_icon(), layout="wide")
    page = st.navigation(
        [
            st.Page(
                ROOT / "pages" / f"{name}.py",
                title=title,
                icon=icon,
                help=help_text,
                default=name == "forecast",
            )
            for name, title, icon, help_text in PAGES
        ],
        position="top",
    )
    # Before all else, so that the browser has the style when the first still picture arrives.
    st.html(elements.STYLE)
    with elements.errors():
        page.run()
    ownership.note()
    st.caption(
        "For learning and research. This is not financial advice: a good result on past prices "
        "does not promise one in the future."
    )
