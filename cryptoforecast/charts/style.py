"""How every figure looks: palette, panels, titles, units. Imports no Streamlit.

Colours are those of Okabe and Ito (2008), told apart by people who see red and green alike;
dashes and markers say the same once more. Backgrounds are transparent.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio

from cryptoforecast.types import INTERVAL_NOUNS, INTERVALS, Array, PriceHistory, duration

BLUE, SKY, GREEN = "#0072B2", "#56B4E9", "#009E73"
ORANGE, VERMILLION, PURPLE = "#E69F00", "#D55E00", "#CC79A7"

GRID = "rgba(128, 128, 128, 0.25)"
CLEAR = "rgba(0, 0, 0, 0)"


@dataclass(frozen=True)
class Theme:
    """Colours that differ between light and dark.

    ``strong`` is for what is predicted, falls or is worse; ``calm`` for what rises or is better.
    """

    ink: str
    faint: str
    strong: str
    calm: str
    band: str
    rule: str
    button: str
    pressed: str
    surface: str
    template: str

    def fan(self, opacity: float) -> str:
        """Return the band's colour as strong as ``opacity``, 0 to 1."""
        return f"rgba({self.band}, {opacity})"


LIGHT = Theme(
    ink="#1F2933", faint="#52606D", strong=VERMILLION, calm=BLUE, band="0, 114, 178",
    rule="#7B8794", button="#EEF1F4", pressed="#C9D3DC", surface="#FFFFFF",
    template="plotly_white",
)  # fmt: skip
DARK = Theme(
    ink="#F0F2F5", faint="#B4BEC8", strong=ORANGE, calm=SKY, band="86, 180, 233",
    rule="#9AA5B1", button="#262C36", pressed="#4A5563", surface="#1B212B",
    template="plotly_dark",
)  # fmt: skip


def theme(dark: bool) -> Theme:
    """Choose the colours for a dark or a light page."""
    return DARK if dark else LIGHT


def lay_out(
    figure: go.Figure,
    title: str,
    subtitle: list[str],
    *,
    dark: bool,
    height: int,
    keep: str,
    legend: bool = True,
    legend_rows: int = 1,
    more: Mapping[str, object] | None = None,
) -> go.Figure:
    """Give a figure its title, margins, legend and colours.

    Args:
        figure: changed in place.
        title: what it shows, at most about 45 characters to fit a telephone.
        subtitle: lines below it, at most about 55 characters each.
        dark: whether the page behind is dark.
        height: pixels.
        keep: zoom and hidden lines survive a refresh while this stays the same.
        legend: whether to list the lines, above the plot.
        legend_rows: rows that the legend takes on a telephone.
        more: layout of this figure alone, such as its axes, on top of the common one. Given here
            it takes a third of the time of a second ``update_layout``.

    Returns:
        The same figure.
    """
    colours = theme(dark)
    top = (
        32 + (14 + 15 * len(subtitle) if subtitle else 0) + (6 + 20 * legend_rows if legend else 0)
    )
    layout = {
        "template": _template(colours.template),
        "height": height,
        "title": {
            "text": title,
            "subtitle": {
                "text": "<br>".join(subtitle),
                "font": {"size": 12, "color": colours.faint},
            },
            "font": {"size": 15, "color": colours.ink},
            "x": 0, "xref": "container", "xanchor": "left", "pad": {"l": 8, "t": 8},
            "y": 1, "yref": "container", "yanchor": "top",
        },
        "font": {"size": 12, "color": colours.ink},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "margin": {"l": 8, "r": 8, "t": top, "b": 8},
        "showlegend": legend,
        "legend": {
            "orientation": "h", "x": 0, "xanchor": "left", "y": 1.01, "yanchor": "bottom",
            "bgcolor": CLEAR, "font": {"size": 12}, "itemwidth": 30,
        },
        "hovermode": "x unified",
        "hoverlabel": {
            "font": {"size": 12, "color": colours.ink},
            "bgcolor": colours.surface,
            "bordercolor": colours.rule,
        },
        "modebar": {
            "bgcolor": CLEAR, "color": colours.faint, "activecolor": colours.ink,
            "remove": ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"],
        },
        "uirevision": keep,
        "dragmode": "zoom",
        "xaxis": {
            "gridcolor": GRID, "automargin": True, "zeroline": False,
            # Plotly underlays the line at the pointer with white, which only a white page hides.
            "showspikes": not dark, "spikecolor": colours.rule, "spikethickness": 1,
            "spikedash": "dot",
        },
        "yaxis": {
            "gridcolor": GRID, "automargin": True, "zeroline": False, "title": {"standoff": 4},
        },
    }  # fmt: skip
    # Whole values: merging them into what is there, key by key, takes ten times as long.
    figure.update_layout(_merged(layout, more or {}), overwrite=True)
    return figure


def across(colour: str, *, x: float | None = None, y: float | None = None) -> dict[str, object]:
    """Describe a dashed line right through the plot at an ``x`` or a ``y``, for ``shapes``."""
    ends: dict[str, object] = (
        {"x0": x, "x1": x, "xref": "x", "y0": 0, "y1": 1, "yref": "y domain"}
        if y is None
        else {"x0": 0, "x1": 1, "xref": "x domain", "y0": y, "y1": y, "yref": "y"}
    )
    return {"type": "line", "line": {"color": colour, "dash": "dash", "width": 1}, **ends}


def _merged(common: Mapping[str, object], more: Mapping[str, object]) -> dict[str, object]:
    """Lay nested dictionaries over others."""
    result = dict(common)
    for key, value in more.items():
        below = result.get(key)
        nested = isinstance(below, dict) and isinstance(value, Mapping)
        result[key] = _merged(below, value) if nested else value  # type: ignore[arg-type]
    return result


@functools.cache
def _template(name: str) -> go.layout.Template:
    """Keep of a template of Plotly's what our figures use; all of it is copied into each."""
    whole = pio.templates[name].to_plotly_json()
    unused = ("coloraxis", "colorscale", "geo", "polar", "scene", "ternary")
    return go.layout.Template(
        data={kind: whole["data"][kind] for kind in ("bar", "scatter")},
        layout={key: value for key, value in whole["layout"].items() if key not in unused},
    )


def subtitle_lines(history: PriceHistory, *parts: str) -> list[str]:
    """Put the simulated label, if it is due, before the other lines of a subtitle."""
    lines = [part for part in parts if part]
    return ["<b>Simulated prices, not a market</b>", *lines] if history.simulated else lines


def time_axis(interval: str) -> dict[str, object]:
    """Describe an axis of candle opens, UTC."""
    return {
        "type": "date",
        "title": {"text": "candle open, UTC", "font": {"size": 11}, "standoff": 4},
        "unifiedhovertitle": {"text": f"%{{x|{moment_format(interval)}}} UTC"},
        "nticks": 5,
        "tickangle": 0,
        "tickformatstops": [
            {"dtickrange": [None, 86_399_999], "value": "%H:%M\n%b %-d"},
            {"dtickrange": [86_400_000, "M1"], "value": "%b %-d\n%Y"},
            {"dtickrange": ["M1", "M12"], "value": "%b\n%Y"},
            {"dtickrange": ["M12", None], "value": "%Y"},
        ],
    }


def price_axis(prices: Array, title: str = "USD") -> dict[str, object]:
    """Describe an axis of prices or price differences, USD."""
    return {
        "title": {"text": title, "font": {"size": 11}},
        "tickformat": tick_format(largest(prices)),
        "nticks": 7,
    }


def tick_format(price: float) -> str:
    """Choose short tick labels: "64k", "150", "0.00001"."""
    return "~s" if price >= 10_000 else ",~f" if price >= 1 else "~g"


def hover_price(prices: Array, value: str = "y", sign: str = "") -> str:
    """Write a price into a hover template, with as many decimals as its size calls for."""
    return f"%{{{value}:{sign}$,.{price_decimals(largest(prices))}f}}"


def money(price: float, sign: str = "") -> str:
    """Write a price in a sentence: "$64,123.45", "$0.00001234"."""
    if not math.isfinite(price):
        return "unknown"
    text = f"{abs(price):,.{price_decimals(abs(price))}f}"
    return f"{'-' if price < 0 else sign}${text}"


def price_decimals(price: float) -> int:
    """Choose decimals that leave about four significant digits, at least cents."""
    return 2 if price <= 0 else min(12, max(2, 3 - math.floor(math.log10(price))))


def largest(values: Array) -> float:
    """Return the largest size among the finite values; 0 if there is none."""
    known = np.abs(values[np.isfinite(values)])
    return float(known.max()) if known.size else 0.0


def milliseconds(times: pd.DatetimeIndex) -> Array:
    """Convert to milliseconds since 1970, which take a quarter of the room of text."""
    numbers: Array = times.as_unit("ms").asi8.astype(float)
    return numbers


def span(times: pd.DatetimeIndex, interval: str) -> str:
    """Write the first and the last time: "2024-02-10 to 2025-09-30 UTC"."""
    form = "%Y-%m-%d" if times[-1] - times[0] > pd.Timedelta(days=14) else moment_format(interval)
    return f"{times[0].strftime(form)} to {times[-1].strftime(form)} UTC"


def moment(time: pd.Timestamp, interval: str) -> str:
    """Write one time: "2025-09-30 15:00 UTC", or the date alone for candles of days."""
    return f"{time.strftime(moment_format(interval))} UTC"


def moment_format(interval: str) -> str:
    """Choose the date format that says enough for candles of this length."""
    return "%Y-%m-%d" if INTERVALS[interval] >= pd.Timedelta(days=1) else "%Y-%m-%d %H:%M"


def count(number: int, interval: str) -> str:
    """Write a number of candles: "1 hour", "14,245 hours"."""
    return f"{number:,} {INTERVAL_NOUNS[interval]}{'' if number == 1 else 's'}"


def ahead(step: int, interval: str) -> str:
    """Write how far a step looks: "1 hour ahead"."""
    return f"{duration(step, interval)} ahead"
