"""The views of the Backtest page: leaderboard, delay, errors, times, bands and folds."""

from __future__ import annotations

import streamlit as st

from cryptoforecast import html_report
from cryptoforecast.errors import NotEnoughData
from cryptoforecast.service import Service
from cryptoforecast.service.backtests import why_no_free_run
from cryptoforecast.types import INTERVAL_NOUNS, Backtest
from cryptoforecast.ui import elements, inputs, leaderboard
from cryptoforecast.ui.backtest import FinishedTest
from cryptoforecast.ui.words import plain

LEADERBOARD, FOLDS = "Leaderboard", "Folds"


def show(service: Service, test: FinishedTest) -> None:
    """Draw the view that the user chooses, and no other."""
    result = test.result
    views = [LEADERBOARD, *html_report.VIEWS, *([FOLDS] if test.walk_forward is not None else [])]
    with inputs.row():
        view = st.segmented_control(
            "Look at",
            views,
            default=LEADERBOARD,
            required=True,
            key="view",
            bind="query-params",
            wrap=True,
            help="**Leaderboard**: which predictor is better, and is that more than chance? "
            "**Delay**: is the forecast only the last price once more? **Errors**: do the errors "
            "follow a pattern? **When**: the errors by hour, weekday and kind of market. "
            "**Bands**: do the bands hold as many prices as they should?",
        )
        step = result.spec.horizon if view == FOLDS else _step(result)
    if view == FOLDS and test.walk_forward is not None:
        _draw(html_report.folds_section(test.walk_forward, elements.dark()), result)
    elif view in html_report.VIEWS:
        _view(service, result, str(view), step)
    else:
        leaderboard.show(service, test, step)


def _step(result: Backtest) -> int:
    horizon = result.spec.horizon
    if horizon == 1:
        return 1
    step = st.select_slider(
        f"{INTERVAL_NOUNS[result.history.interval].capitalize()}s ahead",
        list(range(1, horizon + 1)),
        horizon,
        key=f"ahead_{horizon}",
        bind="query-params",
        width=220,
        help="How far ahead of its time a price was predicted. The view shows this step only.",
    )
    return min(max(int(step), 1), horizon)


def _view(service: Service, result: Backtest, view: str, step: int) -> None:
    """Draw the sections of a view two by two; an odd first one stands alone."""
    makers = list(html_report.makers(result, view).values())
    alone = len(makers) % 2
    rows = [makers[:alone], *(makers[i : i + 2] for i in range(alone, len(makers), 2))]
    for row in filter(None, rows):
        for make, column in zip(row, st.columns(len(row)), strict=True):
            with column:
                try:
                    _draw(make(service.backtests.analyses, result, step, elements.dark()), result)
                except NotEnoughData as error:
                    st.info(plain(str(error)))
    if not makers:
        st.info("Candles of this length have no such patterns. Choose shorter candles.")
    if view == "Delay":
        _free_run(service, result)


def _free_run(service: Service, result: Backtest) -> None:
    """Show a free run of the network, or say why there can be none."""
    st.subheader("Fed its own forecasts")
    reason = why_no_free_run(result)
    if reason is not None:
        st.info(plain(reason))
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
        bar = st.progress(0.0, "Running free")

        def report(share: float) -> None:
            bar.progress(share, "Running free")

        try:
            section = html_report.free_run_section(
                service.backtests.analyses, result, elements.dark(), report
            )
        finally:
            bar.empty()
        _draw(section, result)


def _draw(section: html_report.Section, result: Backtest) -> None:
    elements.chart(section.figure, alt=section.sentence, key=f"section-{section.name}")
    st.caption(plain(section.sentence))
    name = f"{result.predictor}-{section.name}"
    elements.table(section.title, lambda: section.frame, result.history, name)
