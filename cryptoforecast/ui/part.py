"""The part of the time that was selected in a market's chart. The URL holds it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

#: Its name in the URL.
KEY = "part"


def selected() -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """Return the part of the time that the URL names, UTC."""
    texts = st.query_params.get(KEY, "").split("/")
    if len(texts) != 2:
        return None
    try:
        first, last = (pd.Timestamp(text).tz_localize("UTC").as_unit("ns") for text in texts)
    except (ValueError, TypeError):
        return None
    return None if first is pd.NaT or last is pd.NaT else (first, last)


def select(chart: str) -> None:
    """Remember the part that was selected in a chart, by the chart's key."""
    boxes = st.session_state[chart].selection.box
    if boxes:
        st.query_params[KEY] = "/".join(str(time)[:16].replace(" ", "T") for time in boxes[0]["x"])


def unselect() -> None:
    """Show the whole range again."""
    st.query_params.pop(KEY, None)
