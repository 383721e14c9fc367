"""Prices on a page: those at hand first, replaced when the live source has answered."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cryptoforecast.service import Service
from cryptoforecast.types import MarketQuery, PriceHistory, span_text
from cryptoforecast.ui import local_time, words

# A history shorter than this shows the time of its first candle, a longer one only the day.
_SHORT = pd.Timedelta(days=14)


def history(service: Service, query: MarketQuery) -> PriceHistory:
    """Return the prices at hand; rerun the page when newer ones are there."""
    prices = service.prices.history(query, wait=0)
    source_line(prices, refreshing=service.prices.refreshing(query))
    if service.prices.refreshing(query):
        _watch(service, query)
    return prices


def source_line(prices: PriceHistory, *, refreshing: bool = False) -> None:
    """Draw the source and the age of prices, and the notes on them.

    Args:
        prices: The prices.
        refreshing: Whether the live source is being asked for newer ones.
    """
    closed = prices.closes_at
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if prices.simulated:
            st.badge("Simulated prices", icon=":material/science:", color="orange")
        else:
            st.badge(
                prices.source[:1].upper() + prices.source[1:],
                icon=":material/database:",
                color="green",
            )
        form = "%Y-%m-%d %H:%M" if closed - prices.start < _SHORT else "%Y-%m-%d"
        text = (
            f"{prices.pair} · {len(prices):,} {words.prices(prices.interval)}, "
            f"{prices.start.strftime(form)} to {closed:%Y-%m-%d %H:%M} UTC · "
            f"last close {span_text(pd.Timestamp.now('UTC') - closed, close=True)} ago"
        )
        st.caption(
            text + (" · asking the live source …" if refreshing else ""),
            help=local_time.help_text("The last candle closed", closed),
        )
    for note in prices.notes:
        st.caption(f":material/info: {words.plain(note)}")


@st.fragment(run_every="1s")
def _watch(service: Service, query: MarketQuery) -> None:
    """Run the page once more when the live source has answered."""
    if not service.prices.refreshing(query):
        st.rerun()
