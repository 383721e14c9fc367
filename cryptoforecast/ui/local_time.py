"""Times in the time zone of the user's browser, for help texts; the pages themselves are in UTC."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cryptoforecast.types import local_text


def help_text(what: str, time: pd.Timestamp) -> str | None:
    """Write a time in the user's zone; ``None`` where it is unknown or has the clock of UTC.

    Args:
        what: What happens at the time, such as ``"Closed"``.
        time: The time.
    """
    text = local_text(time, st.context.timezone)
    return f"{what} {text} in your time zone." if text else None
