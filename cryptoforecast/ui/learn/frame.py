"""The frame of a lesson: heading, the three steps, two cards, and the way on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cryptoforecast.service import Service
from cryptoforecast.settings import ROOT
from cryptoforecast.types import PriceHistory
from cryptoforecast.ui import card, elements, live
from cryptoforecast.ui.words import plain

if TYPE_CHECKING:
    import plotly.graph_objects as go

GUESS, RUN, WHY = STEPS = ("Guess", "Run", "Why")
#: Lessons that the user has seen to the end, in the session.
DONE = "lessons-done"
_CHECK = ":material/check: "


@dataclass(frozen=True)
class Lesson:
    """A lesson: a question, an experiment, and the reason.

    Attributes:
        number: 1 to 4; its name in the URL.
        title: Its name.
        line: What happens in it, a short sentence.
        question: Heading until the reason is shown.
        intro: One or two sentences below the heading.
        ask: What the user guesses.
        answers: Possible guesses.
        right: Returns the index of the right one, which may be measured.
        picture: Draws the answer's card, given the step.
        run: Draws the experiment's controls into the side card.
        why: Draws the reason into the side card.
        finding: Returns the heading when the reason is shown.
        stages: Where the experiment has stages: the key of the one that is shown, in the session,
            and what each is called by its name.
    """

    number: int
    title: str
    line: str
    question: str
    intro: str
    ask: str
    answers: tuple[str, ...]
    right: Callable[[Service], int]
    picture: Callable[[Service, str], None]
    run: Callable[[Service], None]
    why: Callable[[Service], None]
    finding: Callable[[Service], str]
    stages: tuple[str, Mapping[str, str]] | None = None


def show(service: Service, lessons: tuple[Lesson, ...], lesson: Lesson) -> None:
    """Draw a lesson at its present step.

    Args:
        service: Computes what the lesson shows.
        lessons: All lessons, in their order.
        lesson: The one that is drawn.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="lesson-top"):
        st.button(
            "Lessons", icon=":material/arrow_back:", type="tertiary", on_click=leave, key="lessons"
        )
        st.caption(f"Lesson {lesson.number:d} of {len(lessons):d}", width="content")
        st.space("stretch")
        if st.button("Back to the forecast", type="tertiary", key="to-forecast"):
            st.switch_page(ROOT / "pages" / "forecast.py")
    step = st.session_state.get(_step(lesson), GUESS)
    if step == WHY:  # before anything is drawn, because the user may leave before the end
        st.session_state[DONE] = {*st.session_state.get(DONE, ()), lesson.number}
    heading = lesson.finding(service) if step == WHY else lesson.question
    card.answer(plain(heading), plain(lesson.intro))
    with st.container(key="lesson-steps"):
        _steps(lesson)
    left, right = card.sides()
    # Its place is there before it is computed, so that nothing below it moves.
    with left, st.container(key="lesson-picture", gap="small"):
        lesson.picture(service, step)
    with right:
        if step == GUESS:
            _ask(lesson)
        elif step == RUN:
            lesson.run(service)
            st.space("stretch")
            _ahead(lesson)
        else:
            _judge(service, lesson)
            lesson.why(service)
    _way_on(lessons, lesson, last=step == WHY)


def enter(number: int) -> None:
    """Open a lesson; for ``on_click``."""
    st.query_params["lesson"] = str(number)


def leave() -> None:
    """Go back to the overview; for ``on_click``."""
    st.query_params.pop("lesson", None)


def simulated(origin: PriceHistory | bool) -> None:
    """Say where the prices of a picture come from.

    Args:
        origin: The prices, or whether they are simulated.
    """
    if isinstance(origin, PriceHistory):
        live.badge(origin)
    elif origin:
        st.badge("Simulated prices", icon=":material/science:", color="orange")


def chart(figure: go.Figure, alt: str, name: str) -> None:
    """Draw a figure of a lesson.

    Args:
        figure: What is drawn.
        alt: A sentence that says the same.
        name: Names the key by which the style sheet sets its height.
    """
    with st.container(key=f"chart-{name}"):
        elements.chart(figure, alt=alt, key=f"figure-{name}", bare=True)


def numbers(frame: Callable[[], pd.DataFrame], name: str) -> None:
    """Offer the numbers behind a picture, folded.

    Args:
        frame: Makes them; called when the user unfolds them.
        name: Names the key of the table.
    """
    folded = st.expander(
        "The numbers", icon=":material/table:", key=f"numbers-{name}", on_change="rerun"
    )
    if folded.open:
        with folded:
            st.dataframe(frame(), hide_index=True, alt="The numbers behind the picture")


def card_heading(text: str, place: DeltaGenerator | None = None) -> None:
    """Write the heading of a card, into ``place`` if there is one."""
    with place or st.container():
        card.heading(plain(text))


def _steps(lesson: Lesson) -> None:
    """Draw the three steps; those before the present one have a check mark."""
    key = _step(lesson)
    at = STEPS.index(st.session_state.get(key, GUESS))
    st.segmented_control(
        "Step",
        STEPS,
        default=None if key in st.session_state else GUESS,
        required=True,
        format_func=lambda step: f"{_CHECK * (STEPS.index(step) < at)}{plain(step)}",
        key=key,
        label_visibility="collapsed",
        persist_state="session",
    )


def _ahead(lesson: Lesson) -> None:
    """Draw the button to the next stage of the experiment; after the last one, to the reason."""
    if lesson.stages is not None:
        key, titles = lesson.stages
        names = list(titles)
        at = names.index(st.session_state.get(key, names[0]))
        if at + 1 < len(names):
            following = names[at + 1]
            st.button(
                f"Next: {plain(titles[following])}",
                type="primary",
                width="stretch",
                on_click=st.session_state.update,
                args=({key: following},),
                key="stage",
            )
            return
    st.button("Why?", type="primary", width="stretch", on_click=_go, args=(lesson, WHY), key="why")


def _ask(lesson: Lesson) -> None:
    card.heading(plain(lesson.ask), eyebrow="Your guess")
    for index, answer in enumerate(lesson.answers):
        st.button(
            plain(answer),
            width="stretch",
            on_click=_guess,
            args=(lesson, index),
            key=f"answer-{index}",
        )
    guess = st.session_state.get(_guessed(lesson))
    if guess is not None:
        st.caption(f"So far: “{plain(lesson.answers[guess])}”.")


def _judge(service: Service, lesson: Lesson) -> None:
    """Say whether the guess was right."""
    guess = st.session_state.get(_guessed(lesson))
    index = lesson.right(service)
    right = plain(lesson.answers[index])
    if guess is None:
        card.heading(right, eyebrow="You made no guess")
    elif guess == index:
        card.heading(right, eyebrow="You guessed it", mark="good")
    else:
        card.heading(right, eyebrow=f"You guessed “{plain(lesson.answers[guess])}”", mark="bad")


def _guess(lesson: Lesson, index: int) -> None:
    st.session_state[_guessed(lesson)] = index
    _go(lesson, RUN)


def _go(lesson: Lesson, step: str) -> None:
    st.session_state[_step(lesson)] = step


def _way_on(lessons: tuple[Lesson, ...], lesson: Lesson, *, last: bool) -> None:
    """Draw the ways to the lesson before and to the next one."""
    at = lessons.index(lesson)
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        if at:
            before = lessons[at - 1]
            st.button(
                plain(before.title),
                icon=":material/arrow_back:",
                type="tertiary",
                on_click=enter,
                args=(before.number,),
                key="before",
            )
        else:
            st.space("small")
        following = lessons[at + 1] if at + 1 < len(lessons) else None
        st.button(
            f"Next lesson: {plain(following.title)}" if following else "All lessons",
            icon=":material/arrow_forward:",
            icon_position="right",
            type="primary" if last else "tertiary",
            on_click=enter if following else leave,
            args=(following.number,) if following else (),
            key="next",
        )


def _step(lesson: Lesson) -> str:
    return f"step-{lesson.number}"


def _guessed(lesson: Lesson) -> str:
    return f"guess-{lesson.number}"
