"""The overview: four lessons, the words, and what analysis is not."""

from __future__ import annotations

import streamlit as st

from cryptoforecast.service.choices import COINS
from cryptoforecast.settings import ROOT
from cryptoforecast.ui import card, elements, inputs, url
from cryptoforecast.ui.learn import candles, delay, frame, glossary, leaks, pictures, recipe
from cryptoforecast.ui.words import plain

#: The lessons in their order.
LESSONS = (candles.LESSON, recipe.LESSON, leaks.LESSON, delay.LESSON)
MINUTES = 3


def show() -> None:
    """Draw the overview."""
    card.answer(
        "Why most price forecasts are worthless",
        f"Four lessons of {MINUTES:d} minutes. You guess, you run it, you see.",
    )
    done = st.session_state.get(frame.DONE, set())
    following = next((one.number for one in LESSONS if one.number not in done), None)
    for column, lesson in zip(st.columns(len(LESSONS), gap="small"), LESSONS, strict=True):
        with card.framed(column):
            _lesson(lesson, done=lesson.number in done, following=lesson.number == following)
    left, right = card.sides()
    with left:
        glossary.show()
    with right:
        card.heading("Analysis is not prediction")
        st.markdown(
            ":gray[A chart can explain every past move and still say nothing of the next one. What "
            "can be foreseen is how far the price may move, hardly where to.]"
        )
        st.space("stretch")
        coin = url.last("coin", inputs.COIN)
        name = COINS[coin].name if coin in COINS else "a coin"
        if st.button(
            f"See it on {plain(name)}", icon=":material/arrow_forward:", icon_position="right"
        ):
            st.switch_page(ROOT / "pages" / "forecast.py")


def _lesson(lesson: frame.Lesson, *, done: bool, following: bool) -> None:
    """Draw the card of a lesson."""
    with st.container(key=f"picture-{lesson.number}"):
        st.image(pictures.of(lesson.number, dark=elements.dark()), width="stretch", alt=lesson.line)
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            st.caption(f"Lesson {lesson.number:d}", width="content")
            state = ":green[:material/check: Done]" if done else f"{MINUTES:d} min"
            st.caption(state, width="content")
        card.heading(plain(lesson.title), plain(lesson.line))
    st.space("stretch")
    st.button(
        "Again" if done else "Start",
        type="primary" if following else "secondary",
        width="stretch",
        on_click=frame.enter,
        args=(lesson.number,),
        key=f"open-{lesson.number}",
    )
