"""The figure of several series of the ledger: the skill of each week by week, one below another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from cryptoforecast.charts import style, wording
from cryptoforecast.charts.ledger import (
    bar_marker,
    price_skill,
    range_skill,
    skill_axis,
    week_axis,
)
from cryptoforecast.types import brief_moment_text
from cryptoforecast.types.ledger_record import LedgerRecord

#: Height of one series, and of what is below all of them, pixels.
_ROW, _FOOT = 92, 40
#: Shares of a row for the name above its bars, and below them.
_NAME, _GAP = 0.24, 0.06


def ledger_series(records: Mapping[str, LedgerRecord], *, dark: bool = False) -> go.Figure:
    """Draw each series' weekly skill: prices against the last price, ranges against the cone.

    Args:
        records: The records of some series at one step by their names, each with a week at least.
        dark: Whether the page behind is dark.
    """
    colours, count = style.theme(dark), len(records)
    starts = sorted({week.start for record in records.values() for week in record.weeks})
    days = {start: brief_moment_text(start).removesuffix(" 00:00") for start in starts}
    skills = {
        name: (dict(_by_week(record, price=True)), dict(_by_week(record, price=False)))
        for name, record in records.items()
    }
    highest = 1.1 * max(
        style.largest(np.abs([*each.values()])) for pair in skills.values() for each in pair
    )
    figure, axes, notes = go.Figure(), {}, []
    for i, (name, pair) in enumerate(skills.items()):
        axis = f"y{i + 1}"
        for each, colour, what in zip(
            pair, (colours.forecast, colours.rule), ("price", "range"), strict=True
        ):
            figure.add_bar(
                x=[*days.values()], y=[each.get(start) for start in days], yaxis=axis,
                marker=bar_marker(colour), offsetgroup=what,
                hovertemplate=f"%{{x}}: %{{y:+.1f}} %<extra>{what}</extra>",
            )  # fmt: skip
        top = 1 - i / count
        axes[f"yaxis{i + 1 if i else ''}"] = {
            "domain": [max(top - (1 - _GAP) / count, 0), top - _NAME / count],
            "range": [-highest, highest], **skill_axis(colours),
        }  # fmt: skip
        notes.append(
            {"x": 0, "xref": "paper", "xanchor": "left", "y": top, "yref": "paper",
             "yanchor": "top", "text": style.plain(name), "showarrow": False,
             "font": {"color": colours.ink}}
        )  # fmt: skip
    style.lay_out(
        figure, "", [], dark=dark, height=_ROW * count + _FOOT, legend=False, revision="series",
        extra={
            "barmode": "group", "bargap": 0.4, "hovermode": "closest", "annotations": notes,
            "xaxis": {**week_axis(colours), "anchor": f"y{count}", "categoryorder": "array",
                      "categoryarray": [*days.values()]},
            **axes,
        },
    )  # fmt: skip
    style.untitle(figure)
    figure.layout.margin.r = 12
    return figure


def _by_week(record: LedgerRecord, *, price: bool) -> list[tuple[object, float]]:
    skill = price_skill if price else range_skill
    return [(week.start, 100 * skill(week)) for week in record.weeks]


def summary_ledger_series(records: Mapping[str, LedgerRecord]) -> str:
    """Say what the figure of several series shows."""
    ranges = {
        name: range_skill(record.total)
        for name, record in records.items()
        if record.total is not None
    }
    best, worst = max(ranges, key=ranges.__getitem__), min(ranges, key=ranges.__getitem__)
    return (
        f"Against the range of the volatility cone, {best} did best "
        f"({wording.percent(ranges[best], '+')}) and {worst} worst "
        f"({wording.percent(ranges[worst], '+')})."
    )
