"""Computes what the landing page shows first, before the first user comes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from cryptoforecast.service import Service
from cryptoforecast.types import PriceHistory
from cryptoforecast.ui import figures, inputs, probability, selection


def preload(service: Service) -> None:
    """Compute the landing page's backtest, forecast and figures.

    The caches hold them. The forecast and its figures are made in a second thread meanwhile.
    """
    history = service.prices.history(inputs.query(inputs.COIN, inputs.INTERVAL), wait=0)
    model = inputs.FIRST[inputs.INTERVAL]
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(_next_steps, service, model, history)
        selection.backtest(service, model, history)
        other.result()


def _next_steps(service: Service, model: str, history: PriceHistory) -> None:
    future = selection.next_steps(service, model, history)
    figures.fan(future, dark=False)
    probability.of(service, future, float(future.forecast.close[0]), "above")
