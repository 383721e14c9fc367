"""Lesson 4: is it yesterday's price? The line is dragged until it fits."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cryptoforecast.charts import lessons as figures
from cryptoforecast.service import Service
from cryptoforecast.types import Delay, predictor_name
from cryptoforecast.ui import bars, card, elements, words
from cryptoforecast.ui.learn import frame, prices
from cryptoforecast.ui.words import plain

_SHIFT = "lesson-shift"


def _picture(service: Service, step: str) -> None:
    late = _delay(service)
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
    late = _delay(service)
    shift = int(st.session_state.get(_SHIFT, 0))
    if shift == late.best:
        card.heading(plain(f"They fit at {_hours(shift)}"), mark="good")
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
    for sentence in explained(late):
        st.markdown(plain(sentence))
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


def explained(late: Delay) -> tuple[str, str]:
    """Say what the measured shift means, in two parts."""
    if not late.best:
        return (
            "The forecast lies closest to the price that came, not to an earlier one.",
            "So here it is no old price. Whether it is better than one, the bars say.",
        )
    shift = _hours(late.best)
    today = ": what it says about tomorrow is, more or less, the price of today"
    return (
        f"The forecast lies on the price of {shift} earlier"
        f"{today if late.best == late.step else ''}.",
        "On a picture that looks clever: the line follows every move. But it follows, it does not "
        f"lead. Every turn comes {shift} late.",
    )


def finding(late: Delay) -> str:
    """Write at which shift the forecast fits best, and what that means."""
    if not late.best:
        return "It fits best where it is: it is no old price"
    if late.best == late.step:
        return f"It is yesterday’s price: it fits best {_hours(late.best)} back"
    return f"It is an old price: it fits best {_hours(late.best)} back"


def right(late: Delay) -> int:
    """Return the index of the answer that the measured shift gives."""
    return 1 if late.best else 0


def _hours(count: int) -> str:
    return f"{count:d} {'hour' if count == 1 else 'hours'}"


def _delay(service: Service) -> Delay:
    return service.lessons.delay(prices.tested(service))


def _numbers(late: Delay) -> pd.DataFrame:
    return pd.DataFrame({"pulled back by (hours)": range(len(late.gaps)), "average gap": late.gaps})


LESSON = frame.Lesson(
    number=4,
    title="Is it yesterday’s price?",
    line="Drag the line until it fits.",
    question="This forecast looks good. Is it?",
    intro="The blue line was made a day ahead. It goes up and down with the price.",
    ask="What is the blue line?",
    answers=("It fits the next day", "It repeats an old price", "It is pure chance"),
    right=lambda service: right(_delay(service)),
    picture=_picture,
    run=_run,
    why=_why,
    finding=lambda service: finding(_delay(service)),
)
