"""What comes next: the answer in a sentence, and its picture."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cryptoforecast import charts
from cryptoforecast.service import trust
from cryptoforecast.settings import ROOT
from cryptoforecast.types import (
    Backtest,
    Forecast,
    NextSteps,
    duration,
    moment_text,
    short_moment_text,
)
from cryptoforecast.ui import card, elements, figures, live, local_time, words

#: What leads to the lesson that explains a forecast.
_LESSON = "The first lesson shows how a forecast is made."
#: How long ago a forecast has to end so that its year is written.
OLD = pd.Timedelta(days=90)
_METHOD = (
    "A neural network and a regression make this forecast together. How much each of them counts "
    f"follows from past forecasts, so a longer history gives slightly other numbers. {_LESSON}"
)


def sentence(future: NextSteps, what: str, *, compared: bool = False, tested: bool = True) -> None:
    """Write what comes next in a sentence.

    Args:
        future: The forecast.
        what: Whose forecast it is, in a word or two; empty for the default.
        compared: Whether the chart also shows the forecast of the default.
        tested: Whether there are enough past forecasts to tell if the range holds.
    """
    quote = future.history.quote
    low, middle, high = (words.price(price, quote) for price in future.likely(80))
    horizon = duration(future.forecast.horizon, future.history.interval)
    end = future.closing_times[-1]
    is_past = pd.Timestamp.now("UTC") - end > OLD
    by = moment_text(end) if is_past else short_moment_text(end)
    line = f"by {words.plain(by)} · middle **{words.plain(middle)}**"
    if compared:
        line += " · dotted: the default's 80 %"
    if not tested:
        line += " · too few past forecasts to test this range"
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(
                words.plain(f"What comes next · {horizon}{f' · {what}' if what else ''}"),
                width="content",
            )
            with st.container(key="phone-badge", width="content"):
                live.badge(future.history)
            st.space("stretch")
            with st.container(key="wide-how", width="content"):
                st.page_link(
                    ROOT / "pages" / "learn.py",
                    label="Explain",
                    icon=":material/school:",
                    query_params={"lesson": "1"},
                    help=_METHOD if future.members else _LESSON,
                )
        card.answer(
            words.plain(f"80 % likely: {low} to {high}"),
            line,
            help=local_time.help_text("The forecast is for", future.closing_times[-1]),
        )


def chart(future: NextSteps, other: Forecast | None = None) -> None:
    """Draw what comes next.

    Args:
        future: The forecast.
        other: The forecast of the default from the same origin, for comparison.
    """
    figure = figures.fan(
        future,
        dark=elements.dark(),
        zone=local_time.zone(future.closing_times[-1]),
        other=other,
    )
    with st.container(key="chart-fan", height="stretch"):
        elements.chart(figure, alt=charts.summary_fan(future), key="fan", bare=True)


def notes(future: NextSteps, result: Backtest | None = None) -> None:
    """Write what a user should know before the numbers.

    Below the cards, simulated prices need no note: the row above says it.

    Args:
        future: The forecast.
        result: Its test, below the cards.
    """
    texts: list[str] = []
    if future.history.of_file:
        bad = (fact for fact in trust.facts(future.history) if fact.grade == "bad")
        texts += (f"{fact.text}. {fact.effect}" for fact in bad)
    if result is None or not future.history.simulated:
        texts += [*future.warnings, *(() if result is None else result.notes)]
    for text in dict.fromkeys(texts):
        st.caption(f":orange[:material/warning:] {words.plain(text)}")
