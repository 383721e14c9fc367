"""The figures of the ledger: promised ranges with what came, and the skill week by week."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cryptoforecast.charts import style
from cryptoforecast.types import QUANTILES, brief_moment_text, short_moment_text
from cryptoforecast.types.ledger import LedgerEntry
from cryptoforecast.types.ledger_record import LedgerRecord, LedgerWeek

_LOW, _HIGH = QUANTILES.index(0.1), QUANTILES.index(0.9)
#: Share of the distance of two forecasts that a bar takes.
_WIDTH = 0.6
#: Number of forecasts over which the word beside a cross reaches.
_WORD = 4


def ledger_ranges(entries: Sequence[LedgerEntry], step: int, *, dark: bool = False) -> go.Figure:
    """Draw the 80 % range of each forecast, and the price that came.

    Args:
        entries: Forecasts of one series, in any order.
        step: 1 to the horizon.
        dark: Whether the page behind is dark.
    """
    colours = style.theme(dark)
    entries = sorted(entries, key=lambda entry: entry.forecast.origin)
    name = entries[0].forecast.series
    times = pd.DatetimeIndex([entry.forecast.closes_at(step) for entry in entries])
    bands = np.array([entry.forecast.quantiles[step - 1, [_LOW, _HIGH]] for entry in entries])
    came = np.array([_actual(entry, step) for entry in entries])
    open_ = np.array([entry.outcome is None for entry in entries])
    inside = (bands[:, 0] <= came) & (came <= bands[:, 1])
    has_price = np.isfinite(came)
    nearest = np.diff(times.asi8).min() / 1e6 if len(times) > 1 else 3.6e6
    width, dates = _WIDTH * float(nearest), style.dates(times)
    figure = go.Figure()
    figure.add_bar(
        x=dates[~open_], base=bands[~open_, 0], y=np.diff(bands[~open_], axis=1)[:, 0],
        width=width, marker={"color": colours.fan(0.42 if dark else 0.28), "line": {"width": 0}},
        hoverinfo="skip",
    )  # fmt: skip
    price = style.hover_price(np.append(bands, came[has_price]), name.quote)
    for rows, mark in (
        (has_price & inside, {"symbol": "circle", "size": 7, "color": colours.ink}),
        (has_price & ~inside, {"symbol": "x-thin", "size": 9,
                           "line": {"width": 2.5, "color": colours.worse}}),
    ):  # fmt: skip
        figure.add_scatter(
            x=dates[rows], y=came[rows], mode="markers", marker=mark, cliponaxis=False,
            hovertemplate=f"%{{x|%-d %b %H:%M}} UTC, {price}<extra></extra>",
        )  # fmt: skip
    outlines = [
        {
            "type": "rect", "x0": time - pd.Timedelta(milliseconds=width / 2),
            "x1": time + pd.Timedelta(milliseconds=width / 2), "y0": low, "y1": high,
            "line": {"color": colours.forecast, "width": 1.5, "dash": "dot"},
        }
        for time, (low, high) in zip(times[open_].tz_localize(None), bands[open_], strict=True)
    ]  # fmt: skip
    edge = pd.Timedelta(milliseconds=1.5 * nearest)
    style.lay_out(
        figure, "", [], dark=dark, height=320, legend=False,
        revision=f"{name.market} {name.interval} {step}",
        extra={
            "hovermode": "closest",
            "shapes": outlines,
            "annotations": _labels(times, bands, came, inside, open_, colours),
            "xaxis": {**style.time_axis(name.interval), "showgrid": False,
                      "range": [times[0] - edge, times[-1] + edge],
                      "tickfont": {"color": colours.faint}},
            "yaxis": {**style.price_axis(bands, name.quote), "nticks": 5,
                      "tickfont": {"color": colours.faint},
                      "range": _limits(np.append(bands.ravel(), came[has_price]))},
        },
    )  # fmt: skip
    style.untitle(figure)
    figure.layout.margin.r = 12
    return figure


def _limits(prices: np.ndarray) -> list[float]:
    low, high = float(prices.min()), float(prices.max())
    room = 0.06 * (high - low)
    return [low - room, high + 2 * room]


def _labels(
    times: pd.DatetimeIndex,
    bands: np.ndarray,
    came: np.ndarray,
    inside: np.ndarray,
    open_: np.ndarray,
    colours: style.Theme,
) -> list[dict[str, object]]:
    """Write what a cross and a dotted bar mean, at the first of each."""
    notes: list[dict[str, object]] = []
    outside = np.flatnonzero(np.isfinite(came) & ~inside)
    if len(outside):
        free = [row for row in outside.tolist() if _is_free_before(row, bands, came)]
        row = free[-1] if free else _most_alone(outside, len(times))
        shift = 13 if came[row] > bands[row, 1] else -13
        place = {"xanchor": "right", "xshift": -7} if free else {"yshift": shift}
        notes.append(
            {"x": times[row], "y": came[row], "text": "outside", "showarrow": False,
             "font": {"color": colours.worse}, **place}
        )  # fmt: skip
    if open_.any():
        row = np.flatnonzero(open_)[-1]
        notes.append(
            {"x": times[row], "y": 1, "yref": "y domain", "text": "not due yet",
             "showarrow": False, "xanchor": "right", "xshift": 8, "yanchor": "top",
             "font": {"color": colours.forecast_text}}
        )  # fmt: skip
    return notes


def _is_free_before(row: int, bands: np.ndarray, came: np.ndarray) -> bool:
    """Return whether a word before a cross would cover no bar and no mark."""
    if row < _WORD:
        return False
    before = slice(row - _WORD, row)
    highest = np.fmax(bands[before, 1], came[before]).max()
    lowest = np.fmin(bands[before, 0], came[before]).min()
    room = 0.03 * (bands.max() - bands.min())
    return bool(came[row] > highest + room or came[row] < lowest - room)


def _most_alone(rows: np.ndarray, count: int) -> int:
    """Return the row that is farthest from the others, and from both edges."""
    ends = np.concatenate([[-2], rows, [count + 1]])
    gaps = np.diff(ends)
    return int(rows[np.argmax(np.minimum(gaps[:-1], gaps[1:]))])


def _actual(entry: LedgerEntry, step: int) -> float:
    outcome = entry.outcome
    if outcome is None or not outcome.has_candles:
        return float("nan")
    return float(outcome.actual[step - 1])


def summary_ledger_ranges(entries: Sequence[LedgerEntry], step: int) -> str:
    """Say what the figure of ranges shows."""
    outcomes = [entry for entry in entries if np.isfinite(_actual(entry, step))]
    hits = sum(
        bool(entry.outcome.inside[80][step - 1]) for entry in outcomes if entry.outcome is not None
    )
    waiting = sum(entry.outcome is None for entry in entries)
    first = min(entry.forecast.closes_at(step) for entry in entries)
    return (
        f"80 % ranges of {len(entries)} forecasts from {short_moment_text(first)} on: {hits} of "
        f"{len(outcomes)} held the price that came, {waiting} are not due yet."
    )


def ledger_weeks(record: LedgerRecord, *, dark: bool = False) -> go.Figure:
    """Draw the weekly skill of prices against the last price, and of ranges against the cone.

    Args:
        record: The record of one series at one step, with at least one week.
        dark: Whether the page behind is dark.
    """
    colours = style.theme(dark)
    days = [brief_moment_text(week.start).removesuffix(" 00:00") for week in record.weeks]
    price = [100 * price_skill(week) for week in record.weeks]
    band = [100 * range_skill(week) for week in record.weeks]
    figure = go.Figure()
    figure.add_bar(
        x=days, y=price, marker=bar_marker(colours.forecast),
        hovertemplate="%{x}: %{y:+.1f} %<extra>price</extra>",
    )  # fmt: skip
    figure.add_bar(
        x=days, y=band, marker=bar_marker(colours.rule),
        hovertemplate="%{x}: %{y:+.1f} %<extra>range</extra>",
    )  # fmt: skip
    style.lay_out(
        figure, "", [], dark=dark, height=190, legend=False, revision="weeks",
        extra={
            "barmode": "group", "bargap": 0.4, "hovermode": "closest",
            "xaxis": week_axis(colours),
            "yaxis": skill_axis(colours),
        },
    )  # fmt: skip
    style.untitle(figure)
    figure.layout.margin.r = 12
    return figure


def price_skill(week: LedgerWeek) -> float:
    """Return the skill against the last price, a fraction; NaN if that never misses."""
    return _skill(week.miss, week.miss_naive)


def range_skill(week: LedgerWeek) -> float:
    """Return the skill of the range against that of the volatility cone, a fraction."""
    return _skill(week.pinball, week.pinball_cone)


def _skill(own: float, other: float) -> float:
    return 1 - own / other if other > 0 else float("nan")


def bar_marker(colour: str) -> dict[str, object]:
    """Return the marker of a bar without an outline: a bar of height 0 then covers nothing."""
    return {"color": colour, "line": {"width": 0}}


def week_axis(colours: style.Theme) -> dict[str, object]:
    """Return the axis of weeks."""
    return {
        "type": "category", "showgrid": False, "nticks": 8, "tickangle": 0,
        "tickfont": {"color": colours.faint},
    }  # fmt: skip


def skill_axis(colours: style.Theme) -> dict[str, object]:
    """Return the axis of skills, %."""
    return {
        "ticksuffix": " %", "nticks": 4, "zeroline": True, "zerolinecolor": colours.ink,
        "tickfont": {"color": colours.faint},
    }  # fmt: skip


def summary_ledger_weeks(record: LedgerRecord) -> str:
    """Say what the figure of weeks shows, as precisely as it is drawn."""
    price, band = (
        [round(skill(week), 3) for week in record.weeks] for skill in (price_skill, range_skill)
    )
    weeks, ranges = len(record.weeks), sum(skill > 0 for skill in band)
    if any(price):
        first = (
            f"In {sum(skill > 0 for skill in price)} of {weeks} weeks the forecasts missed less "
            f"than the last price, in {ranges}"
        )
    else:
        first = (
            f"In all {weeks} weeks the forecasts missed as much as the last price, because that "
            f"is their middle; in {ranges}"
        )
    return f"{first} their range was better than that of the volatility cone."
