"""Figures of the calibration of bands: by level, by part, by step and by volatility."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from cryptoforecast.charts import style, wording
from cryptoforecast.types import (
    QUANTILES,
    Backtest,
    CoverageBySteps,
    Reliability,
    Share,
    predictor_phrase,
)

#: Levels that are drawn by step and by regime, in %.
_LEVELS = (80, 95)


def reliability(result: Reliability, *, dark: bool = False) -> go.Figure:
    """Draw the share of actuals below each forecast quantile against the promised one.

    Args:
        result: A measurement of one step, from ``evaluation.reliability.measure``.
        dark: Whether the page behind is dark.
    """
    colours = style.theme(dark)
    levels = [100 * level for level in QUANTILES]
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 100], y=[0, 100], name="as promised", mode="lines", hoverinfo="skip",
        line={"color": colours.rule, "dash": "dash", "width": 1.5},
    )  # fmt: skip
    figure.add_scatter(
        x=levels, name="measured, with 95 % interval", mode="lines+markers",
        line={"color": colours.forecast, "width": 1.5},
        marker={"symbol": "diamond", "size": 8, "color": colours.forecast},
        hovertemplate="promised %{x:.1f} %: measured %{y:.1f} %<extra></extra>",
        **_bars(result.observed, colours.forecast),
    )  # fmt: skip
    _lay_out(figure, result.backtest, "Do its chances come true?", result.step,
             f"{result.origins:,} outcomes", dark=dark, revision="reliability")  # fmt: skip
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": style.axis_title("chance of ending below, promised %"), "range": [-2, 102],
               "dtick": 25},
        yaxis={"title": style.axis_title("ended below, %"), "range": [-2, 102], "dtick": 25},
    )  # fmt: skip
    return figure


def pit(result: Reliability, *, dark: bool = False) -> go.Figure:
    """Draw the share of actuals in each equally likely part of the forecast.

    Args:
        result: A measurement of one step, from ``evaluation.reliability.measure``.
        dark: Whether the page behind is dark.
    """
    colours, parts = style.theme(dark), len(result.pit)
    width = 100 / parts
    figure = go.Figure()
    figure.add_bar(
        x=[width * (i + 0.5) for i in range(parts)], width=[0.86 * width] * parts,
        name="measured, with 95 % interval", marker={"color": colours.fan(0.6)},
        customdata=[[width * i, width * (i + 1)] for i in range(parts)],
        hovertemplate="%{customdata[0]:.0f} to %{customdata[1]:.0f} %: %{y:.1f} % of outcomes"
        "<extra></extra>",
        **_bars(result.pit, colours.ink),
    )  # fmt: skip
    figure.add_scatter(
        x=[0, 100], y=[width, width], name="as promised", mode="lines", hoverinfo="skip",
        line={"color": colours.forecast, "dash": "dash", "width": 1.5},
    )  # fmt: skip
    _lay_out(figure, result.backtest, "Where in the forecast do prices end?", result.step,
             f"{result.origins:,} outcomes, flat is right", dark=dark, revision="pit")  # fmt: skip
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": style.axis_title("part of the forecast, % (low prices left)"),
               "range": [0, 100], "dtick": 25},
        yaxis={"title": style.axis_title("outcomes, %"), "rangemode": "tozero", "nticks": 6},
    )  # fmt: skip
    return figure


def coverage_by_step(result: CoverageBySteps, *, dark: bool = False) -> go.Figure:
    """Draw the share of actuals inside the bands at each step, and the promise.

    Args:
        result: A measurement of every step, from ``evaluation.reliability.by_step``.
        dark: Whether the page behind is dark.
    """
    colours, backtest = style.theme(dark), result.backtest
    steps = list(range(1, len(result.steps) + 1))
    figure = go.Figure()
    for level, colour, symbol in zip(
        _LEVELS, (colours.forecast, colours.rule), ("diamond", "circle"), strict=True
    ):
        figure.add_scatter(
            x=steps, name=f"{level} % range", mode="lines+markers",
            line={"color": colour, "width": 1.5}, marker={"symbol": symbol, "size": 7},
            hovertemplate=f"{level} % range: %{{y:.1f}} % inside<extra></extra>",
            **_bars([shares[level] for shares in result.steps], colour),
        )  # fmt: skip
    _add_promises(figure, colours)
    noun = wording.candle_count(2, backtest.history.interval).removeprefix("2 ")
    count = f"{len(backtest.forecast):,} past forecasts"
    _lay_out(figure, backtest, "Does the range hold at every step?", None, count,
             dark=dark, revision="coverage by step")  # fmt: skip
    figure.update_layout(
        xaxis={"title": style.axis_title(f"{noun} ahead"), "range": [0.5, len(steps) + 0.5],
               "tickformat": "d", **({"dtick": 1} if len(steps) <= 12 else {"nticks": 8})},
        yaxis={"title": style.axis_title("actuals inside, %"), "nticks": 6},
    )  # fmt: skip
    return figure


def coverage_by_regime(result: Reliability, *, dark: bool = False) -> go.Figure:
    """Draw the share of actuals inside the bands in calm to restless markets.

    Args:
        result: A measurement of one step, from ``evaluation.reliability.measure``.
        dark: Whether the page behind is dark.
    """
    colours = style.theme(dark)
    names = [regime.name for regime in result.regimes]
    figure = go.Figure()
    # The levels stand side by side, so that no interval hides another.
    for level, colour, symbol, shift in zip(
        _LEVELS, (colours.forecast, colours.rule), ("diamond", "circle"), (-0.06, 0.06), strict=True
    ):
        figure.add_scatter(
            x=[place + shift for place in range(len(names))], customdata=names,
            name=f"{level} % range", mode="markers",
            marker={"symbol": symbol, "size": 10, "color": colour},
            hovertemplate=f"%{{customdata}}, {level} % range: %{{y:.1f}} % inside<extra></extra>",
            **_bars([regime.coverage[level] for regime in result.regimes], colour),
        )  # fmt: skip
    _add_promises(figure, colours)
    _lay_out(figure, result.backtest, "Does the range hold in restless markets?", result.step,
             "thirds of the forecasts, by the volatility when they were made",
             dark=dark, revision="coverage by regime")  # fmt: skip
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": style.axis_title("market when the forecast was made"),
               "range": [-0.5, len(names) - 0.5],
               "tickvals": list(range(len(names))), "ticktext": names},
        yaxis={"title": style.axis_title("actuals inside, %"), "nticks": 6},
    )  # fmt: skip
    return figure


def summary_reliability(result: Reliability) -> str:
    """Describe in one sentence what ``reliability`` shows."""
    off = [
        (abs(share.value - level), level, share)
        for level, share in zip(QUANTILES, result.observed, strict=True)
        if math.isfinite(share.value)
    ]
    if not off:
        return _NO_OUTCOME
    _, level, worst = max(off)
    misses = sum(not share.low <= level <= share.high for _, level, share in off)
    return (
        f"{_step_label(result)}, {_percent(level)} of {result.origins:,} prices should have ended "
        f"below the {_percent(level)} line (quantile) of "
        f"{predictor_phrase(result.backtest.forecast.predictor)}; {_percent(worst.value)} did. "
        f"That is the largest gap. Of the nine lines {misses or 'none'} "
        f"{'is' if misses < 2 else 'are'} off by more than chance explains."
    )


def summary_pit(result: Reliability) -> str:
    """Describe in one sentence what ``pit`` shows."""
    if not result.origins:
        return _NO_OUTCOME
    each, count = 1 / len(result.pit), len(result.pit)
    misses = sum(not share.low <= each <= share.high for share in result.pit)
    ends, middle = result.pit[0].value + result.pit[-1].value, slice(count // 4, -count // 4)
    inner = sum(share.value for share in result.pit[middle])
    return (
        f"{_step_label(result)} {_percent(ends)} of the prices ended in the outer two of {count} "
        f"equally likely parts of the forecast ({_percent(2 * each)} is right), and "
        f"{_percent(inner)} in the middle half (50 % is right); {misses or 'no'} "
        f"part{'s' * (misses != 1)} {'is' if misses == 1 else 'are'} off by more than chance "
        "explains."
    )


def summary_coverage_by_step(result: CoverageBySteps) -> str:
    """Describe in one sentence what ``coverage_by_step`` shows."""
    backtest = result.backtest
    values = [(shares[80].value, step) for step, shares in enumerate(result.steps, start=1)]
    measures = [each for each in values if math.isfinite(each[0])]
    if not measures:
        return _NO_OUTCOME
    (least, first), (most, last) = min(measures), max(measures)
    text = f"The 80 % range of {predictor_phrase(backtest.forecast.predictor)} holds "
    text += f"{_percent(least)} of the prices"
    interval = backtest.history.interval
    if first == last:
        return f"{text} {wording.step_label(first, interval)}."
    return (
        f"{text} {wording.step_label(first, interval)}, its lowest share, and {_percent(most)} "
        f"{wording.step_label(last, interval)}, its highest."
    )


def summary_coverage_by_regime(result: Reliability) -> str:
    """Describe in one sentence what ``coverage_by_regime`` shows."""
    if not result.origins:
        return _NO_OUTCOME
    parts = [
        f"{_percent(regime.coverage[80].value)} when the market was {regime.name}"
        for regime in result.regimes
    ]
    return (
        f"{_step_label(result)} the 80 % range of "
        f"{predictor_phrase(result.backtest.forecast.predictor)} held "
        f"{', '.join(parts[:-1])} and {parts[-1]}."
    )


_NO_OUTCOME = "No outcome is known here, so nothing can be counted."


def _bars(shares: Sequence[Share], colour: str) -> dict[str, object]:
    """Return heights and error bars, in %."""
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
    figure: go.Figure, backtest: Backtest, title: str, step: int | None, what: str, *, dark: bool,
    revision: str,
) -> None:  # fmt: skip
    label = "" if step is None else f"{wording.step_label(step, backtest.history.interval)}, "
    subtitle = style.subtitle_lines(backtest.history, label + what)
    style.lay_out(figure, title, subtitle, dark=dark, height=340, revision=revision)


def _step_label(result: Reliability) -> str:
    return wording.step_label(result.step, result.backtest.history.interval)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %".replace(".0 %", " %")
