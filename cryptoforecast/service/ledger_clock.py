"""The clock of this machine, compared with those of the sources, before the ledger trusts it."""

from __future__ import annotations

import pandas as pd

from cryptoforecast.errors import CryptoForecastError, InvalidInput
from cryptoforecast.service import price_choices
from cryptoforecast.service.prices import PriceService
from cryptoforecast.types import PriceHistory, span_text

#: How far this machine's clock may be ahead of a source's.
MAX_AHEAD = pd.Timedelta(minutes=5)
#: How old a source's answer may be that confirms the time: hourly prices are fetched once an hour.
MAX_AGE = pd.Timedelta(hours=2)
#: What a source is asked for to learn its time; most ledgers need these prices anyway.
_COIN, _INTERVAL = "BTC", "1h"


def check(history: PriceHistory) -> None:
    """Refuse the time of this machine where the source of prices says that it is in the future.

    Prices that were fetched by a clock that was set back since say nothing about the time of now.

    Raises:
        InvalidInput: If the clock is ahead by more than ``MAX_AHEAD``.
    """
    ahead, now = history.clock_ahead, pd.Timestamp.now("UTC")
    if ahead is not None and ahead > MAX_AHEAD and history.fetched_at <= now + MAX_AHEAD:
        raise InvalidInput(
            f"The clock must not be ahead of that of {history.source}. Received: one that is ahead "
            f"by {span_text(ahead, close=True)}. Set the clock right."
        )


def is_right(prices: PriceService, time: pd.Timestamp) -> bool:
    """Return whether a live source answers now, and its clock shows this time.

    Args:
        prices: Asks the sources.
        time: The time by the clock in question, UTC.
    """
    try:
        history = prices.history(price_choices.window(_COIN, _INTERVAL), prices="live")
    except CryptoForecastError:
        return False
    now = pd.Timestamp.now("UTC")
    ahead, age = history.clock_ahead, now - history.fetched_at
    if ahead is None or not -MAX_AHEAD <= age < MAX_AGE:
        return False
    return bool(abs(time - (now - ahead)) <= MAX_AHEAD)


def is_confirmed(prices: PriceService) -> bool:
    """Return whether a live source answers, and this machine's clock is not ahead of its clock.

    Args:
        prices: Asks the sources.

    Raises:
        InvalidInput: If the clock is ahead by more than ``MAX_AHEAD``.
    """
    try:
        history = prices.history(price_choices.window(_COIN, _INTERVAL), prices="live")
    except CryptoForecastError:
        return False
    check(history)
    age = pd.Timestamp.now("UTC") - history.fetched_at
    return bool(-MAX_AHEAD <= age < MAX_AGE)
