"""Figures of learning and judgement: loss by epoch, errors against naive, coverage."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from cryptoforecast.charts import style
from cryptoforecast.types import EpochLoss, Scores

#: Marker and dash of each predictor; a network gets the first.
_LOOKS = {
    "": ("diamond", "solid"),
    "naive": ("circle", "dot"),
    "cone": ("square", "dash"),
    "drift": ("x", "longdash"),
    "har": ("triangle-up", "dashdot"),
    "linear": ("triangle-down", "longdashdot"),
    "boosting": ("star", "dash"),
}


def loss_curve(
    curve: Sequence[EpochLoss], *, epochs: int | None = None, dark: bool = False
) -> go.Figure:
    """Draw the loss after each epoch, on training and on validation rows.

    Args:
        curve: epochs finished so far; may be empty.
        epochs: the most there can be, so that the axis stays put while training.
        dark: whether the page behind is dark.
    """
    colours = style.theme(dark)
    epoch = [point.epoch for point in curve]
    figure = go.Figure()
    figure.add_scatter(
        x=epoch, y=[point.loss for point in curve], name="training", mode="lines+markers",
        line={"color": colours.rule, "dash": "dot", "width": 2}, marker={"symbol": "circle"},
        hovertemplate="training %{y:.4g}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=epoch, y=[point.val_loss for point in curve], name="validation", mode="lines+markers",
        line={"color": colours.strong, "width": 2}, marker={"symbol": "diamond"},
        hovertemplate="validation %{y:.4g}<extra></extra>",
    )  # fmt: skip
    style.lay_out(
        figure, "Loss by epoch", [], dark=dark, height=280, keep="loss",
    )  # fmt: skip
    last = max([1, *epoch, *([] if epochs is None else [epochs])])
    axis: dict[str, object] = {
        "title": {"text": "epoch", "font": {"size": 11}, "standoff": 4},
        "range": [0.5, last + 0.5],
        "tickformat": "d",
    }
    if last <= 10:
        axis["dtick"] = 1
    figure.update_layout(
        xaxis=axis,
        yaxis={"title": {"text": "loss, scaled target", "font": {"size": 11}}, "nticks": 6},
    )
    if not curve:
        figure.add_annotation(
            text="The first epoch is running", showarrow=False, xref="paper", yref="paper",
            x=0.5, y=0.5, font={"size": 13, "color": colours.faint},
        )  # fmt: skip
    return figure


def coverage(
    measured: Mapping[str, Mapping[int, float]], *, simulated: bool = False, dark: bool = False
) -> go.Figure:
    """Draw how many actuals fell inside each band against how many should.

    Args:
        measured: share of actuals inside, by predictor and level (%); NaN is left out.
        simulated: whether the prices are not from a real market.
        dark: whether the page behind is dark.
    """
    colours = style.theme(dark)
    levels = sorted({level for shares in measured.values() for level in shares})
    bands = [f"{level} %" for level in levels]
    figure = go.Figure()
    figure.add_scatter(
        x=bands, y=levels, name="as promised", mode="markers", hoverinfo="skip",
        marker={"symbol": "line-ew", "size": 36, "line": {"color": colours.ink, "width": 2}},
    )  # fmt: skip
    for name, shares in measured.items():
        symbol, dash = _LOOKS.get(name, _LOOKS[""])
        figure.add_scatter(
            x=bands, y=[100 * shares.get(level, math.nan) for level in levels], name=name,
            mode="lines+markers", marker={"symbol": symbol, "size": 9},
            line={"color": _colour(name, colours), "dash": dash, "width": 1.6},
            hovertemplate=f"{name} %{{y:.1f}} %<extra></extra>",
        )  # fmt: skip
    subtitle = ["<b>Simulated prices, not a market</b>"] if simulated else []
    style.lay_out(
        figure, "Coverage: promised and measured", subtitle, dark=dark, height=380,
        keep="coverage", legend_rows=3,
        more={
            "xaxis": {"title": {"text": "level of the band", "font": {"size": 11}, "standoff": 4},
                      "type": "category", "unifiedhovertitle": {"text": "%{x} band"}},
            "yaxis": {"title": {"text": "actuals inside, %", "font": {"size": 11}}, "nticks": 6},
        },
    )  # fmt: skip
    return figure


def compare_errors(
    scores: Mapping[str, Sequence[Scores]],
    step: int | None = None,
    *,
    metric: Literal["mae", "pinball"] = "mae",
    simulated: bool = False,
    dark: bool = False,
) -> go.Figure:
    """Draw each predictor's error as a multiple of naive's.

    Args:
        scores: by predictor, ``naive`` among them, one ``Scores`` a step.
        step: 1 to the horizon; the last by default.
        metric: ``"mae"`` of the price, or ``"pinball"`` of the whole band.
        simulated: whether the prices are not from a real market.
        dark: whether the page behind is dark.
    """
    colours = style.theme(dark)
    ratios = _relative(scores, step, metric)
    names, values = list(ratios)[::-1], list(ratios.values())[::-1]

    def colour(name: str, ratio: float) -> str:
        return colours.rule if name == "naive" else colours.strong if ratio > 1 else colours.calm

    figure = go.Figure()
    figure.add_bar(
        x=values, y=names, orientation="h", text=[_times(value) for value in values],
        textposition="outside", cliponaxis=False, textfont={"color": colours.ink},
        marker={"color": [colour(name, ratios[name]) for name in names]},
        hovertemplate="%{y}: %{text} the naive error<extra></extra>",
    )  # fmt: skip
    what = "Error of the price" if metric == "mae" else "Error of the band"
    unit = "MAE" if metric == "mae" else "pinball loss"
    subtitle = ["dashed: the last price; left of it is better"]
    if simulated:
        subtitle.insert(0, "<b>Simulated prices, not a market</b>")
    longest = max([1.0, *(value for value in values if math.isfinite(value))])
    style.lay_out(
        figure, f"{what}, naive = 1", subtitle, dark=dark, height=150 + 38 * len(names),
        keep=f"errors {metric}", legend=False,
        more={
            "hovermode": "closest",
            "bargap": 0.35,
            "shapes": [style.across(colours.ink, x=1)],
            "xaxis": {"title": {"text": f"{unit} / naive {unit}", "font": {"size": 11},
                                "standoff": 4},
                      "range": [0, 1.22 * longest], "nticks": 6},
        },
    )  # fmt: skip
    return figure


def summary_loss(curve: Sequence[EpochLoss]) -> str:
    """Say in one sentence what ``loss_curve`` shows."""
    if not curve:
        return "No epoch has finished yet."
    last = curve[-1]
    known = [point for point in curve if math.isfinite(point.val_loss)]
    text = f"After epoch {last.epoch} the training loss is {last.loss:.4g}"
    if not known:
        return f"{text}."
    best = min(known, key=lambda point: point.val_loss)
    return (
        f"{text} and the validation loss {last.val_loss:.4g}; the lowest validation loss so far "
        f"is {best.val_loss:.4g}, after epoch {best.epoch}."
    )


def summary_coverage(measured: Mapping[str, Mapping[int, float]]) -> str:
    """Say in one sentence what ``coverage`` shows."""
    parts = [
        f"{name}'s {level} % band holds {100 * share:.1f} % of the actuals"
        for name, shares in measured.items()
        for level, share in shares.items()
        if level == 80 and math.isfinite(share)
    ]
    return "; ".join(parts) + "." if parts else "No coverage is defined here."


def summary_errors(
    scores: Mapping[str, Sequence[Scores]],
    step: int | None = None,
    *,
    metric: Literal["mae", "pinball"] = "mae",
) -> str:
    """Say in one sentence what ``compare_errors`` shows."""
    ratios = _relative(scores, step, metric)
    unit = "MAE" if metric == "mae" else "pinball loss"
    parts = [f"{name} {_times(value)}" for name, value in ratios.items() if name != "naive"]
    return f"{unit} in multiples of the last price's: {', '.join(parts)}."


def _colour(name: str, colours: style.Theme) -> str:
    other = style.ORANGE if colours.strong == style.VERMILLION else style.VERMILLION
    known = {
        "naive": colours.rule, "cone": colours.calm, "drift": colours.faint, "har": style.GREEN,
        "linear": style.PURPLE, "boosting": other,
    }  # fmt: skip
    return known.get(name, colours.strong)


def _relative(
    scores: Mapping[str, Sequence[Scores]], step: int | None, metric: str
) -> dict[str, float]:
    row = -1 if step is None else step - 1
    base = getattr(scores["naive"][row], metric)
    return {
        name: float(np.divide(getattr(steps[row], metric), base)) if base > 0 else math.nan
        for name, steps in scores.items()
    }


def _times(ratio: float) -> str:
    """Write a ratio with as many decimals as tell it from 1."""
    if not math.isfinite(ratio):
        return "undefined"
    return f"{ratio:.3f}" if ratio < 1.1 else f"{ratio:.2f}"
