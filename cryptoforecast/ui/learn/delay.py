"""Lesson 4: is it yesterday's price? The line is dragged until it fits."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cryptoforecast.charts import lessons as figures
from cryptoforecast.service import Service
from cryptoforecast.types import Delay, predictor_name
from cryptoforecast.ui import bars, card, elements, words
from cryptoforecast.ui.learn import frame, prices

_SHIFT = "lesson-shift"


def _picture(service: Service, step: str) -> None:
    late = service.lessons.delay(prices.tested(service))
    shift = 0 if step == frame.GUESS else int(st.session_state.get(_SHIFT, 0))
    if step == frame.WHY:
        shift = late.best
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        card.heading("Forecast and price")
        st.space("stretch")
        frame.simulated(late.simulated)
    frame.chart(
        figures.delay(late, shift, dark=elements.dark()),
        figures.summary_delay(late, shift),
        "lesson",
    )
    if step == frame.RUN:
        st.slider(
            "Pull the forecast back",
            0,
            late.longest,
            key=_SHIFT,
            format="%d h",
            persist_state="session",
        )
    if step == frame.WHY:
        st.caption("Average gap, by how far the forecast is pulled back")
        frame.chart(
            figures.delay_curve(late, shift, dark=elements.dark()),
            figures.summary_delay_curve(late),
            "gaps",
        )
        frame.numbers(lambda: _numbers(late), "gaps")


def _run(service: Service) -> None:
    late = service.lessons.delay(prices.tested(service))
    shift = int(st.session_state.get(_SHIFT, 0))
    if shift == late.best:
        card.heading(f"They fit at {shift:d} hours", mark="good")
        st.markdown("No other place is better. What does that tell you?")
    else:
        card.heading("Drag until the lines lie on each other")
        st.markdown("Use the slider below the picture, or its arrow keys.")
    st.caption("Average gap between the lines, whole test")
    bars.draw(
        bars.of_misses(
            [
                ("Where it is now", *_miss(float(late.gaps[shift]), late), "chosen"),
                ("Not pulled back", *_miss(float(late.gaps[0]), late), "reference"),
            ]
        )
    )


def _miss(miss: float, late: Delay) -> tuple[float, str]:
    return miss, words.miss(miss, late.quote)


def _why(service: Service) -> None:
    result = prices.tested(service)
    late = service.lessons.delay(result)
    network, naive = result.scores[result.spec.network][-1], result.scores["naive"][-1]
    st.markdown(
        f"The forecast for tomorrow lies on the price of **{late.best:d} hours earlier**: what it "
        "says about tomorrow is, more or less, the price of today."
    )
    st.markdown(
        "On a picture that looks clever: the line follows every move. But it follows, it does not "
        "lead. Every turn comes one day late."
    )
    st.caption(f"Average miss, {late.step:d} hours ahead")
    bars.draw(
        bars.of_misses(
            [
                ("This forecast", *_miss(network.mae, late), "chosen"),
                (predictor_name("naive"), *_miss(naive.mae, late), "reference"),
            ]
        )
    )
    st.markdown("**So always ask:** is it better than saying “the price stays put”?")


def _finding(service: Service) -> str:
    late = service.lessons.delay(prices.tested(service))
    if late.best == late.step:
        return f"It is yesterday’s price: it fits best {late.best:d} hours back"
    return f"It fits best when pulled back by {late.best:d} hours"


def _numbers(late: Delay) -> pd.DataFrame:
    return pd.DataFrame({"pulled back by (hours)": range(len(late.gaps)), "average gap": late.gaps})


LESSON = frame.Lesson(
    number=4,
    title="Is it yesterday’s price?",
    line="Drag the line until it fits.",
    question="This forecast looks good. Is it?",
    intro="The blue line was made a day ahead. It goes up and down with the price.",
    ask="What is the blue line?",
    answers=("It knows the next day", "It repeats an old price", "It is pure chance"),
    right=1,
    picture=_picture,
    run=_run,
    why=_why,
    finding=_finding,
)
