"""Figures of training and of scores: loss by epoch, errors against naive, coverage."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from cryptoforecast.charts import style
from cryptoforecast.types import EpochLoss, Scores, predictor_name, predictor_phrase

#: Epochs before a curve has a shape, and the fall of the loss in as many that is none.
_FEW_EPOCHS, _LEVEL = 3, 0.003
#: Marker and dash of each predictor; a network has the first.
_MARKERS = {
    "": ("diamond", "solid"),
    "stack": ("pentagon", "solid"),
    "naive": ("circle", "dot"),
    "cone": ("square", "dash"),
    "drift": ("x", "longdash"),
    "har": ("triangle-up", "dashdot"),
    "linear": ("triangle-down", "longdashdot"),
    "boosting": ("star", "dash"),
}


def loss_curve(
    curve: Sequence[EpochLoss],
    *,
    epochs: int | None = None,
    dark: bool = False,
    titled: bool = True,
) -> go.Figure:
    """Draw the loss after each epoch, on training and on validation rows.

    Args:
        curve: Epochs that are finished; may be empty.
        epochs: Largest number of epochs, so that the axis stays the same during a training.
        dark: Whether the page behind is dark.
        titled: Whether the figure has a title and a legend. In a card the lines have their names
            at their ends.
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
        line={"color": colours.forecast, "width": 2}, marker={"symbol": "diamond"},
        hovertemplate="validation %{y:.4g}<extra></extra>",
    )  # fmt: skip
    style.lay_out(
        figure, "Loss by epoch", [], dark=dark, height=280, revision="loss",
    )  # fmt: skip
    best = best_epoch(curve)
    if best is not None:
        figure.add_scatter(
            x=[best.epoch], y=[best.val_loss], mode="markers", showlegend=False, hoverinfo="skip",
            marker={"size": 9, "color": colours.forecast},
        )  # fmt: skip
    last = max([1, *epoch, *([] if epochs is None else [epochs])])
    axis: dict[str, object] = {
        "title": style.axis_title("epoch"),
        "range": [0.5, last + 0.5],
        "tickformat": "d",
    }
    if last <= 10:
        axis["dtick"] = 1
    figure.update_layout(
        xaxis=axis,
        yaxis={"title": style.axis_title("loss, scaled target"), "nticks": 6},
    )
    if not curve:
        figure.add_annotation(
            text="The first epoch is running", showarrow=False, xref="paper", yref="paper",
            x=0.5, y=0.5, font={"size": 13, "color": colours.faint},
        )  # fmt: skip
    if not titled:
        _name_lines(figure, curve, colours, last)
    return figure


def _name_lines(
    figure: go.Figure, curve: Sequence[EpochLoss], colours: style.Theme, last: int
) -> None:
    """Write the names of both lines at their ends, in place of title, legend and axes."""
    style.untitle(figure)
    figure.layout.showlegend = False
    figure.layout.margin = {"l": 6, "r": 6, "t": 6, "b": 6}
    figure.layout.yaxis.update(title=None, showticklabels=False, showgrid=False)
    figure.layout.xaxis.update(title=None, showgrid=False)
    for trace in figure.data[:2]:
        trace.update(mode="lines")
        trace.line.dash = "solid"
    if curve:
        # Close to each other, the two names stand above and below their lines.
        above = 1 if curve[-1].val_loss >= curve[-1].loss else -1
        for value, text, colour, side in (
            (curve[-1].val_loss, "prices it hasn't seen", colours.forecast_text, above),
            (curve[-1].loss, "prices it learns from", colours.faint, -above),
        ):
            figure.add_annotation(
                x=curve[-1].epoch, y=value, text=text, showarrow=False, yshift=11 * side,
                xanchor="right" if curve[-1].epoch > last / 2 else "left",
                font={"size": 12, "color": colour},
            )  # fmt: skip


def best_epoch(curve: Sequence[EpochLoss]) -> EpochLoss | None:
    """Return the epoch with the lowest validation loss; ``None`` where there is none."""
    known = [point for point in curve if math.isfinite(point.val_loss)]
    return min(known, key=lambda point: point.val_loss, default=None)


def words_on_loss(curve: Sequence[EpochLoss]) -> str:
    """Say in a sentence for a learner what the shape of a loss curve means."""
    best = best_epoch(curve)
    if best is None or len(curve) < _FEW_EPOCHS:
        return "It begins: both lines should fall fast."
    since = curve[-1].epoch - best.epoch
    if since >= _FEW_EPOCHS and curve[-1].loss < best.loss:
        return "It learns by heart now: only the grey line still falls. The best pass is kept."
    before = curve[-_FEW_EPOCHS].val_loss
    if best.epoch == curve[-1].epoch and before - best.val_loss > _LEVEL * best.val_loss:
        return "It still learns: the blue line falls."
    return "The blue line has levelled off: little more to gain."


def coverage(
    shares: Mapping[str, Mapping[int, float]], *, simulated: bool = False, dark: bool = False
) -> go.Figure:
    """Draw the share of actuals inside each band against the promised share.

    Args:
        shares: Share of actuals inside, by predictor and level (%). NaN is left out.
        simulated: Whether the prices are simulated.
        dark: Whether the page behind is dark.
    """
    colours = style.theme(dark)
    levels = sorted({level for by_level in shares.values() for level in by_level})
    bands = [f"{level} %" for level in levels]
    figure = go.Figure()
    figure.add_scatter(
        x=bands, y=levels, name="as promised", mode="markers", hoverinfo="skip",
        marker={"symbol": "line-ew", "size": 36, "line": {"color": colours.ink, "width": 2}},
    )  # fmt: skip
    for name, by_level in shares.items():
        symbol, dash = _MARKERS.get(name, _MARKERS[""])
        figure.add_scatter(
            x=bands, y=[100 * by_level.get(level, math.nan) for level in levels],
            name=predictor_name(name), mode="lines+markers", marker={"symbol": symbol, "size": 9},
            line={"color": _colour(name, colours), "dash": dash, "width": 1.6},
            hovertemplate=f"{predictor_name(name)} %{{y:.1f}} %<extra></extra>",
        )  # fmt: skip
    subtitle = [style.SIMULATED] if simulated else []
    style.lay_out(
        figure, "Coverage: promised and measured", subtitle, dark=dark, height=380,
        revision="coverage", legend_rows=3,
        extra={
            "xaxis": {"title": style.axis_title("level of the band"),
                      "type": "category", "unifiedhovertitle": {"text": "%{x} band"}},
            "yaxis": {"title": style.axis_title("actuals inside, %"), "nticks": 6},
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
        scores: By predictor, with ``naive``, one ``Scores`` a step.
        step: A step, 1 to the horizon. The default is the last one.
        metric: ``"mae"`` of the price, or ``"pinball"`` of the whole band.
        simulated: Whether the prices are simulated.
        dark: Whether the page behind is dark.
    """
    colours = style.theme(dark)
    ratios = _relative_errors(scores, step, metric)
    names, values = list(ratios)[::-1], list(ratios.values())[::-1]

    def colour(name: str, ratio: float) -> str:
        return colours.rule if name == "naive" else colours.worse if ratio > 1 else colours.forecast

    figure = go.Figure()
    figure.add_bar(
        x=values, y=[predictor_name(name) for name in names], orientation="h",
        text=[_ratio_text(value) for value in values],
        textposition="outside", cliponaxis=False, textfont={"color": colours.ink},
        marker={"color": [colour(name, ratios[name]) for name in names]},
        hovertemplate="%{y}: %{text} the naive error<extra></extra>",
    )  # fmt: skip
    what = "Error of the price" if metric == "mae" else "Error of the band"
    unit = "MAE" if metric == "mae" else "pinball loss"
    subtitle = ["dashed: the last price; left of it is better"]
    if simulated:
        subtitle.insert(0, style.SIMULATED)
    longest = max([1.0, *(value for value in values if math.isfinite(value))])
    style.lay_out(
        figure, f"{what}, naive = 1", subtitle, dark=dark, height=150 + 38 * len(names),
        revision=f"errors {metric}", legend=False,
        extra={
            "hovermode": "closest",
            "bargap": 0.35,
            "shapes": [style.dashed_line(colours.ink, x=1)],
            "xaxis": {"title": style.axis_title(f"{unit} / naive {unit}"),
                      "range": [0, 1.22 * longest], "nticks": 6},
        },
    )  # fmt: skip
    return figure


def summary_loss(curve: Sequence[EpochLoss]) -> str:
    """Describe in one sentence what ``loss_curve`` shows."""
    if not curve:
        return "No epoch has finished yet."
    last = curve[-1]
    text = f"After epoch {last.epoch} the training loss is {last.loss:.4g}"
    best = best_epoch(curve)
    if best is None:
        return f"{text}."
    return (
        f"{text} and the validation loss {last.val_loss:.4g}; the lowest validation loss so far "
        f"is {best.val_loss:.4g}, after epoch {best.epoch}."
    )


def summary_coverage(shares: Mapping[str, Mapping[int, float]]) -> str:
    """Describe in one sentence what ``coverage`` shows."""
    parts = [
        f"the {level} % band of {predictor_phrase(name)} holds {100 * share:.1f} % of the actuals"
        for name, by_level in shares.items()
        for level, share in by_level.items()
        if level == 80 and math.isfinite(share)
    ]
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if parts else "No coverage is defined here."


def summary_errors(
    scores: Mapping[str, Sequence[Scores]],
    step: int | None = None,
    *,
    metric: Literal["mae", "pinball"] = "mae",
) -> str:
    """Describe in one sentence what ``compare_errors`` shows."""
    ratios = _relative_errors(scores, step, metric)
    unit = "MAE" if metric == "mae" else "pinball loss"
    parts = [
        f"{predictor_phrase(name)} {_ratio_text(value)}"
        for name, value in ratios.items()
        if name != "naive"
    ]
    return f"{unit} in multiples of the last price's: {', '.join(parts)}."


def _colour(name: str, colours: style.Theme) -> str:
    known = {
        "stack": colours.forecast, "naive": colours.rule, "cone": style.GREEN,
        "drift": colours.faint, "har": colours.worse, "linear": style.PURPLE,
        "boosting": colours.watch,
    }  # fmt: skip
    return known.get(name, colours.ink)


def _relative_errors(
    scores: Mapping[str, Sequence[Scores]], step: int | None, metric: str
) -> dict[str, float]:
    row = -1 if step is None else step - 1
    base = getattr(scores["naive"][row], metric)
    return {
        name: float(np.divide(getattr(steps[row], metric), base)) if base > 0 else math.nan
        for name, steps in scores.items()
    }


def _ratio_text(ratio: float) -> str:
    """Write a ratio with decimals that tell it from 1."""
    if not math.isfinite(ratio):
        return "undefined"
    return f"{ratio:.3f}" if ratio < 1.1 else f"{ratio:.2f}"
