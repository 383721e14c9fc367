"""The views of the Backtest page, from the leaderboard to the search and the folds."""

from __future__ import annotations

import streamlit as st

from cryptoforecast import html_report
from cryptoforecast.errors import NotEnoughData
from cryptoforecast.service import Service
from cryptoforecast.service.backtests import judge, why_no_free_run
from cryptoforecast.service.choices import is_network
from cryptoforecast.types import Backtest, duration
from cryptoforecast.ui import ablation, better_settings, card, elements, judgement, leaderboard, url
from cryptoforecast.ui.backtest import FinishedTest
from cryptoforecast.ui.words import plain

LEADERBOARD, BANDS, FOLDS = "Leaderboard", "Bands", "Folds"
ABLATION, SETTINGS = "Inputs", "Settings"
#: The question that each view answers.
QUESTIONS = {
    LEADERBOARD: "Who wins?",
    "Delay": "Is it yesterday’s price?",
    "Errors": "Where is it wrong?",
    "When": "When is it wrong?",
    BANDS: "Can the range be trusted?",
    ABLATION: "Which inputs help?",
    SETTINGS: "Better settings?",
    FOLDS: "Is it the same in every fold?",
}


def choose(test: FinishedTest) -> str:
    """Draw the questions about a test, and return the view that answers the chosen one."""
    absent = {FOLDS} if test.walk_forward is None else set()
    if not is_network(test.result.spec):
        absent.add(ABLATION)
    views = [view for view in QUESTIONS if view not in absent]
    return url.choose(
        "Question", views, "view", LEADERBOARD, QUESTIONS.__getitem__,
        draw=st.pills, required=True, wrap=True,
    )  # fmt: skip


def show(service: Service, test: FinishedTest, view: str) -> None:
    """Draw a view, and no other.

    Args:
        service: Computes what it shows.
        test: The test.
        view: One of ``QUESTIONS``.
    """
    result = test.result
    if view == FOLDS and test.walk_forward is not None:
        with card.framed():
            _draw(html_report.folds_section(test.walk_forward, elements.dark()), result)
    elif view == ABLATION:
        ablation.show(service, result)
    elif view == SETTINGS:
        better_settings.show(service, result)
    elif view in html_report.VIEWS:
        with st.container(width=280):
            step = leaderboard.step(result)
        _view(service, result, view, step)
    else:
        leaderboard.show(service, test)


def _view(service: Service, result: Backtest, view: str, step: int) -> None:
    """Draw the sections of a view two by two; an odd first one stands alone."""
    if view == BANDS:
        answer, sentence = judgement.range_answer(judge(result))
        ahead = duration(result.spec.horizon, result.history.interval)
        st.markdown(
            f"**{plain(answer)}, {plain(ahead)} ahead.** {plain(sentence)} "
            "The pictures show all other ranges too."
        )
    makers = list(html_report.makers(result, view).values())
    alone = len(makers) % 2
    rows = [makers[:alone], *(makers[i : i + 2] for i in range(alone, len(makers), 2))]
    for row in filter(None, rows):
        for make, column in zip(row, st.columns(len(row)), strict=True):
            with card.framed(column):
                try:
                    _draw(make(service.backtests.analyses, result, step, elements.dark()), result)
                except NotEnoughData as error:
                    st.caption(plain(str(error)))
    if not makers:
        st.caption("Candles of this length have no such patterns. Choose shorter candles.")
    if view == "Delay":
        with card.framed():
            _free_run(service, result)


def _free_run(service: Service, result: Backtest) -> None:
    """Show a free run of the network, or say why there can be none."""
    card.heading("Fed its own forecasts")
    reason = why_no_free_run(result)
    if reason is not None:
        st.caption(plain(reason))
        return
    if not service.backtests.analyses.free_run_known(result) and not st.button(
        "Start the free run",
        icon=":material/play_arrow:",
        help="This takes some seconds the first time.",
    ):
        st.caption(
            "Sometimes forecasts of the next step are shown as if they were forecasts of weeks. "
            "A free run shows the difference: the network gets its own forecasts instead of the "
            "prices, and the result is compared with the prices that came."
        )
        return
    with elements.errors():
        bar = st.progress(0.0, "Fed its own forecasts")

        def report(share: float) -> None:
            bar.progress(share, "Fed its own forecasts")

        try:
            section = html_report.free_run_section(
                service.backtests.analyses, result, elements.dark(), report
            )
        finally:
            bar.empty()
        _draw(section, result)


def _draw(section: html_report.Section, result: Backtest) -> None:
    """Draw the answer in words, its figure, and its numbers."""
    st.markdown(plain(section.sentence))
    elements.chart(section.figure, alt=section.sentence, key=f"section-{section.name}")
    name = f"{result.predictor}-{section.name}"
    elements.table(section.title, lambda: section.frame, result.history, name)
