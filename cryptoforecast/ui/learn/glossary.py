"""The words of the app, each in one plain sentence."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cryptoforecast.ui import card
from cryptoforecast.ui.words import plain

#: Words and what they mean; the field's term is in brackets.
WORDS = {
    "Candle": "First, highest, lowest and last price of a span, such as an hour.",
    "Looks back": "How many past candles the network sees at once (lookback).",
    "Looks ahead": "How far into the future it forecasts (horizon).",
    "80 % range": "Prices between which 8 of 10 outcomes should fall (prediction interval).",
    "Middle": "The outcome is as likely to be above this price as below it (median).",
    "Quantile": "The price below which a share of outcomes should fall; 0.1 means 1 in 10.",
    "Stays put": "The guess that the next price is the last one (naive forecast).",
    "Leak": "When a test lets the future slip into the past (leakage).",
    "Log-return": "The change of a price, as the logarithm of new over old; close to percent.",
    "Network": "A formula with thousands of knobs that learns from examples.",
    "LSTM": "A network that reads a row of numbers one by one and keeps a memory.",
    "Dense": "A network that reads all numbers at once, without an order.",
    "HAR regression": "Forecasts how much the price will move from how much it has moved.",
    "Linear regression": "Adds up the numbers that a network reads, each times a fixed factor.",
    "Boosted trees": "Many small yes-or-no questions, each correcting those before it.",
    "Combined forecast": "A network and the HAR regression together; past forecasts decide how "
    "much each counts (stack).",
    "Drifts on": "The guess that the price goes on as it went on average (drift).",
    "Volatility cone": "The last price, with a range that is wider after restless candles.",
    "Weights": "The knobs of a network, which training turns.",
    "Training": "Turning the knobs until the average loss stops falling.",
    "Loss": "One number for how wrong a forecast was.",
    "Average miss": "Mean distance between forecast and price (mean absolute error, MAE).",
    "Squared error": "A loss that counts large misses much more than small ones (MSE).",
    "Min-max": "Squeezing numbers so that the lowest is 0 and the highest is 1.",
    "Backtest": "Forecasting the past as if it were the future, and counting the misses.",
    "Walk-forward": "A backtest in which the network learns anew from time to time.",
    "Held": "How often the outcome fell inside a range (coverage).",
    "Chance": "What a coin toss could do as well (not significant).",
    "Volatility": "How much a price moves about.",
    "Spike rule": "Calls a move unusual if it is large beside the last 100 moves.",
    "Simulated prices": "Invented prices that behave like real ones.",
    "Overfitting": "Learning the examples by heart instead of what they have in common.",
}
#: Words in the table before anything is looked for.
SHOWN = 6


def show() -> None:
    """Show the first words, all of them, or those that match the user's text."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        card.heading("Words")
        st.space("stretch")
        query = st.text_input(
            "Find a word",
            placeholder="Find a word",
            label_visibility="collapsed",
            live=True,
            width=200,
            key="find-word",
            max_chars=40,
        )
    matches = matching(query or "")
    if not matches:
        st.markdown("No such word here. Try another one.")
        return
    every = query or st.session_state.get("all-words", False)
    part = matches if every else matches[:SHOWN]
    with st.container(key="words"):
        st.table(
            pd.DataFrame(
                {
                    "Word": [f":gray[{plain(word)}]" for word in part],
                    "Meaning": [plain(WORDS[word]) for word in part],
                }
            ),
            border="horizontal",
            hide_index=True,
            hide_header=True,
            alt="Words of the app and their meaning",
        )
    if not query:
        st.toggle(f"All {len(WORDS):d} words", key="all-words")


def matching(query: str) -> list[str]:
    """Return the words that contain a text, or whose meaning contains it.

    Args:
        query: The text; upper and lower case count as the same.
    """
    text = query.strip().casefold()
    return [word for word, meaning in WORDS.items() if text in f"{word} {meaning}".casefold()]
