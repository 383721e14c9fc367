"""Past forecasts beside the actual prices, and the table behind the chart."""

from __future__ import annotations

import streamlit as st

from cryptoforecast import charts
from cryptoforecast.types import Backtest
from cryptoforecast.ui import elements, figures, forecast_table, leaderboard
from cryptoforecast.ui.words import plain


def show(result: Backtest) -> None:
    """Show the forecasts of the test span, at the step that the user chooses."""
    unseen = "" if result.seen else ", which the model had not seen"
    st.subheader(f"Predicted and actual prices{unseen}")
    step = leaderboard.step(result)
    summary = charts.summary_predicted(result, step)
    figure = figures.predicted_vs_actual(result, step, dark=elements.dark())
    st.markdown(plain(summary))
    elements.chart(figure, alt=summary, key="test")
    forecast_table.show(
        f"The numbers behind this chart ({result.history.quote})",
        result.forecast,
        lambda: result.forecast.frame(step),
        result.history,
        f"{result.predictor}-test-step-{step}",
    )
