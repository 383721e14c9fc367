"""Who wins? Each predictor beside the last price, and what may be chance."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import NamedTuple

import pandas as pd
import streamlit as st

from cryptoforecast import charts, html_report
from cryptoforecast.service import Service
from cryptoforecast.types import INTERVAL_NOUNS, Backtest, Leaderboard, Standing, predictor_name
from cryptoforecast.ui import (
    backtest,
    board_card,
    card,
    elements,
    slow_baselines,
    url,
    words,
)

#: The measures that one click chooses; the others stand in a menu.
SHORT = {"mae": "Price", "pinball": "Range"}
#: Columns of the table with what was right, and their metrics.
_SHARES = {"80 % range": "coverage_80", "Direction": "directional_accuracy"}
#: A verdict with its sign, as Markdown.
_VERDICTS = {
    "better": f"{card.MARKS['better']} better", "worse": f"{card.MARKS['worse']} worse",
    "tie": f"{card.MARKS['tie']} no better", "unknown": words.DASH, "held": "held",
    "wide": f"{card.MARKS['watch']} too wide", "narrow": f"{card.MARKS['worse']} too narrow",
}  # fmt: skip


class Measure(NamedTuple):
    """By what predictors are compared.

    Attributes:
        metric: A field of ``Scores``.
        reference: The predictor that the others should beat.
        step: 1 to the horizon.
    """

    metric: str
    reference: str
    step: int


def show(service: Service, test: backtest.FinishedTest) -> None:
    """Draw the figure beside the judgement, and the table below.

    Args:
        service: Computes the leaderboard.
        test: The test.
    """
    result = test.result
    left, right = card.sides()
    with left:
        place = st.container(horizontal=True, vertical_alignment="center", gap="small")
        with place:
            place_of_title = st.container(key="board-title")
            measure = _measure(result)
        section, board = html_report.leaderboard_section(
            service.backtests.analyses, result, measure.metric, measure.step, measure.reference,
            elements.dark(),
        )  # fmt: skip
        with place_of_title:
            card.heading(words.plain(heading_of(board)))
        elements.chart(section.figure, alt=section.sentence, key="section-board")
        st.caption(words.plain(charts.NOTE))
    with right:
        board_card.show(result, board)
    with st.container(border=True, gap="small"):
        _table(result, board)
        slow_baselines.offer(result.forecasts, lambda: _add_slow(service, test))
    name = f"{section.name}-step-{measure.step}"
    elements.table("The numbers of this chart", lambda: section.frame, result.history, name)


def numbers(board: Leaderboard, names: Collection[str] = ()) -> pd.DataFrame:
    """Return the numbers of a leaderboard, a row for each predictor.

    Args:
        board: The leaderboard.
        names: Only these predictors; by default all of them.
    """
    rows = [each for each in board.standings if not names or each.predictor in names]
    return pd.DataFrame([dataclasses.asdict(each) for each in rows])


def heading_of(board: Leaderboard) -> str:
    """Name what is compared with what."""
    if board_card.is_coverage(board):
        return board_card.short(board.metric)
    return f"{board_card.short(board.metric)} against “{board_card.name(board.reference)}”"


def _measure(result: Backtest) -> Measure:
    """Draw what to compare by; the first two measures at once, the rest in a menu."""
    metric = url.last("metric", "mae")
    short = dict(SHORT) if metric in SHORT else SHORT | {metric: "Other"}
    if metric not in charts.METRIC_NAMES:
        short = dict(SHORT)
    url.choose(
        "Measure", list(short), "metric", "mae", short.__getitem__,
        draw=st.segmented_control, widget="metric-short", required=True,
    )  # fmt: skip
    with st.popover("More", icon=":material/tune:", help="Other measures, reference and step"):
        metric = url.pick(
            "By",
            list(charts.METRIC_NAMES),
            "metric",
            lambda name: charts.METRIC_NAMES.get(name, name),
            f"What is compared, in {result.history.quote} or in %. The error of the range "
            "(pinball) counts all nine lines of a forecast (quantiles).",
        )
        reference = url.pick(
            "Compared with",
            list(result.forecasts),
            "against",
            predictor_name,
            "The model that the others should beat. What a range held is compared with its "
            "promise, 80 % or 95 %.",
        )
        return Measure(metric, reference, step(result))


def step(result: Backtest) -> int:
    """Draw the slider of how far ahead; return the step, 1 to the horizon."""
    horizon = result.spec.horizon
    if horizon == 1:
        return 1
    value = st.select_slider(
        f"{INTERVAL_NOUNS[result.history.interval].capitalize()}s ahead",
        list(range(1, horizon + 1)),
        horizon,
        key=f"ahead_{horizon}",
        bind="query-params",
        help="How far ahead each price was predicted. Figures and tables show this step.",
    )
    return min(max(int(value), 1), horizon)


def _table(result: Backtest, board: Leaderboard) -> None:
    """Draw the predictors in their order, the tested one bold."""
    rows = [(_texts(result, board, each), each.predictor) for each in board.standings]
    frame = pd.DataFrame(
        [
            [
                f"**{words.plain(text)}**" if name == result.predictor else words.plain(text)
                for text in texts
            ]
            for texts, name in rows
        ],
        columns=["Model", board_card.short(board.metric), "Difference", *_SHARES],
    )
    frame.insert(
        3, "Verdict", [_VERDICTS[board_card.outcome(board, each)] for each in board.standings]
    )
    with st.container(key="nums-board"):
        st.table(frame, border="horizontal", hide_index=True)
    st.caption(words.plain(_difference(board)))


def _difference(board: Leaderboard) -> str:
    """Explain the column of the differences."""
    if board_card.is_coverage(board):
        return "Difference: the share held against what was promised, in percentage points."
    other = f"“{board_card.name(board.reference)}”"
    if board.metric not in board_card.ERRORS:
        return f"Difference: how much less often it is wrong than {other}. Above 0 is better."
    what = board_card.short(board.metric)
    return f"Difference: {what[0].lower()}{what[1:]} against {other}. Below 0 is better."


def _texts(result: Backtest, board: Leaderboard, one: Standing) -> list[str]:
    """Return name, value, difference from the reference, and the shares that were right."""
    scores, quote = result.scores[one.predictor][board.step - 1], result.history.quote
    reference = one.predictor == board.reference and not board_card.is_coverage(board)
    if reference:
        difference = "reference"
    elif board.metric in board_card.ERRORS:
        difference = words.change(-one.skill)
    else:
        difference = charts.skill_text(board, one)
    shares = (
        html_report.metric_text(name, getattr(scores, name), quote) for name in _SHARES.values()
    )
    value = html_report.metric_text(board.metric, one.value, quote)
    return [predictor_name(one.predictor), value, difference, *shares]


def _add_slow(service: Service, test: backtest.FinishedTest) -> None:
    if test.walk_forward is None:
        service.backtests.with_all_baselines(test.result)
    else:
        service.walk_forward.with_all_baselines(test.walk_forward)
