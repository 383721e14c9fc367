"""Forecast: what comes next, and can it be trusted?"""

import streamlit as st

from cryptoforecast.service import shared
from cryptoforecast.service.backtests import judge
from cryptoforecast.ui import (
    card,
    coin_row,
    details,
    next_steps,
    saving,
    selection,
    training,
    trust,
)

service = shared()
choice = coin_row.draw(service)
view = selection.view(service, choice)
with st.container():  # a place of their own: notes come and go, and the cards stay
    if view.failed is not None:
        training.note_failure(view.failed)
    saving.note()

answer, judgement = card.sides("forecast")
future = selection.next_steps(service, view.model, choice.history)
result = selection.backtest(service, view.model, choice.history)
what = view.title or training.MEANWHILE * bool(view.running)
other = selection.forecast_of_default(service, view, choice.history)
with answer:
    judged = judge(result)
    tested = judged.seen or judged.coverage.outcome != "unknown"
    next_steps.sentence(future, what, compared=other is not None, tested=tested)
with judgement:  # before the chart, which keeps a browser busy for a second
    if view.running is not None:
        trust.show_running(service, view.running)
    elif view.own:
        rivals = selection.tests_of_rivals(service, view, choice.history)
        trust.show_own(service, result, future, rivals, view.model)
    else:
        trust.show(service, choice.history, result, chosen=bool(view.title))
with answer:
    next_steps.chart(future, other)

with st.container():
    next_steps.notes(future, result)
details.show(service, future, result)
