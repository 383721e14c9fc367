"""Forecast: what comes next, and can it be trusted?"""

from cryptoforecast.service import shared
from cryptoforecast.ui import card, details, next_steps, saving, selection, subject, training, trust

service = shared()
asked = subject.row(service)
shown = selection.shown(service, asked)
if shown.failed is not None:
    training.note_failure(shown.failed)
saving.note()

answer, judgement = card.sides()
future = selection.next_steps(service, shown.model, asked.history)
result = selection.backtest(service, shown.model, asked.history)
with answer:
    other = selection.forecast_of_default(service, shown, asked.history)
    next_steps.show(future, shown.title or training.MEANWHILE * bool(shown.running), other)
with judgement:
    if shown.running is not None:
        trust.show_running(service, shown.running)
    elif shown.own:
        rivals = selection.tests_of_rivals(service, shown, asked.history)
        trust.show_own(service, result, future, rivals, shown.model)
    else:
        trust.show(service, asked.history, result, chosen=bool(shown.title))

next_steps.notes(future, result)
details.show(service, future, result)
