"""Figures of the errors of forecasts, each with a sentence that says the same.

The frames come from ``evaluation.diagnostics``, whose functions describe their columns.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cryptoforecast.charts import style, wording
from cryptoforecast.charts.error_axes import percent_axis, percents, step_name
from cryptoforecast.charts.thinning import rows_to_show
from cryptoforecast.types import Backtest, duration, moment_text, predictor_phrase

_NO_VARIATION = "The errors do not vary, so there is nothing to show."


def delay(result: Backtest, step: int, frame: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Draw the distance of predicted prices to the actual ones of earlier candles.

    Args:
        result: The backtest that the frame describes.
        step: A step, 1 to the horizon.
        frame: The errors, from ``diagnostics.delays``.
        dark: Whether the page behind is dark.
    """
    colours, interval = style.theme(dark), result.history.interval
    error, quote = frame["error"].to_numpy(), result.history.quote
    figure = go.Figure()
    figure.add_scatter(
        x=frame["shift"], y=frame["error"], mode="lines+markers", name="error",
        line={"color": colours.forecast, "width": 1.8}, marker={"size": 6, "symbol": "diamond"},
        hovertemplate=f"{style.hover_price(error, quote)}<extra></extra>",
    )  # fmt: skip
    # One below the other, so that they have room on a phone, whatever the step.
    for x, text, line in ((0, "its target", 0), (step, "the last price", 1)):
        figure.add_vline(x=x, line={"color": colours.rule, "dash": "dash", "width": 1})
        figure.add_annotation(
            x=x, y=1, yref="paper", yanchor="top", xanchor="left", text=text, showarrow=False,
            xshift=4, yshift=-14 * line, font={"size": 11, "color": colours.faint},
        )  # fmt: skip
    subtitle = style.subtitle_lines(
        result.history,
        step_name(result, step),
        "distance to the price so many candles before the target",
    )
    style.lay_out(
        figure, "Is it just a delayed price?", subtitle, dark=dark, height=320,
        revision=f"delay {interval} {step}", legend=False,
    )  # fmt: skip
    figure.update_layout(
        xaxis={"title": style.axis_title("candles before the target"), "nticks": 9,
               "tickformat": "d", "unifiedhovertitle": {"text": "%{x} before the target"}},
        yaxis=style.price_axis(error, quote, "mean distance") | {"rangemode": "tozero"},
    )  # fmt: skip
    return figure


def summary_delay(result: Backtest, step: int, frame: pd.DataFrame) -> str:
    """Describe what ``delay`` shows: whether the forecast repeats the last price."""
    best, own = int(frame["error"].idxmin()), float(frame["error"].iloc[0])
    behind, interval = float(frame["error"].iloc[step]), result.history.interval
    name = predictor_phrase(result.predictor)
    if own == 0 and behind == 0:
        return (
            f"That can't be told. The price never moved, so {name} and the last price are the same."
        )
    if best == 0:
        return (
            f"No. The prices of {name} are closer to their own targets than to any earlier price: "
            "they do not just repeat the last price."
        )
    if best == step:
        size = "the last price itself"
        if behind > 0:
            size = f"{wording.percent(behind / own)} as far from the last price as from its target"
        return (
            f"Yes. The line of {name} is the chart itself, moved by {duration(step, interval)}: it "
            f"is {size}. Such a line looks close and does not show where the price goes. Good "
            "forecasts look like this too where the direction cannot be predicted. Then the range "
            "is what counts."
        )
    return (
        f"Nearly. The prices of {name} are closest to those of {duration(best, interval)} before "
        f"their targets, {wording.percent(float(frame['error'].iloc[best]) / own)} as far as from "
        "the targets themselves: they lag behind the market."
    )


def residuals(result: Backtest, step: int, frame: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Draw every error over time, and their running average.

    Args:
        result: The backtest that the frame describes.
        step: A step, 1 to the horizon.
        frame: The errors, from ``diagnostics.residuals``.
        dark: Whether the page behind is dark.
    """
    colours, interval = style.theme(dark), result.history.interval
    residual, average = (100 * np.expm1(frame[name].to_numpy()) for name in ("residual", "average"))
    rows = rows_to_show([residual, average])
    times = pd.DatetimeIndex(frame["closes_at"])
    x = style.dates(times)[rows]
    figure = go.Figure()
    figure.add_hline(y=0, line={"color": colours.ink, "dash": "dash", "width": 1})
    for name, values, colour, width in (
        ("error", residual, colours.rule, 0.8),
        ("running average", average, colours.forecast, 2.2),
    ):
        figure.add_scatter(
            x=x, y=style.float32(values[rows]), name=name, mode="lines",
            line={"color": colour, "width": width},
            hovertemplate=f"{name} %{{y:+.2f}} %<extra></extra>",
        )  # fmt: skip
    subtitle = style.subtitle_lines(
        result.history,
        f"{step_name(result, step)}, {wording.span_of_closes(times)}",
        "above 0: the price came out higher",
    )
    style.lay_out(
        figure, "Where was it wrong, and by how much?", subtitle, dark=dark, height=340,
        revision=f"residuals {interval} {step}",
    )  # fmt: skip
    figure.update_layout(
        xaxis=style.time_axis(interval),
        yaxis={"title": style.axis_title("error, % of the forecast"), "nticks": 7},
    )
    return figure


def summary_residuals(result: Backtest, step: int, frame: pd.DataFrame) -> str:
    """Describe what ``residuals`` shows: the mean error and the largest one."""
    # A price that came out 92 % above its forecast is 0.65 above it in logarithms.
    residual = np.expm1(frame["residual"])
    mean, worst = float(np.expm1(frame["residual"].mean())), int(residual.abs().argmax())
    side = "too low" if mean > 0 else "too high"
    size = wording.percent(abs(mean))
    lean = "neither too high nor too low" if size == "0 %" else f"{size} {side}"
    when = moment_text(frame["closes_at"].iloc[worst])
    return (
        f"Forecasts {step_name(result, step)} are {lean} on average, and the average miss is "
        f"{wording.percent(float(residual.abs().mean()))} of the forecast; the largest error is "
        f"{wording.percent(float(residual.iloc[worst]), '+')}, {when}."
    )


def histogram(result: Backtest, step: int, frame: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Draw the number of errors of each size beside a normal distribution.

    Args:
        result: The backtest that the frame describes.
        step: A step, 1 to the horizon.
        frame: The errors, from ``diagnostics.histogram``.
        dark: Whether the page behind is dark.
    """
    colours = style.theme(dark)
    middle = (frame["low"] + frame["high"]) / 2
    figure = go.Figure()
    figure.add_bar(
        x=middle, y=frame["count"], name="errors", marker={"color": colours.fan(0.55)},
        hovertemplate="%{y:,} errors<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=middle, y=frame["normal"], name="normal distribution", mode="lines",
        line={"color": colours.forecast, "width": 2, "dash": "dot"},
        hovertemplate="normal %{y:,.0f}<extra></extra>",
    )  # fmt: skip
    subtitle = style.subtitle_lines(
        result.history, f"{step_name(result, step)}, the outermost bars hold all beyond"
    )
    style.lay_out(
        figure, "How large are the misses?", subtitle, dark=dark, height=320,
        revision=f"histogram {step}",
    )  # fmt: skip
    figure.update_layout(
        bargap=0.06,
        xaxis={"title": style.axis_title("error in standard deviations"), "nticks": 9,
               "unifiedhovertitle": {"text": "about %{x:.1f} deviations"}},
        yaxis={"title": style.axis_title("forecasts"), "nticks": 6},
    )  # fmt: skip
    return figure


def summary_histogram(frame: pd.DataFrame) -> str:
    """Describe what ``histogram`` shows: whether the errors have heavy tails."""
    total = float(frame["count"].sum())
    if not total:
        return _NO_VARIATION
    beyond = (frame["high"] <= -3) | (frame["low"] >= 3)
    share, normal = (float(frame.loc[beyond, name].sum()) / total for name in ("count", "normal"))
    word = "Heavy tails" if share > 1.5 * normal else "No heavy tails"
    return (
        f"{word}: {wording.percent(share)} of the errors are larger than about 3 standard "
        f"deviations; with a normal distribution it would be {wording.percent(normal)}."
    )


def autocorrelation(
    result: Backtest, step: int, frame: pd.DataFrame, *, dark: bool = False
) -> go.Figure:
    """Draw the correlation of errors, and of their sizes, with earlier ones.

    Args:
        result: The backtest that the frame describes.
        step: A step, 1 to the horizon.
        frame: The errors, from ``diagnostics.autocorrelation``.
        dark: Whether the page behind is dark.
    """
    colours = style.theme(dark)
    figure = go.Figure()
    for side, fill in ((-1, None), (1, "tonexty")):
        figure.add_scatter(
            x=frame["lag"], y=side * frame["bound"], mode="lines", line={"width": 0}, fill=fill,
            fillcolor=colours.fan(0.16), hoverinfo="skip", showlegend=False, name="chance",
        )  # fmt: skip
    figure.add_bar(
        x=frame["lag"], y=frame["residual"], name="errors", marker={"color": colours.rule},
        hovertemplate="errors %{y:.3f}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=frame["lag"], y=frame["size"], name="sizes of errors", mode="lines+markers",
        line={"color": colours.forecast, "width": 1.6}, marker={"size": 5, "symbol": "diamond"},
        hovertemplate="sizes %{y:.3f}<extra></extra>",
    )  # fmt: skip
    if step > 1:
        figure.add_vline(x=step - 0.5, line={"color": colours.rule, "dash": "dash", "width": 1})
    subtitle = style.subtitle_lines(
        result.history,
        step_name(result, step),
        "shaded: by chance (95 %)" + (", right of the dashed line" if step > 1 else ""),
    )
    style.lay_out(
        figure, "Does a miss say something about the next?", subtitle, dark=dark, height=320,
        revision=f"autocorrelation {step}",
    )  # fmt: skip
    figure.update_layout(
        bargap=0.25,
        xaxis={"title": style.axis_title("candles between two forecasts"), "nticks": 9,
               "tickformat": "d", "unifiedhovertitle": {"text": "%{x} candles apart"}},
        yaxis={"title": style.axis_title("correlation"), "nticks": 7},
    )  # fmt: skip
    return figure


def summary_autocorrelation(step: int, frame: pd.DataFrame) -> str:
    """Describe what ``autocorrelation`` shows at lags without overlap of targets."""
    apart = frame[frame["lag"] >= step]
    if apart.empty:
        return "There are too few forecasts to compare errors whose targets do not overlap."
    if not np.isfinite(apart["residual"]).any():
        return _NO_VARIATION
    outside = {
        name: int((apart[name].abs() > apart[bound]).sum())
        for name, bound in (("residual", "bound"), ("size", "size_bound"))
    }
    overlap = (
        f" Forecasts less than {step} candles apart share part of their target, so their errors "
        "are related in any case."
        if step > 1
        else ""
    )
    by_chance = _allowed_by_chance(len(apart))
    first = (
        "Errors show no clear pattern that a model could use"
        if outside["residual"] <= by_chance
        else "Errors follow a pattern that a better model could use"
    )
    second = (
        "large errors come in groups: restless times last, so a good range widens with them"
        if outside["size"] > by_chance
        else "and large errors do not come in groups"
    )
    join = "; " if outside["size"] > by_chance else ", "
    return (
        f"{first} ({outside['residual']} of {len(apart)} distances are beyond chance){join}"
        f"{second} ({outside['size']} of {len(apart)}).{overlap}"
    )


def _allowed_by_chance(count: int) -> int:
    """Return how many correlations may lie beyond a 95 % bound by chance.

    If nothing is correlated, that number is binomial with probability 0.05. Returned is its 99 %
    quantile.

    Args:
        count: How many correlations there are.
    """
    share, beyond = 0.05, 0
    inside = (1 - share) ** count
    while inside < 0.99:
        beyond += 1
        inside += math.comb(count, beyond) * share**beyond * (1 - share) ** (count - beyond)
    return beyond


def free_run(result: Backtest, frame: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Draw the error by step of a network that is fed its own forecasts.

    The direct forecast of the same network and the last price stand beside it.

    Args:
        result: The backtest that the frame describes.
        frame: The errors, from ``diagnostics.free_run``.
        dark: Whether the page behind is dark.
    """
    colours, interval = style.theme(dark), result.history.interval
    figure = go.Figure()
    lines = (
        ("free_run", "fed its own forecasts", colours.forecast, "solid", "diamond"),
        ("direct", "predicted at once", colours.ink, "dash", "square"),
        ("naive", "last price", colours.rule, "dot", "circle"),
    )
    for name, label, colour, dash, symbol in lines:
        figure.add_scatter(
            x=frame["step"], y=percents(frame[name]), name=label, mode="lines+markers",
            line={"color": colour, "width": 1.8, "dash": dash}, marker={"symbol": symbol},
            hovertemplate=f"{label} %{{y:.2f}} %<extra></extra>",
        )  # fmt: skip
    count = int(frame["origins"].iloc[0])
    subtitle = style.subtitle_lines(result.history, f"mean error from {count} starting points")
    style.lay_out(
        figure, "What if it is fed its own forecasts?", subtitle, dark=dark, height=340,
        revision=f"free run {interval}",
    )  # fmt: skip
    figure.update_layout(
        xaxis={"title": style.axis_title("candles ahead"), "nticks": 9, "tickformat": "d",
               "unifiedhovertitle": {"text": "%{x} ahead"}},
        yaxis=percent_axis(),
    )  # fmt: skip
    return figure


def summary_free_run(result: Backtest, frame: pd.DataFrame) -> str:
    """Describe what ``free_run`` shows at its last step."""
    end, name = frame.iloc[-1], predictor_phrase(result.spec.network)
    text = (
        f"Fed its own forecasts for {duration(int(end['step']), result.history.interval)}, {name} "
        f"ends {wording.percent(end['free_run'])} off the price; the last price alone would be "
        f"{wording.percent(end['naive'])} off"
    )
    if math.isfinite(end["direct"]):
        return f"{text}, and the forecast made at once {wording.percent(end['direct'])}."
    if end["free_run"] > 1.05 * end["naive"]:
        return (
            f"{text}. One good step says little about many: small errors in one direction add up."
        )
    if end["free_run"] < 0.95 * end["naive"]:
        return f"{text}. It ends closer than the last price does: here the steps gained something."
    return f"{text}. It ends about where the last price does, so the steps gain nothing."
