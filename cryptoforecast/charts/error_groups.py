"""Figures of the errors by hour, weekday and market, each with a sentence that says the same."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cryptoforecast.charts import style, wording
from cryptoforecast.charts.error_axes import percent_axis, percents, step_name
from cryptoforecast.types import Backtest

#: Share of cases: if chance alone makes a difference in more of them, it may be chance.
MAX_CHANCE = 0.05


def by_clock(
    result: Backtest,
    step: int,
    frame: pd.DataFrame,
    unit: Literal["hour", "weekday"],
    *,
    dark: bool = False,
) -> go.Figure:
    """Draw the mean error and the width of the band by hour or by weekday, UTC.

    Args:
        result: The backtest that the frame describes.
        step: A step, 1 to the horizon.
        frame: The errors, from ``diagnostics.by_hour`` or ``by_weekday``.
        unit: ``"hour"`` or ``"weekday"``, as in the frame.
        dark: Whether the page behind is dark.
    """
    what = "hour of the day" if unit == "hour" else "weekday"
    which = "At which hour" if unit == "hour" else "On which weekday"
    subtitle = style.subtitle_lines(
        result.history, f"{step_name(result, step)}, by the open of its candle"
    )
    figure = _averages(frame, unit, dark)
    style.lay_out(
        figure, f"{which} does it miss most?", subtitle, dark=dark, height=320,
        revision=f"{unit} {step}",
    )  # fmt: skip
    axis: dict[str, object] = {"title": style.axis_title(f"{what}, UTC")}
    axis |= {"dtick": 3, "tickformat": "d"} if unit == "hour" else {"type": "category"}
    figure.update_layout(bargap=0.25, xaxis=axis, yaxis=percent_axis())
    return figure


def summary_by_clock(
    frame: pd.DataFrame, unit: Literal["hour", "weekday"], chance: float = math.nan
) -> str:
    """Describe what ``by_clock`` shows: when errors are small, when large, and the band.

    Args:
        frame: The errors, as in ``by_clock``.
        unit: As in ``by_clock``.
        chance: How often chance alone makes them differ as much; NaN where it is not known.
    """
    smallest, largest = (frame.loc[i] for i in (frame["error"].idxmin(), frame["error"].idxmax()))

    def candles_of(row: pd.Series) -> str:
        when = f"at {int(row[unit]):02}:00 UTC" if unit == "hour" else f"on {row[unit]}"
        return f"that open {when}"

    text = (
        f"Errors are smallest in candles {candles_of(smallest)} "
        f"({wording.percent(smallest['error'])} of the price) and largest in those "
        f"{candles_of(largest)} ({wording.percent(largest['error'])})"
    )
    return f"{text}; {_band_and_errors(frame)}.{_chance_text(chance)}"


def _chance_text(chance: float) -> str:
    """Say how often chance alone does the same, and what follows; nothing where it is unknown."""
    if math.isnan(chance):
        return ""
    of_100 = "fewer than 1" if chance < 0.01 else f"{chance:.0%}".removesuffix("%")
    so = "this may be chance" if chance > MAX_CHANCE else "it is more than chance"
    return f" By chance alone they differ as much in {of_100} of 100 cases, so {so}."


def by_regime(result: Backtest, step: int, frame: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Draw the mean error and the width of the band in calm to restless markets.

    Args:
        result: The backtest that the frame describes.
        step: A step, 1 to the horizon.
        frame: The errors, from ``diagnostics.by_regime``.
        dark: Whether the page behind is dark.
    """
    subtitle = style.subtitle_lines(
        result.history,
        step_name(result, step),
        "thirds of the forecasts, by the volatility when they were made",
    )
    figure = _averages(frame, "regime", dark)
    style.lay_out(
        figure, "Does it miss more in restless markets?", subtitle, dark=dark, height=320,
        revision=f"regime {step}",
    )  # fmt: skip
    figure.update_layout(
        bargap=0.45,
        xaxis={"type": "category", "title": style.axis_title("market when the forecast was made")},
        yaxis=percent_axis(),
    )
    return figure


def summary_by_regime(frame: pd.DataFrame) -> str:
    """Describe what ``by_regime`` shows, with the skill against a constant band."""
    if not len(frame):
        return "The volatility did not vary, so there are no calm and restless markets to compare."
    calm, restless = frame.iloc[0], frame.iloc[-1]
    parts = [
        f"{row['regime']} {wording.percent(1 - row['pinball'] / row['pinball_naive'], '+')}"
        for _, row in frame.iterrows()
        if row["pinball_naive"] > 0 and math.isfinite(row["pinball"])
    ]
    gain = f" Lead over the constant range of the last price (skill): {', '.join(parts)}."
    return (
        f"Errors are {wording.percent(calm['error'])} of the price in calm markets and "
        f"{wording.percent(restless['error'])} in restless ones; "
        f"{_band_and_errors(frame)}.{gain if parts else ''}"
    )


def _averages(frame: pd.DataFrame, name: str, dark: bool) -> go.Figure:
    """Draw the mean error as bars and half the width of the band as markers."""
    colours = style.theme(dark)
    figure = go.Figure()
    figure.add_bar(
        x=frame[name], y=percents(frame["error"]), name="mean error",
        marker={"color": colours.fan(0.55)}, customdata=frame["origins"],
        hovertemplate="mean error %{y:.2f} % of %{customdata:,} forecasts<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=frame[name], y=percents(frame["half_width"]), name="80 % range, each side",
        mode="lines+markers", line={"color": colours.forecast, "width": 1.8},
        marker={"symbol": "diamond", "size": 7}, customdata=percents(frame["covered"]),
        hovertemplate="range ±%{y:.2f} %, held %{customdata:.0f} %<extra></extra>",
    )  # fmt: skip
    return figure


def _band_and_errors(frame: pd.DataFrame) -> str:
    """Describe whether the band is wider where errors are larger."""
    width, error = frame["half_width"], frame["error"]
    if len(frame) < 2 or not np.isfinite(width).all():
        return "there is no range to compare"
    if np.ptp(width) <= 1e-3 * width.mean():
        return "the range is equally wide at all times"
    together = float(np.corrcoef(width, error)[0, 1]) if np.ptp(error) > 0 else math.nan
    return "the range widens with them" if together > 0.5 else "the range hardly widens with them"
