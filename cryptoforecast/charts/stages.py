"""The stages of one forecast as figures, each with a sentence that says the same."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go

from cryptoforecast.charts import cards, style
from cryptoforecast.types import (
    MEDIAN,
    QUANTILES,
    Array,
    ForecastStages,
    moment_text,
    price_text,
)

#: Stages of a forecast, in their order.
STAGES = ("candles", "changes", "range", "price")
# Bands of a fan: columns of their quantiles and opacity, laid over each other.
_BANDS = ((0, 8, 0.11), (2, 6, 0.14), (3, 5, 0.18))
_LOW, _HIGH = QUANTILES.index(0.1), QUANTILES.index(0.9)
# Pixels for prices at the right.
_PRICES = 64


def stage(one: ForecastStages, name: str, *, dark: bool = False) -> go.Figure:
    """Draw one stage of a forecast.

    Args:
        one: The forecast.
        name: One of ``STAGES``.
        dark: Whether the page behind is dark.
    """
    draw = {"candles": _candles, "changes": _changes, "range": _range, "price": _price}[name]
    return draw(one, dark)


def summary_stage(one: ForecastStages, name: str) -> str:
    """Describe in one sentence what ``stage`` shows."""
    window = len(one.changes)
    if name == "candles":
        return (
            f"{window} hourly candles of {one.coin}, up to {price_text(one.close, one.quote)}, are "
            "marked: the network sees these. The hours after them are hidden."
        )
    if name == "changes":
        return (
            f"The {window} changes from hour to hour: between {_percent(one.percents.min())} and "
            f"{_percent(one.percents.max())}, {int((one.changes > 0).sum())} of them up."
        )
    low, middle, high = one.ends
    outcome = math.expm1(one.actual[-1])
    if name == "range":
        return (
            f"After {len(one.actual)} hours the change was forecast between {_percent(100 * low)} "
            f"and {_percent(100 * high)} with 80 %, its middle {_percent(100 * middle)}. It was "
            f"{_percent(100 * outcome)}."
        )
    prices = [price_text(one.close * (1 + each), one.quote) for each in (low, high, outcome)]
    return (
        f"From {price_text(one.close, one.quote)} the price was forecast between {prices[0]} and "
        f"{prices[1]} with 80 % by {moment_text(one.closes_at[-1])}. It was {prices[2]}."
    )


def _candles(one: ForecastStages, dark: bool) -> go.Figure:
    colours, figure = style.theme(dark), go.Figure()
    past = one.candles.iloc[: one.origin + 1]
    x = style.dates(one.known_at[: one.origin + 1])
    figure.add_candlestick(
        x=x, **{each: past[each].to_numpy() for each in ("open", "high", "low", "close")},
        name="price",
        increasing={"line": {"color": colours.ink, "width": 1.2}, "fillcolor": style.CLEAR},
        decreasing={"line": {"color": colours.ink, "width": 1.2}, "fillcolor": colours.ink},
    )  # fmt: skip
    low, high = float(past["low"].min()), float(past["high"].max())
    figure.update_layout(
        shapes=[
            {
                "type": "rect", "x0": x[one.first], "x1": x[-1], "y0": 0, "y1": 1,
                "yref": "y domain", "line": {"color": colours.forecast, "width": 1.5},
                "fillcolor": colours.fan(0.12), "layer": "below",
            }
        ],
        annotations=[
            cards.label(
                f"<b>the network sees<br>these {len(one.changes)} hours</b>", colours.forecast_text,
                x=x[one.first], y=high + 0.12 * (high - low),
            ),
            cards.label(
                "?", colours.faint, anchor="center", y=(low + high) / 2,
                x=style.dates(one.closes_at[len(one.closes_at) // 2 :][:1])[0],
            ),
        ],
    )  # fmt: skip
    figure.layout.annotations[0].update(xshift=6, align="left")
    figure.layout.annotations[1].font.size = 32
    return cards.lay_out(
        figure,
        dark=dark,
        revision="candles",
        xaxis=style.time_axis("1h")
        | {"rangeslider": {"visible": False}, "range": [x[0], style.dates(one.closes_at)[-1]]},
        yaxis=style.price_axis(past["low"].to_numpy(), one.quote)
        | {"range": [low - 0.06 * (high - low), high + 0.24 * (high - low)]},
    )  # fmt: skip


def _changes(one: ForecastStages, dark: bool) -> go.Figure:
    colours, figure = style.theme(dark), go.Figure()
    x = style.dates(one.known_at[one.first : one.origin + 1])
    figure.add_bar(
        x=x, y=style.float32(one.percents), name="change",
        marker={"color": colours.forecast, "line": {"width": 0}},
        hovertemplate="%{y:+.2f} %<extra></extra>",
    )  # fmt: skip
    return cards.lay_out(
        figure,
        dark=dark,
        revision="changes",
        xaxis=style.time_axis("1h"),
        yaxis={"ticksuffix": " %", "tickformat": ".1~f"},
    )


def _range(one: ForecastStages, dark: bool) -> go.Figure:
    percent = 100 * np.expm1(np.vstack([np.zeros(len(QUANTILES)), one.quantiles]))
    outcome = 100 * np.expm1(np.r_[0.0, one.actual])
    figure = _fan(one, percent, outcome, dark)
    low, high = (float(percent[-1, each]) for each in (_LOW, _HIGH))
    colours = style.theme(dark)
    figure.update_layout(
        annotations=_ends(
            ((high, f"<b>{_percent(high)}</b>", colours.forecast_text),
             (low, f"<b>{_percent(low)}</b>", colours.forecast_text),
             (float(outcome[-1]), f"<b>{_percent(float(outcome[-1]))}</b>", colours.ink)),
            float(np.ptp(percent)),
        )
    )  # fmt: skip
    return cards.lay_out(
        figure,
        dark=dark,
        revision="range",
        right=_PRICES,
        xaxis=style.time_axis("1h"),
        yaxis={"ticksuffix": " %", "tickformat": ".1~f"},
    )


def _price(one: ForecastStages, dark: bool) -> go.Figure:
    colours = style.theme(dark)
    prices = one.close * np.exp(np.vstack([np.zeros(len(QUANTILES)), one.quantiles]))
    outcome = one.close * np.exp(np.r_[0.0, one.actual])
    figure = _fan(one, prices, outcome, dark)
    window = slice(one.first, one.origin + 1)
    figure.add_scatter(
        x=style.dates(one.known_at[window]),
        y=style.float32(one.candles["close"].to_numpy()[window]),
        name="price", mode="lines", line={"color": colours.ink, "width": 1.75},
        hovertemplate=f"price {style.hover_price(prices, one.quote)}<extra></extra>",
    )  # fmt: skip
    low, high, end = float(prices[-1, _LOW]), float(prices[-1, _HIGH]), float(outcome[-1])
    figure.update_layout(
        annotations=_ends(
            tuple(
                (each, f"<b>{style.plain(price_text(each, one.quote, whole=True))}</b>", colour)
                for each, colour in (
                    (high, colours.forecast_text),
                    (low, colours.forecast_text),
                    (end, colours.ink),
                )
            ),
            float(np.ptp(prices)),
        )
    )
    return cards.lay_out(
        figure,
        dark=dark,
        revision="price",
        right=_PRICES,
        xaxis=style.time_axis("1h"),
        yaxis=style.price_axis(prices, one.quote) | {"nticks": 5},
    )


def _fan(one: ForecastStages, values: Array, outcome: Array, dark: bool) -> go.Figure:
    """Draw bands and middle from the origin on, and what happened.

    Args:
        one: The forecast.
        values: ``(horizon + 1, 9)``, the quantiles, with the origin in front.
        outcome: ``(horizon + 1,)``, what happened.
        dark: Whether the page behind is dark.
    """
    colours, figure = style.theme(dark), go.Figure()
    x = [*style.dates(one.known_at[one.origin : one.origin + 1]), *style.dates(one.closes_at)]
    for low, high, opacity in _BANDS:
        figure.add_scatter(
            x=[*x, *x[::-1]], y=style.float32(np.r_[values[:, low], values[::-1, high]]),
            mode="lines", line={"width": 0}, fill="toself", fillcolor=colours.fan(opacity),
            hoverinfo="skip", name="range",
        )  # fmt: skip
    figure.add_scatter(
        x=x, y=style.float32(values[:, MEDIAN]), mode="lines", name="middle",
        line={"color": colours.forecast, "width": 2}, hovertemplate="middle %{y}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=x, y=style.float32(outcome), mode="lines", name="what happened",
        line={"color": colours.ink, "width": 1.75, "dash": "dot"},
        hovertemplate="what happened %{y}<extra></extra>",
    )  # fmt: skip
    return figure


def _ends(labels: tuple[tuple[float, str, str], ...], spread: float) -> list[dict[str, object]]:
    """Describe labels at the right of the plot, moved apart from the top down."""
    least, last, annotations = 0.075 * spread, np.inf, []
    for value, text, colour in sorted(labels, reverse=True):
        last = min(value, last - least)
        annotations.append(cards.label(text, colour, x=None, y=float(last), beyond=True))
    return annotations


def _percent(percent: float) -> str:
    """Write a change in percent with its sign: "+0.42 %"."""
    return f"{'−' if percent < 0 else '+'}{abs(percent):.2f} %"
