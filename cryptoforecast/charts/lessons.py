"""The figures of the lessons, each with a sentence that says the same."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go

from cryptoforecast.charts import cards, style
from cryptoforecast.types import (
    MEDIAN,
    QUANTILES,
    Array,
    Delay,
    ForecastStages,
    RecipeTest,
    moment_text,
    price_text,
)

#: Stages of a forecast, in their order.
STAGES = ("candles", "changes", "range", "price")
# Bands of a fan: columns of their quantiles and opacity, laid over each other.
_BANDS = ((0, 8, 0.11), (2, 6, 0.14), (3, 5, 0.18))
_LOW, _HIGH = QUANTILES.index(0.1), QUANTILES.index(0.9)
# Pixels for names at the right, and for prices.
_NAMES, _PRICES = 92, 64


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


def recipe(test: RecipeTest, *, everything: bool, known: bool, dark: bool = False) -> go.Figure:
    """Draw the popular recipe and log-returns beside the actual price.

    Args:
        test: The test.
        everything: Whether to draw the days that were learnt from too.
        known: Whether to draw the forecasts of the test; without them the test is left open.
        dark: Whether the page behind is dark.
    """
    colours, figure = style.theme(dark), go.Figure()
    rows = slice(0 if everything else max(0, test.learnt - 30), None)
    x, hover = style.dates(test.closes_at[rows]), style.hover_price(test.actual, test.quote)
    forecasts: list[tuple[str, Array, dict[str, object]]] = []
    if known:
        forecasts = [
            ("log-returns", test.returns, {"color": colours.fan(0.55), "width": 5}),
            ("popular recipe", test.popular, {"color": colours.worse, "width": 2}),
        ]
    actual = ("actual", test.actual, {"color": colours.ink, "width": 1.5})
    for name, prices, line in (*forecasts, actual):
        figure.add_scatter(
            x=x, y=style.float32(prices[rows]), name=name, mode="lines", line=line,
            hovertemplate=f"{name} {hover}<extra></extra>",
        )  # fmt: skip
    if not known:  # what follows is what the learner guesses
        figure.data[0].y[test.learnt - (rows.start or 0) + 12 :] = np.nan
    spread = float(np.ptp(test.actual[rows]))
    figure.update_layout(
        shapes=[
            style.dashed_line(colours.rule, y=test.highest),
            {
                "type": "line", "x0": x[test.learnt - (rows.start or 0)], "y0": 0, "y1": 1,
                "x1": x[test.learnt - (rows.start or 0)], "yref": "y domain",
                "line": {"color": colours.rule, "dash": "dot", "width": 1},
            },
        ],
        annotations=_recipe_labels(test, x, spread, known=known, dark=dark),
    )  # fmt: skip
    return cards.lay_out(
        figure,
        dark=dark,
        revision=f"recipe {test.coin} {test.network} {everything}",
        right=_NAMES if known else cards.RIGHT,
        xaxis=style.time_axis("1d") | {"range": [x[0], x[-1]], "nticks": 4},
        yaxis=style.price_axis(test.actual, test.quote) | {"nticks": 5},
    )


def summary_recipe(test: RecipeTest, *, known: bool = True) -> str:
    """Describe in one sentence what ``recipe`` shows."""
    prices = "simulated prices" if test.simulated else "prices"
    start = f"{test.closes_at[test.learnt]:%d %B %Y}"
    highest = price_text(test.highest, test.quote)
    if not known:
        return (
            f"{prices.capitalize()} of {test.coin}. Both networks learnt from the days before "
            f"{start}; the highest price of these days was {highest}."
        )
    errors = {name: price_text(each, test.quote) for name, each in test.misses.items()}
    return (
        f"{prices.capitalize()} of {test.coin} in the {test.tested} days from {start} on, of which "
        f"{test.above} were above {highest}, the highest price that was learnt from. The popular "
        f"recipe missed by {errors['popular']} on average, log-returns by {errors['returns']}, "
        f"the price of the day before by {errors['naive']}."
    )


def delay(one: Delay, shift: int, *, dark: bool = False) -> go.Figure:
    """Draw forecasts, pulled back in time by ``shift`` candles, over the actual price."""
    colours, figure = style.theme(dark), go.Figure()
    x = style.dates(one.closes_at)
    hover = style.hover_price(one.actual, one.quote)
    fits = shift == one.best
    line = {"color": colours.fan(0.55) if fits else colours.forecast, "width": 5 if fits else 2}
    figure.add_scatter(
        x=x[: len(x) - shift], y=style.float32(one.predicted[shift:]), name="forecast",
        mode="lines", line=line, hovertemplate=f"forecast {hover}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=x, y=style.float32(one.actual), name="actual", mode="lines",
        line={"color": colours.ink, "width": 1.5},
        hovertemplate=f"actual {hover}<extra></extra>",
    )  # fmt: skip
    ends = _apart(one.actual[-1], one.predicted[-1], float(np.ptp(one.actual)))
    figure.update_layout(
        annotations=[
            cards.label("<b>actual</b>", colours.ink, x=None, y=ends[0], beyond=True),
            cards.label("<b>forecast</b>", colours.forecast_text, x=None, y=ends[1], beyond=True),
        ]
    )
    return cards.lay_out(
        figure,
        dark=dark,
        revision=f"delay {one.coin}",
        right=_NAMES - 26,
        xaxis=style.time_axis("1h") | {"range": [x[0], x[-1]], "nticks": 4},
        yaxis=style.price_axis(one.actual, one.quote) | {"nticks": 5},
    )


def summary_delay(one: Delay, shift: int) -> str:
    """Describe in one sentence what ``delay`` shows."""
    return (
        f"Forecasts of the {one.coin} price made {one.step} hours ahead, pulled back by {shift} "
        f"hours, lie {price_text(float(one.gaps[shift]), one.quote)} from the actual price on "
        "average."
    )


def delay_curve(one: Delay, shift: int, *, dark: bool = False) -> go.Figure:
    """Draw the mean gap by how far the forecasts are pulled back, with the present shift."""
    colours, figure = style.theme(dark), go.Figure()
    shifts = np.arange(len(one.gaps))
    figure.add_scatter(
        x=shifts, y=style.float32(one.gaps), mode="lines", name="gap",
        line={"color": colours.rule, "width": 2},
        hovertemplate=f"%{{x}} h back: {style.hover_price(one.gaps, one.quote)}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=[shift], y=[float(one.gaps[shift])], mode="markers", name="now", hoverinfo="skip",
        marker={"size": 11, "color": colours.forecast},
    )  # fmt: skip
    figure.update_layout(
        annotations=[
            cards.label(
                f"<b>{one.best} h</b>", colours.ink, x=one.best, y=float(one.gaps[one.best]),
                anchor="center", shift=16,
            )
        ]
    )  # fmt: skip
    return cards.lay_out(
        figure,
        dark=dark,
        revision=f"gaps {one.coin}",
        xaxis={
            "ticksuffix": " h",
            "dtick": 12,
            "range": [-2, len(shifts) + 1],
            "unifiedhovertitle": {"text": ""},
        },
        yaxis=style.price_axis(one.gaps, one.quote) | {"nticks": 3, "rangemode": "tozero"},
    )  # fmt: skip


def summary_delay_curve(one: Delay) -> str:
    """Describe in one sentence what ``delay_curve`` shows."""
    return (
        f"The gap between forecast and price is smallest, "
        f"{price_text(float(one.gaps[one.best]), one.quote)}, when the forecast is pulled back by "
        f"{one.best} hours; unmoved it is {price_text(float(one.gaps[0]), one.quote)}."
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


def _recipe_labels(
    test: RecipeTest, x: Array, spread: float, *, known: bool, dark: bool
) -> list[dict[str, object]]:
    colours = style.theme(dark)
    labels = [
        cards.label(
            "highest price it learnt from", colours.faint, x=x[-1], y=test.highest,
            anchor="right", shift=-11,
        ),
    ]  # fmt: skip
    if not known:
        return labels
    popular = float(test.popular[-1])
    actual, returns = _apart(test.actual[-1], test.actual[-1], spread)
    return [
        *labels,
        cards.label("<b>actual</b>", colours.ink, x=None, y=actual, beyond=True),
        cards.label("<b>log-returns</b>", colours.forecast_text, x=None, y=returns, beyond=True),
        cards.label("<b>popular recipe</b>", colours.worse, x=None, y=popular, beyond=True),
    ]


def _apart(first: float, second: float, spread: float) -> tuple[float, float]:
    """Move two labels apart that would lie on each other, the first one up unless it is lower."""
    least = 0.08 * spread
    if abs(first - second) >= least:
        return float(first), float(second)
    middle, sign = (first + second) / 2, 1 if first >= second else -1
    return float(middle + sign * least / 2), float(middle - sign * least / 2)


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
