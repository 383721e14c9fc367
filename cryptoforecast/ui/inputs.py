"""Which prices and how many steps the pages offer, and with what they begin."""

from __future__ import annotations

import pandas as pd

from cryptoforecast.service import Service, is_file
from cryptoforecast.service.choices import BASELINES, min_origins
from cryptoforecast.types import INTERVALS, MarketQuery, ModelSpec

#: History windows in days by candle length; ``None`` is all that the source has.
#: Yahoo has minutes of 7 days, 5 and 15 minutes of 59 days, and hours of 729 days.
WINDOWS: dict[str, dict[str, int | None]] = {
    "1m": {"1 day": 1, "3 days": 3, "7 days": 7},
    "5m": {"1 week": 7, "1 month": 30, "2 months": 58},
    "15m": {"2 weeks": 14, "1 month": 30, "2 months": 58},
    "1h": {"90 days": 90, "1 year": 365, "2 years": 728},
    "4h": {"6 months": 182, "1 year": 365, "2 years": 728},
    # A test of 7 days ahead needs a few days more than two years.
    "1d": {"2 years": 735, "5 years": 1826, "10 years": 3652, "All": None},
    "1w": {"5 years": 1826, "10 years": 3652, "All": None},
}
#: The window to begin with.
WINDOW = {
    "1m": "7 days", "5m": "1 month", "15m": "2 months", "1h": "1 year", "4h": "2 years",
    "1d": "5 years", "1w": "10 years",
}  # fmt: skip
#: The coin and the candle length to begin with.
COIN, INTERVAL = "BTC", "1h"
#: Steps that a baseline forecasts, by interval, if the test span has room for them.
STEPS = {
    "1m": 15, "5m": 12, "15m": 12, "30m": 12, "1h": 24, "2h": 12, "4h": 6, "6h": 4, "8h": 3,
    "12h": 2, "1d": 7, "3d": 5, "1w": 4,
}  # fmt: skip
#: The model to begin with, by interval; the volatility cone for the others.
FIRST = {"1h": "global-1h-lstm", "1d": "global-1d-lstm"}


def query(coin: str, interval: str, window: str | None = None) -> MarketQuery:
    """Return the query for a history window.

    Args:
        coin: Ticker or symbol.
        interval: Candle length.
        window: Name of the window; by default the one to begin with.
    """
    days = WINDOWS[interval][window or WINDOW[interval]]
    start = None if days is None else since(interval, pd.Timedelta(days=days))
    return MarketQuery(coin, interval, start)


def since(interval: str, span: pd.Timedelta) -> pd.Timestamp:
    """Return where a span of history that ends now begins, UTC.

    It begins with a day, so that the query and its cached answers stay the same all day long.
    Candles shorter than an hour begin with an hour: the sources do not have one day more than
    the longest window.
    """
    now = pd.Timestamp.now("UTC")
    whole = now.floor("h") if INTERVALS[interval] < INTERVALS["1h"] else now.normalize()
    return (whole - span).as_unit("ns")


def steps(interval: str, rows: int) -> int:
    """Return how many steps a baseline forecasts for a conclusive test.

    Args:
        interval: Candle length.
        rows: Candles of the history.
    """
    tested = int(rows * ModelSpec().test)
    possible = range(min(STEPS[interval], tested), -1, -1)
    return max(1, next(h for h in possible if h < 2 or tested - h >= min_origins(h)))


def first_model(service: Service, interval: str, coin: str) -> str:
    """Return the model to begin with; a short file gets one that reads less.

    Args:
        service: Knows the opened files and the saved models.
        interval: Candle length.
        coin: Ticker, symbol or file.
    """
    name = FIRST.get(interval, "cone")
    if name not in BASELINES and is_file(coin):
        before_test = len(service.prices.file(coin)) * (1 - ModelSpec().test)
        return name if service.saved_models.load(name).model.card.needs < before_test else "cone"
    return name
