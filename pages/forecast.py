"""Forecast: does a model beat the last price, and what comes next?"""

from cryptoforecast.service import shared
from cryptoforecast.ui import (
    next_steps,
    past_forecasts,
    probability,
    saving,
    scores,
    selection,
    subject,
    training,
    verdict,
)

service = shared()
asked = subject.row(service)
history, model_name = asked.history, asked.model
training.stop_while_running(service, selection.job(service, model_name))
training.offer(service, history)
training.stop_if_failed(selection.job(service, model_name))

result = selection.backtest(service, model_name, history)
verdict.show(result)
verdict.figures(result)

future = selection.next_steps(service, model_name, history)
next_steps.show(future)
probability.show(service, future)

past_forecasts.show(result)
scores.show(service, result)
saving.offer(service, result, model_name)
