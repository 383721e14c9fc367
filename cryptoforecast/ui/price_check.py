"""Whether prices can be trusted: graded facts, and every check behind them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from cryptoforecast.service import files
from cryptoforecast.service.trust import Grade, facts, title, worst
from cryptoforecast.types import PriceHistory
from cryptoforecast.ui import card, words

#: Sign, word and colour of a grade.
BADGES: dict[Grade, str] = {
    "good": ":green-badge[:material/check_circle: Good]",
    "watch": ":orange-badge[:material/visibility: Watch]",
    "bad": ":red-badge[:material/error: Bad]",
}
_JUDGEMENTS: dict[Grade, str] = {
    "good": "Nothing speaks against these prices",
    "watch": "Good prices, with something to watch",
    "bad": "Something is wrong with these prices",
}


def judgement(history: PriceHistory) -> None:
    """Write the judgement on prices into a card, with the facts that it rests on."""
    results = facts(history)
    grade = worst(results)
    text = _JUDGEMENTS[grade]
    if history.simulated and grade == "watch":
        text = "Good to practise with, not real"
    card.heading(text, eyebrow="Can these prices be trusted?", mark=grade)
    for fact in results:
        with st.container(gap="xxsmall"):
            st.markdown(f"{BADGES[fact.grade]} **{words.plain(fact.text)}**")
            if fact.effect:
                st.markdown(f":gray[{words.plain(fact.effect)}]")
    if history.volume_unit == "quote":
        quote = words.plain(history.quote)
        st.caption(f"The volume is the turnover in {quote}. This source gives it so.")


def checks(history: PriceHistory) -> None:
    """Offer every check with its count, and every finding with its place, folded."""
    quality = history.quality
    counts = {
        "Missing candles": quality.missing,
        "Candles with the time of another one": quality.duplicates,
        "Candles at the end that repeat one price": quality.flat_tail,
        "Candles with open or close outside high and low": quality.ohlc_violations,
        "Candles far away from both neighbours": quality.outliers,
    }
    with st.expander("All checks", icon=":material/fact_check:"):
        table = pd.DataFrame({"Check": list(counts), "Candles": list(counts.values())})
        st.dataframe(table, hide_index=True, alt="Findings of the data report")
        if quality.problems:
            _table(
                {
                    "Finding": [title(one.kind) for one in quality.problems],
                    "How many": [one.count for one in quality.problems],
                    "First line": [one.first_line for one in quality.problems],
                    "What is done": [one.repair for one in quality.problems],
                    "Where": [one.detail for one in quality.problems],
                }
            )


def _table(columns: dict[str, Sequence[object]]) -> None:
    st.dataframe(
        files.cells(pd.DataFrame(columns)),
        hide_index=True,
        placeholder=words.DASH,
        alt="All findings",
    )
