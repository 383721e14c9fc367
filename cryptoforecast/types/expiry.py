"""How old a model is, and when it is worth renewing."""

from __future__ import annotations

import pandas as pd

from cryptoforecast.types.durations import span_text
from cryptoforecast.types.models import ModelCard

#: Time after the last candle that shaped a model until it expires.
LIFETIME = pd.Timedelta(days=180)


def expires(card: ModelCard) -> pd.Timestamp:
    """Return when a model expires, UTC: a fixed time after the last candle that shaped it."""
    return card.learnt_until + LIFETIME


def is_expired(card: ModelCard, now: pd.Timestamp) -> bool:
    """Return whether a model is past its date: it still forecasts, but is worth renewing.

    Args:
        card: Card of the model.
        now: The time, UTC.
    """
    return bool(now >= expires(card))


def expiry_text(card: ModelCard, now: pd.Timestamp) -> str:
    """Say until when a model learnt, how old it is and when it expires.

    Args:
        card: Card of the model.
        now: The time, UTC.
    """
    verb = "expired" if is_expired(card, now) else "expires"
    age = span_text(now - card.learnt_until)
    return f"{card.learnt_until:%Y-%m-%d}, {age} ago; {verb} on {expires(card):%Y-%m-%d}"
