"""How every figure looks: palette, margins, titles, axes.

The colours are those of Okabe and Ito (2008), which people with red-green blindness can tell
apart: blue is the forecast, ink what happened, grey what it is compared with. Dashes and markers
repeat what the colours say. Backgrounds are transparent.
"""

from __future__ import annotations

import functools
import html
import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio

from cryptoforecast.charts.wording import CLOCK, moment_format
from cryptoforecast.texts import printable
from cryptoforecast.types import Array, PriceHistory, affixes, local_text
from cryptoforecast.types.quotes import DEFAULT_QUOTE, decimals

BLUE, SKY, GREEN = "#0072B2", "#56B4E9", "#009E73"
ORANGE, VERMILLION, PURPLE = "#E69F00", "#D55E00", "#CC79A7"

#: Characters of a line of a subtitle, so that it fits a phone.
MAX_LINE = 52
# Pixels that a phone has for a legend, of the sign of an entry and of a letter.
_PHONE, _LEGEND_KEY, _LETTER = 300, 45, 6
#: Line of a subtitle above prices that are not from a market.
SIMULATED = "<b>Simulated prices, not a market</b>"

# Units of time, the longest text last.
_UNITS: tuple[Literal["D", "m", "s", "ms"], ...] = ("D", "m", "s", "ms")
#: Prices below this would have an exponent in the short form of a tick.
_MIN_SHORT = 1e-5

GRID = "rgba(128, 128, 128, 0.16)"
#: The font of the pages, which the app serves; elsewhere the browser has another one.
FONT = "Inter, sans-serif"
CLEAR = "rgba(0, 0, 0, 0)"


@dataclass(frozen=True)
class Theme:
    """Colours that differ between light and dark.

    Attributes:
        ink: of text and of actual prices.
        faint: of subtitles and labels that matter less.
        forecast: of the forecast or model that was chosen.
        forecast_text: of text about it.
        worse: of what is worse, or outside.
        watch: of what deserves a look, such as a surprise.
        band: of bands, red, green and blue without opacity.
        rule: of reference lines and of what matters less.
        button: of a button.
        pressed: of a pressed button.
        surface: of the page behind.
        veil: of what lies behind a label that stands on a line.
        template: Plotly's template.
    """

    ink: str
    faint: str
    forecast: str
    forecast_text: str
    worse: str
    watch: str
    band: str
    rule: str
    button: str
    pressed: str
    surface: str
    veil: str
    template: str

    def fan(self, opacity: float) -> str:
        """Return the colour of bands at an ``opacity`` of 0 to 1."""
        return f"rgba({self.band}, {opacity})"


LIGHT = Theme(
    ink="#0F1720", faint="#55616E", forecast=BLUE, forecast_text="#0067A3", worse=VERMILLION,
    watch="#855700", band="0, 114, 178",
    rule="#7A8591", button="#EEF1F4", pressed="#C9D3DC", surface="#FFFFFF",
    veil="rgba(255, 255, 255, 0.75)",
    template="plotly_white",
)  # fmt: skip
DARK = Theme(
    ink="#EDF1F5", faint="#A3AEB9", forecast=SKY, forecast_text="#7CC5F0", worse="#F0813A",
    watch=ORANGE, band="86, 180, 233",
    rule="#8D99A6", button="#1E262F", pressed="#4A5563", surface="#171E26",
    veil="rgba(13, 18, 24, 0.75)",
    template="plotly_dark",
)  # fmt: skip


def theme(dark: bool) -> Theme:
    """Choose the colours for a dark or a light page."""
    return DARK if dark else LIGHT


#: Ticks of a small figure: one line each.
_SHORT_DAYS = (
    {"dtickrange": [86_400_000, 604_799_999], "value": "%a %-d"},
    {"dtickrange": [604_800_000, "M1"], "value": "%-d %b"},
    {"dtickrange": ["M1", "M12"], "value": "%b %Y"},
    {"dtickrange": ["M12", None], "value": "%Y"},
)


def lay_out(
    figure: go.Figure,
    title: str,
    subtitle: list[str],
    *,
    dark: bool,
    height: int,
    revision: str,
    legend: bool = True,
    extra: Mapping[str, object] | None = None,
) -> go.Figure:
    """Give a figure its title, margins, legend and colours.

    Args:
        figure: The figure, which is changed in place.
        title: What it shows, at most about 45 characters to fit a telephone.
        subtitle: Lines below the title, see ``subtitle_lines``.
        dark: Whether the page behind is dark.
        height: Height in pixels.
        revision: Zoom and hidden lines survive a refresh while this stays the same.
        legend: Whether to list the lines above the plot.
        extra: Layout of this figure alone, such as its axes, merged into the common layout. This
            takes a third of the time of a second ``update_layout``.

    Returns:
        The same figure.
    """
    colours = theme(dark)
    rows = _legend_rows(figure) if legend else 0
    top = 32 + (14 + 15 * len(subtitle) if subtitle else 0) + (6 + 20 * rows if rows else 0)
    layout = {
        "template": _template(colours.template),
        "height": height,
        "title": {
            "text": plain(title),
            "subtitle": {
                "text": "<br>".join(subtitle),
                "font": {"size": 12, "color": colours.faint},
            },
            "font": {"size": 15, "color": colours.ink},
            "x": 0, "xref": "container", "xanchor": "left", "pad": {"l": 8, "t": 8},
            "y": 1, "yref": "container", "yanchor": "top",
        },
        "font": {"size": 12, "color": colours.ink, "family": FONT},
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
        "uirevision": revision,
        "dragmode": "zoom",
        "xaxis": {
            "gridcolor": GRID, "automargin": True, "zeroline": False,
            # Plotly draws a white line below the line at the pointer. Only a white page hides it.
            "showspikes": not dark, "spikecolor": colours.rule, "spikethickness": 1,
            "spikedash": "dot",
        },
        "yaxis": {
            "gridcolor": GRID, "automargin": True, "zeroline": False, "title": {"standoff": 4},
        },
    }  # fmt: skip
    # Without `overwrite` Plotly merges key by key, which takes ten times as long.
    figure.update_layout(_merge(layout, extra or {}), overwrite=True)
    return figure


def _legend_rows(figure: go.Figure) -> int:
    """Return how many rows the legend takes on a phone, where all entries are equally wide."""
    names = {
        str(trace.legendgroup or trace.name)
        for trace in figure.data
        if trace.showlegend is not False
    }
    if not names:
        return 1
    widest = _LEGEND_KEY + _LETTER * max(map(len, names))
    return math.ceil(len(names) / max(1, int(_PHONE / widest)))


def plain(text: str) -> str:
    """Write text, which may have the name of a coin in a file, so that Plotly shows it as it is.

    Plotly reads links, some tags and, in a notebook, formulas.
    """
    return html.escape(printable(text), quote=False).replace("$", "&#36;")


def dashed_line(
    colour: str, *, x: float | str | None = None, y: float | None = None, dash: str = "dash"
) -> dict[str, object]:
    """Describe a dashed line across the plot at an ``x`` or a ``y``, for ``shapes``."""
    ends: dict[str, object] = (
        {"x0": x, "x1": x, "xref": "x", "y0": 0, "y1": 1, "yref": "y domain"}
        if y is None
        else {"x0": 0, "x1": 1, "xref": "x domain", "y0": y, "y1": y, "yref": "y"}
    )
    return {"type": "line", "line": {"color": colour, "dash": dash, "width": 1}, **ends}


def untitle(figure: go.Figure, *, dated: bool = True) -> None:
    """Leave out the titles, the height and the zoom of a figure that stands in a card.

    Args:
        figure: The figure, which is changed in place.
        dated: Whether the day stands below times of day, for which the axis makes room.
    """
    figure.layout.title = None
    figure.layout.height = None
    figure.layout.margin = {"l": 8, "r": 64, "t": 10, "b": 8}
    figure.layout.dragmode = False
    clock = "%H:%M\n%a %-d" if dated else "%H:%M"
    figure.layout.xaxis.tickformatstops = (
        {"dtickrange": [None, 86_399_999], "value": clock},
        *_SHORT_DAYS,
    )
    figure.layout.xaxis.update(fixedrange=True, title=None)
    figure.layout.yaxis.update(fixedrange=True, title=None)


def _merge(common: Mapping[str, object], extra: Mapping[str, object]) -> dict[str, object]:
    """Merge nested dictionaries; ``extra`` wins."""
    result = dict(common)
    for key, value in extra.items():
        old = result.get(key)
        nested = isinstance(old, dict) and isinstance(value, Mapping)
        result[key] = _merge(old, value) if nested else value  # type: ignore[arg-type]
    return result


@functools.cache
def _template(name: str) -> go.layout.Template:
    """Return the parts of a Plotly template that our figures use, since each figure copies it."""
    full = pio.templates[name].to_plotly_json()
    unused = ("coloraxis", "colorscale", "geo", "polar", "scene", "ternary")
    return go.layout.Template(
        data={kind: full["data"][kind] for kind in ("bar", "scatter")},
        layout={key: value for key, value in full["layout"].items() if key not in unused},
    )


def subtitle_lines(history: PriceHistory, *parts: str) -> list[str]:
    """Return the lines of a subtitle, none too long; first the label of simulated prices."""
    lines = [plain(line) for part in parts for line in textwrap.wrap(part, MAX_LINE)]
    return [SIMULATED, *lines] if history.simulated else lines


def time_axis(interval: str, label: str = "close") -> dict[str, object]:
    """Describe an axis of times in UTC.

    Args:
        interval: Candle length.
        label: The end of the candle that a time names, ``"close"`` or ``"open"``.
    """
    form = CLOCK if label == "close" else moment_format(interval)
    return {
        "type": "date",
        "title": axis_title(f"candle {label}, UTC"),
        "unifiedhovertitle": {"text": f"%{{x|{form}}} UTC"},
        "nticks": 5,
        "tickangle": 0,
        "tickformatstops": [
            {"dtickrange": [None, 86_399_999], "value": "%H:%M\n%-d %b"},
            {"dtickrange": [86_400_000, "M1"], "value": "%-d %b\n%Y"},
            {"dtickrange": ["M1", "M12"], "value": "%b\n%Y"},
            {"dtickrange": ["M12", None], "value": "%Y"},
        ],
    }


def local_hover(times: pd.DatetimeIndex, zone: str | None) -> tuple[list[str] | None, str]:
    """Write times in a user's zone, for what appears under the pointer.

    Args:
        times: ``(n,)``.
        zone: Name of the zone; see ``local_text``.

    Returns:
        The texts, for a trace's ``hovertext``, and what shows them in its hover template. ``None``
        and nothing where they say no more than UTC.
    """
    texts = [local_text(time, zone) for time in times]
    return (texts, "<br>%{hovertext}") if any(texts) else (None, "")


def axis_title(text: str) -> dict[str, object]:
    """Describe the title of an axis, small and close to it."""
    return {"text": text, "font": {"size": 11}, "standoff": 4}


def price_axis(prices: Array, quote: str, what: str = "") -> dict[str, object]:
    """Describe an axis of prices, or of differences of prices.

    Args:
        prices: The prices on it, any shape.
        quote: The currency that they are in.
        what: What the axis shows, such as ``"close"``, where that is not clear.
    """
    sign, _ = affixes(quote)
    # A sign at each tick says the currency already.
    parts = [part for part in (what, "" if sign else quote) if part]
    return {
        "title": {"text": ", ".join(parts), "font": {"size": 11}},
        # Plotly's own "$" stands behind the minus, where it belongs.
        "tickformat": f"{'$' * (sign == '$')}{tick_format(largest(prices))}",
        "tickprefix": "" if sign == "$" else sign,
        "nticks": 7,
    }


def tick_format(price: float) -> str:
    """Choose short tick labels: "64k", "150", "0.00001"."""
    if 0 < price < _MIN_SHORT:
        # Plotly's short form of such a number has an exponent.
        return f".{min(20, 3 + decimals(price))}~f"
    return "~s" if price >= 10_000 else ",~f" if price >= 1 else "~g"


def hover_price(
    prices: Array, quote: str, value: str = "y", sign: str = "", *, estimate: bool = True
) -> str:
    """Write a price into a hover template, with decimals that fit its size.

    Args:
        prices: All prices that are written so, any shape.
        quote: The currency that they are in.
        value: Plotly's name of the price.
        sign: ``"+"`` for differences, whose sign is shown.
        estimate: Whether there are forecasts or averages among them; see ``quotes.decimals``.
    """
    before, after = affixes(quote)
    dollar = ""
    if sign:
        # Plotly writes a sign before its own "$" and behind any other text.
        before, after, dollar = ("", "", "$") if quote == DEFAULT_QUOTE else ("", f" {quote}", "")
    form = f"{sign}{dollar},.{decimals(largest(prices), quote, estimate=estimate)}f"
    return f"{before}%{{{value}:{form}}}{after}"


def largest(values: Array) -> float:
    """Return the largest absolute value among the finite ones; 0 if there is none."""
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size else 0.0


def dates(times: pd.DatetimeIndex | Array) -> Array:
    """Write times for an axis of dates, as short as possible: "2026-12-07T13:00".

    A browser shows a number on such an axis in its own time zone. It shows text as it is.

    Args:
        times: ``(n,)``, UTC: times, or milliseconds since 1970.

    Returns:
        ``(n,)`` texts without a zone.
    """
    numbers = times.as_unit("ms").asi8 if isinstance(times, pd.DatetimeIndex) else times
    moments = np.asarray(numbers).round().astype("datetime64[ms]")
    units = (unit for unit in _UNITS if (moments == moments.astype(f"datetime64[{unit}]")).all())
    texts: Array = np.datetime_as_string(moments, unit=next(units))
    return texts


def milliseconds(texts: Array) -> Array:
    """Read what ``dates`` writes as milliseconds since 1970, ``(n,)``."""
    numbers: Array = np.asarray(texts, dtype="datetime64[ms]").astype(float)
    return numbers


def float32(values: Array) -> Array:
    """Halve the size of a line in a figure; seven digits are enough to look at."""
    return np.asarray(values, dtype=np.float32)
