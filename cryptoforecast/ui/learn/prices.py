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
    try:
        history = live.at_hand(service, inputs.query(coin(), INTERVAL))
        if history is not None:
            return service.backtests.of_saved(history, model)
    except CryptoForecastError:  # the lesson goes on with prices that are always there
        pass
    history = service.prices.simulated(inputs.query(inputs.COIN, INTERVAL))
    return service.backtests.of_saved(history, model)


def rising(service: Service) -> tuple[PriceHistory, str]:
    """Return daily prices that make new highs, and why they are not of the coin at hand.

    Returns:
        The prices of the coin at hand and ``""``, or those of another coin of the simulated market
        and a sentence.
    """
    reason = f"Prices of {coin()} could not be had now"
    try:
        history = live.at_hand(service, inputs.query(coin(), "1d"))
        if history is not None and service.lessons.rises(history):
            return history, ""
        if history is not None:
            reason = f"{coin()} made no such new high"
    except CryptoForecastError:  # the lesson goes on with prices that are always there
        pass
    reason = f"{reason}, so these prices are of a coin of the simulated market."
    return service.prices.simulated(MarketQuery(RISING, "1d")), reason


def coin() -> str:
    """Return the coin that the user looked at last."""
    name = url.last("coin", inputs.COIN)
    return inputs.COIN if is_file(name) else name
