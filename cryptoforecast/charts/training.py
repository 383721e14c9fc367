"""The figure of a training: its loss after each pass, and what the shape means."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from cryptoforecast.charts import style
from cryptoforecast.types import EpochLoss

#: Epochs before a curve has a shape, and the relative fall of the loss in as many that counts as
#: none.
_FEW_EPOCHS, _LEVEL = 3, 0.003
#: Epochs before a running training is said to gain no more.
_EARLY_EPOCHS = 10


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
        x=epoch, y=[point.loss for point in curve], name="prices it learns from",
        mode="lines+markers",
        line={"color": colours.rule, "dash": "dot", "width": 2}, marker={"symbol": "circle"},
        hovertemplate="learns from: %{y:.4g}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=epoch, y=[point.val_loss for point in curve], name="prices it hasn't seen",
        mode="lines+markers",
        line={"color": colours.forecast, "width": 2}, marker={"symbol": "diamond"},
        hovertemplate="hasn't seen: %{y:.4g}<extra></extra>",
    )  # fmt: skip
    style.lay_out(
        figure, "How did the miss fall in training?", [], dark=dark, height=280, revision="loss",
    )  # fmt: skip
    best = best_epoch(curve)
    if best is not None:
        figure.add_scatter(
            x=[best.epoch], y=[best.val_loss], mode="markers", showlegend=False, hoverinfo="skip",
            marker={"size": 9, "color": colours.forecast},
        )  # fmt: skip
    last = max([1, *epoch, *([] if epochs is None else [epochs])])
    axis: dict[str, object] = {
        "title": style.axis_title("pass over the data (epoch)"),
        "range": [0.5, last + 0.5],
        "tickformat": "d",
    }
    if last <= 10:
        axis["dtick"] = 1
    figure.update_layout(
        xaxis=axis,
        yaxis={"title": style.axis_title("miss (loss)"), "nticks": 6},
    )
    if not curve:
        figure.add_annotation(
            text="The first pass is running", showarrow=False, xref="paper", yref="paper",
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
    points = [point for point in curve if math.isfinite(point.val_loss)]
    return min(points, key=lambda point: point.val_loss, default=None)


def words_on_loss(curve: Sequence[EpochLoss], *, over: bool = False) -> str:
    """Say in a plain sentence what the shape of a loss curve means.

    Args:
        curve: The losses of the passes so far.
        over: Whether the training has ended.
    """
    best = best_epoch(curve)
    if best is None or len(curve) < _FEW_EPOCHS:
        return "It had few passes to learn." if over else "It begins: both lines should fall fast."
    earlier, last = curve[-_FEW_EPOCHS], curve[-1]
    is_new = last.epoch - best.epoch < _FEW_EPOCHS
    level = _LEVEL * best.val_loss
    if is_new and earlier.val_loss - best.val_loss > level:
        return (
            "It learnt until the end: the blue line fell."
            if over
            else "It still learns: the blue line falls."
        )
    if not over and len(curve) < _EARLY_EPOCHS:
        return "Too early to say: the lines often pause in the first passes."
    if last.val_loss - best.val_loss <= level:
        return "The blue line has levelled off: little more to gain."
    if not is_new and last.loss < best.loss:
        return (
            f"Pass {best.epoch} was the best and is kept. Later ones learnt by heart: only the "
            "grey line fell."
            if over
            else "It learns by heart now: only the grey line still falls. The best pass is kept."
        )
    return (
        f"Pass {best.epoch} was the best and is kept. The blue line rose after it."
        if over
        else "The blue line rises for now. The best pass is kept."
    )


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
