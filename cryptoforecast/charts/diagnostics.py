"""Figures of how a forecast errs, each with a sentence that says the same.

The frames come from ``evaluation.diagnostics``, whose functions say what their columns are.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cryptoforecast.charts import style
from cryptoforecast.charts.leaderboard import percent
from cryptoforecast.charts.thinning import rows_to_show
from cryptoforecast.types import Array, Backtest, duration

_NO_SPREAD = "The errors do not vary, so there is nothing to show."


def delay(result: Backtest, step: int, frame: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Draw how far predicted prices lie from the actual ones of earlier candles.

    Args:
        result: the backtest that the frame is of.
        step: 1 to the horizon.
        frame: from ``diagnostics.delays``.
        dark: whether the page behind is dark.
    """
    colours, interval = style.theme(dark), result.history.interval
    figure = go.Figure()
    figure.add_scatter(
        x=frame["shift"], y=frame["error"], mode="lines+markers", name="error",
        line={"color": colours.strong, "width": 1.8}, marker={"size": 6, "symbol": "diamond"},
        hovertemplate=f"{style.hover_price(frame['error'].to_numpy())}<extra></extra>",
    )  # fmt: skip
    for x, words, anchor in ((0, "its target", "left"), (step, "the last price", "right")):
        figure.add_vline(x=x, line={"color": colours.rule, "dash": "dash", "width": 1})
        figure.add_annotation(
            x=x, y=1, yref="paper", yanchor="top", xanchor=anchor, text=words, showarrow=False,
            xshift=4 if anchor == "left" else -4, font={"size": 11, "color": colours.faint},
        )  # fmt: skip
    subtitle = style.subtitle_lines(
        result.history, "distance to the price so many candles before the target"
    )
    style.lay_out(
        figure, f"Just a delayed price? {_ahead(result, step)}", subtitle, dark=dark, height=320,
        keep=f"delay {interval} {step}", legend=False,
    )  # fmt: skip
    figure.update_layout(
        xaxis={"title": _title("candles before the target"), "nticks": 9, "tickformat": "d",
               "unifiedhovertitle": {"text": "%{x} before the target"}},
        yaxis=style.price_axis(frame["error"].to_numpy(), "mean distance, USD")
        | {"rangemode": "tozero"},
    )  # fmt: skip
    return figure


def summary_delay(result: Backtest, step: int, frame: pd.DataFrame) -> str:
    """Say what ``delay`` shows: whether the forecast is the last price once more."""
    best, own = int(frame["error"].idxmin()), float(frame["error"].iloc[0])
    behind, interval = float(frame["error"].iloc[step]), result.history.interval
    name = result.spec.network
    if own == 0 and behind == 0:
        return f"The price never moved, so nothing tells {name} from the last price."
    if best == 0:
        return (
            f"{name}'s prices fit their own targets best (off by {style.money(own)} on average), "
            f"better than any earlier price: not the last price delayed."
        )
    if best == step:
        return (
            f"Moved back by {duration(step, interval)}, {name}'s line lies on the price: it is off "
            f"its target by {style.money(own)} on average, and off the last price by only "
            f"{style.money(behind)}. A line that hugs the chart like this says nothing of where "
            "the price goes; honest forecasts do it too where the direction can't be foretold, "
            "and what counts then is the band."
        )
    return (
        f"{name}'s prices fit best those of {duration(best, interval)} before their targets (off "
        f"by {style.money(float(frame['error'].iloc[best]))} on average, {style.money(own)} at "
        "the target itself): it lags behind the market."
    )


def residuals(result: Backtest, step: int, frame: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Draw every error over time, and their running average.

    Args:
        result: the backtest that the frame is of.
        step: 1 to the horizon.
        frame: from ``diagnostics.residuals``.
        dark: whether the page behind is dark.
    """
    colours, interval = style.theme(dark), result.history.interval
    residual, average = (100 * frame[name].to_numpy() for name in ("residual", "average"))
    rows = rows_to_show([residual, average])
    x = style.milliseconds(pd.DatetimeIndex(frame["time"]))[rows]
    figure = go.Figure()
    figure.add_hline(y=0, line={"color": colours.ink, "dash": "dash", "width": 1})
    for name, values, colour, width in (
        ("error", residual, colours.rule, 0.8),
        ("running average", average, colours.strong, 2.2),
    ):
        figure.add_scatter(
            x=x, y=_small(values[rows]), name=name, mode="lines",
            line={"color": colour, "width": width},
            hovertemplate=f"{name} %{{y:+.2f}} %<extra></extra>",
        )  # fmt: skip
    times = pd.DatetimeIndex(frame["time"])
    subtitle = style.subtitle_lines(
        result.history, style.span(times, interval), "above 0: the price came out higher"
    )
    style.lay_out(
        figure, f"Errors over time, {_ahead(result, step)}", subtitle, dark=dark, height=340,
        keep=f"residuals {interval} {step}",
    )  # fmt: skip
    figure.update_layout(
        xaxis=style.time_axis(interval),
        yaxis={"title": _title("error, % of the price"), "nticks": 7},
    )
    return figure


def summary_residuals(result: Backtest, step: int, frame: pd.DataFrame) -> str:
    """Say what ``residuals`` shows: the mean error, and when the largest was."""
    residual = frame["residual"]
    mean, worst = float(residual.mean()), int(residual.abs().to_numpy().argmax())
    side = "too low" if mean > 0 else "too high"
    lean = f"{percent(abs(mean))} {side}" if mean else "neither too high nor too low"
    when = style.moment(frame["time"].iloc[worst], result.history.interval)
    return (
        f"Forecasts {_ahead(result, step)} are {lean} on average, and "
        f"{percent(float(residual.abs().mean()))} off either way; the largest error is "
        f"{percent(float(residual.iloc[worst]), '+')}, {when}."
    )


def histogram(result: Backtest, step: int, frame: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Draw how often errors of each size occur, beside a normal distribution.

    Args:
        result: the backtest that the frame is of.
        step: 1 to the horizon.
        frame: from ``diagnostics.histogram``.
        dark: whether the page behind is dark.
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
        line={"color": colours.strong, "width": 2, "dash": "dot"},
        hovertemplate="normal %{y:,.0f}<extra></extra>",
    )  # fmt: skip
    subtitle = style.subtitle_lines(result.history, "the outermost bars hold all beyond")
    style.lay_out(
        figure, f"Sizes of the errors, {_ahead(result, step)}", subtitle, dark=dark, height=320,
        keep=f"histogram {step}",
    )  # fmt: skip
    figure.update_layout(
        bargap=0.06,
        xaxis={"title": _title("error in standard deviations"), "nticks": 9,
               "unifiedhovertitle": {"text": "about %{x:.1f} deviations"}},
        yaxis={"title": _title("forecasts"), "nticks": 6},
    )  # fmt: skip
    return figure


def summary_histogram(frame: pd.DataFrame) -> str:
    """Say what ``histogram`` shows: whether large errors are more common than a normal has them."""
    total = float(frame["count"].sum())
    if not total:
        return _NO_SPREAD
    beyond = (frame["high"] <= -3) | (frame["low"] >= 3)
    share, normal = (float(frame.loc[beyond, name].sum()) / total for name in ("count", "normal"))
    word = "Heavy tails" if share > 1.5 * normal else "No heavy tails"
    return (
        f"{word}: {percent(share)} of the errors are larger than about 3 standard deviations; "
        f"of a normal distribution {percent(normal)} would be."
    )


def autocorrelation(
    result: Backtest, step: int, frame: pd.DataFrame, *, dark: bool = False
) -> go.Figure:
    """Draw how far errors, and their sizes, go along with those of earlier origins.

    Args:
        result: the backtest that the frame is of.
        step: 1 to the horizon.
        frame: from ``diagnostics.autocorrelation``.
        dark: whether the page behind is dark.
    """
    colours = style.theme(dark)
    figure = go.Figure()
    for side, fill in ((-1, None), (1, "tonexty")):
        figure.add_scatter(
            x=frame["lag"], y=side * frame["bound"], mode="lines", line={"width": 0}, fill=fill,
            fillcolor=colours.fan(0.16), hoverinfo="skip", showlegend=False, name="chance",
        )  # fmt: skip
    figure.add_bar(
        x=frame["lag"], y=frame["residual"], name="errors", marker={"color": colours.calm},
        hovertemplate="errors %{y:.3f}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=frame["lag"], y=frame["size"], name="sizes of errors", mode="lines+markers",
        line={"color": colours.strong, "width": 1.6}, marker={"size": 5, "symbol": "diamond"},
        hovertemplate="sizes %{y:.3f}<extra></extra>",
    )  # fmt: skip
    if step > 1:
        figure.add_vline(x=step - 0.5, line={"color": colours.rule, "dash": "dash", "width": 1})
    subtitle = style.subtitle_lines(
        result.history,
        "shaded: errors within chance (95 %)" + (", right of the dashed line" if step > 1 else ""),
    )
    style.lay_out(
        figure, f"Do errors repeat? {_ahead(result, step)}", subtitle, dark=dark, height=320,
        keep=f"autocorrelation {step}",
    )  # fmt: skip
    figure.update_layout(
        bargap=0.25,
        xaxis={"title": _title("candles between two forecasts"), "nticks": 9, "tickformat": "d",
               "unifiedhovertitle": {"text": "%{x} candles apart"}},
        yaxis={"title": _title("correlation"), "nticks": 7},
    )  # fmt: skip
    return figure


def summary_autocorrelation(step: int, frame: pd.DataFrame) -> str:
    """Say what ``autocorrelation`` shows, for lags that no overlap of targets explains."""
    apart = frame[frame["lag"] >= step]
    if apart.empty:
        return "There are too few forecasts to compare errors whose targets do not overlap."
    if not np.isfinite(apart["residual"]).any():
        return _NO_SPREAD
    outside = {
        name: int((apart[name].abs() > apart[bound]).sum())
        for name, bound in (("residual", "bound"), ("size", "size_bound"))
    }
    overlap = (
        f" Forecasts less than {step} candles apart share part of their target, so their errors "
        "go along in any case."
        if step > 1
        else ""
    )
    allowed = _by_chance(len(apart))
    first = (
        "Errors leave no clear pattern that could still be used"
        if outside["residual"] <= allowed
        else "Errors follow a pattern that a better model could use"
    )
    second = (
        "their sizes come in spells: restless times last, and a good band breathes with them"
        if outside["size"] > allowed
        else "nor do their sizes come in spells"
    )
    join = "; " if outside["size"] > allowed else ", "
    return (
        f"{first} ({outside['residual']} of {len(apart)} distances lie beyond chance){join}"
        f"{second} ({outside['size']} of {len(apart)}).{overlap}"
    )


def _by_chance(count: int) -> int:
    """Return how many of so many correlations chance puts beyond a 95 % bound, 99 % sure."""
    share, beyond = 0.05, 0
    inside = (1 - share) ** count
    while inside < 0.99:
        beyond += 1
        inside += math.comb(count, beyond) * share**beyond * (1 - share) ** (count - beyond)
    return beyond


def by_clock(
    result: Backtest,
    step: int,
    frame: pd.DataFrame,
    unit: Literal["hour", "weekday"],
    *,
    dark: bool = False,
) -> go.Figure:
    """Draw mean error and width of the band by hour of the day or by weekday, UTC.

    Args:
        result: the backtest that the frame is of.
        step: 1 to the horizon.
        frame: from ``diagnostics.by_hour`` or ``by_weekday``.
        unit: which of the two.
        dark: whether the page behind is dark.
    """
    what = "hour of the day" if unit == "hour" else "weekday"
    subtitle = style.subtitle_lines(result.history, f"{what} in which the predicted candle opens")
    figure = _averages(frame, unit, dark)
    style.lay_out(
        figure, f"Errors by {what}, {_ahead(result, step)}", subtitle, dark=dark, height=320,
        keep=f"{unit} {step}",
    )  # fmt: skip
    axis: dict[str, object] = {"title": _title(f"{what}, UTC")}
    axis |= {"dtick": 3, "tickformat": "d"} if unit == "hour" else {"type": "category"}
    figure.update_layout(bargap=0.25, xaxis=axis, yaxis=_percent_axis())
    return figure


def summary_by_clock(frame: pd.DataFrame, unit: Literal["hour", "weekday"]) -> str:
    """Say what ``by_clock`` shows: the calmest and the wildest time, and whether the band knows."""
    calm, wild = (frame.loc[i] for i in (frame["error"].idxmin(), frame["error"].idxmax()))

    def named(row: pd.Series) -> str:
        return f"at {int(row[unit]):02}:00 UTC" if unit == "hour" else f"on {row[unit]}"

    text = (
        f"Errors are smallest {named(calm)} ({percent(calm['error'])} of the price) and "
        f"largest {named(wild)} ({percent(wild['error'])})"
    )
    return f"{text}; {_follows(frame)}."


def by_regime(result: Backtest, step: int, frame: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Draw mean error and width of the band in calm, usual and restless markets.

    Args:
        result: the backtest that the frame is of.
        step: 1 to the horizon.
        frame: from ``diagnostics.by_regime``.
        dark: whether the page behind is dark.
    """
    subtitle = style.subtitle_lines(
        result.history, "thirds of the forecasts, by the volatility when they were made"
    )
    figure = _averages(frame, "regime", dark)
    style.lay_out(
        figure, f"Errors by market, {_ahead(result, step)}", subtitle, dark=dark, height=320,
        keep=f"regime {step}",
    )  # fmt: skip
    figure.update_layout(
        bargap=0.45,
        xaxis={"type": "category", "title": _title("market when the forecast was made")},
        yaxis=_percent_axis(),
    )
    return figure


def summary_by_regime(frame: pd.DataFrame) -> str:
    """Say what ``by_regime`` shows, and where the band is better than a constant one."""
    if not len(frame):
        return "The volatility did not vary, so there are no calm and restless markets to compare."
    calm, wild = frame.iloc[0], frame.iloc[-1]
    parts = [
        f"{row['regime']} {percent(1 - row['pinball'] / row['pinball_naive'], '+')}"
        for _, row in frame.iterrows()
        if row["pinball_naive"] > 0 and math.isfinite(row["pinball"])
    ]
    gain = f" Skill of the band against the last price's constant one: {', '.join(parts)}."
    return (
        f"Errors are {percent(calm['error'])} of the price in calm markets and "
        f"{percent(wild['error'])} in restless ones; {_follows(frame)}.{gain if parts else ''}"
    )


def free_run(result: Backtest, frame: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Draw the error by step of a network fed its own forecasts, and of what it says at once.

    Args:
        result: the backtest that the frame is of.
        frame: from ``diagnostics.free_run``.
        dark: whether the page behind is dark.
    """
    colours, interval = style.theme(dark), result.history.interval
    figure = go.Figure()
    analyses = (
        ("free_run", "fed its own forecasts", colours.strong, "solid", "diamond"),
        ("direct", "predicted at once", colours.calm, "dash", "square"),
        ("naive", "last price", colours.rule, "dot", "circle"),
    )
    for name, words, colour, dash, symbol in analyses:
        figure.add_scatter(
            x=frame["step"], y=_percent(frame[name]), name=words, mode="lines+markers",
            line={"color": colour, "width": 1.8, "dash": dash}, marker={"symbol": symbol},
            hovertemplate=f"{words} %{{y:.2f}} %<extra></extra>",
        )  # fmt: skip
    count = int(frame["origins"].iloc[0])
    subtitle = style.subtitle_lines(result.history, f"mean error from {count} starting points")
    style.lay_out(
        figure, "One step, again and again", subtitle, dark=dark, height=340,
        keep=f"free run {interval}", legend_rows=2,
    )  # fmt: skip
    figure.update_layout(
        xaxis={"title": _title("candles ahead"), "nticks": 9, "tickformat": "d",
               "unifiedhovertitle": {"text": "%{x} ahead"}},
        yaxis=_percent_axis(),
    )  # fmt: skip
    return figure


def summary_free_run(result: Backtest, frame: pd.DataFrame) -> str:
    """Say what ``free_run`` shows at its last step."""
    end, name = frame.iloc[-1], result.spec.network
    text = (
        f"Fed its own forecasts for {duration(int(end['step']), result.history.interval)}, {name} "
        f"ends {percent(end['free_run'])} off the price; the last price alone would be "
        f"{percent(end['naive'])} off"
    )
    if math.isfinite(end["direct"]):
        return f"{text}, and {name}'s forecast made at once {percent(end['direct'])}."
    if end["free_run"] > 1.05 * end["naive"]:
        return f"{text}. One good step says little of many: small leans add up."
    return f"{text}. It ends about where the last price does: nothing is gained by going on."


def _averages(frame: pd.DataFrame, name: str, dark: bool) -> go.Figure:
    """Draw a bar for the error and a marker for the reach of the band, group by group."""
    colours = style.theme(dark)
    figure = go.Figure()
    figure.add_bar(
        x=frame[name], y=_percent(frame["error"]), name="mean error",
        marker={"color": colours.fan(0.55)}, customdata=frame["origins"],
        hovertemplate="mean error %{y:.2f} % of %{customdata:,} forecasts<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=frame[name], y=_percent(frame["half_width"]), name="80 % band, each side",
        mode="lines+markers", line={"color": colours.strong, "width": 1.8},
        marker={"symbol": "diamond", "size": 7}, customdata=_percent(frame["covered"]),
        hovertemplate="band ±%{y:.2f} %, held %{customdata:.0f} %<extra></extra>",
    )  # fmt: skip
    return figure


def _follows(frame: pd.DataFrame) -> str:
    """Say whether the band is wider where errors are larger."""
    width, error = frame["half_width"], frame["error"]
    if len(frame) < 2 or not np.isfinite(width).all():
        return "there is no band to compare"
    if np.ptp(width) <= 1e-3 * width.mean():
        return "the band does not change with it"
    together = float(np.corrcoef(width, error)[0, 1]) if np.ptp(error) > 0 else math.nan
    return "the band widens with them" if together > 0.5 else "the band hardly follows"


def _percent(values: pd.Series) -> Array:
    return _small(100 * values.to_numpy(float))


def _percent_axis() -> dict[str, object]:
    return {"title": _title("% of the price"), "nticks": 6, "rangemode": "tozero"}


def _title(text: str) -> dict[str, object]:
    return {"text": text, "font": {"size": 11}, "standoff": 4}


def _ahead(result: Backtest, step: int) -> str:
    return style.ahead(step, result.history.interval)


def _small(values: Array) -> Array:
    """Halve the room a line takes in a figure; seven digits are enough to look at."""
    return np.asarray(values, dtype=np.float32)
