"""What the app is and is not, where its prices come from, and what it is made of."""

from __future__ import annotations

import functools

import pandas as pd
import streamlit as st

from cryptoforecast.service import about
from cryptoforecast.settings import ROOT
from cryptoforecast.ui import card
from cryptoforecast.ui.words import plain

#: Where prices and signals come from, and on which terms.
SOURCES = {
    "Yahoo Finance": "For personal use. Showing its prices to the public needs Yahoo’s permission.",
    "Coinbase": "Under the terms of this exchange.",
    "Kraken": "Under the terms of this exchange.",
    "Simulated market": "Invented here. It behaves like a real one and is labelled on every page.",
    "alternative.me": "The Fear & Greed index, a signal. Under the terms of this site.",
    "Deribit": "Its volatility index, a signal. Under the terms of this exchange.",
    "Your files": "Yours. They stay in the memory of this server while someone uses them.",
}


def show() -> None:
    """Draw the page."""
    card.answer(
        "For learning, not for trading",
        "CryptoForecast is educational. Nothing here is financial advice.",
    )
    left, right = st.columns(2, gap="small")
    with card.framed(left):
        card.heading("What it is")
        st.markdown(
            "A workbench that forecasts prices of crypto coins, and tests each forecast on prices "
            "that it has not seen. It says how far a price may go, and how likely. It also says "
            "when a forecast is no better than “the price stays put”, which is most of the time."
        )
    with card.framed(right):
        card.heading("What it is not")
        st.markdown(
            "It does not know where a price will go, and gives no signal to buy or to sell. A good "
            "result on past prices promises nothing for the future. Never risk money because of "
            "it."
        )
    with card.framed():
        card.heading("Where prices and signals come from")
        _table(
            {"Source": [*SOURCES], "Terms": [*SOURCES.values()]},
            "Sources of prices and signals, and their terms",
        )
    with card.framed():
        card.heading("What it is made of")
        parts = about.parts()
        _table(
            {
                "Part": [part.name for part in parts],
                "Version": [part.version for part in parts],
                "Licence": [part.licence for part in parts],
                "For": [part.use for part in parts],
            },
            "Parts of the app, their versions and licences",
        )
        st.markdown(
            "The font is Inter, under the SIL Open Font License 1.1. The colours are those of "
            "Okabe and Ito, which colour-blind people can tell apart."
        )
        with st.expander("Licence of the font"):
            st.code(_font_licence(), language=None, wrap_lines=True)


def _table(columns: dict[str, list[str]], alt: str) -> None:
    with st.container(key=f"words-{len(columns)}"):
        st.table(
            pd.DataFrame(
                {name: [plain(text) for text in texts] for name, texts in columns.items()}
            ),
            border="horizontal",
            hide_index=True,
            alt=alt,
        )


@functools.cache
def _font_licence() -> str:
    return (ROOT / ".streamlit" / "Inter-LICENSE.txt").read_text("utf-8")
