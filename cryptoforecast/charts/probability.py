"""Figures of chances: of one price at every step, and of many prices at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cryptoforecast.charts import style
from cryptoforecast.types import NextSteps, Probability, duration

#: Cells of a map up to which each says its chance.
_WRITTEN = 120
#: Steps up to which each is marked.
_MARKED = 12


def chance_by_step(future: NextSteps, one: Probability, *, dark: bool = False) -> go.Figure:
    """Draw the chance of ending above or below a price, at each step.

    Args:
        future: one origin.
        one: of this forecast.
        dark: whether the page behind is dark.
    """
    colours, chances = style.theme(dark), 100 * one.by_step
    x = style.milliseconds(_times(future))
    figure = go.Figure()
    figure.add_scatter(
        x=x, y=chances, mode="lines+markers", name="chance", showlegend=False,
        line={"color": colours.strong, "width": 2},
        marker={"symbol": "diamond", "size": 8 if len(x) <= _MARKED else 4},
        hovertemplate="%{y:.1f} %<extra></extra>",
    )  # fmt: skip
    ends = [
        {"x": x[row], "y": chances[row], "text": percent(one.by_step[row]), "showarrow": False,
         "xanchor": side, "yshift": 14, "font": {"size": 12, "color": colours.ink}}
        for row, side in ((0, "left"), (-1, "right"))
        if math.isfinite(chances[row])
    ]  # fmt: skip
    style.lay_out(
        figure, f"Chance of ending {one.direction} {style.money(one.level)}",
        style.subtitle_lines(future.history, "dashed: as likely as not"),
        dark=dark, height=320, keep=f"chance {future.history.coin} {one.direction}", legend=False,
        more={
            "xaxis": style.time_axis(future.history.interval),
            "yaxis": {"title": {"text": "chance, %", "font": {"size": 11}},
                      "range": [-3, 103], "dtick": 25},
            "shapes": [style.across(colours.rule, y=50)],
            "annotations": ends,
        },
    )  # fmt: skip
    return figure


def chance_map(future: NextSteps, asked: Sequence[Probability], *, dark: bool = False) -> go.Figure:
    """Draw the chances of several prices at every step as a map of colours.

    Args:
        future: one origin.
        asked: of this forecast, all of one direction, by rising level.
        dark: whether the page behind is dark.
    """
    colours = style.theme(dark)
    chances = 100 * np.array([one.by_step for one in asked])
    ladder = _rungs([one.level for one in asked])
    single = chances.shape[1] == 1
    direction, coin = asked[0].direction, future.history.coin
    cells = {"z": chances, "y": ladder, "x": _labels(future)}
    if single:
        cells = {"z": chances.T, "x": ladder, "y": [""]}
    figure = go.Figure()
    figure.add_heatmap(
        **cells, zmin=0, zmax=100, xgap=1, ygap=1,
        colorscale=_scale(colours), showscale=False,
        texttemplate="%{z:.0f}" if chances.size <= _WRITTEN else "",
        textfont={"size": 11},
        hovertemplate=f"{direction} %{{{'x' if single else 'y'}}}"
        f"{'' if single else ', %{x}'}: %{{z:.1f}} %<extra></extra>",
    )  # fmt: skip
    more = {
        "xaxis": {"title": {"text": "ahead", "font": {"size": 11}, "standoff": 4},
                  "type": "category", "showgrid": False, "nticks": 4, "tickangle": 0},
        "yaxis": {"title": {"text": "price, USD", "font": {"size": 11}}, "type": "category",
                  "showgrid": False},
    }  # fmt: skip
    if single:
        more = {
            "xaxis": {"title": {"text": "price, USD", "font": {"size": 11}}, "type": "category",
                      "showgrid": False, "nticks": 5, "tickangle": 0},
            "yaxis": {"type": "category", "showgrid": False, "showticklabels": False},
        }  # fmt: skip
    style.lay_out(
        figure, f"Chance of ending {direction} each price, %",
        style.subtitle_lines(future.history, "blue: unlikely, orange: likely"),
        dark=dark, height=230 if single else 320, keep=f"chances {coin} {direction}", legend=False,
        more={"hovermode": "closest", **more},
    )  # fmt: skip
    return figure


def summary_chance(future: NextSteps, one: Probability) -> str:
    """Say in one sentence what ``chance_by_step`` shows."""
    history, steps = future.history, len(one.by_step)
    price = f"{one.direction} {style.money(one.level)}"
    real = "simulated price" if history.simulated else "price"
    last = duration(steps, history.interval)
    text = (
        f"Chance that the {history.coin} {real} ends {price} in {last}: {percent(one.by_step[-1])}"
    )
    if steps == 1:
        return f"{text}."
    return f"{text}; in {duration(1, history.interval)}: {percent(one.by_step[0])}."


def summary_chances(future: NextSteps, asked: Sequence[Probability]) -> str:
    """Say in one sentence what ``chance_map`` shows at its last step."""
    last = duration(len(asked[0].by_step), future.history.interval)
    prices = _rungs([one.level for one in asked])
    parts = [
        f"{price} {percent(one.by_step[-1])}" for price, one in zip(prices, asked, strict=True)
    ]
    return f"Chance of ending {asked[0].direction} each price in {last}: {', '.join(parts)}."


def percent(chance: float) -> str:
    """Write a chance no more precisely than it is known: "41 %", "under 1 %"."""
    if not math.isfinite(chance):
        return "unknown"
    if chance < 0.01:
        return "under 1 %"
    return "over 99 %" if chance > 0.99 else f"{100 * chance:.0f} %"


def _rungs(levels: Sequence[float]) -> list[str]:
    """Write round prices alike, with no more decimals than they need: "$65,000", "$0.0890"."""
    texts = [f"{level:.15g}" if level >= 1e-4 else f"{level:.15f}".rstrip("0") for level in levels]
    decimals = max(len(text.partition(".")[2]) for text in texts)
    return [f"${level:,.{decimals}f}" for level in levels]


def _times(future: NextSteps) -> pd.DatetimeIndex:
    steps = np.arange(1, future.forecast.horizon + 1)
    return pd.DatetimeIndex(future.forecast.origins[0] + steps * future.history.candle_length)


def _labels(future: NextSteps) -> list[str]:
    """Write how far each step looks ahead."""
    interval = future.history.interval
    return [duration(step, interval) for step in range(1, future.forecast.horizon + 1)]


def _scale(colours: style.Theme) -> list[tuple[float, str]]:
    """Blue over the page's own colour to orange: told apart without red and green."""
    return [(0.0, style.BLUE), (0.5, colours.surface), (1.0, style.ORANGE)]
