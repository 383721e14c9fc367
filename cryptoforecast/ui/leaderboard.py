"""The leaderboard of the Backtest page: which predictor is better, and by more than chance?"""

from __future__ import annotations

import streamlit as st

from cryptoforecast import charts, html_report
from cryptoforecast.service import Service
from cryptoforecast.types import predictor_name
from cryptoforecast.ui import elements, inputs, slow_baselines, url, words
from cryptoforecast.ui.backtest import FinishedTest


def show(service: Service, test: FinishedTest, step: int) -> None:
    """Show the leaderboard by the user's metric and reference.

    Args:
        service: Computes the leaderboard.
        test: The test.
        step: 1 to the horizon.
    """
    result = test.result
    with inputs.row():
        metric = url.pick(
            "By",
            list(charts.METRIC_NAMES),
            "metric",
            lambda name: charts.METRIC_NAMES.get(name, name),
            "What is compared. Pinball is the error of the whole band, MAE and RMSE that of the "
            f"price in {result.history.quote}. Direction is the share of right signs. A band "
            "covers a share of the prices.",
        )
        reference = url.pick(
            "Compared with",
            list(result.forecasts),
            "against",
            predictor_name,
            "The predictor that the others should beat. What a band covers is compared with its "
            "level, 80 % or 95 %.",
        )
    section, board = html_report.leaderboard_section(
        service.backtests.analyses, result, metric, step, reference, elements.dark()
    )
    elements.chart(section.figure, alt=section.sentence, key="section-board")
    st.markdown(words.plain(section.sentence))
    st.dataframe(
        html_report.standings(board, result.history.quote), hide_index=True, alt=section.title
    )
    elements.download(section.frame, result.history, f"{section.name}-step-{step}")
    st.caption(html_report.COMPARISON_NOTE)
    slow_baselines.offer(result.forecasts, lambda: _add_slow(service, test))


def _add_slow(service: Service, test: FinishedTest) -> None:
    if test.walk_forward is None:
        service.backtests.with_all_baselines(test.result)
    else:
        service.walk_forward.with_all_baselines(test.walk_forward)
