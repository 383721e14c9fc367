"""The figure of a market: candles or closes, volume, and panels of indicators."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cryptoforecast.charts import indicators as parts
from cryptoforecast.charts import style, wording
from cryptoforecast.types import Array, Indicator, PriceHistory, price_text
from cryptoforecast.types.quotes import decimals

#: Largest number of candles that are drawn; more are narrower than a few pixels, and their closes
#: are drawn as a line.
MAX_CANDLES = 200
#: Largest number of bars of volume; more are added up.
MAX_BARS = 450
#: Pixels of the parts of the figure, and between them.
PRICE, VOLUME, PANEL, BETWEEN = 264, 56, 72, 26
#: Pixels above and below all parts, and of each line of text above that says which line is which.
TOP, BOTTOM, LINE = 30, 46, 17

#: Lengths to which the volume of many candles is added up.
_LENGTHS = tuple(
    pd.Timedelta(minutes=number)
    for number in (
        *(2, 3, 5, 10, 15, 30),
        *(60 * hours for hours in (1, 2, 3, 4, 6, 8, 12)),
        *(1440 * days for days in (1, 2, 3, 7, 14, 28, 56, 112, 224, 448, 896)),
    )
)

_OHLC = ("open", "high", "low", "close")

#: Weeks begin on a Monday.
_MONDAY = pd.Timestamp("1970-01-05", tz="UTC")


def candles(
    history: PriceHistory,
    *,
    dark: bool = False,
    log: bool = False,
    indicators: Sequence[Indicator] = (),
    gaps: Sequence[tuple[pd.Timestamp, pd.Timestamp]] = (),
    zoom: bool = False,
) -> go.Figure:
    """Draw candles with volume below; rising candles are hollow, falling ones filled.

    Each candle is drawn as it is. Of more than ``MAX_CANDLES`` the closes are drawn as a line.
    The price axis fits what is drawn.

    Args:
        history: Closed candles, all of which are drawn.
        dark: Whether the page behind is dark.
        log: Whether the price axis is logarithmic.
        indicators: Indicators of these candles.
        gaps: Spans that are marked, from the first missing candle to the next that exists, UTC.
        zoom: Whether a span of time can be selected with the pointer.
    """
    colours = style.theme(dark)
    hover = functools.partial(
        style.hover_price, history.candles["low"].to_numpy(float), history.quote, estimate=False
    )
    figure = go.Figure()
    if len(history) <= MAX_CANDLES:
        x, lines = _dates(history.candles), list(indicators)
        _add_candles(figure, history, x, colours, hover)
    else:
        close = history.candles["close"].to_numpy(float)
        rows, lines = parts.thinned(indicators, close)
        x = _dates(history.candles)[rows]
        figure.add_scatter(
            x=x, y=style.float32(close[rows]), name="price", mode="lines",
            line={"color": colours.ink, "width": 1.25},
            hovertemplate=f"close {hover('y')}<extra></extra>",
        )  # fmt: skip
    parts.on_prices(figure, x, lines, hover("y"), dark)
    with_volume = _add_volume(figure, history, colours)
    own = parts.panels(figure, x, lines, 3 if with_volume else 2, dark)
    below, legend = ["y2"] * with_volume + own, parts.legend(lines)
    _lay_out(figure, history, log, below, legend, dark=dark, zoom=zoom)
    for start, end in gaps:
        first, last = style.dates(pd.DatetimeIndex([start, end]))
        figure.add_shape(
            type="rect", xref="x", x0=first, x1=last, yref="y domain", y0=0, y1=1,
            fillcolor=style.ORANGE, opacity=0.35, line={"width": 0}, layer="below",
        )  # fmt: skip
    return figure


def summary_candles(history: PriceHistory) -> str:
    """Describe in one sentence what ``candles`` shows."""
    candles, quote = history.candles, history.quote
    first, end = candles["close"].iloc[0], candles["close"].iloc[-1]
    change = 100 * (end / first - 1)
    comparison = f", {abs(change):,.1f} % {'above' if change >= 0 else 'below'} the first, "
    changes_unit = any(problem.kind == "level_shift" for problem in history.quality.problems)
    if changes_unit and not history.unit_changes:
        comparison = ", in another unit than the first, "
    prices = "simulated prices" if history.simulated else "prices"
    return (
        f"{history.coin}, {prices} of {wording.span_of_candles(history, candles)}: "
        f"the last close is {price_text(end, quote)}{comparison}{price_text(first, quote)}; "
        f"the lowest price was {price_text(candles['low'].min(), quote)}, the highest "
        f"{price_text(candles['high'].max(), quote)}."
    )


def summed(
    volume: pd.Series, candle_length: pd.Timedelta, limit: int = MAX_BARS
) -> tuple[pd.Series, pd.Timedelta]:
    """Add up the volumes of candles until there are few enough bars.

    Args:
        volume: Of each candle, with the open of the candle as its index.
        candle_length: Their length.
        limit: Largest number of bars, about.

    Returns:
        The sums of the known volumes, NaN where none is known, and the span of each.
    """
    if len(volume) <= limit:
        return volume, candle_length
    span = volume.index[-1] - volume.index[0] + candle_length
    fits = (each for each in _LENGTHS if span / each <= limit - 1)
    length = next(fits, span / (limit - 1))
    return volume.resample(length, origin=_MONDAY).sum(min_count=1), length


def _dates(candles: pd.DataFrame) -> Array:
    return style.dates(pd.DatetimeIndex(candles.index))


def _add_candles(
    figure: go.Figure,
    history: PriceHistory,
    x: Array,
    colours: style.Theme,
    hover: functools.partial[str],
) -> None:
    candles = history.candles
    figure.add_candlestick(
        x=x, **{c: candles[c].to_numpy() for c in _OHLC},
        name="price",
        increasing={"line": {"color": colours.ink, "width": 1.2}, "fillcolor": style.CLEAR},
        decreasing={"line": {"color": colours.ink, "width": 1.2}, "fillcolor": colours.ink},
        hovertemplate="<br>".join(f"{c} {hover(c)}" for c in _OHLC) + "<extra></extra>",
    )  # fmt: skip


def _add_volume(figure: go.Figure, history: PriceHistory, colours: style.Theme) -> bool:
    """Add bars of volume; return whether there are any."""
    bars, length = summed(history.candles["volume"], history.candle_length)
    volume = bars.to_numpy(float)
    if not np.nansum(volume) > 0:
        return False
    each = f"volume in {_length(length)}" if length > history.candle_length else "volume"
    figure.add_bar(
        x=style.dates(pd.DatetimeIndex(bars.index)), y=volume.astype(np.float32),
        name="volume", yaxis="y2",
        marker={"color": colours.rule, "line": {"width": 0}}, opacity=0.7,
        hovertemplate=f"{each} %{{y:{_volume_format(volume)}}}<extra></extra>",
    )  # fmt: skip
    figure.add_annotation(
        text=style.plain(_volume_title(history, each)), showarrow=False,
        xref="x domain", x=0, xanchor="left", yref="y2 domain", y=1, yanchor="bottom",
        font={"size": 12, "color": colours.faint},
    )  # fmt: skip
    return True


def _lay_out(
    figure: go.Figure,
    history: PriceHistory,
    log: bool,
    below: list[str],
    legend: list[str],
    *,
    dark: bool,
    zoom: bool,
) -> None:
    """Place the parts below one another, and describe the axes.

    Args:
        figure: The figure, which is changed in place.
        history: The prices that are drawn.
        log: Whether the price axis is logarithmic.
        below: The axes of the parts below the prices, the volume's first.
        legend: Lines of text that say which line on the prices is which.
        dark: Whether the page behind is dark.
        zoom: Whether a span of time can be selected.
    """
    colours = style.theme(dark)
    volumes = [trace.y for trace in figure.data if trace.name == "volume" and trace.yaxis == "y2"]
    heights = [PRICE, *(VOLUME if axis == "y2" and volumes else PANEL for axis in below)]
    whole = sum(heights) + BETWEEN * len(below)
    axes: dict[str, dict[str, object]] = {}
    top = whole
    for axis, height in zip(["y", *below], heights, strict=True):
        common = {"gridcolor": style.GRID, "zeroline": False, "automargin": True, "nticks": 3}
        domain = [(top - height) / whole, top / whole]
        axes[f"yaxis{axis[1:]}"] = common | {"domain": domain, "fixedrange": True}
        top -= height + BETWEEN
    low = history.candles["low"].to_numpy(float)
    scale: dict[str, object] = {"type": "log" if log else "linear", "nticks": 6}
    ratio = history.candles[["high", "close"]].to_numpy(float).max() / low.min()
    if log and ratio > 5:  # Plotly would write every digit of a decade, one upon the other
        scale |= {"tickmode": "linear", "dtick": "D2" if ratio < 1_000 else 1}
    axes["yaxis"] |= style.price_axis(low, history.quote) | scale
    if volumes:
        form = style.tick_format(style.largest(np.asarray(volumes[0], dtype=float)))
        axes["yaxis2"] |= {"rangemode": "tozero", "tickformat": form}
    bottom = {"anchor": below[-1] if below else "y", "rangeslider": {"visible": False}}
    revision = f"candles {history.coin} {history.interval} {log} {history.start} {history.end}"
    above = TOP + LINE * len(legend)
    style.lay_out(
        figure, "", [], dark=dark, height=whole + above + BOTTOM, revision=revision, legend=False,
        extra={
            "xaxis": style.time_axis(history.interval, "open") | bottom
            | {"fixedrange": True, "showgrid": False},
            **axes,
            "margin": {"l": 8, "r": 12, "t": above, "b": BOTTOM},
            "hoversubplots": "axis",
            "dragmode": "select" if zoom else False,
            "selectdirection": "h",
            "newselection": {"line": {"color": colours.forecast, "width": 1, "dash": "solid"}},
            "bargap": 0.15,
        },
    )  # fmt: skip
    count = wording.candle_count(len(history), history.interval)
    source = f" · {style.SIMULATED}" if history.simulated else ""
    figure.layout.title.text = f"{style.plain(history.title)}, {count}{source}"
    figure.layout.title.subtitle.text = "<br>".join(map(style.plain, legend))
    figure.layout.title.font = {"size": 12, "color": colours.faint}


def _volume_title(history: PriceHistory, each: str) -> str:
    units = {"coins": history.coin, "quote": history.quote}
    unit = units.get(history.volume_unit)
    return each if unit is None else f"{each}, {unit}"


def _volume_format(volume: Array) -> str:
    """Write volumes in full: the letter of a small one, "m" for milli, is taken for millions."""
    return f",.{max(4, decimals(style.largest(volume)))}~f"


def _length(length: pd.Timedelta) -> str:
    """Write a span of time: "4 hours", "7 days"."""
    for noun, unit in (("day", "1D"), ("hour", "1h"), ("minute", "1min")):
        number = length / pd.Timedelta(unit)
        if number >= 1:
            return f"{number:g} {noun}{'' if number == 1 else 's'}"
    return f"{length.total_seconds():g} seconds"
