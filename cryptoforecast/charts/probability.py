"""The figure of the probability of one price at every step, and chances in words."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from cryptoforecast.charts import style, wording
from cryptoforecast.types import (
    NextSteps,
    Probability,
    Touch,
    moment_text,
    price_text,
)
from cryptoforecast.types.prices import UNKNOWN_COIN

#: Steps up to which markers are large.
_MAX_LARGE_MARKERS = 12


def probability_by_step(
    next_steps: NextSteps,
    probability: Probability,
    touch: Touch | None = None,
    *,
    dark: bool = False,
    zone: str | None = None,
) -> go.Figure:
    """Draw the probability of ending above or below a price, at each step.

    Args:
        next_steps: A forecast from one origin.
        probability: A probability of this forecast.
        touch: The probability of touching the same price until then; ``None`` to leave it out.
        dark: Whether the page behind is dark.
        zone: Time zone of the user, whose times appear under the pointer beside UTC.
    """
    colours, percentages = style.theme(dark), 100 * probability.by_step
    price = price_text(probability.level, next_steps.history.quote)
    x = style.dates(next_steps.closing_times)
    local, local_form = style.local_hover(next_steps.closing_times, zone)
    figure = go.Figure()
    figure.add_scatter(
        x=x, y=percentages, mode="lines+markers", name="chance", showlegend=False,
        line={"color": colours.forecast, "width": 2},
        marker={"symbol": "diamond", "size": 8 if len(x) <= _MAX_LARGE_MARKERS else 4},
        hovertext=local, hovertemplate=f"%{{y:.1f}} %{local_form}<extra></extra>",
    )  # fmt: skip
    if touch is not None:
        figure.add_scatter(
            x=x, y=100 * touch.by_step, mode="lines", name="touched", showlegend=False,
            line={"color": style.BLUE, "width": 2, "dash": "dot"},
            hovertext=local, hovertemplate=f"touched: %{{y:.1f}} %{local_form}<extra></extra>",
        )  # fmt: skip
    font = {"size": 12, "color": colours.ink}
    below = touch is not None and len(x) > 1  # the dotted line is above
    ends = [
        {"x": x[row], "y": percentages[row], "text": probability_text(probability.by_step[row]),
         "showarrow": False, "xanchor": side, "yshift": -14 if below and row else 14, "font": font}
        for row, side in ((0, "left"), (-1, "right"))
        if math.isfinite(percentages[row])
    ]  # fmt: skip
    if touch is not None and math.isfinite(touch.by_step[-1]):
        ends.append(
            {"x": x[-1], "y": 100 * touch.by_step[-1], "showarrow": False, "xanchor": "right",
             "text": f"touched: {probability_text(touch.by_step[-1])}", "yshift": 14, "font": font}
        )  # fmt: skip
    style.lay_out(
        figure, f"Chance of ending {probability.direction} {price}",
        style.subtitle_lines(
            next_steps.history,
            "dashed: as likely as not" + "; dotted: touched until then" * (touch is not None),
        ),
        dark=dark, height=320, legend=False,
        revision=f"chance {next_steps.history.coin} {probability.direction}",
        extra={
            "xaxis": style.time_axis(next_steps.history.interval),
            "yaxis": {"title": style.axis_title("chance (probability), %"),
                      "range": [-14 if below else -3, 103], "dtick": 25},
            "shapes": [style.dashed_line(colours.rule, y=50)],
            "annotations": ends,
        },
    )  # fmt: skip
    return figure


def summary_probability(next_steps: NextSteps, probability: Probability) -> str:
    """Describe in one sentence what ``probability_by_step`` shows."""
    history, steps = next_steps.history, len(probability.by_step)
    price = f"{probability.direction} {price_text(probability.level, history.quote)}"
    name = "" if history.coin == UNKNOWN_COIN else f"{history.coin} "
    real = "simulated price" if history.simulated else "price"
    text = (
        f"Chance that the {name}{real} ends {price} at {_when(next_steps, steps)}: "
        f"{probability_text(probability.by_step[-1])}"
    )
    if steps == 1:
        return f"{text}."
    first = probability_text(probability.by_step[0])
    return f"{text}; at {_when(next_steps, 1)}: {first}."


def summary_touch(next_steps: NextSteps, touch: Touch) -> str:
    """Write in one sentence how likely the price touches a level by the last step."""
    history = next_steps.history
    return (
        f"Chance of touching {price_text(touch.price, history.quote)} at any time until then: "
        f"{probability_text(touch.by_step[-1])}."
    )


def probability_text(probability: float) -> str:
    """Write a probability no more precisely than it is known: "41 %", "under 1 %"."""
    if not math.isfinite(probability):
        return "unknown"
    if probability < 0.01:
        return "under 1 %"
    return "over 99 %" if probability > 0.99 else f"{100 * probability:.0f} %"


def _when(next_steps: NextSteps, step: int) -> str:
    """Write when the close of a step is known, and how far ahead that is."""
    distance = wording.step_label(step, next_steps.history.interval)
    return f"{moment_text(next_steps.closing_times[step - 1])} ({distance})"
