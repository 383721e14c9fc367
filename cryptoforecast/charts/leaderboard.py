"""The figure of a leaderboard: each predictor's skill with its interval, a row each."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from cryptoforecast.charts import style
from cryptoforecast.types import (
    Backtest,
    Leaderboard,
    Standing,
    confidence,
    predictor_name,
    predictor_phrase,
)

#: The name of each metric on a page.
METRIC_NAMES = {
    "mae": "Average miss (MAE)",
    "pinball": "Error of the range (pinball)",
    "rmse": "Large misses (RMSE)",
    "mape": "Miss in % (MAPE)",
    "smape": "Miss in % (sMAPE)",
    "mase": "Miss in usual moves (MASE)",
    "directional_accuracy": "Direction right",
    "coverage_80": "80 % range held",
    "coverage_95": "95 % range held",
}
#: Skills below this are drawn at the edge of the figure, because they would squeeze the others.
#: The number beside the point is the true one.
_MIN_SKILL = -0.5
_COVERAGES = ("coverage_80", "coverage_95")
#: What the intervals of a leaderboard are called; they decide what is more than chance.
INTERVAL = "95 % interval, corrected"


def forest(result: Backtest, board: Leaderboard, *, dark: bool = False) -> go.Figure:
    """Draw each predictor's skill against the reference with its interval, the best on top.

    Args:
        result: The backtest that the leaderboard describes.
        board: The leaderboard.
        dark: Whether the page behind is dark.
    """
    colours = style.theme(dark)
    figure = go.Figure()
    figure.add_vline(x=0, line={"color": colours.ink, "dash": "dash", "width": 1})
    for standing in board.standings[::-1]:
        _add_row(figure, standing, board, colours)
    candle = result.history.interval
    coverage = board.metric in _COVERAGES
    subtitle = style.subtitle_lines(
        result.history,
        "on the dashed line: as promised"
        if coverage
        else f"dashed: {predictor_phrase(board.reference)}; right of it is better",
        f"{style.candle_count(board.origins, candle)}; lines: {INTERVAL}",
    )
    title = f"{METRIC_NAMES[board.metric]}, {style.step_label(board.step, candle)}"
    style.lay_out(
        figure, title, subtitle, dark=dark, height=150 + 40 * len(board.standings),
        revision=f"forest {board.metric} {board.step} {board.reference}", legend=False,
    )  # fmt: skip
    unit = "points off the promise" if coverage else f"% {_better_than(board)}"
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": {"text": unit, "font": {"size": 11}, "standoff": 4}, "nticks": 7,
               "ticksuffix": "", "zeroline": False},
        yaxis={"type": "category", "fixedrange": True,
               "range": [-0.5, len(board.standings) - 0.35]},
    )  # fmt: skip
    return figure


def summary_leaderboard(result: Backtest, board: Leaderboard) -> str:
    """Describe in a sentence or two what ``forest`` shows."""
    label = style.step_label(board.step, result.history.interval)
    known = [each for each in board.standings if math.isfinite(each.value)]
    if not known:
        return f"{METRIC_NAMES[board.metric]} is defined for none of these {label}."
    first = (
        f"{METRIC_NAMES[board.metric]}, {label}: {predictor_phrase(known[0].predictor)} comes first"
    )
    first += f" of {len(known)}." if len(known) > 1 else "."
    if all(math.isnan(each.low) for each in board.standings):
        return f"{first} There are too few past forecasts to tell differences from chance."
    if board.metric in _COVERAGES:
        off = [predictor_phrase(each.predictor) for each in known if each.beyond_chance]
        if not off:
            return f"{first} No band is off its promise by more than chance."
        return f"{first} Off the promise by more than chance: {', '.join(off)}."
    reference = predictor_phrase(board.reference)
    better = [each for each in known if each.low > 0]
    worse = [each for each in known if each.high < 0]
    sentences = [
        f"{word} than {reference} by more than chance: {', '.join(map(_named, group))}."
        for word, group in (("Better", better), ("Worse", worse))
        if group
    ]
    none = f"None differs from {reference} by more than chance."
    return f"{first} {' '.join(sentences) or none}"


def skill_text(board: Leaderboard, standing: Standing) -> str:
    """Write a skill with its sign, in per cent; a coverage's difference in points."""
    if not math.isfinite(standing.skill):
        return "–"
    return f"{confidence.rounded(100 * standing.skill, _places(standing), '+')} {_unit(board)}"


def interval_text(board: Leaderboard, standing: Standing) -> str:
    """Write the interval of a skill; a dash where nothing can be claimed."""
    if math.isnan(standing.low):
        return "–"
    ends = 100 * standing.low, 100 * standing.high
    return f"{confidence.interval_text(*ends, _places(standing), '+')} {_unit(board)}"


def _places(standing: Standing) -> int:
    return confidence.decimals(*(100 * x for x in (standing.skill, standing.low, standing.high)))


def _unit(board: Leaderboard) -> str:
    return "points" if board.metric in _COVERAGES else "%"


def _better_than(board: Leaderboard) -> str:
    return f"better than {predictor_phrase(board.reference)}"


def _named(standing: Standing) -> str:
    return f"{predictor_phrase(standing.predictor)} ({style.percent(abs(standing.skill))})"


def _add_row(
    figure: go.Figure, standing: Standing, board: Leaderboard, colours: style.Theme
) -> None:
    """Add one row: a point with its interval, filled where the skill is significant."""
    significant = standing.beyond_chance
    coverage = board.metric in _COVERAGES
    better = standing.skill > 0 and not coverage
    colour = (colours.forecast if better else colours.worse) if significant else colours.rule
    shown = max(standing.skill, _MIN_SKILL) if math.isfinite(standing.skill) else math.nan
    ends = (standing.low, standing.high) if math.isfinite(standing.low) else (shown, shown)
    low, high = (max(each, _MIN_SKILL) for each in ends)
    reference = standing.predictor == board.reference and not coverage
    name = predictor_name(standing.predictor) + (" (reference)" if reference else "")
    text = "" if reference else skill_text(board, standing)
    figure.add_scatter(
        x=[100 * shown], y=[name], mode="markers+text", name=name, text=[text],
        textposition="top center", textfont={"color": colours.ink, "size": 11},
        marker={
            "symbol": "diamond" if significant else "circle-open",
            "size": 10, "color": colour, "line": {"width": 2, "color": colour},
        },
        error_x={
            "type": "data", "symmetric": False, "array": [100 * (high - shown)],
            "arrayminus": [100 * (shown - low)], "color": colour, "thickness": 2, "width": 5,
        },
        hovertemplate=f"{name}: {text or '0 %'}<br>"
        f"{INTERVAL} {interval_text(board, standing)}<extra></extra>",
    )  # fmt: skip
