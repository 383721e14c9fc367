"""The tabs below the forecast. Only the open one is drawn."""

from __future__ import annotations

import dataclasses

import pandas as pd
import streamlit as st

from cryptoforecast import charts
from cryptoforecast.service import Service
from cryptoforecast.service.forecasts import calibration_sentence, members_sentence, spread_sentence
from cryptoforecast.types import Backtest, NextSteps, moment_text, predictor_name
from cryptoforecast.ui import (
    elements,
    forecast_table,
    next_steps,
    past_forecasts,
    probability,
    scores,
)
from cryptoforecast.ui.words import plain

TABS = ("Chances", "Past forecasts", "Scores", "Training", "Numbers")


def show(service: Service, future: NextSteps, result: Backtest) -> None:
    """Draw the tabs.

    Args:
        service: Computes what the open tab shows.
        future: The forecast.
        result: Its test.
    """
    chances, past, figures, training, numbers = st.tabs(TABS, on_change="rerun", key="tab")
    if chances.open:
        with chances:
            probability.show(service, future)
    if past.open:
        with past:
            past_forecasts.show(result)
    if figures.open:
        with figures:
            scores.show(service, result)
    if training.open:
        with training:
            _training(result)
    if numbers.open:
        with numbers:
            _numbers(future)


def _training(result: Backtest) -> None:
    """Show how the network learnt."""
    if result.model is None:
        st.caption("This is a simple method. It has no network that was trained.")
        return
    curve = result.model.record.curve
    if curve:
        elements.chart(
            charts.loss_curve(curve, dark=elements.dark()),
            alt=charts.summary_loss(curve),
            key="loss-of-model",
        )
        st.markdown(plain(charts.words_on_loss(curve, over=True)))
    st.caption(plain(scores.training_sentence(result)))
    if curve:
        elements.table(
            "The numbers behind this chart",
            lambda: pd.DataFrame([dataclasses.asdict(each) for each in curve]),
            result.history,
            f"{result.predictor}-training",
        )


def _numbers(future: NextSteps) -> None:
    """Show the forecast in numbers, and what is behind it."""
    st.markdown(plain(charts.summary_fan(future)))
    next_steps.notes(future)
    if future.members:
        st.caption(plain(members_sentence(future.members)))
    if future.calibration is not None:
        since = moment_text(future.calibration.since + future.history.candle_length)
        st.caption(plain(calibration_sentence(future.calibration, since)))
    if future.spread is not None:
        st.caption(plain(spread_sentence(future.spread)))
    forecast_table.show(
        f"The numbers behind this chart ({future.history.quote})",
        future.forecast,
        lambda: future.forecast.frame().drop(columns=["actual", "residual"]),
        future.history,
        f"{future.model}-next",
        unfolded=True,
    )
    if len(future.members) > 1:
        elements.table(
            "The weights of what is combined, by step",
            lambda: future.weights,
            future.history,
            f"{future.model}-weights",
            columns={
                each.name: st.column_config.NumberColumn(
                    predictor_name(each.name), format="percent"
                )
                for each in future.members
            },
        )
