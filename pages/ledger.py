"""Ledger: every forecast that was stored before its outcome, and how it turned out."""

from cryptoforecast.service import shared
from cryptoforecast.ui import alarms, card, ledger, ledger_promise, ledger_series

service = shared()
choice = ledger.choose(service)
entries = service.ledger.apart(choice.name, choice.step, ledger.MAX_CHART)
record = service.ledger.record_of(choice.name, choice.step)
ledger.finding(service, record)
ledger.selectors(service)
left, right = card.sides()
with left:
    ledger.chart(entries, record)
with right:
    ledger_promise.promise(record)
with card.framed():
    ledger.listed(entries, record)
    ledger.offer_next(service, choice.name)
ledger.weeks(record)
ledger_series.section(service, choice)
alarms.section(service)
