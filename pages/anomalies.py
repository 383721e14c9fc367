"""Anomalies: past moves that the forecast made before them called very unlikely."""

import streamlit as st

from cryptoforecast.service import shared
from cryptoforecast.ui import anomalies, card, subject

service = shared()
history = subject.row(service, models=False).history
heading = st.container()
left, right = card.sides()
with right:
    found = anomalies.find(service, history)
    anomalies.promise(found)
recent = found.recent
with heading:
    anomalies.finding(found, recent)
with left:
    anomalies.chart(recent)
with card.framed():
    anomalies.listed(recent)
anomalies.notes(found)
