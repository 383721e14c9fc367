"""The figure of a market: candles and volume."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cryptoforecast.charts import style
from cryptoforecast.types import Array, PriceHistory, price_text
from cryptoforecast.types.quotes import decimals

#: Largest number of candles in a figure; more would be thinner than a pixel.
MAX_CANDLES = 450

#: Lengths to which candles are merged for display.
_LENGTHS = tuple(
    pd.Timedelta(minutes=number)
    for number in (
        *(2, 3, 5, 10, 15, 30),
        *(60 * hours for hours in (1, 2, 3, 4, 6, 8, 12)),
        *(1440 * days for days in (1, 2, 3, 7, 14, 28, 56, 112, 224, 448, 896)),
    )
)

#: Spans that the user may choose, by name; ``None`` is everything.
RANGES: dict[str, pd.Timedelta | None] = {
    "1 day": pd.Timedelta(days=1),
    "1 week": pd.Timedelta(days=7),
    "1 month": pd.Timedelta(days=30),
    "3 months": pd.Timedelta(days=91),
    "1 year": pd.Timedelta(days=365),
    "All": None,
}

#: A button for a range is offered if the range has at least this many candles.
_MIN_CANDLES = 12

_OHLC = ("open", "high", "low", "close")

#: Weeks begin on a Monday.
_MONDAY = pd.Timestamp("1970-01-05", tz="UTC")


def candles(
    history: PriceHistory,
    *,
    dark: bool = False,
    log: bool = False,
    last: pd.Timedelta | None = None,
) -> go.Figure:
    """Draw candles with volume below; rising candles are hollow, falling ones filled.

    More than ``MAX_CANDLES`` are merged into longer ones, and the subtitle says so.

    Args:
        history: Closed candles.
        dark: Whether the page behind is dark.
        log: Whether the price axis is logarithmic.
        last: Span before the last candle, see ``RANGES``. The default is everything.
    """
    colours = style.theme(dark)
    shown = _tail(history, last)
    drawn, length = for_display(shown, history.candle_length)
    x = style.dates(pd.DatetimeIndex(drawn.index))
    volume = drawn["volume"].to_numpy()
    with_volume = bool(np.nansum(volume) > 0)
    low = drawn["low"].to_numpy()
    hover = functools.partial(style.hover_price, estimate=False)
    figure = go.Figure()
    figure.add_candlestick(
        x=x, **{c: drawn[c].to_numpy() for c in _OHLC},
        name="price",
        increasing={"line": {"color": colours.ink, "width": 1.2}, "fillcolor": style.CLEAR},
        decreasing={"line": {"color": colours.ink, "width": 1.2}, "fillcolor": colours.ink},
        hovertemplate="<br>".join(f"{c} {hover(low, history.quote, c)}" for c in _OHLC)
        + "<extra></extra>",
    )  # fmt: skip
    if with_volume:
        figure.add_bar(
            x=x, y=volume.astype(np.float32), name="volume", yaxis="y2",
            marker={"color": colours.rule, "line": {"width": 0}}, opacity=0.7,
            hovertemplate=f"volume %{{y:{_volume_format(volume)}}}<extra></extra>",
        )  # fmt: skip
    longer = (
        f"each candle shown is {_length(length)} long" if length > history.candle_length else ""
    )
    title = f"{history.market}, {style.candle_count(len(shown), history.interval)}"
    subtitle = style.subtitle_lines(history, style.span_of_candles(history, shown), longer)
    revision = f"candles {history.coin} {history.interval} {log} {last}"
    style.lay_out(figure, title, subtitle, dark=dark, height=520, revision=revision, legend=False)
    figure.update_layout(
        xaxis=style.time_axis(history.interval, "open")
        | {"anchor": "y2" if with_volume else "y", "rangeslider": {"visible": False}}
        | _range_buttons(shown, length, colours),
        yaxis=style.price_axis(low, history.quote)
        | {"domain": [0.27 if with_volume else 0, 1], "type": "log" if log else "linear"},
        hoversubplots="axis",
        margin_t=figure.layout.margin.t + 26,
    )
    if with_volume:
        figure.update_layout(
            yaxis2={"domain": [0, 0.21], "nticks": 3, "rangemode": "tozero",
                    "tickformat": style.tick_format(style.largest(volume)),
                    "title": style.axis_title(_volume_title(history))}
        )  # fmt: skip
    return figure


def summary_candles(history: PriceHistory, last: pd.Timedelta | None = None) -> str:
    """Describe in one sentence what ``candles`` shows."""
    shown, quote = _tail(history, last), history.quote
    first, end = shown["close"].iloc[0], shown["close"].iloc[-1]
    change = 100 * (end / first - 1)
    compared = f", {abs(change):,.1f} % {'above' if change >= 0 else 'below'} the first, "
    changes_unit = any(problem.kind == "level_shift" for problem in history.quality.problems)
    if changes_unit and not history.unit_changes:
        compared = ", in another unit than the first, "
    prices = "simulated prices" if history.simulated else "prices"
    return (
        f"{history.coin}, {prices} of {style.span_of_candles(history, shown)}: the last close is "
        f"{price_text(end, quote)}{compared}{price_text(first, quote)}; the lowest price was "
        f"{price_text(shown['low'].min(), quote)}, the highest "
        f"{price_text(shown['high'].max(), quote)}."
    )


def for_display(
    shown: pd.DataFrame, candle_length: pd.Timedelta, limit: int = MAX_CANDLES
) -> tuple[pd.DataFrame, pd.Timedelta]:
    """Merge candles into longer ones until there are few enough.

    Args:
        shown: Candles, as in ``PriceHistory``.
        candle_length: Their length.
        limit: Largest number of candles to return, about.

    Returns:
        The candles and their length. A merged candle has the first open, the highest high, the
        lowest low, the last close and the sum of the known volumes.
    """
    if len(shown) <= limit:
        return shown, candle_length
    span = shown.index[-1] - shown.index[0] + candle_length
    fits = (each for each in _LENGTHS if span / each <= limit - 1)
    length = next(fits, span / (limit - 1))
    groups = shown.resample(length, origin=_MONDAY)
    longer = groups.agg({"open": "first", "high": "max", "low": "min", "close": "last"})
    longer["volume"] = groups["volume"].sum(min_count=1)
    return longer.dropna(subset=["close"]), length


def _tail(history: PriceHistory, last: pd.Timedelta | None) -> pd.DataFrame:
    if last is None:
        return history.candles
    return history.candles.loc[history.candles.index > history.end - last]


def _range_buttons(
    shown: pd.DataFrame, length: pd.Timedelta, colours: style.Theme
) -> dict[str, object]:
    """Describe buttons for the ranges that are shorter than what is shown."""
    span = shown.index[-1] - shown.index[0]
    short = {"1 day": "1d", "1 week": "1w", "1 month": "1mo", "3 months": "3mo", "1 year": "1y"}
    buttons: list[dict[str, object]] = [
        {"count": each.days, "step": "day", "stepmode": "backward", "label": short[name]}
        for name, each in RANGES.items()
        if each is not None and _MIN_CANDLES * length <= each < span
    ]
    if not buttons:
        return {}
    return {
        "rangeselector": {
            "buttons": [*buttons, {"step": "all", "label": "all"}],
            "x": 0, "xanchor": "left", "y": 1.01, "yanchor": "bottom",
            "bgcolor": colours.button, "activecolor": colours.pressed,
            "font": {"size": 12, "color": colours.ink},
        }
    }  # fmt: skip


def _volume_title(history: PriceHistory) -> str:
    units = {"coins": history.coin, "quote": history.quote}
    unit = units.get(history.volume_unit)
    return "volume" if unit is None else f"volume, {unit}"


def _volume_format(volume: Array) -> str:
    """Write volumes in full: the letter of a small one, "m" for milli, is taken for millions."""
    return f",.{max(4, decimals(style.largest(volume)))}~f"


def _length(length: pd.Timedelta) -> str:
    """Write a candle's length: "4 hours", "7 days"."""
    for noun, unit in (("day", "1D"), ("hour", "1h"), ("minute", "1min")):
        number = length / pd.Timedelta(unit)
        if number >= 1:
            return f"{number:g} {noun}{'' if number == 1 else 's'}"
    return f"{length.total_seconds():g} seconds"
