"""Computes what the landing page shows before any choice, ahead of the first user."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from cryptoforecast.service import Service
from cryptoforecast.types import PriceHistory
from cryptoforecast.ui import figures, inputs, probability, selection


def preload(service: Service) -> None:
    """Compute the landing page's backtest, forecast and figures; the caches hold them.

    The forecast of the next steps and its figures are made in a second thread meanwhile.
    """
    history = service.prices.history(inputs.query(inputs.COIN, inputs.INTERVAL), wait=0)
    model = inputs.FIRST[inputs.INTERVAL]
    with ThreadPoolExecutor(1) as pool:
        next_steps = pool.submit(_next_steps, service, model, history)
        result = selection.judge(service, model, history)
        figures.predicted_vs_actual(result, result.spec.horizon, dark=False)
        figures.compare_errors(result, dark=False)
        figures.coverage(result, dark=False)
        next_steps.result()


def _next_steps(service: Service, model: str, history: PriceHistory) -> None:
    next_steps = selection.look_ahead(service, model, history)
    figures.fan(next_steps, dark=False)
    one, around = probability.of(next_steps, float(next_steps.forecast.close[0]), "above")
    figures.probability_map(next_steps, around, dark=False)
    figures.probability_by_step(next_steps, one, dark=False)
