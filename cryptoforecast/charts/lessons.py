"""The figures of the lessons, each with a sentence that says the same."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from cryptoforecast.charts import cards, style
from cryptoforecast.types import Array, Delay, RecipeTest, price_text

# Pixels for names at the right.
_NAMES = 92


def recipe(
    test: RecipeTest, *, everything: bool, with_outcome: bool, dark: bool = False
) -> go.Figure:
    """Draw the popular recipe and log-returns beside the actual price.

    Args:
        test: The test.
        everything: Whether to draw the days that were learnt from too.
        with_outcome: Whether to draw the forecasts of the test; without them the test is left open.
        dark: Whether the page behind is dark.
    """
    colours, figure = style.theme(dark), go.Figure()
    rows = slice(0 if everything else max(0, test.learnt - 30), None)
    x, hover = style.dates(test.closes_at[rows]), style.hover_price(test.actual, test.quote)
    forecasts: list[tuple[str, Array, dict[str, object]]] = []
    if with_outcome:
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
    if not with_outcome:  # the user guesses what follows
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
        annotations=_recipe_labels(test, x, spread, with_outcome=with_outcome, dark=dark),
    )  # fmt: skip
    return cards.lay_out(
        figure,
        dark=dark,
        revision=f"recipe {test.coin} {test.network} {everything}",
        right=_NAMES if with_outcome else cards.RIGHT,
        xaxis=style.time_axis("1d") | {"range": [x[0], x[-1]], "nticks": 4},
        yaxis=style.price_axis(test.actual, test.quote) | {"nticks": 5},
    )


def summary_recipe(test: RecipeTest, *, with_outcome: bool = True) -> str:
    """Describe in one sentence what ``recipe`` shows."""
    prices = "simulated prices" if test.simulated else "prices"
    start = f"{test.closes_at[test.learnt]:%d %B %Y}"
    highest = price_text(test.highest, test.quote)
    if not with_outcome:
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


def _recipe_labels(
    test: RecipeTest, x: Array, spread: float, *, with_outcome: bool, dark: bool
) -> list[dict[str, object]]:
    colours = style.theme(dark)
    labels = [
        cards.label(
            # Two lines have room beside the vertical one on a phone, until the test is drawn.
            f"highest price{' ' if with_outcome else '<br>'}it learnt from", colours.faint, x=x[-1],
            y=test.highest, anchor="right", shift=-11 if with_outcome else -19,
        ),
    ]  # fmt: skip
    if not with_outcome:
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
