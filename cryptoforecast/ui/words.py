"""The words of the pages: numbers, times, candle lengths and names in writing."""

from __future__ import annotations

import math
import re

from cryptoforecast.types import price_text

#: What stands for an undefined figure.
DASH = "–"
#: What each baseline is called.
BASELINES = {
    "naive": "last price",
    "cone": "volatility cone",
    "drift": "last price and drift",
    "har": "volatility regression (HAR)",
    "linear": "linear regression",
    "boosting": "boosted trees",
}
_LENGTHS = {
    "1m": "1-minute",
    "5m": "5-minute",
    "15m": "15-minute",
    "30m": "30-minute",
    "1h": "hourly",
    "2h": "2-hour",
    "4h": "4-hour",
    "6h": "6-hour",
    "8h": "8-hour",
    "12h": "12-hour",
    "1d": "daily",
    "3d": "3-day",
    "1w": "weekly",
}


def plain(text: str) -> str:
    """Escape text that others wrote, so that it is never read as markup.

    A link, a file or a saved model may hold such text. As Markdown it could fetch an image,
    follow a link or insert HTML.
    """
    return re.sub(r"([\[\]<])", r"\\\1", text)


def prices(interval: str) -> str:
    """Name the prices of a candle length: "hourly prices"."""
    return f"{_LENGTHS[interval]} prices"


def money(value: float, quote: str) -> str:
    """Write a mean error in the currency of the prices; a dash where undefined."""
    return price_text(value, quote, estimate=True) if math.isfinite(value) else DASH


def percent(value: float) -> str:
    """Write a fraction as a percentage; a dash where undefined."""
    return f"{value * 100:.1f} %" if math.isfinite(value) else DASH
