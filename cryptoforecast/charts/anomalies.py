"""The figure of anomalies: prices in their expected ranges, and when the two rules fired."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cryptoforecast.charts import style, wording
from cryptoforecast.charts.thinning import rows_to_show
from cryptoforecast.types import Anomalies, Array, moment_text, rarity_text

#: Anomalies with a label, at most; how near two labels may be on one side of the line, and on
#: different sides, as shares of the width.
_MAX_LABELS, _NEAR, _TOO_NEAR = 6, 0.22, 0.05
#: Half the width of a label, as a share of the figure's width; from where to where it stands over
#: or under its mark, as shares of the height.
_HALF_WIDTH, _FROM, _TO = 0.05, 0.02, 0.12
#: Share of the chart that half a label takes on a phone.
_EDGE = 0.12
#: Share of the height that the strips below the prices have.
_STRIPS = 0.13
_AMBER = style.ORANGE


def anomalies(result: Anomalies, *, dark: bool = False) -> go.Figure:
    """Draw closes, the range expected for each, diamonds at anomalies, and two strips.

    Args:
        result: Anomalies, of which all candles are drawn.
        dark: Whether the page behind is dark.
    """
    colours, each = style.theme(dark), result.surprises
    quote, close = each.history.quote, each.close
    rows = np.union1d(rows_to_show([each.low, each.high, close]), np.flatnonzero(result.alarms))
    times = style.dates(each.closes_at)
    edge = {"mode": "lines", "line": {"width": 0, "shape": "hvh"}, "hoverinfo": "skip"}
    figure = go.Figure()
    figure.add_scatter(x=times[rows], y=style.float32(each.low[rows]), **edge)
    figure.add_scatter(
        x=times[rows], y=style.float32(each.high[rows]), fill="tonexty",
        fillcolor=colours.fan(0.28), **edge,
    )  # fmt: skip
    price = style.hover_price(close, quote)
    rate_texts = " to ".join(
        style.hover_price(close, quote, f"customdata[{column}]") for column in (0, 1)
    )
    figure.add_scatter(
        x=times[rows], y=style.float32(close[rows]), mode="lines",
        line={"color": colours.ink, "width": 1.25},
        customdata=np.stack([each.low[rows], each.high[rows]], axis=1),
        text=[rarity_text(rarity) for rarity in each.rarity[rows]],
        hovertemplate=f"{price}<br>expected {rate_texts}<br>%{{text}}<extra></extra>",
    )  # fmt: skip
    alarms = np.flatnonzero(result.alarms)
    figure.add_scatter(
        x=times[alarms], y=close[alarms], mode="markers", hoverinfo="skip",
        marker={"symbol": "diamond", "size": 11, "color": _AMBER,
                "line": {"color": colours.ink, "width": 1}},
        cliponaxis=False,
    )  # fmt: skip
    _add_strip(figure, times[alarms], 1, _AMBER)
    _add_strip(figure, times[np.flatnonzero(result.spikes)], 0, colours.rule)
    style.lay_out(
        figure,
        "",
        [],
        dark=dark,
        height=412,
        legend=False,
        revision=f"{each.history.market} {each.history.interval}",
        extra={
            "xaxis": {**style.time_axis(each.history.interval), "anchor": "y2", "showgrid": False,
                      "range": [times[0], times[-1]], "tickfont": {"color": colours.faint}},
            "yaxis": {**style.price_axis(close, quote), "domain": [_STRIPS + 0.09, 1],
                      "nticks": 6, "tickfont": {"color": colours.faint}},
            "yaxis2": {
                "domain": [0, _STRIPS], "range": [-0.6, 1.6], "fixedrange": True,
                "showgrid": False, "zeroline": False, "automargin": True, "tickvals": [0, 1],
                "ticktext": ["spike rule", "forecast"], "tickfont": {"color": colours.faint},
            },
            "annotations": _labels(result, times, colours),
        },
    )  # fmt: skip
    style.untitle(figure)
    figure.layout.margin.r = 12
    return figure


def _add_strip(figure: go.Figure, times: Array, height: int, colour: str) -> None:
    """Mark times by short vertical lines below the prices."""
    figure.add_scatter(
        x=times, y=np.full(len(times), height), yaxis="y2", mode="markers", hoverinfo="skip",
        marker={"symbol": "line-ns", "size": 9, "line": {"color": colour, "width": 2.5}},
    )  # fmt: skip


def _labels(result: Anomalies, times: Array, colours: style.Theme) -> list[dict[str, object]]:
    """Write how rare anomalies are, the rarest first, where no other label is near.

    A label stands above or below its mark, where fewer closes are in its way.
    """
    each = result.surprises
    places: list[tuple[int, bool]] = []
    notes: list[dict[str, object]] = []
    alarms = np.flatnonzero(result.alarms)
    for row in alarms[np.argsort(-each.rarity[alarms], kind="stable")]:
        above = _free_above(each.close, int(row))
        if any(
            abs(row - other) < (_NEAR if above == side else _TOO_NEAR) * len(each)
            for other, side in places
        ):
            continue
        places.append((int(row), above))
        notes.append(
            {
                "x": times[row], "y": float(each.close[row]), "showarrow": False,
                "text": f"<b>{rarity_text(each.rarity[row])}</b>",
                "yshift": 16 if above else -16,
                "xanchor": _anchor(row / len(each)),
                "font": {"color": colours.ink}, "bgcolor": colours.veil, "borderpad": 0,
            }
        )  # fmt: skip
        if len(places) == _MAX_LABELS:
            break
    return notes


def _anchor(share: float) -> str:
    """Say on which side of a label its mark is, so that none leaves a narrow chart."""
    return "left" if share < _EDGE else "right" if share > 1 - _EDGE else "center"


def _free_above(close: Array, row: int) -> bool:
    """Return whether fewer closes are above a mark than below, where its label would stand."""
    half = round(_HALF_WIDTH * len(close))
    near = close[max(0, row - half) : row + half + 1]
    heights = (near - close[row]) / max(np.ptp(close), np.finfo(float).tiny)
    above, below = (
        int(((side * heights > _FROM) & (side * heights < _TO)).sum()) for side in (1, -1)
    )
    return above <= below


def summary_anomalies(result: Anomalies) -> str:
    """Say what the figure shows."""
    each, rate = result.surprises, result.rate
    rarest = "" if not rate.alarms else _rarest(result)
    return (
        f"{result.sentence}.{rarest} The spike rule, which promises as many, fired {rate.spikes:,} "
        f"times. Closes of {each.history.market} from {moment_text(each.closes_at[0])} to "
        f"{moment_text(each.closes_at[-1])}."
    )


def _rarest(result: Anomalies) -> str:
    table: pd.DataFrame = result.frame()
    row = table.loc[table["rarity"].idxmax()]
    return (
        f" The rarest was {rarity_text(row['rarity'])}: {wording.percent(row['move'], '+')} by "
        f"{moment_text(row['closes_at'])}."
    )
