"""Lesson 1: how a forecast is made, from candles to a price."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cryptoforecast.charts import stages as figures
from cryptoforecast.service import Service
from cryptoforecast.types import ForecastStages, predictor_name
from cryptoforecast.ui import bars, card, elements, words
from cryptoforecast.ui.learn import frame, prices
from cryptoforecast.ui.words import plain

#: What the stages are called, by their name in ``figures.STAGES``.
STAGES = {"candles": "Candles", "changes": "Sequence", "range": "Loss", "price": "Price"}
#: How far back the window goes, and by how much it moves, in hours.
REACH, MOVE = 720, 6
_STAGE, _BACK = "lesson-stage", "lesson-back"


def _forecast(service: Service) -> ForecastStages:
    result = prices.tested(service)
    hours = st.session_state.get(_BACK, 0)
    return service.lessons.stages(result, min(-int(hours), service.lessons.windows(result) - 1))


def _picture(service: Service, step: str) -> None:
    one = _forecast(service)
    stage = st.session_state.get(_STAGE, "candles") if step != frame.GUESS else "candles"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if step == frame.GUESS:
            frame.card_heading("What comes next?")
        else:
            stage = _stages()
        frame.simulated(one.simulated)
    frame.chart(
        figures.stage(one, stage, dark=elements.dark()),
        figures.summary_stage(one, stage),
        "lesson",
    )
    if step != frame.GUESS:
        st.slider(
            "Move the window back in time",
            -REACH,
            0,
            0,
            step=MOVE,
            format="%d h",
            key=_BACK,
            persist_state="session",
            help="Hours before the last window whose outcome is known.",
        )
        frame.numbers(lambda: _numbers(one), "stages")


def _stages() -> str:
    """Draw the selector of the stage."""
    return str(
        st.segmented_control(
            "Stage",
            list(STAGES),
            default=None if _STAGE in st.session_state else "candles",
            required=True,
            format_func=STAGES.__getitem__,
            key=_STAGE,
            label_visibility="collapsed",
            persist_state="session",
        )
    )


def _run(service: Service) -> None:
    one = _forecast(service)
    hours = f"{len(one.changes):d}"
    stage = st.session_state.get(_STAGE, "candles")
    low, _, high = one.ends
    if stage == "candles":
        card.heading("One candle is one hour", eyebrow="Stage 1: candles")
        st.markdown(
            "It has the first, highest, lowest and last price of its hour. Hollow: the price "
            "rose. Filled: it fell."
        )
        st.markdown(f"The network sees {hours} of them, and **nothing after**.")
    elif stage == "changes":
        card.heading("Candles become a row of numbers", eyebrow="Stage 2: sequence")
        st.markdown(
            f"The network reads {hours} hours, one after the other: how far the price moved, "
            "compared with usual moves, and how wide the candle is. It also reads the hour and the "
            "day."
        )
        st.markdown(
            "The picture has the moves in percent. “+0.4 %” means the same at $500 and at $60,000."
        )
    elif stage == "range":
        card.heading("It answers, and is told how wrong it was", eyebrow="Stage 3: loss")
        st.markdown(
            f"It says: 80 % likely between {words.change(low)} and {words.change(high)} in "
            f"{len(one.actual):d} hours. The dotted line is what happened."
        )
        st.markdown(
            "The **loss** is one number for how bad a range was: too wide is bad, missed is "
            f"worse. Training turns {one.weights:,} knobs (weights) until the average loss stops "
            "falling."
        )
        bars.draw(_losses(one))
    else:
        card.heading("Percent become a price again", eyebrow="Stage 4: price")
        st.markdown(
            f"The range is put on the last price, {plain(words.price(one.close, one.quote))}. "
            "That is the forecast."
        )
        ended = "**inside** the 80 % range" if one.inside else "**outside** the 80 % range"
        st.markdown(f"This one ended {ended}. Move the window and watch others.")


def _losses(one: ForecastStages) -> list[bars.Bar]:
    return bars.of_misses(
        [
            ("This window", one.loss, words.small_percent(one.loss), "chosen"),
            ("Average", one.average_loss, words.small_percent(one.average_loss), "reference"),
        ]
    )


def _why(service: Service) -> None:
    result = prices.tested(service)
    network, naive = result.scores[result.spec.network][-1], result.scores["naive"][-1]
    quote = result.history.quote
    st.markdown(
        "Bitcoin cost $500 once, and $100,000 later: **prices** of the past say little about "
        "prices of today. **Moves**, compared with usual ones, look alike at all times, and for "
        "all coins. So one network can learn from many coins at once."
    )
    st.caption(f"Average miss, {len(result.forecast):,} past forecasts")
    bars.draw(
        bars.of_misses(
            [
                ("This network", network.mae, words.miss(network.mae, quote), "chosen"),
                (predictor_name("naive"), naive.mae, words.miss(naive.mae, quote), "reference"),
            ]
        )
    )
    st.caption("How often right (tick: expected)")
    bars.draw([bars.of_share("80 % range", network.coverage_80, 0.8)])
    better = result.verdicts[result.spec.network].beats_baseline
    st.markdown(
        "Where the price goes, it knew a little here."
        if better
        else "Where the price goes, it knows no better than “it stays put”. **How far** the price "
        "may go is what it can tell."
    )


def _numbers(one: ForecastStages) -> pd.DataFrame:
    window = slice(one.first, one.origin + 1)
    return pd.DataFrame(
        {
            "closes at (UTC)": one.known_at[window],
            "close": one.candles["close"].to_numpy()[window],
            "change, %": one.percents,
        }
    )


LESSON = frame.Lesson(
    number=1,
    title="From candles to a forecast",
    line="See candles become a forecast.",
    question="What does the network look at?",
    intro="A network saw these hours and says what may come in the next day. See how, step by "
    "step.",
    ask="What does it read?",
    answers=("The price in dollars", "How far the price moved", "The news"),
    right=lambda _: 1,
    picture=_picture,
    run=_run,
    why=_why,
    finding=lambda _: "The network never sees a price, only how far it moved",
    stages=(_STAGE, STAGES),
)
