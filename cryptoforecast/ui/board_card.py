"""The card beside a leaderboard: how the tested forecast compares by the chosen measure."""

from __future__ import annotations

from functools import partial
from typing import cast

import streamlit as st

from cryptoforecast import charts, html_report
from cryptoforecast.charts import wording
from cryptoforecast.service.backtests import judge
from cryptoforecast.types import INTERVAL_NOUNS, Backtest, Leaderboard, Standing, predictor_name
from cryptoforecast.ui import bars, card, judgement, verdict, words

#: Metrics that are errors: two of them are compared by how much smaller or larger one is.
ERRORS = ("mae", "pinball", "rmse", "mape", "smape", "mase")


def show(result: Backtest, board: Leaderboard) -> None:
    """Draw the card.

    Args:
        result: The test.
        board: The leaderboard by the measure that was chosen.
    """
    if (board.metric, board.reference, board.step) == ("mae", "naive", result.spec.horizon):
        _judge(result, board)
    else:
        _compare(result, board)
    st.space("stretch")
    _how(result)


def _judge(result: Backtest, board: Leaderboard) -> None:
    """Draw how the tested forecast is judged: its average miss at the last step."""
    test = judge(result)
    noun = INTERVAL_NOUNS[result.history.interval]
    judgement.heading(test, noun, _eyebrow(result, board))
    judgement.figures({result.predictor: test}, result.history.quote)


def _compare(result: Backtest, board: Leaderboard) -> None:
    """Draw how the tested forecast compares by the measure that was chosen."""
    own = next(each for each in board.standings if each.predictor == result.predictor)
    verdict_word = "reference" if own.predictor == board.reference else outcome(board, own)
    promise = {"coverage_80": 0.8, "coverage_95": 0.95}.get(board.metric)
    against = f"“{name(board.reference)}”"
    text, mark = {
        "better": (f"Beats {against}", "better"),
        "tie": (f"No better than {against}", "tie"),
        "worse": (f"Worse than {against}", "worse"),
        "held": ("It held what it promised", "good"),
        "wide": ("The range is too wide", "watch"),
        "narrow": ("The range is too narrow", "worse"),
        "reference": ("The others are compared with it", "none"),
    }.get(verdict_word, ("Too few past forecasts to tell", "none"))
    card.heading(
        words.plain(text),
        words.plain(_difference(board, own, verdict_word)),
        eyebrow=words.plain(_eyebrow(result, board)),
        mark=cast(card.Mark, mark),
        wide=True,
    )
    ahead = wording.step_label(board.step, result.history.interval)
    st.caption(words.plain(f"{short(board.metric)}, {ahead}"))
    bars.draw(_lines(result, board, own, promise), "measure", side=True)


def _lines(
    result: Backtest, board: Leaderboard, own: Standing, promise: float | None
) -> list[bars.Bar]:
    """Return the bars of the tested forecast and of what it is compared with."""
    texts = partial(html_report.metric_text, board.metric, quote=result.history.quote)
    own_name = predictor_name(own.predictor)
    if board.metric not in ERRORS:
        chance = 0.5 if promise is None else promise
        return [bars.Bar(own_name, texts(own.value), own.value, promise=chance)]
    other = next(each for each in board.standings if each.predictor == board.reference)
    rows: list[tuple[str, float, str, bars.Meaning]] = [
        (own_name, own.value, texts(own.value), "chosen")
    ]
    if own is not other:
        rows.append((predictor_name(other.predictor), other.value, texts(other.value), "reference"))
    return bars.of_misses(rows)


def _difference(board: Leaderboard, own: Standing, verdict_word: str) -> str:
    """Write by how much the tested forecast differs, and from what."""
    if verdict_word in ("reference", "unknown"):
        return ""
    chance = ", which may be chance" if verdict_word in ("tie", "held") else ""
    if board.metric not in ERRORS:
        what = "Its promise" if is_coverage(board) else f"“{name(board.reference)}”"
        return f"Against {what[0].lower()}{what[1:]}: {charts.skill_text(board, own)}{chance}."
    size, way = f"{abs(100 * own.skill):.1f} %", "smaller" if own.skill > 0 else "larger"
    if size == "0.0 %" and verdict_word == "tie":
        return "Both errors are alike."
    if size == "0.0 %":
        return f"Its error is {way}, by less than 0.1 %."
    return f"Its error is {size} {way}{chance}."


def _how(result: Backtest) -> None:
    """Explain the test, folded."""
    with st.popover("How is this tested?", icon=":material/help:", type="tertiary"):
        for name, one in result.verdicts.items():
            whose = "" if name == result.predictor else f"{predictor_name(name)} alone: "
            st.markdown(words.plain(f"{whose}{one.sentence}"))
        st.markdown(words.plain(verdict.combined(result).strip()))
        st.caption(words.plain(html_report.COMPARISON_NOTE))


def _eyebrow(result: Backtest, board: Leaderboard) -> str:
    """Name the tested forecast and its place."""
    place = charts.rank(board, result.predictor)
    return ", ".join(filter(None, [predictor_name(result.predictor), place]))


def name(predictor: str) -> str:
    """Name what is compared with, in a word or two."""
    return "stays put" if predictor == "naive" else predictor_name(predictor)


def outcome(board: Leaderboard, one: Standing) -> str:
    """Return whether a predictor differs from the reference by more than chance, and how."""
    above, below = ("wide", "narrow") if is_coverage(board) else ("better", "worse")
    if not one.low <= one.high:
        return "unknown"
    if one.beyond_chance:
        return above if one.low > 0 else below
    return "held" if is_coverage(board) else "tie"


def is_coverage(board: Leaderboard) -> bool:
    """Return whether what a range held is compared with its promise."""
    return board.metric.startswith("coverage")


def short(metric: str) -> str:
    """Name a metric without its term of the field."""
    return charts.METRIC_NAMES[metric].split(" (")[0]
