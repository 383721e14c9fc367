"""Ledger: every forecast that was stored before its outcome, and how it turned out."""

from cryptoforecast.service import shared
from cryptoforecast.ui import card, ledger

service = shared()
chosen = ledger.choose(service)
entries = service.ledger.entries(chosen.name, ledger.SHOWN)
record = service.ledger.record_of(chosen.name, chosen.step)
ledger.finding(service, record)
ledger.selectors(service)
left, right = card.sides()
with left:
    ledger.chart(entries, record)
with right:
    ledger.promise(record)
with card.framed():
    ledger.listed(entries, record)
ledger.weeks(record)
