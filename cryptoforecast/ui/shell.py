"""The frame around every page: navigation, what the prices are, errors in one place."""

from __future__ import annotations

import streamlit as st
from streamlit import delta_generator

from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.settings import ROOT
from cryptoforecast.ui import show
from cryptoforecast.ui.words import plain

PAGES = (
    (
        "forecast",
        "Forecast",
        ":material/query_stats:",
        "Does a network beat the last price, and what comes next? Pick a coin, load or train.",
    ),
    (
        "backtest",
        "Backtest",
        ":material/leaderboard:",
        "One fit or many, who leads by more than chance, and how the forecasts err.",
    ),
    (
        "market",
        "Market",
        ":material/candlestick_chart:",
        "Candles, volume, the last price with its age, and what is wrong with the data.",
    ),
    (
        "data",
        "Data",
        ":material/upload_file:",
        "Your own price file: read, checked, and ready to forecast.",
    ),
    (
        "models",
        "Models",
        ":material/inventory_2:",
        "Saved models: their cards and scores, compared, opened or deleted.",
    ),
)


def run() -> None:
    """Draw the navigation, then the chosen page; a known error becomes one clear message."""
    # Before its first element, Streamlit looks up the file of every loaded module, to warn a user
    # who runs a page without a server. Here a server runs, and the look-up would take a tenth of
    # the first visit.
    delta_generator._use_warning_has_been_displayed = True
    st.set_page_config(page_title="CryptoForecast", layout="wide")
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
    st.html(show.STYLE)
    try:
        page.run()
    except CryptoForecastError as error:
        st.error(plain(str(error)), icon=":material/error:")
    st.caption(
        "For learning and research. Not financial advice: past tests say nothing certain of the "
        "future."
    )
