"""Forecast: does a model beat the last price, and what comes next?"""

from cryptoforecast.service import shared
from cryptoforecast.ui import (
    inputs,
    live,
    next_steps,
    past_forecasts,
    probability,
    saving,
    scores,
    selection,
    training,
    verdict,
)

service = shared()
with inputs.row():
    query = inputs.market(service)
    model_name = inputs.model(service, query.interval)
history = live.history(service, query)
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
