"""Figures that stand in a card: words on the lines themselves, no title, legend or buttons."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from cryptoforecast.charts import style

#: Pixels around the plot where nothing stands at its right; more for labels at the line ends.
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 10, 26
#: Height where no page sets one, in pixels.
HEIGHT = 310


def lay_out(
    figure: go.Figure,
    *,
    dark: bool,
    revision: str,
    right: int = RIGHT,
    xaxis: Mapping[str, object] | None = None,
    yaxis: Mapping[str, object] | None = None,
) -> go.Figure:
    """Give a figure in a card its margins and colours; its height is the card's.

    Args:
        figure: The figure, which is changed in place.
        dark: Whether the page behind is dark.
        revision: See ``style.lay_out``.
        right: Pixels at the right of the plot.
        xaxis: Layout of this figure's x axis alone.
        yaxis: Layout of this figure's y axis alone.

    Returns:
        The same figure.
    """
    ticks = {"tickfont": {"color": style.theme(dark).faint}}
    style.lay_out(
        figure,
        "",
        [],
        dark=dark,
        height=HEIGHT,
        revision=revision,
        legend=False,
        extra={
            "xaxis": {"showgrid": False, "automargin": False, **ticks, **(xaxis or {})},
            "yaxis": {"nticks": 5, **ticks, **(yaxis or {})},
        },
    )
    style.untitle(figure, dated=False)  # the margins are fixed
    figure.layout.margin = {"l": LEFT, "r": right, "t": TOP, "b": BOTTOM}
    figure.layout.xaxis.showspikes = False
    return figure


def label(
    text: str,
    colour: str,
    *,
    x: object,
    y: float,
    anchor: str = "left",
    shift: int = 0,
    beyond: bool = False,
) -> dict[str, object]:
    """Describe words at a place of the plot, for ``annotations``.

    Args:
        text: Plotly text; ``style.plain`` where it is not ours.
        colour: Of the words.
        x: Where they begin, or end; with ``beyond`` they stand right of the plot.
        y: Height of their middle.
        anchor: The side of the words that is at ``x``: ``"left"``, ``"center"`` or ``"right"``.
        shift: Pixels by which they are moved up.
        beyond: Whether they stand right of the plot, whatever ``x`` is.
    """
    place = {"x": 1, "xref": "paper", "xshift": 6} if beyond else {"x": x, "xref": "x"}
    return {
        **place,
        "y": y,
        "yref": "y",
        "yshift": shift,
        "text": text,
        "showarrow": False,
        "xanchor": "left" if beyond else anchor,
        "yanchor": "middle",
        "font": {"size": 12, "color": colour},
    }
