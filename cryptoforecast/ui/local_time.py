"""Times in the zone of the user's browser, for help and pointers; texts are in UTC."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cryptoforecast.types import local_text


def zone(time: pd.Timestamp) -> str | None:
    """Return the user's zone; ``None`` where it is unknown or has the clock of UTC at a time."""
    name = st.context.timezone
    return name if local_text(time, name) else None


def help_text(what: str, time: pd.Timestamp) -> str | None:
    """Write a time in the user's zone; ``None`` where it is unknown or has the clock of UTC.

    Args:
        what: What happens at the time, such as ``"Closed"``.
        time: The time.
    """
    text = local_text(time, st.context.timezone)
    return f"{what} {text} in your time zone." if text else None
