"""The downloads of the Backtest page: the report as one file, and every forecast as CSV."""

from __future__ import annotations

import streamlit as st

from cryptoforecast import html_report
from cryptoforecast.service import Service, files, forecast_tables
from cryptoforecast.ui.backtest import FinishedTest
from cryptoforecast.ui.words import plain


def show(service: Service, test: FinishedTest, saved: str = "") -> None:
    """Draw the menu of downloads.

    Args:
        service: Holds what the report shows.
        test: The test.
        saved: Name of the saved model that was tested; empty for another one.
    """
    history, name = test.result.history, test.result.predictor
    label = "simulated-" if history.simulated else ""
    file = f"{label}{history.market}-{history.interval}-{name}".lower()
    with st.popover("Export"):
        st.download_button(
            "Report (HTML)",
            lambda: html_report.page(
                service.backtests.analyses, test.result, test.walk_forward, saved=saved
            ),
            file_name=f"{file}-report.html",
            mime="text/html",
            icon=":material/description:",
            on_click="ignore",
            key="report",
            width="stretch",
            help="Verdict, leaderboards, charts, tables and settings in one file of about 5 MB. "
            "It opens without a network connection.",
        )
        st.download_button(
            "Forecasts (CSV)",
            lambda: files.csv_text(forecast_tables.of(test.result)),
            file_name=f"{file}-forecasts.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="forecasts",
            width="stretch",
            help="Every forecast of the test with all steps and quantiles, in "
            f"{plain(history.quote)}.",
        )
