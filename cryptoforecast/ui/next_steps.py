"""What comes next: the warnings, a sentence, the fan chart and its table."""

from __future__ import annotations

import streamlit as st

from cryptoforecast import charts
from cryptoforecast.charts import style
from cryptoforecast.service.forecasts import calibration_sentence, members_sentence, spread_sentence
from cryptoforecast.types import NextSteps
from cryptoforecast.ui import elements, figures, forecast_table, local_time
from cryptoforecast.ui.words import plain


def show(future: NextSteps) -> None:
    """Show the forecast of the next steps."""
    st.subheader("What comes next")
    if future.warnings:
        st.warning("  \n".join(map(plain, future.warnings)), icon=":material/warning:")
    summary = charts.summary_fan(future)
    st.markdown(
        plain(summary), help=local_time.help_text("The forecast is for", future.closing_times[-1])
    )
    dark = elements.dark()
    still = figures.fan_still(future, summary, dark=dark)
    figure = figures.fan(future, dark=dark, zone=local_time.zone(future.closing_times[-1]))
    elements.chart(figure, alt=summary, key="fan", still=still)
    if future.members:
        st.caption(plain(members_sentence(future.members)))
    if future.calibration is not None:
        since = style.moment(future.calibration.since + future.history.candle_length)
        st.caption(plain(calibration_sentence(future.calibration, since)))
    if future.spread is not None:
        st.caption(plain(spread_sentence(future.spread)))
    forecast_table.show(
        f"The numbers behind this chart ({future.history.quote})",
        future.forecast,
        lambda: future.forecast.frame().drop(columns=["actual", "residual"]),
        future.history,
        f"{future.model}-next",
    )
    if len(future.members) > 1:
        elements.table(
            "The weights of what is combined, by step",
            lambda: future.weights,
            future.history,
            f"{future.model}-weights",
            columns={
                each.name: st.column_config.NumberColumn(format="percent")
                for each in future.members
            },
        )
