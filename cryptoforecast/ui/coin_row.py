"""The first row of a page about a coin: its price, and the choices of what is looked at."""

from __future__ import annotations

import html
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from cryptoforecast.service import Service, is_file
from cryptoforecast.types import MarketQuery, PriceHistory, brief_moment_text
from cryptoforecast.ui import dialogs, live, missing, selectors, url, words

_DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Choice:
    """What the user chose in the row.

    Attributes:
        query: The prices that were asked for.
        history: The prices.
        model: Name of the model, see ``selection``; empty on a page without one.
    """

    query: MarketQuery
    history: PriceHistory
    model: str = ""


def draw(service: Service, *, windows: bool = True, models: bool = True) -> Choice:
    """Draw the row, and return what was chosen.

    On a phone the choices are one button that opens a dialog.

    Args:
        service: Knows the prices, the opened files and the saved models.
        windows: Whether the history window can be chosen.
        models: Whether a model can be chosen.
    """
    place = st.container(horizontal=True, vertical_alignment="center", gap="small", key="coin-row")
    with place, st.container(key="wide-coin", width=170):
        coin = selectors.coin(service)
    if not missing.is_open_file(service, coin):
        missing.stop_without_file()
    with place:
        price = st.container(
            horizontal=True,
            vertical_alignment="center",
            gap="small",
            width="content",
            wrap=False,
            key="price",
        )
        st.space("stretch")
        with st.container(key="wide-choices", horizontal=True, gap="small", width="content"):
            query = selectors.market(service, coin, windows=windows)
            model = selectors.model(service, query.interval) if models else ""
        with st.container(key="phone-choices", width="content"):
            name = "File" if is_file(coin) else words.plain(coin)
            if st.button(f"{name} · {words.length(query.interval)}", icon=":material/tune:"):
                _choose(service, windows=windows, models=models)
    url.write_changes()  # before the work begins, during which the user may choose again
    # Below the row, where there is room for what a source answered.
    history = live.history(service, query)
    with price:
        _price(history, asking=service.prices.refreshing(query))
    if models:
        missing.stop_without_model(service, model, query.interval)
        missing.stop_without_signal(service, model, history)
    return Choice(query, history, model)


def _price(history: PriceHistory, *, asking: bool) -> None:
    """Write the last close, its change in a day, and where the prices come from.

    Args:
        history: The prices.
        asking: Whether live sources are being asked for newer ones.
    """
    markup = html.escape(words.price(float(history.candles["close"].iloc[-1]), history.quote))
    change = history.change(_DAY)
    if change is not None:
        share, span = change
        # The close of a day may be many hours ago, and that of a file many years.
        now, close = pd.Timestamp.now("UTC"), history.closes_at
        closed = f"<i>, {brief_moment_text(close, year=close.year != now.year)}</i>"
        at = closed if history.candle_length >= _DAY or now - close > _DAY else ""
        markup += f"<span>{words.change(share)} in {words.short_span(span)}{at}</span>"
    markup = f'<div class="cf-price">{markup}</div>'
    st.html(markup, width="content")
    with st.container(key="wide-badge", width="content"):
        live.badge(history, asking=asking)


@dialogs.dialog("What to look at")
def _choose(service: Service, *, windows: bool, models: bool) -> None:
    """Ask for the choices in a dialog; the page shows them when it is closed."""
    coin = selectors.coin(service, dialog=True)
    query = selectors.market(service, coin, windows=windows, dialog=True)
    if models:
        selectors.model(service, query.interval, dialog=True)
    if st.button("Show", type="primary", width="stretch"):
        st.rerun()
