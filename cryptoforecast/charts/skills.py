"""The figure of a leaderboard: a dot and its interval for each predictor."""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Sequence

import plotly.graph_objects as go

from cryptoforecast.charts import style
from cryptoforecast.charts.leaderboard import INTERVAL, interval_text, skill_text
from cryptoforecast.types import Leaderboard, Standing, predictor_name, predictor_phrase

#: Pixels of a row, and of all rows together with the words above and the axis below.
ROW, FRAME = 38, 92
#: The axis reaches at most so many times as far as the usual row needs. A dot beyond its end
#: becomes an arrow.
_REACH = 2.2
#: Up to this many per cent a predictor is the reference itself.
_NOTHING = 0.01
#: What the dots and lines are.
NOTE = (
    "Dot: measured. Line: where the true value lies with 95 % certainty, corrected for the "
    "number of comparisons. If a line crosses the vertical one, the difference may be chance."
)
_ORDINALS = dict(enumerate(
    ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"), start=1
))  # fmt: skip
_NUMBERS = dict(enumerate(
    ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"), start=1
))  # fmt: skip
_COVERAGES = ("coverage_80", "coverage_95")
_DIRECTION = "directional_accuracy"


def skills(board: Leaderboard, focus: Collection[str] = (), *, dark: bool = False) -> go.Figure:
    """Draw how each predictor compares with the reference, the best on top.

    Left of the reference is better, because the error is smaller. A coverage is compared with its
    promise: left of it, the range held less.

    Args:
        board: The leaderboard.
        focus: Names of the predictors that the page is about.
        dark: Whether the page behind is dark.
    """
    colours, coverage = style.theme(dark), board.metric in _COVERAGES
    rows = [each for each in board.standings if coverage or each.predictor != board.reference]
    limit = _limit([each for each in rows if math.isfinite(each.skill)], coverage=coverage)
    figure = go.Figure()
    for place, standing in enumerate(rows[::-1]):
        if math.isfinite(standing.skill):
            own = standing.predictor in focus
            _add_row(figure, place, standing, board, limit, colours, own=own)
    worse, better = _words(board.metric)
    reference = "as promised" if coverage else predictor_name(board.reference)
    top = {"yref": "paper", "y": 1.0, "yanchor": "bottom", "showarrow": False}
    side = {"xref": "paper", "font": {"color": colours.faint}, **top}
    ticks = _ticks(limit)
    figure.update_layout(
        modebar={"bgcolor": style.CLEAR, "color": colours.faint},
        height=FRAME + ROW * len(rows),
        template=style.theme(dark).template,
        font={"size": 12, "color": colours.ink, "family": style.FONT},
        paper_bgcolor=style.CLEAR, plot_bgcolor=style.CLEAR, showlegend=False, dragmode=False,
        margin={"l": 8, "r": 12, "t": 48, "b": 24}, hovermode="closest",
        hoverlabel={"bgcolor": colours.surface, "bordercolor": colours.rule,
                    "font": {"size": 12, "color": colours.ink}},
        xaxis={"range": [-limit, limit], "showgrid": False, "zeroline": False, "fixedrange": True,
               "tickvals": ticks, "ticktext": [_tick(each, coverage) for each in ticks],
               "tickangle": 0, "tickfont": {"color": colours.faint}},
        yaxis={"range": [-0.6, len(rows) - 0.4], "fixedrange": True, "automargin": True,
               "tickvals": list(range(len(rows))), "gridcolor": style.GRID, "zeroline": False,
               "ticktext": [_label(each.predictor, focus, colours) for each in rows[::-1]]},
        shapes=[{"type": "line", "x0": 0, "x1": 0, "yref": "paper", "y0": 0, "y1": 1,
                 "line": {"color": colours.ink, "width": 1.5}, "layer": "below"}],
        annotations=[
            {"x": 0, "text": style.plain(reference), "xanchor": "center", "yshift": 18, **top},
            {"x": 0, "xanchor": "left", "text": f"← {better}", **side},
            {"x": 1, "xanchor": "right", "text": f"{worse} →", **side},
        ],
        uirevision=f"skills {board.metric} {board.step} {board.reference}",
    )  # fmt: skip
    return figure


def headline(board: Leaderboard, predictor: str) -> str:
    """Say in a line whether anything beats the last price.

    Args:
        board: The leaderboard by the average miss, against the last price.
        predictor: Name of the predictor that the page is about.
    """
    others = [each for each in board.standings if each.predictor != board.reference]
    if all(math.isnan(each.low) for each in others):
        return "Too few past forecasts to tell what beats “the price stays put”"
    better = [each.predictor for each in others if each.low > 0]
    if not better:
        return "Nothing beats “the price stays put” by more than chance"
    if predictor in better:
        skill = next(each.skill for each in others if each.predictor == predictor)
        name = predictor_name(predictor)
        return f"{name} beats “the price stays put” by {100 * skill:.1f} %"
    names = " and ".join(predictor_name(name) for name in better)
    return f"{names} {'beats' if len(better) == 1 else 'beat'} “the price stays put”"


def rank(board: Leaderboard, predictor: str) -> str:
    """Say which place a predictor has: "third of six", or what it does not differ from.

    Whatever differs from the reference by no more than chance has no place of its own. By what a
    range held there are no places, because all are compared with a promise.
    """
    if board.metric in _COVERAGES:
        return ""
    standings = [each for each in board.standings if math.isfinite(each.value)]
    names = [each.predictor for each in standings]
    if predictor not in names:
        return ""
    place, count = names.index(predictor) + 1, len(standings)
    if predictor != board.reference and not standings[place - 1].beyond_chance:
        return f"level with {predictor_phrase(board.reference)}"
    ordinal = _ORDINALS.get(place, f"number {place}")
    return f"{ordinal} of {_NUMBERS.get(count, str(count))}"


def summary_best(board: Leaderboard, models: Collection[str]) -> str:
    """Say in a sentence whether the best of several models is better by more than chance.

    Args:
        board: The leaderboard by an error, whose reference is the best of the models.
        models: Names of the models.
    """
    others = [
        each for each in board.standings
        if each.predictor in models and each.predictor != board.reference
    ]  # fmt: skip
    if all(math.isnan(each.low) for each in others):
        return "Too few past forecasts to tell these models apart"
    worse = [predictor_name(each.predictor) for each in others if each.high < 0]
    if not worse:
        return "These models are alike: what differs may be chance"
    best = predictor_name(board.reference)
    if len(worse) == len(others):
        return f"{best} misses least, by more than chance"
    return f"{best} misses less than {' and '.join(worse)}; the rest may be chance"


def summary_coins(board: Leaderboard) -> str:
    """Say in a sentence on which coins a model beats the last price by more than chance.

    Args:
        board: The leaderboard of one model, whose predictors are coins.
    """
    names = [each.predictor for each in board.standings]
    if all(math.isnan(each.low) for each in board.standings):
        return "Too few past forecasts to tell these coins apart"
    better = [each.predictor for each in board.standings if each.low > 0]
    worse = [each.predictor for each in board.standings if each.high < 0]
    put = "“the price stays put”"
    if len(better) == len(names):
        return f"Beats {put} on each of these coins"
    if better:
        others = [name for name in names if name not in better]
        return f"Beats {put} on {_listed(better)}, not on {_listed(others)}"
    if len(worse) == len(names):
        return f"Worse than {put} on each of these coins"
    if worse:
        return f"Worse than {put} on {_listed(worse)}, and no better on the others"
    return f"No better than {put} on any of these coins"


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _words(metric: str) -> tuple[str, str]:
    """Return what lies right and left of the reference."""
    if metric in _COVERAGES:
        return "holds more", "holds less"
    if metric == _DIRECTION:
        return "wrong more often", "wrong less often"
    return "misses more", "misses less"


def _label(predictor: str, focus: Collection[str], colours: style.Theme) -> str:
    name = style.plain(predictor_name(predictor))
    if predictor not in focus:
        return f"{name} "
    return f'<b><span style="color:{colours.forecast_text}">{name}</span></b> '


def _place(share: float, *, coverage: bool) -> float:
    """Return where a skill lies on the axis, in per cent or points."""
    return 100 * share if coverage else -100 * share


def _limit(rows: Collection[Standing], *, coverage: bool) -> float:
    """Return how far the axis reaches on both sides."""
    far = [
        max(abs(_place(end, coverage=coverage)) for end in (each.skill, each.low, each.high)
            if math.isfinite(end))
        for each in rows
    ]  # fmt: skip
    far = [each for each in far if each > _NOTHING]
    if not far:
        return 1.0
    usual = statistics.median(far)
    return max(0.1, 1.15 * max((each for each in far if each <= _REACH * usual), default=usual))


def _ticks(limit: float) -> list[float]:
    """Return 0 and a round number on each side of it."""
    size = 10.0 ** math.floor(math.log10(limit))
    end = next(size * each for each in (5, 2, 1) if size * each <= limit)
    return [-end, 0, end]


def _tick(value: float, coverage: bool) -> str:
    number = f"{abs(value):g}{'' if coverage else ' %'}"
    return "0" if not value else f"{'−' if value < 0 else '+'}{number}"


def _add_row(
    figure: go.Figure,
    place: int,
    standing: Standing,
    board: Leaderboard,
    limit: float,
    colours: style.Theme,
    *,
    own: bool,
) -> None:
    """Add the interval and the dot of a predictor, or an arrow where it lies farther away."""
    coverage = board.metric in _COVERAGES
    x = _place(standing.skill, coverage=coverage)
    colour = colours.forecast if own else colours.rule
    name = style.plain(predictor_name(standing.predictor))
    text = style.plain(skill_text(board, standing))
    hover = f"{name}: {text}<br>{INTERVAL} {interval_text(board, standing)}<extra></extra>"
    if abs(x) > limit:
        right = x > 0
        worse = right or coverage
        figure.add_scatter(
            x=[limit * (0.97 if right else -0.97)], y=[place], mode="markers+text",
            text=[_far(x, coverage=coverage)],
            textposition="middle left" if right else "middle right",
            textfont={"color": colours.watch if own else colours.faint},
            marker={"symbol": f"triangle-{'right' if right else 'left'}", "size": 11,
                    "color": colours.worse if worse else colour},
            hovertemplate=hover, cliponaxis=False,
        )  # fmt: skip
        return
    ends = [_place(end, coverage=coverage) for end in (standing.low, standing.high)]
    if all(map(math.isfinite, ends)):
        figure.add_scatter(
            x=[min(max(end, -limit), limit) for end in ends], y=[place, place], mode="lines",
            line={"color": colour, "width": 3 if own else 2}, hoverinfo="skip",
        )  # fmt: skip
    figure.add_scatter(
        x=[x], y=[place], mode="markers", hovertemplate=hover,
        marker={"size": 11 if own else 9, "color": colour},
    )  # fmt: skip


def _far(x: float, *, coverage: bool) -> str:
    unit = "points" if coverage else "%"
    return f"{abs(x):.1f} {unit} {'more' if x > 0 else 'less'}  "
