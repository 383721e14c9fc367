"""Lesson 2: the popular recipe, and why it fails at new highs."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cryptoforecast.charts import lessons as figures
from cryptoforecast.jobs import Job
from cryptoforecast.service import Service
from cryptoforecast.service.choices import COINS
from cryptoforecast.types import RecipeTest, predictor_name
from cryptoforecast.ui import bars, card, elements, identity, words
from cryptoforecast.ui.learn import frame, prices
from cryptoforecast.ui.words import plain

_JOB, _VIEW = "lesson-job", "lesson-view"
# Where the session keeps why the prices of its training are not of the user's coin.
_REASON = "lesson-reason"
_NEW_HIGH, _ALL = "New high", "All"


def _picture(service: Service, step: str) -> None:
    job = _job(service)
    live = job.result if step == frame.RUN and job is not None else None
    test = live or service.lessons.recipe()
    with_outcome = step == frame.WHY or live is not None
    view = _ALL
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        card.heading(plain(f"Learnt up to {test.closes_at[test.learnt - 1]:%B %Y}"))
        st.space("stretch")
        frame.simulated(test.simulated)
        if with_outcome:
            view = _view()
    frame.chart(
        figures.recipe(
            test, everything=view == _ALL, with_outcome=with_outcome, dark=elements.dark()
        ),
        figures.summary_recipe(test, with_outcome=with_outcome),
        "lesson",
    )
    name = COINS[test.coin].name if test.coin in COINS else test.coin
    st.caption(f"{plain(name)}, a price a day. Network: {plain(test.network)}.")
    if with_outcome:
        frame.numbers(lambda: _numbers(test), "recipe")


def _view() -> str:
    return str(
        st.segmented_control(
            "View",
            [_NEW_HIGH, _ALL],
            default=None if _VIEW in st.session_state else _NEW_HIGH,
            required=True,
            key=_VIEW,
            label_visibility="collapsed",
        )
    )


def _run(service: Service) -> None:
    card.heading("Train it yourself, small")
    st.markdown(
        "The same tiny network learns twice: once from prices squeezed between 0 and 1 (the "
        "popular recipe), once from changes in percent (log-returns). Then it meets days that it "
        "has never seen."
    )
    job = _job(service)
    if job is not None and job.active:
        _watch(service, job.key)
    elif job is not None and job.result is not None:
        if reason := st.session_state.get(_REASON):
            st.caption(plain(reason))
        st.caption(f"Average miss, next day, {job.result.tested:d} days")
        bars.draw(_misses(job.result))
    else:
        if job is not None:
            st.caption(f"{plain(str(job.error))}")
        if st.button(
            "Train it small, live",
            icon=":material/play_arrow:",
            width="stretch",
            key="train-small",
        ):
            history, reason = prices.rising(service)
            started = service.lessons.train_small(history, user=identity.user())
            st.session_state.update({_JOB: started.key, _REASON: reason})
            st.rerun()


@st.fragment(run_every="0.5s")
def _watch(service: Service, key: str) -> None:
    """Show the small training until it has ended, and then the page with its result."""
    job = service.lessons.job(key)
    if job is None or not job.active:
        st.rerun()
    progress = job.progress
    st.progress(0.0 if progress is None else progress.done, "Training two tiny networks")
    st.button(
        "Cancel",
        icon=":material/stop_circle:",
        on_click=lambda: service.lessons.cancel(key, user=identity.user()),
        key="cancel-small",
    )


def _why(service: Service) -> None:
    test = service.lessons.recipe()
    price, forecast = (words.price(each, test.quote) for each in test.peak)
    st.markdown(
        "The recipe turns prices into numbers from 0 to 1. A new high is above 1: **a number it "
        f"has never met**. The higher the price, the further it falls behind: at {plain(price)} it "
        f"said {plain(forecast)}."
    )
    st.markdown(
        "**Log-returns** ask for the change in percent. Percents look alike at $5 and at $100,000."
    )
    st.caption(f"Average miss, next day, {test.tested:d} days")
    bars.draw(_misses(test))
    st.markdown(
        "Mind the last bar: guessing “the price stays put” is as good as the better network."
    )


def _misses(test: RecipeTest) -> list[bars.Bar]:
    stays_put = predictor_name("naive")
    names = {"popular": "Popular recipe", "returns": "Log-returns", "naive": stays_put}
    colours: dict[str, bars.Meaning] = {"popular": "bad", "returns": "chosen", "naive": "reference"}
    return bars.of_misses(
        [
            (names[each], miss, words.miss(miss, test.quote), colours[each])
            for each, miss in test.misses.items()
        ]
    )


def _job(service: Service) -> Job[RecipeTest] | None:
    key = st.session_state.get(_JOB)
    return None if key is None else service.lessons.job(key)


def _numbers(test: RecipeTest) -> pd.DataFrame:
    rows = slice(test.learnt, None)
    return pd.DataFrame(
        {
            "closes at (UTC)": test.closes_at[rows],
            "actual": test.actual[rows],
            "popular recipe": test.popular[rows],
            "log-returns": test.returns[rows],
        }
    )


LESSON = frame.Lesson(
    number=2,
    title="The popular recipe",
    line="Why it fails at every new high.",
    question="Will the popular recipe follow the price up?",
    intro="Thousands of tutorials scale the price to 0–1 and train on squared error. It looks "
    "right until the price goes where it has never been.",
    ask="The price rises above all it has learnt from. What will the recipe say?",
    answers=("It follows the price up", "It stays below", "It jumps about wildly"),
    right=lambda _: 1,
    picture=_picture,
    run=_run,
    why=_why,
    finding=lambda _: "The popular recipe fails at every new high",
)
