"""Lesson 3: the leak lab, in which a test can be made to look as good as one likes."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cryptoforecast.service import Service
from cryptoforecast.types import Cheats, LeakScores
from cryptoforecast.ui import bars, card, words
from cryptoforecast.ui.learn import frame
from cryptoforecast.ui.words import plain

#: The leaks by their field of ``Cheats``: name, and what each of them does.
LEAKS = {
    "scaler": (
        "Scale with all prices",
        "Prices are scaled by the lowest and highest price. Those of the test months count too, "
        "although nobody knew them yet (scaler fitted on everything).",
    ),
    "shuffled": (
        "Shuffle the days",
        "The days to learn from and to test on are drawn like cards. Each test day then has "
        "neighbours whose week is almost the same week (shuffled split).",
    ),
    "ahead": (
        "Peek ahead",
        "One input is an average around the day: half of its days lie in the future (look-ahead).",
    ),
}
HONEST, EVERYTHING = Cheats(), Cheats(scaler=True, shuffled=True, ahead=True)
#: Experiments that the table keeps, and tosses that are possible.
MAX_RUNS, MAX_TOSSES = 8, 20
_RUNS, _TOSSES = "leak-runs", "leak-tosses"


def _cheats() -> Cheats:
    return Cheats(**{name: bool(st.session_state.get(f"leak-{name}")) for name in LEAKS})


def _tosses() -> int:
    return int(st.session_state.get(_TOSSES, 0))


def _picture(service: Service, step: str) -> None:
    if step == frame.GUESS:
        card.heading("A market of coin tosses")
        st.markdown(
            "A hundred invented coins. Every day, a fair toss decides whether a price rises or "
            "falls. So **nobody** can know what comes next: whoever guesses is right in 50 of "
            "100 cases."
        )
        st.markdown(
            "A small forecaster looks for past days that were like today, and says what followed "
            "them. In an honest test it does as badly as it must:"
        )
        with st.spinner("Tossing the coins"):
            scores = service.lessons.leaks(HONEST, _tosses())
        bars.draw(_bars(scores))
        return
    cheats = EVERYTHING if step == frame.WHY else _cheats()
    card.heading("How often was it right?")
    with st.spinner("Tossing the coins"):
        scores = service.lessons.leaks(cheats, _tosses())
    bars.draw(_bars(scores))
    st.caption(
        f"The tick is a coin toss, 50 %. Test: {scores.tested:,} forecasts. The last two months, "
        f"which nobody touched: {scores.later:,}."
    )
    _table(service, _experiments(cheats) if step == frame.RUN else _all())


def _bars(scores: LeakScores) -> list[bars.Bar]:
    return [
        bars.of_share("In the test", scores.test, 0.5, meaning=scores_meaning(scores)),
        bars.of_share("Untouched months", scores.untouched, 0.5, meaning="reference"),
    ]


def scores_meaning(scores: LeakScores) -> bars.Meaning:
    """Return the colour of a score in the test: red where chance can't explain it."""
    return "bad" if scores.lifted else "chosen"


def _experiments(cheats: Cheats) -> list[tuple[Cheats, int]]:
    """Return the user's experiments, the newest last; the present one is one of them."""
    runs: list[tuple[Cheats, int]] = st.session_state.get(_RUNS, [])
    if (cheats, _tosses()) not in runs:
        runs = [*runs, (cheats, _tosses())][-MAX_RUNS:]
        st.session_state[_RUNS] = runs
    return runs


def _all() -> list[tuple[Cheats, int]]:
    """Return no leak, each by itself, and all of them."""
    single = [Cheats(**{name: True}) for name in LEAKS]
    return [(each, _tosses()) for each in (HONEST, *single, EVERYTHING)]


def _table(service: Service, runs: list[tuple[Cheats, int]]) -> None:
    """Draw experiments and their scores."""
    scores = [service.lessons.leaks(*run) for run in runs]
    with st.container(key="nums-leaks"):
        st.table(
            pd.DataFrame(
                {
                    "Experiment": [plain(_name(*run)) for run in runs],
                    "Test": [words.percent(each.test) for each in scores],
                    "Untouched": [words.percent(each.untouched) for each in scores],
                }
            ),
            border="horizontal",
            hide_index=True,
            alt="Share of right forecasts in the test and in the untouched months",
        )


def _name(cheats: Cheats, tosses: int) -> str:
    on = [LEAKS[name][0] for name in LEAKS if getattr(cheats, name)]
    names = "All three" if cheats == EVERYTHING else " + ".join(on)
    return f"{names or 'No cheat'}{f' · tosses {tosses + 1:d}' if tosses else ''}"


def _run(_: Service) -> None:
    card.heading("Now cheat")
    st.markdown("Each switch is a mistake that real studies make. Watch both bars.")
    for name, (label, about) in LEAKS.items():
        st.toggle(plain(label), key=f"leak-{name}", help=plain(about), persist_state="session")
    st.button(
        "Toss all coins again",
        icon=":material/casino:",
        width="stretch",
        on_click=_toss,
        key="toss",
    )


def _toss() -> None:
    st.session_state[_TOSSES] = (_tosses() + 1) % MAX_TOSSES


def _why(_: Service) -> None:
    st.markdown(
        "**The future slipped into the past.** That is called a leak. The forecaster did not "
        "get better: it read part of the answer during the test."
    )
    st.markdown(
        "In the months that nobody touched there is no answer to read, and it is back at the coin "
        "toss. The same happens with money."
    )
    st.markdown(
        "**So ask of every such figure:** was the test later than all that was learnt? Was every "
        "input known on its day? Did anyone look at the last months before?"
    )


def _finding(service: Service) -> str:
    scores = service.lessons.leaks(EVERYTHING, _tosses())
    return (
        f"{words.whole_percent(scores.test)} right in the test, "
        f"{words.whole_percent(scores.untouched)} when it counts"
    )


LESSON = frame.Lesson(
    number=3,
    title="Leak lab",
    line="Cheat, and see the score lie.",
    question="How good can a forecast of coin tosses look?",
    intro="Nothing can be known here, and still a test can say that something is. Find out how.",
    ask="You may cheat in the test. How often will the forecast be “right”?",
    answers=("50 of 100: a toss is a toss", "About 55 of 100", "More than 65 of 100"),
    right=lambda _: 2,
    picture=_picture,
    run=_run,
    why=_why,
    finding=_finding,
)
