"""Prices on a page: those at hand first, replaced when the live source has answered."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.service import Service
from cryptoforecast.types import MarketQuery, PriceHistory, moment_text, span_text
from cryptoforecast.ui import dialogs, ending, local_time, words

#: What simulated prices are called, and what while live ones are on their way.
SIMULATED = "Simulated prices"
ASKING = "Simulated prices · asking for live ones"

#: Where the session keeps the queries of this page that live sources have not answered yet.
AWAITED = "awaited-prices"


def begin() -> None:
    """Note at the start of a page's run that it waits for no prices."""
    st.session_state[AWAITED] = []


def history(service: Service, query: MarketQuery) -> PriceHistory:
    """Return the prices at hand; ``watch`` reruns the page when newer ones are there.

    Without any the page ends here, until a source has answered.
    """
    # One place for all of it: what comes and goes there would move the page below.
    with st.container():
        prices = at_hand(service, query)
        if prices is None:
            st.info(
                f"Asking the live sources for {words.plain(query.coin)} …",
                icon=":material/hourglass_top:",
            )
            st.session_state[AWAITED].append(query)
            ending.end_page()
        for note in prices.notes if not prices.simulated else ():
            st.caption(f":material/info: {words.plain(note)}")
    if service.prices.refreshing(query):
        st.session_state[AWAITED].append(query)
    return prices


def watch(service: Service) -> None:
    """Run the page once more when a live source has answered.

    It is called when the page is complete: a run that ended before would forget which button the
    user has just pressed.
    """
    if st.session_state[AWAITED]:
        _watch(service)


def at_hand(service: Service, query: MarketQuery) -> PriceHistory | None:
    """Return the prices that can be had at once; ``None`` if there are none until a source answers.

    Only the coins of the list have simulated prices, which take the place of live ones meanwhile.

    Raises:
        CryptoForecastError: If there are no prices, and no source is being asked for them.
    """
    try:
        return service.prices.history(query, wait=0)
    except CryptoForecastError:
        if service.prices.refreshing(query):
            return None
    return service.prices.history(query, wait=0)  # the source may have answered just now


def badge(prices: PriceHistory, *, asking: bool = False) -> None:
    """Draw where prices come from, and how old they are, in a word or two; more in the help.

    Args:
        prices: The prices.
        asking: Whether live sources are being asked for those that will take their place.
    """
    age = span_text(pd.Timestamp.now("UTC") - prices.closes_at, close=True)
    about = (
        f"{len(prices):,} {words.prices(prices.interval)} of {prices.market}, "
        f"{moment_text(prices.start)} to {moment_text(prices.closes_at)}; last close {age} ago."
    )
    local = local_time.help_text("The last candle closed", prices.closes_at) or ""
    help_text = words.plain(" ".join([*prices.notes, about, local]).strip())
    if prices.simulated:
        st.markdown(
            f":orange-badge[:material/science: {ASKING if asking else SIMULATED}]",
            help=help_text,
            width="content",
        )
    else:
        # An element of Streamlit's own, `st.badge`, escapes too, and would show our escapes.
        source = prices.source[:1].upper() + prices.source[1:]
        st.markdown(f":gray-badge[{words.plain(source)}]", help=help_text, width="content")


@st.fragment(run_every="1s")
def _watch(service: Service) -> None:
    if not all(map(service.prices.refreshing, st.session_state[AWAITED])):
        dialogs.refresh()
