"""Anomalies: past moves that the forecast made before them called very unlikely."""

from cryptoforecast.service import shared
from cryptoforecast.ui import anomalies, card, subject

service = shared()
history = subject.row(service, models=False).history
found = anomalies.find(service, history)
recent = found.recent
anomalies.finding(found, recent)
left, right = card.sides()
with left:
    anomalies.chart(recent)
with right:
    anomalies.threshold(history.interval)
    anomalies.promise(found)
with card.framed():
    anomalies.listed(recent)
anomalies.notes(found)
