"""The first row of a page about a coin: its price, and the choices of what is looked at."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cryptoforecast.service import Service, is_file
from cryptoforecast.types import MarketQuery, PriceHistory, price_text, span_text
from cryptoforecast.ui import inputs, live, local_time, words


@dataclass(frozen=True)
class Subject:
    """What a page is about.

    Attributes:
        query: The prices that were asked for.
        history: The prices.
        model: Name of the model, see ``selection``; empty on a page without one.
    """

    query: MarketQuery
    history: PriceHistory
    model: str = ""


def row(service: Service, *, windows: bool = True, models: bool = True) -> Subject:
    """Draw the row, and return what was chosen.

    On a phone the choices are one button that opens a dialog.

    Args:
        service: Knows the prices, the opened files and the saved models.
        windows: Whether the history window can be chosen.
        models: Whether a model can be chosen.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(key="wide-coin", width=168):
            coin = inputs.coin(service)
        price = st.container(
            horizontal=True, vertical_alignment="center", gap="small", width="content"
        )
        st.space("stretch")
        with st.container(key="wide-choices", horizontal=True, gap="small", width="content"):
            query = inputs.market(service, coin, windows=windows)
            model = inputs.model(service, query.interval) if models else ""
        with st.container(key="phone-choices", width="content"):
            label = f"{words.plain(inputs.short_name(service, coin))} · "
            if st.button(label + words.plain(words.length(query.interval)), icon=":material/tune:"):
                _choose(service, windows=windows, models=models)
    # Below the row, where there is room for what a source answered.
    history = live.history(service, query)
    with price:
        _price(history)
    return Subject(query, history, model)


def _price(history: PriceHistory) -> None:
    """Write the last close, its change in a day, and where the prices come from."""
    change = history.change(pd.Timedelta(days=1))
    text = words.price(float(history.candles["close"].iloc[-1]), history.quote)
    if change is not None:
        share, hours = change
        text += f"<span>{words.change(share)} in {words.html(span_text(hours, close=True))}</span>"
    st.html(f'<div class="cf-price">{text}</div>', width="content")
    live.badge(history)


@st.dialog("What to forecast")
def _choose(service: Service, *, windows: bool, models: bool) -> None:
    """Ask for the choices in a dialog; the page shows them when it is closed."""
    inputs.dialog(service, windows=windows, models=models)
    if st.button("Show", type="primary", width="stretch"):
        st.rerun()
