"""Figures of how bands fared: levels, the whole distribution, by step and by volatility."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from cryptoforecast.charts import style
from cryptoforecast.types import QUANTILES, Backtest, CoverageBySteps, Reliability, Share

#: Levels that are drawn by step and by regime, in %.
_LEVELS = (80, 95)


def reliability(measured: Reliability, *, dark: bool = False) -> go.Figure:
    """Draw the share of actuals below each forecast quantile against the promised one.

    Args:
        measured: of one step, from ``evaluation.reliability.measure``.
        dark: whether the page behind is dark.
    """
    colours = style.theme(dark)
    promised = [100 * level for level in QUANTILES]
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 100], y=[0, 100], name="as promised", mode="lines", hoverinfo="skip",
        line={"color": colours.rule, "dash": "dash", "width": 1.5},
    )  # fmt: skip
    figure.add_scatter(
        x=promised, name="measured, with 95 % interval", mode="lines+markers",
        line={"color": colours.strong, "width": 1.5},
        marker={"symbol": "diamond", "size": 8, "color": colours.strong},
        hovertemplate="promised %{x:.1f} %: measured %{y:.1f} %<extra></extra>",
        **_counted(measured.observed, colours.strong),
    )  # fmt: skip
    _lay_out(figure, measured.backtest, "Quantiles: promised and measured", measured.step,
             f"{measured.origins:,} outcomes", dark=dark, keep="reliability")  # fmt: skip
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": _title("chance of ending below, promised %"), "range": [-2, 102],
               "dtick": 25},
        yaxis={"title": _title("ended below, %"), "range": [-2, 102], "dtick": 25},
    )  # fmt: skip
    return figure


def pit(measured: Reliability, *, dark: bool = False) -> go.Figure:
    """Draw how often actuals fell into each equally likely part of the forecast distribution.

    Args:
        measured: of one step, from ``evaluation.reliability.measure``.
        dark: whether the page behind is dark.
    """
    colours, parts = style.theme(dark), len(measured.pit)
    width = 100 / parts
    figure = go.Figure()
    figure.add_bar(
        x=[width * (i + 0.5) for i in range(parts)], width=[0.86 * width] * parts,
        name="measured, with 95 % interval", marker={"color": colours.fan(0.6)},
        customdata=[[width * i, width * (i + 1)] for i in range(parts)],
        hovertemplate="%{customdata[0]:.0f} to %{customdata[1]:.0f} %: %{y:.1f} % of outcomes"
        "<extra></extra>",
        **_counted(measured.pit, colours.ink),
    )  # fmt: skip
    figure.add_scatter(
        x=[0, 100], y=[width, width], name="as promised", mode="lines", hoverinfo="skip",
        line={"color": colours.strong, "dash": "dash", "width": 1.5},
    )  # fmt: skip
    _lay_out(figure, measured.backtest, "Where in the forecast prices ended", measured.step,
             f"{measured.origins:,} outcomes, flat is right", dark=dark, keep="pit")  # fmt: skip
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": _title("part of the forecast, % (low prices left)"), "range": [0, 100],
               "dtick": 25},
        yaxis={"title": _title("outcomes, %"), "rangemode": "tozero", "nticks": 6},
    )  # fmt: skip
    return figure


def coverage_by_step(measured: CoverageBySteps, *, dark: bool = False) -> go.Figure:
    """Draw how much the bands held at each step, with what they promise.

    Args:
        measured: from ``evaluation.reliability.by_step``.
        dark: whether the page behind is dark.
    """
    colours, result = style.theme(dark), measured.backtest
    steps = list(range(1, len(measured.steps) + 1))
    figure = go.Figure()
    for level, colour, symbol in zip(
        _LEVELS, (colours.strong, colours.calm), ("diamond", "circle"), strict=True
    ):
        figure.add_scatter(
            x=steps, name=f"{level} % band", mode="lines+markers",
            line={"color": colour, "width": 1.5}, marker={"symbol": symbol, "size": 7},
            hovertemplate=f"{level} % band: %{{y:.1f}} % inside<extra></extra>",
            **_counted([shares[level] for shares in measured.steps], colour),
        )  # fmt: skip
    _add_promises(figure, colours)
    noun = style.count(2, result.history.interval).removeprefix("2 ")
    _lay_out(figure, result, "Coverage by step", None, f"{len(result.forecast):,} origins",
             dark=dark, keep="coverage by step")  # fmt: skip
    figure.update_layout(
        xaxis={"title": _title(f"{noun} ahead"), "range": [0.5, len(steps) + 0.5],
               "tickformat": "d", **({"dtick": 1} if len(steps) <= 12 else {"nticks": 8})},
        yaxis={"title": _title("actuals inside, %"), "nticks": 6},
    )  # fmt: skip
    return figure


def coverage_by_regime(measured: Reliability, *, dark: bool = False) -> go.Figure:
    """Draw how much the bands held in calm, usual and restless hours.

    Args:
        measured: of one step, from ``evaluation.reliability.measure``.
        dark: whether the page behind is dark.
    """
    colours = style.theme(dark)
    names = [regime.name for regime in measured.regimes]
    figure = go.Figure()
    # Side by side, so that one interval does not hide the other.
    for level, colour, symbol, shift in zip(
        _LEVELS, (colours.strong, colours.calm), ("diamond", "circle"), (-0.06, 0.06), strict=True
    ):
        figure.add_scatter(
            x=[place + shift for place in range(len(names))], customdata=names,
            name=f"{level} % band", mode="markers",
            marker={"symbol": symbol, "size": 10, "color": colour},
            hovertemplate=f"%{{customdata}}, {level} % band: %{{y:.1f}} % inside<extra></extra>",
            **_counted([regime.coverage[level] for regime in measured.regimes], colour),
        )  # fmt: skip
    _add_promises(figure, colours)
    _lay_out(figure, measured.backtest, "Coverage by volatility", measured.step,
             "thirds of the origins by volatility",
             dark=dark, keep="coverage by regime")  # fmt: skip
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": _title("market at the origin"), "range": [-0.5, len(names) - 0.5],
               "tickvals": list(range(len(names))), "ticktext": names},
        yaxis={"title": _title("actuals inside, %"), "nticks": 6},
    )  # fmt: skip
    return figure


def summary_reliability(measured: Reliability) -> str:
    """Say in one sentence what ``reliability`` shows."""
    off = [
        (abs(share.value - level), level, share)
        for level, share in zip(QUANTILES, measured.observed, strict=True)
        if math.isfinite(share.value)
    ]
    if not off:
        return _NONE
    _, level, worst = max(off)
    missed = sum(not share.low <= level <= share.high for _, level, share in off)
    return (
        f"{_ahead(measured)} the {measured.backtest.forecast.predictor}'s quantile of "
        f"{_percent(level)} is farthest off: {_percent(worst.value)} of {measured.origins:,} "
        f"prices ended below it. Of the nine quantiles {missed or 'none'} "
        f"{'is' if missed < 2 else 'are'} off by more than chance explains."
    )


def summary_pit(measured: Reliability) -> str:
    """Say in one sentence what ``pit`` shows."""
    if not measured.origins:
        return _NONE
    each, count = 1 / len(measured.pit), len(measured.pit)
    missed = sum(not share.low <= each <= share.high for share in measured.pit)
    ends, middle = measured.pit[0].value + measured.pit[-1].value, slice(count // 4, -count // 4)
    inner = sum(share.value for share in measured.pit[middle])
    return (
        f"{_ahead(measured)} {_percent(ends)} of the prices ended in the outer two of {count} "
        f"equally likely parts of the forecast ({_percent(2 * each)} is right), and "
        f"{_percent(inner)} in the middle half (50 % is right); {missed or 'no'} "
        f"part{'s' * (missed != 1)} {'is' if missed == 1 else 'are'} off by more than chance "
        "explains."
    )


def summary_coverage_by_step(measured: CoverageBySteps) -> str:
    """Say in one sentence what ``coverage_by_step`` shows."""
    result = measured.backtest
    values = [(shares[80].value, step) for step, shares in enumerate(measured.steps, start=1)]
    known = [each for each in values if math.isfinite(each[0])]
    if not known:
        return _NONE
    (least, first), (most, last) = min(known), max(known)
    text = f"The {result.forecast.predictor}'s 80 % band holds {_percent(least)} of the prices"
    interval = result.history.interval
    if first == last:
        return f"{text} {style.ahead(first, interval)}."
    return (
        f"{text} {style.ahead(first, interval)}, its least, and {_percent(most)} "
        f"{style.ahead(last, interval)}, its most."
    )


def summary_coverage_by_regime(measured: Reliability) -> str:
    """Say in one sentence what ``coverage_by_regime`` shows."""
    if not measured.origins:
        return _NONE
    parts = [
        f"{_percent(regime.coverage[80].value)} when the market was {regime.name}"
        for regime in measured.regimes
    ]
    return (
        f"{_ahead(measured)} the {measured.backtest.forecast.predictor}'s 80 % band held "
        f"{', '.join(parts[:-1])} and {parts[-1]}."
    )


_NONE = "No outcome is known here, so nothing can be counted."


def _counted(shares: Sequence[Share], colour: str) -> dict[str, object]:
    """Heights and error bars, in %."""
    return {
        "y": [100 * share.value for share in shares],
        "error_y": {
            "type": "data", "symmetric": False, "color": colour, "thickness": 1.2, "width": 3,
            "array": [100 * (share.high - share.value) for share in shares],
            "arrayminus": [100 * (share.value - share.low) for share in shares],
        },
    }  # fmt: skip


def _add_promises(figure: go.Figure, colours: style.Theme) -> None:
    for level in _LEVELS:
        figure.add_hline(y=level, line={"color": colours.rule, "dash": "dash", "width": 1.5})


def _lay_out(
    figure: go.Figure, result: Backtest, title: str, step: int | None, what: str, *, dark: bool,
    keep: str,
) -> None:  # fmt: skip
    ahead = "" if step is None else f"{style.ahead(step, result.history.interval)}, "
    subtitle = style.subtitle_lines(result.history, ahead + what)
    style.lay_out(figure, title, subtitle, dark=dark, height=340, keep=keep)


def _title(text: str) -> dict[str, object]:
    return {"text": text, "font": {"size": 11}, "standoff": 4}


def _ahead(measured: Reliability) -> str:
    return style.ahead(measured.step, measured.backtest.history.interval)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %".replace(".0 %", " %")
