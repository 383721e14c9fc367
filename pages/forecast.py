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

judged = selection.judge(service, chosen, history)
show.verdict(judged)
show.tiles(judged)
future = selection.look_ahead(service, chosen, history)
show.future(future)
probability.section(future)
show.test(judged)
show.scores(service, judged)
show.save(service, judged, chosen)
