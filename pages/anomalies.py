"""Anomalies: past moves that the forecast made before them called very unlikely."""

from cryptoforecast.service import shared
from cryptoforecast.ui import anomalies, card, coin_row

service = shared()
history = coin_row.draw(service, models=False).history
surprises = anomalies.find(service, history)
recent = surprises.recent
anomalies.finding(surprises, recent)
left, right = card.sides()
with left:
    anomalies.chart(recent)
with right:
    anomalies.verdict(surprises)
    anomalies.threshold(history.interval)
    anomalies.promise(surprises)
with card.framed():
    anomalies.month(recent)
    anomalies.be_told(surprises)
anomalies.notes(surprises)
