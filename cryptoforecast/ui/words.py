"""The words of the pages: numbers, times, candle lengths and names in writing."""

from __future__ import annotations

import math
import re

import pandas as pd

from cryptoforecast.texts import printable
from cryptoforecast.types import ModelSpec, TrainingRecord, price_text

#: Prices, and errors, from which on cents are left out.
MIN_WHOLE, MIN_WHOLE_MISS = 1000, 500
#: What stands for an undefined figure.
DASH = "–"
#: What a kind of network is called in a narrow place.
NETWORKS = {"lstm": "LSTM", "dense": "Dense"}
#: A verdict in one word.
VERDICTS = {"better": "better", "tie": "no better", "worse": "worse"}
#: Characters of a name from a link that are shown.
MAX_NAME = 80
# Characters that Markdown may read: everywhere, or at the beginning of a text.
_MARKUP = re.compile(r"[\\`*_{}\[\]<>$~|&#@]|:(?! )|^[-+=\d]")
# Places inside of `https://`, `:icon:`, `www.` and addresses of mail; and single arrows.
_ADDRESS = re.compile(r"(?<=:)(?=\S)|(?<=www)(?=\.)|(?<=@)", re.IGNORECASE)
_ARROW = re.compile(r"(?<!\S)(?:<->|->|<-|--|>=|<=|~=)(?!\S)")
# An element of Streamlit's Markdown that shows nothing.
_PARTING = ":small[]"
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
    """Write text that is not ours as Markdown that shows it letter by letter.

    A link, a file or a saved model may hold such text. As Markdown it could follow a link, fetch
    an image or look like a part of the page. References to characters are never read as Markdown,
    but Streamlit still looks in the text between two elements for addresses, icons and arrows. An
    empty element parts these; what a user copies from the page is the text itself.
    """
    line = _ARROW.sub(lambda match: "\0".join(match[0]), printable(text))
    line = _ADDRESS.sub("\0", line)
    line = _MARKUP.sub(lambda match: f"&#{ord(match[0])};", line)
    return line.replace("\0", _PARTING)


def prices(interval: str) -> str:
    """Name the prices of a candle length: "hourly prices"."""
    return f"{_LENGTHS[interval]} prices"


def length(interval: str) -> str:
    """Name a candle length: "hourly"."""
    return _LENGTHS[interval]


def price(value: float, quote: str) -> str:
    """Write a price with as many digits as a user reads: "$64,494", "$0.1284"."""
    return price_text(value, quote, whole=value >= MIN_WHOLE)


def change(share: float) -> str:
    """Write a change with its sign: "+1.5 %", "−0.2 %"; a dash where undefined."""
    if not math.isfinite(share):
        return DASH
    text = f"{100 * abs(share):,.1f} %"
    return f"{'−' if share < 0 else '+'}{text}" if text != "0.0 %" else text


def short_span(span: pd.Timedelta) -> str:
    """Write a span for a narrow place: "24 h", "7 days", "15 min"."""
    minutes = round(span / pd.Timedelta(minutes=1))
    if minutes % 60:
        return f"{minutes:d} min"
    hours = minutes // 60
    return f"{hours:d} h" if hours <= 48 or hours % 24 else f"{hours // 24:d} days"


def seconds(number: float) -> str:
    """Write how long work takes: "25 s", "3 min"."""
    if number < 90:
        return f"{5 * max(1, round(number / 5)) if number >= 20 else max(1, round(number)):d} s"
    return f"{round(number / 60):d} min"


def passes(spec: ModelSpec, record: TrainingRecord) -> str:
    """Write how often a network went through its data: "40 passes and 13 final ones"."""
    final = spec.final_epochs * spec.ensemble
    count = max(0, record.epochs - final)
    text = f"{count:,} {'pass' if count == 1 else 'passes'}"
    return f"{text} and {final:,} final {'one' if final == 1 else 'ones'}" if final else text


def money(value: float, quote: str) -> str:
    """Write a mean error in the currency of the prices; a dash where undefined."""
    return price_text(value, quote, estimate=True) if math.isfinite(value) else DASH


def miss(value: float, quote: str) -> str:
    """Write a mean error with the digits that a user reads: "$741", "$225.10", "$0.0012"."""
    if not math.isfinite(value):
        return DASH
    return price_text(value, quote, estimate=True, whole=value >= MIN_WHOLE_MISS)


def percent(value: float) -> str:
    """Write a fraction as a percentage; a dash where undefined."""
    return f"{value * 100:.1f} %" if math.isfinite(value) else DASH


def small_percent(value: float) -> str:
    """Write a small fraction as a percentage with two decimals; a dash where undefined."""
    return f"{value * 100:.2f} %" if math.isfinite(value) else DASH


def whole_percent(value: float) -> str:
    """Write a fraction as a whole percentage; a dash where undefined."""
    return f"{value * 100:.0f} %" if math.isfinite(value) else DASH
