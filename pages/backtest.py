"""Backtest: one fit or many, who leads by more than chance, and how the forecasts err."""

import streamlit as st

from cryptoforecast.service import shared
from cryptoforecast.ui import backtest, inputs, live, selection, training

service = shared()
with inputs.row():
    query = inputs.market(service)
    chosen = inputs.model(service, query.interval)
history = live.history(service, query)
job = selection.job(service, chosen)
if job is not None and job.active:
    training.watch(service, job)
    st.stop()
if job is not None and job.result is None:
    training.ended(job)
    st.stop()

plan = backtest.way(selection.spec(service, chosen, history))
found = backtest.tested(service, history, chosen, plan)
if found is None:
    st.stop()
backtest.verdict(found)
backtest.explore(service, found)
backtest.export(service, found)
