"""Backtest: who wins, is it better than the last price, and can the range be trusted?"""

import streamlit as st

from cryptoforecast.service import shared
from cryptoforecast.ui import backtest, card, coin_row, ending, exports, plan, selection, views

service = shared()
choice = coin_row.draw(service)
history = choice.history
model_name = selection.view(service, choice).model
saved = selection.is_saved(model_name)

heading = card.row("test")
choices = st.container(horizontal=True, vertical_alignment="center", gap="small")
with choices:
    test_plan = plan.draw(selection.spec(service, model_name, history), saved=saved)
plan.explain(test_plan)
test = backtest.run(service, history, model_name, test_plan, heading)
if test is None:
    ending.end_page()

with heading:
    backtest.show_verdict(service, test)
    exports.show(service, test, model_name if saved else "")
with choices:
    view = views.choose(test)
backtest.show_notes(test)
views.show(service, test, view)
