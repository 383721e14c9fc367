"""All figures of all predictors on the same past forecasts: two charts and a table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cryptoforecast import charts, html_report
from cryptoforecast.service import Service
from cryptoforecast.types import Backtest, Scores, predictor_name
from cryptoforecast.ui import elements, leaderboard, slow_baselines, verdict, words

_COLUMNS = {
    "MAE": st.column_config.Column(
        help="Average miss in the currency of the prices (mean absolute error)."
    ),
    "MAE / naive": st.column_config.Column(
        help="Average miss divided by that of the last price. Below 1 is better than it."
    ),
    "RMSE": st.column_config.Column(
        help="Root of the mean squared error, in the currency of the prices. Large misses count "
        "more."
    ),
    "MAPE": st.column_config.Column(help="Average miss as a percentage of the actual price."),
    "sMAPE": st.column_config.Column(
        help="Average miss as a percentage of the mean of the predicted and the actual price."
    ),
    "MASE": st.column_config.NumberColumn(
        format="%.3f",
        help="Average miss divided by the average change from one candle to the next, in the "
        "prices that a network learns from.",
    ),
    "Direction right": st.column_config.Column(
        help="Share of the forecasts that had the direction right, where the price moved."
    ),
    "Pinball (%)": st.column_config.NumberColumn(
        format="%.4f",
        help="Error of the range: mean pinball loss of nine quantiles of the log-return, in %.",
    ),
    "Pinball / naive": st.column_config.Column(
        help="Error of the range divided by that of a constant range. Below 1 is better than it."
    ),
    "80 % range held": st.column_config.Column(help="Share of the prices inside the 80 % range."),
    "95 % range held": st.column_config.Column(help="Share of the prices inside the 95 % range."),
}


#: What predictors are compared by, side by side.
_METRICS = ("mae", "pinball")


def show(service: Service, result: Backtest) -> None:
    """Draw every predictor beside the last price, offer the slow ones, and list all figures."""
    result = service.backtests.with_finished_baselines(result)
    for text in (verdict.span(result), *result.notes):
        st.caption(words.plain(text))
    for place, metric in zip(st.columns(len(_METRICS), gap="medium"), _METRICS, strict=True):
        with place:
            _compare(service, result, metric)
    st.caption(words.plain(charts.NOTE))
    slow_baselines.offer(result.scores, lambda: service.backtests.with_all_baselines(result))
    naive, quote = result.scores["naive"][-1], result.history.quote
    rows = [_row(name, steps[-1], naive, quote) for name, steps in result.scores.items()]
    st.subheader("All figures, on the same past forecasts")
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder=words.DASH,
        alt="Scores of every predictor",
        column_config=_COLUMNS,
    )
    st.caption(
        f"MAE and RMSE are in {words.plain(quote)}, the error of the range (pinball) is in % "
        "(log-return). Smaller errors are better. An 80 % range is best if it held 80 % of the "
        "prices, a 95 % range if it held 95 %."
    )


def _compare(service: Service, result: Backtest, metric: str) -> None:
    """Draw how much less or more each predictor misses than the last price."""
    section, board = html_report.leaderboard_section(
        service.backtests.analyses, result, metric, result.spec.horizon, "naive", elements.dark()
    )
    st.subheader(words.plain(leaderboard.heading_of(board)))
    figure = charts.skills(board, [result.predictor], dark=elements.dark())
    elements.chart(figure, alt=section.sentence, key=f"scores-{metric}")
    elements.table(
        "The numbers of this chart", lambda: section.frame, result.history, f"scores-{metric}"
    )


def training_sentence(result: Backtest) -> str:
    """Write how the network of a test was trained; empty for a baseline."""
    if result.model is None:
        return ""
    record, card = result.model.record, result.model.card
    cached = "The network was in the cache" if result.cached else "The network was trained"
    coins = "several coins" if card.coin == "any" else card.coin
    return (
        f"{cached}: {words.passes(result.model.spec, record)} in {record.seconds:.0f} s. "
        f"Pass {record.best_epoch} was best on prices that were held back for this (validation). "
        f"It learnt from candles of {coins} up to {card.learnt_until:%Y-%m-%d}."
    )


def _row(name: str, own: Scores, naive: Scores, quote: str) -> dict[str, object]:
    return {
        "Model": predictor_name(name),
        "MAE": words.money(own.mae, quote),
        "MAE / naive": round(own.mae / naive.mae, 4) if naive.mae > 0 else None,
        "RMSE": words.money(own.rmse, quote),
        "MAPE": words.percent(own.mape),
        "sMAPE": words.percent(own.smape),
        "MASE": own.mase,
        "Direction right": words.percent(own.directional_accuracy),
        "Pinball (%)": own.pinball * 100,
        "Pinball / naive": round(own.pinball / naive.pinball, 4) if naive.pinball > 0 else None,
        "80 % range held": words.percent(own.coverage_80),
        "95 % range held": words.percent(own.coverage_95),
    }
