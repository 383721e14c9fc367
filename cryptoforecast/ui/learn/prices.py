"""The prices of the lessons: those of the coin at hand, or of the simulated market."""

from __future__ import annotations

from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.service import Service, is_file
from cryptoforecast.types import Backtest, MarketQuery, PriceHistory
from cryptoforecast.ui import inputs, live, url

#: The coin of the simulated market that makes new highs.
RISING = "LINK"
#: The network of the lessons, and its candles.
MODEL, INTERVAL = inputs.FIRST["1h"], "1h"


def tested(service: Service) -> Backtest:
    """Return past forecasts of the network for the coin at hand.

    Simulated prices take the place of those that cannot be had, or are too few.
    """
    model = service.saved_models.load(MODEL).model
    query = inputs.query(coin(), INTERVAL)
    try:
        history = live.at_hand(service, query)
        if history is not None:
            return service.backtests.of_saved(history, model)
    except CryptoForecastError:  # the lesson goes on with prices that are always there
        query = inputs.query(inputs.COIN, INTERVAL)
    history = service.prices.simulated(inputs.query(inputs.COIN, INTERVAL, None))
    return service.backtests.of_saved(history, model)


def rising(service: Service) -> PriceHistory:
    """Return daily prices that make new highs: of the coin at hand, or simulated ones."""
    try:
        history = live.at_hand(service, inputs.query(coin(), "1d"))
        if history is not None and service.lessons.rises(history):
            return history
    except CryptoForecastError:  # the lesson goes on with prices that are always there
        pass
    return service.prices.simulated(MarketQuery(RISING, "1d"))


def coin() -> str:
    """Return the coin that the user looked at last."""
    name = url.last("coin", inputs.COIN)
    return inputs.COIN if is_file(name) else name
