"""Forecast: does it beat the last price, and what comes next?"""

import streamlit as st

from cryptoforecast.service import shared
from cryptoforecast.ui import inputs, live, probability, selection, show, training

service = shared()
with inputs.row():
    query = inputs.market(service)
    chosen = inputs.model(service, query.interval)
history = live.history(service, query)
job = selection.job(service, chosen)
if job is not None and job.active:
    training.watch(service, job)
    st.stop()
training.offer(service, history)
if job is not None and job.result is None:
    training.ended(job)
    st.stop()

result = selection.judge(service, chosen, history)
show.verdict(result)
show.tiles(result)
future = selection.look_ahead(service, chosen, history)
show.future(future)
probability.section(future)
show.test(result)
show.scores(service, result)
show.save(service, result, chosen)
