"""Backtest: test a model once or in several folds, compare it, and see how its forecasts err."""

import streamlit as st

from cryptoforecast.service import shared
from cryptoforecast.ui import backtest, exports, plan, selection, subject, views

service = shared()
asked = subject.row(service)
history = asked.history
model_name = selection.shown(service, asked).model

spec = selection.spec(service, model_name, history)
test_plan = plan.draw(spec, saved=selection.is_saved(model_name))
test = backtest.run(service, history, model_name, test_plan)
if test is None:
    st.stop()

backtest.show_verdict(test)
views.show(service, test)
exports.show(service, test)
