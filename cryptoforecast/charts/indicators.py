"""The parts of a market's figure that show indicators: lines on the prices, panels below them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from cryptoforecast.charts import style, thinning
from cryptoforecast.types import Array, Indicator

#: How lines are told apart, and what each way is called.
_DASHES = {"solid": "solid", "dash": "dashed", "dot": "dotted"}
#: How values of a unit are written under the pointer and beside an axis.
_FORMATS = {"%": (".2f", " %"), "x": (".2f", " x"), "": (".0f", "")}


def on_prices(
    figure: go.Figure, x: Array, indicators: Sequence[Indicator], hover: str, dark: bool
) -> None:
    """Add the indicators that lie on the prices: grey, told apart by their dashes.

    Args:
        figure: The figure, which is changed in place.
        x: Times of ``style.dates``, ``(n,)``.
        indicators: All indicators; those with a panel of their own are left out.
        hover: Template of a price; see ``style.hover_price``.
        dark: Whether the page behind is dark.
    """
    colours = style.theme(dark)
    for indicator in indicators:
        if not indicator.on_prices:
            continue
        ends = _is_band(indicator)
        for row, (name, values) in enumerate(indicator.lines.items()):
            dash = "solid" if ends and name != "mean" else list(_DASHES)[row % 3]
            figure.add_scatter(
                x=x, y=style.float32(values), name=name, mode="lines",
                line={"color": colours.rule, "width": 1 if ends else 1.5, "dash": dash},
                fill="tonexty" if ends and row > 0 else None,
                fillcolor=style.GRID if ends else None,
                hovertemplate=f"{name} {hover}<extra></extra>",
            )  # fmt: skip


def legend(indicators: Sequence[Indicator]) -> list[str]:
    """Say which line on the prices is which: "mean of 10 (solid), 50 (dashed)".

    Args:
        indicators: All indicators; those with a panel of their own have their name above it.

    Returns:
        A line of text for each indicator.
    """
    lines = []
    for indicator in indicators:
        if not indicator.on_prices:
            continue
        if _is_band(indicator):
            lines.append(f"{indicator.title}: grey area, dashed mean")
            continue
        names = list(indicator.lines)
        start = names[0].rpartition(" ")[0]
        if start and all(name.rpartition(" ")[0] == start for name in names):
            names[1:] = [name.rpartition(" ")[2] for name in names[1:]]
        looks = list(_DASHES.values())
        lines.append(", ".join(f"{name} ({looks[row % 3]})" for row, name in enumerate(names)))
    return lines


def _is_band(indicator: Indicator) -> bool:
    return len(indicator.lines) == 3 and "mean" in indicator.lines


def panels(
    figure: go.Figure, x: Array, indicators: Sequence[Indicator], first_axis: int, dark: bool
) -> list[str]:
    """Add the indicators that have a panel, and return the numbers of their axes.

    Args:
        figure: The figure, which is changed in place.
        x: Times of ``style.dates``, ``(n,)``.
        indicators: All indicators; those on the prices are left out.
        first_axis: Number of the first axis that is free.
        dark: Whether the page behind is dark.
    """
    colours = style.theme(dark)
    own = [one for one in indicators if not one.on_prices]
    for number, indicator in enumerate(own, first_axis):
        form, unit = _FORMATS[indicator.unit]
        for row, (name, values) in enumerate(indicator.lines.items()):
            common = {
                "x": x, "y": style.float32(values), "name": name, "yaxis": f"y{number}",
                "hovertemplate": f"{name} %{{y:{form}}}{unit}<extra></extra>",
            }  # fmt: skip
            if row:
                figure.add_bar(**common, marker={"color": colours.rule, "line": {"width": 0}})
            else:
                figure.add_scatter(
                    **common, mode="lines", line={"color": colours.ink, "width": 1.25}
                )
        for guide in indicator.guides:
            figure.add_shape(
                type="line", xref="x domain", x0=0, x1=1, yref=f"y{number}", y0=guide, y1=guide,
                line={"color": colours.rule, "width": 1, "dash": "dot"}, layer="below",
            )  # fmt: skip
        figure.add_annotation(
            text=style.plain(indicator.title), showarrow=False,
            xref="x domain", x=0, xanchor="left", yref=f"y{number} domain", y=1, yanchor="bottom",
            font={"size": 12, "color": colours.faint},
        )  # fmt: skip
    return [f"y{number}" for number in range(first_axis, first_axis + len(own))]


def thinned(indicators: Sequence[Indicator], close: Array) -> tuple[Array, list[Indicator]]:
    """Leave out rows that a figure is too narrow for; the extremes of every line stay.

    Args:
        indicators: Indicators of ``n`` candles.
        close: Their closes, ``(n,)``.

    Returns:
        The rows that are left, and the indicators of these.
    """
    every = [close, *(line for one in indicators for line in one.lines.values())]
    rows = thinning.rows_to_show(every) if len(close) > thinning.LIMIT else np.arange(len(close))
    return rows, [
        Indicator(
            one.name, one.title, {name: line[rows] for name, line in one.lines.items()},
            one.on_prices, one.unit, one.guides,
        )
        for one in indicators
    ]  # fmt: skip
